"""``hyperhost deps tree``, ``graph`` and ``why``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from hyperhost.cli.complete_registry import artifact_names
from hyperhost.cli.deps.subject import DevOption, DirectoryOption, SubjectArgument, subject_of, write_text
from hyperhost.cli.output import Column, Form
from hyperhost.cli.session import Session, command

__all__ = ["register"]

_EDGES = tuple(map(Column, ("owner", "owner_version", "artifact", "version", "constraint")))

DepthOption = Annotated[int, typer.Option(min=0, help="Levels to show; 0 is all.")]
ReverseOption = Annotated[bool, typer.Option("--reverse", help="Who needs the artifact, instead.")]


class Format(StrEnum):
    """How a graph is drawn."""

    text = "text"
    mermaid = "mermaid"
    svg = "svg"
    json = "json"


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "tree")
    def tree(
        session: Session,
        artifact: SubjectArgument = None,
        directory: DirectoryOption = Path(),
        depth: DepthOption = 0,
        reverse: ReverseOption = False,
        no_dev: DevOption = False,
    ) -> None:
        """Show what is needed as a tree, or who needs something."""
        subject = subject_of(session, artifact, directory, no_dev=no_dev)
        _show(session, subject, "text", depth, None, reverse=reverse)

    @command(app, "graph")
    def graph(
        session: Session,
        artifact: SubjectArgument = None,
        form: Annotated[Format, typer.Option("--format", help="How to draw it.")] = Format.text,
        file: Annotated[
            Path | None, typer.Option("--file", metavar="FILE", help="Write the drawing there.")
        ] = None,
        directory: DirectoryOption = Path(),
        depth: DepthOption = 0,
        reverse: ReverseOption = False,
        no_dev: DevOption = False,
    ) -> None:
        """Draw what is needed, or who needs something, as text, Mermaid or SVG."""
        subject = subject_of(session, artifact, directory, no_dev=no_dev)
        _show(session, subject, form.value, depth, file, reverse=reverse)

    @command(app, "why")
    def why(
        session: Session,
        name: Annotated[
            str, typer.Argument(metavar="NAME", help="NAMESPACE/NAME.", autocompletion=artifact_names)
        ],
        artifact: SubjectArgument = None,
        directory: DirectoryOption = Path(),
    ) -> None:
        """Say by which ways something came in, or why it cannot."""
        from hyperhost.cli.door import door, full

        subject = subject_of(session, artifact, directory)
        with door(session, changes=False) as operations:
            sentences = operations.run("dependency_why", subject=subject, artifact=full(session, name, None))
        if session.out.structured:
            session.out.data(sentences)
        elif session.out.form is Form.csv:
            session.out.rows((Column("sentence"),), [{"sentence": each} for each in sentences])
        else:
            session.out.text("".join(f"{sentence}\n" for sentence in sentences))


def _rows(found: dict[str, Any]) -> list[dict[str, str]]:
    """Who needs what, a row each; what nothing here needs has a row without an owner."""
    versions, edges = found["nodes"], found["edges"]
    needed = {artifact for _, artifact, _ in edges}
    alone = [["", artifact, ""] for artifact in versions if artifact not in needed]
    return [
        {
            "owner": owner,
            "owner_version": versions.get(owner, ""),
            "artifact": artifact,
            "version": versions.get(artifact, ""),
            "constraint": constraint,
        }
        for owner, artifact, constraint in [*alone, *edges]
    ]


def _show(
    session: Session, subject: dict[str, Any], form: str, depth: int, file: Path | None, *, reverse: bool
) -> None:
    from hyperhost.cli.door import door

    structured = session.out.structured
    title = str(subject.get("artifact") or "") if form in ("svg", "mermaid") else ""
    with door(session, changes=False) as operations:
        found = operations.run(
            "dependency_graph",
            subject=subject,
            format=form,
            depth=depth,
            title=title,
            direction="dependents" if reverse else "dependencies",
        )
    if file is not None:
        import json

        text = found["drawing"] or json.dumps(found, ensure_ascii=False, indent=2) + "\n"
        write_text(file, text)
        session.out.note(f"{file} is written")
    elif session.out.form is Form.csv:
        session.out.rows(_EDGES, _rows(found))
    elif structured or form == "json":
        session.out.data(found)
    else:
        session.out.text(found["drawing"])
