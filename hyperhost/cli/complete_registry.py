"""Names from the registry when the Tab key is pressed: quickly, and never an error.

Opening a registry takes longer than somebody who pressed Tab should wait. What was found is kept in
``cache/names.json`` of the home until something in the registry changes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import typer  # noqa: TC002 - typer resolves the annotations at run time

__all__ = ["artifact_names", "artifact_references", "namespace_paths", "version_marks"]

_MOST: Final = 1000
"""Artifacts that one question looks at."""
_KEPT: Final = 200
"""Answers that are kept."""
_FRESH_S: Final = 2.0
"""How long an answer holds even when something was written meanwhile: others may write all the time."""

_ELSEWHERE_S: Final = 60.0
"""How long one holds that came from a database on another machine."""

_Ask = Callable[[Any], Iterable[str]]


def artifact_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """``namespace/name`` that begin with what was typed; names alone in the default namespace."""
    namespace, slash, _ = incomplete.partition("/")
    if slash:
        return _begin(incomplete, _answers(ctx, f"names:{namespace}", lambda run: _names(run, namespace)))
    found = [f"{path}/" for path in namespace_paths(ctx, incomplete)]
    if default := _default(ctx):
        names = _answers(ctx, f"names:{default}", lambda run: _names(run, default))
        found += _begin(incomplete, (name.partition("/")[2] for name in names))
    return sorted(found)


def artifact_references(ctx: typer.Context, incomplete: str) -> list[str]:
    """As :func:`artifact_names`, and behind ``@`` versions and tags."""
    name, marked, _ = incomplete.partition("@")
    if not marked or not (full := _full(ctx, name)):
        return artifact_names(ctx, incomplete)
    marks = _answers(ctx, f"marks:{full}", lambda run: _marks(run, full))
    return _begin(incomplete, (f"{name}@{word.lstrip('#')}" for word in marks))


def namespace_paths(ctx: typer.Context, incomplete: str) -> list[str]:
    """Namespaces that begin with what was typed."""
    above = incomplete.rpartition(".")[0]
    above = above if "." in above else ""
    return _begin(incomplete, _answers(ctx, f"namespaces:{above}", lambda run: _namespaces(run, above)))


def version_marks(ctx: typer.Context, incomplete: str) -> list[str]:
    """Tags of the artifact typed before."""
    full = _full(ctx, str(ctx.params.get("name") or "").partition("@")[0])
    if not full:
        return []
    marks = _answers(ctx, f"marks:{full}", lambda run: _marks(run, full))
    return _begin(incomplete, (word[1:] for word in marks if word.startswith("#")))


def _names(run: Any, namespace: str) -> Iterable[str]:
    query = {"namespace": namespace, "sort": "name"}
    return {f"{namespace}/{item['name']}" for item in run("list", query=query, page={"size": _MOST})["items"]}


def _namespaces(run: Any, above: str) -> Iterable[str]:
    """Those that were created, and those in which something lies although nobody created them."""
    query = {"namespace": above, "descendants": True} if above else {}
    items = run("list", query={**query, "sort": "name"}, page={"size": _MOST})["items"]
    return {each["path"] for each in run("namespace_list", prefix=above)} | {
        item["namespace"] for item in items
    }


def _marks(run: Any, name: str) -> Iterable[str]:
    """Versions, and tags with ``#`` before them."""
    found = run("version_list", name=name)
    return {each["version"] for each in found} | {f"#{tag}" for each in found for tag in each["tags"]}


def _begin(incomplete: str, found: Iterable[str]) -> list[str]:
    return sorted({each for each in found if each.startswith(incomplete)})


def _answers(ctx: Any, question: str, ask: _Ask) -> list[str]:
    """What is known to be the answer, else what ``ask`` finds; nothing whenever something is wrong."""
    try:
        home = _home(ctx)
        kept = _read(home)
        known = kept.get(question)
        if known and _holds(known, home):
            return list(known["found"])
        found = _open_and_ask(ctx, ask)
        kept[question] = {"stamp": _stamp(home), "at": time.time(), "found": found}
        _write(home, dict(list(kept.items())[-_KEPT:]))
        return found
    except Exception:  # noqa: BLE001 - a shell that waits for names has no use for an error
        return []


def _holds(known: dict[str, Any], home: Path) -> bool:
    """Whether nothing changed since; a database elsewhere changes without a trace here."""
    age, stamp = abs(time.time() - known["at"]), known["stamp"]
    is_here = any(str(name).endswith(".db") for name, *_ in stamp)
    return age < _FRESH_S or ((is_here or age < _ELSEWHERE_S) and bool(stamp == _stamp(home)))


def _open_and_ask(ctx: Any, ask: _Ask) -> list[str]:
    """Ask the registry, with no plugin but those that keep it: nobody else has to hear of a Tab key."""
    import warnings

    from hyperhost.cli.door import check_registry
    from hyperhost.cli.session import Session
    from hyperhost.host.home import open_host
    from hyperhost.host.operations import Operations

    session = Session(home_path=_given(ctx, "home"), config_path=_given(ctx, "config"))
    check_registry(session)
    config = session.config
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        only = ["registry", config.providers["storage"]]
        with open_host(session.home, config, only=only) as host:
            return sorted(ask(Operations(host).run))


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
    import tomllib

    if given := _given(ctx, "namespace") or os.environ.get("HYPERHOST_NAMESPACE"):
        return str(given)
    try:
        config = _given(ctx, "config") or _home(ctx) / "hyperhost.toml"
        return str(
            tomllib.loads(Path(config).read_text(encoding="utf-8")).get("cli", {}).get("namespace", "")
        )
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
