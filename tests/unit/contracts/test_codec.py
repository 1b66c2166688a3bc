"""Contract types as JSON data: nothing is lost on the way, and nothing else is taken for one."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import typing
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hyperhost.contracts
from hyperhost.contracts import (
    S64,
    U8,
    Artifact,
    ArtifactQuery,
    ArtifactState,
    ArtifactType,
    Limits,
    PageRequest,
)
from hyperhost.contracts.codec import INTEGER_RANGES, DataError, from_data, to_data
from hyperhost.contracts.schema import schema_of

RECORDS = [
    item
    for name in hyperhost.contracts.__all__
    if dataclasses.is_dataclass(item := getattr(hyperhost.contracts, name)) and item is not Limits
]


def _has_variant(kind: Any) -> bool:
    """Whether a type has a field that is one of several dataclasses: the codec writes no such types."""
    if typing.get_origin(kind) in (typing.Union, UnionType):
        rest = [each for each in typing.get_args(kind) if each is not NoneType]
        return len(rest) > 1 or _has_variant(rest[0])
    if dataclasses.is_dataclass(kind):
        return any(map(_has_variant, typing.get_type_hints(kind, include_extras=True).values()))
    return any(map(_has_variant, typing.get_args(kind)))


PLAIN = [kind for kind in RECORDS if not _has_variant(kind)]


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a contract type."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        if arguments[1] in INTEGER_RANGES:
            return st.integers(*INTEGER_RANGES[arguments[1]])
        return values(arguments[0])
    if origin is list:
        return st.lists(values(arguments[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(st.text(max_size=5), values(arguments[1]), max_size=2)
    if origin is tuple:
        return st.tuples(*map(values, arguments))
    if origin in (typing.Union, UnionType):
        return st.one_of(*map(values, arguments))
    if origin is Literal:
        return st.sampled_from(arguments)
    if kind is NoneType:
        return st.none()
    if kind is int:
        return st.integers(*INTEGER_RANGES["s64"])
    if kind is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if kind in (str, bytes):
        return st.text(max_size=8) if kind is str else st.binary(max_size=8)
    if kind is bool:
        return st.booleans()
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    hints = typing.get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{each.name: values(hints[each.name]) for each in dataclasses.fields(kind)})


@pytest.mark.parametrize("kind", PLAIN, ids=lambda kind: kind.__name__)
def test_every_contract_type_comes_back_as_it_was(kind: type) -> None:
    validator = jsonschema_rs.validator_for(schema_of(kind))

    @settings(max_examples=15, deadline=None)
    @given(values(kind))
    def check(value: Any) -> None:
        text = json.dumps(to_data(value), allow_nan=False)
        data = json.loads(text)
        assert from_data(kind, data) == value
        assert validator.is_valid(data)

    check()


def test_there_are_types_to_check() -> None:
    assert len(PLAIN) > 40
    assert {Artifact, ArtifactQuery, PageRequest} <= set(PLAIN)


class Colour(StrEnum):
    RED = "red"


class Number(Enum):
    ONE = 1


@dataclass(frozen=True)
class Inner:
    size: U8
    ratio: float = 0.5


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner | None = None
    many: list[Inner] = field(default_factory=list)
    by_name: dict[str, Inner] = field(default_factory=dict)
    pair: tuple[str, int] = ("", 0)
    data: bytes = b""
    colour: Colour = Colour.RED
    number: Number = Number.ONE
    mode: Literal["a", "b"] = "a"
    flag: bool = False
    at_us: S64 = 0
    free: Any = None


def wrong(path: str, problem: str, **data: Any) -> Any:
    return pytest.param({"name": "x", **data}, path, problem, id=f"{path} {problem}"[:60])


@pytest.mark.parametrize(
    ("data", "path", "problem"),
    [
        pytest.param([], "", "is an array, where an object is expected"),
        pytest.param(None, "", "is null, where an object is expected"),
        pytest.param({}, "name", "is missing"),
        pytest.param({"name": True}, "name", "is true, where text is expected"),
        wrong("nam", "is not known; known are name, inner", nam=1),
        wrong("y" * 60 + "…", "is not known", **{"y" * 100_000: 1}),
        wrong("inner.size", "is missing", inner={}),
        wrong("inner.size", "is 256, where 0 to 255 is expected", inner={"size": 256}),
        wrong("inner.size", "is -1, where 0 to 255", inner={"size": -1}),
        wrong("inner.size", "is true, where a whole number", inner={"size": True}),
        wrong("inner.size", "is 1.0, where a whole number", inner={"size": 1.0}),
        wrong("inner.size", "is a number of more than 60 digits, where 0 to 255", inner={"size": 10**9000}),
        wrong("inner.ratio", "is '1', where a number", inner={"size": 1, "ratio": "1"}),
        wrong(
            "inner.ratio",
            "is a number of more than 60 digits, which is too large",
            inner={"size": 1, "ratio": 10**400},
        ),
        wrong("inner.ratio", "is nan, where a number", inner={"size": 1, "ratio": float("nan")}),
        wrong("inner.ratio", "is inf, where a number", inner={"size": 1, "ratio": float("inf")}),
        wrong("many[1].size", "is null, where a whole number", many=[{"size": 1}, {"size": None}]),
        wrong("many", "is an object, where an array", many={}),
        wrong("by_name.a.size", "is missing", by_name={"a": {}}),
        wrong("by_name", "is an array, where an object", by_name=[]),
        wrong("pair", "is an array, where an array of 2", pair=["a"]),
        wrong("pair[1]", "is 'b', where a whole number", pair=["a", "b"]),
        wrong("data", "is 'ü', where base64 text", data="ü"),
        wrong("data", "is 'QQ', where base64 text", data="QQ"),
        wrong("data", "is 3, where base64 text", data=3),
        wrong("colour", "is 'blue', where one of red is expected", colour="blue"),
        wrong("colour", "is an array, where one of red", colour=[]),
        wrong("number", "is true, where one of 1", number=True),
        wrong("number", "is 1.0, where one of 1", number=1.0),
        wrong("mode", "is 'c', where one of a, b", mode="c"),
        wrong("mode", "is an object, where one of a, b", mode={}),
        wrong("flag", "is 1, where true or false", flag=1),
        wrong("at_us", f"is {2**63}, where {-(2**63)} to {2**63 - 1}", at_us=2**63),
        wrong("name", "is 3, where text", name=3),
    ],
)
def test_what_is_of_another_type_is_refused_with_its_path(data: Any, path: str, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        from_data(Outer, data)
    assert caught.value.path == path
    assert caught.value.problem.startswith(problem)
    assert len(str(caught.value)) < 500


def test_what_has_a_default_may_be_missing_and_free_data_is_free() -> None:
    assert from_data(Outer, {"name": "x"}) == Outer("x")
    assert from_data(Outer, {"name": "x", "free": {"a": [1, None]}}).free == {"a": [1, None]}
    assert from_data(Outer, {"name": "x", "inner": {"size": 1, "ratio": 3}}).inner == Inner(1, 3.0)
    assert from_data(Outer, {"name": "x", "data": base64.b64encode(b"\xff").decode()}).data == b"\xff"


def test_what_no_contract_has_is_neither_written_nor_read() -> None:
    for value in (object(), {1, 2}, 3j, [object()], {"a": object()}):
        with pytest.raises(TypeError, match="is no contract type"):
            to_data(value)
    for kind in (object, set[int], complex, Inner | Outer):
        with pytest.raises(TypeError, match="is no contract type"):
            from_data(kind, {})  # type: ignore[arg-type]
    for kind in (object, set[int]):
        with pytest.raises(TypeError, match="is no contract type"):
            schema_of(kind)


def test_the_schema_says_ranges_and_what_is_needed() -> None:
    schema = schema_of(Outer)
    assert schema["required"] == ["name"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["inner"] == {"anyOf": [schema_of(Inner), {"type": "null"}]}
    assert schema_of(Inner)["properties"]["size"] == {"type": "integer", "minimum": 0, "maximum": 255}
    assert schema["properties"]["at_us"]["maximum"] == 2**63 - 1
    assert schema["properties"]["free"] == {}
    assert schema["properties"]["colour"] == {"enum": ["red"]}
    assert schema["properties"]["data"] == {"type": "string", "contentEncoding": "base64"}
    assert schema_of(ArtifactType)["enum"][0] == "plugin"
    assert schema_of(None) == {"type": "null"}


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("publishd", "write published, "),
        ("DEPRECATED", "write deprecated, "),
        ("x" * 10_000, "write draft, published, deprecated or archived"),
        (None, "write draft, published, deprecated or archived"),
        ([], "write draft, published, deprecated or archived"),
    ],
)
def test_what_is_none_of_a_few_values_is_refused_with_all_of_them_the_nearest_first(
    given: Any, hint: str
) -> None:
    with pytest.raises(DataError) as caught:
        from_data(ArtifactState, given)
    assert caught.value.hint.startswith(hint)
    assert set(re.findall("[a-z]+", caught.value.hint)) == {"write", "or", *map(str, ArtifactState)}


def test_only_a_choice_has_a_hint() -> None:
    with pytest.raises(DataError) as caught:
        from_data(Literal["a"], "b")
    assert caught.value.hint == "write a"
    with pytest.raises(DataError) as caught:
        from_data(int, "b")
    assert caught.value.hint == ""
