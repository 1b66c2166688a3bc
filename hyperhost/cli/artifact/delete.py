"""``hyperhost artifact delete``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.cli.registry_options import (
    ArtifactArgument,
    ForceOption,
    NamespaceOption,
    YesOption,
    confirmed,
)
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "delete")
    def delete(
        session: Session,
        artifact: ArtifactArgument,
        yes: YesOption = False,
        force: ForceOption = False,
        namespace: NamespaceOption = None,
    ) -> None:
        """Delete a draft or an archived artifact; with --force a published one, which is archived first."""
        import typer

        from hyperhost.cli.artifact.show import tell
        from hyperhost.cli.door import coordinates, door, full
        from hyperhost.cli.registry_rows import artifact_row

        reference = full(session, artifact, namespace)
        with door(session, changes=True) as operations:
            found = operations.run("read", artifact=reference)
            if not confirmed(session, yes, f"Delete {coordinates(found)}, which cannot be undone?"):
                session.out.note("nothing was changed")
                raise typer.Exit(1)
            if force and found["state"] in ("published", "deprecated"):
                operations.run("archive", artifact=found["id"])
            gone = operations.run("delete", artifact=found["id"])
        tell(session, artifact_row(gone), f"deleted {coordinates(gone)}")
