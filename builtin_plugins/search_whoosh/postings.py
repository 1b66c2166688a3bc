"""The documents of a word, block after block: one by one, as whoosh's matchers go, takes many times as long.

Scores are whoosh's BM25F: what of it does not depend on the document is computed once for each word.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

from whoosh.codec.whoosh3 import W3LeafMatcher
from whoosh.matching.wrappers import FilterMatcher
from whoosh.reading import TermNotFound
from whoosh.util.numeric import byte_to_length

from .segments import lengths_of

__all__ = ["numbers", "phrase", "word"]

_Block = tuple[Sequence[int], Sequence[float], Sequence[bytes]]
"""Numbers of documents, how much the word weighs in each, and what else is stored."""
_LENGTHS: Final = tuple(map(byte_to_length, range(256)))
"""Whoosh stores lengths of fields as one byte."""
_FEW: Final = 1_000
"""Up to so many documents that matter, blocks without any of them are left out."""


def numbers(reader: Any, field: str, term: Any) -> list[int]:
    """All documents that have a term, in their order."""
    found: list[int] = []
    for ids, _, _ in _blocks(reader, field, term):
        found += ids
    return found


def word(
    part: Any, field: str, wanted: str, boost: float, within: Collection[int] | None
) -> dict[int, float]:
    """The documents that have a word, with how well.

    Args:
        part: Whoosh's searcher of the segment.
        field: Where.
        wanted: The word.
        boost: How much it counts.
        within: The only documents that matter; ``None`` for all.
    """
    found: dict[int, float] = {}
    scored = None
    for ids, weights, _ in _blocks(part.reader(), field, wanted, within):
        scored = scored or _Scored(part, field)
        if within is None:
            found.update(zip(ids, scored.all(wanted, boost, ids, weights), strict=True))
        else:
            pairs = [pair for pair in zip(ids, weights, strict=True) if pair[0] in within]
            if pairs:
                ids, weights = zip(*pairs, strict=True)
                found.update(zip(ids, scored.all(wanted, boost, ids, weights), strict=True))
    return found


def phrase(
    part: Any, field: str, wanted: Sequence[str], boost: float, within: Collection[int] | None
) -> dict[int, float]:
    """The documents that have words one after another in a field, with how well.

    Args:
        part: Whoosh's searcher of the segment.
        field: Where.
        wanted: The words, two or more.
        boost: How much they count.
        within: The only documents that matter; ``None`` for all.
    """
    reader = part.reader()
    there = {each: reader.doc_frequency(field, each) for each in wanted}
    found: dict[str, dict[int, tuple[float, bytes]]] = {}
    if not all(there.values()):
        return {}
    for each in sorted(there, key=there.__getitem__):
        own: dict[int, tuple[float, bytes]] = {}
        for ids, weights, values in _blocks(reader, field, each, within, values=True):
            triples = zip(ids, weights, values, strict=True)
            own.update((a, (b, c)) for a, b, c in triples if within is None or a in within)
        found[each] = own
        within = own.keys()
        if not own:
            return {}
    decoded = reader.schema[field].format.decode_positions
    kept = [number for number in within or () if _follow(decoded(found[each][number][1]) for each in wanted)]
    whole = dict.fromkeys(kept, 0.0)
    if not kept:
        return whole
    scored = _Scored(part, field)
    for each in wanted:
        weights = [found[each][number][0] for number in kept]
        for number, own_score in zip(kept, scored.all(each, boost, kept, weights), strict=True):
            whole[number] += own_score
    return whole


def _follow(positions: Iterable[list[int]]) -> bool:
    """Whether words stand one after another somewhere."""
    places: set[int] | None = None
    for own in positions:
        places = set(own) if places is None else {each for each in own if each - 1 in places}
        if not places:
            return False
    return True


class _Scored:
    """Scores of one field of a segment.

    Args:
        part: Whoosh's searcher of the segment.
        field: The field.
    """

    def __init__(self, part: Any, field: str) -> None:
        self._field = field
        self._whole = part.get_parent()  # how rare words are, is a matter of the index as a whole
        self._weighting = weighting = part.weighting
        self._lengths = lengths_of(part.reader(), field)
        average = self._whole.avg_field_length(field) or 1
        by_length, rest = weighting.K1 * weighting.B / average, weighting.K1 * (1 - weighting.B)
        self._norms = [rest + by_length * length for length in _LENGTHS]

    def all(self, wanted: str, boost: float, ids: Sequence[int], weights: Sequence[float]) -> list[float]:
        """The scores of some documents for a word, which weighs so much in each."""
        most = boost * self._whole.idf(self._field, wanted) * (self._weighting.K1 + 1)
        norms, lengths = self._norms, self._lengths
        return [most * each / (each + norms[lengths[n]]) for n, each in zip(ids, weights, strict=True)]


def _blocks(
    reader: Any, field: str, term: Any, within: Collection[int] | None = None, *, values: bool = False
) -> Iterator[_Block]:
    """What is stored of a term; blocks that have none of the documents that matter may be left out.

    Args:
        reader: Of the segment.
        field: Where.
        term: As text or bytes.
        within: The only documents that matter; ``None`` for all.
        values: Give also what else is stored, such as positions.
    """
    try:
        matcher = reader.postings(field, term)
    except TermNotFound:
        return
    gone: Collection[int] = ()
    if isinstance(matcher, FilterMatcher):
        matcher, gone = matcher.child, reader.deleted_docs_set
    if type(matcher) is W3LeafMatcher:
        found = _read(matcher, sorted(within) if within is not None and len(within) <= _FEW else None, values)
    else:
        found = _stepped(matcher)
    for ids, weights, stored in found:
        if gone and not gone.isdisjoint(ids):  # type: ignore[attr-defined]  # a frozenset
            there = [number not in gone for number in ids]
            ids, weights = tuple(itertools.compress(ids, there)), tuple(itertools.compress(weights, there))
            stored = tuple(itertools.compress(stored, there))
        yield ids, weights, stored


def _read(matcher: Any, wanted: list[int] | None, values: bool) -> Iterator[_Block]:
    """The blocks as whoosh has written them: in the order of documents, each with the number of its last."""
    while matcher.is_active():
        if wanted is not None:
            if not wanted:
                return
            if wanted[0] > matcher.block_max_id():
                matcher._next_block()
                continue
        matcher._read_data()
        matcher._read_weights()
        if values:
            matcher._read_values()
        yield (
            list(itertools.accumulate(matcher._data[0])),
            matcher._weights,
            matcher._values if values else (),
        )
        if wanted is not None:
            del wanted[: bisect.bisect_right(wanted, matcher.block_max_id())]
        matcher._next_block()


def _stepped(matcher: Any) -> Iterator[_Block]:
    """The few documents that whoosh keeps with the term itself."""
    ids, weights, stored = [], [], []
    while matcher.is_active():
        ids.append(matcher.id())
        weights.append(matcher.weight())
        stored.append(matcher.value())
        matcher.next()
    if ids:
        yield ids, weights, stored
