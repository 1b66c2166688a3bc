"""``hyperhost plugin replay``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperhost.cli.complete import plugin_ids
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.host.package import Package
    from hyperhost.host.recording import Recording
    from hyperhost.host.replay import ReplayOutcome

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "replay")
    def replay(
        session: Session,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="A recording, made by call --record.")],
        plugin_id: Annotated[
            str | None,
            typer.Option(
                "--plugin",
                metavar="ID",
                help="Replay it with this installed plugin.",
                autocompletion=plugin_ids,
            ),
        ] = None,
        package: Annotated[
            Path | None, typer.Option(metavar="FILE", help="Replay it with this package (.hhp, .wasm).")
        ] = None,
        force: Annotated[
            bool, typer.Option("--force", help="Replay it with another component, too.")
        ] = False,
        to_test: Annotated[
            Path | None,
            typer.Option(
                "--to-test",
                metavar="FILE.py",
                help="Write a test for pytest, with the recording beside it; a directory will do.",
            ),
        ] = None,
    ) -> None:
        """Replay a recorded call offline, without any permission, and compare how it ends."""
        from hyperhost.errors import RecordingError
        from hyperhost.host.recording import Recording
        from hyperhost.host.replay import replay
        from hyperhost.host.replaytest import write_test

        if plugin_id is not None and package is not None:
            raise RecordingError("--plugin and --package exclude each other", hint="give one of them")
        recording = Recording.read(file)
        opened = _opened(session, recording, plugin_id, package)
        specs = session.config.specs
        cache = session.home.cache_dir if session.home.exists else None
        outcome = replay(recording, opened, specs=specs, force=force, cache=cache)
        written: list[Path] = []
        if to_test is not None and outcome.same:
            written = write_test(recording, opened, to_test, specs=specs, beside=package is not None)
        _report(session, recording, outcome, written)
        if not outcome.same:
            if to_test is not None:
                session.out.note("no test was written: it would fail")
            raise typer.Exit(1)


def _opened(session: Session, recording: Recording, plugin_id: str | None, package: Path | None) -> Package:
    """The package that was named, else the installed one that was recorded."""
    from hyperhost.host.package import open_package
    from hyperhost.host.recordedpackage import installed_package

    if package is not None:
        return open_package(package)
    return installed_package(session.home, recording, plugin_id)


def _report(session: Session, recording: Recording, outcome: ReplayOutcome, written: list[Path]) -> None:
    error = outcome.error
    if session.out.structured:
        told: dict[str, Any] | None = None
        if error is not None:
            told = {"code": error.code, "message": error.message, "hint": error.hint}
        session.out.data(
            {
                "same": outcome.same,
                "difference": outcome.difference or None,
                "plugin": recording.plugin,
                "version": recording.version,
                "hook": recording.hook,
                "calls": outcome.calls,
                "result": outcome.result,
                "error": told,
                "notes": list(outcome.notes),
                "written": [str(path) for path in written],
            }
        )
        return
    if outcome.same and error is not None:
        session.out.text(f"same error: {error.code}: {error.message}\n")
    elif outcome.same:
        session.out.text("same result\n")
    else:
        session.out.text(f"different: {outcome.difference}\n")
    for note in outcome.notes:
        session.out.note(note)
    for path in written:
        session.out.note(f"wrote {path}")
