"""``hyperhost version tag`` and ``untag``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.complete_registry import version_marks
from hyperhost.cli.registry_options import ArtifactArgument, NameArgument, NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "tag")
    def tag(
        session: Session,
        artifact: ArtifactArgument,
        word: Annotated[str, typer.Argument(metavar="TAG", help="As in latest, stable or beta.")],
        namespace: NamespaceOption = None,
    ) -> None:
        """Give a version a tag; it is taken from the version that had it."""
        from hyperhost.cli.door import door, full
        from hyperhost.cli.version.rows import tell

        reference = full(session, artifact, namespace)
        with door(session, changes=True) as operations:
            found = operations.run("tag", artifact=reference, tag=word)
        tell(session, found, f"{reference.partition('@')[0]}@{word} is {found['version']}")

    @command(app, "untag")
    def untag(
        session: Session,
        name: NameArgument,
        word: Annotated[str, typer.Argument(metavar="TAG", help="The tag.", autocompletion=version_marks)],
        namespace: NamespaceOption = None,
    ) -> None:
        """Remove a tag from an artifact."""
        from hyperhost.cli.door import door, full_name
        from hyperhost.cli.version.rows import tell

        whole = full_name(session, name, namespace)
        with door(session, changes=True) as operations:
            gone = operations.run("untag", name=whole, tag=word)
        tell(session, {"name": whole, "tag": word, "removed": gone}, f"{whole} has no tag {word} any more")
