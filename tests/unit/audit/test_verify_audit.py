"""Whatever is done to the log in the database, the check finds it and says where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from audit_hosts import Rows, audited_host, draft

from builtin_plugins.audit.sealing import seal, unseal
from builtin_plugins.storage_memory.plugin import StorageMemory


def verify(home: Path, head: str = "") -> dict[str, Any]:
    with audited_host(home) as (_, operations):
        return operations.run("audit_verify", head=head)


def kinds(found: dict[str, Any]) -> list[tuple[int, str]]:
    return [(each["seq"], each["kind"]) for each in found["problems"]]


def entry(rows: Rows, seq: int) -> dict[str, Any]:
    sealed = unseal(rows.data(seq))
    assert sealed is not None
    return json.loads(sealed.text)


FIELDS = (
    "v",
    "seq",
    "at_us",
    "request_id",
    "operation",
    "actor",
    "ip",
    "user_agent",
    "namespace",
    "target",
    "changes",
    "nested",
    "details",
    "success",
    "private",
    "error",
    "previous",
)


def test_an_untouched_log_is_good(log: Rows, home: Path) -> None:
    found = verify(home)
    assert (found["ok"], found["entries"], found["problems"]) == (True, 8, [])
    assert found["last"] == found["head"]
    assert set(FIELDS) == set(entry(log, 3))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("seq", [1, 4, 8])
def test_an_altered_field_is_found(log: Rows, home: Path, field: str, seq: int) -> None:
    sealed = unseal(log.data(seq))
    assert sealed is not None
    changed = {**json.loads(sealed.text), field: "acme"}
    log.put(
        seq, log.data(seq).replace(sealed.text, json.dumps(changed, sort_keys=True, separators=(",", ":")))
    )
    found = verify(home)
    assert not found["ok"]
    assert (seq, "altered") in kinds(found)
    assert f"entry {seq} was altered: it does not have the hash" in found["problems"][0]["what"]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("seq", [1, 4, 8])
def test_an_altered_field_with_its_hash_made_to_fit_is_found(
    log: Rows, home: Path, field: str, seq: int
) -> None:
    log.put(seq, seal({**entry(log, seq), field: "acme"})[0])
    found = verify(home)
    assert not found["ok"]
    assert seq in [number for number, _ in kinds(found)]
    assert "replaced" in [kind for _, kind in kinds(found)]


@pytest.mark.parametrize(("column", "value"), [("at_us", 5), ("subject", "org.acme/other@1.0.0")])
def test_what_an_entry_is_found_by_is_checked(log: Rows, home: Path, column: str, value: object) -> None:
    log.sql(f"UPDATE log_entry SET {column} = ? WHERE log = 'audit' AND seq = 4", value)
    found = verify(home)
    assert kinds(found) == [(4, "altered")]
    assert "by which entry 4 is found" in found["problems"][0]["what"]


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [(1, 1, "entry 1 is missing"), (4, 4, "entry 4 is missing"), (3, 6, "entries 3 to 6 are missing")],
)
def test_removed_entries_are_named(log: Rows, home: Path, first: int, last: int, words: str) -> None:
    log.delete(first, last)
    found = verify(home)
    assert kinds(found) == [(first, "removed")]
    assert found["problems"][0]["what"] == words


@pytest.mark.parametrize("seq", [1, 4, 7])
def test_a_removed_entry_is_found_when_the_others_were_renumbered(log: Rows, home: Path, seq: int) -> None:
    log.delete(seq)
    log.shift(seq, -1)
    found = verify(home)
    assert (seq, "moved") in kinds(found)
    assert f"at place {seq} stands what was written as entry {seq + 1}" in found["problems"][0]["what"]
    assert found["problem_count"] <= 3, "what follows is not told one by one"


@pytest.mark.parametrize("first", [8, 6, 1])
def test_a_cut_off_end_is_found(log: Rows, home: Path, first: int) -> None:
    log.delete(first, 8)
    found = verify(home)
    assert kinds(found) == [(first, "truncated")]
    assert f"ends with entry {first - 1}, and the head names entry 8" in found["problems"][0]["what"]


def test_an_end_that_was_cut_off_and_written_anew_is_found(log: Rows, home: Path) -> None:
    log.delete(5, 8)
    with audited_host(home) as (host, operations):
        for name in ("g", "h", "i", "j", "k", "l"):
            operations.run("create", draft=draft(name))
        assert any("run audit verify" in line.message for line in host.plugins["audit"].logs())
        found = operations.run("audit_verify")
    assert kinds(found) == [(8, "replaced")]
    assert "is not the one that the head names" in found["problems"][0]["what"]


def test_an_end_that_is_cut_off_while_the_host_runs_is_found(log: Rows, home: Path) -> None:
    with audited_host(home) as (_, operations):
        operations.run("create", draft=draft("g"))
        log.delete(5, 9)
        for name in ("h", "i", "j", "k", "l", "m", "n"):
            operations.run("create", draft=draft(name))
        found = operations.run("audit_verify")
    assert kinds(found) == [(9, "replaced")]


@pytest.mark.parametrize("seq", [1, 4, 8])
def test_an_inserted_entry_is_found(log: Rows, home: Path, seq: int) -> None:
    forged, _ = seal({**entry(log, seq), "operation": "delete", "seq": seq})
    log.shift(seq, 1)
    log.insert(seq, forged)
    found = verify(home)
    assert (seq + 1, "moved") in kinds(found)
    assert seq in [number for number, _ in kinds(found)]


@pytest.mark.parametrize(("one", "other"), [(1, 2), (3, 6), (7, 8)])
def test_swapped_entries_are_found(log: Rows, home: Path, one: int, other: int) -> None:
    log.swap(one, other)
    found = verify(home)
    assert (one, "moved") in kinds(found)
    assert (other, "moved") in kinds(found)


def test_an_entry_appended_by_somebody_else_is_found(log: Rows, home: Path) -> None:
    log.insert(9, seal({**entry(log, 8), "seq": 9})[0], entry(log, 8)["at_us"])
    assert (8, "replaced") in kinds(verify(home))


@pytest.mark.parametrize(
    "data", ["", "{}", "no json", '{"entry":[],"hash":"' + "0" * 64 + '"}', "\udc80" * 0]
)
def test_what_is_no_entry_is_damaged(log: Rows, home: Path, data: str) -> None:
    log.put(4, data)
    assert (4, "damaged") in kinds(verify(home))


def test_a_whole_log_replaced_by_another_good_one_is_found_by_the_head(log: Rows, home: Path) -> None:
    rows = log.sql("SELECT seq FROM log_entry WHERE log = 'audit' ORDER BY seq")
    previous = "0" * 64
    for (seq,) in rows:
        data, previous = seal({**entry(log, seq), "actor": {"id": "x", "kind": "user"}, "previous": previous})
        log.put(seq, data)
    found = verify(home)
    assert kinds(found) == [(8, "replaced")]


def test_a_place_noted_down_elsewhere_finds_what_the_head_was_made_to_hide(log: Rows, home: Path) -> None:
    noted = verify(home)["last"]
    log.delete(7, 8)
    (home / "data" / "audit" / "head").unlink()
    assert verify(home)["ok"]
    found = verify(home, noted)
    assert kinds(found) == [(7, "truncated")]
    assert "the place that was given names entry 8" in found["problems"][0]["what"]


def test_a_damaged_head_is_told_and_never_overwritten(log: Rows, home: Path) -> None:
    head = home / "data" / "audit" / "head"
    text = head.read_text().replace("8 ", "7 ", 1)
    head.write_text(text)
    with audited_host(home) as (_, operations):
        operations.run("create", draft=draft("g"))
        assert kinds(operations.run("audit_verify")) == [(0, "head")]
    assert head.read_text() == text


def test_a_head_older_than_the_log_is_good_and_catches_up(log: Rows, home: Path) -> None:
    """As after a crash between a commit and the head, or a power failure."""
    head = home / "data" / "audit" / "head"
    older = head.read_bytes()
    with audited_host(home) as (_, operations):
        operations.run("create", draft=draft("g"))
    head.write_bytes(older)
    with audited_host(home) as (_, operations):
        found = operations.run("audit_verify")
        assert (found["ok"], found["entries"], found["head"][:2]) == (True, 9, "8:")
        operations.run("create", draft=draft("h"))
        found = operations.run("audit_verify")
        assert (found["ok"], found["head"]) == (True, found["last"])


@pytest.mark.parametrize("content", [None, b""])
def test_a_head_that_is_not_there_is_written_with_the_next_entry(
    log: Rows, home: Path, content: bytes | None
) -> None:
    head = home / "data" / "audit" / "head"
    head.unlink()
    if content is not None:
        head.write_bytes(content)
    with audited_host(home) as (_, operations):
        found = operations.run("audit_verify")
        assert (found["ok"], found["head"]) == (True, "")
        operations.run("create", draft=draft("g"))
        assert operations.run("audit_verify")["head"].startswith("9:")


def test_going_on_after_a_break_says_why_and_sets_the_head(log: Rows, home: Path) -> None:
    log.delete(7, 8)
    with audited_host(home) as (_, operations):
        assert not operations.run("audit_verify")["ok"]
        operations.run("audit_seal", reason="restored the backup of Monday")
        found = operations.run("audit_verify")
        assert found["ok"]
        assert found["last"] == found["head"]
        last = operations.run("audit_show", seq=7)
    assert last["details"]["reason"] == "restored the backup of Monday"
    assert last["details"]["head"].startswith("8:")


def test_many_problems_are_counted_and_the_first_told(home: Path) -> None:
    storage = StorageMemory()
    with audited_host(None, storage=storage) as (host, operations):
        for number in range(120):
            host.hook.storage_append_log(log="audit", subject="", data_json=f'"{number}"', at_us=0)
        found = operations.run("audit_verify")
    assert (found["problem_count"], len(found["problems"])) == (120, 100)


def test_a_log_in_memory_is_checked_alike() -> None:
    storage = StorageMemory()
    with audited_host(None, storage=storage) as (_, operations):
        for name in ("a", "b", "c"):
            operations.run("create", draft=draft(name))
        assert operations.run("audit_verify")["ok"]
        kept = storage._tables._base["entries"]
        kept["audit", 1], kept["audit", 2] = kept["audit", 2], kept["audit", 1]
        found = operations.run("audit_verify")
    assert not found["ok"]
    assert found["head"] == ""
