"""``hyperhost version list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.registry_options import NameArgument, NamespaceOption
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "list")
    def list_versions(
        session: Session, name: NameArgument, namespace: NamespaceOption = None, filters: FilterOption = None
    ) -> None:
        """List the versions of an artifact with tags, channels and yanks, the highest first."""
        from hyperhost.cli.door import door, full_name
        from hyperhost.cli.version.rows import COLUMNS

        whole = full_name(session, name, namespace)
        with door(session, changes=False) as operations:
            rows = operations.run("version_list", name=whole)
        session.out.rows(COLUMNS, matching(rows, filters))
