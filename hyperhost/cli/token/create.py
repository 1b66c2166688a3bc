"""``hyperhost token create`` and ``attenuate``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.session import Session, command
from hyperhost.cli.token.options import (
    AllowOption,
    AudienceOption,
    DepthOption,
    ExpiresOption,
    FromOption,
    IpOption,
    NamespacesOption,
    ResourcesOption,
    TokenArgument,
    UserAgentOption,
    limits_of,
    token_of,
)

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "create")
    def create(
        session: Session,
        allow: AllowOption = None,
        namespaces: NamespacesOption = None,
        resources: ResourcesOption = None,
        audience: AudienceOption = "",
        start: FromOption = None,
        expires: ExpiresOption = None,
        ip: IpOption = None,
        user_agent: UserAgentOption = "",
        subject: Annotated[str, typer.Option("--for", help="Whom it is made for, for people.")] = "",
        depth: DepthOption = None,
    ) -> None:
        """Issue a token that may do a part of what you may do, and print it this once."""
        from hyperhost.cli.door import door
        from hyperhost.cli.registry_rows import moments

        limits = limits_of(allow, namespaces, resources, audience, start, expires, ip, user_agent)
        with door(session, changes=True) as operations:
            made = operations.run("token_create", limits=limits, subject=subject, depth=depth or 0)
        if session.out.structured:
            session.out.data(moments(made))
            return
        session.out.text(f"{made['token']}\n")
        session.out.note(f"it is not shown again; to revoke it: hyperhost token revoke {made['id']}")

    @command(app, "attenuate")
    def attenuate(
        session: Session,
        token: TokenArgument,
        allow: AllowOption = None,
        namespaces: NamespacesOption = None,
        resources: ResourcesOption = None,
        audience: AudienceOption = "",
        start: FromOption = None,
        expires: ExpiresOption = None,
        ip: IpOption = None,
        user_agent: UserAgentOption = "",
        depth: DepthOption = None,
        key: Annotated[
            str, typer.Option("--key", help="Public key of its registry, when that is not this one.")
        ] = "",
    ) -> None:
        """Narrow a token down before passing it on. No registry is asked, and none can undo it."""
        from hyperhost.cli.door import door

        limits = limits_of(allow, namespaces, resources, audience, start, expires, ip, user_agent)
        with door(session, changes=False) as operations:
            narrowed = operations.run(
                "token_attenuate", token=token_of(token), limits=limits, depth=depth, key=key
            )
        if session.out.structured:
            session.out.data({"token": narrowed})
        else:
            session.out.text(f"{narrowed}\n")
