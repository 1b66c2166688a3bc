"""What bad input gets from the registry: a typed error with the field and the rule, and no partial change."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registry_hosts import created, draft, everything, operations_on, published, storage_of, uploaded

import hyperhost
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    OperationError,
    QuotaExceededError,
    RefusalError,
    StorageError,
    WrongStateError,
)


@pytest.fixture(params=["memory", "sqlite"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[hyperhost.Operations]:
    """A registry that holds a published and a drafted version."""
    with operations_on(storage_of(request.param, tmp_path)) as operations:
        published(operations, content_hash=uploaded(operations, b"one"), manifest={"a": 1})
        created(operations, "auth", "2.0.0")
        yield operations


def refused(
    run: hyperhost.Operations,
    error: type[OperationError],
    field: str,
    rule: str,
    operation: str,
    **arguments: Any,
) -> OperationError:
    """Run an operation that must be refused, and see that nothing has changed."""
    before = everything(run.host)
    with pytest.raises(error) as caught:
        run.run(operation, **arguments)
    assert type(caught.value) is error
    assert (caught.value.field, caught.value.rule) == (field, rule)
    assert everything(run.host) == before
    assert not run.host.faults
    return caught.value


@pytest.mark.parametrize(
    "name", ["", "Auth", "../../etc/passwd", "a\0b", "a" * 10_000, "auth; DROP TABLE artifact", "\u0430uth"]
)
def test_an_invalid_name(run: hyperhost.Operations, name: str) -> None:
    rule = "zero-byte" if "\0" in name else "kebab-case"
    refused(
        run, InvalidInputError, "draft.name" if "\0" in name else "name", rule, "create", draft=draft(name)
    )


@pytest.mark.parametrize(
    "path", ["", "org", "org.acme..", "org.ACME", "-org.acme", "org.acme-", "org.a/../b", "etc.passwd"]
)
def test_an_invalid_path(run: hyperhost.Operations, path: str) -> None:
    refused(run, InvalidInputError, "namespace", "path", "create", draft=draft(namespace=path))
    refused(run, InvalidInputError, "namespace", "path", "namespace_create", path=path)
    refused(run, InvalidInputError, "namespace", "path", "namespace_read", path=path)


@pytest.mark.parametrize(
    "version", ["", "1", "1.0", "latest", "01.0.0", "1.0.0-", "1.0.0\n", "9" * 5_000 + ".0.0"]
)
def test_an_invalid_version(run: hyperhost.Operations, version: str) -> None:
    refused(run, InvalidInputError, "version", "semver", "create", draft=draft("auth", version))


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        ("latest", "at character 0 stands 'l', expected a comparator"),
        ("^1.0 || ^", "at character 9 stands the end, expected a version"),
        ("^1.2.3.4", "at character 6 stands '.', expected a number"),
        ("^9" * 400, "at character 2 stands '^', expected a space"),
        ("^" + "9" * 900, "at character 1 stands '9', expected a number of at most"),
        ("\u0661.0.0", "at character 0 stands '\u0661', expected a comparator"),
        ("", "empty or not printable"),
        ("^1\n", "empty or not printable"),
        ("1 || " * 5_000, "25000 characters"),
    ],
)
def test_a_constraint_that_cannot_be_read(run: hyperhost.Operations, constraint: str, words: str) -> None:
    dependencies = [{"artifact": "org.acme/x", "constraint": constraint}]
    with pytest.raises(InvalidInputError) as caught:
        run.run("create", draft=draft("b", dependencies=dependencies))
    assert caught.value.field == "dependencies[0].constraint"
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "script"}, "draft.type"),
        ({"type": None}, "draft.type"),
        ({"visibility": "secret"}, "draft.visibility"),
        ({"labels": {"a": 1}}, "draft.labels.a"),
        ({"labels": []}, "draft.labels"),
        ({"dependencies": [{"artifact": "org.acme/x", "type": "soft"}]}, "draft.dependencies[0].type"),
        ({"dependencies": [{}]}, "draft.dependencies[0].artifact"),
        ({"metadata": {"licenses": "MIT"}}, "draft.metadata.licenses"),
        ({"metadata": {"licence": ["MIT"]}}, "draft.metadata.licence"),
        ({"state": "published"}, "draft.state"),
        ({"id": "x"}, "draft.id"),
    ],
)
def test_an_invalid_type_or_an_unknown_field(
    run: hyperhost.Operations, change: dict[str, Any], field: str
) -> None:
    refused(run, InvalidInputError, field, "type", "create", draft={**draft("b"), **change})


@pytest.mark.parametrize(
    ("more", "field", "rule"),
    [
        ({"type": "plugin"}, "manifest", "missing"),
        ({"manifest": "text"}, "manifest", "object"),
        ({"type": "config", "manifest": {"format": "ini"}}, "manifest.format", "type"),
        (
            {"type": "config", "manifest": {"format": "json", "schema": {"$ref": "file:///etc/passwd"}}},
            "manifest.schema",
            "schema",
        ),
        (
            {"type": "service", "manifest": {"deployment": {"kind": "process"}}},
            "manifest.deployment.command",
            "missing",
        ),
        ({"manifest": {"big": "x" * (1 << 20)}}, "manifest", "size"),
    ],
)
def test_an_invalid_manifest(run: hyperhost.Operations, more: dict[str, Any], field: str, rule: str) -> None:
    refused(run, InvalidInputError, field, rule, "create", draft=draft("b", **more))


def nested(depth: int) -> Any:
    data: Any = 1
    for _ in range(depth):
        data = {"a": data}
    return data


def test_json_that_is_too_deep(run: hyperhost.Operations) -> None:
    refused(run, InvalidInputError, "", "depth", "create", draft=draft("b", manifest=nested(100)))
    refused(run, InvalidInputError, "", "depth", "create", draft=draft("b", manifest=nested(100_000)))
    circle: list[Any] = []
    circle.append(circle)
    refused(run, InvalidInputError, "", "depth", "create", draft=circle)
    before = everything(run.host)
    for text in ('{"draft":' * 1_000_000, "[" * 16_000_000):
        with pytest.raises(InvalidInputError, match="nested deeper than 64"):
            run.run_json("create", text)
    assert everything(run.host) == before
    assert created(run, "b", manifest=nested(60))


def test_json_that_is_too_large(run: hyperhost.Operations) -> None:
    refused(run, InvalidInputError, "", "size", "create", draft=draft("b", manifest={"x": "x" * (17 << 20)}))


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        ("not json", "", "json"),
        ('{"draft": NaN}', "", "number"),
        ('{"draft": 1e400}', "", "number"),
        ('{"draft": ' + "1" * 10_000 + "}", "", "json"),
        ('{"draft": {}, "draft": {}}', "", "twice"),
        ('{"draft": {"name": "\\udfff"}}', "draft.name", "unicode"),
        ('{"draft": {"name": "\\u0000"}}', "draft.name", "zero-byte"),
        ('{"__class__": "x", "draft": {}}', "__class__", "unknown"),
    ],
)
def test_json_that_is_none_or_is_ambiguous(
    run: hyperhost.Operations, text: str, field: str, rule: str
) -> None:
    before = everything(run.host)
    with pytest.raises(InvalidInputError) as caught:
        run.run_json("create", text)
    assert (caught.value.field, caught.value.rule) == (field, rule)
    assert everything(run.host) == before


def test_values_that_are_no_json(run: hyperhost.Operations) -> None:
    for value in (object(), float("nan"), {1, 2}, 10**5_000, b"\xff" * 3 and Path("x")):
        refused(run, InvalidInputError, "", "type", "create", draft=draft("b", manifest={"x": value}))


def test_a_duplicate_version(run: hyperhost.Operations) -> None:
    refused(run, ConflictError, "version", "conflict:version", "create", draft=draft())


def test_changed_content_for_a_published_version(run: hyperhost.Operations) -> None:
    other = uploaded(run, b"two")
    for edit, field in (({"content_hash": other}, "content_hash"), ({"manifest": {"a": 2}}, "manifest")):
        refused(
            run, WrongStateError, field, f"state:{field}", "update", artifact="org.acme/auth@1.0.0", edit=edit
        )
    run.run("unpublish", artifact="org.acme/auth@1.0.0")
    for edit, field in (({"content_hash": other}, "content_hash"), ({"manifest": {"a": 2}}, "manifest")):
        refused(
            run, WrongStateError, field, f"state:{field}", "update", artifact="org.acme/auth@1.0.0", edit=edit
        )
    run.run("delete", artifact="org.acme/auth@1.0.0")
    refused(run, ConflictError, "version", "conflict:version", "create", draft=draft(content_hash=other))


def test_a_content_that_is_not_there(run: hyperhost.Operations) -> None:
    refused(
        run,
        NotFoundError,
        "content_hash",
        "missing:content_hash",
        "create",
        draft=draft("b", content_hash="sha256:" + "a" * 64),
    )


def test_a_quota_overrun_by_count(run: hyperhost.Operations) -> None:
    run.run("namespace_create", path="org.acme", edit={"quotas": {"artifacts": 2}})
    refused(run, QuotaExceededError, "artifacts", "quota:artifacts", "create", draft=draft("b"))


def test_a_quota_overrun_by_bytes(run: hyperhost.Operations) -> None:
    run.run("namespace_create", path="org.acme", edit={"quotas": {"storage_bytes": 5}})
    content = uploaded(run, b"four")
    refused(
        run,
        QuotaExceededError,
        "storage_bytes",
        "quota:storage_bytes",
        "create",
        draft=draft("b", content_hash=content),
    )


def test_a_quota_overrun_by_two_writers_at_once(run: hyperhost.Operations) -> None:
    run.run("namespace_create", path="org.acme", edit={"quotas": {"artifacts": 3}})
    start, ends = threading.Barrier(2), []

    def create(name: str) -> None:
        start.wait()
        try:
            created(run, name)
            ends.append("created")
        except QuotaExceededError as error:
            ends.append(error.field)

    threads = [threading.Thread(target=create, args=(name,)) for name in ("b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["artifacts", "created"]
    assert run.run("namespace_read", path="org.acme")["usage"]["artifacts"] == 3


def test_a_second_process_that_writes(tmp_path: Path) -> None:
    place = tmp_path / "registry.db"
    with operations_on(StorageSql(str(place), busy_timeout_ms=50)) as run:
        created(run)
        other = sqlite3.connect(place, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        error = refused(run, StorageError, "", "storage.busy", "create", draft=draft("b"))
        assert "another process is writing" in error.hint
        other.execute("ROLLBACK")
        other.close()
        created(run, "b")


def _counting() -> Any:
    """A wrapper of a hook that writes."""

    @hyperhost.hookimpl(wrapper=True)
    def write(self: FullAt) -> Generator[None, Any, Any]:
        self.left -= 1
        if self.left == 0:
            raise RefusalError("no room is left", "storage.full", hint="make room")
        return (yield)

    return write


class FullAt:
    """Storage that has no room left at one of its writes."""

    def __init__(self) -> None:
        self.left = -1

    storage_put_artifact = _counting()
    storage_delete_artifact = _counting()
    storage_put_record = _counting()
    storage_delete_record = _counting()
    storage_append_log = _counting()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_disk_that_is_full_at_any_write(kind: str, tmp_path: Path) -> None:
    full = FullAt()
    with operations_on(storage_of(kind, tmp_path), full) as run:
        archived = published(run)["id"]
        run.run("tag", artifact=archived, tag="beta")
        run.run("rate", artifact=archived, stars=3)
        run.run("archive", artifact=archived)
        drafted = created(run, "b")["id"]
        steps: tuple[tuple[str, dict[str, Any]], ...] = (
            ("create", {"draft": draft("c")}),
            ("publish", {"artifact": drafted}),
            ("promote", {"artifact": drafted, "channel": "stable"}),
            ("rate", {"artifact": drafted, "stars": 5}),
            ("yank", {"artifact": drafted, "reason": "x"}),
            ("unpublish", {"artifact": drafted}),
            ("delete", {"artifact": archived}),
            ("namespace_create", {"path": "org.acme", "edit": {"quotas": {"api_calls_per_month": 99}}}),
        )
        for operation, arguments in steps:
            for number in range(1, 99):
                full.left = number
                before = everything(run.host)
                try:
                    run.run(operation, **arguments)
                except StorageError as error:
                    ended = error.rule
                else:
                    assert number > 1
                    break
                assert ended == "storage.full"
                assert everything(run.host) == before


def test_a_corrupt_database(tmp_path: Path) -> None:
    with operations_on(storage_of("sqlite", tmp_path)) as run:
        created(run)
    place = tmp_path / "registry.db"
    place.write_bytes(b"this is no database, whatever its name says" * 200)
    for beside in tmp_path.glob("registry.db-*"):
        beside.unlink()
    with operations_on(storage_of("sqlite", tmp_path)) as run:
        for operation, arguments in (("list", {}), ("create", {"draft": draft("b")})):
            with pytest.raises(StorageError) as caught:
                run.run(operation, **arguments)
            assert caught.value.rule == "storage.corrupt"


def test_a_corrupt_blob() -> None:
    with operations_on() as run:
        content = uploaded(run, b"hello")
        published(run, content_hash=content)
        run.host.hook.content_delete(content_hash=content)
        with pytest.raises(NotFoundError, match="is gone"):
            run.run("content_read", artifact="org.acme/auth")
        assert run.run("test", artifact="org.acme/auth")["passed"] is False


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=15,
)
NAMES = ("namespace", "name", "type", "version", "metadata", "labels", "manifest", "dependencies")
FIELDS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON))


@pytest.fixture(scope="module")
def shared() -> Iterator[hyperhost.Operations]:
    """One registry for all examples of a property."""
    with operations_on() as operations:
        created(operations)
        yield operations


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(["create", "validate", "lint"]), FIELDS, st.booleans())
def test_no_draft_does_anything_but_pass_or_be_refused(
    shared: hyperhost.Operations, operation: str, fields: dict[str, Any], whole: bool
) -> None:
    given_draft = {**(draft("other") if whole else {}), **fields}
    before = everything(shared.host)
    try:
        made = shared.run(operation, draft=given_draft)
    except OperationError:
        assert everything(shared.host) == before
    else:
        if operation == "create":
            shared.run("delete", artifact=made["artifact"]["id"])
    assert not shared.host.faults


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | JSON.map(json.dumps))
def test_no_arguments_do_anything_but_pass_or_be_refused(shared: hyperhost.Operations, text: str) -> None:
    before = everything(shared.host)
    for operation in ("create", "publish", "namespace_update", "content_append", "deprecate"):
        with pytest.raises(OperationError):
            shared.run_json(operation, text)
    assert everything(shared.host) == before
    assert not shared.host.faults
