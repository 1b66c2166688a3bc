"""Arguments from outside: what passes, and what is refused with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hyperhost.errors import RefusalError
from hyperhost.offering import MAX_ARGUMENT_BYTES, MAX_DEPTH, read_arguments, read_json


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def test_an_object_of_json_passes_as_it_is() -> None:
    data = {"name": "ü\U0001f600", "list": [1, 2.5, None, True, {"a": "b"}], "": ""}
    assert read_arguments(json.dumps(data)) == data
    assert read_arguments(nested(MAX_DEPTH)) is not None


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("", "invalid::json", "are no JSON"),
        ("[1]", "invalid::object", "no JSON object"),
        ('{"a": NaN}', "invalid::number", "NaN is no JSON number"),
        ('{"a": -Infinity}', "invalid::number", "-Infinity is no JSON number"),
        ('{"a": 1e999}', "invalid::number", "too large for a number"),
        ('{"a": 1, "a": 2}', "invalid::twice", "'a' is there twice"),
        ('{"a": {"b": ["x\\u0000"]}}', "invalid:a.b[0]:zero-byte", "a.b[0] holds a zero byte"),
        ('{"a": "\\ud800"}', "invalid:a:unicode", "half of a surrogate pair"),
        ('{"\\ud800": 1}', "invalid:\\ud800:unicode", "half of a surrogate pair"),
        (nested(MAX_DEPTH + 1), "invalid::depth", "nested deeper than 64"),
        ("[" * 1_000_000, "invalid::depth", "nested deeper than 64"),
        (f'"{"x" * MAX_ARGUMENT_BYTES}"', "invalid::size", "longer than 16 MiB"),
        ('{"a": ' + "9" * 5_000 + "}", "invalid::json", "no JSON"),
    ],
)
def test_what_no_store_could_hold_is_refused_with_its_place(text: str, rule: str, words: str) -> None:
    with pytest.raises(RefusalError) as caught:
        read_arguments(text)
    assert caught.value.rule == rule
    assert words in caught.value.reason
    assert len(caught.value.reason) < 400


def test_the_size_is_counted_in_bytes() -> None:
    fits: Any = read_json(f'"{"ü" * (MAX_ARGUMENT_BYTES // 2 - 1)}"', "text", "the words")
    assert len(fits) == MAX_ARGUMENT_BYTES // 2 - 1
    with pytest.raises(RefusalError, match="the words are longer than 16 MiB"):
        read_json(f'"{"ü" * (MAX_ARGUMENT_BYTES // 2)}"', "text", "the words")


def test_a_field_stands_before_the_place_within_it() -> None:
    with pytest.raises(RefusalError) as caught:
        read_json('[{"k": "\\u0000"}]', "config", "the words")
    assert caught.value.rule == "invalid:config[0].k:zero-byte"
