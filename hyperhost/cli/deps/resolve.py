"""``hyperhost deps resolve``: choose versions and write them down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperhost.cli.deps.subject import (
    LOCK,
    DevOption,
    DirectoryOption,
    OptionalOption,
    StrategyOption,
    SubjectArgument,
    read_text,
    subject_of,
    write_text,
)
from hyperhost.cli.output import Column
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.host.operations import Operations

__all__ = ["register", "settle", "tell", "write_lock"]

_COLUMNS = (
    Column("artifact"),
    Column("version"),
    Column("change"),
    Column("required_by", "NEEDED BY"),
    Column("source", wide=True),
    Column("content_hash", "HASH", wide=True),
)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "resolve")
    def resolve(
        session: Session,
        artifact: SubjectArgument = None,
        directory: DirectoryOption = Path(),
        locked: Annotated[
            bool, typer.Option("--locked", help="Fail if the lock would change; nothing is written.")
        ] = False,
        upgrade: Annotated[
            list[str] | None,
            typer.Option("--upgrade", metavar="NAME", help="Move this one; may be repeated; '*' is all."),
        ] = None,
        strategy: StrategyOption = "",
        no_dev: DevOption = False,
        optional: OptionalOption = False,
    ) -> None:
        """Choose one version of everything that is needed, and write hyperhost.lock."""
        from hyperhost.cli.deps.asking import with_person
        from hyperhost.cli.door import door, full_name

        if artifact and (locked or upgrade):
            raise typer.BadParameter("--locked and --upgrade go with a project, not with an artifact")
        upgrade = [name if name == "*" else full_name(session, name, None) for name in upgrade or ()]
        subject = subject_of(
            session, artifact, directory, strategy=strategy, no_dev=no_dev, optional=optional, upgrade=upgrade
        )
        with door(session, changes=False) as operations, with_person(session, operations):
            found = operations.run("dependency_resolve", subject=subject, frozen=locked)
        if not artifact:
            write_lock(found, directory)
        tell(session, found, directory if not artifact else None)


def settle(operations: Operations, project: str, directory: Path, upgrade: list[str]) -> dict[str, Any]:
    """Resolve a project text with the lock of a directory; nothing is written."""
    lock = read_text(directory / LOCK) or ""
    subject = {"project": project, "lock": lock, "upgrade": upgrade}
    found: dict[str, Any] = operations.run("dependency_resolve", subject=subject)
    return found


def write_lock(found: dict[str, Any], directory: Path) -> None:
    """Write the lock of an answer where it is another than the one that is there."""
    if found["lock_changed"]:
        write_text(directory / LOCK, found["lock"])


def tell(session: Session, found: dict[str, Any], directory: Path | None) -> None:
    """Show an answer: what is there, what changed, what to know of it."""
    if session.out.structured:
        session.out.data({key: value for key, value in found.items() if key != "lock"})
        return
    changed = {each["artifact"]: each for each in found["changes"]}
    rows = [
        {**each, "change": _change(changed.get(each["artifact"]))}
        for each in sorted(found["versions"], key=lambda each: str(each["artifact"]))
    ]
    gone = [each for each in found["changes"] if each["after"] is None]
    rows += [{"artifact": each["artifact"], "version": "", "change": "removed"} for each in gone]
    session.out.rows(_COLUMNS, rows, empty="nothing is needed")
    for warning in found["warnings"]:
        session.out.warn(warning)
    for cycle in found["cycles"]:
        session.out.note(f"a cycle: {' → '.join([*cycle, cycle[0]])}")
    if directory is not None:
        state = "is written" if found["lock_changed"] else "is up to date"
        session.out.note(f"{directory / LOCK} {state}")


def _change(change: dict[str, Any] | None) -> str:
    if change is None:
        return ""
    return f"was {change['before']}" if change["before"] else "new"
