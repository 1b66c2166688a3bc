"""What every provider of the service ``storage`` must do, whoever wrote it and in whatever language.

Subclass :class:`StorageSuite` (or :class:`StorageReadSuite`, for a provider that only reads) in a
test module and override its fixtures: ``storage`` gives the hook relay of a host or plugin
manager with the provider registered, so ``storage.storage_get_artifact(artifact_id=…)`` calls it.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactMetadata,
    ArtifactQuery,
    ArtifactSort,
    ArtifactState,
    ArtifactType,
    ContentInfo,
    Dependency,
    DependencyCondition,
    DependencyType,
    Deprecation,
    KeptNames,
    PageRequest,
    Publisher,
    PutMode,
    Signature,
    SignerRole,
    StorageTotals,
    Visibility,
)
from hyperhost.errors import RefusalError

HELLO = "sha256:" + hashlib.sha256(b"hello").hexdigest()

COMPONENT_ARTIFACT = Artifact(
    id="01890000-0000-7000-8000-000000000001",
    namespace="org.acme",
    name="auth",
    type=ArtifactType.LIBRARY,
    version="1.2.3",
    visibility=Visibility.PUBLIC,
    state=ArtifactState.PUBLISHED,
    metadata=ArtifactMetadata("Signs people in", licenses=["MIT"]),
    labels={"tier": "core"},
    content=ContentInfo(HELLO, 5),
    dependencies=[Dependency("org.acme/crypto", "^2.0.0")],
    publisher=Publisher("acme"),
    activity=ArtifactActivity(
        created_at_us=1_700_000_000_000_000,
        updated_at_us=1_700_000_000_000_001,
        published_at_us=1_700_000_000_000_001,
        download_count=7,
        rating=4.5,
    ),
)
"""The one artifact that ``storage_component.wat`` knows."""

FULL_ARTIFACT = Artifact(
    id="01890000-0000-7000-8000-000000000002",
    namespace="user.alice@example.com",
    name="full",
    type=ArtifactType.SERVICE,
    version="2.0.0-rc.1+build.5",
    visibility=Visibility.INTERNAL,
    state=ArtifactState.DEPRECATED,
    metadata=ArtifactMetadata(
        description="Grüße, مرحبا, 👩‍🚀 and a zero \0 byte",
        author="Alice",
        licenses=["MIT", "Apache-2.0"],
        tags=["b", "a"],
        keywords=["k"],
        homepage="https://example.com",
        repository="https://example.com/git",
    ),
    labels={"z": "1", "a": ""},
    annotations={"note": "long " * 1000},
    content=ContentInfo(HELLO, 5, "s3://bucket/key"),
    dependencies=[
        Dependency(
            "org.acme/crypto",
            ">=1 <2 || ^3",
            DependencyType.PEER,
            optional=True,
            registry="https://registry.example.com",
            scope="tls",
            condition=DependencyCondition(["linux"], ["x86_64", "aarch64"], [], ["fast"]),
            reason="needs it",
        ),
        Dependency("org.acme/log"),
    ],
    publisher=Publisher("p1", "Alice", "alice@example.com", "https://example.com"),
    signatures=[Signature("k1", "ed25519", bytes(range(64)), 5, SignerRole.REGISTRY)],
    activity=ArtifactActivity(1, 2, None, 2**64 - 1, 0.1),
    deprecation=Deprecation(3, "old", 4, "org.acme/new", ["2.1.0", "2.0.1"]),
)
"""Every field set to something that is easily lost."""


def artifact(number: int, **changes: Any) -> Artifact:
    """A small artifact; equal numbers give equal ids and coordinates."""
    base = Artifact(
        id=f"01890000-0000-7000-8000-{number:012}",
        namespace="org.acme",
        name=f"part-{number}",
        type=ArtifactType.PLUGIN,
        version="1.0.0",
        activity=ArtifactActivity(created_at_us=number, updated_at_us=number),
    )
    return dataclasses.replace(base, **changes)


def create(storage: Any, *artifacts: Artifact, manifest: str = "") -> None:
    """Write artifacts that must be new."""
    for item in artifacts:
        storage.storage_put_artifact(artifact=item, manifest_json=manifest, mode=PutMode.CREATE)


def pages(storage: Any, query: ArtifactQuery, size: int) -> Iterator[list[Artifact]]:
    """Follow a list from its first page to its end."""
    token = ""
    while True:
        page = storage.storage_list_artifacts(query=query, page=PageRequest(size, token))
        yield page.items
        if not page.next_token:
            return
        token = page.next_token


def names(storage: Any, query: ArtifactQuery, size: int = 100) -> list[str]:
    """Names of all artifacts of a query, in order."""
    return [item.name for items in pages(storage, query, size) for item in items]


def refusal(storage: Any, hook: str, **arguments: Any) -> RefusalError:
    """The refusal that a call must end in."""
    with pytest.raises(RefusalError) as caught:
        getattr(storage, hook)(**arguments)
    assert caught.value.reason
    return caught.value


class StorageReadSuite:
    """The least a provider does: read by id, and say how much it holds."""

    @pytest.fixture
    def storage(self) -> Any:
        """Override: the hook relay."""
        pytest.fail("a suite is run by a subclass that overrides the fixture 'storage'")

    @pytest.fixture
    def known(self, storage: Any) -> Artifact:
        """Override for a provider that cannot write: an artifact that it holds."""
        create(storage, COMPONENT_ARTIFACT)
        return COMPONENT_ARTIFACT

    def test_a_known_id_gives_the_whole_artifact(self, storage: Any, known: Artifact) -> None:
        found = storage.storage_get_artifact(artifact_id=known.id)
        assert found == known
        assert type(found) is Artifact
        assert type(found.type) is ArtifactType
        assert type(found.metadata) is ArtifactMetadata
        assert type(found.labels) is dict

    @pytest.mark.parametrize("unknown", ["", "x", "0" * 5000, "Ünknown \0 👩‍🚀"])
    def test_an_unknown_id_gives_none(self, storage: Any, known: Artifact, unknown: str) -> None:
        assert storage.storage_get_artifact(artifact_id=unknown) is None

    def test_an_id_that_differs_in_its_last_character_gives_none(self, storage: Any, known: Artifact) -> None:
        assert storage.storage_get_artifact(artifact_id=known.id[:-1] + "x") is None
        assert storage.storage_get_artifact(artifact_id=known.id[:-1]) is None

    def test_reading_twice_gives_the_same(self, storage: Any, known: Artifact) -> None:
        first = storage.storage_get_artifact(artifact_id=known.id)
        assert storage.storage_get_artifact(artifact_id=known.id) == first

    def test_usage_counts_the_artifact(self, storage: Any, known: Artifact) -> None:
        totals = storage.storage_usage()
        assert type(totals) is StorageTotals
        assert totals.artifacts == 1


class StorageSuite(StorageReadSuite):
    """Everything a provider does."""

    # --- one artifact -------------------------------------------------------------------------

    def test_every_field_survives(self, storage: Any) -> None:
        create(storage, FULL_ARTIFACT)
        assert storage.storage_get_artifact(artifact_id=FULL_ARTIFACT.id) == FULL_ARTIFACT

    def test_what_is_stored_does_not_change_with_the_callers_objects(self, storage: Any) -> None:
        labels = {"team": "one"}
        create(storage, artifact(1, labels=labels))
        labels["team"] = "two"
        storage.storage_get_artifact(artifact_id=artifact(1).id).labels["team"] = "three"
        assert storage.storage_get_artifact(artifact_id=artifact(1).id).labels == {"team": "one"}

    def test_creating_a_taken_id_is_refused_and_changes_nothing(self, storage: Any) -> None:
        create(storage, artifact(1), manifest="{}")
        other = artifact(1, name="other")
        refused = refusal(
            storage, "storage_put_artifact", artifact=other, manifest_json="[]", mode=PutMode.CREATE
        )
        assert refused.rule == "storage.exists"
        assert storage.storage_get_artifact(artifact_id=other.id) == artifact(1)
        assert storage.storage_get_manifest(artifact_id=other.id) == "{}"

    @pytest.mark.parametrize("mode", list(PutMode))
    def test_taken_coordinates_are_refused_and_change_nothing(self, storage: Any, mode: PutMode) -> None:
        create(storage, artifact(1))
        if mode is PutMode.REPLACE:
            create(storage, artifact(2))
        intruder = artifact(2, name=artifact(1).name)
        refused = refusal(storage, "storage_put_artifact", artifact=intruder, manifest_json="", mode=mode)
        assert refused.rule == "storage.exists"
        kept = storage.storage_find_artifact(namespace="org.acme", name="part-1", version="1.0.0")
        assert kept == artifact(1)
        before = artifact(2) if mode is PutMode.REPLACE else None
        assert storage.storage_get_artifact(artifact_id=intruder.id) == before

    def test_replacing_what_is_not_there_is_refused(self, storage: Any) -> None:
        refused = refusal(
            storage, "storage_put_artifact", artifact=artifact(1), manifest_json="", mode=PutMode.REPLACE
        )
        assert refused.rule == "storage.missing"
        assert storage.storage_get_artifact(artifact_id=artifact(1).id) is None

    def test_a_write_says_whether_anything_changed(self, storage: Any) -> None:
        def put(item: Artifact, manifest: str, mode: PutMode) -> bool:
            changed: bool = storage.storage_put_artifact(artifact=item, manifest_json=manifest, mode=mode)
            return changed

        assert put(artifact(1), "{}", PutMode.CREATE) is True
        assert put(artifact(1), "{}", PutMode.REPLACE) is False
        assert put(artifact(1), "[]", PutMode.REPLACE) is True
        assert put(artifact(1, version="1.0.1"), "[]", PutMode.REPLACE) is True

    def test_moving_an_artifact_frees_its_old_coordinates(self, storage: Any) -> None:
        create(storage, artifact(1))
        moved = artifact(1, version="1.0.1")
        storage.storage_put_artifact(artifact=moved, manifest_json="", mode=PutMode.REPLACE)
        where = {"namespace": "org.acme", "name": "part-1"}
        assert storage.storage_find_artifact(**where, version="1.0.0") is None
        assert storage.storage_find_artifact(**where, version="1.0.1") == moved
        create(storage, artifact(2, name="part-1"))

    @pytest.mark.parametrize(
        "changed", [{"namespace": "org"}, {"name": "part"}, {"version": "1.0"}, {"name": "PART-1"}]
    )
    def test_coordinates_are_compared_exactly(self, storage: Any, changed: dict[str, str]) -> None:
        create(storage, artifact(1))
        where = {"namespace": "org.acme", "name": "part-1", "version": "1.0.0"}
        assert storage.storage_find_artifact(**where) == artifact(1)
        assert storage.storage_find_artifact(**(where | changed)) is None

    def test_a_manifest_comes_back_byte_for_byte(self, storage: Any) -> None:
        text = '{"b": 1,\n "a": "ü\\u0000"}'
        create(storage, artifact(1), manifest=text)
        create(storage, artifact(2))
        assert storage.storage_get_manifest(artifact_id=artifact(1).id) == text
        assert storage.storage_get_manifest(artifact_id=artifact(2).id) == ""
        assert storage.storage_get_manifest(artifact_id=artifact(3).id) is None

    def test_deleting_takes_the_manifest_along_and_frees_the_coordinates(self, storage: Any) -> None:
        create(storage, artifact(1), manifest="{}")
        assert storage.storage_delete_artifact(artifact_id=artifact(1).id) is True
        assert storage.storage_delete_artifact(artifact_id=artifact(1).id) is False
        assert storage.storage_get_artifact(artifact_id=artifact(1).id) is None
        assert storage.storage_get_manifest(artifact_id=artifact(1).id) is None
        assert storage.storage_usage().artifacts == 0
        create(storage, artifact(2, name="part-1"))

    # --- lists --------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            (ArtifactQuery(), ["a", "b", "c", "d"]),
            (ArtifactQuery(namespace="org.acme"), ["a", "b"]),
            (ArtifactQuery(namespace="org.acme", descendants=True), ["a", "b", "c"]),
            (ArtifactQuery(namespace="org"), []),
            (ArtifactQuery(name="d"), ["d"]),
            (ArtifactQuery(type=ArtifactType.THEME), ["b"]),
            (ArtifactQuery(state=ArtifactState.ARCHIVED), ["c"]),
            (ArtifactQuery(visibility=Visibility.PUBLIC), ["d"]),
            (ArtifactQuery(labels={"tier": "core"}), ["a", "b"]),
            (ArtifactQuery(labels={"tier": "core", "team": "x"}), ["b"]),
            (ArtifactQuery(labels={"tier": "x"}), []),
            (ArtifactQuery(namespace="org.acme", labels={"team": "x"}, type=ArtifactType.THEME), ["b"]),
        ],
    )
    def test_a_query_selects(self, storage: Any, query: ArtifactQuery, expected: list[str]) -> None:
        create(
            storage,
            artifact(1, name="a", labels={"tier": "core"}),
            artifact(2, name="b", labels={"tier": "core", "team": "x"}, type=ArtifactType.THEME),
            artifact(3, name="c", namespace="org.acme.team", state=ArtifactState.ARCHIVED),
            artifact(4, name="d", namespace="org.acmeevil", visibility=Visibility.PUBLIC),
        )
        assert names(storage, query) == expected
        assert storage.storage_count_artifacts(query=query) == len(expected)

    @pytest.mark.parametrize("sort", list(ArtifactSort))
    def test_a_query_for_what_needs_an_artifact_looks_at_dependencies_alone(
        self, storage: Any, sort: ArtifactSort
    ) -> None:
        wanted, decoy = "org.acme/crypto", '["org.acme/crypto"'
        create(storage, artifact(1, dependencies=[Dependency("org.acme/log"), Dependency(wanted, "^2")]))
        create(storage, artifact(2, dependencies=[Dependency("org.acme/crypto-extra")]))
        create(storage, artifact(3, metadata=ArtifactMetadata(decoy, tags=[wanted]), labels={"x": "y"}))
        long = Dependency(wanted, "*", DependencyType.PEER, optional=True, reason="keys")
        create(storage, artifact(4, dependencies=[long, Dependency("org.acme/log", wanted)]))
        query = ArtifactQuery(needs=wanted, sort=sort)
        assert sorted(names(storage, query, 1)) == ["part-1", "part-4"]
        assert storage.storage_count_artifacts(query=query) == 2
        narrowed = dataclasses.replace(query, namespace="org.acme", name="part-4")
        assert names(storage, narrowed, 10) == ["part-4"]
        assert names(storage, dataclasses.replace(query, needs="org.acme/'\"%_?"), 10) == []

    @pytest.mark.parametrize("size", [1, 2, 100])
    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            (ArtifactSort.CREATED, ["c", "a", "b"]),
            (ArtifactSort.UPDATED, ["b", "c", "a"]),
            (ArtifactSort.NAME, ["a", "b", "c"]),
            (ArtifactSort.DOWNLOADS, ["a", "b", "c"]),
            (ArtifactSort.RATING, ["b", "a", "c"]),
        ],
    )
    def test_a_list_is_sorted_with_ties_by_id(
        self, storage: Any, sort: ArtifactSort, expected: list[str], size: int
    ) -> None:
        create(
            storage,
            artifact(1, name="a", activity=ArtifactActivity(2, 9, None, 0, 4.5)),
            artifact(2, name="b", activity=ArtifactActivity(3, 7, None, 0, 0.25)),
            artifact(3, name="c", activity=ArtifactActivity(1, 8, None, 3, 4.5)),
        )
        assert names(storage, ArtifactQuery(sort=sort), size) == expected
        assert names(storage, ArtifactQuery(sort=sort, descending=True), size) == expected[::-1]

    @pytest.mark.parametrize("size", [1, 3, 7, 10, 11])
    def test_pages_show_every_artifact_once_and_end(self, storage: Any, size: int) -> None:
        create(storage, *(artifact(number) for number in range(10)))
        found = list(pages(storage, ArtifactQuery(), size))
        assert [item.name for items in found for item in items] == [f"part-{number}" for number in range(10)]
        assert all(0 < len(items) <= size for items in found)

    def test_an_empty_list_is_one_empty_page(self, storage: Any) -> None:
        page = storage.storage_list_artifacts(query=ArtifactQuery(), page=PageRequest())
        assert (page.items, page.next_token) == ([], "")

    def test_pages_neither_repeat_nor_skip_while_others_write(self, storage: Any) -> None:
        create(storage, *(artifact(number) for number in range(10, 20)))
        walk = pages(storage, ArtifactQuery(), 3)
        seen = [item.name for item in next(walk)]
        create(storage, artifact(1), artifact(30))
        storage.storage_delete_artifact(artifact_id=artifact(12).id)
        seen += [item.name for items in walk for item in items]
        assert seen == [f"part-{number}" for number in (*range(10, 20), 30)]

    @pytest.mark.parametrize("size", [0, 1001, 2**32 - 1])
    def test_a_page_size_out_of_range_is_refused(self, storage: Any, size: int) -> None:
        refused = refusal(storage, "storage_list_artifacts", query=ArtifactQuery(), page=PageRequest(size))
        assert refused.rule == "storage.page"

    @pytest.mark.parametrize("token", ["x", "{}", "[]", "null", "[1, 2]", "[" * 100_000, "\0", "ünicode"])
    def test_a_token_that_is_not_one_is_refused(self, storage: Any, token: str) -> None:
        create(storage, artifact(1), artifact(2))
        refused = refusal(
            storage, "storage_list_artifacts", query=ArtifactQuery(), page=PageRequest(1, token)
        )
        assert refused.rule == "storage.page"

    def test_a_token_of_another_query_is_refused(self, storage: Any) -> None:
        create(storage, artifact(1), artifact(2))
        page = storage.storage_list_artifacts(query=ArtifactQuery(), page=PageRequest(1))
        other = ArtifactQuery(sort=ArtifactSort.NAME)
        refused = refusal(
            storage, "storage_list_artifacts", query=other, page=PageRequest(1, page.next_token)
        )
        assert refused.rule == "storage.page"

    # --- content ------------------------------------------------------------------------------

    def test_content_is_kept_once_read_in_pieces_and_removed(self, storage: Any) -> None:
        assert storage.storage_put_content(content_hash=HELLO, data=b"hello") is True
        assert storage.storage_put_content(content_hash=HELLO, data=b"hello") is False
        stat = storage.storage_stat_content(content_hash=HELLO)
        assert (stat.hash, stat.size) == (HELLO, 5)
        assert storage.storage_usage() == StorageTotals(artifacts=0, contents=1, content_bytes=5)
        assert storage.storage_delete_content(content_hash=HELLO) is True
        assert storage.storage_delete_content(content_hash=HELLO) is False
        assert storage.storage_stat_content(content_hash=HELLO) is None
        assert storage.storage_get_content(content_hash=HELLO, offset=0, length=5) is None

    @pytest.mark.parametrize(
        ("offset", "length", "expected"),
        [(0, 5, b"hello"), (0, 2, b"he"), (3, 100, b"lo"), (5, 1, b""), (2**40, 1, b""), (1, 0, b"")],
    )
    def test_a_piece_of_content(self, storage: Any, offset: int, length: int, expected: bytes) -> None:
        storage.storage_put_content(content_hash=HELLO, data=b"hello")
        assert storage.storage_get_content(content_hash=HELLO, offset=offset, length=length) == expected

    @pytest.mark.parametrize("data", [b"", bytes(range(256)) * 400])
    @pytest.mark.parametrize("algorithm", ["sha256", "sha3-512"])
    def test_content_of_any_bytes_under_either_hash(self, storage: Any, data: bytes, algorithm: str) -> None:
        name = f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
        storage.storage_put_content(content_hash=name, data=data)
        assert storage.storage_get_content(content_hash=name, offset=0, length=2**20) == data

    @pytest.mark.parametrize("name", [HELLO, HELLO.upper(), "md5:00", "sha256", "sha256:", "", ":"])
    def test_content_under_a_wrong_hash_is_refused_and_not_kept(self, storage: Any, name: str) -> None:
        refused = refusal(storage, "storage_put_content", content_hash=name, data=b"goodbye")
        assert refused.rule == "storage.hash"
        assert storage.storage_stat_content(content_hash=name) is None
        assert storage.storage_usage().contents == 0

    def test_content_outlives_an_artifact_that_refers_to_it(self, storage: Any) -> None:
        storage.storage_put_content(content_hash=HELLO, data=b"hello")
        create(storage, artifact(1, content=ContentInfo(HELLO, 5)))
        storage.storage_delete_artifact(artifact_id=artifact(1).id)
        assert storage.storage_stat_content(content_hash=HELLO).size == 5

    def test_clearing_artifacts_leaves_contents_and_how_many_there_are(self, storage: Any) -> None:
        storage.storage_put_content(content_hash=HELLO, data=b"hello")
        create(storage, artifact(1, content=ContentInfo(HELLO, 5)))
        storage.storage_clear(names=KeptNames([], []))
        assert storage.storage_usage() == StorageTotals(artifacts=0, contents=1, content_bytes=5)
        assert storage.storage_delete_content(content_hash=HELLO) is True
        assert storage.storage_usage() == StorageTotals()

    # --- several callers at once --------------------------------------------------------------

    def test_of_many_creating_the_same_coordinates_one_wins(self, storage: Any) -> None:
        def attempt(number: int) -> str:
            try:
                create(storage, artifact(number, name="contested"))
            except RefusalError as error:
                return error.rule
            return "won"

        with ThreadPoolExecutor(8) as pool:
            outcomes = sorted(pool.map(attempt, range(40)))
        assert outcomes == ["storage.exists"] * 39 + ["won"]
        assert storage.storage_usage().artifacts == 1

    def test_lists_hold_while_others_write(self, storage: Any) -> None:
        create(storage, *(artifact(number) for number in range(50)))

        def write(number: int) -> None:
            create(storage, artifact(100 + number))
            storage.storage_delete_artifact(artifact_id=artifact(100 + number).id)

        def read(_: int) -> list[str]:
            return names(storage, ArtifactQuery(), 20)[:50]

        with ThreadPoolExecutor(8) as pool:
            writes = pool.map(write, range(100))
            assert all(found == [f"part-{n}" for n in range(50)] for found in pool.map(read, range(20)))
            list(writes)
        assert storage.storage_usage().artifacts == 50
