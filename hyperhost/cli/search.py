"""``hyperhost search``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hyperhost.cli.output import Column
    from hyperhost.cli.text import Marked

__all__ = ["register"]

_PAGE: Final = 1000
_AROUND: Final = 50
"""Characters on either side of a word that a row shows."""
_FACETS: Final = (
    "type, namespace, state, visibility, published, author, license, tags, keywords, popularity, quality"
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "search")(_search)


def _search(
    session: Session,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[QUERY | status | rebuild | explain QUERY]",
            help="Words, '\"a phrase\"', auth*, name:auth, tags:a,b, 'rating>=4', -word; see docs/search.md.",
        ),
    ] = None,
    filters: Annotated[
        str | None,
        typer.Option(
            "--filter", metavar="QUERY", help="What must hold, too, and does not count for the rank."
        ),
    ] = None,
    sort: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY[:asc]",
            help="relevance, rating, downloads, popularity, quality, created or updated; may be repeated.",
        ),
    ] = None,
    facet: Annotated[
        list[str] | None, typer.Option(metavar="FIELD", help=f"Count its values: {_FACETS}; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Hits at most.")] = 20,
    explain: Annotated[bool, typer.Option("--explain", help="How each score came about.")] = False,
    semantic: Annotated[
        bool, typer.Option("--semantic", help="By what the words mean, whether or not they are there.")
    ] = False,
    hybrid: Annotated[
        bool, typer.Option("--hybrid", help="By words and by what they mean; the ranks of both decide.")
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Show how far the index is; search nothing.")
    ] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build the index anew; search nothing.")] = False,
) -> None:
    """Find artifacts by words and fields, the best first."""
    from hyperhost.cli.door import door
    from hyperhost.errors import InputRequiredError

    query, verb = _verb(words or [])
    status, rebuild, explain = status or verb == "status", rebuild or verb == "rebuild", explain or bool(verb)
    if semantic and hybrid:
        raise typer.BadParameter("--semantic and --hybrid exclude each other")
    if status or rebuild:
        if query is not None or (status and rebuild):
            raise typer.BadParameter("--status and --rebuild stand alone")
        with door(session, changes=False) as operations, session.out.progress("indexing"):
            report = operations.run("index_rebuild" if rebuild else "index_status")
        session.out.record(_report(report))
        return
    if query is None and not filters:
        raise InputRequiredError(
            "nothing to search for", hint="name words, or a --filter; --status shows the index"
        )
    with door(session, changes=False) as operations:
        asked = {
            "query": query or "",
            "filter": filters or "",
            "sort": [_sort_key(each) for each in sort or ()],
            "facets": facet or [],
            "explain": explain,
            "highlight": True,
            "mode": "semantic" if semantic else "hybrid" if hybrid else "keyword",
        }
        found = operations.run("search", **asked, size=min(limit, _PAGE))
        hits, token = found["hits"], found["next_token"]
        while token and len(hits) < limit:
            page = operations.run("search", **asked, size=min(limit - len(hits), _PAGE), token=token)
            hits, token = hits + page["hits"], page["next_token"]
    if session.out.structured:
        session.out.data({**found, "hits": [_row(hit) | {"highlights": hit["highlights"]} for hit in hits]})
        return
    if query and found["query"] != query and hits:
        session.out.note(f"nothing was found for {query!r}; this is what was found for {found['query']!r}")
    session.out.rows(_columns(explain), [_row(hit) for hit in hits], empty="nothing was found")
    _show_facets(session, found["facets"])
    if found["behind"]:
        missing = f"{found['behind']:,} changes cannot be found by meaning yet"
        session.out.note(f"{missing}; hyperhost search rebuild waits until they can")
    if token:
        session.out.note(f"{len(hits):,} of {found['total']:,}; see more with --limit")


def _verb(words: list[str]) -> tuple[str | None, str]:
    """The query, and which of ``status``, ``rebuild`` and ``explain`` stands in its place or before it."""
    if words in (["status"], ["rebuild"]):
        return None, words[0]
    if words[:1] == ["explain"] and len(words) > 1:
        return " ".join(words[1:]), "explain"
    return " ".join(words) if words else None, ""


def _sort_key(text: str) -> dict[str, Any]:
    key, _, direction = text.partition(":")
    if direction not in ("", "asc", "desc"):
        raise typer.BadParameter(f"--sort {text}: write {key}:asc or {key}:desc")
    return {"key": key, "descending": direction != "asc"}


def _columns(explain: bool) -> Sequence[Column]:
    from hyperhost.cli.output import Column

    return (
        Column("artifact"),
        Column("type"),
        Column("state"),
        Column("score", right=True),
        Column("found"),
        Column("explanation", wide=not explain),
        Column("id", wide=True),
    )


def _row(hit: dict[str, Any]) -> dict[str, Any]:
    from hyperhost.cli.door import coordinates

    artifact = hit["artifact"]
    return {
        "artifact": coordinates(artifact),
        "id": artifact["id"],
        "type": artifact["type"],
        "state": artifact["state"],
        "description": artifact["metadata"]["description"],
        "score": round(hit["score"], 3),
        "found": _found(hit["highlights"]) or artifact["metadata"]["description"][: 2 * _AROUND],
        "explanation": hit["explanation"],
    }


def _found(highlights: list[dict[str, Any]]) -> Marked | None:
    """A piece of text with the words that were found marked: of the description, where they are in it."""
    from hyperhost.cli.text import Marked

    if not highlights:
        return None
    best = next((each for each in highlights if each["field_name"] == "description"), highlights[0])
    low, high = max(0, best["start"] - _AROUND), best["end"] + _AROUND
    same = [each for each in highlights if each["text"] == best["text"]]
    marks = [(each["start"] - low, each["end"] - low) for each in same if low <= each["start"] < high]
    return Marked(best["text"][low:high], marks)


def _show_facets(session: Session, facets: list[dict[str, Any]]) -> None:
    from hyperhost.cli.output import Column

    rows = [
        {"facet": facet["name"], "value": value["value"], "hits": value["count"]}
        for facet in facets
        for value in facet["values"][:20]
    ]
    if rows:
        session.out.text("\n")
        session.out.rows((Column("facet"), Column("value"), Column("hits", right=True)), rows)


def _report(report: dict[str, Any]) -> dict[str, Any]:
    semantic = report["semantic"]
    return {**_dated(report), "semantic": None if semantic is None else _dated(semantic)}


def _dated(state: dict[str, Any]) -> dict[str, Any]:
    from hyperhost.cli.moments import moment_text

    updated = state["updated_at_us"]
    kept = {key: value for key, value in state.items() if key != "updated_at_us"}
    return {**kept, "updated_at": moment_text(updated) if updated else None}
