"""Text as words: the same for every search engine, so that all of them find the same.

A word is a run of letters and digits. Case, compatibility forms and accents do not matter: ``Résumé`` is
``resume``. There is no stemming.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

__all__ = ["LONGEST_WORD", "folded", "spans", "words"]

LONGEST_WORD: Final = 100
"""Characters of a word that count; what follows is cut off."""

# A letter or digit, then more of them with the marks that stand above or below them: Latin, Cyrillic,
# Hebrew, Arabic; for these marks ``\w`` says no.
_WORD: Final = re.compile("[^\\W_](?:[^\\W_]|[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u064b-\u065f\u0670])*")


def words(text: str) -> list[str]:
    """The words of a text, normalised, in their order."""
    if text.isascii():
        return [word[:LONGEST_WORD] for word in _WORD.findall(text.lower())]
    return [word for word, _, _ in spans(text)]


def spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word, normalised, with its first character and the one after its last in ``text``."""
    for found in _WORD.finditer(text):
        word = _plain(found[0])[:LONGEST_WORD]
        if word:
            yield word, found.start(), found.end()


def folded(text: str) -> str:
    """A value that is compared as a whole: its case, accents and outer space do not matter."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(_fold(text).split())


def _plain(word: str) -> str:
    return word.lower() if word.isascii() else "".join(each for each in _fold(word) if each.isalnum())


def _fold(text: str) -> str:
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(each for each in apart if unicodedata.category(each) != "Mn")
