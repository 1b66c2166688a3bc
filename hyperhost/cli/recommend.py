"""``hyperhost recommend``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperhost.cli.complete_registry import artifact_names, namespace_paths
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyperhost.cli.output import Column

__all__ = ["register"]


class Type(StrEnum):
    """What an artifact is."""

    plugin = "plugin"
    service = "service"
    config = "config"
    template = "template"
    library = "library"
    theme = "theme"


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "recommend")(_recommend)


def _recommend(
    session: Session,
    artifact: Annotated[
        str | None,
        typer.Argument(
            metavar="[ARTIFACT]",
            help="NAMESPACE/NAME that they are to go with; without it, what you have used.",
            autocompletion=artifact_names,
        ),
    ] = None,
    using: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="NAME",
            help="NAMESPACE/NAME of what is in use already; may be repeated.",
            autocompletion=artifact_names,
        ),
    ] = None,
    text: Annotated[str, typer.Option(metavar="WORDS", help="Words about what is looked for.")] = "",
    kind: Annotated[
        Type | None, typer.Option("--type", help="Only artifacts of this type.", show_default=False)
    ] = None,
    namespace: Annotated[
        str,
        typer.Option(
            metavar="PATH",
            help="Only artifacts of this namespace and below it.",
            autocompletion=namespace_paths,
        ),
    ] = "",
    person: Annotated[
        str, typer.Option("--for", metavar="PRINCIPAL", help="For somebody else; needs audit:read.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Artifacts at most.")] = 10,
    explain: Annotated[bool, typer.Option("--explain", help="How each score came about.")] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Show what was learned so far; recommend nothing.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Learn everything anew; recommend nothing.")
    ] = False,
) -> None:
    """Recommend artifacts that go with one, or with what you use, and say why."""
    from hyperhost.cli.door import door, full

    asked = any((artifact, using, text, kind, namespace, person))
    if status or rebuild:
        if asked or (status and rebuild):
            raise typer.BadParameter("--status and --rebuild stand alone")
        with door(session, changes=False) as operations, session.out.progress("learning"):
            session.out.record(_dated(operations.run("recommend_rebuild" if rebuild else "recommend_status")))
        return
    request: dict[str, Any] = {"text": text, "namespace": namespace, "limit": limit}
    if artifact:
        request["artifact"] = full(session, artifact, None)
    if using:
        request["using"] = [full(session, each, None) for each in using]
    if kind is not None:
        request["type"] = kind.value
    if person:
        request["person"] = person
    with door(session, changes=False) as operations:
        found = operations.run("recommend_for" if person else "recommend", **request)
    if session.out.structured:
        session.out.data(found)
        return
    rows = [_row(each) for each in found["items"]]
    session.out.rows(_columns(found["items"], explain), rows, empty="there is nothing to recommend")
    if found["behind"]:
        session.out.note(f"{found['behind']:,} events were not learned from yet")


def _columns(items: list[dict[str, Any]], explain: bool) -> Sequence[Column]:
    from hyperhost.cli.output import Column

    parts = [part["name"] for part in items[0]["parts"]] if items else []
    return (
        Column("artifact"),
        Column("version", wide=True),
        Column("score", right=True),
        *(Column(name, right=True, wide=not explain) for name in parts),
        Column("reasons" if explain else "why"),
        Column("id", wide=True),
    )


def _row(item: dict[str, Any]) -> dict[str, Any]:
    return {
        **item,
        "score": f"{item['score']:.3f}",
        **{part["name"]: f"{part['contribution']:.3f}" for part in item["parts"]},
        "why": item["reasons"][0],
        "reasons": "; ".join(item["reasons"]),
    }


def _dated(state: dict[str, Any]) -> dict[str, Any]:
    from hyperhost.cli.moments import moment_text

    updated = state["updated_at_us"]
    kept = {key: value for key, value in state.items() if key != "updated_at_us"}
    return {**kept, "updated_at": moment_text(updated) if updated else None}
