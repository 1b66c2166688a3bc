"""Page tokens: the sort key of the last item shown, so that what follows is found whatever was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

from hyperhost.errors import RefusalError

__all__ = ["check_size", "make_token", "read_token"]

_PAGE_MAX: Final = 1000
_TOKEN_MAX: Final = 16_384


def check_size(size: int, most: int = _PAGE_MAX) -> None:
    """Return if a page may have that size.

    Raises:
        RefusalError: rule ``storage.page``.
    """
    if not 1 <= size <= most:
        raise RefusalError(f"page size is 1 to {most}, not {size}", "storage.page")


def make_token(key: Sequence[Any], query: str) -> str:
    """The token of what follows ``key`` in a query."""
    return json.dumps([*key, _seal(key, query)], separators=(",", ":"))


def read_token(token: str, query: str, types: Sequence[type]) -> list[Any]:
    """The key in a token.

    Args:
        token: The token.
        query: The query it must belong to, written in any way that differs for different ones.
        types: Of the parts of the key.

    Raises:
        RefusalError: rule ``storage.page``: it is no token of this query.
    """
    try:
        if len(token) > _TOKEN_MAX:
            raise ValueError("too long")
        key: list[Any]
        *key, seal = json.loads(token)
        if list(map(type, key)) == list(types) and seal == _seal(key, query):
            return key
    except (ValueError, TypeError, RecursionError):
        pass
    raise RefusalError(
        "the page token is not one of this query", "storage.page", hint="begin again without a token"
    )


def _seal(key: Sequence[Any], query: str) -> str:
    """Ties a token to its query and catches a damaged one; it keeps nothing secret."""
    text = json.dumps([list(key), query])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
