"""Operations that a plugin offers: how they are declared, described, run and refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

import pytest

import hyperhost
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome, Principal
from hyperhost.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    OperationError,
    QuotaExceededError,
    RefusalError,
    ResolutionError,
    WrongStateError,
)
from hyperhost.hookspecs import hookimpl
from hyperhost.offering import (
    Asked,
    OperationTable,
    conflict,
    invalid,
    missing,
    operation,
    over_quota,
    unavailable,
    unresolvable,
    wrong_state,
)


@dataclass(frozen=True, slots=True)
class Greeting:
    """What is said.

    Attributes:
        words: The words.
        loud: Whether they are shouted.
    """

    words: str
    loud: bool = False


@operation(group="greeting", permission="greeting:read")
def greet(asked: Asked, name: str, how: Literal["short", "long"] = "short", data: Any = None) -> Greeting:
    """Say hello.

    More about it.
    """
    asked.about(f"greeting/{name}", "org.acme", how=how)
    return Greeting(f"hello {name}" if how == "short" else f"good day, {name}", bool(data))


@operation(group="greeting", permission="greeting:write", changes=True)
def keep(asked: Asked, greeting: Greeting, fail: bool = False) -> None:
    """Keep a greeting."""
    data = json.dumps(greeting.words)
    asked.hook.storage_put_record(collection="greetings", key="last", data_json=data, mode=None)
    if fail:
        raise wrong_state("greeting", "it is night")


@operation(group="greeting", permission="greeting:read")
def refuse(asked: Asked, kind: str) -> None:
    """Refuse in each way that there is."""
    raise {
        "invalid": invalid("a.b", "blue", "it is red", "make it blue"),
        "missing": missing("greeting", "there is none", "say one"),
        "conflict": conflict("greeting", "there is one"),
        "state": wrong_state("greeting", "it is night"),
        "quota": over_quota("words", "too many"),
        "unresolvable": unresolvable("Because of this, that.\nSo it cannot be."),
        "unavailable": unavailable("voice", "it is hoarse"),
    }[kind]


class Plugin:
    """A plugin as the documentation of the package shows it."""

    def __init__(self, table: OperationTable) -> None:
        self.table = table

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        self.context = context

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        return self.table.infos()

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        return self.table.run(call, Asked(call, self.context.hook))


@pytest.fixture
def run() -> Iterator[hyperhost.Operations]:
    with hyperhost.Host("offering") as host:
        host.register(StorageMemory())
        host.register(Plugin(OperationTable([greet, keep, refuse])))
        yield hyperhost.Operations(host)


def test_an_operation_describes_itself(run: hyperhost.Operations) -> None:
    info = run.offered()["greet"]
    assert (info.summary, info.group, info.permission, info.changes) == (
        "Say hello.",
        "greeting",
        "greeting:read",
        False,
    )
    schema = json.loads(info.arguments_schema_json)
    assert list(schema["properties"]) == ["name", "how", "data"]
    assert (schema["required"], schema["additionalProperties"]) == (["name"], False)
    assert "words" in info.result_schema_json
    assert run.offered()["keep"].changes is True
    assert run.offered()["keep"].result_schema_json == '{"type":"null"}'


def test_an_operation_gets_values_of_its_types_and_answers_data(run: hyperhost.Operations) -> None:
    assert run.run("greet", name="Ada") == {"words": "hello Ada", "loud": False}
    assert run.run("greet", name="Ada", how="long", data={"x": [1]}) == {
        "words": "good day, Ada",
        "loud": True,
    }


def test_what_an_operation_is_about_is_in_its_outcome() -> None:
    call = OperationCall("greet", Principal("ada"), '{"name": "Ada"}', at_us=7)
    outcome = OperationTable([greet]).run(call, Asked(call, None))  # type: ignore[arg-type]  # no hook is called
    assert outcome is not None
    assert (outcome.target, outcome.namespace, outcome.details_json) == (
        "greeting/Ada",
        "org.acme",
        '{"how":"short"}',
    )


def test_a_time_is_that_of_the_call_else_that_of_the_clock() -> None:
    given = OperationCall("greet", Principal("ada"), "{}", at_us=7)
    assert Asked(given, None).at_us == 7  # type: ignore[arg-type]  # no hook is called
    bare = OperationCall("greet", Principal("ada"), "{}")
    assert Asked(bare, None, lambda: 99).at_us == 99  # type: ignore[arg-type]  # no hook is called


@pytest.mark.parametrize(
    ("arguments", "field", "rule", "words"),
    [
        ({}, "name", "missing", "greet needs 'name'"),
        ({"name": "a", "nome": "b"}, "nome", "unknown", "is no argument of greet"),
        ({"name": 3}, "name", "type", "name"),
        ({"name": "a", "how": "medium"}, "how", "type", "short"),
        ({"name": "a\0"}, "name", "zero-byte", "zero byte"),
    ],
)
def test_wrong_arguments_are_refused_with_their_place(
    run: hyperhost.Operations, arguments: dict[str, Any], field: str, rule: str, words: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        run.run("greet", **arguments)
    assert (caught.value.field, caught.value.rule) == (field, rule)
    assert words in str(caught.value)


def test_a_place_within_an_argument_is_told(run: hyperhost.Operations) -> None:
    with pytest.raises(InvalidInputError) as caught:
        run.run("keep", greeting={"words": 1})
    assert caught.value.field == "greeting.words"


def test_what_changes_something_is_undone_as_a_whole(run: hyperhost.Operations) -> None:
    run.run("keep", greeting={"words": "hello"})
    with pytest.raises(WrongStateError, match="it is night"):
        run.run("keep", greeting={"words": "bye"}, fail=True)
    assert run.host.hook.storage_get_record(collection="greetings", key="last") == '"hello"'


@pytest.mark.parametrize(
    ("kind", "error", "field", "rule"),
    [
        ("invalid", InvalidInputError, "a.b", "blue"),
        ("missing", NotFoundError, "greeting", "missing:greeting"),
        ("conflict", ConflictError, "greeting", "conflict:greeting"),
        ("state", WrongStateError, "greeting", "state:greeting"),
        ("quota", QuotaExceededError, "words", "quota:words"),
        ("unresolvable", ResolutionError, "", "unresolvable"),
        ("unavailable", OperationError, "", "unavailable:voice"),
    ],
)
def test_each_refusal_becomes_an_error_of_its_class(
    run: hyperhost.Operations, kind: str, error: type[OperationError], field: str, rule: str
) -> None:
    with pytest.raises(error) as caught:
        run.run("refuse", kind=kind)
    assert type(caught.value) is error
    assert (caught.value.field, caught.value.rule) == (field, rule)
    if isinstance(caught.value, ResolutionError):
        assert caught.value.message == "So it cannot be."
        assert caught.value.explanation == "Because of this, that.\nSo it cannot be."


def test_what_all_operations_have_in_common_runs_after_each_that_ends_well() -> None:
    seen: list[str] = []
    table = OperationTable([greet, refuse], alike=lambda asked, info: seen.append(info.name))
    call = OperationCall("greet", Principal("ada"), '{"name": "Ada"}')
    table.run(call, Asked(call, None))  # type: ignore[arg-type]  # no hook is called
    call = OperationCall("refuse", Principal("ada"), '{"kind": "missing"}')
    with pytest.raises(RefusalError):
        table.run(call, Asked(call, None))  # type: ignore[arg-type]  # no hook is called
    assert seen == ["greet"]


def test_operations_are_found_in_modules_and_have_one_name_each() -> None:
    module = ModuleType("acme")
    vars(module).update(one=greet, two=keep, three="nothing", again=greet)
    assert list(OperationTable([module, greet]).operations) == ["greet", "keep"]
    other = operation(group="other", permission="a:b", name="greet")(lambda asked: None)
    with pytest.raises(ValueError, match="two operations are called 'greet'"):
        OperationTable([greet, other])


def test_what_is_not_in_the_table_is_anothers() -> None:
    call = OperationCall("other", Principal("ada"), "{}")
    assert OperationTable([greet]).run(call, Asked(call, None)) is None  # type: ignore[arg-type]  # no hook is called


def test_a_unit_that_something_inside_has_undone_is_no_success(run: hyperhost.Operations) -> None:
    asked = Asked(OperationCall("keep", Principal("ada"), "{}"), run.host.hook)

    def work() -> None:
        with asked.unit():
            asked.hook.storage_begin(write=True)
            asked.hook.storage_end(commit=False)

    with pytest.raises(RefusalError, match="nothing was kept") as caught:
        work()
    assert caught.value.rule == "storage.failed"
