"""``hyperhost token list``, ``show`` and ``check``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command
from hyperhost.cli.token.options import TokenArgument, token_of

__all__ = ["register"]

_COLUMNS = (
    Column("id", "TOKEN"),
    Column("subject", "FOR"),
    Column("issuer"),
    Column("allow"),
    Column("expires_at", "EXPIRES"),
    Column("revoked_at", "REVOKED"),
    Column("at", wide=True),
)


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "list")
    def list_tokens(session: Session, filters: FilterOption = None) -> None:
        """List the tokens that were issued; never the tokens themselves."""
        from hyperhost.cli.door import door
        from hyperhost.cli.registry_rows import moments

        with door(session, changes=False) as operations:
            rows = moments(operations.run("token_list"))
        session.out.rows(_COLUMNS, matching(rows, filters), empty="no tokens; see: hyperhost token create")

    @command(app, "show")
    def show(session: Session, token: TokenArgument) -> None:
        """Show what a token says, and whether it was revoked."""
        from hyperhost.cli.door import door
        from hyperhost.cli.registry_rows import moments

        with door(session, changes=False) as operations:
            said = moments(operations.run("token_show", token=token_of(token)))
        if session.out.structured:
            session.out.data(said)
            return
        for name, value in said.items():
            if name not in ("blocks", "revocation_ids") and value not in (None, ""):
                session.out.text(f"{name.replace('_', ' '):<14}{value}\n")
        for index, block in enumerate(said["blocks"]):
            session.out.text(f"block {index}\n  " + block.replace("\n", "\n  ") + "\n")

    @command(app, "check")
    def check(
        session: Session,
        token: TokenArgument,
        permission: Annotated[str, typer.Argument(metavar="PERMISSION", help="As in artifact:read.")],
        artifact: Annotated[str, typer.Option("--on", metavar="ARTIFACT", help="With this artifact.")] = "",
        namespace: Annotated[str, typer.Option("--in", metavar="NAMESPACE", help="In there.")] = "",
        audience: Annotated[str, typer.Option(help="Shown to them.")] = "",
        ip: Annotated[str, typer.Option(help="From this address.")] = "",
    ) -> None:
        """Say whether a token would allow something here and now; exits with 1 when it does not."""
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations:
            said = operations.run(
                "token_check",
                token=token_of(token),
                permission=permission,
                artifact=artifact,
                namespace=namespace,
                audience=audience,
                ip=ip,
            )
        if session.out.structured:
            session.out.data(said)
        else:
            session.out.note("allowed" if said["allowed"] else said["reason"])
        if not said["allowed"]:
            raise typer.Exit(1)
