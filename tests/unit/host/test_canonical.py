"""Canonical JSON by the rules of RFC 8785; section numbers are its own."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from hyperhost import canonical_json
from hyperhost.errors import CanonicalJsonError
from hyperhost.host.canonical import MAX_DEPTH


def double(bits: int) -> float:
    """The number with this IEEE 754 representation."""
    found: float = struct.unpack(">d", bits.to_bytes(8, "big"))[0]
    return found


@pytest.mark.parametrize(
    ("bits", "text"),
    [  # Appendix B, by its rules: the shortest digits that read back as the same number
        (0x0000000000000000, "0"),
        (0x8000000000000000, "0"),
        (0x0000000000000001, "5e-324"),
        (0x8000000000000001, "-5e-324"),
        (0x7FEFFFFFFFFFFFFF, "1.7976931348623157e+308"),
        (0xFFEFFFFFFFFFFFFF, "-1.7976931348623157e+308"),
        (0x4340000000000000, "9007199254740992"),
        (0xC340000000000000, "-9007199254740992"),
        (0x4430000000000000, "295147905179352830000"),
        (0x44B52D02C7E14AF5, "9.999999999999997e+22"),
        (0x44B52D02C7E14AF6, "1e+23"),
        (0x444B1AE4D6E2EF4F, "999999999999999900000"),
        (0x444B1AE4D6E2EF50, "1e+21"),
        (0x3EB0C6F7A0B5ED8C, "9.999999999999997e-7"),
        (0x3EB0C6F7A0B5ED8D, "0.000001"),
        (0x41B3DE4355555555, "333333333.3333333"),
        (0xBECBF647612F3696, "-0.0000033333333333333333"),
        (0x43143FF3C1CB0959, "1424953923781206.2"),
    ],
)
def test_numbers_are_written_as_ecmascript_writes_them(bits: int, text: str) -> None:
    assert canonical_json(double(bits)) == text.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (100.0, "100"),
        (4.50, "4.5"),
        (2e-3, "0.002"),
        (1e-27, "1e-27"),
        (1e30, "1e+30"),
        (2**53 - 1, "9007199254740991"),
        (-(2**53) + 1, "-9007199254740991"),
        ([], "[]"),
        ({}, "{}"),
        ((1, [2.5, {"a": None}]), '[1,[2.5,{"a":null}]]'),
    ],
)
def test_values_are_written_without_spaces(value: Any, text: str) -> None:
    assert canonical_json(value) == text.encode()


def test_keys_are_sorted_by_utf16_units_and_not_by_code_points() -> None:
    """Section 3.2.3: U+1F600 is D83D DE00 in UTF-16, so it comes before U+FB33."""
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7}
    ordered = ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical_json(value))) == ordered
    assert canonical_json({"peach": 1, "péché": 2, "pêche": 3, "sin": 4}) == (
        '{"peach":1,"péché":2,"pêche":3,"sin":4}'.encode()
    )
    assert canonical_json({"b": {"y": 1, "x": 2}, "a": 0, "": 1, "aa": 2}) == (
        b'{"":1,"a":0,"aa":2,"b":{"x":2,"y":1}}'
    )


@pytest.mark.parametrize("plain", [True, False])
def test_text_is_escaped_as_little_as_possible(plain: bool) -> None:
    """Section 3.2.2.2; both ways of writing, with and without a fraction beside it."""
    text = '\b\t\n\f\r"\\\x00\x0b\x1f\x7f/€😀\u2028é'
    written = '"\\b\\t\\n\\f\\r\\"\\\\\\u0000\\u000b\\u001f\x7f/€😀\u2028é"'
    value = [text] if plain else [text, 0.5]
    assert canonical_json(value) == f"[{written}{'' if plain else ',0.5'}]".encode()


def test_text_is_not_normalized() -> None:
    assert canonical_json("\u00c5") != canonical_json("A\u030a")


@pytest.mark.parametrize(
    ("value", "rule", "words"),
    [
        ({"a": [float("nan")]}, "number", r"\$\.a\[0\] is nan, which JSON does not have"),
        (float("inf"), "number", r"\$ is inf"),
        (-float("inf"), "number", r"\$ is -inf"),
        (2**53, "integer", r"\$ is a whole number beyond 2\^53 - 1 .write it as text"),
        ([1, -(2**53)], "integer", r"\$\[1\]"),
        pytest.param(10**5000, "integer", "whole number", id="of 5,000 digits"),
        ("\ud800", "surrogate", "half of a surrogate pair"),
        ({"a": "x\udc00"}, "surrogate", r"\$\.a holds half"),
        ({"\udead": 1}, "surrogate", "half of a surrogate pair"),
        ({1: "a"}, "key", "has the key 1, which is no text"),
        ({"a": {None: 1, "b": 2}}, "key", r"\$\.a has the key None"),
        ({b"a": 1}, "key", "no text"),
        ({"a": b"x"}, "type", r"\$\.a is of type bytes"),
        ([{1, 2}], "type", "is of type set"),
        (object(), "type", "is of type object"),
    ],
)
def test_what_has_no_canonical_form_is_refused_with_its_place(value: Any, rule: str, words: str) -> None:
    with pytest.raises(CanonicalJsonError, match=words) as caught:
        canonical_json(value)
    assert caught.value.rule == rule
    assert isinstance(caught.value, ValueError)


def nested(depth: int, leaf: Any = 1) -> Any:
    value: Any = leaf
    for number in range(depth):
        value = [value] if number % 2 else {"a": value}
    return value


def test_nesting_has_a_limit_whatever_the_stack_has() -> None:
    assert canonical_json(nested(MAX_DEPTH)).startswith(b'[{"a":[')
    assert canonical_json(nested(MAX_DEPTH, 0.5)).count(b"[") == MAX_DEPTH // 2
    for depth in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(CanonicalJsonError, match="nested more than 256 deep") as caught:
            canonical_json(nested(depth))
        assert caught.value.rule == "depth"


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(CanonicalJsonError, match="nested"):
        canonical_json(endless)
