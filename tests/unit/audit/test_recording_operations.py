"""Each operation that changes something or hands out what is private has its entry, or does not happen."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from audit_hosts import Rows, audited_host, draft

import hyperhost
from builtin_plugins.audit.entries import LISTED
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.contracts import (
    ArtifactChange,
    OperationCall,
    OperationInfo,
    OperationOutcome,
    Principal,
    PrincipalKind,
)
from hyperhost.errors import ConflictError, OperationError, RefusalError, StorageError
from hyperhost.hookspecs import hookimpl


def entries(operations: hyperhost.Operations, **wanted: Any) -> list[dict[str, Any]]:
    """Entries, the oldest first; reading them is not told among them."""
    return list(reversed(operations.run("audit_list", limit=1000, **wanted)["items"]))


class Extra:
    """Operations that do what tests need."""

    def __init__(self) -> None:
        self.host: hyperhost.Host | None = None
        self.swallow = False

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        return [
            OperationInfo("bulk", "", "test", "test:x", changes=True),
            OperationInfo("peek", "", "test", "test:x", reads_private=True),
            OperationInfo("look", "", "test", "test:x"),
            OperationInfo("steps", "", "test", "test:x"),
        ]

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        given = json.loads(call.arguments_json)
        if call.operation in ("bulk", "steps"):
            operations = hyperhost.Operations(self.host)
            for name in given["names"]:
                try:
                    operations.run("create", draft=draft(name))
                except OperationError:
                    if not self.swallow:
                        raise
            return OperationOutcome(target="bulk", details_json=json.dumps(given.get("details", {})))
        if call.operation in ("peek", "unlisted"):
            if "fail" in given:
                raise RefusalError("no", given["fail"])
            if call.operation == "unlisted":
                self.host.hook.storage_put_record(collection="test", key="k", data_json="1", mode=None)
            return OperationOutcome(private=True, target="peek")
        return OperationOutcome() if call.operation == "look" else None


@pytest.fixture
def extra() -> Extra:
    return Extra()


@pytest.fixture
def operations(extra: Extra) -> Any:
    with audited_host(None, extra) as (host, found):
        extra.host = host
        yield found


def test_a_change_is_told_with_who_what_and_where(operations: Any) -> None:
    who = Principal("key:7", PrincipalKind.API_KEY, attributes={"ip": "192.0.2.1", "user_agent": "acme/1"})
    made = hyperhost.Operations(operations.host, who).run("create", draft=draft("auth"))
    [entry] = entries(operations)
    assert (entry["seq"], entry["operation"], entry["success"]) == (1, "create", True)
    assert entry["actor"] == {"id": "key:7", "kind": "api-key"}
    assert (entry["ip"], entry["user_agent"]) == ("192.0.2.1", "acme/1")
    assert (entry["namespace"], entry["target"]) == ("org.acme", "org.acme/auth@1.0.0")
    assert entry["changes"]["items"] == [
        {"kind": "created", "id": made["artifact"]["id"], "target": "org.acme/auth@1.0.0"}
    ]
    assert entry["details"] == {"type": "library"}
    assert entry["error"] is None


def test_a_refused_change_is_told_with_code_and_rule(operations: Any) -> None:
    operations.run("create", draft=draft("auth"))
    with pytest.raises(ConflictError, match="exists already"):
        operations.run("create", draft=draft("auth"))
    entry = entries(operations)[-1]
    assert (entry["success"], entry["changes"]) == (False, None)
    assert entry["error"] == {"code": "HH-REFUSED", "rule": "conflict:version", "plugin": "registry"}
    assert entry["target"] == "org.acme/auth@1.0.0"


def test_only_what_is_private_makes_a_reading_operation_worth_telling(operations: Any) -> None:
    operations.run("create", draft=draft("open"))
    operations.run("create", draft={**draft("closed"), "visibility": "private"})
    operations.run("read", artifact="org.acme/open")
    operations.run("read", artifact="org.acme/closed")
    operations.run("look")
    assert [(each["operation"], each["private"]) for each in entries(operations)] == [
        ("create", False),
        ("create", False),
        ("read", True),
    ]


@pytest.mark.parametrize(
    ("rule", "told"), [("access.denied", True), ("missing:artifact", False), ("invalid:x:y", False)]
)
def test_a_reader_who_was_refused_is_told_of_and_one_who_was_wrong_is_not(
    operations: Any, rule: str, told: bool
) -> None:
    with pytest.raises(OperationError):
        operations.run("peek", fail=rule)
    assert [each["error"]["rule"] for each in entries(operations)] == ([rule] if told else [])


def test_reading_the_log_is_told_as_it_is_private(operations: Any) -> None:
    entries(operations)
    assert [each["operation"] for each in entries(operations)] == ["audit_list"]


def test_what_runs_inside_of_an_operation_is_told_in_its_entry(operations: Any) -> None:
    names = [f"n{number}" for number in range(LISTED + 5)]
    operations.run("bulk", names=names)
    [entry] = entries(operations)
    assert entry["nested"] == {"operations": {"create": LISTED + 5}, "failed": 0}
    assert entry["changes"]["count"] == LISTED + 5
    assert entry["changes"]["kinds"] == {"created": LISTED + 5}
    assert len(entry["changes"]["items"]) == LISTED


def test_each_step_of_an_operation_that_changes_nothing_by_itself_is_told(operations: Any) -> None:
    with pytest.raises(ConflictError):
        operations.run("steps", names=["a", "b", "a", "c"])
    told = [(each["operation"], each["success"]) for each in entries(operations)]
    assert told == [("create", True), ("create", True), ("create", False)]
    assert len(operations.run("list")["items"]) == 2


def test_a_part_whose_failure_was_passed_over_undoes_the_whole(operations: Any, extra: Extra) -> None:
    extra.swallow = True
    with pytest.raises(StorageError, match="nothing"):
        operations.run("bulk", names=["a", "a", "b"])
    [entry] = entries(operations)
    assert (entry["success"], entry["nested"]["failed"]) == (False, 1)
    assert operations.run("list")["items"] == []


def test_an_operation_that_is_not_in_the_list_is_taken_for_a_change(operations: Any, extra: Extra) -> None:
    operations.run("unlisted")
    assert [each["operation"] for each in entries(operations)] == ["unlisted"]


def test_an_unknown_operation_leaves_nothing(operations: Any) -> None:
    with pytest.raises(OperationError, match="no operation"):
        operations.run("acme")
    assert entries(operations) == []


def test_an_unknown_operation_does_not_undo_what_a_program_does_around_it(operations: Any) -> None:
    hook = operations.host.hook
    hook.storage_begin(write=True)
    operations.run("create", draft=draft("a"))
    with pytest.raises(OperationError, match="no operation"):
        operations.run("acme")
    assert hook.storage_end(commit=True)
    assert len(operations.run("list")["items"]) == 1


def test_threads_that_begin_at_once_share_one_log(home: Path) -> None:
    with audited_host(home) as (host, operations):
        gate = threading.Barrier(4)

        def begin(name: str) -> None:
            gate.wait()
            operations.run("create", draft=draft(name))

        threads = [threading.Thread(target=begin, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = operations.run("audit_verify")
        assert (found["ok"], found["entries"]) == (True, 4)
        assert host.faults == ()


def test_operations_of_plugins_that_come_later_are_known(operations: Any) -> None:
    class Late:
        @hookimpl
        def operation_list(self) -> list[OperationInfo]:
            return [OperationInfo("late", "", "test", "test:x")]

        @hookimpl
        def operation_run(self, call: OperationCall) -> OperationOutcome | None:
            return OperationOutcome() if call.operation == "late" else None

    operations.run("look")
    plugin = operations.host.register(Late())
    operations.run("late")
    assert entries(operations) == []
    plugin.unload()
    with pytest.raises(OperationError, match="no operation"):
        operations.run("late")


class Full(StorageMemory):
    """A store that has no room for the audit log when it is told so."""

    full = False

    @hookimpl
    def storage_append_log(self, log: str, subject: str, data_json: str, at_us: int) -> int:
        if self.full and log == "audit":
            raise RefusalError("there is no room", "storage.full")
        return super().storage_append_log(log, subject, data_json, at_us)


def test_without_its_entry_a_change_does_not_happen() -> None:
    storage = Full()
    with audited_host(None, storage=storage) as (_, operations):
        operations.run("create", draft=draft("a"))
        storage.full = True
        with pytest.raises(StorageError, match="no room"):
            operations.run("create", draft=draft("b"))
        storage.full = False
        assert [each["name"] for each in operations.run("list")["items"]] == ["a"]
        assert operations.run("audit_verify")["ok"]


def test_without_its_entry_nothing_private_is_handed_out() -> None:
    storage = Full()
    with audited_host(None, storage=storage) as (_, operations):
        operations.run("create", draft={**draft("a"), "visibility": "private"})
        storage.full = True
        with pytest.raises(StorageError, match="no room"):
            operations.run("read", artifact="org.acme/a")


def test_a_failure_that_cannot_be_told_stays_what_it_was_and_is_a_fault() -> None:
    storage = Full()
    with audited_host(None, storage=storage) as (host, operations):
        operations.run("create", draft=draft("a"))
        storage.full = True
        with pytest.raises(ConflictError) as caught:
            operations.run("create", draft=draft("a"))
        assert "could not tell of this failure" in str(caught.value.__cause__.__notes__)
        [fault] = [each for each in host.faults if each.plugin == "audit"]
        assert fault.hook == "operation_run"
        assert "no room" in fault.message


def test_observers_hear_of_a_change_when_its_entry_is_written() -> None:
    seen = []

    class Watching:
        @hookimpl
        def artifact_created(self, change: ArtifactChange) -> None:
            seen.append(
                len(
                    host.hook.storage_list_log(
                        log="audit", subject="", after=0, until_us=None, limit=10
                    ).items
                )
            )

    with audited_host(None, Watching()) as (host, operations):
        operations.run("create", draft=draft("a"))
    assert seen == [1]


def test_threads_that_write_at_once_make_one_chain(home: Path) -> None:
    with audited_host(home) as (_, operations):

        def create(name: str) -> None:
            for number in range(15):
                operations.run("create", draft=draft(f"{name}{number}"))

        threads = [threading.Thread(target=create, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = operations.run("audit_verify")
    assert (found["ok"], found["entries"], found["head"]) == (True, 60, found["last"])


def test_many_operations_in_one_unit_of_a_program_are_one_chain() -> None:
    with audited_host(None) as (host, operations):
        operations.run("create", draft=draft("a"))
        host.hook.storage_begin(write=True)
        for name in "bcd":
            operations.run("create", draft=draft(name))
        host.hook.storage_end(commit=False)
        host.hook.storage_begin(write=True)
        for name in "bc":
            operations.run("create", draft=draft(name))
        host.hook.storage_end(commit=True)
        operations.run("create", draft=draft("d"))
        found = operations.run("audit_verify")
    assert (found["ok"], found["entries"]) == (True, 4)


def test_a_head_that_cannot_be_written_is_logged_and_does_no_harm(home: Path) -> None:
    with audited_host(home) as (host, operations):
        (home / "data" / "audit").mkdir(parents=True)
        (home / "data" / "audit" / "head").mkdir()
        for name in "ab":
            operations.run("create", draft=draft(name))
        lines = [line for line in host.plugins["audit"].logs() if "head" in line.message]
        assert len(lines) == 1
        assert [each["kind"] for each in operations.run("audit_verify")["problems"]] == ["head"]


def test_the_head_is_for_its_owner_alone(log: Rows, home: Path) -> None:
    assert (home / "data" / "audit" / "head").stat().st_mode & 0o777 == 0o600


SECRET = "hunter2-acme"


def test_secrets_are_in_no_entry(operations: Any, extra: Extra) -> None:
    config = {"format": "json", "values": {"password": SECRET}, "sensitive": ["password"]}
    operations.run("create", draft=draft("conf", type="config", manifest=config))
    operations.run(
        "bulk", names=[], details={"apiKey": SECRET, "nested": [{"db-password": SECRET}], "tokens": 3}
    )
    with pytest.raises(OperationError):
        operations.run("create", draft=draft("conf", type="config", manifest={**config, SECRET: SECRET}))
    page = operations.host.hook.storage_list_log(log="audit", subject="", after=0, until_us=None, limit=100)
    assert len(page.items) == 3
    assert not any(SECRET in item.data_json for item in page.items)
    assert entries(operations)[1]["details"]["tokens"] == 3


def test_details_that_are_large_are_told_by_their_size_and_hash(operations: Any) -> None:
    operations.run("bulk", names=[], details={"text": "x" * 20_000})
    details = entries(operations)[0]["details"]
    assert set(details) == {"omitted_characters", "sha256"}


@pytest.mark.parametrize(
    "details", [{"n": 2**70, "x": 1.5e300, "t": "½\0", "ä": [None, True]}, {"deep": [[[[[[[[[[]]]]]]]]]]}]
)
def test_details_may_be_any_json(operations: Any, details: dict[str, Any]) -> None:
    operations.run("bulk", names=[], details=details)
    assert operations.run("audit_verify")["ok"]
