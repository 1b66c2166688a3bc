"""What the operations answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from hyperhost.contracts import Resolution, ResolvedVersion

__all__ = [
    "Change",
    "Conflict",
    "Conflicts",
    "Drawn",
    "Outdated",
    "Relationship",
    "Resolved",
    "Solved",
    "WhatIf",
    "changes",
]


@dataclass(frozen=True, slots=True)
class Change:
    """What changes for one artifact.

    Attributes:
        artifact: ``namespace/name``.
        before: Version before; ``None`` when it is added.
        after: Version after; ``None`` when it is removed.
    """

    artifact: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Resolved:
    """An answer, and what it means for a lock.

    Attributes:
        versions: What is needed before what needs it.
        warnings: For a person.
        cycles: Artifacts that need one another.
        changes: Against the lock that was given, by name.
        lock: Text of the lock of this answer.
        lock_changed: Whether that text differs from what was given.
    """

    versions: list[ResolvedVersion]
    warnings: list[str]
    cycles: list[list[str]]
    changes: list[Change]
    lock: str
    lock_changed: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """A graph.

    Attributes:
        format: ``text``, ``mermaid`` or ``svg``; for ``json`` the rest says everything.
        drawing: The document.
        nodes: ``namespace/name`` → version.
        edges: Owner, what it needs, the constraint; the empty name is whoever asked.
        cycles: Artifacts that need one another.
    """

    format: str
    drawing: str
    nodes: dict[str, str]
    edges: list[list[str]]
    cycles: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outdated:
    """One artifact that could be newer.

    Attributes:
        artifact: ``namespace/name``.
        current: Version now.
        wanted: Version that an upgrade would choose.
        latest: Highest version that is not yanked; a pre-release only where there is nothing else.
        held_by: Who keeps it from ``latest``: names with their constraints; empty when nobody does.
    """

    artifact: str
    current: str
    wanted: str
    latest: str
    held_by: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would change.

    Attributes:
        possible: Whether it can be.
        changes: What would change, by name, the artifact itself among it.
        explanation: Why it cannot be; empty when it can.
        warnings: For a person.
    """

    possible: bool
    changes: list[Change] = field(default_factory=list)
    explanation: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Conflict:
    """An artifact whose needs cannot be met.

    Attributes:
        artifact: ``namespace/name@version``.
        explanation: Why.
    """

    artifact: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Conflicts:
    """What a scan found.

    Attributes:
        checked: How many artifacts were looked at.
        conflicts: Those that cannot be resolved, by name.
        cycles: Artifacts that need one another, each set once.
    """

    checked: int
    conflicts: list[Conflict]
    cycles: list[list[str]]


@dataclass(frozen=True, slots=True)
class Relationship:
    """How two artifacts hang together.

    Attributes:
        kind: ``depends-on``, ``used-by`` or ``replaced-by``.
        artifact: The other one, ``namespace/name``.
        version: Its version, where it is one.
        constraint: The constraint between them; empty where there is none.
        type: When the one needs the other; empty where that is no need.
    """

    kind: str
    artifact: str
    version: str = ""
    constraint: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class Solved:
    """What was chosen from a plain index.

    Attributes:
        versions: Name → version, what is needed before what needs it.
        cycles: Names that need one another.
    """

    versions: dict[str, str]
    cycles: list[list[str]] = field(default_factory=list)


def changes(before: dict[str, str], answer: Resolution) -> list[Change]:
    """What an answer changes, by name."""
    after = {each.artifact: each.version for each in answer.versions}
    return [
        Change(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
