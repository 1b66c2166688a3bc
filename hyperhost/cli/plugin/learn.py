"""``hyperhost plugin learn``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperhost.cli.complete import hook_names, plugin_ids
from hyperhost.cli.plugin.jsonargument import JsonOption, read_json
from hyperhost.cli.plugin.options import installer
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.host.learning import Lesson

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "learn")
    def learn(
        session: Session,
        source: Annotated[
            str,
            typer.Argument(
                metavar="FILE|ID", help="A package, or an installed plugin.", autocompletion=plugin_ids
            ),
        ],
        hook: Annotated[str, typer.Option("--hook", help="The hook to call.", autocompletion=hook_names)],
        json_text: JsonOption = "{}",
        grants: Annotated[
            list[str] | None,
            typer.Option(
                "--grant", help="Really allow this, to see what comes after it.", metavar="CAPABILITY"
            ),
        ] = None,
    ) -> None:
        """Run a component with nothing granted, and print the smallest manifest that it needs."""
        from hyperhost.host import learning

        data = read_json(json_text)
        work = installer(session)
        with work.bench() as host:
            path = Path(source)
            if not path.exists() and source in (entries := work.entries()):
                path = session.home.package_of(entries[source])
            package = work.opened(path, host)
            limits = work.limits(package.id, package.manifest.limits)
            with session.out.progress(f"running {package.id}"):
                lesson = learning.learn(host, package, hook.replace("-", "_"), data, limits, grants or ())
        _print(session, lesson)


def _print(session: Session, lesson: Lesson) -> None:
    out = session.out
    if out.structured:
        out.data(_record(lesson))
        return
    for text in lesson.reached:
        out.note(f"it reached for {text}")
    if lesson.error is None:
        out.note("it answered, so this is all it needs for this call")
    elif lesson.reached:
        again = " ".join(f"--grant {shlex.quote(text)}" for text in lesson.reached)
        out.note(f"it gave up there; to see what comes after it, learn again with {again}")
    else:
        out.note(f"it failed for another reason: {lesson.error.message}")
    for form in lesson.unspecified:
        out.note(f"it imports what {form} grants, and did not use it: add that by hand, or set stub_denied")
    out.text(lesson.manifest.to_toml())


def _record(lesson: Lesson) -> dict[str, Any]:
    from hyperhost.host.jsonvalues import to_json

    error = lesson.error
    return {
        "id": lesson.manifest.id,
        "reached": list(lesson.reached),
        "imported": list(lesson.imported),
        "unspecified": list(lesson.unspecified),
        "capabilities": [ask.capability.text for ask in lesson.manifest.asks],
        "manifest": lesson.manifest.to_toml(),
        "result": None if error else to_json(lesson.result),
        "error": None if error is None else {"code": error.code, "message": error.message},
    }
