"""The graph against a plain reference made of dictionaries, on graphs made by chance."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import hyperhost
from builtin_plugins.graph import follower
from builtin_plugins.graph.plugin import Graph
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactMetadata,
    ArtifactState,
    ArtifactType,
    Dependency,
    GraphEdgeKind,
    GraphQuestion,
    Principal,
    PutMode,
    Visibility,
)
from hyperhost.contracts.codec import to_data
from hyperhost.hookspecs.artifacts import ArtifactHooks
from hyperhost.hookspecs.graph import GraphHooks
from hyperhost.hookspecs.operations import OperationHooks
from hyperhost.hookspecs.storage import StorageHooks
from hyperhost.hookspecs.storage_records import StorageRecordHooks

OWNER = Principal("local:owner")
NAMES = st.integers(0, 9)
NEEDS = st.lists(NAMES, max_size=4, unique=True)
# One version of one name: name, version, what it needs, downloads, words, tags.
VERSIONS = st.tuples(
    NAMES, st.integers(1, 3), NEEDS, st.integers(0, 50),
    st.lists(st.sampled_from(["auth", "login", "paint", "draw"]), max_size=3),
    st.lists(st.sampled_from(["red", "blue"]), max_size=2, unique=True),
)  # fmt: skip
STORES = st.lists(VERSIONS, max_size=25, unique_by=lambda each: each[:2])
QUICK = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a host for each step takes long to shrink with
    suppress_health_check=[HealthCheck.too_slow],
)


def name_of(number: int) -> str:
    return f"org.acme/n{number}"


def artifact_of(version: tuple[int, int, list[int], int, list[str], list[str]]) -> Artifact:
    name, number, needs, downloads, said, tags = version
    return Artifact(
        f"00000000-0000-7000-8000-{name:06d}{number:06d}",
        "org.acme",
        f"n{name}",
        ArtifactType.LIBRARY,
        f"{number}.0.0",
        Visibility.PUBLIC,
        ArtifactState.PUBLISHED,
        ArtifactMetadata(description=" ".join(said), tags=tags),
        dependencies=[Dependency(name_of(each)) for each in needs],
        activity=ArtifactActivity(download_count=downloads),
    )


@contextmanager
def hosting() -> Iterator[hyperhost.Host]:
    specs = [StorageHooks, StorageRecordHooks, OperationHooks, ArtifactHooks, GraphHooks]
    every_time = mock.patch.object(follower, "_LOOK_EVERY_S", 0.0)  # nobody tells it of changes here
    with every_time, hyperhost.Host("hyperhost", specs=specs) as host:
        host.register(StorageMemory(), "storage")
        host.register(Graph(), "graph")
        yield host


def put(host: hyperhost.Host, artifact: Artifact, *, gone: bool = False) -> None:
    """Write, or delete, as the registry does: with an entry of the history."""
    known = host.hook.storage_get_artifact(artifact_id=artifact.id) is not None
    if gone:
        host.hook.storage_delete_artifact(artifact_id=artifact.id)
    else:
        mode = PutMode.REPLACE if known else PutMode.CREATE
        host.hook.storage_put_artifact(artifact=artifact, manifest_json="", mode=mode)
    entry = json.dumps({"kind": "deleted" if gone else "updated", "artifact": to_data(artifact)})
    host.hook.storage_append_log(log="history", subject=artifact.id, data_json=entry, at_us=1)


class Reference:
    """All of it in dictionaries."""

    def __init__(self, versions: list[tuple[int, int, list[int], int, list[str], list[str]]]) -> None:
        best: dict[int, int] = {}
        self.needs: dict[str, set[str]] = defaultdict(set)
        self.downloads: dict[str, int] = defaultdict(int)
        self.face_needs: dict[str, set[str]] = {}
        for name, number, needs, downloads, _, _ in versions:
            self.needs[name_of(name)] |= {name_of(each) for each in needs}
            self.downloads[name_of(name)] += downloads
            if number > best.get(name, 0):
                best[name] = number
                self.face_needs[name_of(name)] = {name_of(each) for each in needs}
        self.users: dict[str, set[str]] = defaultdict(set)
        for name, needs_of in self.needs.items():
            for need in needs_of:
                self.users[need].add(name)

    def levels(self, start: str, follow: dict[str, set[str]]) -> list[set[str]]:
        seen, found = {start}, [{start}]
        while level := {other for each in found[-1] for other in follow.get(each, ())} - seen:
            seen |= level
            found.append(level)
        return found[1:]

    def rarity(self, need: str) -> float:
        count = sum(need in needs for needs in self.face_needs.values())
        return math.log1p(len(self.face_needs) / max(count, 1))

    def dependencies(self, one: str, other: str) -> float:
        both = sum(map(self.rarity, self.face_needs[one] & self.face_needs[other]))
        either = sum(map(self.rarity, self.face_needs[one] | self.face_needs[other]))
        return both / either if either else 0.0

    def usage(self, one: str, other: str) -> float:
        ours, theirs = (
            {name for name, needs in self.face_needs.items() if each in needs} for each in (one, other)
        )
        return len(ours & theirs) / (math.sqrt(len(ours) * len(theirs)) + 1)


@QUICK
@given(STORES, NAMES)
def test_impact_and_ways_are_those_of_the_reference(store: list, number: int) -> None:
    reference, start = Reference(store), name_of(number)
    with hosting() as host:
        for version in store:
            put(host, artifact_of(version))
        if start not in reference.needs and start not in reference.users:
            with pytest.raises(hyperhost.errors.RefusalError):
                host.hook.graph_impact(principal=OWNER, artifact=start, depth=0, limit=5)
            return
        found = host.hook.graph_impact(principal=OWNER, artifact=start, depth=0, limit=1000)
        levels = reference.levels(start, reference.users)
        assert [(each.depth, each.artifacts) for each in found.levels] == [
            (depth, len(level)) for depth, level in enumerate(levels, 1)
        ]
        assert {(each.artifact, each.depth, each.downloads) for each in found.artifacts} == {
            (name, depth, reference.downloads[name])
            for depth, level in enumerate(levels, 1)
            for name in level
        }
        assert all(each.by in reference.needs[each.artifact] for each in found.artifacts)
        assert found.downloads == sum(reference.downloads[name] for level in levels for name in level)
        assert found.missing == (start not in reference.needs)
        after = reference.levels(start, reference.needs)
        for other in {*reference.needs, *reference.users} - {start}:
            way = host.hook.graph_path(principal=OWNER, target=other, question=GraphQuestion(start, depth=0))
            depth = next((index for index, level in enumerate(after, 1) if other in level), None)
            assert (len(way.edges) if way.found else None) == depth
        around = GraphQuestion(start, [GraphEdgeKind.DEPENDS], 0, 1000)
        part = host.hook.graph_neighbours(principal=OWNER, question=around)
        assert {node.name for node in part.nodes} == {start}.union(*after)
        inside = {start}.union(*after)
        assert {(edge.source, edge.target) for edge in part.edges} == {
            (f"artifact:{name}", f"artifact:{need}")
            for name in inside
            for need in reference.needs.get(name, ())
        }


@QUICK
@given(STORES, NAMES)
def test_similarity_is_that_of_the_formulas(store: list, number: int) -> None:
    reference, start = Reference(store), name_of(number)
    if start not in reference.face_needs:
        return
    with hosting() as host:
        for version in store:
            put(host, artifact_of(version))
        found = host.hook.graph_similar(principal=OWNER, artifact=start, limit=1000)
        assert {each.artifact for each in found} == set(reference.face_needs) - {start}
        for each in found:
            parts = {part.name: part.score for part in each.parts}
            assert parts["dependencies"] == pytest.approx(
                reference.dependencies(start, each.artifact), abs=2e-4
            )
            assert parts["usage"] == pytest.approx(reference.usage(start, each.artifact), abs=2e-4)
            assert all(0 <= score <= 1 for score in parts.values())


@QUICK
@given(STORES, st.lists(st.tuples(VERSIONS, st.booleans()), max_size=12), NAMES)
def test_what_was_followed_step_by_step_equals_what_is_built_at_once(
    store: list, changes: list, number: int
) -> None:
    final = {version[:2]: version for version in store}

    def answers(host: hyperhost.Host) -> list[object]:
        found: list[object] = [
            host.hook.graph_clusters(principal=OWNER, namespace="", least=2, limit=50, members=50)
        ]
        for name in range(10):
            try:
                found += [
                    host.hook.graph_impact(principal=OWNER, artifact=name_of(name), depth=0, limit=50),
                    host.hook.graph_similar(principal=OWNER, artifact=name_of(name), limit=50),
                    host.hook.graph_neighbours(
                        principal=OWNER, question=GraphQuestion(name_of(name), depth=0)
                    ),
                ]
            except hyperhost.errors.RefusalError as refusal:
                found.append(refusal.rule)
        return found

    with hosting() as followed, hosting() as built:
        for version in store:
            put(followed, artifact_of(version))
        followed.hook.graph_status()
        for version, gone in changes:
            put(followed, artifact_of(version), gone=gone)
            final.pop(version[:2], None)
            if not gone:
                final[version[:2]] = version
            followed.hook.graph_status()
        for version in final.values():
            put(built, artifact_of(version))
        assert answers(followed) == answers(built)
