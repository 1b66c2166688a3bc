"""``hyperhost graph path``."""

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
    nodes,
)
from hyperhost.cli.graph.show import EDGES
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_ANY = ["depends", "used-by", "author", "tag", "namespace"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "path")
    def path(
        session: Session,
        node: NodeArgument,
        target: Annotated[str, typer.Argument(metavar="TARGET", help="Where it ends.", autocompletion=nodes)],
        kind: KindOption = None,
        any_kind: Annotated[bool, typer.Option("--any", help="Along all edges, in both directions.")] = False,
        depth: DepthOption = 0,
        form: FormatOption = None,
        file: FileOption = None,
    ) -> None:
        """Say how one node leads to another, by default what needs what; status 1 if it does not."""
        from hyperhost.cli.door import door

        how = form_of(form, file)
        with door(session, changes=False) as operations:
            found = operations.run(
                "graph_path",
                node=node_of(session, node),
                target=node_of(session, target),
                kinds=_ANY if any_kind else [each.value for each in kind or ()],
                depth=depth,
                format=how,
            )
        if not found["found"] and not session.out.structured:
            session.out.note("there is no way" if any_kind else "there is no way; --any goes along all edges")
        elif not drawn(session, found, how, file):
            session.out.rows(EDGES, found["edges"], empty="that is the node itself")
        if not found["found"]:
            if session.out.structured:
                session.out.data(found)
            raise typer.Exit(1)
