"""Dependencies between plugins: version constraints, and the order to activate plugins in.

The meaning of a constraint is that of npm's ranges: comparators joined by spaces or commas must
all hold, and a pre-release matches only where a comparator names a pre-release of the same
``major.minor.patch``.
"""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from hyperhost.errors import DependencyError

if TYPE_CHECKING:
    import semver

__all__ = ["HasDependencies", "check_constraint", "order_plugins", "satisfies"]

_OPERATOR_GAP = re.compile(r"(\^|~|>=|<=|>|<|=)\s+")
_SEPARATOR = re.compile(r"\s*,\s*|\s+")
_COMPARATOR = re.compile(
    r"(\^|~|>=|<=|>|<|=|)v?(\d+)(?:\.(\d+)(?:\.(\d+)((?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?))?)?"
)


class HasDependencies(Protocol):
    """What :func:`order_plugins` needs to know of a plugin; manifests have it."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def version(self) -> str:
        """Its version."""
        ...

    @property
    def dependencies(self) -> Mapping[str, str]:
        """Constraints by the id of the plugin needed."""
        ...


def satisfies(version: str, constraint: str) -> bool:
    """Whether ``version`` lies in ``constraint``, for example ``^1.2``, ``>=1.0, <3`` or ``*``.

    Raises:
        DependencyError: one of the two cannot be read.
    """
    import semver

    try:
        parsed = semver.Version.parse(version)
    except (ValueError, TypeError) as error:
        raise DependencyError(f"{version!r} is no version", hint="write it as in '1.2.3'") from error
    comparators = _comparators(constraint)
    if not all(_holds(parsed, operator, bound) for operator, bound in comparators):
        return False
    return parsed.prerelease is None or any(
        bound.prerelease is not None
        and bound.prerelease != "0"
        and bound.to_tuple()[:3] == parsed.to_tuple()[:3]
        for _, bound in comparators
    )


def check_constraint(constraint: str) -> None:
    """Return if ``constraint`` can be read.

    Raises:
        DependencyError: it cannot; the message names the part at fault.
    """
    _comparators(constraint)


def order_plugins(manifests: Iterable[HasDependencies]) -> list[str]:
    """Ids of the plugins, each after those that it needs; in the order of ids where that is free.

    Raises:
        DependencyError: a plugin needs one that is missing or of another version, or a cycle of
            plugins need one another; the message names the plugins along it.
    """
    known = {manifest.id: manifest for manifest in manifests}
    sorter: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter()
    for manifest in known.values():
        for needed, constraint in manifest.dependencies.items():
            _check_present(manifest.id, needed, constraint, known)
        sorter.add(manifest.id, *manifest.dependencies)
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        cycle: list[str] = error.args[1]
        raise DependencyError(
            f"plugins need one another in a cycle: {' → '.join(reversed(cycle))}",
            plugin=cycle[-1],
            hint="remove one of these dependencies",
        ) from None
    ordered: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += ready
        sorter.done(*ready)
    return ordered


def _check_present(plugin: str, needed: str, constraint: str, known: Mapping[str, HasDependencies]) -> None:
    other = known.get(needed)
    if other is None:
        raise DependencyError(
            f"needs plugin {needed!r} ({constraint}), which is not there",
            plugin=plugin,
            hint=f"install {needed} first",
        )
    if not satisfies(other.version, constraint):
        raise DependencyError(
            f"needs plugin {needed!r} in version {constraint}, but {other.version} is there",
            plugin=plugin,
            hint=f"install a version of {needed} that fits",
        )


def _comparators(constraint: str) -> list[tuple[str, semver.Version]]:
    """Comparators with one of ``>= > < <= =``; ``*`` gives none."""
    text = _OPERATOR_GAP.sub(r"\1", constraint.strip())
    if not text:
        raise DependencyError("a version constraint is empty", hint="write '*' for any version")
    found: list[tuple[str, semver.Version]] = []
    for part in _SEPARATOR.split(text):
        if part != "*":
            found += _expand(part, constraint)
    return found


def _expand(part: str, constraint: str) -> list[tuple[str, semver.Version]]:
    import semver

    match = _COMPARATOR.fullmatch(part)
    hint = "write '1.2.3', '^1.2', '~1.2', '>=1.0 <2.0' or '*'"
    if match is None:
        raise DependencyError(f"{part!r} in the constraint {constraint!r} is no comparator", hint=hint)
    operator, major, minor, patch, rest = match.groups()
    if patch is None and operator in ("", "=", ">", "<="):
        # "=1.2" and ">1.2" mean a whole range elsewhere; spelling it out leaves no doubt.
        raise DependencyError(f"{part!r} in the constraint {constraint!r} needs three numbers", hint=hint)
    try:
        low = semver.Version.parse(f"{major}.{minor or 0}.{patch or 0}{rest or ''}")
    except ValueError as error:
        raise DependencyError(
            f"{part!r} in the constraint {constraint!r} holds no version", hint=hint
        ) from error
    if operator not in ("^", "~"):
        return [(operator or "=", low)]
    return [(">=", low), ("<", _upper(operator, low, minor is not None, patch is not None))]


def _upper(operator: str, low: semver.Version, has_minor: bool, has_patch: bool) -> semver.Version:
    """The first version beyond ``^`` or ``~``, as a pre-release lower than all its own."""
    import semver

    if not has_minor or (operator == "^" and low.major > 0):
        return semver.Version(low.major + 1, 0, 0, "0")
    if operator == "~" or low.minor > 0 or not has_patch:
        return semver.Version(low.major, low.minor + 1, 0, "0")
    return semver.Version(0, 0, low.patch + 1, "0")


def _holds(version: semver.Version, operator: str, bound: semver.Version) -> bool:
    order = version.compare(bound)
    return {"=": order == 0, ">": order > 0, ">=": order >= 0, "<": order < 0, "<=": order <= 0}[operator]
