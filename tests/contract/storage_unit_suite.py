"""What every provider of the service ``storage`` must do with units of work, records, logs and bulk.

The second half of ``storage_suite``; subclass :class:`StorageUnitSuite` beside it.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from storage_suite import FULL_ARTIFACT, artifact, create, names, refusal

from hyperhost.contracts import (
    Artifact,
    ArtifactQuery,
    ArtifactWrite,
    ContentInfo,
    KeptNames,
    LogEntry,
    LogWrite,
    NamespaceUsage,
    PageRequest,
    PutMode,
    Record,
)
from hyperhost.errors import RefusalError

EACH_MODE = pytest.mark.parametrize("mode", [None, PutMode.CREATE, PutMode.REPLACE])


def in_thread(function: Callable[[], Any]) -> Any:
    """What a function returns in another thread, which has units of work of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result(timeout=60)


def append(storage: Any, text: str = "{}", log: str = "audit", subject: str = "", at_us: int = 0) -> int:
    """Append an entry to a log."""
    seq: int = storage.storage_append_log(log=log, subject=subject, data_json=text, at_us=at_us)
    return seq


def log_of(storage: Any, log: str = "audit", **changes: Any) -> list[LogEntry]:
    """Entries of a log."""
    asked = {"log": log, "subject": "", "after": 0, "until_us": None, "limit": 10_000} | changes
    items: list[LogEntry] = storage.storage_list_log(**asked).items
    return items


def put(storage: Any, key: str, text: str = "{}", mode: PutMode | None = None, to: str = "things") -> bool:
    """Write a record."""
    changed: bool = storage.storage_put_record(collection=to, key=key, data_json=text, mode=mode)
    return changed


def get(storage: Any, key: str, collection: str = "things") -> str | None:
    """Read a record."""
    found: str | None = storage.storage_get_record(collection=collection, key=key)
    return found


def usage(storage: Any, namespace: str) -> tuple[int, int]:
    """Artifacts and bytes below a namespace."""
    found = storage.storage_namespace_usage(namespace=namespace)
    assert type(found) is NamespaceUsage
    return found.artifacts, found.content_bytes


def sized(number: int, size: int, **changes: Any) -> Artifact:
    """An artifact with content of a size."""
    return artifact(number, content=ContentInfo("sha256:00", size), **changes)


def keys(storage: Any, prefix: str = "", size: int = 1000, collection: str = "things") -> list[str]:
    """Keys of all records that begin with a text, page by page."""
    found: list[str] = []
    token = ""
    while True:
        page = storage.storage_list_records(
            collection=collection, prefix=prefix, page=PageRequest(size, token)
        )
        found += [item.key for item in page.items]
        if not page.next_token:
            return found
        token = page.next_token


class StorageUnitSuite:
    """Units of work, records, logs, usage, bulk."""

    @pytest.fixture
    def storage(self) -> Any:
        """Override: the hook relay."""
        pytest.fail("a suite is run by a subclass that overrides the fixture 'storage'")

    # --- units of work --------------------------------------------------------------------------

    def write_everything(self, storage: Any) -> None:
        create(storage, sized(1, 10), manifest="{}")
        storage.storage_put_artifacts(items=[ArtifactWrite(sized(2, 20))], mode=PutMode.CREATE)
        changed = dataclasses.replace(sized(0, 5), labels={"tier": "core"})
        storage.storage_put_artifact(artifact=changed, manifest_json="", mode=PutMode.REPLACE)
        put(storage, "one")
        append(storage, '{"n":2}')

    @pytest.mark.parametrize("commit", [True, False])
    def test_a_unit_is_kept_or_undone_as_a_whole(self, storage: Any, commit: bool) -> None:
        create(storage, artifact(0))
        append(storage, '{"n":1}')
        assert storage.storage_begin(write=True) is True
        self.write_everything(storage)
        assert names(storage, ArtifactQuery()) == ["part-0", "part-1", "part-2"], "it sees its own writes"
        assert storage.storage_end(commit=commit) is commit
        assert names(storage, ArtifactQuery()) == ["part-0", "part-1", "part-2"][: 3 if commit else 1]
        assert names(storage, ArtifactQuery(labels={"tier": "core"})) == ["part-0"] * commit
        assert usage(storage, "org") == ((3, 35) if commit else (1, 0))
        assert get(storage, "one") == ("{}" if commit else None)
        assert [entry.seq for entry in log_of(storage)] == [1, 2][: 1 + commit]
        assert append(storage) == (3 if commit else 2), "numbers of undone entries are given again"
        assert storage.storage_usage().artifacts == (3 if commit else 1)

    def test_nobody_else_sees_a_unit_before_it_ends(self, storage: Any) -> None:
        storage.storage_begin(write=True)
        create(storage, artifact(1))
        put(storage, "one")
        assert in_thread(lambda: (names(storage, ArtifactQuery()), get(storage, "one"))) == ([], None)
        storage.storage_end(commit=True)
        assert in_thread(lambda: (names(storage, ArtifactQuery()), get(storage, "one"))) == (["part-1"], "{}")

    def test_a_reading_unit_sees_one_state(self, storage: Any) -> None:
        create(storage, artifact(1))
        assert storage.storage_begin(write=False) is True
        in_thread(lambda: (create(storage, artifact(2)), append(storage), put(storage, "k")))
        assert names(storage, ArtifactQuery()) == ["part-1"]
        assert log_of(storage) == []
        assert keys(storage) == []
        storage.storage_end(commit=True)
        assert names(storage, ArtifactQuery()) == ["part-1", "part-2"]

    @pytest.mark.parametrize("ends", [(True, True), (True, False), (False, True), (False, False)])
    def test_of_nested_units_the_outermost_counts_and_any_can_undo_it(
        self, storage: Any, ends: tuple[bool, bool]
    ) -> None:
        inner, outer = ends
        assert storage.storage_begin(write=True) is True
        put(storage, "outer")
        assert storage.storage_begin(write=False) is False
        assert storage.storage_begin(write=True) is False
        put(storage, "inner")
        assert storage.storage_end(commit=inner) is False
        assert storage.storage_end(commit=True) is False
        assert storage.storage_end(commit=outer) is all(ends)
        assert keys(storage) == (["inner", "outer"] if all(ends) else [])

    def test_a_refused_write_leaves_the_unit_around_it_as_it_was(self, storage: Any) -> None:
        create(storage, artifact(1))
        storage.storage_begin(write=True)
        create(storage, artifact(2))
        items = [ArtifactWrite(artifact(3)), ArtifactWrite(artifact(1))]
        assert refusal(storage, "storage_put_artifacts", items=items, mode=PutMode.CREATE).rule == (
            "storage.exists"
        )
        create(storage, artifact(4))
        assert storage.storage_end(commit=True) is True
        assert names(storage, ArtifactQuery()) == ["part-1", "part-2", "part-4"]
        assert usage(storage, "org.acme") == (3, 0)

    def test_ending_what_was_not_begun_is_refused(self, storage: Any) -> None:
        assert refusal(storage, "storage_end", commit=True).rule == "storage.unit"
        storage.storage_begin(write=True)
        assert in_thread(lambda: refusal(storage, "storage_end", commit=True).rule) == "storage.unit"
        storage.storage_end(commit=False)
        assert refusal(storage, "storage_end", commit=False).rule == "storage.unit"

    def test_writing_inside_of_a_unit_that_only_reads_is_refused(self, storage: Any) -> None:
        storage.storage_begin(write=False)
        assert refusal(storage, "storage_begin", write=True).rule == "storage.unit"
        refused = refusal(
            storage, "storage_put_record", collection="things", key="k", data_json="{}", mode=None
        )
        assert refused.rule == "storage.unit"
        assert storage.storage_end(commit=True) is True
        assert keys(storage) == []

    def test_writers_exclude_each_other_so_that_what_is_read_stays_true(self, storage: Any) -> None:
        put(storage, "counter", "0")

        def increase(_: int) -> None:
            for _ in range(5):
                storage.storage_begin(write=True)
                put(storage, "counter", str(int(get(storage, "counter") or 0) + 1))
                storage.storage_end(commit=True)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(increase, range(6)))
        assert get(storage, "counter") == "30"

    def test_a_writer_waits_for_the_unit_of_another(self, storage: Any) -> None:
        begun, finish = threading.Event(), threading.Event()

        def hold() -> None:
            storage.storage_begin(write=True)
            put(storage, "k", "1")
            begun.set()
            finish.wait(30)
            storage.storage_end(commit=True)

        with ThreadPoolExecutor(2) as pool:
            holding = pool.submit(hold)
            assert begun.wait(30)
            waiting = pool.submit(put, storage, "k", "2")
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.2)
            finish.set()
            holding.result(30)
            assert waiting.result(30) is True
        assert get(storage, "k") == "2"

    # --- many artifacts -------------------------------------------------------------------------

    def bulk(self, storage: Any, items: list[Artifact], mode: PutMode, manifest: str = "") -> int:
        writes = [ArtifactWrite(item, manifest) for item in items]
        changed: int = storage.storage_put_artifacts(items=writes, mode=mode)
        return changed

    def test_many_artifacts_are_written_like_single_ones(self, storage: Any) -> None:
        items = [sized(n, n, labels={"parity": str(n % 2)}) for n in range(10, 110)]
        assert self.bulk(storage, [*items, FULL_ARTIFACT], PutMode.CREATE, "[]") == 101
        assert storage.storage_get_artifact(artifact_id=FULL_ARTIFACT.id) == FULL_ARTIFACT
        assert storage.storage_get_manifest(artifact_id=items[7].id) == "[]"
        assert storage.storage_count_artifacts(query=ArtifactQuery(labels={"parity": "1"})) == 50
        assert usage(storage, "org.acme") == (100, sum(range(10, 110)))

    def test_replacing_many_counts_those_that_differ(self, storage: Any) -> None:
        items = [sized(n, 1) for n in range(20)]
        self.bulk(storage, items, PutMode.CREATE)
        changed = [sized(n, 1 + (n < 5), namespace="org.acme.team") if n < 5 else items[n] for n in range(20)]
        assert self.bulk(storage, changed, PutMode.REPLACE) == 5
        assert self.bulk(storage, changed, PutMode.REPLACE) == 0
        assert usage(storage, "org.acme") == (20, 25)
        assert usage(storage, "org.acme.team") == (5, 10)

    @pytest.mark.parametrize("at", [0, 7, 49])
    @pytest.mark.parametrize("mode", list(PutMode))
    def test_one_that_is_refused_undoes_all(self, storage: Any, mode: PutMode, at: int) -> None:
        if mode is PutMode.CREATE:
            create(storage, artifact(at))
        else:
            create(storage, *(artifact(n) for n in range(50) if n != at))
        before = names(storage, ArtifactQuery())
        writes = [ArtifactWrite(sized(n, 9), "{}") for n in range(50)]
        refused = refusal(storage, "storage_put_artifacts", items=writes, mode=mode)
        assert refused.rule == ("storage.exists" if mode is PutMode.CREATE else "storage.missing")
        assert artifact(at).id in refused.reason
        assert names(storage, ArtifactQuery()) == before
        assert usage(storage, "org") == (len(before), 0)

    def test_two_of_the_same_name_in_one_bulk_are_refused(self, storage: Any) -> None:
        items = [ArtifactWrite(artifact(1)), ArtifactWrite(artifact(2, name="part-1"))]
        refused = refusal(storage, "storage_put_artifacts", items=items, mode=PutMode.CREATE)
        assert refused.rule == "storage.exists"
        assert "org.acme/part-1 1.0.0 is taken" in refused.reason
        assert names(storage, ArtifactQuery()) == []

    def test_the_same_artifact_twice_in_one_bulk_ends_as_the_last(self, storage: Any) -> None:
        create(storage, artifact(1))
        assert self.bulk(storage, [sized(1, 5), sized(1, 7)], PutMode.REPLACE) == 2
        assert usage(storage, "org.acme") == (1, 7)

    def test_no_artifacts_are_written_at_once(self, storage: Any) -> None:
        assert self.bulk(storage, [], PutMode.CREATE) == 0

    # --- usage ----------------------------------------------------------------------------------

    def test_usage_of_a_namespace_counts_what_is_below_it(self, storage: Any) -> None:
        create(
            storage,
            sized(1, 10),
            sized(2, 20, namespace="org.acme.team"),
            sized(3, 40, namespace="org.acmeevil"),
            artifact(4, namespace="org"),
        )
        assert usage(storage, "org") == (4, 70)
        assert usage(storage, "org.acme") == (2, 30)
        assert usage(storage, "org.acme.team") == (1, 20)
        assert usage(storage, "org.acme.none") == (0, 0)
        assert usage(storage, "") == (0, 0)

    def test_usage_follows_every_change(self, storage: Any) -> None:
        create(storage, sized(1, 10), sized(2, 20))
        moved = sized(1, 15, namespace="user.alice")
        storage.storage_put_artifact(artifact=moved, manifest_json="", mode=PutMode.REPLACE)
        assert (usage(storage, "org"), usage(storage, "user")) == ((1, 20), (1, 15))
        storage.storage_delete_artifact(artifact_id=moved.id)
        assert (usage(storage, "org"), usage(storage, "user")) == ((1, 20), (0, 0))
        assert storage.storage_usage().artifacts == 1

    # --- records --------------------------------------------------------------------------------

    def test_a_record_is_kept_as_it_was_written(self, storage: Any) -> None:
        text = '{"b": 1,\n "a": "ü 👩‍🚀"}'
        assert get(storage, "k") is None
        assert put(storage, "k", text) is True
        assert put(storage, "k", text) is False
        assert get(storage, "k") == text
        assert get(storage, "k", "others") is None
        assert put(storage, "k", "{}") is True
        assert storage.storage_delete_record(collection="things", key="k") is True
        assert storage.storage_delete_record(collection="things", key="k") is False
        assert get(storage, "k") is None

    @EACH_MODE
    @pytest.mark.parametrize("there", [True, False])
    def test_a_mode_says_what_is_expected(self, storage: Any, mode: PutMode | None, there: bool) -> None:
        if there:
            put(storage, "k", "1")
        if mode is None or there == (mode is PutMode.REPLACE):
            assert put(storage, "k", "2", mode) is True
            assert get(storage, "k") == "2"
            return
        refused = refusal(
            storage, "storage_put_record", collection="things", key="k", data_json="2", mode=mode
        )
        assert refused.rule == ("storage.exists" if there else "storage.missing")
        assert "'k'" in refused.reason
        assert get(storage, "k") == ("1" if there else None)

    def test_replacing_a_record_by_itself_changes_nothing(self, storage: Any) -> None:
        put(storage, "k", "1")
        assert put(storage, "k", "1", PutMode.REPLACE) is False

    @pytest.mark.parametrize("size", [1, 2, 100])
    def test_records_are_listed_in_the_order_of_their_code_points(self, storage: Any, size: int) -> None:
        known = [
            "a",
            "a-b",
            "a.b",
            "a.b.c",
            "a_b",
            "aB",
            "ab",
            "b",
            "ä",
            "\ud7ff",
            "\U0010ffff",
            "\U0010ffffx",
        ]
        for key in known:
            put(storage, key)
        put(storage, "a.z", to="others")
        assert keys(storage, size=size) == sorted(known)
        assert keys(storage, "a", size) == [key for key in sorted(known) if key.startswith("a")]
        assert keys(storage, "a.b", size) == ["a.b", "a.b.c"]
        assert keys(storage, "\U0010ffff", size) == ["\U0010ffff", "\U0010ffffx"]
        assert keys(storage, "\ud7ff", size) == ["\ud7ff"]
        assert keys(storage, "x", size) == []

    def test_a_page_of_records_holds_keys_and_documents(self, storage: Any) -> None:
        put(storage, "k", "[1]")
        page = storage.storage_list_records(collection="things", prefix="", page=PageRequest(1))
        assert (page.items, page.next_token) == ([Record("k", "[1]")], "")

    @pytest.mark.parametrize("token", ["x", "[]", '["k"]', "[" * 100_000])
    def test_a_token_of_records_that_is_not_one_is_refused(self, storage: Any, token: str) -> None:
        put(storage, "k")
        refused = refusal(
            storage, "storage_list_records", collection="things", prefix="", page=PageRequest(1, token)
        )
        assert refused.rule == "storage.page"

    def test_a_key_over_1000_bytes_is_refused(self, storage: Any) -> None:
        put(storage, "ü" * 500)
        assert get(storage, "ü" * 500) == "{}"
        refused = refusal(
            storage, "storage_put_record", collection="things", key="ü" * 501, data_json="{}", mode=None
        )
        assert refused.rule == "storage.value"
        assert "1002 bytes" in refused.reason

    # --- logs -----------------------------------------------------------------------------------

    def test_entries_are_numbered_by_log_and_kept_as_they_were_written(self, storage: Any) -> None:
        assert [append(storage, f"[{n}]", at_us=n) for n in range(3)] == [1, 2, 3]
        assert append(storage, log="other") == 1
        assert log_of(storage) == [LogEntry(n + 1, n, f"[{n}]", "") for n in range(3)]
        assert log_of(storage, "none") == []

    def test_a_log_is_read_by_place_subject_and_time(self, storage: Any) -> None:
        for n in range(10):
            append(storage, subject="ab"[n % 2], at_us=n * 10)
        assert [entry.seq for entry in log_of(storage, subject="a")] == [1, 3, 5, 7, 9]
        assert [entry.seq for entry in log_of(storage, subject="b", after=4)] == [6, 8, 10]
        assert [entry.seq for entry in log_of(storage, until_us=20)] == [1, 2, 3]
        assert [entry.seq for entry in log_of(storage, until_us=-1)] == []
        assert [entry.seq for entry in log_of(storage, after=2**64 - 1)] == []
        assert {entry.subject for entry in log_of(storage, subject="b")} == {"b"}

    def test_a_page_of_a_log_says_whether_there_is_more(self, storage: Any) -> None:
        for _ in range(5):
            append(storage)

        def page(after: int, limit: int) -> tuple[list[int], int, bool]:
            found = storage.storage_list_log(log="audit", subject="", after=after, until_us=None, limit=limit)
            return [entry.seq for entry in found.items], found.next_after, found.more

        assert page(0, 2) == ([1, 2], 2, True)
        assert page(2, 3) == ([3, 4, 5], 5, False)
        assert page(5, 3) == ([], 5, False)

    @pytest.mark.parametrize("limit", [0, 10_001, 2**32 - 1])
    def test_a_limit_out_of_range_is_refused(self, storage: Any, limit: int) -> None:
        refused = refusal(
            storage, "storage_list_log", log="audit", subject="", after=0, until_us=None, limit=limit
        )
        assert refused.rule == "storage.page"

    def test_numbers_have_no_gaps_while_several_write_and_some_fail(self, storage: Any) -> None:
        def work(worker: int) -> int:
            kept = 0
            for n in range(10):
                storage.storage_begin(write=True)
                append(storage, f'"{worker}-{n}"')
                append(storage, f'"{worker}-{n}+"')
                kept += 2 * storage.storage_end(commit=(n + worker) % 3 != 0)
            return kept

        with ThreadPoolExecutor(4) as pool:
            kept = sum(pool.map(work, range(4)))
        entries = log_of(storage)
        assert [entry.seq for entry in entries] == list(range(1, kept + 1))
        firsts = [entry.data_json for entry in entries[::2]]
        assert [entry.data_json for entry in entries[1::2]] == [f'{text[:-1]}+"' for text in firsts]

    def test_many_entries_are_appended_like_single_ones_all_or_none(self, storage: Any) -> None:
        items = [LogWrite(f"[{n}]", n, "ab"[n % 2]) for n in range(2000)]
        assert storage.storage_append_logs(log="audit", items=[]) == 0
        assert storage.storage_append_logs(log="audit", items=items) == 2000
        assert append(storage) == 2001
        found = log_of(storage)
        assert found[:2000] == [LogEntry(n + 1, n, f"[{n}]", "ab"[n % 2]) for n in range(2000)]
        assert len(log_of(storage, subject="a")) == 1000
        bad = [LogWrite("1"), LogWrite("2", subject="x" * 1001)]
        assert refusal(storage, "storage_append_logs", log="audit", items=bad).rule == "storage.value"
        many = [LogWrite("1")] * 10_001
        assert refusal(storage, "storage_append_logs", log="audit", items=many).rule == "storage.value"
        assert len(log_of(storage)) == 2001

    # --- everything -----------------------------------------------------------------------------

    def test_collections_and_logs_are_known_by_name(self, storage: Any) -> None:
        assert storage.storage_names() == KeptNames([], [])
        for collection in ("things", "a", "a-b"):
            put(storage, "k", to=collection)
            put(storage, "l", to=collection)
        append(storage)
        append(storage, log="other")
        assert storage.storage_names() == KeptNames(["a", "a-b", "things"], ["audit", "other"])
        storage.storage_delete_record(collection="a", key="k")
        storage.storage_delete_record(collection="a", key="l")
        assert storage.storage_names().collections == ["a-b", "things"]

    @pytest.mark.parametrize("commit", [True, False])
    def test_clearing_removes_artifacts_and_what_is_named_as_one(self, storage: Any, commit: bool) -> None:
        create(storage, sized(1, 10, labels={"tier": "core"}), sized(2, 20))
        put(storage, "k")
        put(storage, "k", to="kept")
        append(storage)
        append(storage, log="kept")
        storage.storage_begin(write=True)
        assert storage.storage_clear(names=KeptNames(["things", "none"], ["audit"])) is True
        assert storage.storage_clear(names=KeptNames(["things"], ["audit"])) is False
        assert names(storage, ArtifactQuery()) == []
        assert append(storage) == 1
        create(storage, sized(1, 7))
        storage.storage_end(commit=commit)
        assert names(storage, ArtifactQuery()) == ["part-1", "part-2"][: 1 if commit else 2]
        assert usage(storage, "org") == ((1, 7) if commit else (2, 30))
        assert storage.storage_count_artifacts(query=ArtifactQuery(labels={"tier": "core"})) == (not commit)
        assert (get(storage, "k"), get(storage, "k", "kept")) == (None if commit else "{}", "{}")
        assert len(log_of(storage, "kept")) == 1

    # --- text that databases do not like --------------------------------------------------------

    @pytest.mark.parametrize("key", ["a\0b", "\ud800"])
    def test_text_with_odd_characters_is_kept_or_refused_as_such(self, storage: Any, key: str) -> None:
        assert get(storage, key) is None
        rule = ""
        try:
            put(storage, key)
        except RefusalError as error:
            rule = error.rule
        assert rule in ("", "storage.value")
        assert get(storage, key) == (None if rule else "{}")
        put(storage, "after")
        assert get(storage, "after") == "{}"
