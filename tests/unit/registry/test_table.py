"""Which operations the registry offers, how they describe themselves, and what they answer."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from registry_hosts import draft, operations_on

import hyperhost
from builtin_plugins.registry.operations import table
from builtin_plugins.registry.work import Work
from hyperhost.contracts import OperationCall
from hyperhost.errors import HyperHostError, StorageError

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


def test_the_table_of_the_registry_is_made_of_all_its_modules() -> None:
    assert table().operations.keys() >= WANTED - {"operation_stats"}
