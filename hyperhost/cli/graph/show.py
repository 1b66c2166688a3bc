"""``hyperhost graph show``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.graph.options import (
    DepthOption,
    FileOption,
    FormatOption,
    KindOption,
    NodeArgument,
    drawn,
    form_of,
    node_of,
)
from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

__all__ = ["EDGES", "register"]

EDGES = (
    Column("source"),
    Column("kind", "EDGE"),
    Column("target"),
    Column("label", "NEEDS"),
    Column("weight", right=True),
    Column("current", wide=True),
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "show")
    def show(
        session: Session,
        node: NodeArgument,
        kind: KindOption = None,
        depth: DepthOption = 1,
        limit: Annotated[int, typer.Option(min=1, max=1000, help="Nodes at most.")] = 100,
        form: FormatOption = None,
        file: FileOption = None,
    ) -> None:
        """Show an artifact, namespace, user or tag with what is around it in the graph."""
        from hyperhost.cli.door import door

        how = form_of(form, file)
        with door(session, changes=False) as operations:
            found = operations.run(
                "graph_show",
                node=node_of(session, node),
                kinds=[each.value for each in kind or ()],
                depth=depth,
                limit=limit,
                format=how,
            )
        if not drawn(session, found, how, file):
            session.out.rows(EDGES, found["edges"], empty="nothing is around it")
        for each in found["nodes"]:
            if each["missing"]:
                session.out.note(f"{each['name']} is not there")
        if found["more"]:
            session.out.note(f"and {found['more']:,} more nodes; see more with --limit")
