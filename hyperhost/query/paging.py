"""The order of hits, and page tokens that say behind which hit to go on.

A token holds the sort values and the id of the last hit, so it stays good while documents come and go: what
was there before it and after it stays there. Scores of relevance shift a little when an index changes, so
with them a hit near the edge of a page may be shown twice or not at all.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
import json
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from hyperhost.contracts.search import SearchRequest, SearchSort
from hyperhost.errors import RefusalError

from .fields import SORT_KEYS, nearest

__all__ = ["MAX_PAGE", "Order", "Place"]

MAX_PAGE: Final = 1000
"""Hits of one page."""

Place = tuple[tuple[float, ...], str]
"""Sort values, the least first, and the id: what hits are ordered by."""


_BEST_FIRST: Final = (SearchSort("relevance"),)


class Order:
    """The order that a request asks for.

    Args:
        request: The search.

    Attributes:
        sort: Its sort keys; relevance when it names none.
        after: Where the page begins; ``None`` for the first.

    Raises:
        RefusalError: rule ``search.field`` or ``search.page``.
    """

    def __init__(self, request: SearchRequest) -> None:
        if not 1 <= request.size <= MAX_PAGE:
            raise RefusalError(f"a page of {request.size} hits", "search.page", hint=f"1 to {MAX_PAGE:,}")
        for each in request.sort:
            if each.key not in SORT_KEYS:
                raise RefusalError(
                    f"hits cannot be sorted by {each.key[:80]!r}",
                    "search.field",
                    hint=nearest(each.key, SORT_KEYS),
                )
        self.size = request.size
        self.sort = tuple(request.sort) or _BEST_FIRST
        self._question = request.query, request.filter
        self.after: Place | None = self._read(request.token) if request.token else None

    @property
    def by_relevance(self) -> bool:
        """Whether scores decide on the order before anything else, the best first."""
        return self.sort[0] == SearchSort("relevance")

    @property
    def scored(self) -> bool:
        """Whether scores decide on the order at all."""
        return any(each.key == "relevance" for each in self.sort)

    def values(self, score: float, numbers: Mapping[str, float]) -> tuple[float, ...]:
        """What a hit is ordered by before its id, the least first."""
        if self.sort == _BEST_FIRST:
            return (-score,)
        values = [score if each.key == "relevance" else numbers[each.key] for each in self.sort]
        return tuple(
            -value if each.descending else value for value, each in zip(values, self.sort, strict=True)
        )

    def place(self, score: float, numbers: Mapping[str, float], artifact_id: str) -> Place:
        """Where a hit stands."""
        return self.values(score, numbers), artifact_id

    def page(self, places: Iterable[Place]) -> tuple[list[Place], str]:
        """The hits of the page, of all that there are, and the token of the next one."""
        if self.after is not None:
            after = self.after
            places = (place for place in places if place > after)
        found = heapq.nsmallest(self.size + 1, places)
        more = len(found) > self.size
        found = found[: self.size]
        return found, self.token(found[-1]) if more else ""

    def token(self, place: Place) -> str:
        """The token of what follows a hit."""
        data = json.dumps([self._mark(), list(place[0]), place[1]], separators=(",", ":"))
        return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")

    def _mark(self) -> str:
        """Recognises the search, so that a token is not used with another one."""
        return _marked(*self._question, tuple((each.key, each.descending) for each in self.sort))

    def _read(self, token: str) -> Place:
        try:
            data: Any = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            mark, values, last = data
            numbers = tuple(float(value) for value in values)
            good = (
                len(numbers) == len(self.sort) and all(map(math.isfinite, numbers)) and isinstance(last, str)
            )
        except (ValueError, TypeError, RecursionError):
            good = False
        if not good:
            raise RefusalError("the page token is none", "search.page", hint="use next_token as it is")
        if mark != self._mark():
            raise RefusalError(
                "the page token belongs to another search",
                "search.page",
                hint="use it with the same query, filter and order",
            )
        return numbers, last


@lru_cache(256)
def _marked(query: str, condition: str, sort: tuple[tuple[str, bool], ...]) -> str:
    question = json.dumps([query, condition, sort])
    return hashlib.sha256(question.encode()).hexdigest()[:12]
