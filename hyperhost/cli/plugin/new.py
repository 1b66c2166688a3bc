"""``hyperhost plugin new``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hyperhost.cli.complete import hook_names
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "new")
    def new(
        session: Session,
        name: Annotated[
            str, typer.Argument(metavar="NAME", help="Id of the plugin, in kebab-case.", show_default=False)
        ],
        language: Annotated[
            str, typer.Option("--lang", help="python, javascript, c, zig or rust.", metavar="LANGUAGE")
        ] = "python",
        hooks: Annotated[
            list[str] | None,
            typer.Option(
                "--hook",
                help="What it answers; artifact_validate when not given. Repeat for more.",
                metavar="HOOK",
                autocompletion=hook_names,
            ),
        ] = None,
        capabilities: Annotated[
            list[str] | None,
            typer.Option("--capability", help="What it asks for. Repeat for more.", metavar="CAPABILITY"),
        ] = None,
        specs: Annotated[
            list[str] | None,
            typer.Option(help="Hookspecs of another host program. Repeat for more.", metavar="PKG.MOD:CLASS"),
        ] = None,
        interfaces: Annotated[
            list[str] | None,
            typer.Option(
                help="Host interfaces of another host program. Repeat for more.", metavar="PKG.MOD:CLASS"
            ),
        ] = None,
        native: Annotated[
            bool, typer.Option("--native", help="Python for the host's own process, installed with pip.")
        ] = False,
        directory: Annotated[
            Path | None,
            typer.Option(
                "--dir", help="Write it there instead of ./NAME.", metavar="PATH", show_default=False
            ),
        ] = None,
    ) -> None:
        """Write a new plugin: manifest, source with a working hook, tests, README."""
        from hyperhost.sdk.new import write_project
        from hyperhost.sdk.writing.order import order

        wanted = order(
            name,
            language,
            hooks or (),
            capabilities or (),
            specs=specs or (),
            interfaces=interfaces or (),
            native=native,
        )
        written = write_project(wanted, directory)
        if session.out.structured:
            session.out.data(
                {
                    "directory": str(written.directory),
                    "files": list(written.files),
                    "next": list(written.commands),
                }
            )
            return
        session.out.note(f"wrote {written.directory}")
        for file in written.files:
            session.out.note(f"  {file}")
        session.out.note("next:")
        for line in written.commands:
            session.out.note(f"  {line}")
