"""The small evaluator: what Cedar cannot express, and why a condition holds or does not.

Conditions have three answers (Kleene's logic): a comparison that cannot be made, as a content that
is too large to be looked through, or a text where a number is needed, is neither true nor false; nor is
one that holds for one of several values of a field and not for another. Rules that deny count it as
true, all others as false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .fields import Kind, kind_of
from .patterns import searched
from .rules import AnyOf, Comparison, Condition, Not

__all__ = ["MISSING", "UNKNOWN", "Several", "Step", "explained", "holds", "several"]


class _Mark:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


MISSING: Final = _Mark("missing")
"""Value of a field that is not there: no comparison with it holds."""

UNKNOWN: Final = _Mark("unknown")
"""Value of a field that could not be found out: no comparison with it can be made."""


@dataclass(frozen=True, slots=True)
class Several:
    """Value of a field that has more than one: a token's user is the token, and whoever issued it.

    Attributes:
        values: Those, each different.
    """

    values: tuple[Any, ...]


def several(values: Sequence[Any]) -> Any:
    """The values of a field: the one, if it is one."""
    different: list[Any] = []
    for each in values:
        if each not in different:
            different.append(each)
    return different[0] if len(different) == 1 else Several(tuple(different))


Look = Callable[[str], Any]
_SHOWN: Final = 80
_PRIVATE: Final = ("artifact.content", "manifest.")
"""Fields whose values are not repeated: they may hold what not everybody may see."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an explanation.

    Attributes:
        depth: How deep it lies within ``and``, ``or`` and ``not``.
        text: What was asked, and what was found.
        holds: The answer; ``None`` when there is none.
    """

    depth: int
    text: str
    holds: bool | None


def holds(condition: Condition | None, look: Look) -> bool | None:
    """Whether a condition holds; ``None`` when that cannot be said.

    Args:
        condition: What is asked; nothing always holds.
        look: Gives the value of a field, :class:`Several`, :data:`MISSING` or :data:`UNKNOWN`.
    """
    if condition is None:
        return True
    if isinstance(condition, Comparison):
        return _compared(condition, look(condition.field))
    if isinstance(condition, Not):
        inner = holds(condition.part, look)
        return None if inner is None else not inner
    decisive = isinstance(condition, AnyOf)
    unsure = False
    for part in condition.parts:
        found = holds(part, look)
        if found is decisive:
            return decisive
        unsure = unsure or found is None
    return None if unsure else not decisive


def explained(condition: Condition | None, look: Look, depth: int = 0) -> Iterator[Step]:
    """Every part of a condition with its answer, the outer ones first."""
    if condition is None:
        yield Step(depth, "always", True)
    elif isinstance(condition, Comparison):
        value = look(condition.field)
        answer = _compared(condition, value)
        asked = f"{condition.field} {condition.operator} {_shown(condition.field, condition.value)}"
        yield Step(depth, f"{asked}: it is {_shown(condition.field, value)}", answer)
    elif isinstance(condition, Not):
        yield Step(depth, "not", holds(condition, look))
        yield from explained(condition.part, look, depth + 1)
    else:
        word = "one of these" if isinstance(condition, AnyOf) else "all of these"
        yield Step(depth, word, holds(condition, look))
        for part in condition.parts:
            yield from explained(part, look, depth + 1)


def _compared(asked: Comparison, value: Any) -> bool | None:
    if value is MISSING:
        return False
    if value is UNKNOWN:
        return None
    if isinstance(value, Several):
        answers = {_compared(asked, each) for each in value.values}
        return answers.pop() if len(answers) == 1 else None
    kind = kind_of(asked.field)
    match asked.operator:
        case "equals":
            return _equal(value, asked.value)
        case "in":
            items = value if isinstance(value, list) else [value]
            return any(_equal(item, each) for item in items for each in asked.value)
        case "contains":
            if isinstance(value, str):
                return str(asked.value) in value if isinstance(asked.value, str) else None
            return any(_equal(item, asked.value) for item in value) if isinstance(value, list) else None
        case "matches":
            texts = value if isinstance(value, list) else [value]
            if not all(isinstance(each, str) for each in texts):
                return None
            return any(searched(asked.value, each) for each in texts)
        case _:
            sign = 1 if asked.operator == "greater-than" else -1
            return _ordered(value, asked.value, sign, kind)


def _equal(one: Any, other: Any) -> bool:
    """Equal, and of one type: true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _ordered(value: Any, bound: Any, sign: int, kind: Kind | None) -> bool | None:
    if kind is Kind.VERSION:
        import semver

        try:
            return semver.Version.parse(value).compare(bound) * sign > 0
        except (ValueError, TypeError):
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return bool(value > bound if sign > 0 else value < bound)


def _shown(field: str, value: Any) -> str:
    if value is MISSING:
        return "not there"
    if value is UNKNOWN:
        return "unknown, as it could not be looked at"
    if isinstance(value, Several):
        return " and ".join(_shown(field, each) for each in value.values)
    if field.startswith(_PRIVATE) and not isinstance(value, bool | int | float):
        return "not shown"
    if isinstance(value, tuple | list):
        inner = ", ".join(_shown("", each) for each in value[:10])
        return f"[{inner}{', …' if len(value) > 10 else ''}]"
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…")
    return "yes" if value is True else "no" if value is False else str(value)
