"""What can be asked of an artifact: every field of the query language, with its type."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hyperhost.contracts.artifact import ArtifactState, ArtifactType, Visibility

__all__ = ["EXACT_FACETS", "FIELDS", "SEARCHED", "SORT_KEYS", "Field", "FieldKind", "nearest"]


class FieldKind(StrEnum):
    """How the values of a field are compared."""

    TEXT = "text"
    """By their words."""
    EXACT = "exact"
    """As a whole, whatever the case of letters; a field with several values matches by any of them."""
    NUMBER = "number"
    """As numbers."""
    DATE = "date"
    """As moments, microseconds since 1970."""
    FLAG = "flag"
    """``true`` or ``false``."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        name: As it is written in a query.
        kind: How ``name:VALUE`` compares.
        weight: How much a word that is found in it counts; 0 when words without a field do not look there.
        values: The only values it can have; empty when it can have any.
        whole: A text field that ``=`` compares as a whole.
    """

    name: str
    kind: FieldKind
    weight: float = 0.0
    values: tuple[str, ...] = ()
    whole: bool = False

    @property
    def comparable(self) -> bool:
        """Whether ``<`` and ``>`` make sense."""
        return self.kind in (FieldKind.NUMBER, FieldKind.DATE)


def _values(kind: type[StrEnum]) -> tuple[str, ...]:
    return tuple(str(item) for item in kind)


FIELDS: Final[dict[str, Field]] = {
    field.name: field
    for field in (
        Field("name", FieldKind.TEXT, 8.0, whole=True),
        Field("namespace", FieldKind.EXACT, 2.0),
        Field("description", FieldKind.TEXT, 2.0),
        Field("tags", FieldKind.EXACT, 4.0),
        Field("keywords", FieldKind.EXACT, 4.0),
        Field("body", FieldKind.TEXT, 1.0),
        Field("type", FieldKind.EXACT, values=_values(ArtifactType)),
        Field("state", FieldKind.EXACT, values=_values(ArtifactState)),
        Field("visibility", FieldKind.EXACT, values=_values(Visibility)),
        Field("version", FieldKind.EXACT),
        Field("author", FieldKind.EXACT),
        Field("owner", FieldKind.EXACT),
        Field("license", FieldKind.EXACT),
        Field("published", FieldKind.FLAG),
        Field("deprecated", FieldKind.FLAG),
        Field("signed", FieldKind.FLAG),
        Field("rating", FieldKind.NUMBER),
        Field("downloads", FieldKind.NUMBER),
        Field("size", FieldKind.NUMBER),
        Field("popularity", FieldKind.NUMBER),
        Field("quality", FieldKind.NUMBER),
        Field("created", FieldKind.DATE),
        Field("updated", FieldKind.DATE),
        Field("released", FieldKind.DATE),
    )
}
"""By name. ``namespace:org.acme`` is it and all below it; ``released`` is when it was published."""

SEARCHED: Final = tuple(field.name for field in FIELDS.values() if field.weight)
"""Fields in which words without a field are looked for, the most important first being ``name``."""

SORT_KEYS: Final = ("relevance", "rating", "downloads", "popularity", "quality", "created", "updated")
"""What hits can be sorted by."""

EXACT_FACETS: Final = (
    "type", "namespace", "state", "visibility", "published", "author", "license", "tags", "keywords",
    "popularity", "quality",
)  # fmt: skip
"""Fields whose values can be counted; ``popularity`` and ``quality`` in steps of 20."""


def nearest(name: str, known: tuple[str, ...]) -> str:
    """A hint: the known name that is most like ``name``, else all of them."""
    near = difflib.get_close_matches(name[:80].casefold(), known, 1, 0.5)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
