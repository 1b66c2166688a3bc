"""``hyperhost keys generate``."""

from __future__ import annotations

from typing import Annotated

import typer

from hyperhost.cli.keys.rows import ExpiresOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "generate")
    def generate(
        session: Session,
        algorithm: Annotated[
            str, typer.Option(help="For example ed25519; the usual one of the provider when not given.")
        ] = "",
        expires: ExpiresOption = None,
    ) -> None:
        """Make a key to sign artifacts with, and print its id. Its private half stays here, encrypted."""
        from hyperhost.cli.door import door
        from hyperhost.cli.keys.passphrase import unlocking
        from hyperhost.cli.keys.rows import tell
        from hyperhost.cli.moments import moment_us

        expires_at_us = moment_us(expires) if expires is not None else None
        unlocking(session)
        with door(session, changes=True) as operations:
            key = operations.run("key_generate", algorithm=algorithm, expires_at_us=expires_at_us)
        tell(session, key, [], "made it; nobody trusts it yet: hyperhost keys trust NAMESPACE KEY")
