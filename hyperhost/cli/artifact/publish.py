"""``hyperhost artifact publish``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.registry_options import ArtifactArgument, NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "publish")
    def publish(
        session: Session,
        artifact: ArtifactArgument,
        key: Annotated[str, typer.Option(metavar="KEY", help="Sign it with this key.")] = "",
        namespace: NamespaceOption = None,
    ) -> None:
        """Publish a draft. What it holds and needs never changes from then on."""
        from hyperhost.cli.artifact.show import tell
        from hyperhost.cli.door import coordinates, door, full
        from hyperhost.cli.keys.passphrase import unlocking
        from hyperhost.cli.registry_rows import changed_row

        reference = full(session, artifact, namespace)
        if key:
            unlocking(session)
        with door(session, changes=True) as operations:
            changed = operations.run("publish", artifact=reference, key=key)
        tell(session, changed_row(changed), f"published {coordinates(changed['artifact'])}")
