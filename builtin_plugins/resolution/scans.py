"""Operations that look at many artifacts: conflicts of a namespace, relations of an artifact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from hyperhost.contracts import (
    Artifact,
    ArtifactQuery,
    ArtifactSort,
    ArtifactState,
    Dependency,
    ResolutionRequest,
)
from hyperhost.errors import RefusalError
from hyperhost.offering import Asked, missing, operation
from hyperhost.versions import parse

from .answers import Conflict, Conflicts, Relationship
from .catalog import highest, pages
from .dependents import users
from .inputs import UNRESOLVABLE, split

__all__ = ["conflict_detect", "relationship_find"]

_UNRESOLVED = (UNRESOLVABLE, "invalid:")


@operation(group="deps", permission="artifact:read")
def conflict_detect(asked: Asked, namespace: str, descendants: bool = True) -> Conflicts:
    """Resolve the current version of every artifact of a namespace, and report what cannot be."""
    asked.about(namespace, namespace)
    checked, conflicts = 0, []
    cycles: dict[tuple[str, ...], list[str]] = {}
    for artifact in _current(asked, namespace, descendants):
        checked += 1
        name = f"{artifact.namespace}/{artifact.name}"
        request = ResolutionRequest([Dependency(name, f"={artifact.version}")], principal=asked.principal)
        try:
            answer = asked.hook.resolution_resolve(request=request)
        except RefusalError as refusal:
            if not refusal.rule.startswith(_UNRESOLVED):
                raise
            conflicts.append(Conflict(f"{name}@{artifact.version}", refusal.reason))
            continue
        cycles.update((tuple(cycle), cycle) for cycle in answer.cycles)
    if not checked:
        raise missing(
            "namespace", f"nothing is published in {namespace}", "'hyperhost artifact list' shows what is"
        )
    return Conflicts(checked, conflicts, [cycles[key] for key in sorted(cycles)])


@operation(group="relations", permission="artifact:read")
def relationship_find(
    asked: Asked,
    artifact: str,
    kinds: list[Literal["depends-on", "used-by", "replaced-by"]] | None = None,
) -> list[Relationship]:
    """Find what an artifact depends on, who uses it, and what replaces it."""
    name, _ = split(artifact)
    namespace, _, short = name.partition("/")
    asked.about(name, namespace)
    versions = list(pages(asked.hook, ArtifactQuery(namespace=namespace, name=short), asked.principal))
    if not versions:
        raise missing("artifact", f"there is no artifact {name}")
    newest = max(versions, key=lambda each: (each.state is not ArtifactState.DRAFT, parse(each.version)))
    wanted = kinds or ["depends-on", "used-by", "replaced-by"]
    found: list[Relationship] = []
    if "depends-on" in wanted:
        found += [
            Relationship("depends-on", each.artifact, "", each.constraint, each.type.value)
            for each in newest.dependencies
        ]
    if "used-by" in wanted:
        found += users(asked.hook, name, asked.principal)
    if "replaced-by" in wanted and newest.deprecation is not None and newest.deprecation.replacement:
        found.append(Relationship("replaced-by", newest.deprecation.replacement))
    return found


def _current(asked: Asked, namespace: str, descendants: bool) -> Iterator[Artifact]:
    """The highest version of each artifact that may be chosen, by name."""
    query = ArtifactQuery(namespace=namespace, descendants=descendants, sort=ArtifactSort.NAME)
    yield from highest(pages(asked.hook, query, asked.principal))
