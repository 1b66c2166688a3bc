"""The fields that rules may ask about, and which operators each takes."""

from __future__ import annotations

import difflib
from enum import Enum
from typing import Final

__all__ = ["FIELDS", "Kind", "OPERATORS_OF", "kind_of", "near", "needs_artifact"]


class Kind(Enum):
    """What values a field has."""

    TEXT = "text"
    NUMBER = "a whole number"
    FLAG = "true or false"
    WORDS = "a list of texts"
    VERSION = "a version"
    ANY = "whatever a manifest has there"


_TEXTS = ("equals", "contains", "matches", "in")
OPERATORS_OF: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.TEXT: _TEXTS,
    Kind.NUMBER: ("equals", "in", "greater-than", "less-than"),
    Kind.FLAG: ("equals",),
    Kind.WORDS: ("contains", "matches", "in"),
    Kind.VERSION: (*_TEXTS, "greater-than", "less-than"),
    Kind.ANY: (*_TEXTS, "greater-than", "less-than"),
}
"""Operators by kind. Of a list, ``matches`` and ``in`` hold when they hold for one of its items."""

FIELDS: Final[dict[str, Kind]] = {
    "operation.name": Kind.TEXT,
    "operation.permission": Kind.TEXT,
    "operation.group": Kind.TEXT,
    "operation.changes": Kind.FLAG,
    "user.id": Kind.TEXT,
    "user.kind": Kind.TEXT,
    "user.name": Kind.TEXT,
    "user.roles": Kind.WORDS,
    "user.ip": Kind.TEXT,
    "user.agent": Kind.TEXT,
    "namespace.path": Kind.TEXT,
    "namespace.owner": Kind.TEXT,
    "namespace.policies": Kind.WORDS,
    "artifact.id": Kind.TEXT,
    "artifact.name": Kind.TEXT,
    "artifact.coordinates": Kind.TEXT,
    "artifact.type": Kind.TEXT,
    "artifact.version": Kind.VERSION,
    "artifact.visibility": Kind.TEXT,
    "artifact.state": Kind.TEXT,
    "artifact.previous_state": Kind.TEXT,
    "artifact.publisher": Kind.TEXT,
    "artifact.description": Kind.TEXT,
    "artifact.author": Kind.TEXT,
    "artifact.licenses": Kind.WORDS,
    "artifact.tags": Kind.WORDS,
    "artifact.keywords": Kind.WORDS,
    "artifact.dependencies": Kind.WORDS,
    "artifact.size": Kind.NUMBER,
    "artifact.signed": Kind.FLAG,
    "artifact.signatures": Kind.NUMBER,
    "artifact.signers": Kind.WORDS,
    "artifact.secrets": Kind.WORDS,
    "artifact.secret_count": Kind.NUMBER,
    "artifact.content": Kind.TEXT,
}
"""Fields with one name."""

_OPEN: Final[dict[str, Kind]] = {
    "user.attributes.": Kind.TEXT,
    "namespace.labels.": Kind.TEXT,
    "artifact.labels.": Kind.TEXT,
    "artifact.annotations.": Kind.TEXT,
    "manifest.": Kind.ANY,
}
"""Beginnings of fields whose rest is a key, or a dotted path."""


def kind_of(field: str) -> Kind | None:
    """What values a field has; ``None`` when there is no such field."""
    known = FIELDS.get(field)
    if known is not None:
        return known
    return next((kind for start, kind in _OPEN.items() if field.startswith(start) and field != start), None)


def near(field: str) -> str:
    """A hint at the field that was meant."""
    names = [*FIELDS, *(f"{start}KEY" for start in _OPEN)]
    found = difflib.get_close_matches(field, names, 1)
    return f"did you mean {found[0]!r}?" if found else f"fields are {', '.join(names)}"


def needs_artifact(field: str) -> bool:
    """Whether a field is about an artifact."""
    return field.startswith(("artifact.", "manifest."))
