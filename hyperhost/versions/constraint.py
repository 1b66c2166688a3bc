"""Constraints: text or an object, and the set of versions that it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from hyperhost.errors import ConstraintError
from hyperhost.versions.comparators import Comparator, overflows, spans
from hyperhost.versions.reading import Alternatives, read_alternatives
from hyperhost.versions.sets import VersionSet
from hyperhost.versions.version import Version

__all__ = ["Constraint"]

_OPERATORS: Final = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "caret": "^", "tilde": "~"}
_WHOLE: Final = ("range", "wildcard")
_CACHED: Final = 256  # characters of the longest constraint that is kept


@dataclass(frozen=True, slots=True)
class Constraint:
    """Which versions are wanted. Made by :meth:`parse`.

    Attributes:
        text: As it was given; of an object, the range of npm that means the same.
        set: The versions.
    """

    text: str
    set: VersionSet

    @classmethod
    def parse(cls, constraint: str | Mapping[str, str], include_prerelease: bool = False) -> Constraint:
        """The constraint that a text or an object means.

        Args:
            constraint: npm's range, where commas may stand for spaces; or an object with one or
                more of ``eq gt gte lt lte caret tilde wildcard range``, which must all hold.
            include_prerelease: Whether pre-releases count as any other version. If not, one must be
                of a release that has a pre-release named in the same alternative.

        Raises:
            ConstraintError: it is none; says where, and what was expected there.
        """
        if isinstance(constraint, str):
            if len(constraint) > _CACHED:
                return _from_text(constraint, include_prerelease)
            return _from_short_text(constraint, include_prerelease)
        return _from_object(constraint, include_prerelease)

    def allows(self, version: str | Version) -> bool:
        """Whether a version satisfies it.

        Raises:
            VersionError: it is none.
        """
        return self.set.contains(version)

    def __str__(self) -> str:
        return self.text


def _from_text(text: str, include_prerelease: bool) -> Constraint:
    plain, _ = read_alternatives(text)
    return Constraint(text, VersionSet(*spans(plain, include_prerelease)))


_from_short_text = lru_cache(maxsize=4096)(_from_text)


def _from_object(constraint: Mapping[str, str], include_prerelease: bool) -> Constraint:
    known = f"one of {', '.join([*_OPERATORS, *_WHOLE])}"
    if not isinstance(constraint, Mapping) or not constraint:
        raise ConstraintError(
            "a constraint is text, or an object with a key", expected=known, hint=f"expected {known}"
        )
    alternatives: Alternatives = [[]]
    for key, value in constraint.items():
        if key not in _OPERATORS and key not in _WHOLE:
            raise ConstraintError(
                f"a constraint has no key {str(key)[:80]!r}", expected=known, hint=f"expected {known}"
            )
        read = _read_member(key, value)
        # Only "range" has several, so this stays linear.
        alternatives = [[*one, *other] for one in alternatives for other in read]
    text = " || ".join(" ".join(_write(each, include_prerelease) for each in one) for one in alternatives)
    return Constraint(text, VersionSet(*spans(alternatives, include_prerelease)))


def _read_member(key: str, value: str) -> Alternatives:
    """What one key of an object means."""
    try:
        alternatives, _ = read_alternatives(value)
        if key == "range":
            return alternatives
        operator = _OPERATORS.get(key, "=")
        comparators = alternatives[0]
        if len(alternatives) != 1 or len(comparators) != 1 or comparators[0].operator not in ("=", operator):
            raise ConstraintError(f"{value[:60]!r} is more than a version", expected="one version")
        comparator = Comparator(operator, comparators[0].operand)
        if overflows(comparator):
            raise ConstraintError(f"{value[:60]!r} is too large", expected="a number below 2**53 - 1")
    except ConstraintError as error:
        raise ConstraintError(
            f"key {key!r} of the constraint: {error.message}",
            position=error.position,
            expected=error.expected,
            hint=error.hint or f"expected {error.expected}",
        ) from None
    return [[comparator]]


def _write(comparator: Comparator, include_prerelease: bool) -> str:
    operator, operand = comparator.operator, comparator.operand
    if operator == "from":
        lowest = include_prerelease and operand.is_full and not operand.prerelease
        return f">={operand.text}-0" if lowest else f">={operand.text}"
    return {"to": "<=", "=": ""}.get(operator, operator) + operand.text
