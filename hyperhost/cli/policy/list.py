"""``hyperhost policy list`` and ``show``."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

__all__ = ["COLUMNS", "register"]

COLUMNS: Final = (
    Column("name"),
    Column("state"),
    Column("enforcement"),
    Column("rules", right=True),
    Column("exceptions", right=True),
    Column("description"),
    Column("source", wide=True),
    Column("problem"),
)
_RULES: Final = (
    Column("id", "RULE"),
    Column("action"),
    Column("severity"),
    Column("enforcement"),
    Column("engine"),
    Column("reason"),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "list")
    def list_policies(session: Session, filters: FilterOption = None) -> None:
        """List the policies that hold. One that is broken denies all that it would guard."""
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations:
            rows = operations.run("policy_list")
        session.out.rows(COLUMNS, matching(rows, filters), empty="no policies")

    @command(app, "show")
    def show(
        session: Session,
        name: Annotated[str, typer.Argument(metavar="NAME", help="Of a policy.")],
        cedar: Annotated[
            bool, typer.Option("--cedar", help="The rules that Cedar judges, as Cedar has them.")
        ] = False,
    ) -> None:
        """Show one policy: its text, and what judges each of its rules."""
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations:
            found = operations.run("policy_show", name=name)
        if session.out.structured:
            session.out.data(found)
            return
        if cedar:
            session.out.text(found["cedar"])
            return
        session.out.text(found["text"])
        if found["policy"]["problem"]:
            session.out.warn(f"it is broken: {found['policy']['problem']}")
        elif found["rules"]:
            session.out.text("\n")
            session.out.rows(_RULES, found["rules"])
