"""``hyperhost version promote``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.registry_options import ArtifactArgument, NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "promote")
    def promote(
        session: Session,
        artifact: ArtifactArgument,
        channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="stable, edge, nightly or another.")],
        namespace: NamespaceOption = None,
    ) -> None:
        """Make a published version the current one of a channel."""
        from hyperhost.cli.door import door, full
        from hyperhost.cli.version.rows import tell

        reference = full(session, artifact, namespace)
        with door(session, changes=True) as operations:
            found = operations.run("promote", artifact=reference, channel=channel)
        tell(session, found, f"{reference.partition('@')[0]} {found['version']} is current in {channel}")
