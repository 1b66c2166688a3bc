"""``hyperhost artifact render``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hyperhost.cli.registry_options import ArtifactArgument, ForceOption, NamespaceOption, pairs
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "render")
    def render(
        session: Session,
        artifact: ArtifactArgument,
        environment: Annotated[
            str, typer.Option("--environment", "-e", help="Environment whose overrides apply.")
        ] = "",
        targets: Annotated[
            list[str] | None,
            typer.Option("--target", metavar="KIND:SELECTOR", help="What it is for; may be repeated."),
        ] = None,
        variables: Annotated[
            list[str] | None,
            typer.Option(
                "--set",
                metavar="NAME=VALUE",
                help="An environment variable, instead of those of this process.",
            ),
        ] = None,
        overrides: Annotated[
            Path | None, typer.Option(metavar="FILE", help="YAML, JSON or TOML that is laid over it.")
        ] = None,
        form: Annotated[
            str | None, typer.Option("--format", help="json, yaml, toml, hcl or env; its own when not given.")
        ] = None,
        reveal: Annotated[bool, typer.Option("--reveal", help="Show secrets and what is sensitive.")] = False,
        to: Annotated[
            Path | None, typer.Option(metavar="FILE", help="Write it there, closed to others.")
        ] = None,
        force: ForceOption = False,
        namespace: NamespaceOption = None,
    ) -> None:
        """Render a config: inheritance, overrides, environment and secrets applied; secrets are masked."""
        from hyperhost.cli.door import door, full
        from hyperhost.cli.draftfile import read_document
        from hyperhost.cli.keys.passphrase import unlocking
        from hyperhost.errors import InputRequiredError

        asked: dict[str, Any] = {"environment": environment, "targets": targets or [], "reveal": reveal}
        if variables is not None:
            asked["env"] = pairs(variables, "--set")
        if overrides is not None:
            asked["overrides"] = read_document(overrides)
        if form is not None:
            asked["format"] = form
        if to is not None and to.exists() and not force:
            raise InputRequiredError(f"{to} is there already", hint="add --force to replace it")
        reference = full(session, artifact, namespace)
        unlocking(session, "secrets")
        with door(session, changes=False) as operations:
            found = operations.run("render", artifact=reference, **asked)
        if to is not None:
            from hyperhost.host.contents import replacing

            with replacing(to, 0o600) as file:
                file.write(found["text"].encode())
            session.out.note(f"wrote {to}")
        if session.out.structured:
            session.out.data(found if to is None else {**found, "file": str(to)})
        elif to is None:
            session.out.text(found["text"] if found["text"].endswith("\n") else f"{found['text']}\n")
