"""``hyperhost artifact generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hyperhost.cli.registry_options import ArtifactArgument, ForceOption, NamespaceOption, pairs
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "generate")
    def generate(
        session: Session,
        artifact: ArtifactArgument,
        to: Annotated[
            Path, typer.Option(metavar="DIRECTORY", help="Where files go; this directory when not given.")
        ] = Path(),
        parameters: Annotated[
            list[str] | None,
            typer.Option(
                "--set", metavar="NAME=VALUE", help="A parameter, JSON or else text; may be repeated."
            ),
        ] = None,
        file: Annotated[
            Path | None, typer.Option("--from", metavar="FILE", help="YAML, JSON or TOML with parameters.")
        ] = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be made.")] = False,
        force: ForceOption = False,
        namespace: NamespaceOption = None,
    ) -> None:
        """Generate what a template describes: all of its files or none; --force replaces files."""
        from hyperhost.cli.artifact.draft import from_file
        from hyperhost.cli.door import door, full
        from hyperhost.host.outputs import write_outputs

        values = from_file(file) if file is not None else {}
        values |= {key: _value(text) for key, text in pairs(parameters, "--set").items()}
        reference = full(session, artifact, namespace)
        with door(session, changes=True) as operations:
            given = {"artifact": reference, "parameters": values}
            manifest = operations.run("read_manifest", artifact=reference) or {}
            create = any(each.get("kind") == "artifact" for each in manifest.get("outputs", ()))
            made = operations.run("generate", **given, dry_run=dry_run or create)
            for message in made["before"]:
                session.out.note(message)
            written = []
            if not dry_run:
                # Files first: they can be taken back, and artifacts that were created cannot.
                then = (lambda: made.update(operations.run("generate", **given))) if create else None
                written = write_outputs(to, made["outputs"], replace=force, then=then)
        if session.out.structured:
            session.out.data({**made, "written": [str(path) for path in written], "dry_run": dry_run})
            return
        for output in made["outputs"]:
            place = output["path"] if output["kind"] == "artifact" else str(to / output["path"])
            session.out.note(f"{'would make' if dry_run else 'made'} {place}")
        for message in made["after"]:
            session.out.note(message)


def _value(text: str) -> Any:
    """JSON where it is JSON, else the text itself."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text
