"""Whatever is written and asked for, the SQL provider answers as the one in memory does."""

from __future__ import annotations

import tempfile
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from builtin_plugins.storage_memory.plugin import StorageMemory
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactQuery,
    ArtifactSort,
    ArtifactState,
    ArtifactType,
    ArtifactWrite,
    ContentInfo,
    PageRequest,
    PutMode,
    Visibility,
)
from hyperhost.errors import RefusalError

NAMESPACES = ["org", "org.a", "org.a.x", "org.a-b", "org.a.x.y", "org.ab", "user"]
LABELS = {"tier": ["", "core", "edge"], "a=b": ["c"], "a": ["b=c", "="]}
U64 = st.one_of(st.integers(0, 3), st.sampled_from([2**63 - 1, 2**63, 2**64 - 1]))

labels = st.fixed_dictionaries({}, optional={name: st.sampled_from(of) for name, of in LABELS.items()})
artifacts = st.builds(
    Artifact,
    id=st.sampled_from([f"id-{n}" for n in range(12)]),
    namespace=st.sampled_from(NAMESPACES),
    name=st.sampled_from(["a", "b", "B", "ä"]),
    type=st.sampled_from(ArtifactType),
    version=st.sampled_from(["1.0.0", "1.0.1", "2.0.0"]),
    visibility=st.sampled_from(Visibility),
    state=st.sampled_from(ArtifactState),
    labels=labels,
    content=st.none() | st.builds(ContentInfo, hash=st.just("sha256:00"), size=st.integers(0, 9)),
    activity=st.builds(
        ArtifactActivity,
        created_at_us=st.integers(-1, 2),
        updated_at_us=st.integers(0, 2),
        download_count=U64,
        rating=st.sampled_from([0.0, 0.5, 4.25]),
    ),
)
writes = st.one_of(
    st.tuples(st.just("put"), st.lists(artifacts, min_size=1, max_size=1), st.sampled_from(PutMode)),
    st.tuples(st.just("bulk"), st.lists(artifacts, max_size=6), st.sampled_from(PutMode)),
    st.tuples(st.just("delete"), st.lists(artifacts, min_size=1, max_size=1), st.none()),
)
queries = st.builds(
    ArtifactQuery,
    namespace=st.none() | st.sampled_from([*NAMESPACES, "none"]),
    descendants=st.booleans(),
    name=st.none() | st.sampled_from(["a", "B", "none"]),
    type=st.none() | st.sampled_from(ArtifactType),
    state=st.none() | st.sampled_from(ArtifactState),
    visibility=st.none() | st.sampled_from(Visibility),
    labels=labels,
    sort=st.sampled_from(ArtifactSort),
    descending=st.booleans(),
)


def write(provider: Any, kind: str, items: list[Artifact], mode: Any) -> Any:
    """The outcome of a write, refusals included."""
    try:
        if kind == "delete":
            return provider.storage_delete_artifact(items[0].id)
        if kind == "put":
            return provider.storage_put_artifact(items[0], "", mode)
        return provider.storage_put_artifacts([ArtifactWrite(item) for item in items], mode)
    except RefusalError as error:
        return error.rule, ""  # of two true reasons either may be given


def listed(provider: Any, query: ArtifactQuery, size: int) -> list[Artifact]:
    """A list, followed to its end."""
    found: list[Artifact] = []
    token = ""
    while True:
        page = provider.storage_list_artifacts(query, PageRequest(size, token))
        found += page.items
        if not page.next_token:
            return found
        token = page.next_token


@settings(max_examples=120, deadline=None)
@given(st.lists(writes, max_size=25), st.lists(queries, min_size=1, max_size=12), st.integers(1, 4))
def test_any_history_and_any_query_has_the_same_answer(
    history: list[Any], asked: list[ArtifactQuery], size: int
) -> None:
    memory = StorageMemory()
    with tempfile.TemporaryDirectory() as directory:
        sql = StorageSql(f"{directory}/registry.db")
        try:
            sql.storage_begin(True)  # one unit for all: this is not about the disk
            for kind, items, mode in history:
                assert write(sql, kind, items, mode) == write(memory, kind, items, mode)
            for query in asked:
                expected = listed(memory, query, 1000)
                assert listed(sql, query, size) == expected
                assert sql.storage_count_artifacts(query) == len(expected)
            for namespace in NAMESPACES:
                assert sql.storage_namespace_usage(namespace) == memory.storage_namespace_usage(namespace)
            assert sql.storage_usage() == memory.storage_usage()
            sql.storage_end(True)
        finally:
            sql.plugin_stop()
