"""Reading the audit log: filters, pages, single entries, and exports that can be checked anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from audit_hosts import Rows, audited_host, draft

import hyperhost
from builtin_plugins.audit.export import ExportError, verify_export, write_export
from hyperhost.contracts import Principal
from hyperhost.errors import ConflictError, InvalidInputError, NotFoundError


@pytest.fixture(scope="module")
def operations() -> Iterator[Any]:
    """A log with entries of two people in two namespaces, one of them refused."""
    with audited_host(None) as (host, owner):
        bob = hyperhost.Operations(host, Principal("user:bob"))
        for name in ("a", "b", "c"):
            owner.run("create", draft=draft(name))
        bob.run("create", draft=draft("d", namespace="org.acme.team"))
        bob.run("create", draft=draft("e", namespace="org.acme-other"))
        bob.run("publish", artifact="org.acme/a")
        with pytest.raises(ConflictError):
            bob.run("create", draft=draft("b"))
        yield owner


def seqs(operations: Any, **wanted: Any) -> list[int]:
    """Numbers of the first seven entries that fit; what follows are these very questions."""
    found, token = [], ""
    while True:
        page = operations.run("audit_list", token=token, **wanted)
        found += [each["seq"] for each in page["items"]]
        token = page["next_token"]
        if not token:
            return [seq for seq in found if seq <= 7]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [7, 6, 5, 4, 3, 2, 1]),
        ({"actor": "user:bob"}, [7, 6, 5, 4]),
        ({"operation": "publish"}, [6]),
        ({"namespace": "org.acme"}, [7, 6, 4, 3, 2, 1]),
        ({"namespace": "org.acme.team"}, [4]),
        ({"target": "org.acme/a@1.0.0"}, [6, 1]),
        ({"success": False}, [7]),
        ({"success": True, "actor": "user:bob"}, [6, 5, 4]),
        ({"since": "1 hour ago"}, [7, 6, 5, 4, 3, 2, 1]),
        ({"until": "1 hour ago"}, []),
        ({"since": "2020-01-01", "until": "2021-01-01T00:00:00+02:00"}, []),
    ],
)
@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_entries_are_found_the_newest_first(
    operations: Any, wanted: dict[str, Any], expected: list[int], limit: int
) -> None:
    assert seqs(operations, limit=limit, **wanted) == expected


def test_an_entry_of_a_request_is_found(operations: Any) -> None:
    request = operations.run("audit_show", seq=3)["request_id"]
    assert seqs(operations, request_id=request) == [3]


def test_an_entry_is_shown_by_its_number(operations: Any) -> None:
    entry = operations.run("audit_show", seq=6)
    assert (entry["operation"], entry["actor"]["id"]) == ("publish", "user:bob")
    assert len(entry["hash"]) == 64
    for seq in (0, -1, 10**6, 2**63):
        with pytest.raises((NotFoundError, InvalidInputError)):
            operations.run("audit_show", seq=seq)


@pytest.mark.parametrize(
    ("operation", "arguments", "field", "rule"),
    [
        ("audit_list", {"limit": 0}, "limit", "range"),
        ("audit_list", {"limit": 1001}, "limit", "range"),
        ("audit_list", {"token": "x"}, "token", "token"),
        ("audit_list", {"since": "soon"}, "since", "moment"),
        ("audit_list", {"who": "me"}, "who", "type"),
        ("audit_show", {}, "seq", "type"),
        ("audit_export", {"limit": 10_001}, "limit", "range"),
        ("audit_export", {"after": -1}, "after", "range"),
        ("audit_verify", {"head": "7"}, "head", "place"),
        ("audit_seal", {"reason": " "}, "reason", "missing"),
    ],
)
def test_bad_arguments_are_refused(
    operations: Any, operation: str, arguments: dict[str, Any], field: str, rule: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        operations.run(operation, **arguments)
    assert (caught.value.field, caught.value.rule) == (field, rule)


def test_a_damaged_entry_is_listed_as_damaged(log: Rows, home: Path) -> None:
    log.put(4, "acme")
    with audited_host(home) as (_, operations):
        entries = operations.run("audit_list", actor="nobody")["items"]
        assert entries == [{"seq": 4, "at_us": entries[0]["at_us"], "damaged": True}]
        assert operations.run("audit_show", seq=4)["damaged"]


@pytest.fixture
def exported(log: Rows, home: Path, tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    with audited_host(home) as (_, operations):
        assert write_export(operations.run, path) == 8
    return path


def kinds(path: Path, head: str = "") -> list[tuple[int, str]]:
    found = verify_export(path, head)
    assert found.ok is not bool(found.problems)
    return [(each.seq, each.kind) for each in found.problems]


@pytest.mark.parametrize("limit", [1, 3, 4, 8, 9])
def test_pages_of_any_size_make_the_same_file(exported: Path, home: Path, tmp_path: Path, limit: int) -> None:
    path = tmp_path / "pages.jsonl"
    with audited_host(home) as (_, operations):
        run = operations.run
        # Each export is an entry of the log itself, so the pages are taken up to where the first one ended.
        write_export(lambda name, **asked: run(name, **{"end": 8, **asked, "limit": limit}), path)
    assert path.read_bytes() == exported.read_bytes()


def test_an_export_is_checked_without_a_host(exported: Path) -> None:
    found = verify_export(exported)
    assert (found.ok, found.entries) == (True, 8)
    lines = exported.read_text().splitlines()
    assert len(lines) == 10
    assert json.loads(lines[3])["entry"]["seq"] == 3
    assert exported.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in exported.parent.glob("*.part")] == []


def test_what_is_exported_agrees_with_a_place_noted_down(exported: Path) -> None:
    last = verify_export(exported).last
    assert kinds(exported, last) == []
    assert kinds(exported, "9" + last[1:]) == [(9, "truncated")]
    assert kinds(exported, f"5:{last[2:]}") == [(5, "replaced")]
    with pytest.raises(ExportError, match="no place in an audit log"):
        verify_export(exported, "acme")


def test_an_exported_file_is_checked_by_the_operation_too(exported: Path, home: Path) -> None:
    last = verify_export(exported).last
    with audited_host(home) as (_, operations):
        assert operations.run("audit_verify", file=str(exported), head=last)["ok"]
        for path, rule in ((exported.with_name("none"), "unreadable"), (home / "data", "unreadable")):
            with pytest.raises(InvalidInputError) as caught:
                operations.run("audit_verify", file=str(path))
            assert (caught.value.field, caught.value.rule) == ("file", rule)
        exported.write_text("acme")
        with pytest.raises(InvalidInputError, match="does not begin like an export"):
            operations.run("audit_verify", file=str(exported))


def drop(lines: list[str], *numbers: int) -> list[str]:
    return [line for number, line in enumerate(lines) if number not in numbers]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda lines: drop(lines, 4), (4, "removed")),
        (lambda lines: drop(lines, 1), (1, "removed")),
        (lambda lines: drop(lines, 8), (8, "truncated")),
        (lambda lines: drop(lines, 8, 9), (8, "truncated")),
        (lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]], (4, "moved")),
        (lambda lines: [*lines[:4], lines[3], *lines[4:]], (3, "moved")),
        (lambda lines: [*lines, lines[3]], (8, "inserted")),
        (lambda lines: [*lines[:4], lines[4].replace("create", "delete"), *lines[5:]], (4, "altered")),
        (lambda lines: [*lines[:4], "acme", *lines[5:]], (4, "damaged")),
    ],
)
def test_an_export_that_was_tampered_with_is_found(exported: Path, change: Any, expected: Any) -> None:
    lines = exported.read_text().splitlines()
    exported.write_text("\n".join(change(lines)) + "\n")
    assert expected in kinds(exported)


@pytest.mark.parametrize("text", ["", "acme", "{}", '{"format":"other-1","previous":"0"}\n'])
def test_what_is_no_export_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(ExportError, match="does not begin like an export"):
        verify_export(path)


def test_a_failed_export_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text("before")

    def run(*given: Any, **more: Any) -> Any:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_export(run, path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_last_of_many_entries_is_found_by_halving() -> None:
    from builtin_plugins.audit.chain import end_of_log

    asked = 0

    class Long:
        def storage_list_log(self, after: int, **_: Any) -> Any:
            nonlocal asked
            asked += 1
            from hyperhost.contracts import LogEntry, LogPage

            items = [LogEntry(after + 1, 0, "{}")] if after < self.length else []
            return LogPage(items, after, more=False)

        length = 0

    for length in (0, 1, 2, 3, 7, 8, 9, 1000, 999_999, 1_000_000):
        Long.length, asked = length, 0
        assert end_of_log(Long()).seq == length  # type: ignore[arg-type]
        assert asked <= 45, "the whole log is not read"
