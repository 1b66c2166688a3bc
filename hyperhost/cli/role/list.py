"""``hyperhost role list`` and ``show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RoleArgument", "register"]

RoleArgument = Annotated[str, typer.Argument(metavar="ROLE", help="Name of the role.")]
_COLUMNS = (
    Column("name", "ROLE"),
    Column("built_in", "BUILT IN"),
    Column("inherits"),
    Column("description"),
    Column("rules", wide=True),
)
_HELD = (
    Column("principal"),
    Column("role"),
    Column("namespace"),
    Column("expires_at", "EXPIRES"),
    Column("by", wide=True),
    Column("at", wide=True),
)
_RULES = (Column("effect"), Column("permissions"), Column("conditions"))


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "list")
    def list_roles(
        session: Session,
        of: Annotated[
            str | None, typer.Option("--of", metavar="PRINCIPAL", help="The roles that were given to them.")
        ] = None,
        assigned: Annotated[
            bool, typer.Option("--assigned", help="Who was given which role, instead of the roles.")
        ] = False,
        filters: FilterOption = None,
    ) -> None:
        """List roles, or who has which."""
        from hyperhost.cli.door import door
        from hyperhost.cli.registry_rows import moments

        with door(session, changes=False) as operations:
            if of is not None or assigned:
                held = moments(operations.run("role_assignments", principal=of or ""))
                session.out.rows(_HELD, matching(held, filters), empty="nobody was given a role")
                return
            roles = operations.run("role_list")
        rows = [{**role, "rules": len(role["rules"])} for role in roles]
        session.out.rows(_COLUMNS, matching(rows, filters))

    @command(app, "show")
    def show(session: Session, name: RoleArgument) -> None:
        """Show a role with the rules that it inherits."""
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations:
            found = operations.run("role_show", name=name)
        if session.out.structured:
            session.out.data(found)
            return
        role = found["role"]
        session.out.note(f"{role['name']}: {role['description'] or 'no description'}")
        if role["inherits"]:
            session.out.note(f"inherits: {', '.join(role['inherits'])}")
        session.out.rows(_RULES, [_rule(rule) for rule in found["rules"]], empty="no rules")


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    conditions = {key: value for key, value in rule.items() if key not in ("effect", "permissions")}
    words = [
        f"{key}={','.join(value) if isinstance(value, list) else value}"
        for key, value in conditions.items()
        if value not in (None, "", [])
    ]
    return {
        "effect": rule["effect"],
        "permissions": rule["permissions"],
        "conditions": "; ".join(words),
    }
