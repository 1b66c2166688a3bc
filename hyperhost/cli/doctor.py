"""``hyperhost doctor``: look at everything that can be wrong, and say what to do about it."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import typer

from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.contracts import SearchIndexState
    from hyperhost.host.host import Host

__all__ = ["Finding", "register"]

_SLOW: Final = "search-whoosh"
_MANY: Final = 10_000
"""Artifacts up to which whoosh answers in some 10 ms; see benchmarks/search_engines.py."""
_COLUMNS = (Column("check"), Column("status"), Column("detail"), Column("hint", "WHAT TO DO"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: What.
        status: ``ok``; ``note`` for what works but could be better; ``broken``.
        detail: What was found.
        hint: What to do.
    """

    check: str
    status: Literal["ok", "note", "broken"]
    detail: str
    hint: str = ""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "doctor")
    def doctor(session: Session) -> None:
        """Check this installation and say what to do; exits with 1 if something is broken."""
        findings = list(_findings(session))
        rows = [
            {"check": each.check, "status": each.status, "detail": each.detail, "hint": each.hint}
            for each in findings
        ]
        session.out.rows(_COLUMNS, rows)
        broken = sum(each.status == "broken" for each in findings)
        if broken:
            session.out.note(f"{broken} of {len(findings)} checks found something broken")
            raise typer.Exit(1)


def _findings(session: Session) -> Iterator[Finding]:
    """Findings in the order in which later checks depend on earlier ones."""
    from hyperhost.errors import HyperHostError

    checks: tuple[tuple[str, Callable[[Session], Iterator[Finding]]], ...] = (
        ("python", _python),
        ("wasmtime", _wasmtime),
        ("home", _home),
        ("configuration", _configuration),
        ("lock file", _lock),
        ("cache", _cache),
        ("plugins", _plugins),
    )
    for name, check in checks:
        try:
            yield from check(session)
        except HyperHostError as error:
            yield Finding(name, "broken", error.message, error.hint)
        except Exception as error:  # noqa: BLE001 - a check that fails is a finding, too
            yield Finding(name, "broken", f"{type(error).__name__}: {error}", "report this")


def _python(session: Session) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    known = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding("python", "ok" if known else "note", version, "" if known else "3.11 to 3.13 are tested")


def _wasmtime(session: Session) -> Iterator[Finding]:
    from importlib.metadata import version

    from hyperhost.host.host import Host

    found = version("wasmtime")
    if found.partition(".")[0] != "50":
        yield Finding(
            "wasmtime", "broken", found, "install the version that fits: pip install 'wasmtime>=50,<51'"
        )
        return
    with Host(specs=[]) as host:
        host.sandbox.engine(fuel=False)
    yield Finding("wasmtime", "ok", found)


def _home(session: Session) -> Iterator[Finding]:
    home = session.home
    if not home.exists:
        yield Finding("home", "note", f"there is none at {home.path}", "make it with: hyperhost init")
        return
    home.check()
    mode = stat.S_IMODE(home.path.stat().st_mode)
    if mode & 0o077:
        yield Finding("home", "note", f"{home.path} can be read by other users", f"chmod 700 {home.path}")
    else:
        yield Finding("home", "ok", str(home.path))


def _configuration(session: Session) -> Iterator[Finding]:
    from hyperhost.host.populate import import_specs

    config = session.config
    import_specs(config.specs)
    yield Finding("configuration", "ok", str(config.source) if config.source else "the defaults")


def _lock(session: Session) -> Iterator[Finding]:
    home = session.home
    count = len(home.lock.read()) if home.exists else 0
    yield Finding("lock file", "ok", f"{count} plugin{'' if count == 1 else 's'} installed")


def _cache(session: Session) -> Iterator[Finding]:
    from hyperhost.host.host import Host

    home = session.home
    if not home.exists:
        return
    with Host(specs=[], home=home.path) as host:
        host.sandbox.compile(_EMPTY_COMPONENT, source="a component")
        problems = [fault.error for fault in host.faults]
    if problems:
        hint = getattr(problems[0], "hint", "")
        yield Finding("cache", "broken", getattr(problems[0], "message", str(problems[0])), hint)
        return
    files = list(home.cache_dir.glob("*.cwasm"))
    size = sum(path.stat().st_size for path in files)
    yield Finding("cache", "ok", f"{len(files)} components, {size / 1e6:.1f} MB")


def _plugins(session: Session) -> Iterator[Finding]:
    from hyperhost.cli.plugin.rows import plugin_rows

    rows = plugin_rows(session)
    for row in rows:
        if row["error"]:
            yield Finding(f"plugin {row['id']}", "broken", row["error"]["message"], row["error"]["hint"])
        elif row["state"] == "quarantined":
            hint = f"see: hyperhost plugin logs {row['id']}; then: hyperhost plugin release {row['id']}"
            yield Finding(f"plugin {row['id']}", "note", "is in quarantine", hint)
        if row["canary"]:
            yield _canary(row["id"], row["canary"])
    sound = sum(row["state"] == "active" for row in rows)
    yield Finding("plugins", "ok", f"{sound} of {len(rows)} active")
    yield from _services(session)


def _canary(plugin_id: str, canary: dict[str, Any]) -> Finding:
    from hyperhost.cli.plugin.rows import canary_words

    upgrade = f"hyperhost plugin upgrade {plugin_id}"
    if canary["error"]:
        return Finding(
            f"canary of {plugin_id}",
            "broken",
            f"version {canary['version']} does not run: {canary['error']['message']}",
            f"drop it with: {upgrade} --rollback",
        )
    hint = f"see: hyperhost plugin stats {plugin_id}; then: {upgrade} --promote, or --rollback"
    return Finding(f"canary of {plugin_id}", "note", canary_words(canary), hint)


def _services(session: Session) -> Iterator[Finding]:
    """Which provider answers for each service, or why none does."""
    chosen = session.config.providers
    with session.host() as host:
        services: dict[str, set[str]] = {}
        for info in host.hooks().values():
            if info.service is not None:
                services.setdefault(info.service, set()).add(info.name)
        providers = host.providers
        able = {
            service: sorted(key for key, plugin in host.plugins.items() if hooks.intersection(plugin.hooks))
            for service, hooks in services.items()
        }
        documents = _indexed(host) if providers.get("search") == _SLOW else 0
    for service in sorted({*services, *chosen}):
        yield _service(service, providers.get(service), chosen.get(service), able.get(service))
    if documents > _MANY:
        yield _too_slow(documents, chosen.get("search") == _SLOW)


def _indexed(host: Host) -> int:
    """How many artifacts the search engine has; 0 if it cannot say, which a search does."""
    from hyperhost.errors import HyperHostError

    try:
        state: SearchIndexState = host.hook.search_status()
    except HyperHostError:
        return 0
    return state.documents


def _too_slow(documents: int, chosen: bool) -> Finding:
    from importlib.util import find_spec

    steps = [] if find_spec("tantivy") else ["pip install 'hyperhost[fast]'"]
    if not (steps or chosen):
        steps.append("hyperhost plugin activate search-tantivy")
    if chosen:
        steps.append(f'remove search = "{_SLOW}" from [providers] in hyperhost.toml')
    return Finding(
        "search",
        "note",
        f"{documents:,} artifacts are many for {_SLOW}, which is made for up to {_MANY:,}",
        f"{'; then '.join(steps)}; the next search builds the other index",
    )


def _service(service: str, provider: str | None, chosen: str | None, able: list[str] | None) -> Finding:
    check = f"service {service}"
    if provider is not None:
        return Finding(check, "ok", provider)
    if able is None:
        return Finding(
            check, "broken", "no hook belongs to it", f"remove {service} from [providers] in hyperhost.toml"
        )
    if chosen is not None:
        others = f"; these could: {', '.join(able)}" if able else ""
        return Finding(
            check,
            "broken",
            f"{chosen} is selected and is not there, or provides none of its hooks",
            f"install it, or select another in [providers] of hyperhost.toml{others}",
        )
    if able:
        return Finding(
            check,
            "note",
            f"{' and '.join(able)} could provide it, and none is selected",
            "if you need it: hyperhost registry init"
            if service == "storage"
            else f'if you need it, select one in hyperhost.toml: [providers] {service} = "{able[0]}"',
        )
    return Finding(check, "note", "nothing provides it", "install a plugin that does, if you need it")


_EMPTY_COMPONENT = b"\0asm\x0d\0\x01\0"
