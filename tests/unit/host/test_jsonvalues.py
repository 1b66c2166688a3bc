"""JSON in, hook values out, and back: by type, with errors that name the place."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import Enum, Flag, auto
from typing import Any, Literal

import pytest

from hyperhost.contracts.types import U8
from hyperhost.errors import BadArgumentError
from hyperhost.host.jsonvalues import arguments_from_json, from_json, to_json
from hyperhost.sandbox.types import REFUSAL, Result, function_from_python, type_from_python


class Level(Enum):
    LOW_ONE = 1
    HIGH = 2


class Rights(Flag):
    READ = auto()
    WRITE = auto()


@dataclass(frozen=True, slots=True)
class Circle:
    radius: float


@dataclass(frozen=True, slots=True)
class Square:
    side: U8


@dataclass(frozen=True, slots=True)
class Picky:
    even: int

    def __post_init__(self) -> None:
        if self.even % 2:
            raise ValueError("odd")


@dataclass(frozen=True, slots=True)
class Everything:
    text: str
    flag: bool
    number: int
    real: float
    data: bytes
    items: list[U8]
    pair: tuple[int, str]
    table: dict[str, float]
    maybe: str | None
    level: Level
    word: Literal["low", "very-high"]
    rights: Rights
    shape: Circle | Square
    late: int = 7


VALUE = Everything(
    "a\n",
    True,
    -(2**63),
    1.5,
    b"\x00\xff",
    [0, 255],
    (1, "x"),
    {"pi": 3.25},
    None,
    Level.LOW_ONE,
    "very-high",
    Rights.READ | Rights.WRITE,
    Square(3),
)
DATA = {
    "text": "a\n",
    "flag": True,
    "number": -(2**63),
    "real": 1.5,
    "data": {"base64": "AP8="},
    "items": [0, 255],
    "pair": [1, "x"],
    "table": {"pi": 3.25},
    "maybe": None,
    "level": "LOW_ONE",
    "word": "very-high",
    "rights": ["READ", "WRITE"],
    "shape": {"square": {"side": 3}},
    "late": 7,
}


def kind(annotation: Any) -> Any:
    return type_from_python(annotation, "it")


def test_every_type_goes_out_and_comes_back() -> None:
    assert to_json(VALUE, kind(Everything)) == DATA
    text = json.dumps(DATA, allow_nan=False)
    assert from_json(kind(Everything), json.loads(text)) == VALUE


def test_fields_with_defaults_may_be_left_out() -> None:
    assert from_json(kind(Everything), {k: v for k, v in DATA.items() if k != "late"}) == VALUE


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_numbers_that_json_lacks_are_words(value: float) -> None:
    written = to_json(value, kind(float))
    assert isinstance(written, str)
    read = from_json(kind(float), written)
    assert read == value or (math.isnan(read) and math.isnan(value))


def test_bytes_may_be_given_as_text() -> None:
    assert from_json(kind(bytes), {"text": "é"}) == b"\xc3\xa9"


def test_enums_and_flags_are_read_by_their_wit_names_too() -> None:
    assert from_json(kind(Level), "low-one") is Level.LOW_ONE
    assert from_json(kind(Rights), ["read"]) is Rights.READ
    assert from_json(kind(Rights), []) == Rights(0)


def test_whole_numbers_may_be_written_with_a_fraction_of_zero() -> None:
    assert from_json(kind(int), 1000.0) == 1000
    assert isinstance(from_json(kind(int), 1000.0), int)


def test_a_result_that_may_be_refused_is_written_as_its_value() -> None:
    assert to_json(Square(1), Result(kind(Circle | Square), REFUSAL)) == {"square": {"side": 1}}


def test_values_without_a_type_are_written_by_what_they_are() -> None:
    assert to_json([Square(1), b"x", Level.HIGH, Rights.WRITE, (1,)]) == [
        {"side": 1},
        {"base64": "eA=="},
        "HIGH",
        ["WRITE"],
        [1],
    ]
    with pytest.raises(TypeError, match="object has no counterpart"):
        to_json(object())


@pytest.mark.parametrize(
    ("annotation", "data", "message", "hint"),
    [
        (int, True, "value is true", "expected a whole number from -9223372036854775808 to"),
        (int, 1.5, "value is 1.5", "expected a whole number"),
        (int, 2**63, "value is 9223372036854775808", "expected a whole number"),
        (U8, 256, "value is 256", "expected a whole number from 0 to 255"),
        (str, 1, "value is 1", "expected a text"),
        (str, "\ud800", 'value is "\\ud800"', "expected a text"),
        (bool, 0, "value is 0", "expected true or false"),
        (float, "nan", 'value is "nan"', "expected a number"),
        (bytes, "x", 'value is "x", expected bytes', 'write bytes as {"base64"'),
        (bytes, {"base64": "?"}, "value holds no base64 text", "write bytes as"),
        (list[int], {}, "value is {}", "expected a list"),
        (list[int], [1, "x"], 'value[1] is "x"', "expected a whole number"),
        (dict[str, int], {"a": "x"}, "value['a'] is \"x\"", "expected a whole number"),
        (tuple[int, str], [1], "value is [1]", "expected a list of 2 values"),
        (Circle, [], "value is []", "expected an object with radius"),
        (Circle, {"radios": 1}, "value has no field 'radios'", "did you mean 'radius'?"),
        (Circle, {}, "value.radius is missing", "it is a number"),
        (Picky, {"even": 3}, "value is refused by Picky: odd", "give values it accepts"),
        (Level, "hig", 'value is "hig"', "choose one of LOW_ONE, HIGH"),
        (Level, "HIGHT", 'value is "HIGHT"', "did you mean 'HIGH'?"),
        (Level, 2, "value is 2", "expected one of LOW_ONE, HIGH"),
        (Rights, ["RAED"], 'value[0] is "RAED"', "did you mean 'READ'?"),
        (Rights, "READ", 'value is "READ"', "expected a list of READ, WRITE"),
        (Circle | Square, {"radius": 1}, "value has no case 'radius'", "cases are circle, square"),
        (Circle | Square, {}, "value is {}", "expected an object with one key of circle, square"),
        (str | None, 1, "value is 1", "expected a text"),
        (list[Circle], [{"radius": 1}, {"radius": []}], "value[1].radius is []", "expected a number"),
    ],
)
def test_what_does_not_fit_is_named_by_place_with_what_was_expected(
    annotation: Any, data: Any, message: str, hint: str
) -> None:
    with pytest.raises(BadArgumentError) as caught:
        from_json(kind(annotation), data)
    assert caught.value.message == message
    assert caught.value.hint.startswith(hint)


def hook(path: str, note: str | None, count: int) -> None: ...


FUNCTION = function_from_python(hook, skip=0)


def test_arguments_are_read_by_name_and_optional_ones_may_be_left_out() -> None:
    assert arguments_from_json(FUNCTION, {"path": "a", "count": 1}) == {"path": "a", "note": None, "count": 1}


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        ([], "the arguments are []", 'write an object: {"path": …, "note": …, "count": …}'),
        ({"pth": 1}, "there is no argument 'pth'", "did you mean 'path'?"),
        ({"path": "a"}, "argument 'count' is missing", "it is a whole number"),
        ({"path": "a", "count": "b"}, 'count is "b"', "expected a whole number"),
    ],
)
def test_wrong_arguments_are_named_with_the_hook(data: Any, message: str, hint: str) -> None:
    with pytest.raises(BadArgumentError) as caught:
        arguments_from_json(FUNCTION, data, "hook")
    assert (caught.value.message, caught.value.hook) == (message, "hook")
    assert caught.value.hint.startswith(hint)


def test_a_deeply_nested_value_is_shown_as_its_sort_only() -> None:
    value: list[Any] = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(BadArgumentError, match="value is a list"):
        from_json(kind(str), value)
