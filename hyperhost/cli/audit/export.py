"""``hyperhost audit export``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer

from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.host.operations import Operations

__all__ = ["register"]

_FORMAT: Final = "hyperhost-audit-1"
_BEFORE_ALL: Final = "0" * 64


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
    count, after, last, end = 0, 0, f"0:{_BEFORE_ALL}", None
    target.write(_frame({"format": _FORMAT, "first": 1, "previous": _BEFORE_ALL}))
    while True:
        page = operations.run("audit_export", after=after, end=end)
        for line in page["lines"]:
            target.write(f"{line}\n".encode())
        count += len(page["lines"])
        after, end, last = page["next_after"], page["end"], page["last"] or last
        if not page["more"]:
            break
    target.write(_frame({"format": _FORMAT, "entries": count, "last": last}))
    return count, last


def _frame(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n").encode()
