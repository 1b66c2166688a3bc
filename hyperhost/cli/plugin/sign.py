"""``hyperhost plugin sign``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "sign")
    def sign(
        session: Session,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="A packed plugin.")],
        key: Annotated[Path, typer.Option(metavar="KEY", help="Key file to sign with, made with keygen.")],
    ) -> None:
        """Sign a packed plugin, or replace the signature that it has."""
        from hyperhost.host.keyfile import read_key
        from hyperhost.host.signing import sign_package

        signed = sign_package(file, read_key(key).seed)
        packed = signed.packed
        if session.out.structured:
            session.out.data(
                {
                    "file": str(packed.path),
                    "id": packed.id,
                    "version": packed.version,
                    "digest": packed.digest,
                    "publisher": packed.publisher,
                    "replaced": signed.replaced or None,
                    "changed": signed.changed,
                }
            )
            return
        already = "" if signed.replaced != packed.publisher else " already"
        session.out.note(f"{packed.id} {packed.version} is signed by {packed.publisher}{already}")
        if signed.replaced and not already:
            session.out.note(f"  this replaces the signature of {signed.replaced}")
