"""Who needs an artifact, and who needs those: the graph the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hyperhost.contracts import ArtifactQuery, ArtifactSort, DependencyType, Principal
from hyperhost.drawing import Drawing, Edge, Node
from hyperhost.offering import missing

from .answers import Relationship
from .catalog import highest, pages

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["dependents_of", "turned", "users"]


def users(hook: HookRelay, name: str, principal: Principal | None) -> Iterator[Relationship]:
    """Who depends on an artifact, by name, each in the highest version that does and may be seen."""
    for artifact in highest(pages(hook, ArtifactQuery(needs=name, sort=ArtifactSort.NAME), principal)):
        for each in artifact.dependencies:
            if each.artifact == name:
                owner = f"{artifact.namespace}/{artifact.name}"
                yield Relationship("used-by", owner, artifact.version, each.constraint, each.type.value)


def dependents_of(
    hook: HookRelay, name: str, depth: int, title: str, principal: Principal | None
) -> tuple[Drawing, dict[str, str], list[list[str]]]:
    """The graph of those that need an artifact, directly or not.

    Args:
        hook: The host's hooks.
        name: ``namespace/name``.
        depth: Levels at most; 0 is all.
        title: Above the drawing.
        principal: Who asks; what they must not see is left out, with what is reached by it only.

    Returns:
        The drawing, its arrows from who needs to what is needed; versions by name, the first that was
        found, without that of the artifact itself, as all of its versions are meant; and for each arrow
        who needs, what, and the constraint. An arrow from another version than that says so.

    Raises:
        RefusalError: ``missing:artifact`` when there is no such artifact.
    """
    namespace, _, short = name.partition("/")
    if next(pages(hook, ArtifactQuery(namespace=namespace, name=short), principal), None) is None:
        raise missing("artifact", f"there is no artifact {name}")
    nodes = {name: Node(name, name, kind="root")}
    edges: list[Edge] = []
    versions: dict[str, str] = {}
    needs: list[list[str]] = []
    layer, level = [name], 0
    while layer and (not depth or level < depth):
        following: dict[str, None] = {}
        for needed in layer:
            for each in users(hook, needed, principal):
                if each.artifact not in nodes:
                    nodes[each.artifact] = Node(each.artifact, f"{each.artifact} {each.version}")
                    versions[each.artifact] = each.version
                    following[each.artifact] = None
                line = "" if each.type == DependencyType.RUNTIME.value else "dashed"
                other = "" if each.version == versions.get(each.artifact) else f" in {each.version}"
                edges.append(Edge(each.artifact, needed, each.constraint + other, line))
                needs.append([each.artifact, needed, each.constraint])
        layer, level = list(following), level + 1
    return Drawing(list(nodes.values()), edges, title), versions, needs


def turned(drawing: Drawing) -> Drawing:
    """The same with each arrow the other way round, as a tree of lines reads from what is needed on."""
    edges = [Edge(each.target, each.source, each.label, each.kind) for each in drawing.edges]
    return Drawing(drawing.nodes, edges, drawing.title)
