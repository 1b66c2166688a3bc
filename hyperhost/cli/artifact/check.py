"""``hyperhost artifact validate``, ``lint`` and ``test``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hyperhost.cli.artifact import draft as drafts
from hyperhost.cli.output import Column
from hyperhost.cli.registry_options import ArtifactArgument, NamespaceOption
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_ISSUES: Final = (Column("severity"), Column("rule"), Column("path", "WHERE"), Column("message"))
_CHECKS: Final = (Column("name", "CHECK"), Column("status"), Column("message"))
_GRAVE: Final = ("high", "critical")
_Strict = Annotated[bool, typer.Option("--strict", help="Status 1 for any remark, not only for grave ones.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "validate")
    def validate(
        session: Session,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML, JSON or TOML, as for create.")],
        strict: _Strict = False,
        namespace: NamespaceOption = None,
    ) -> None:
        """Judge a draft as creating it would, without creating it."""
        from hyperhost.cli.door import door

        draft = drafts.draft_of(session, file, namespace, {})
        draft.pop("content", None)  # nothing is to be kept
        with door(session, changes=True) as operations:
            issues = operations.run("validate", draft=draft)
        _tell(session, issues, strict, f"{file} can be created")

    @command(app, "lint")
    def lint(
        session: Session,
        target: Annotated[
            str, typer.Argument(metavar="ARTIFACT|FILE", help="An artifact, or the file of a draft.")
        ],
        strict: _Strict = False,
        namespace: NamespaceOption = None,
    ) -> None:
        """Remark on the style of an artifact, or of a draft in a file."""
        from hyperhost.cli.door import door, full

        path = Path(target)
        with door(session, changes=False) as operations:
            if path.suffix.lower() in (".json", ".toml", ".yaml", ".yml") and path.is_file():
                draft = drafts.draft_of(session, path, namespace, {})
                without = draft.pop("content", None) is None
                found = operations.run("lint", draft=draft)
                issues = [each for each in found if without or each["rule"] != "content.missing"]
            else:
                issues = operations.run("lint", artifact=full(session, target, namespace))
        _tell(session, issues, strict, "nothing to remark")

    @command(app, "test")
    def test(session: Session, artifact: ArtifactArgument, namespace: NamespaceOption = None) -> None:
        """Check that its manifest holds, its content has its hash, and what it needs is there."""
        from hyperhost.cli.door import door, full

        reference = full(session, artifact, namespace)
        with door(session, changes=False) as operations:
            report = operations.run("test", artifact=reference)
        if session.out.structured:
            session.out.data(report)
        else:
            rows = [{**each, "status": "ok" if each["passed"] else "broken"} for each in report["checks"]]
            session.out.rows(_CHECKS, rows)
        if not report["passed"]:
            raise typer.Exit(1)


def _tell(session: Session, issues: list[Any], strict: bool, fine: str) -> None:
    """A list, and status 1 when one of them is grave; with ``strict`` when there is any."""
    session.out.rows(_ISSUES, issues, empty=fine)
    if any(strict or issue["severity"] in _GRAVE for issue in issues):
        raise typer.Exit(1)
