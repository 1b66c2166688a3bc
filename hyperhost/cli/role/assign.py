"""``hyperhost role assign`` and ``unassign``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.complete_registry import namespace_paths
from hyperhost.cli.role.list import RoleArgument
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_Principal = Annotated[str, typer.Argument(metavar="PRINCIPAL", help="As in user:alice.")]
_In = Annotated[
    str,
    typer.Option(
        "--in",
        metavar="NAMESPACE",
        help="There and below only, not in the whole registry.",
        autocompletion=namespace_paths,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "assign")
    def assign(
        session: Session,
        principal: _Principal,
        role: RoleArgument,
        namespace: _In = "",
        expires: Annotated[
            str | None, typer.Option("--expires", metavar="TIME", help="Until when they have it.")
        ] = None,
    ) -> None:
        """Give somebody a role."""
        from hyperhost.cli.door import door
        from hyperhost.cli.moments import moment_us
        from hyperhost.cli.registry_rows import moments

        expires_at_us = moment_us(expires) if expires is not None else None
        with door(session, changes=True) as operations:
            given = operations.run(
                "role_assign",
                principal=principal,
                role=role,
                namespace=namespace,
                expires_at_us=expires_at_us,
            )
        if session.out.structured:
            session.out.data(moments(given))
        else:
            session.out.note(f"{principal} has the role {role}{f' in {namespace}' if namespace else ''}")

    @command(app, "unassign")
    def unassign(session: Session, principal: _Principal, role: RoleArgument, namespace: _In = "") -> None:
        """Take a role from somebody."""
        from hyperhost.cli.door import door

        with door(session, changes=True) as operations:
            operations.run("role_unassign", principal=principal, role=role, namespace=namespace)
        if session.out.structured:
            session.out.data({"principal": principal, "role": role, "namespace": namespace, "removed": True})
        else:
            session.out.note(f"{principal} was given {role} no more{f' in {namespace}' if namespace else ''}")
