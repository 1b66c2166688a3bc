"""Dependencies between plugins: version constraints, and the order to activate plugins in.

Constraints are those of :mod:`hyperhost.versions`, but for the empty one, which is more likely a
mistake than a wish for any version.
"""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from hyperhost.errors import ConstraintError, DependencyError, VersionError

if TYPE_CHECKING:
    from hyperhost.versions import Constraint

__all__ = ["HasDependencies", "check_constraint", "order_plugins", "satisfies"]


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
    from hyperhost.versions import parse

    wanted = _read(constraint)
    try:
        return wanted.allows(parse(version))
    except VersionError as error:
        raise DependencyError(f"{version!r} is no version", hint="write it as in '1.2.3'") from error


def check_constraint(constraint: str) -> None:
    """Return if ``constraint`` can be read.

    Raises:
        DependencyError: it cannot; the message names the place.
    """
    _read(constraint)


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


def _read(constraint: str) -> Constraint:
    from hyperhost.versions import Constraint

    if not constraint.strip():
        raise DependencyError("a version constraint is empty", hint="write '*' for any version")
    try:
        return Constraint.parse(constraint)
    except ConstraintError as error:
        raise DependencyError(error.message, hint=error.hint) from error
