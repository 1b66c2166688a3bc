"""Versions and constraints on them: SemVer 2.0.0, and the ranges of npm.

Every constraint becomes a :class:`VersionSet`, on which union, intersection and complement are
exact. Build metadata never affects order or matching.

Example:
    ```python
    from hyperhost.versions import Constraint, compare, max_satisfying, satisfies

    assert satisfies("1.4.0", "^1.2")
    assert compare("1.0.0-rc.1", "1.0.0") == -1
    assert max_satisfying(["1.0.0", "1.5.0", "2.0.0"], "1.x") == "1.5.0"
    both = Constraint.parse("^1.2").set & Constraint.parse("<1.9 || >=3").set
    assert str(both) == ">=1.2.0 <1.9.0"
    ```
"""

from __future__ import annotations

from hyperhost.versions.constraint import Constraint
from hyperhost.versions.increments import increment
from hyperhost.versions.operations import (
    compare,
    intersects,
    max_satisfying,
    min_satisfying,
    satisfies,
    sort_key,
    subset,
)
from hyperhost.versions.sets import VersionSet
from hyperhost.versions.version import Version, parse

__all__ = [
    "Constraint",
    "Version",
    "VersionSet",
    "compare",
    "increment",
    "intersects",
    "max_satisfying",
    "min_satisfying",
    "parse",
    "satisfies",
    "sort_key",
    "subset",
]
