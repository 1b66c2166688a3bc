"""``hyperhost artifact unpublish``, ``undeprecate``, ``archive`` and ``restore``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyperhost.cli.registry_options import ArtifactArgument, NamespaceOption
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]

_COMMANDS: Final = {
    "unpublish": ("unpublished", "Take a published artifact back to being a draft."),
    "undeprecate": ("no longer deprecated:", "Take a deprecation back."),
    "archive": ("archived", "Put an artifact away: it is kept, and is neither found nor resolved."),
    "restore": ("restored", "Bring an archived artifact back to what it was."),
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, (words, text) in _COMMANDS.items():
        _add(app, name, words, text)


def _add(app: typer.Typer, name: str, words: str, text: str) -> None:
    @command(app, name, help=text)
    def move(session: Session, artifact: ArtifactArgument, namespace: NamespaceOption = None) -> None:
        from hyperhost.cli.artifact.show import tell
        from hyperhost.cli.door import coordinates, door, full
        from hyperhost.cli.registry_rows import changed_row

        reference = full(session, artifact, namespace)
        with door(session, changes=True) as operations:
            changed = operations.run(name, artifact=reference)
        tell(session, changed_row(changed), f"{words} {coordinates(changed['artifact'])}")
