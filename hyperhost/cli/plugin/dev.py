"""``hyperhost plugin dev``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperhost.cli.output import Form
from hyperhost.cli.plugin.jsonargument import read_json
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.errors import HyperHostError
    from hyperhost.sdk.dev import Called, Dev, Event, Planned

__all__ = ["event_data", "register"]

_SHOWN = 2_000
"""Characters of an answer that are shown; JSON output holds all of it."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "dev")
    def dev(
        session: Session,
        directory: Annotated[
            Path, typer.Argument(metavar="DIR", help="Directory of the plugin, where plugin.toml is.")
        ] = Path(),
        hook: Annotated[
            str | None,
            typer.Option(metavar="NAME", help="Call this hook only; made-up arguments without --json."),
        ] = None,
        json_text: Annotated[
            str | None,
            typer.Option(
                "--json",
                metavar="JSON",
                help="Its arguments as a JSON object; @FILE reads a file, - standard input.",
            ),
        ] = None,
        grant: Annotated[
            list[str] | None,
            typer.Option(metavar="CAPABILITY", help="Grant only this; everything asked for without it."),
        ] = None,
        once: Annotated[bool, typer.Option("--once", help="Build and call once, and end.")] = False,
    ) -> None:
        """Build a plugin and call it, again whenever a file of it is saved; Ctrl-C ends.

        Calls are those of --hook, else one for each calls/HOOK.json of the project, else one for each hook.
        """
        from hyperhost.sdk.compiled import code_home
        from hyperhost.sdk.dev import Dev

        planned = _planned(hook, json_text)
        tell = _Teller(session)
        try:
            with Dev(directory, tell, calls=planned, grants=grant or None, home=code_home()) as loop:
                if once:
                    well = loop.round()
                else:
                    _watch(session, loop)
                    return
        except KeyboardInterrupt:
            return
        if not well:
            raise typer.Exit(1)


def _planned(hook: str | None, json_text: str | None) -> list[Planned]:
    from hyperhost.sdk.dev import Planned

    if hook is None:
        if json_text is not None:
            raise typer.BadParameter("--json needs --hook, which says what to call")
        return []
    name = hook.replace("-", "_")
    if json_text is None:
        return [Planned(name, "made-up arguments")]
    return [Planned(name, "--json", read_json(json_text))]


def _watch(session: Session, loop: Dev) -> None:
    from hyperhost.sdk.watching import Watcher

    with Watcher(loop.project.directory, loop.wants) as watcher:
        session.out.note(f"watching {loop.project.directory}; Ctrl-C ends")
        changed: set[Path] = set()
        while True:
            loop.round(changed)
            changed = watcher.wait()


class _Teller:
    """Shows events: as lines for people, or as one JSON object each."""

    def __init__(self, session: Session) -> None:
        self._out = session.out

    def __call__(self, event: Event) -> None:
        if self._out.form is Form.yaml:
            self._out.text("---\n")
            self._out.data(event_data(event))
        elif self._out.structured:
            self._out.text(json.dumps(event_data(event)) + "\n", raw=True)
        else:
            self._show(event)

    def _show(self, event: Event) -> None:
        from hyperhost.sdk.dev import Building, Failed, Loaded

        match event:
            case Building(files=()):
                return
            case Building(files=files):
                self._out.note(f"\nchanged: {', '.join(files[:5])}{' …' if len(files) > 5 else ''}")
            case Loaded(plugin=plugin, version=version, built=None):
                self._out.note(f"{plugin} {version} is up to date")
            case Loaded(plugin=plugin, version=version, built=built, again=again) if built is not None:
                self._out.note(
                    f"{plugin} {version}: built {built.path.name} ({built.size:,} bytes) in "
                    f"{built.seconds:.1f} s, {'reloaded' if again else 'loaded'}"
                )
                for note in built.notes:
                    self._out.note(f"  {note}")
            case Failed(error=error):
                self._out.error(error)
            case _:
                self._called(event)  # type: ignore[arg-type]  # the only one left

    def _called(self, event: Called) -> None:
        from hyperhost.errors import RefusalError

        if isinstance(event.error, RefusalError):
            rule = f" [{event.error.rule}]" if event.error.rule else ""
            answer = f"refused: {event.error.reason}{rule}"
        elif event.error is not None:
            answer = f"{event.error.code}: {event.error.message}"
        else:
            answer = json.dumps(event.result, ensure_ascii=False)
        if len(answer) > _SHOWN:
            answer = f"{answer[:_SHOWN]} … ({len(answer):,} characters)"
        lines = [f"{event.hook} ({event.source}) → {answer}"]
        if event.error is not None and event.error.hint:
            lines.append(f"  hint: {event.error.hint}")
        lines += [f"  {line.level:<7} {line.message}" for line in event.logs]
        if event.facts is not None:
            lines.append(f"  {event.facts.words()}")
        self._out.text("\n".join(lines) + "\n")


def event_data(event: Event) -> dict[str, Any]:
    """An event as JSON data."""
    from hyperhost.cli.plugin.build import built_data
    from hyperhost.sdk.dev import Building, Failed, Loaded

    match event:
        case Building(files=files):
            return {"event": "building", "files": list(files)}
        case Loaded(plugin=plugin, version=version, built=built, again=again):
            data = None if built is None else built_data(built)
            return {"event": "loaded", "plugin": plugin, "version": version, "built": data, "again": again}
        case Failed(error=error):
            return {"event": "failed", "error": _error(error)}
    return _call_data(event)


def _call_data(event: Called) -> dict[str, Any]:
    facts = event.facts
    return {
        "event": "called",
        "hook": event.hook,
        "source": event.source,
        "result": event.result,
        "error": None if event.error is None else _error(event.error),
        "logs": [{"level": line.level, "message": line.message} for line in event.logs],
        "time_ms": None if facts is None else round(facts.time_ms, 3),
        "fuel": None if facts is None else facts.fuel,
        "memory": None if facts is None else facts.memory_bytes,
        "host_calls": None if facts is None else facts.host_calls,
        "output": None if facts is None else facts.output_bytes,
    }


def _error(error: HyperHostError) -> dict[str, Any]:
    return {name: getattr(error, name) for name in ("code", "message", "plugin", "hook", "hint")}
