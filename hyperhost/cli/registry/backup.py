"""``hyperhost registry backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hyperhost.cli.output import Column
from hyperhost.cli.registry_options import ForceOption, YesOption, confirmed
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["register"]

_COLUMNS: Final = (
    Column("path", "BACKUP"),
    Column("at", "TIME"),
    Column("size", "BYTES", right=True),
    Column("encrypted"),
)
_Key = Annotated[
    Path | None, typer.Option("--key", metavar="FILE", help="File with a key, made with --make-key.")
]
_Passphrase = Annotated[
    Path | None, typer.Option("--passphrase", metavar="FILE", help="File whose first line is a passphrase.")
]
_Keep = Annotated[
    int, typer.Option(min=0, help="Keep so many; others are removed when the new one is verified.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "backup")(_backup)
    command(app, "restore")(_restore)


def _backup(
    session: Session,
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIRECTORY", help="Where to; backups in the home when not given.")
    ] = None,
    key: _Key = None,
    passphrase: _Passphrase = None,
    keep_last: _Keep = 0,
    keep_daily: _Keep = 0,
    keep_weekly: _Keep = 0,
    listed: Annotated[bool, typer.Option("--list", help="List the backups there instead.")] = False,
    verify: Annotated[
        Path | None, typer.Option(metavar="BACKUP", help="Verify this backup instead of making one.")
    ] = None,
    make_key: Annotated[
        Path | None, typer.Option("--make-key", metavar="FILE", help="Make a key file instead.")
    ] = None,
) -> None:
    """Write the whole registry to a file, as it is at one moment, and read it again to verify it."""
    from hyperhost.cli.door import door
    from hyperhost.cli.registry_rows import moments

    place = str((directory or session.home.path / "backups").absolute())
    secret = _secret(key, passphrase)
    keep = {"last": keep_last, "daily": keep_daily, "weekly": keep_weekly}
    with door(session, changes=False) as operations:
        if make_key is not None:
            operations.run("backup_keygen", path=str(make_key.absolute()))
            _say(session, {"file": str(make_key)}, f"made the key {make_key}; keep it apart from the backups")
            return
        if listed:
            rows = moments(operations.run("backup_list", directory=place))
            session.out.rows(_COLUMNS, rows, empty=f"no backups in {place}")
            return
        with session.out.progress("verifying" if verify else "backing up"):
            if verify is not None:
                done = operations.run("backup_verify", path=str(verify.absolute()), **secret)
            else:
                kept = {"keep": keep} if any(keep.values()) else {}
                done = operations.run("backup", directory=place, **secret, **kept)
    _say(
        session,
        moments(done),
        f"{'verified' if verify else 'wrote'} {done['path']}: {done['artifacts']:,} artifacts, "
        f"{done['contents']:,} contents, {done['size']:,} bytes",
    )
    for path in done["removed"]:
        session.out.note(f"removed {path}")


def _restore(
    session: Session,
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help="The file.")],
    key: _Key = None,
    passphrase: _Passphrase = None,
    force: ForceOption = False,
    yes: YesOption = False,
    copy: Annotated[
        bool, typer.Option("--as-copy", help="The registry that was backed up goes on elsewhere.")
    ] = False,
) -> None:
    """Put a backup in the place of what the registry holds; with --force although it is not empty."""
    from hyperhost.cli.door import check_registry, door
    from hyperhost.cli.registry_rows import moments
    from hyperhost.host.registryhome import is_lost, make_anew

    check_registry(session)
    question = f"Replace everything in the registry of {session.home.path} by {backup}?"
    if force and not confirmed(session, yes, question):
        session.out.note("nothing was changed")
        raise typer.Exit(1)
    with door(session, changes=True) as operations, session.out.progress(f"restoring {backup}"):
        given = {"path": str(backup.absolute()), **_secret(key, passphrase)}
        if is_lost(operations.host):
            operations.run("backup_verify", **given)  # nothing takes the place of what is lost but a backup
            make_anew(operations.host)
        done = operations.run("backup_restore", force=force, as_copy=copy, **given)
        if "audit_seal" in operations.offered():
            # The log was restored, too, and ends earlier than the head beside it says.
            operations.run("audit_seal", reason=f"restored from {backup.name}")
    words = f"restored {done['artifacts']:,} artifacts and {done['records']:,} records"
    _say(session, moments(done), words)


def _secret(key: Path | None, passphrase: Path | None) -> dict[str, str]:
    found = {"key_file": key, "passphrase_file": passphrase}
    return {name: str(path.absolute()) for name, path in found.items() if path is not None}


def _say(session: Session, data: Mapping[str, Any], words: str) -> None:
    if session.out.structured:
        session.out.data(data)
    else:
        session.out.note(words)
