"""``hyperhost version promote`` and ``demote``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.registry_options import ArtifactArgument, NameArgument, NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""

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

    @command(app, "demote")
    def demote(
        session: Session,
        name: NameArgument,
        channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel.")],
        namespace: NamespaceOption = None,
    ) -> None:
        """Remove a channel from an artifact: no version is the current one of it then."""
        from hyperhost.cli.door import door, full_name
        from hyperhost.cli.version.rows import tell

        whole = full_name(session, name, namespace)
        with door(session, changes=True) as operations:
            gone = operations.run("demote", name=whole, channel=channel)
        answer = {"name": whole, "channel": channel, "removed": gone}
        tell(session, answer, f"{whole} has no channel {channel} any more")
