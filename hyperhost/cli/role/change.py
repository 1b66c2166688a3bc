"""``hyperhost role create`` and ``delete``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hyperhost.cli.registry_options import YesOption, confirmed
from hyperhost.cli.role.list import RoleArgument
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "create")
    def create(
        session: Session,
        name: RoleArgument,
        file: Annotated[
            Path | None,
            typer.Option(
                "--from", metavar="FILE", help="YAML, JSON or TOML with rules and what it inherits."
            ),
        ] = None,
        inherits: Annotated[
            list[str] | None, typer.Option("--inherits", metavar="ROLE", help="May be repeated.")
        ] = None,
        allow: Annotated[
            list[str] | None,
            typer.Option("--allow", metavar="PERMISSION", help="As in artifact:create; may be repeated."),
        ] = None,
        deny: Annotated[
            list[str] | None,
            typer.Option("--deny", metavar="PERMISSION", help="It wins over whatever is allowed."),
        ] = None,
        description: Annotated[str, typer.Option(help="What it is for.")] = "",
        replace: Annotated[bool, typer.Option("--replace", help="Replace the one that is there.")] = False,
    ) -> None:
        """Create a role, or replace one."""
        from hyperhost.cli.door import door

        given = _from_file(file)
        rules = list(given.get("rules", []))
        rules += [{"permissions": allow}] if allow else []
        rules += [{"permissions": deny, "effect": "deny"}] if deny else []
        with door(session, changes=True) as operations:
            made = operations.run(
                "role_create",
                name=name,
                rules=rules,
                inherits=[*given.get("inherits", []), *(inherits or [])],
                description=description or given.get("description", ""),
                replace=replace,
            )
        if session.out.structured:
            session.out.data(made)
        else:
            session.out.note(f"{'replaced' if replace else 'created'} role {name}")

    @command(app, "delete")
    def delete(session: Session, name: RoleArgument, yes: YesOption = False) -> None:
        """Delete a role; whoever had it has it no more."""
        from hyperhost.cli.door import door

        if not confirmed(session, yes, f"Delete the role {name}, and take it from whoever has it?"):
            session.out.note("nothing was changed")
            raise typer.Exit(1)
        with door(session, changes=True) as operations:
            operations.run("role_delete", name=name)
        if session.out.structured:
            session.out.data({"name": name, "deleted": True})
        else:
            session.out.note(f"deleted role {name}")


def _from_file(file: Path | None) -> dict[str, Any]:
    from hyperhost.cli.artifact.draft import from_file

    return from_file(file) if file is not None else {}
