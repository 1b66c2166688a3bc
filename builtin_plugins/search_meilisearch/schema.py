"""The attributes of the Meilisearch index, and an artifact as a document of it.

What is found is decided by filters, which are exact: words, pairs of words and values are cut and folded by
:mod:`hyperhost.query` and kept as keys that Meilisearch can neither cut, fold nor take for a number. Its own
search by words only ranks. That is how it finds what the other engines find.
"""

from __future__ import annotations

import hashlib
import json
import re
from itertools import pairwise
from typing import Any, Final

from hyperhost.errors import RefusalError
from hyperhost.query import EXACT_FACETS, FIELDS, SEARCHED, FieldKind, FlatDocument, words

__all__ = [
    "FACET_VALUES",
    "FORMAT",
    "ID",
    "PLACES",
    "SETTINGS",
    "SHOWN",
    "beginning",
    "counted_value",
    "exact",
    "facet",
    "is_id",
    "key",
    "number",
    "pairs",
    "places_of",
    "row",
    "single",
    "text",
    "word_of",
]

FORMAT: Final = 1
"""Raised when the attributes change; an index of another format is built anew."""
ID: Final = "id"
SHOWN: Final = "shown"
PLACES: Final = ("place_1", "place_2", "place_3")
"""An id as three numbers of the same order: Meilisearch compares numbers only."""
FACET_VALUES: Final = 20_000
"""Values of a facet, and words that begin alike, that the server tells of."""
_ALL: Final = "any"
_NUMBERS: Final = tuple(
    field.name for field in FIELDS.values() if field.kind in (FieldKind.NUMBER, FieldKind.DATE)
)
_WHOLE: Final = tuple(
    field.name for field in FIELDS.values() if field.kind in (FieldKind.EXACT, FieldKind.FLAG) or field.whole
)
_LONGEST: Final = 200
"""Bytes of a word or value that stand in its key: Meilisearch cuts off what is behind 468 bytes."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CUTS: Final = ((0, 12), (12, 24), (24, 32))
_COUNTED: Final = 230
"""Bytes of a value of a facet that are counted and shown."""


def single(field: str) -> str:
    """Where the words of a field are kept for filters; of all fields that are searched for an empty one."""
    return f"w_{field or _ALL}"


def pairs(field: str) -> str:
    """The same for pairs of words that stand one after the other."""
    return f"p_{field or _ALL}"


def text(field: str) -> str:
    """Where the words of a field are ranked."""
    return f"t_{field}"


def exact(field: str) -> str:
    """Where the values of a field are kept."""
    return f"x_{field}"


def number(field: str) -> str:
    """Where the numbers of a field are kept."""
    return f"n_{field}"


def facet(field: str) -> str:
    """Where the values of a field are kept that are counted, as they were written."""
    return f"f_{field}"


_SEARCHABLE: Final = tuple(text(name) for name in sorted(SEARCHED, key=lambda name: -FIELDS[name].weight))

SETTINGS: Final[dict[str, Any]] = {
    # The first attribute counts most.
    "searchableAttributes": list(_SEARCHABLE),
    "filterableAttributes": [
        ID,
        *PLACES,
        *(make(name) for name in ("", *SEARCHED) for make in (single, pairs)),
        *map(exact, _WHOLE),
        *map(number, _NUMBERS),
        *map(facet, EXACT_FACETS),
    ],
    "sortableAttributes": [*PLACES, *map(number, _NUMBERS)],
    # Which field a word stands in decides before how near others are, as with the other engines.
    "rankingRules": [
        *("sort", "words", "attribute", "proximity", "exactness"),
        *(f"{each}:asc" for each in PLACES),
    ],
    "stopWords": [],
    "synonyms": {},
    "distinctAttribute": None,
    "typoTolerance": {"enabled": False},
    "prefixSearch": "disabled",
    "facetSearch": True,
    "faceting": {
        "maxValuesPerFacet": FACET_VALUES,
        "sortFacetValuesBy": {"*": "alpha", **{facet(name): "count" for name in EXACT_FACETS}},
    },
    "pagination": {"maxTotalHits": 2_000_000_000},
}


def key(value: str) -> str:
    """A word or value as a key: letters and digits only, never a number, nothing that could end a filter."""
    raw = value.encode(errors="surrogatepass")
    if len(raw) <= _LONGEST:
        return f"k{raw.hex()}"
    return f"k{raw[:_LONGEST].hex()}s{hashlib.sha256(raw).hexdigest()[:32]}"


def beginning(value: str) -> str:
    """What the keys of all begin with that begin so.

    Raises:
        RefusalError: rule ``search.syntax``: it is too long.
    """
    raw = value.encode(errors="surrogatepass")
    if len(raw) > _LONGEST:
        raise RefusalError(
            f"a beginning of {len(raw)} bytes is too long for the search server",
            "search.syntax",
            hint=f"write up to {_LONGEST} bytes before the *",
        )
    return f"k{raw.hex()}"


def word_of(found: str) -> str:
    """The word of a key; empty when it was too long to stand there."""
    try:
        return bytes.fromhex(found[1:]).decode(errors="surrogatepass") if found[:1] == "k" else ""
    except ValueError:
        return ""


def counted_value(found: str) -> str:
    """A value of a facet as it was written."""
    try:
        return bytes.fromhex(found[1:]).decode(errors="ignore")  # it may have been cut within a character
    except ValueError:
        return found


def is_id(artifact_id: str) -> bool:
    """Whether it is an id that artifacts have."""
    return _UUID.fullmatch(artifact_id) is not None


def places_of(artifact_id: str) -> tuple[float, ...]:
    """An id as three numbers; of two ids the first is less in them, too."""
    digits = artifact_id.replace("-", "")
    return tuple(float(int(digits[low:high], 16)) for low, high in _CUTS)


def row(document: FlatDocument) -> dict[str, Any]:
    """A document as the server takes it."""
    if not is_id(document.id):
        raise RefusalError(f"{document.id[:60]!r} is no id of an artifact", "invalid:id:form")
    made: dict[str, Any] = {ID: document.id, **dict(zip(PLACES, places_of(document.id), strict=True))}
    made[SHOWN] = json.dumps(dict(document.texts), separators=(",", ":"))
    some: dict[str, None] = {}
    paired: dict[str, None] = {}
    for name, value in document.texts.items():
        own = words(value)
        made[text(name)] = " ".join(own)
        ones = dict.fromkeys(map(key, own))
        twos = dict.fromkeys(key(f"{first} {second}") for first, second in pairwise(own))
        made[single(name)], made[pairs(name)] = list(ones), list(twos)
        some |= ones
        paired |= twos
    made[single("")], made[pairs("")] = list(some), list(paired)
    for name in _WHOLE:
        made[exact(name)] = [key(value) for value in document.values[name]]
    for name, figure in document.numbers.items():
        made[number(name)] = figure
    for name in EXACT_FACETS:
        shown = (value.encode(errors="replace")[:_COUNTED] for value in document.facets[name])
        made[facet(name)] = list(dict.fromkeys(f"v{value.hex()}" for value in shown))
    return made
