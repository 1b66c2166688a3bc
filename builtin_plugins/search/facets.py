"""Counts of an engine, and those of documents that it has not counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hyperhost.contracts import Facet, FacetValue
from hyperhost.query import FlatDocument

__all__ = ["joined"]


def joined(facets: list[Facet], more: Iterable[FlatDocument]) -> list[Facet]:
    """Facets with the values of more documents; the most frequent first, then by name."""
    documents = list(more)
    made = []
    for facet in facets:
        counts = Counter({value.value: value.count for value in facet.values})
        for document in documents:
            counts.update(document.facets[facet.name])
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        made.append(Facet(facet.name, [FacetValue(value, count) for value, count in ordered]))
    return made
