"""``hyperhost graph impact``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.graph.options import DepthOption, FileOption, FormatOption, drawn, form_of, node_of
from hyperhost.cli.output import Column
from hyperhost.cli.registry_options import NameArgument
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_COLUMNS = (
    Column("artifact"),
    Column("version"),
    Column("depth", right=True),
    Column("downloads", right=True),
    Column("by", "NEEDS"),
    Column("current", wide=True),
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "impact")
    def impact(
        session: Session,
        artifact: NameArgument,
        depth: DepthOption = 0,
        limit: Annotated[int, typer.Option(min=1, max=1000, help="Rows at most; all are counted.")] = 100,
        form: FormatOption = None,
        file: FileOption = None,
    ) -> None:
        """Say who is concerned when an artifact changes, directly or not."""
        from hyperhost.cli.door import door

        how = form_of(form, file)
        with door(session, changes=False) as operations:
            found = operations.run(
                "graph_impact", artifact=node_of(session, artifact), depth=depth, limit=limit, format=how
            )
        if not drawn(session, found, how, file):
            session.out.rows(_COLUMNS, found["artifacts"], empty="nobody needs it")
        if found["missing"]:
            session.out.note(f"{found['artifact']} is not there")
        if found["total"]:
            levels = ", ".join(
                f"{each['artifacts']:,} at depth {each['depth']}" for each in found["levels"][:5]
            )
            levels += ", …" if len(found["levels"]) > 5 else ""
            figures = f"{found['downloads']:,} downloads, score {found['score']:,}"
            session.out.note(f"{found['total']:,} in all ({levels}), {figures}")
        if found["cycle"]:
            session.out.note(f"it concerns itself, as it needs {', '.join(found['cycle'][:5])}")
        if found["more"]:
            session.out.note(f"{found['more']:,} more are not listed; see more with --limit")
