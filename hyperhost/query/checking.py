"""Whether a search is written as it has to be, in the words of the hook ``search_query``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.errors import QuerySyntaxError, RefusalError

from .parsing import parse

if TYPE_CHECKING:
    from hyperhost.contracts.search import SearchRequest

__all__ = ["check_request"]


def check_request(request: SearchRequest) -> None:
    """Read the query and the filter of a search; an engine that reads them again finds them kept.

    Raises:
        RefusalError: rule ``search.syntax`` or ``search.field``; the reason points at the character.
    """
    for text, own in ((request.query, False), (request.filter, True)):
        try:
            parse(text, trusted=own)
        except QuerySyntaxError as error:
            rule = "search.field" if error.rule == "field" else "search.syntax"
            raise RefusalError(error.message, rule, hint=error.hint) from None
