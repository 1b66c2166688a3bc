"""``hyperhost audit export``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.host.operations import Operations

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "export")
    def export(
        session: Session, file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")]
    ) -> None:
        """Write the audit log to a file that can be checked elsewhere, one entry on each line, as stored."""
        from hyperhost.cli.door import door
        from hyperhost.host.contents import replacing

        with (
            door(session, changes=False) as operations,
            session.out.progress("exporting the audit log"),
            replacing(file, 0o600) as target,
        ):
            count, last = _write(operations, target)
        if session.out.structured:
            session.out.data({"file": str(file), "entries": count, "last": last})
        else:
            session.out.note(f"wrote {count:,} entries to {file}; the last is {last}")


def _write(operations: Operations, target: BinaryIO) -> tuple[int, str]:
    """Write what the pages hold; entries, and the place of the last as the file's own end states it."""
    asked: dict[str, Any] = {}
    while True:
        page = operations.run("audit_export", **asked)
        for line in (page["begin"], *page["lines"], page["finish"]):
            target.write(f"{line}\n".encode() if line else b"")
        if not page["more"]:
            return page["entries"], json.loads(page["finish"])["last"]
        asked = {"after": page["next_after"]} | {key: page[key] for key in ("end", "entries", "last")}
