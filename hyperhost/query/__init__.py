"""The query language of search: read in one place, into a tree that every search engine translates.

``parse`` reads it, ``to_text`` writes it; ``words`` and ``flat`` say what of an artifact is indexed, and
``matches`` what a query means. An engine that indexes a :class:`FlatDocument` and agrees with ``matches``
finds what every other engine finds.
"""

from __future__ import annotations

from .checking import check_request
from .document import FlatDocument, flat, owner_value
from .fields import EXACT_FACETS, FIELDS, SEARCHED, SORT_KEYS, Field, FieldKind, nearest
from .highlighting import highlights
from .matching import distance_within, fields_of, is_whole, matches
from .paging import MAX_PAGE, Order, Place
from .parsing import parse
from .tree import (
    And,
    Boost,
    Compare,
    Everything,
    Exact,
    Fuzzy,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
    both,
    to_text,
)
from .weighing import counted, explanation, leaves
from .words import folded, words

__all__ = [
    "EXACT_FACETS",
    "FIELDS",
    "MAX_PAGE",
    "SEARCHED",
    "SORT_KEYS",
    "And",
    "Boost",
    "Compare",
    "Everything",
    "Exact",
    "Field",
    "FieldKind",
    "FlatDocument",
    "Fuzzy",
    "Node",
    "Not",
    "Or",
    "Order",
    "Phrase",
    "Place",
    "Prefix",
    "Word",
    "both",
    "check_request",
    "counted",
    "distance_within",
    "explanation",
    "fields_of",
    "flat",
    "folded",
    "highlights",
    "is_whole",
    "leaves",
    "matches",
    "nearest",
    "owner_value",
    "parse",
    "to_text",
    "words",
]
