"""Canonical JSON (RFC 8785): one sequence of bytes for each value, so that it can be hashed and signed."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from hyperhost.errors import CanonicalJsonError

__all__ = ["MAX_DEPTH", "canonical_json"]

MAX_DEPTH: Final = 256
"""How deep arrays and objects may be nested."""

_LARGEST: Final = 2**53 - 1


def canonical_json(value: Any) -> bytes:
    """The canonical JSON (RFC 8785) of a value, as UTF-8.

    Args:
        value: What ``json.loads`` makes of a text: ``None``, ``bool``, ``int``, ``float``, ``str``,
            ``list`` (or ``tuple``) and ``dict``. Of equal numbers, ``1`` and ``1.0`` are written alike.

    Raises:
        CanonicalJsonError: it holds a number that is none or infinite, a whole number of type ``int``
            beyond 2^53 - 1, text with half of a surrogate pair, an object with a key that is no text,
            anything else that is no JSON value; or it is nested more than 256 deep, as is a list that
            holds itself. ``rule`` says which, ``path`` says where.
    """
    plain = _check(value, 0, [])
    if plain:
        # Without fractions, and with ASCII keys, this is what the standard library writes, in C.
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode("utf-8")
    import rfc8785

    return rfc8785.dumps(value)


def _check(value: Any, depth: int, path: list[str | int]) -> bool:
    """Whether a value that has a canonical form is one that the standard library writes."""
    if isinstance(value, str):
        return _check_text(value, path)
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        if not -_LARGEST <= value <= _LARGEST:
            raise _error("integer", path, "is a whole number beyond 2^53 - 1", "write it as text")
        return type(value) is int
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _error("number", path, f"is {float(value)}, which JSON does not have", "leave it out")
        return False
    if isinstance(value, (list, tuple)):
        _check_depth(depth, path)
        plain = True
        for index, item in enumerate(value):
            if type(item) is str and item.isascii():
                continue  # what is usual needs no look at all
            path.append(index)
            plain = _check(item, depth + 1, path) and plain
            path.pop()
        return plain
    if isinstance(value, dict):
        _check_depth(depth, path)
        return _check_object(value, depth, path)
    raise _error(
        "type", path, f"is of type {type(value).__name__}, which JSON does not have", "convert it first"
    )


def _check_object(value: dict[Any, Any], depth: int, path: list[str | int]) -> bool:
    plain = True
    for key, item in value.items():
        if not isinstance(key, str):
            raise _error("key", path, f"has the key {key!r}, which is no text"[:200], "make it text")
        if type(item) is str and type(key) is str and item.isascii() and key.isascii():
            continue
        path.append(key)
        # Sorting by UTF-16 units differs from sorting by code points only beyond ASCII.
        plain = _check_text(key, path) and key.isascii() and plain
        plain = _check(item, depth + 1, path) and plain
        path.pop()
    return plain


def _check_text(text: str, path: list[str | int]) -> bool:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise _error(
                "surrogate",
                path,
                "holds half of a surrogate pair, which is no Unicode text",
                "repair the text",
            ) from None
    return type(text) is str


def _check_depth(depth: int, path: list[str | int]) -> None:
    if depth >= MAX_DEPTH:
        raise _error("depth", path[:8], f"is nested more than {MAX_DEPTH} deep", "flatten it")


def _error(rule: str, path: list[str | int], problem: str, hint: str) -> CanonicalJsonError:
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    place = ("$" + words).encode("utf-8", "backslashreplace").decode("utf-8")[:200]
    error = CanonicalJsonError(f"{place} {problem}", hint=hint)
    error.rule, error.path = rule, place
    return error
