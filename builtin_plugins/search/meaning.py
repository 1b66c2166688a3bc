"""What of a query can be compared by meaning, and what has to hold as it is written.

Words without a field say what is looked for; they need not stand in what is found. Everything else is a
condition: fields, comparisons, what is excluded, and what stands in quotation marks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from hyperhost.query import And, Boost, Everything, Fuzzy, Node, Or, Phrase, Prefix, Word, both, words

__all__ = ["Meant", "corrected", "meant", "nearest_word"]

_SHORT, _LONG = 4, 8
"""Letters from which on one, and two, may be wrong."""
_CHECKED: Final = 12
"""Words of a query that are looked for one by one, for typos."""


@dataclass(frozen=True, slots=True)
class Meant:
    """A query, apart.

    Attributes:
        text: What is compared by meaning; empty for nothing.
        terms: The words of it.
        condition: What has to hold.
    """

    text: str
    terms: tuple[Node, ...]
    condition: Node

    @property
    def words(self) -> Node:
        """The words, all of them, and the condition, as one query."""
        return self._all(self.terms)

    @property
    def name(self) -> Node:
        """The same, with all words in the name."""
        return self._all(tuple(map(_in_name, self.terms)))

    def _all(self, terms: tuple[Node, ...]) -> Node:
        made = self.condition
        for term in reversed(terms):
            made = both(term, made)
        return made


def meant(node: Node) -> Meant:
    """A query, apart."""
    terms: list[Node] = []
    said: list[str] = []
    condition: Node = Everything()
    for item in node.items if isinstance(node, And) else (node,):
        if isinstance(item, Everything):
            continue
        text = _text(item)
        if text is not None:
            said.append(text)
        if text is None or isinstance(item, Phrase):
            condition = both(condition, item)
        else:
            terms.append(item)
    return Meant(" ".join(said), tuple(terms), condition)


def corrected(asked: Meant, meant_by: Callable[[str], str]) -> Meant:
    """The query without typos.

    Args:
        asked: The query.
        meant_by: The word that one is taken for; itself when nothing speaks for another.
    """
    terms, text = list(asked.terms), asked.text
    for place, term in enumerate(terms[:_CHECKED]):
        if isinstance(term, Word) and len(parts := words(term.text)) == 1 and len(parts[0]) >= _SHORT:
            other = meant_by(parts[0])
            if other != parts[0]:
                terms[place] = Word(other, term.field)
                text = text.replace(term.text, other)
    return Meant(text, tuple(terms), asked.condition)


def nearest_word(word: str, found: Iterable[str]) -> str:
    """What a word that stands nowhere is taken for: of those that do, one with the fewest letters wrong.

    Two letters that have changed places are one mistake. Up to seven letters one may be wrong, else two.

    Args:
        word: It.
        found: Words, as often as they were found.
    """
    counts = Counter(found)
    most = 2 if len(word) >= _LONG else 1
    near = [(mistakes(word, each), -count, each) for each, count in counts.items()]
    return min((each for each in near if each[0] <= most), default=(0, 0, word))[2]


def mistakes(word: str, other: str) -> int:
    """Letters inserted, removed, replaced, or exchanged with their neighbours."""
    rows = [list(range(len(other) + 1))]
    for row, letter in enumerate(word, 1):
        now = [row]
        for column, against in enumerate(other, 1):
            best = min(rows[-1][column] + 1, now[-1] + 1, rows[-1][column - 1] + (letter != against))
            if row > 1 and column > 1 and letter == other[column - 2] and word[row - 2] == against:
                best = min(best, rows[-2][column - 2] + 1)
            now.append(best)
        rows.append(now)
    return rows[-1][-1]


def _in_name(node: Node) -> Node:
    """A term, looked for in names."""
    match node:
        case Word(text) | Phrase(text):
            return Word(text, "name") if isinstance(node, Word) else Phrase(text, "name")
        case Prefix(text):
            return Prefix(text, "name")
        case Fuzzy(text, _, distance):
            return Fuzzy(text, "name", distance)
        case Boost(item, factor):
            return Boost(_in_name(item), factor)
        case Or(items):
            return Or(tuple(map(_in_name, items)))
        case _:
            return node


def _text(node: Node) -> str | None:
    """What a term says in words; ``None`` when it is a condition."""
    match node:
        case Word(text, "") | Phrase(text, "") | Prefix(text, "") | Fuzzy(text, ""):
            return text
        case Boost(item):
            return _text(item)
        case Or(items):
            said = [_text(item) for item in items]
            return None if None in said else " ".join(filter(None, said))
        case _:
            return None
