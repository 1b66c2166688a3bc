"""``hyperhost namespace delete``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.cli.registry_options import NamespaceArgument, YesOption, confirmed
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "delete")
    def delete(session: Session, path: NamespaceArgument, yes: YesOption = False) -> None:
        """Delete a namespace in which nothing lies."""
        import typer

        from hyperhost.cli.door import check_registry, door

        check_registry(session)
        if not confirmed(
            session, yes, f"Delete the namespace {path}, with its owner, permissions and quotas?"
        ):
            session.out.note("nothing was changed")
            raise typer.Exit(1)
        with door(session, changes=True) as operations:
            gone = operations.run("namespace_delete", path=path)
        if session.out.structured:
            session.out.data({"path": path, "deleted": gone})
        else:
            session.out.note(f"deleted namespace {path}")
