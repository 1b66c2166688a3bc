"""The fields of the tantivy index, and an artifact as a document of it.

Words are cut and folded by :mod:`hyperhost.query` and given with spaces between them, so tantivy splits at
spaces and finds exactly these words again.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, Final

import tantivy

from hyperhost.query import EXACT_FACETS, FIELDS, SEARCHED, FieldKind, FlatDocument, words

__all__ = [
    "ALL",
    "FORMAT",
    "HIGH",
    "ID",
    "LOW",
    "PLACE",
    "SHOWN",
    "exact",
    "facet",
    "id_of",
    "number",
    "place_of",
    "row",
    "schema",
    "text",
]

FORMAT: Final = 1
"""Raised when the schema changes; an index of another format is built anew."""
ID: Final = "id"
ALL: Final = "all"
"""Words of all searched fields, each as often as its field weighs."""
HIGH: Final = "high"
LOW: Final = "low"
"""The halves of an id that is a UUID, as numbers: read quicker than what is stored."""
PLACE: Final = "place"
"""The beginning of an id as a number of the same order."""
SHOWN: Final = "shown"
_NUMBERS: Final = tuple(
    field.name for field in FIELDS.values() if field.kind in (FieldKind.NUMBER, FieldKind.DATE)
)
_WHOLE: Final = tuple(
    field.name for field in FIELDS.values() if field.kind in (FieldKind.EXACT, FieldKind.FLAG) or field.whole
)
_TIMES: Final = {name: round(FIELDS[name].weight) for name in SEARCHED}
_LONGEST: Final = 16_000
"""Characters of a value: tantivy leaves out what has more than 65,530 bytes, and no query is so long."""
_LEAST: Final = -(2**63)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COUNTED: Final = 12
_EASY: Final = re.compile(rf"[-0-9a-f]{{0,{_COUNTED}}}")
# Room is left for what lies between: 1 is before the hyphen, 3 behind it, e behind 9, l behind f.
_DIGITS: Final = str.maketrans("-0123456789abcdef", "2456789abcdfghijk")


def text(field: str) -> str:
    """Where the words of a field are indexed."""
    return f"t_{field}"


def exact(field: str) -> str:
    """Where the values of a field are indexed."""
    return f"x_{field}"


def number(field: str) -> str:
    """Where the numbers of a field are kept."""
    return f"n_{field}"


def facet(field: str) -> str:
    """Where the values of a field are kept that are counted, as they were written."""
    return f"f_{field}"


@cache
def schema() -> Any:
    """The schema, one for all indexes."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(ID, stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field(PLACE, fast=True)
    builder.add_integer_field(HIGH, fast=True)
    builder.add_integer_field(LOW, fast=True)
    builder.add_bytes_field(SHOWN, stored=True)
    builder.add_text_field(ALL, tokenizer_name="whitespace", index_option="freq")
    for name in SEARCHED:
        builder.add_text_field(text(name), tokenizer_name="whitespace", index_option="position")
    for name in _WHOLE:
        builder.add_text_field(exact(name), tokenizer_name="raw", index_option="basic")
    for name in _NUMBERS:
        builder.add_float_field(number(name), fast=True)
    for name in EXACT_FACETS:
        builder.add_text_field(facet(name), tokenizer_name="raw", index_option="basic", fast=True)
    return builder.build()


def row(document: FlatDocument) -> Any:
    """A document as tantivy takes it."""
    made = tantivy.Document()
    made.add_text(ID, document.id)
    made.add_integer(PLACE, place_of(document.id))
    if _UUID.fullmatch(document.id):
        whole = int(document.id.replace("-", ""), 16)
        made.add_integer(HIGH, (whole >> 64) + _LEAST)
        made.add_integer(LOW, (whole & (2**64 - 1)) + _LEAST)
    made.add_bytes(SHOWN, json.dumps(dict(document.texts), separators=(",", ":")).encode())
    everything: list[str] = []
    for name, value in document.texts.items():
        joined = " ".join(words(value))
        if joined:
            made.add_text(text(name), joined)
            everything += [joined] * _TIMES[name]
    made.add_text(ALL, " ".join(everything))
    for name, values in document.values.items():
        for value in values:
            made.add_text(exact(name), _plain(value))
    for name, figure in document.numbers.items():
        made.add_float(number(name), figure)
    for name in EXACT_FACETS:
        for value in document.facets[name]:
            made.add_text(facet(name), _plain(value))
    return made


def place_of(artifact_id: str) -> int:
    """A number that is never less than that of an id before it; the first twelve characters make it."""
    easy = _EASY.match(artifact_id)
    digits = easy[0].translate(_DIGITS) if easy is not None else ""
    if len(digits) < _COUNTED and len(artifact_id) > len(digits):
        other = artifact_id[len(digits)]
        digits += "1" if other < "-" else "3" if other < "0" else "e" if other < "a" else "l"
    return int(digits.ljust(_COUNTED, "0"), 32)


def id_of(high: int, low: int) -> str:
    """The id of two halves."""
    digits = f"{high - _LEAST:016x}{low - _LEAST:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _plain(value: str) -> str:
    """Half of a character, which Python lets through, is none for tantivy."""
    value = value[:_LONGEST]
    return value if value.isascii() else value.encode(errors="replace").decode()
