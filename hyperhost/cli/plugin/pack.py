"""``hyperhost plugin pack``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hyperhost.cli.session import Session, command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "pack")
    def pack(
        session: Session,
        directory: Annotated[
            Path, typer.Argument(metavar="DIR", help="Directory of the plugin, where plugin.toml is.")
        ],
        out: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE.hhp", help="The file to write; ID-VERSION.hhp in this directory when not given."
            ),
        ] = None,
        key: Annotated[
            Path | None, typer.Option(metavar="FILE", help="Sign it with this key, made with keygen.")
        ] = None,
    ) -> None:
        """Write a plugin as one file: manifest, component, documents, licence, parts list, signature."""
        from hyperhost.host.keyfile import read_key
        from hyperhost.host.packing import pack

        seed = read_key(key).seed if key is not None else None
        with session.out.progress(f"packing {directory}"):
            packed = pack(directory, out, seed=seed)
        if session.out.structured:
            session.out.data(
                {
                    "file": str(packed.path),
                    "id": packed.id,
                    "version": packed.version,
                    "digest": packed.digest,
                    "publisher": packed.publisher or None,
                    "bytes": packed.size,
                    "sha256": packed.sha256,
                    "files": list(packed.files),
                    "notes": list(packed.notes),
                }
            )
            return
        session.out.note(
            f"packed {packed.id} {packed.version} into {packed.path} ({packed.size:,} bytes, "
            f"{len(packed.files)} files)"
        )
        if packed.publisher:
            session.out.note(f"  signed by {packed.publisher}")
        for note in packed.notes:
            session.out.note(f"  {note}")
