"""Documents and queries as PostgreSQL's text search reads them.

Nothing is left to its parser and dictionaries: words were cut and folded by :mod:`hyperhost.query`. Each
stands in the vector twice, alone and behind the number of its field: ``login`` and ``2/login``. A slash is in
no word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from hyperhost.query import FIELDS, SEARCHED, Boost, Fuzzy, Node, Or, Phrase, Prefix, Word, is_whole, words

__all__ = ["WEIGHTS", "query", "vector"]

_LABEL: Final = {8.0: "A", 4.0: "B", 2.0: "C"}
WEIGHTS: Final = "{0.125, 0.25, 0.5, 1.0}"
"""What a word counts in the body, the description or namespace, tags or keywords, the name."""
_MOST_PLACES: Final = 255
_LAST_PLACE: Final = 16_383


def vector(found: Mapping[str, Sequence[str]]) -> str:
    """The vector of a document.

    PostgreSQL remembers 255 places of one word, and 16,383 places altogether.

    Args:
        found: Words by field, in the order of :data:`hyperhost.query.SEARCHED`.
    """
    places: dict[str, list[str]] = {}
    place = 0
    for number, name in enumerate(SEARCHED):
        label = _LABEL.get(FIELDS[name].weight, "")
        for word in found[name]:
            place += 1
            at = f"{min(place, _LAST_PLACE)}{label}"
            for lexeme in (word, f"{number}/{word}"):
                own = places.setdefault(lexeme, [])
                if len(own) < _MOST_PLACES:
                    own.append(at)
        place += 1  # no phrase goes on in another field
    return " ".join(f"{_quoted(lexeme)}:{','.join(own)}" for lexeme, own in places.items())


def query(node: Node, near: Callable[[Fuzzy], Sequence[str]]) -> str | None:
    """What fits a part of a query that is about words.

    Returns:
        A query of words, empty when nothing can fit it; ``None`` for what is not about words alone.
    """
    match node:
        case Boost(item):
            return query(item, near)
        case Or(items):
            found = [query(item, near) for item in items]
            return None if None in found else _any_of([each for each in found if each])
        case Fuzzy() if not is_whole(node.field):
            begin = _begin(node.field)
            return _any_of([_quoted(begin + word) for word in near(node)])
        case Word() | Phrase() | Prefix() if not is_whole(node.field):
            begin = _begin(node.field)
            parts = [_quoted(begin + word) for word in words(node.text)]
            if not parts:
                return ""
            if isinstance(node, Prefix):
                parts[-1] += ":*"
            return parts[0] if len(parts) == 1 else f"({' <-> '.join(parts)})"
        case _:
            return None


def _begin(field: str) -> str:
    return f"{SEARCHED.index(field)}/" if field else ""


def _any_of(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({' | '.join(parts)})" if parts else ""


def _quoted(word: str) -> str:
    """A word holds nothing but letters and digits; if it did, this would keep it from being anything else."""
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
