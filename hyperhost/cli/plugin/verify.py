"""``hyperhost plugin verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "verify")
    def verify(
        session: Session,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="A packed plugin, or its directory.")],
        key: Annotated[
            str | None,
            typer.Option(
                metavar="PUBLICKEY",
                help="Key that must have signed it: its id, the public key, or a file that holds it.",
            ),
        ] = None,
    ) -> None:
        """Check that a plugin is what its publisher signed. Nothing of it is run."""
        from hyperhost.host.keyfile import public_key
        from hyperhost.host.signing import verify_package

        expected = public_key(key) if key is not None else ""
        package = verify_package(file, expected)
        session.config.keys.check(package.id, package.publisher)
        if session.out.structured:
            session.out.data(
                {
                    "file": str(file.absolute()),
                    "id": package.id,
                    "version": package.version,
                    "digest": package.digest,
                    "publisher": package.publisher,
                    "expected": bool(expected),
                }
            )
            return
        session.out.note(f"{package.id} {package.version} is as {package.publisher} signed it")
        if not expected:
            session.out.note("  anybody can sign; --key says whose signature it has to be")
