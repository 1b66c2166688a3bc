"""From the tree of a query to a filter of Meilisearch that finds exactly what the query means.

What a filter cannot say by itself is looked up first: which words nearly are like one that was typed, and
which documents have three or more words one after the other. Both are bounded, and refused beyond.

Nothing that a person has written gets into a filter but as a key of letters and digits, see :mod:`.schema`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final

from hyperhost.errors import RefusalError
from hyperhost.query import (
    And,
    Boost,
    Compare,
    Everything,
    Exact,
    FlatDocument,
    Fuzzy,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
    distance_within,
    folded,
    is_whole,
    matches,
    words,
)

from .schema import FACET_VALUES, ID, beginning, exact, key, number, pairs, single, word_of

__all__ = ["LOOKED", "Filters", "all_of", "any_of"]

LOOKED: Final = 1_000
"""Documents that are looked at one by one for a phrase."""
_DEPTH: Final = 125
"""How deeply a filter may be nested as the server counts; it takes 150, and some are put around this."""
_GROUP: Final = 5
"""What a group counts; a ``NOT`` counts 1."""
_JOINED: Final = re.compile(r"[()]|(?<= )(?:AND|OR)(?= )")
_NESTING: Final = re.compile(r"NOT \(|[()]")
_ALWAYS: Final = f"{ID} EXISTS"
_NEVER: Final = f"{ID} NOT EXISTS"


class Filters:
    """Makes filters for one state of the index.

    Args:
        near: Gives the keys of an attribute that begin so, at most :data:`FACET_VALUES`.
        read: Gives the documents that a filter finds, at most one more than :data:`LOOKED`; of each the
            texts alone.
    """

    def __init__(
        self, near: Callable[[str, str], Sequence[str]], read: Callable[[str], Sequence[FlatDocument]]
    ) -> None:
        self._near = near
        self._read = read
        self._known: dict[Node, str] = {}

    def of(self, node: Node) -> str:
        """The filter of a query.

        Raises:
            RefusalError: rule ``search.syntax`` or ``search.limit``: the server cannot answer that, or not
                exactly.
        """
        made = self._of(node)
        if _depth_of(made) > _DEPTH:
            raise RefusalError(
                "the query is nested too deeply for the search server",
                "search.syntax",
                hint="write it with fewer parentheses",
            )
        return made

    def _of(self, node: Node) -> str:
        match node:
            case Everything():
                return _ALWAYS
            case And(items):
                return all_of(map(self._of, items))
            case Or(items):
                return any_of(self._alternatives(items))
            case Not(item):
                return f"NOT {_grouped(self._of(item))}"
            case Boost(item):
                return self._of(item)
            case Compare(field, op, value):
                return f"{number(field)} {op} {format(Decimal(repr(value)), 'f')}"
            case Exact(field, value):
                return _among(exact(field), [key(folded(value))])
            case _:
                if node not in self._known:
                    self._known[node] = self._of_words(node)
                return self._known[node]

    def _alternatives(self, items: Iterable[Node]) -> list[str]:
        """The filters of some, values of one field together: there may be thousands."""
        values: dict[str, list[str]] = {}
        found = []
        for item in items:
            if isinstance(item, Exact):
                values.setdefault(exact(item.field), []).append(key(folded(item.text)))
            elif isinstance(item, Word) and len(own := words(item.text)) == 1:
                values.setdefault(single(item.field), []).append(key(own[0]))
            else:
                found.append(self._of(item))
        return [*(_among(name, keys) for name, keys in values.items()), *found]

    def _of_words(self, node: Word | Phrase | Prefix | Fuzzy) -> str:
        if isinstance(node, Prefix) and is_whole(node.field):
            return f"{exact(node.field)} STARTS WITH {beginning(folded(node.text))}"
        wanted = words(node.text)
        if not wanted:
            return _NEVER
        if isinstance(node, Fuzzy):
            return self._of_typo(node, wanted[0])
        *first, last = wanted
        if isinstance(node, Prefix):
            if not first:
                return f"{single(node.field)} STARTS WITH {beginning(last)}"
            behind = f"{pairs(node.field)} STARTS WITH {beginning(f'{first[-1]} {last}')}"
            found = [*_paired(node.field, first), behind]
        elif not first:
            return _among(single(node.field), [key(last)])
        else:
            found = _paired(node.field, wanted)
        return found[0] if len(wanted) == 2 else self._of_phrase(node, all_of(found))

    def _of_typo(self, node: Fuzzy, word: str) -> str:
        name = single(node.field)
        likely = self._near(name, beginning(word[0]))
        if len(likely) >= FACET_VALUES:
            raise RefusalError(
                f"more than {FACET_VALUES:,} words begin with {word[0]!r}, too many to look for typos",
                "search.limit",
                hint=f"write the word as it is, or name a field: name:{word}~{node.distance}",
            )
        return _among(name, [each for each in likely if distance_within(word, word_of(each), node.distance)])

    def _of_phrase(self, node: Node, pairwise_filter: str) -> str:
        """Three words or more: what has each two of them side by side need not have all of them so."""
        likely = self._read(pairwise_filter)
        if len(likely) > LOOKED:
            raise RefusalError(
                f"more than {LOOKED:,} artifacts have parts of a phrase, too many to look at one by one",
                "search.limit",
                hint="leave words out of the phrase, down to two, or name a field",
            )
        return _among(ID, [each.id for each in likely if matches(node, each)])


def all_of(filters: Iterable[str]) -> str:
    """What fits all of some filters."""
    found = [each for each in filters if each != _ALWAYS]
    if len(found) < 2:
        return found[0] if found else _ALWAYS
    return " AND ".join(map(_grouped, found))


def any_of(filters: Iterable[str]) -> str:
    """What fits any of some filters."""
    found = [each for each in filters if each != _NEVER]
    if len(found) < 2:
        return found[0] if found else _NEVER
    return " OR ".join(map(_grouped, found))


def _depth_of(made: str) -> int:
    """How deeply the server thinks a filter is nested."""
    depth = deepest = 0
    opened: list[int] = []
    for found in _NESTING.findall(made):
        if found == ")":
            depth -= opened.pop()
        else:
            opened.append(_GROUP + (found != "("))
            depth += opened[-1]
            deepest = max(deepest, depth)
    return deepest


def _grouped(made: str) -> str:
    """In parentheses, if its parts would come apart without: nesting is dear."""
    depth = 0
    for found in _JOINED.findall(made):
        if not depth and found.isalpha():
            return f"({made})"
        depth += (found == "(") - (found == ")")
    return made


def _among(name: str, values: Sequence[str]) -> str:
    if not values:
        return _NEVER
    quoted = [f'"{each}"' for each in dict.fromkeys(values)]
    return f"{name} = {quoted[0]}" if len(quoted) == 1 else f"{name} IN [{', '.join(quoted)}]"


def _paired(field: str, found: Sequence[str]) -> list[str]:
    """All pairs of words that stand one after the other."""
    return [_among(pairs(field), [key(f"{first} {second}")]) for first, second in pairwise(found)]
