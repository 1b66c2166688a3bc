"""Calling operations from Python: values in and out, and every refusal as an error of its own class."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import hyperhost
from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome, PageRequest, Principal
from hyperhost.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    OperationError,
    PluginStateError,
    QuotaExceededError,
    RefusalError,
    StorageError,
    UnknownOperationError,
    WrongStateError,
)
from hyperhost.host.operations import LOCAL_OWNER, typed


class Echo:
    """Answers with what it was asked."""

    plugin_id = "echo"

    def __init__(self, answer: str | None = None, error: Exception | None = None) -> None:
        self.calls: list[OperationCall] = []
        self.answer = answer
        self.error = error

    @hyperhost.hookimpl
    def operation_list(self) -> list[OperationInfo]:
        return [OperationInfo("echo", "Answer.", "test", "test:read")]

    @hyperhost.hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        if call.operation != "echo":
            return None
        self.calls.append(call)
        if self.error is not None:
            raise self.error
        return OperationOutcome(call.arguments_json if self.answer is None else self.answer)


@pytest.fixture
def echo() -> Any:
    plugin = Echo()
    with hyperhost.Host("test") as host:
        host.register(plugin)
        yield plugin, hyperhost.Operations(host)


def test_arguments_and_answers_are_python_values(echo: tuple[Echo, hyperhost.Operations]) -> None:
    _, run = echo
    answer = run.run("echo", page=PageRequest(3), text="ü\n", data=b"\xff", items=(1, 2.5, None, True))
    assert answer == {
        "page": {"size": 3, "token": ""},
        "text": "ü\n",
        "data": "/w==",
        "items": [1, 2.5, None, True],
    }
    assert run.run("echo") == {}
    assert run.run("echo", self=1, operation=2) == {"self": 1, "operation": 2}
    assert list(run.offered()) == ["echo"]
    assert run.run_json("echo", '{"a" :1}') == '{"a" :1}'


def test_a_call_says_who_asks_and_when(echo: tuple[Echo, hyperhost.Operations]) -> None:
    plugin, run = echo
    run.run("echo")
    hyperhost.Operations(run.host, Principal("user:alice")).run_json("echo", request_id="r1")
    first, second = plugin.calls
    assert (first.principal, second.principal.id) == (LOCAL_OWNER, "user:alice")
    assert second.request_id == "r1"
    assert first.request_id[14] == "7"
    assert 1_600_000_000_000_000 < first.at_us <= second.at_us


def test_an_unknown_operation_is_named_with_the_nearest(echo: tuple[Echo, hyperhost.Operations]) -> None:
    _, run = echo
    with pytest.raises(UnknownOperationError, match="there is no operation 'ecco'") as caught:
        run.run("ecco")
    assert caught.value.hint == "did you mean 'echo'?"
    with pytest.raises(UnknownOperationError, match=r"there is no operation 'z+'") as caught:
        run.run("z" * 100_000)
    assert caught.value.hint == "known are echo"


@pytest.mark.parametrize(
    ("rule", "error", "field", "named"),
    [
        ("invalid:draft.name:kebab-case", InvalidInputError, "draft.name", "kebab-case"),
        ("invalid:labels.a:b:value", InvalidInputError, "labels.a:b", "value"),
        ("invalid::json", InvalidInputError, "", "json"),
        ("missing:artifact", NotFoundError, "artifact", "missing:artifact"),
        ("conflict:version", ConflictError, "version", "conflict:version"),
        ("state:state", WrongStateError, "state", "state:state"),
        ("quota:artifacts", QuotaExceededError, "artifacts", "quota:artifacts"),
        ("storage.exists", ConflictError, "", "storage.exists"),
        ("storage.missing", NotFoundError, "", "storage.missing"),
        ("storage.busy", StorageError, "", "storage.busy"),
        ("content.corrupt", StorageError, "", "content.corrupt"),
        ("license.missing", OperationError, "", "license.missing"),
        ("acme:rule:part", OperationError, "", "acme:rule:part"),
        ("", OperationError, "", ""),
    ],
)
def test_the_rule_of_a_refusal_decides_on_the_class(
    rule: str, error: type[OperationError], field: str, named: str
) -> None:
    found = typed(RefusalError("no", rule, plugin="p", hook="h", hint="try"))
    assert type(found) is error
    assert (found.field, found.rule) == (field, named)
    assert (found.plugin, found.hook, found.hint, found.message) == ("p", "h", "try", "no")


def test_refusals_and_faults_of_plugins_are_typed() -> None:
    for error, expected, words in (
        (RefusalError("no", "conflict:x"), ConflictError, "no"),
        (ValueError("broken"), OperationError, "'echo' failed: ValueError: broken"),
        (PluginStateError("own class"), PluginStateError, "own class"),
    ):
        with hyperhost.Host("test") as host:
            host.register(Echo(error=error))
            with pytest.raises(expected, match=words) as caught:
                hyperhost.Operations(host).run("echo")
            assert caught.value.__cause__ is error or caught.value is error


def test_an_answer_that_is_no_json_is_the_plugins_fault() -> None:
    with hyperhost.Host("test") as host:
        host.register(Echo(answer="{"))
        with pytest.raises(OperationError, match="'echo' answered with what is no JSON"):
            hyperhost.Operations(host).run("echo")


def test_arguments_that_cannot_be_written_are_refused(echo: tuple[Echo, hyperhost.Operations]) -> None:
    plugin, run = echo
    circle: dict[str, Any] = {}
    circle["self"] = circle
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    for value, rule in (
        (object(), "type"),
        ({1, 2}, "type"),
        (float("nan"), "type"),
        (float("inf"), "type"),
        (10**5_000, "type"),
        (Path("x"), "type"),
        (circle, "depth"),
        (deep, "depth"),
    ):
        with pytest.raises(InvalidInputError, match="cannot be written as JSON") as caught:
            run.run("echo", value=value)
        assert caught.value.rule == rule
    assert plugin.calls == []


def test_two_plugins_with_one_operation_are_an_error(echo: tuple[Echo, hyperhost.Operations]) -> None:
    _, run = echo
    run.host.register(Echo(), "again")
    with pytest.raises(PluginStateError, match="the operation 'echo' is offered twice"):
        run.offered()


def test_a_host_without_the_hook_says_so() -> None:
    class Specs:
        @hyperhost.hookspec
        def answer(self) -> str:
            """Answer."""

    with hyperhost.Host("test", specs=[Specs]) as host:
        run = hyperhost.Operations(host)
        for ask in (run.offered, lambda: run.run("list")):
            with pytest.raises(PluginStateError, match="the host 'test' has no hook 'operation_"):
                ask()


def test_an_operation_in_its_own_plugin_is_called_the_same_way() -> None:
    class Sum(Echo):
        @hyperhost.hookimpl
        def operation_run(self, call: OperationCall) -> OperationOutcome | None:
            return OperationOutcome(json.dumps(sum(json.loads(call.arguments_json)["numbers"])))

    with hyperhost.Host("test") as host:
        host.register(Sum())
        assert hyperhost.Operations(host).run("sum", numbers=[1, 2, 3]) == 6


def test_the_store_is_closed_after_everybody_who_may_still_write() -> None:
    stopped: list[str] = []

    class Part:
        def __init__(self, name: str) -> None:
            self.name = name

        def plugin_stop(self) -> None:
            stopped.append(self.name)

    class Store(Part):
        @hyperhost.hookimpl
        def storage_begin(self, write: bool) -> bool:
            return True

    class Content(Part):
        @hyperhost.hookimpl
        def content_abort(self, upload: str) -> bool:
            return True

    with hyperhost.Host("test") as host:
        for index, part in enumerate(
            (Part("first"), Content("content"), Part("second"), Store("store"), Part("third"))
        ):
            host.register(part, f"p{index}")
    assert stopped == ["third", "second", "first", "content", "store"]


def test_a_fault_that_passes_through_a_plugin_is_not_its_own(echo: tuple[Echo, hyperhost.Operations]) -> None:
    plugin, run = echo

    class Through:
        @hyperhost.hookimpl
        def operation_run(self, call: OperationCall) -> OperationOutcome | None:
            if call.operation != "through":
                return None
            inner: OperationOutcome = run.host.hook.operation_run(call=OperationCall("echo", call.principal))
            return inner

    run.host.register(Through(), "through")
    plugin.error = ValueError("broken")
    with pytest.raises(OperationError, match="raised by plugin 'echo'"):
        run.run("through")
    assert [fault.plugin for fault in run.host.faults] == ["echo"]
