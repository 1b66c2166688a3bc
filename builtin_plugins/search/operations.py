"""The operations: arguments in, answers out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import (
    OperationCall,
    OperationInfo,
    OperationOutcome,
    SearchIndexState,
    SemanticState,
    Visibility,
)
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.contracts.schema import schema_of
from hyperhost.errors import ProviderConflictError, ProviderMissingError, RefusalError

from .refusals import invalid, no_engine, of_engine
from .requests import Found, IndexReport, Nothing, Query, Search

if TYPE_CHECKING:
    import hyperhost

    from .follower import Follower

__all__ = ["infos", "run"]

_MAX_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class _Operation:
    info: OperationInfo
    arguments: Any
    run: Callable[[OperationCall, Any, hyperhost.PluginContext, Follower], Any]


def infos() -> list[OperationInfo]:
    """All operations, in the order in which help shows them."""
    return [each.info for each in _TABLE.values()]


def run(call: OperationCall, context: hyperhost.PluginContext, follower: Follower) -> OperationOutcome | None:
    """Run one, if it is one of these.

    Raises:
        RefusalError: the arguments are wrong, or it must not happen.
    """
    known = _TABLE.get(call.operation)
    if known is None:
        return None
    arguments = _read(call, known)
    answer = known.run(call, arguments, context, follower)
    private = isinstance(answer, Found) and any(
        hit.artifact.visibility is not Visibility.PUBLIC for hit in answer.hits
    )
    details = {"query": arguments.query[:200]} if isinstance(arguments, Search) else {}
    return OperationOutcome(
        _text(to_data(answer)),
        target=call.operation,
        details_json=_text(details),
        private=private or call.operation == "index_rebuild",
    )


def _search(
    call: OperationCall, asked: Search, context: hyperhost.PluginContext, follower: Follower
) -> Found:
    from .searching import Searching

    return Searching(context, follower).search(call.principal, asked)


def _query(call: OperationCall, asked: Query, context: hyperhost.PluginContext, follower: Follower) -> Found:
    from .searching import Searching

    return Searching(context, follower).query(call.principal, asked)


def _status(
    _: OperationCall, __: Nothing, context: hyperhost.PluginContext, follower: Follower
) -> IndexReport:
    return _reported(follower, lambda: context.hook.search_status(), context.hook.semantic_status)


def _rebuild(
    _: OperationCall, __: Nothing, context: hyperhost.PluginContext, follower: Follower
) -> IndexReport:
    hook = context.hook
    return _reported(follower, follower.rebuild, hook.semantic_catch_up, hook.semantic_status)


def _reported(
    follower: Follower, ask: Callable[[], SearchIndexState], *vectors: Callable[[], SemanticState]
) -> IndexReport:
    began = time.perf_counter()
    try:
        state = ask()
    except (ProviderMissingError, ProviderConflictError) as error:
        raise no_engine(error) from error
    except RefusalError as refusal:
        raise of_engine(refusal) if refusal.rule.startswith("search.") else refusal from refusal
    semantic: SemanticState | None = None
    # Searching by meaning is not everywhere, and an index of words is none the worse without it.
    for each in vectors:
        with suppress(ProviderMissingError, ProviderConflictError, RefusalError):
            semantic = each()
            break
    took_ms = (time.perf_counter() - began) * 1000
    return IndexReport(
        state.documents,
        state.sequence,
        follower.behind(state),
        state.updated_at_us,
        state.rebuilding,
        round(took_ms, 1),
        semantic,
    )


def _read(call: OperationCall, known: _Operation) -> Any:
    if len(call.arguments_json) > _MAX_BYTES:
        raise invalid("", "size", "the arguments are longer than 1 MiB")
    try:
        data = json.loads(call.arguments_json)
    except (ValueError, RecursionError) as error:
        raise invalid("", "json", f"the arguments are no JSON: {str(error)[:200]}") from None
    if not isinstance(data, dict):
        raise invalid("", "object", "the arguments are no JSON object")
    try:
        found = from_data(known.arguments, data)
    except DataError as error:
        raise invalid(error.path, "type", str(error)) from None
    from hyperhost.query import MAX_PAGE

    size = getattr(found, "size", 1)
    if not 1 <= size <= MAX_PAGE:
        raise invalid("size", "range", f"a page of {size} hits", f"1 to {MAX_PAGE:,}")
    return found


def _text(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _made(
    name: str, summary: str, permission: str, run: Callable[..., Any], arguments: Any, answer: Any
) -> tuple[str, _Operation]:
    info = OperationInfo(
        name,
        summary,
        "search",
        permission,
        changes=False,  # an index is no part of the store, and a rebuild must not keep its writers waiting
        reads_private=name != "index_status",
        arguments_schema_json=_text(schema_of(arguments)),
        result_schema_json=_text(schema_of(answer)),
    )
    return name, _Operation(info, arguments, run)


_TABLE: Final = dict(
    (
        _made("search", "Find artifacts by words, ranked", "artifact:read", _search, Search, Found),
        _made(
            "query",
            "List artifacts by a filter, sorted by their fields",
            "artifact:read",
            _query,
            Query,
            Found,
        ),
        _made(
            "index_status",
            "Show how far the search index is",
            "administration:read",
            _status,
            Nothing,
            IndexReport,
        ),
        _made(
            "index_rebuild",
            "Build the search index anew; the old one answers meanwhile",
            "administration:index",
            _rebuild,
            Nothing,
            IndexReport,
        ),
    )
)
