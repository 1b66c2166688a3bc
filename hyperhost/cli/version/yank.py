"""``hyperhost version yank`` and ``unyank``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.registry_options import ArtifactArgument, NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "yank")
    def yank(
        session: Session,
        artifact: ArtifactArgument,
        reason: Annotated[str, typer.Option(help="What is wrong with it.")],
        namespace: NamespaceOption = None,
    ) -> None:
        """Say that a version must not be chosen anew; lockfiles that hold it still resolve."""
        from hyperhost.cli.door import door, full
        from hyperhost.cli.version.rows import tell

        reference = full(session, artifact, namespace)
        with door(session, changes=True) as operations:
            found = operations.run("yank", artifact=reference, reason=reason)
        tell(session, found, f"yanked {reference.partition('@')[0]}@{found['version']}: {reason}")

    @command(app, "unyank")
    def unyank(session: Session, artifact: ArtifactArgument, namespace: NamespaceOption = None) -> None:
        """Take a yank back."""
        from hyperhost.cli.door import door, full
        from hyperhost.cli.version.rows import tell

        reference = full(session, artifact, namespace)
        with door(session, changes=True) as operations:
            found = operations.run("unyank", artifact=reference)
        tell(session, found, f"{reference.partition('@')[0]}@{found['version']} may be chosen again")
