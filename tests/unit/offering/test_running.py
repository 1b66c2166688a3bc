"""How a call of a declared operation runs: its arguments, its unit of work, its answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hyperhost.contracts import OperationCall
from hyperhost.errors import RefusalError
from hyperhost.host.operations import LOCAL_OWNER
from hyperhost.offering import MAX_ARGUMENT_BYTES, MAX_DEPTH, Asked, OperationTable, operation


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


def declared(changes: bool = False) -> OperationTable:
    @operation(group="test", permission="test:run", changes=changes)
    def sample(asked: Asked, name: str, sizes: list[int] | None = None) -> dict[str, int]:
        """Do a sample."""
        if name == "refused":
            raise RefusalError("no", "conflict:name")
        return {name: len(sizes or [])}

    return OperationTable([sample])


def test_a_function_becomes_an_operation() -> None:
    known = declared()
    info = known.operations["sample"].info
    assert (info.summary, info.changes) == ("Do a sample.", False)
    assert json.loads(info.arguments_schema_json)["required"] == ["name"]
    hook: Any = Nothing()
    request = call("sample", '{"name": "a", "sizes": [1, 2]}')
    outcome = known.run(request, Asked(request, hook))
    assert outcome is not None
    assert outcome.result_json == '{"a":2}'
    assert hook.asked == []
    assert known.run(call("other", "{}"), Asked(request, hook)) is None


def test_what_changes_something_is_one_unit_of_work() -> None:
    known, hook = declared(changes=True), Nothing()
    request = call("sample", '{"name": "a"}')
    known.run(request, Asked(request, hook))  # type: ignore[arg-type]
    assert hook.asked == ["begin", "commit"]
    request = call("sample", '{"name": "refused"}')
    with pytest.raises(RefusalError, match="no"):
        known.run(request, Asked(request, hook))  # type: ignore[arg-type]
    assert hook.asked == ["begin", "commit", "begin", "undo"]
    with pytest.raises(RefusalError, match="is no argument"):
        known.run(call("sample", '{"nam": 1}'), Asked(request, hook))  # type: ignore[arg-type]
    assert len(hook.asked) == 4


def test_an_operation_whose_unit_was_undone_under_it_has_failed() -> None:
    known, hook = declared(changes=True), Nothing(durable=False)
    request = call("sample", '{"name": "a"}')
    with pytest.raises(RefusalError, match="nothing was kept") as caught:
        known.run(request, Asked(request, hook))  # type: ignore[arg-type]
    assert caught.value.rule == "storage.failed"


def test_two_operations_of_one_name_are_an_error() -> None:
    first, second = (declared().operations["sample"].run for _ in range(2))
    with pytest.raises(ValueError, match="two operations are called 'sample'"):
        OperationTable([first, second])


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
        known.run(request, Asked(request, hook))
    assert caught.value.rule == f"invalid:{field}:{rule}"
    assert len(caught.value.reason) < 500
    assert hook.asked == []


def test_half_a_pair_is_refused_and_a_whole_one_is_a_character() -> None:
    known = declared()
    hook: Any = Nothing()
    request = call("sample", '{"name": "\\ud83d\\ude00"}')
    outcome = known.run(request, Asked(request, hook))
    assert outcome is not None
    assert outcome.result_json == '{"😀":0}'
