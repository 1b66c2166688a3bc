"""Arguments of operations as they come from outside: JSON text that may be anything.

What passes is an object of JSON data that every store and every tool can hold: no key twice, no
number that is none, no text that is not Unicode, nested no deeper than :data:`MAX_DEPTH`.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from hyperhost.offering.refusals import invalid

__all__ = ["MAX_ARGUMENT_BYTES", "MAX_DEPTH", "read_arguments", "read_json"]

MAX_ARGUMENT_BYTES: Final = 16 << 20
"""Bytes of the arguments of one call; content travels in pieces of 4 MiB."""

MAX_DEPTH: Final = 64
"""Objects and arrays inside of each other, the arguments themselves being the first."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PATH_SHOWN: Final = 40


class _Refused(ValueError):
    """What the parser of the standard library lets pass, and we do not."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


def read_arguments(text: str) -> dict[str, Any]:
    """The arguments written as a JSON object.

    Raises:
        RefusalError: as :func:`read_json`, or rule ``object``.
    """
    given = read_json(text, "", "the arguments")
    if not isinstance(given, dict):
        raise invalid("", "object", "the arguments are no JSON object")
    return given


def read_json(text: str, field: str, words: str) -> Any:
    """JSON text from outside as data.

    Args:
        text: The text.
        field: What is at fault when it is none.
        words: What it is, for a person, in the plural.

    Raises:
        RefusalError: it is too large, too deep, no JSON, or holds what no store keeps. Rules ``size``,
            ``depth``, ``json``, ``twice``, ``number``, ``unicode``, ``zero-byte``.
    """
    # Four bytes are the most that a character takes, so counting is needed only near the limit.
    if len(text) * 4 > MAX_ARGUMENT_BYTES and len(text.encode(errors="replace")) > MAX_ARGUMENT_BYTES:
        raise invalid(field, "size", f"{words} are longer than {MAX_ARGUMENT_BYTES >> 20} MiB")
    try:
        given = json.loads(
            text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_without_doubles
        )
    except RecursionError:
        raise _too_deep(field, words) from None
    except _Refused as refused:
        raise invalid(field, refused.rule, f"{words}: {refused}") from None
    except ValueError as error:
        raise invalid(field, "json", f"{words} are no JSON: {str(error)[:200]}") from None
    problem = _problem(given, 1)
    if problem is not None:
        path, rule, reason = problem
        if rule == "depth":
            raise _too_deep(field, words)
        path = _joined(field, path) if field else path
        raise invalid(path, rule, f"{path or words} {reason}")
    return given


def _problem(value: Any, depth: int) -> tuple[str, str, str] | None:
    """What is wrong with a value: path, rule and reason. The path is only made when something is."""
    if isinstance(value, str):
        return _problem_of_text(value)
    if isinstance(value, dict):
        if depth > MAX_DEPTH:
            return "", "depth", ""
        for key, item in value.items():
            found = _problem_of_text(key)
            if found is not None:
                return ascii(key[:_PATH_SHOWN])[1:-1], found[1], found[2]
            found = _problem(item, depth + 1)
            if found is not None:
                return _joined(key[:_PATH_SHOWN], found[0]), *found[1:]
    elif isinstance(value, list):
        if depth > MAX_DEPTH:
            return "", "depth", ""
        for index, item in enumerate(value):
            found = _problem(item, depth + 1)
            if found is not None:
                return _joined(f"[{index}]", found[0]), *found[1:]
    return None


def _problem_of_text(text: str) -> tuple[str, str, str] | None:
    if "\0" in text:
        return "", "zero-byte", "holds a zero byte"
    if not text.isascii() and _SURROGATE.search(text):
        return "", "unicode", "holds half of a surrogate pair, which is no character"
    return None


def _joined(first: str, rest: str) -> str:
    return first if not rest else first + rest if rest[0] == "[" else f"{first}.{rest}"


def _too_deep(field: str, words: str) -> Exception:
    return invalid(field, "depth", f"{words} are nested deeper than {MAX_DEPTH}")


def _no_constant(text: str) -> Any:
    raise _Refused("number", f"{text} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Refused("number", f"{text[:_PATH_SHOWN]} is too large for a number")
    return number


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _Refused("twice", f"the key {twice[:_PATH_SHOWN]!r} is there twice")
    return found
