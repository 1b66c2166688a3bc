"""What a list of dependencies has to be like, of an artifact or in a manifest."""

from __future__ import annotations

from typing import Final

from hyperhost.contracts import Dependency
from hyperhost.errors import ConstraintError
from hyperhost.offering import invalid
from hyperhost.versions import Constraint

from .names import check_coordinates, check_text

__all__ = ["check_constraint", "check_dependencies"]

_MAX_DEPENDENCIES: Final = 1_000


def check_dependencies(dependencies: list[Dependency], owner: str, field: str) -> None:
    """Check a list of dependencies.

    Args:
        dependencies: The list.
        owner: ``namespace/name`` of what has them.
        field: Where they are.

    Raises:
        RefusalError: one of them is none, is there twice, is the owner itself, or has a constraint
            that cannot be read; says at which character.
    """
    if len(dependencies) > _MAX_DEPENDENCIES:
        raise invalid(
            field,
            "count",
            f"there are {len(dependencies)} dependencies",
            f"the most is {_MAX_DEPENDENCIES:,}",
        )
    seen = set()
    for index, each in enumerate(dependencies):
        place = f"{field}[{index}]"
        check_coordinates(each.artifact, f"{place}.artifact")
        if each.artifact == owner:
            raise invalid(f"{place}.artifact", "itself", f"{owner} depends on itself", "remove it")
        key = (each.artifact, each.type, repr(each.condition))
        if key in seen:
            raise invalid(
                f"{place}.artifact",
                "twice",
                f"{each.artifact} is there twice as {each.type.value}",
                "join the constraints with a comma",
            )
        seen.add(key)
        for name in ("constraint", "registry", "scope", "reason"):
            check_text(getattr(each, name) or "", f"{place}.{name}", 1_000)
        check_constraint(each.constraint, f"{place}.constraint")


def check_constraint(constraint: str, field: str) -> None:
    """Return if a text is a constraint on versions.

    Raises:
        RefusalError: it is not; the reason says where.
    """
    if not constraint.strip() or not constraint.isprintable():
        raise invalid(field, "range", "it is empty or not printable", "'*' is any version")
    try:
        Constraint.parse(constraint)
    except ConstraintError as error:
        raise invalid(field, "range", error.message, error.hint) from None
