"""``hyperhost graph similar``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.graph.options import FileOption, FormatOption, drawn, form_of, node_of
from hyperhost.cli.output import Column
from hyperhost.cli.registry_options import NameArgument
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "similar")
    def similar(
        session: Session,
        artifact: NameArgument,
        limit: Annotated[int, typer.Option(min=1, max=1000, help="Artifacts at most.")] = 10,
        form: FormatOption = None,
        file: FileOption = None,
    ) -> None:
        """Find artifacts that are like another one, and say in what."""
        from hyperhost.cli.door import door

        how = form_of(form, file)
        with door(session, changes=False) as operations:
            found = operations.run(
                "graph_similar", artifact=node_of(session, artifact), limit=limit, format=how
            )
        if drawn(session, found, how, file):
            return
        names = [part["name"] for part in found["similar"][0]["parts"]] if found["similar"] else []
        columns = [Column("artifact"), Column("score", right=True)]
        columns += [Column(name, right=True) for name in names]
        columns.append(Column("why"))
        session.out.rows(
            columns,
            [
                {
                    **each,
                    **{part["name"]: part["score"] for part in each["parts"]},
                    "why": "; ".join(part["reason"] for part in each["parts"] if part["reason"]),
                }
                for each in found["similar"]
            ],
            empty="nothing is like it",
        )
