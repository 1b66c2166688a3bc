"""``hyperhost artifact history``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hyperhost.cli.output import Column
from hyperhost.cli.registry_options import ArtifactArgument, LimitOption, NamespaceOption
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    import typer

__all__ = ["register"]

_COLUMNS: Final = (
    Column("at", "TIME"),
    Column("kind", "CHANGE"),
    Column("actor", "WHO"),
    Column("differs", "FIELDS"),
    Column("origin", wide=True),
    Column("seq", wide=True, right=True),
)
_PAGE: Final = 1000


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "history")
    def history(
        session: Session,
        artifact: ArtifactArgument,
        limit: LimitOption = 100,
        namespace: NamespaceOption = None,
    ) -> None:
        """List the changes of an artifact, the oldest first: when, by whom, which fields."""
        from hyperhost.cli.door import door, full
        from hyperhost.cli.registry_rows import moments

        reference = full(session, artifact, namespace)
        rows: list[Any] = []
        with door(session, changes=False) as operations:
            while len(rows) < limit:
                after = rows[-1]["seq"] if rows else 0
                size = min(_PAGE, limit - len(rows))
                page = operations.run("artifact_history", artifact=reference, after=after, limit=size)
                rows += page
                if len(page) < size:
                    break
        rows = moments(rows)
        if not session.out.structured:
            rows = [{**row, "differs": [field["path"] for field in row["fields"]]} for row in rows]
        session.out.rows(_COLUMNS, rows)
