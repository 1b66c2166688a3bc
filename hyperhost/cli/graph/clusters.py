"""``hyperhost graph clusters``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.complete_registry import namespace_paths
from hyperhost.cli.graph.options import FileOption, FormatOption, drawn, form_of
from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_COLUMNS = (
    Column("label", "CLUSTER"),
    Column("size", right=True),
    Column("members"),
    Column("tags"),
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "clusters")
    def clusters(
        session: Session,
        namespace: Annotated[
            str | None,
            typer.Option(
                "--namespace",
                "-n",
                help="Only artifacts in it and below it.",
                autocompletion=namespace_paths,
            ),
        ] = None,
        least: Annotated[int, typer.Option(min=2, max=1000, help="Members that a cluster has at least.")] = 2,
        limit: Annotated[int, typer.Option(min=1, max=1000, help="Clusters at most.")] = 20,
        members: Annotated[int, typer.Option(min=1, max=1000, help="Members shown of each at most.")] = 10,
        form: FormatOption = None,
        file: FileOption = None,
    ) -> None:
        """Divide artifacts into clusters of those that need each other more than others."""
        from hyperhost.cli.door import door

        how = form_of(form, file)
        with door(session, changes=False) as operations:
            found = operations.run(
                "graph_clusters",
                namespace=namespace or "",
                least=least,
                limit=limit,
                members=members,
                format=how,
            )
        if not drawn(session, found, how, file):
            session.out.rows(_COLUMNS, found["clusters"], empty="there are no clusters")
        session.out.note(f"{found['artifacts']:,} artifacts in {found['total']:,} clusters")
        if found["more"]:
            session.out.note(f"{found['more']:,} more are not listed; see more with --limit")
