"""``hyperhost artifact rate``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.registry_options import ArtifactArgument, NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "rate")
    def rate(
        session: Session,
        artifact: ArtifactArgument,
        stars: Annotated[int, typer.Argument(metavar="STARS", help="1 to 5.")],
        namespace: NamespaceOption = None,
    ) -> None:
        """Rate an artifact; a second rating of yours replaces the first."""
        from hyperhost.cli.artifact.show import tell
        from hyperhost.cli.door import coordinates, door, full
        from hyperhost.cli.registry_rows import artifact_row

        reference = full(session, artifact, namespace)
        with door(session, changes=True) as operations:
            found = operations.run("rate", artifact=reference, stars=stars)
        row = artifact_row(found)
        tell(session, row, f"{coordinates(found)} has {row['rating']:g} of 5 stars")
