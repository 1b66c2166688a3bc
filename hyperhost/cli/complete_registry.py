"""Names from the registry when the Tab key is pressed: quickly, and never an error.

Opening a whole host takes longer than somebody who pressed Tab should wait. So one is opened with the
plugins and hooks that an answer needs, for names those of the storage alone; and what was found is kept
in ``cache/names.json`` of the home until something in the registry changes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer  # noqa: TC002 - typer resolves the annotations at run time

if TYPE_CHECKING:
    from hyperhost.config import Config
    from hyperhost.contracts import Artifact, ArtifactQuery
    from hyperhost.host.home import Home
    from hyperhost.host.host import Host

__all__ = ["artifact_names", "artifact_references", "namespace_paths", "remote_names", "version_marks"]

_MOST: Final = 1000
"""Artifacts that one question looks at."""
_KEPT: Final = 200
"""Answers that are kept."""
_ELSEWHERE_S: Final = 60.0
"""How long one holds that came from a database on another machine."""

_Ask = Callable[["Host"], Iterable[str]]


def artifact_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """``namespace/name`` that begin with what was typed; names alone in the default namespace."""
    namespace, slash, _ = incomplete.partition("/")
    if slash:
        return _begin(incomplete, _answers(ctx, f"names:{namespace}", lambda host: _names(host, namespace)))
    found = [f"{path}/" for path in namespace_paths(ctx, incomplete)]
    if default := _default(ctx):
        names = _answers(ctx, f"names:{default}", lambda host: _names(host, default))
        found += _begin(incomplete, (name.partition("/")[2] for name in names))
    return sorted(found)


def artifact_references(ctx: typer.Context, incomplete: str) -> list[str]:
    """As :func:`artifact_names`, and behind ``@`` versions and tags."""
    name, marked, _ = incomplete.partition("@")
    if not marked or not (full := _full(ctx, name)):
        return artifact_names(ctx, incomplete)
    marks = _answers(ctx, f"marks:{full}", lambda host: _marks(host, full), "registry")
    return _begin(incomplete, (f"{name}@{word.lstrip('#')}" for word in marks))


def namespace_paths(ctx: typer.Context, incomplete: str) -> list[str]:
    """Namespaces that begin with what was typed."""
    above = incomplete.rpartition(".")[0]
    above = above if "." in above else ""
    found = _answers(ctx, f"namespaces:{above}", lambda host: _namespaces(host, above), "registry")
    return _begin(incomplete, found)


def remote_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of remotes that begin with what was typed."""
    return _begin(incomplete, _answers(ctx, "remotes", _remotes, "remotes"))


def version_marks(ctx: typer.Context, incomplete: str) -> list[str]:
    """Tags of the artifact typed before."""
    full = _full(ctx, str(ctx.params.get("name") or "").partition("@")[0])
    if not full:
        return []
    marks = _answers(ctx, f"marks:{full}", lambda host: _marks(host, full), "registry")
    return _begin(incomplete, (word[1:] for word in marks if word.startswith("#")))


def _names(host: Host, namespace: str) -> Iterable[str]:
    from hyperhost.contracts import ArtifactQuery

    return {f"{namespace}/{each.name}" for each in _listed(host, ArtifactQuery(namespace=namespace))}


def _namespaces(host: Host, above: str) -> Iterable[str]:
    """Those that were created, and those in which something lies although nobody created them."""
    from hyperhost.contracts import ArtifactQuery
    from hyperhost.host.operations import Operations

    query = ArtifactQuery(namespace=above, descendants=True) if above else ArtifactQuery()
    created = Operations(host).run("namespace_list", prefix=above)
    return {each["path"] for each in created} | {each.namespace for each in _listed(host, query)}


def _remotes(host: Host) -> Iterable[str]:
    from hyperhost.host.operations import Operations

    return [each["name"] for each in Operations(host).run("remote_list")]


def _listed(host: Host, query: ArtifactQuery) -> list[Artifact]:
    """The first artifacts in order of their names."""
    import dataclasses

    from hyperhost.contracts import ArtifactPage, ArtifactSort, PageRequest

    query = dataclasses.replace(query, sort=ArtifactSort.NAME)
    page: ArtifactPage = host.hook.storage_list_artifacts(query=query, page=PageRequest(_MOST))
    return page.items


def _marks(host: Host, name: str) -> Iterable[str]:
    """Versions, and tags with ``#`` before them."""
    from hyperhost.host.operations import Operations

    found = Operations(host).run("version_list", name=name)
    return {each["version"] for each in found} | {f"#{tag}" for each in found for tag in each["tags"]}


def _begin(incomplete: str, found: Iterable[str]) -> list[str]:
    return sorted({each for each in found if each.startswith(incomplete)})


def _answers(ctx: Any, question: str, ask: _Ask, *plugins: str) -> list[str]:
    """What is known to be the answer, else what ``ask`` finds; nothing whenever something is wrong."""
    try:
        home = _home(ctx)
        kept = _read(home)
        known = kept.get(question)
        if known and _holds(known, home):
            return list(known["found"])
        stamp = _stamp(home)
        found = _open_and_ask(ctx, ask, *plugins)
        if stamp == _stamp(home):  # else somebody wrote meanwhile, and whether it was seen is not known
            kept[question] = {"stamp": stamp, "at": time.time(), "found": found}
            _write(home, dict(list(kept.items())[-_KEPT:]))
        return found
    except Exception:  # noqa: BLE001 - a shell that waits for names has no use for an error
        return []


def _holds(known: dict[str, Any], home: Path) -> bool:
    """Whether nothing changed since; a database elsewhere changes without a trace here."""
    age, stamp = abs(time.time() - known["at"]), known["stamp"]
    is_here = any(str(name).endswith(".db") for name, *_ in stamp)
    return (is_here or age < _ELSEWHERE_S) and bool(stamp == _stamp(home))


def _open_and_ask(ctx: Any, ask: _Ask, *plugins: str) -> list[str]:
    """Ask with no plugin but the storage and those given: nobody else has to hear of a Tab key."""
    import warnings

    from hyperhost.host.home import find_home

    home = find_home(_given(ctx, "home"))
    config = home.load_config(_given(ctx, "config"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _host(home, config, {config.providers["storage"], *plugins}) as host:
            return sorted(ask(host))


def _host(home: Home, config: Config, only: set[str]) -> Host:
    """A host with some of the plugins; of the kernel's hooks it has those that answers need."""
    from hyperhost.hookspecs.storage import StorageHooks
    from hyperhost.host.host import Host
    from hyperhost.host.populate import populate

    home.check()
    specs: list[Any] = [StorageHooks]
    if only & {"registry", "remotes"}:
        from hyperhost.hookspecs.artifacts import ArtifactHooks
        from hyperhost.hookspecs.operations import OperationHooks
        from hyperhost.hookspecs.storage_records import StorageRecordHooks

        specs += [ArtifactHooks, OperationHooks, StorageRecordHooks]
    host = Host("hyperhost", specs=specs, home=home.path, config=config)
    try:
        populate(host, home, config, only)
    except BaseException:
        host.close()
        raise
    return host


def _stamp(home: Path) -> list[list[Any]]:
    """Changes whenever a file of the registry, or the configuration, does."""
    files = [path for path in home.glob("data/*/*") if path.is_file() and not path.name.endswith("-shm")]
    known = [(path.name, path.stat()) for path in (home / "hyperhost.toml", *sorted(files))]
    return [[name, info.st_mtime_ns, info.st_size] for name, info in known if info.st_size]


def _read(home: Path) -> dict[str, Any]:
    try:
        found = json.loads((home / "cache" / "names.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(home: Path, kept: dict[str, Any]) -> None:
    import os
    import secrets
    from contextlib import suppress

    beside = home / "cache" / f".names-{secrets.token_hex(6)}.json"
    with suppress(OSError):
        beside.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
                json.dump(kept, file)
            beside.replace(home / "cache" / "names.json")
        finally:
            beside.unlink(missing_ok=True)


def _full(ctx: Any, name: str) -> str:
    if "/" in name:
        return name
    default = _default(ctx)
    return f"{default}/{name}" if default and name else ""


def _default(ctx: Any) -> str:
    """The default namespace: the option, the environment, the configuration."""
    import os

    from hyperhost.host.tomlread import read_toml

    if given := _given(ctx, "namespace") or os.environ.get("HYPERHOST_NAMESPACE"):
        return str(given)
    try:
        config = _given(ctx, "config") or _home(ctx) / "hyperhost.toml"
        return str(read_toml(Path(config).read_bytes()).get("cli", {}).get("namespace", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def _home(ctx: Any) -> Path:
    from hyperhost.host.home import find_home

    return find_home(_given(ctx, "home")).path


def _given(ctx: Any, key: str) -> Any:
    """An option as typed for the command or before it."""
    while ctx is not None:
        if value := ctx.params.get(key):
            return Path(value) if key in ("home", "config") else value
        ctx = ctx.parent
    return None
