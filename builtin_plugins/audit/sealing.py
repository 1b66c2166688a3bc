"""The form in which an entry is kept: canonical JSON and the hash of it, which the next entry repeats.

A stored entry is the text ``{"entry":ENTRY,"hash":"HASH"}``. ENTRY is canonical JSON (RFC 8785) and
HASH the SHA-256 of exactly these bytes, so that checking needs no JSON at all. ENTRY holds the HASH
of the entry before it as ``previous``, and its own number as ``seq``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["GENESIS", "Sealed", "canonical", "clean", "hash_of", "seal", "unseal"]

GENESIS: Final = "0" * 64
"""What the first entry has for ``previous``."""
_BEGIN: Final = '{"entry":'
_MIDDLE: Final = ',"hash":"'
_END: Final = '"}'
_TAIL: Final = len(_MIDDLE) + 64 + len(_END)
_SAFE: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry as it was read.

    Attributes:
        text: Its canonical JSON.
        hash: The hash that it states.
    """

    text: str
    hash: str

    @property
    def is_true(self) -> bool:
        """Whether it has the hash that it states."""
        return hash_of(self.text) == self.hash


def hash_of(text: str) -> str:
    """SHA-256 of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def seal(entry: dict[str, Any]) -> tuple[str, str]:
    """The text that is stored for an entry, and its hash."""
    text = canonical(entry)
    digest = hash_of(text)
    return f"{_BEGIN}{text}{_MIDDLE}{digest}{_END}", digest


def unseal(data: str) -> Sealed | None:
    """What a stored text holds; ``None`` when it is not of the form above."""
    if len(data) < len(_BEGIN) + _TAIL or not data.startswith(_BEGIN) or not data.endswith(_END):
        return None
    if not data.startswith(_MIDDLE, len(data) - _TAIL):
        return None
    return Sealed(data[len(_BEGIN) : -_TAIL], data[-64 - len(_END) : -len(_END)])


def canonical(value: Any) -> str:
    """Canonical JSON (RFC 8785) of a value that :func:`clean` has been through.

    Text, whole numbers and objects with plain ASCII keys are written by the standard library, whose
    sorted output is canonical then and six times faster; a property test compares both.
    """
    if _is_simple(value):
        return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    import rfc8785

    return rfc8785.dumps(value).decode()


def clean(value: Any, depth: int = 0) -> Any:
    """JSON data as canonical JSON can hold it.

    Numbers beyond what 64-bit floats hold exactly become text, half characters become ``?``, and what is
    nested deeper than 32 is left out.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -_SAFE <= value <= _SAFE else str(value)
    if isinstance(value, float):
        return value if abs(value) <= _SAFE else str(value)  # which is how infinities and NaN end up, too
    if depth >= 32:
        return "…"
    if isinstance(value, dict):
        return {clean(str(key)): clean(item, depth + 1) for key, item in value.items()}
    return [clean(item, depth + 1) for item in value]


def _is_simple(value: Any) -> bool:
    cls = value.__class__
    if cls is str or cls is int or cls is bool or value is None:
        return True
    if cls is dict:
        return all(key.isascii() and _is_simple(item) for key, item in value.items())
    return cls is list and all(map(_is_simple, value))
