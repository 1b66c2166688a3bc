"""``hyperhost keys rotate`` and ``revoke``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.keys.rows import ExpiresOption, KeyArgument
from hyperhost.cli.registry_options import YesOption, confirmed
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "rotate")
    def rotate(session: Session, key: KeyArgument, expires: ExpiresOption = None) -> None:
        """Replace a key by a new one, which it signs and which is trusted as it is; it only verifies then."""
        from hyperhost.cli.door import door
        from hyperhost.cli.keys.passphrase import unlocking
        from hyperhost.cli.keys.rows import tell
        from hyperhost.cli.moments import moment_us

        expires_at_us = moment_us(expires) if expires is not None else None
        unlocking(session)
        with door(session, changes=True) as operations:
            new = operations.run("key_rotate", key=key, expires_at_us=expires_at_us)
            rules = operations.run("key_rules")
        tell(session, new, rules, f"it replaces {key}")

    @command(app, "revoke")
    def revoke(
        session: Session,
        key: KeyArgument,
        reason: Annotated[str, typer.Option(help="Why, for a person.")],
        yes: YesOption = False,
    ) -> None:
        """Make a key unusable for good; what it signed does not hold any more."""
        from hyperhost.cli.door import door
        from hyperhost.cli.keys.rows import tell

        if not confirmed(session, yes, f"Revoke {key}, which cannot be undone?"):
            session.out.note("nothing was changed")
            raise typer.Exit(1)
        with door(session, changes=True) as operations:
            gone = operations.run("key_revoke", key=key, reason=reason)
            rules = operations.run("key_rules")
        tell(session, gone, rules, "revoked")
