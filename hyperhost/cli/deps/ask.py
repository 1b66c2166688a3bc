"""``hyperhost deps outdated``, ``what-if`` and ``conflicts``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hyperhost.cli.complete_registry import artifact_names
from hyperhost.cli.deps.subject import DirectoryOption, SubjectArgument, subject_of
from hyperhost.cli.output import Column, Form
from hyperhost.cli.registry_options import NamespaceArgument
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_OUTDATED = (
    Column("artifact"),
    Column("current"),
    Column("wanted"),
    Column("latest"),
    Column("held_by", "HELD BY"),
)
_CHANGES = (Column("artifact"), Column("before"), Column("after"))
_CONFLICTS = (Column("artifact"), Column("explanation"))


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "outdated")
    def outdated(
        session: Session, artifact: SubjectArgument = None, directory: DirectoryOption = Path()
    ) -> None:
        """List what could be newer: what an upgrade takes, what exists, and who holds it back."""
        from hyperhost.cli.door import door

        subject = subject_of(session, artifact, directory)
        with door(session, changes=False) as operations:
            rows = operations.run("dependency_outdated", subject=subject)
        session.out.rows(_OUTDATED, rows, empty="everything is as new as it can be")

    @command(app, "what-if")
    def what_if(
        session: Session,
        supposed: Annotated[
            str,
            typer.Argument(
                metavar="NAME@CONSTRAINT", help="As in org.acme/log@2.0.0.", autocompletion=artifact_names
            ),
        ],
        artifact: SubjectArgument = None,
        directory: DirectoryOption = Path(),
    ) -> None:
        """Say what else would change if something had another version; nothing is written."""
        from hyperhost.cli.door import door, full

        subject = subject_of(session, artifact, directory)
        with door(session, changes=False) as operations:
            found = operations.run(
                "dependency_what_if", subject=subject, artifact=full(session, supposed, None)
            )
        if session.out.structured:
            session.out.data(found)
        elif found["possible"]:
            session.out.rows(_CHANGES, found["changes"], empty="nothing would change")
            for warning in found["warnings"]:
                session.out.warn(warning)
        elif session.out.form is Form.csv:
            sentences = found["explanation"].splitlines()
            session.out.rows((Column("explanation"),), [{"explanation": each} for each in sentences])
        else:
            session.out.text(f"{found['explanation']}\n")
        if not found["possible"]:
            raise typer.Exit(1)

    @command(app, "conflicts")
    def conflicts(
        session: Session,
        namespace: NamespaceArgument,
        only: Annotated[bool, typer.Option("--only", help="Without the namespaces below.")] = False,
    ) -> None:
        """Resolve everything in a namespace, and say what cannot be and why; status 1 if there is any."""
        from hyperhost.cli.door import door

        with door(session, changes=False) as operations:
            found = operations.run("conflict_detect", namespace=namespace, descendants=not only)
        if session.out.structured:
            session.out.data(found)
        elif session.out.form is Form.csv:
            session.out.rows(_CONFLICTS, found["conflicts"])
        else:
            _tell(session, found)
        if found["conflicts"]:
            raise typer.Exit(1)


def _tell(session: Session, found: dict[str, Any]) -> None:
    """Each artifact that cannot be resolved with its reason; cycles and the count beside it."""
    for each in found["conflicts"]:
        lines = "".join(f"  {line}\n" for line in each["explanation"].splitlines())
        session.out.text(f"{each['artifact']}\n{lines}")
    for cycle in found["cycles"]:
        session.out.note(f"a cycle: {' → '.join([*cycle, cycle[0]])}")
    count = len(found["conflicts"])
    session.out.note(f"{count or 'none'} of {found['checked']} cannot be resolved")
