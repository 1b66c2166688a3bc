"""Queries as FTS5 reads them.

Nothing of what a person typed gets into an expression but words, which are letters and digits, between
quotation marks; columns and operators are written here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from hyperhost.query import And, Boost, Fuzzy, Node, Not, Or, Phrase, Prefix, Word, is_whole, words

__all__ = ["MAX_PHRASES", "NEVER", "Near", "any_of", "expression", "leaves", "phrases"]

NEVER: Final = ""
"""An expression that nothing fits; FTS5 has none."""
MAX_PHRASES: Final = 400
"""Words of one expression; what has more is asked for in several."""
_MAX_HEIGHT: Final = 12
"""Groups inside of each other; the stack of FTS5's parser has 100 places."""

Near = Callable[[Fuzzy], Sequence[str]]
"""Gives the words of the index that nearly are like another."""


def expression(node: Node, near: Near, height: int = 0) -> str | None:
    """What fits a query, as an expression.

    Boosts do not change what fits.

    Returns:
        The expression, :data:`NEVER`, or ``None`` for a query that is not about words alone or has too many.
    """
    if height == 0 and phrases(node, near) > MAX_PHRASES:
        return None
    match node:
        case Word() | Phrase() | Prefix() | Fuzzy():
            return None if is_whole(node.field) else _leaf(node, near)
        case Boost(item):
            return expression(item, near, height)
        case Or(items) if height < _MAX_HEIGHT:
            found = [expression(item, near, height + 1) for item in items]
            return None if None in found else any_of(filter(None, found))
        case And(items) if height < _MAX_HEIGHT:
            return _all_of(items, near, height + 1)
        case _:
            return None


def any_of(expressions: Iterable[str]) -> str:
    """What fits one of some expressions, of which none is :data:`NEVER`."""
    return _joined(" OR ", list(expressions))


def phrases(node: Node, near: Near) -> int:
    """How many phrases the expression of a query has."""
    match node:
        case And(items) | Or(items):
            return sum(phrases(item, near) for item in items)
        case Not(item) | Boost(item):
            return phrases(item, near)
        case Fuzzy():
            return len(near(node))
        case _:
            return 1


def leaves(node: Node, factor: float = 1.0) -> Iterator[tuple[Node, float]]:
    """The parts of a query that count towards the score, and how much."""
    match node:
        case And(items) | Or(items):
            for item in items:
                yield from leaves(item, factor)
        case Boost(item, own):
            yield from leaves(item, factor * own)
        case Word() | Phrase() | Prefix() | Fuzzy() if not is_whole(node.field):
            yield node, factor
        case _:
            return


def _all_of(items: Iterable[Node], near: Near, height: int) -> str | None:
    wanted: list[str] = []
    unwanted: list[str] = []
    for item in items:
        negated = isinstance(item, Not)
        found = expression(item.item if isinstance(item, Not) else item, near, height)
        if found is None:
            return None
        if found == NEVER and not negated:
            return NEVER
        if found:
            (unwanted if negated else wanted).append(found)
    if not wanted:
        return None
    whole = _joined(" AND ", wanted)
    return f"({whole} NOT {_joined(' OR ', unwanted)})" if unwanted else whole


def _joined(operator: str, parts: list[str]) -> str:
    if len(parts) < 2:
        return parts[0] if parts else NEVER
    return f"({operator.join(parts)})"


def _leaf(node: Word | Phrase | Prefix | Fuzzy, near: Near) -> str:
    column = f"{node.field} : " if node.field else ""
    if isinstance(node, Fuzzy):
        return _joined(" OR ", [f"{column}{_quoted([word])}" for word in near(node)])
    found = words(node.text)
    if not found:
        return NEVER
    return f"{column}{_quoted(found)}{' *' if isinstance(node, Prefix) else ''}"


def _quoted(found: Sequence[str]) -> str:
    """Words one after another. They hold no quotation marks, and if they did they were doubled."""
    joined = " ".join(found).replace('"', '""')
    return f'"{joined}"'
