"""The fields of the whoosh index, and a document as whoosh takes it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from whoosh import columns, fields, formats
from whoosh.system import pack_uint

from hyperhost.query import EXACT_FACETS, FIELDS, SEARCHED, FieldKind, FlatDocument, words

__all__ = ["ALL", "FORMAT", "NUMBERS", "SEPARATOR", "exact", "make_schema", "row", "text"]

FORMAT: Final = 2
"""Raised when the schema changes; an index of another format is built anew."""
ALL: Final = "all"
"""Words of all searched fields, each weighing what its field weighs."""
SEPARATOR: Final = "\x1f"
NUMBERS: Final = tuple(
    field.name for field in FIELDS.values() if field.kind in (FieldKind.NUMBER, FieldKind.DATE)
)
_WHOLE: Final = tuple(
    field.name for field in FIELDS.values() if field.kind in (FieldKind.EXACT, FieldKind.FLAG) or field.whole
)


def text(field: str) -> str:
    """Where the words of a field are indexed."""
    return f"t_{field}"


def exact(field: str) -> str:
    """Where the values of a field are indexed."""
    return f"x_{field}"


class Weighted(formats.Frequency):  # type: ignore[misc]  # whoosh has no types
    """How often a word stands in a document, and how much it weighs; given as pairs of word and weight."""

    def word_values(
        self, value: list[tuple[str, float]], analyzer: object, **_: object
    ) -> Iterator[tuple[str, int, float, bytes]]:
        """What whoosh stores of each word."""
        counts: dict[str, int] = defaultdict(int)
        weights: dict[str, float] = defaultdict(float)
        for word, weight in value:
            counts[word] += 1
            weights[word] += weight
        for word, count in counts.items():
            yield word, count, weights[word], pack_uint(count)


def make_schema() -> Any:
    """The schema."""
    words_of_all = fields.TEXT(phrase=False)
    words_of_all.format = Weighted()
    made: dict[str, Any] = {
        "id": fields.ID(unique=True, sortable=True),
        "shown": fields.STORED,
        ALL: words_of_all,
        **{text(name): fields.TEXT(phrase=True) for name in SEARCHED},
        **{exact(name): fields.KEYWORD() for name in _WHOLE},
        **{f"n_{name}": fields.COLUMN(columns.NumericColumn("d", math.nan)) for name in NUMBERS},
        **{f"f_{name}": fields.COLUMN(columns.RefBytesColumn()) for name in EXACT_FACETS},
    }
    return fields.Schema(**made)


def row(document: FlatDocument) -> dict[str, Any]:
    """The arguments of ``add_document``."""
    found = {name: words(value) for name, value in document.texts.items()}
    return {
        "id": document.id,
        "shown": dict(document.texts),
        ALL: [(word, FIELDS[name].weight) for name, parts in found.items() for word in parts],
        **{text(name): parts for name, parts in found.items() if parts},
        **{exact(name): list(values) for name, values in document.values.items() if values},
        **{f"n_{name}": value for name, value in document.numbers.items()},
        **{
            f"f_{name}": SEPARATOR.join(document.facets[name]).encode()
            for name in EXACT_FACETS
            if document.facets[name]
        },
    }
