"""Scopes: what artifacts are listed by. Everything, each namespace with all below it, each label.

For each scope that an artifact is in there is one row in ``placement`` with what lists are sorted
by, so that any list is one walk along one index, however many artifacts there are. The row in
``scope`` counts them, which answers how much lies in a namespace without looking at any artifact.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from hyperhost.contracts import Artifact
from hyperhost.errors import RefusalError

from .codec import kind_of

__all__ = [
    "CONTENTS",
    "DIRECT",
    "EVERYTHING",
    "Delta",
    "Scope",
    "check_size",
    "deltas",
    "label",
    "placements",
    "scopes_of",
    "tree",
]

DIRECT: Final = 0x1000
"""In ``kind`` of a placement: the artifact is in the namespace itself, not below it."""

_SIZE_MAX: Final = 2**63 - 1
_HALF: Final = 2**63


class Scope(NamedTuple):
    """Names a row of ``scope``.

    Attributes:
        sort: 0 everything, 1 a namespace with all below it, 2 a label, 3 the contents.
        name: The namespace, or the label's name; empty for the others.
        value: The label's value; empty for the others.
    """

    sort: int
    name: str
    value: str


EVERYTHING: Final = Scope(0, "", "")
CONTENTS: Final = Scope(3, "", "")


class Delta(NamedTuple):
    """What changes in the counters of a scope: artifacts, those in the namespace itself, bytes."""

    artifacts: int
    direct: int
    content_bytes: int

    def plus(self, other: Delta) -> Delta:
        """Both changes."""
        return Delta(
            self.artifacts + other.artifacts,
            self.direct + other.direct,
            self.content_bytes + other.content_bytes,
        )


def tree(namespace: str) -> Scope:
    """The scope of a namespace and everything below it."""
    return Scope(1, namespace, "")


def label(name: str, value: str) -> Scope:
    """The scope of a label."""
    return Scope(2, name, value)


def scopes_of(artifact: Artifact) -> list[Scope]:
    """The scopes that an artifact is in: everything, its namespace and those above it, its labels."""
    namespace = artifact.namespace
    found = [EVERYTHING, tree(namespace)]
    end = namespace.rfind(".")
    while end >= 0:
        found.append(tree(namespace[:end]))
        end = namespace.rfind(".", 0, end)
    found += [label(name, value) for name, value in artifact.labels.items()]
    return found


def check_size(artifact: Artifact) -> None:
    """Return if the artifact can be counted.

    Raises:
        RefusalError: rule ``storage.value``: its content is larger than can be summed up.
    """
    size = artifact.content_size
    if size > _SIZE_MAX:
        raise RefusalError(
            f"artifact {artifact.id}: content.size is {size}",
            "storage.value",
            hint=f"the most that can be stored is {_SIZE_MAX}",
        )


def deltas(artifact: Artifact, sign: int) -> Iterable[tuple[Scope, Delta]]:
    """What an artifact adds to each of its scopes; what it takes away, for -1."""
    size = artifact.content_size
    for scope in scopes_of(artifact):
        direct = scope.sort == 1 and scope.name == artifact.namespace
        yield scope, Delta(sign, sign * direct, sign * size)


def placements(artifact: Artifact, numbers: dict[Scope, int]) -> Iterable[tuple[Any, ...]]:
    """The artifact's rows in ``placement``; ``numbers`` are those of its scopes."""
    activity = artifact.activity
    kind = kind_of(artifact.type, artifact.state, artifact.visibility)[1]
    # Sorted as signed numbers, so the smallest unsigned one has to be the smallest signed one.
    downloads = activity.download_count - _HALF
    for scope in scopes_of(artifact):
        named = scope.sort == 2
        direct = DIRECT if scope.sort == 1 and scope.name == artifact.namespace else 0
        yield (
            numbers[scope],
            activity.created_at_us,
            artifact.id,
            kind | direct,
            activity.updated_at_us,
            downloads,
            activity.rating,
            artifact.namespace if named else None,
            artifact.name if named else None,
        )
