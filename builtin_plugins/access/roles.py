"""Roles: the five that every registry has, and how roles inherit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hyperhost.contracts import Visibility

from .rules import Rule

__all__ = ["BUILT_IN", "MAX_DEPTH", "Role", "rules_of"]

MAX_DEPTH: Final = 16
"""Roles in one line of inheritance."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role.

    Attributes:
        name: In kebab-case.
        description: What it is for.
        inherits: Roles whose rules it has, too.
        rules: Its own.
        built_in: Every registry has it, and nobody changes it.
    """

    name: str
    description: str = ""
    inherits: list[str] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    built_in: bool = False


_SHARED: Final = ["pkg", "lib", "org", "local"]
"""Namespaces in which roles count by themselves; ``user.`` is somebody's own, ``hyper.`` the system's."""
_READ: Final = ["artifact:read", "config:render", "template:generate", "namespace:read"]
_MANAGE: Final = [
    *("artifact:publish", "artifact:update", "artifact:deprecate", "artifact:archive", "artifact:delete"),
    *("artifact:sign", "version:tag", "version:promote", "version:yank", "config:reveal"),
]
_OTHERS: Final = ["artifact:update", "artifact:deprecate", "artifact:archive"]

BUILT_IN: Final[Mapping[str, Role]] = {
    role.name: role
    for role in (
        Role(
            "user",
            "Reads, searches and downloads what is public.",
            rules=[
                Rule([*_READ, "artifact:rate"], visibility=[Visibility.PUBLIC]),
                Rule(["search:*", "key:read", "trust:read", "role:read", "token:own", "identity:own"]),
            ],
            built_in=True,
        ),
        Role(
            "contributor",
            "Creates drafts and submits them; sees what is internal, and what is their own.",
            ["user"],
            [
                Rule(_READ, visibility=[Visibility.INTERNAL]),
                Rule(_READ, owner=["self"]),
                Rule(["artifact:create", "artifact:submit"], namespaces=_SHARED),
                Rule(["artifact:create", "artifact:submit"], owner=["self"]),
                Rule(["content:write"]),
            ],
            True,
        ),
        Role(
            "maintainer",
            "Updates, deprecates and archives what anybody has made, private things too.",
            ["user"],
            [
                Rule([*_READ, *_OTHERS, "version:tag", "version:promote", "version:yank"]),
                Rule(["content:write"]),
            ],
            True,
        ),
        Role(
            "publisher",
            "Creates and publishes, and manages what is their own.",
            ["contributor"],
            [
                Rule(_MANAGE, owner=["self"]),
                Rule(["namespace:*"], namespaces=_SHARED, owner=["none"]),
                Rule(["namespace:*"], owner=["self"]),
            ],
            True,
        ),
        Role("admin", "Everything.", rules=[Rule(["*"])], built_in=True),
    )
}
"""The five roles, the ones with less before those with more."""


def rules_of(name: str, known: Mapping[str, Role]) -> list[tuple[str, Rule]]:
    """All rules of a role, its own first, each with the role that it is written in.

    A role that does not exist has none.
    """
    found: list[tuple[str, Rule]] = []
    seen: set[str] = set()
    wanted = [name]
    while wanted:
        each = wanted.pop(0)
        role = known.get(each)
        if role is None or each in seen:
            continue
        seen.add(each)
        found += [(each, rule) for rule in role.rules]
        wanted += role.inherits
    return found
