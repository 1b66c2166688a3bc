"""How operations are declared, described and called."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import jsonschema_rs
import pytest
from registry_hosts import draft, operations_on

import hyperhost
from builtin_plugins.registry.arguments import MAX_ARGUMENT_BYTES, MAX_DEPTH
from builtin_plugins.registry.operations import table
from builtin_plugins.registry.table import Table, operation
from builtin_plugins.registry.work import Work
from hyperhost.contracts import OperationCall
from hyperhost.errors import HyperHostError, RefusalError, StorageError
from hyperhost.host.operations import LOCAL_OWNER

WANTED = {
    *("create", "read", "update", "delete", "list", "resolve"),
    *("publish", "unpublish", "deprecate", "undeprecate", "archive", "restore"),
    *("validate", "test", "lint", "download", "rate"),
    *("content_open", "content_append", "content_commit", "content_abort", "content_read"),
    *("version_list", "tag", "untag", "promote", "demote", "yank", "unyank"),
    *("namespace_create", "namespace_read", "namespace_update", "namespace_delete", "namespace_list"),
    *("registry_info", "registry_status", "migrate", "upgrade", "downgrade", "cache_clear"),
}


@pytest.fixture(scope="module")
def offered() -> dict[str, hyperhost.contracts.OperationInfo]:
    with operations_on() as run:
        return run.offered()


def test_every_operation_of_the_specification_is_there(offered: dict[str, Any]) -> None:
    assert offered.keys() >= WANTED


def test_every_operation_is_described(offered: dict[str, Any]) -> None:
    for name, info in offered.items():
        assert info.summary.endswith("."), name
        assert info.permission.count(":") == 1, name
        assert info.group, name
        for text in (info.arguments_schema_json, info.result_schema_json):
            if text:
                jsonschema_rs.validator_for(json.loads(text))
        assert json.loads(info.arguments_schema_json)["additionalProperties"] is False, name


def test_answers_are_what_their_schema_promises() -> None:
    with operations_on() as run:
        schemas = {
            name: json.loads(info.result_schema_json)
            for name, info in run.offered().items()
            if info.result_schema_json
        }
        calls: tuple[tuple[str, dict[str, Any]], ...] = (
            ("create", {"draft": draft()}),
            ("validate", {"draft": draft("b")}),
            ("publish", {"artifact": "org.acme/auth"}),
            ("read", {"artifact": "org.acme/auth"}),
            ("list", {}),
            ("tag", {"artifact": "org.acme/auth", "tag": "beta"}),
            ("version_list", {"name": "org.acme/auth"}),
            ("rate", {"artifact": "org.acme/auth", "stars": 3}),
            ("lint", {"artifact": "org.acme/auth"}),
            ("test", {"artifact": "org.acme/auth"}),
            ("namespace_create", {"path": "org.acme"}),
            ("namespace_read", {"path": "org.acme"}),
            ("namespace_list", {}),
            ("registry_info", {}),
            ("registry_status", {}),
            ("cache_clear", {}),
            ("operation_stats", {}),
        )
        for name, arguments in calls:
            jsonschema_rs.validate(schemas[name], run.run(name, **arguments))


def call(name: str, arguments_json: str) -> OperationCall:
    return OperationCall(name, LOCAL_OWNER, arguments_json, "", 1)


class Nothing:
    """Hooks of a store that keeps nothing."""

    def __init__(self, *, durable: bool = True) -> None:
        self.asked: list[str] = []
        self.durable = durable

    def storage_begin(self, write: bool) -> bool:
        self.asked.append("begin")
        return True

    def storage_end(self, commit: bool) -> bool:
        self.asked.append("commit" if commit else "undo")
        return commit and self.durable


def declared(changes: bool = False) -> Table:
    @operation("sample", group="test", permission="test:run", changes=changes)
    def sample(work: Work, name: str, sizes: list[int] | None = None) -> dict[str, int]:
        """Do a sample."""
        if name == "refused":
            raise RefusalError("no", "conflict:name")
        return {name: len(sizes or [])}

    return Table([SimpleNamespace(sample=sample)])


def test_a_function_becomes_an_operation() -> None:
    known = declared()
    info = known.operations["sample"].info
    assert (info.summary, info.changes) == ("Do a sample.", False)
    assert json.loads(info.arguments_schema_json)["required"] == ["name"]
    hook: Any = Nothing()
    request = call("sample", '{"name": "a", "sizes": [1, 2]}')
    outcome = known.run(request, Work(request, hook))
    assert outcome is not None
    assert outcome.result_json == '{"a":2}'
    assert hook.asked == []
    assert known.run(call("other", "{}"), Work(request, hook)) is None


def test_what_changes_something_is_one_unit_of_work() -> None:
    known, hook = declared(changes=True), Nothing()
    request = call("sample", '{"name": "a"}')
    known.run(request, Work(request, hook))  # type: ignore[arg-type]
    assert hook.asked == ["begin", "commit"]
    request = call("sample", '{"name": "refused"}')
    with pytest.raises(RefusalError, match="no"):
        known.run(request, Work(request, hook))  # type: ignore[arg-type]
    assert hook.asked == ["begin", "commit", "begin", "undo"]
    with pytest.raises(RefusalError, match="is no argument"):
        known.run(call("sample", '{"nam": 1}'), Work(request, hook))  # type: ignore[arg-type]
    assert len(hook.asked) == 4


def test_an_operation_whose_unit_was_undone_under_it_has_failed() -> None:
    known, hook = declared(changes=True), Nothing(durable=False)
    request = call("sample", '{"name": "a"}')
    with pytest.raises(RefusalError, match="nothing was kept") as caught:
        known.run(request, Work(request, hook))  # type: ignore[arg-type]
    assert caught.value.rule == "storage.failed"


def test_a_part_that_was_undone_is_not_reported_as_done() -> None:
    """An operation that calls another, and goes on when that one fails."""

    class Careless:
        @hyperhost.hookimpl
        def operation_run(self, call: OperationCall) -> Any:
            if call.operation != "careless":
                return None
            with Work(call, host.hook).unit():
                inner = hyperhost.Operations(host)
                inner.run("create", draft=draft())
                with pytest.raises(HyperHostError):
                    inner.run("create", draft=draft())
            return hyperhost.contracts.OperationOutcome("true")

    with operations_on(None, Careless()) as run:
        host = run.host
        with pytest.raises(StorageError, match="nothing was kept"):
            run.run("careless")
        assert run.run("list")["items"] == []


def test_two_operations_of_one_name_are_an_error() -> None:
    first, second = (declared().operations["sample"].run for _ in range(2))
    with pytest.raises(ValueError, match="two operations are called 'sample'"):
        Table([SimpleNamespace(sample=first), SimpleNamespace(sample=second)])


DEEP = '{"name": ' * 70_000


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        ("", "", "json"),
        ("{", "", "json"),
        ("[]", "", "object"),
        ("3", "", "object"),
        ("null", "", "object"),
        ("{}", "name", "missing"),
        ('{"name": null}', "name", "type"),
        ('{"name": 3}', "name", "type"),
        ('{"name": "a", "nam": 1}', "nam", "unknown"),
        ('{"name": "a", "' + "x" * 5000 + '": 1}', "x" * 80, "unknown"),
        ('{"name": "a", "sizes": [1, "2"]}', "sizes[1]", "type"),
        ('{"name": "a", "sizes": [1, 2.0]}', "sizes[1]", "type"),
        ('{"name": "a", "sizes": [true]}', "sizes[0]", "type"),
        ('{"name": "a", "sizes": [9223372036854775808]}', "sizes[0]", "type"),
        ('{"name": "a", "sizes": [' + "9" * 4000 + "]}", "sizes[0]", "type"),
        ('{"name": "a", "sizes": [' + "9" * 5000 + "]}", "", "json"),
        ('{"name": "a", "sizes": [NaN]}', "", "number"),
        ('{"name": "a", "sizes": [-Infinity]}', "", "number"),
        ('{"name": "a", "sizes": [1e999]}', "", "number"),
        ('{"name": "a", "name": "b"}', "", "twice"),
        ('{"name": "\\ud800"}', "name", "unicode"),
        ('{"name": "a\\udc00b"}', "name", "unicode"),
        ('{"name": "\ud800"}', "name", "unicode"),
        ('{"name": "\\u0000"}', "name", "zero-byte"),
        ('{"sizes": [{"a\\u0000b": 1}]}', "sizes[0].a\\x00b", "zero-byte"),
        ('{"name": "a\0"}', "", "json"),
        (DEEP, "", "depth"),
        ("[" * 70_000, "", "depth"),
        ('{"name": ' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}", "", "depth"),
        ('{"name": "' + "ü" * (MAX_ARGUMENT_BYTES // 2) + '"}', "", "size"),
    ],
)
def test_arguments_that_are_wrong_are_named(text: str, field: str, rule: str) -> None:
    known = declared(changes=True)
    hook: Any = Nothing()
    request = call("sample", text)
    with pytest.raises(RefusalError) as caught:
        known.run(request, Work(request, hook))
    assert caught.value.rule == f"invalid:{field}:{rule}"
    assert len(caught.value.reason) < 500
    assert hook.asked == []


def test_half_a_pair_is_refused_and_a_whole_one_is_a_character() -> None:
    known = declared()
    hook: Any = Nothing()
    request = call("sample", '{"name": "\\ud83d\\ude00"}')
    outcome = known.run(request, Work(request, hook))
    assert outcome is not None
    assert outcome.result_json == '{"😀":0}'


def test_the_table_of_the_registry_is_made_of_all_its_modules() -> None:
    assert table().operations.keys() >= WANTED - {"operation_stats"}
