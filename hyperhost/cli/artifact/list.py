"""``hyperhost artifact list``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hyperhost.cli.filters import FilterOption, matching
from hyperhost.cli.registry_options import AtOption, LimitOption, NamespaceOption, pairs
from hyperhost.cli.session import Session, command

if TYPE_CHECKING:
    from hyperhost.host.operations import Operations

__all__ = ["register"]

_PAGE = 500


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "list")
    def list_artifacts(
        session: Session,
        namespace: NamespaceOption = None,
        below: Annotated[bool, typer.Option("--below", help="Namespaces below it, too.")] = False,
        name: Annotated[str | None, typer.Option(help="The whole name.")] = None,
        kind: Annotated[str | None, typer.Option("--type", help="The type.")] = None,
        state: Annotated[str | None, typer.Option(help="draft, published, deprecated or archived.")] = None,
        visibility: Annotated[str | None, typer.Option(help="public, private or internal.")] = None,
        selector: Annotated[
            list[str] | None,
            typer.Option("--selector", "-l", metavar="KEY=VALUE", help="A label it has; all must hold."),
        ] = None,
        sort: Annotated[str, typer.Option(help="created, updated, name, downloads or rating.")] = "name",
        descending: Annotated[bool, typer.Option("--descending", help="The other way round.")] = False,
        limit: LimitOption = 100,
        filters: FilterOption = None,
        at: AtOption = None,
    ) -> None:
        """List artifacts, each version a row."""
        from hyperhost.cli.door import door
        from hyperhost.cli.moments import moment_us
        from hyperhost.cli.registry_rows import ARTIFACT_COLUMNS, artifact_row

        query = {
            "namespace": namespace,
            "descendants": below,
            "name": name,
            "type": kind,
            "state": state,
            "visibility": visibility,
            "labels": pairs(selector, "--selector"),
            "sort": sort,
            "descending": descending,
        }
        at_us = moment_us(at) if at is not None else None
        rows: list[Any] = []
        more = False
        with door(session, changes=False) as operations:
            pages = _then(operations, query, at_us) if at_us is not None else _pages(operations, query)
            for items in pages:
                rows += matching([artifact_row(item) for item in items], filters)
                more = len(rows) > limit
                if more:
                    break
        session.out.rows(
            ARTIFACT_COLUMNS, rows[:limit], empty="no artifacts; add one with: hyperhost artifact create"
        )
        if more:
            session.out.note(f"there are more than {limit}; see them with --limit")


def _pages(operations: Operations, query: dict[str, Any]) -> Iterator[list[Any]]:
    token = ""
    while True:
        page = operations.run("list", query=query, page={"size": _PAGE, "token": token})
        yield page["items"]
        token = page["next_token"]
        if not token:
            return


def _then(operations: Operations, query: dict[str, Any], at_us: int) -> Iterator[list[Any]]:
    """What there was at a time: the history knows artifacts, and the query is applied to them here."""
    asked: dict[str, Any] = {"at_us": at_us}
    name = "registry_at"
    if query["namespace"]:
        name = "namespace_at"
        asked |= {"namespace": query["namespace"], "descendants": query["descendants"]}
    token = ""
    while True:
        page = operations.run(name, **asked, page={"size": _PAGE, "token": token})
        yield [item for item in (each["artifact"] for each in page["items"]) if _fits(item, query)]
        token = page["next_token"]
        if not token:
            return


def _fits(item: dict[str, Any], query: dict[str, Any]) -> bool:
    if any(query[key] and item[key] != query[key] for key in ("name", "type", "state", "visibility")):
        return False
    return all(item["labels"].get(key) == value for key, value in query["labels"].items())
