"""``hyperhost plugin build``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.sdk.build import Built

__all__ = ["built_data", "register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "build")
    def build(
        session: Session,
        directory: Annotated[
            Path, typer.Argument(metavar="DIR", help="Directory of the plugin, where plugin.toml is.")
        ] = Path(),
        bindings: Annotated[
            bool, typer.Option("--bindings", help="Write the bindings only, for the editor.")
        ] = False,
    ) -> None:
        """Build a plugin from its source: bindings, component, and a check that it would load."""
        from hyperhost.sdk.build import build, generate
        from hyperhost.sdk.compiled import code_home
        from hyperhost.sdk.project import open_project

        if bindings:
            project = open_project(directory)
            generate(project)
            if session.out.structured:
                session.out.data({"bindings": str(project.bindings)})
            else:
                session.out.note(f"wrote {project.bindings}")
            return
        home = session.home.path if session.home.path.is_dir() else code_home()
        with session.out.progress(f"building {directory.resolve().name}"):
            built = build(directory, home=home)
        if session.out.structured:
            session.out.data(built_data(built))
            return
        session.out.note(
            f"built {built.path} ({built.size:,} bytes of {built.language}, {built.seconds:.1f} s)"
        )
        session.out.note(f"  answers {', '.join(built.hooks)}")
        session.out.note(f"  imports {', '.join(built.imports) or 'nothing'}")
        session.out.note(f"  sha256  {built.sha256}")
        for note in built.notes:
            session.out.note(f"  {note}")


def built_data(built: Built) -> dict[str, object]:
    """A build as JSON data."""
    return {
        "file": str(built.path),
        "language": built.language,
        "bytes": built.size,
        "sha256": built.sha256,
        "seconds": round(built.seconds, 3),
        "tools": dict(built.tools),
        "hooks": list(built.hooks),
        "imports": list(built.imports),
        "notes": list(built.notes),
    }
