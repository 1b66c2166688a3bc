"""Values that are written into a recording come out of it as they went in."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hyperhost.host.secrecy import Mask
from hyperhost.host.tapevalues import Writer, read_value
from hyperhost.sandbox.types import (
    BYTES,
    Enum,
    Field,
    Flags,
    List,
    Option,
    Prim,
    Record,
    Resource,
    Result,
    Tuple,
    Variant,
    WitType,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAVES: list[tuple[WitType, st.SearchStrategy[Any]]] = [
    (Prim("bool"), st.booleans()),
    (Prim("string"), TEXTS),
    (Prim("char"), st.characters(exclude_categories=["Cs"])),
    (Prim("u64"), st.integers(0, 2**64 - 1)),
    (Prim("s8"), st.integers(-128, 127)),
    (Prim("f64"), st.floats(allow_nan=False)),
    (BYTES, st.one_of(st.binary(max_size=8), TEXTS.map(str.encode))),
    (Resource("r"), st.integers(0, 2**32 - 1)),
    (Enum("e", ("a-b", "c"), ("a-b", "c")), st.sampled_from(["a-b", "c"])),
    (Flags("f", ("x-y", "z"), ("x-y", "z")), st.frozensets(st.sampled_from(["x-y", "z"]))),
]


@st.composite
def typed(draw: st.DrawFn, depth: int = 3) -> tuple[WitType, Any]:
    """A type as a component declares it, and a value of it."""
    if depth == 0 or draw(st.booleans()):
        kind, values = draw(st.sampled_from(LEAVES))
        return kind, draw(values)
    kind, value = draw(typed(depth=depth - 1))
    other, second = draw(typed(depth=depth - 1))
    return draw(
        st.sampled_from(
            [
                (List(kind), [value]),
                (List(kind), []),
                (Option(kind), value),
                (Option(kind), None),
                (Tuple((kind, other)), (value, second)),
                (
                    Record("r", (Field("a-b", "a-b", kind), Field("c", "c", other))),
                    {"a-b": value, "c": second},
                ),
                (Variant("v", (("one-of", kind, None), ("none", None, None))), ("one-of", value)),
                (Variant("v", (("one-of", kind, None), ("none", None, None))), ("none", None)),
                (Result(kind, other), (True, value)),
                (Result(kind, other), (False, second)),
                (Result(None, None), (True, None)),
            ]
        )
    )


@given(typed())
def test_what_is_written_is_read_again(pair: tuple[WitType, Any]) -> None:
    kind, value = pair
    text = json.dumps(Writer("wit").value(kind, value), ensure_ascii=False, allow_nan=False)
    assert read_value(kind, json.loads(text), "it") == value


def test_what_is_no_number_is_read_again() -> None:
    assert math.isnan(read_value(Prim("f64"), Writer("wit").value(Prim("f64"), math.nan), "it"))


WORDS = st.text('abz"\\\\ é/&', max_size=20)


@given(WORDS, st.lists(WORDS.filter(lambda word: len(word.encode()) >= 4), max_size=3))
def test_masking_keeps_the_number_of_bytes_and_leaves_no_secret(text: str, secrets: list[str]) -> None:
    whole = "".join([text, *secrets, text])
    masked = Mask(secrets, []).text(whole)
    assert len(masked.encode()) == len(whole.encode())
    assert not any(secret in masked for secret in secrets)


def test_without_secrets_nothing_is_copied() -> None:
    text = "as it is"
    assert Mask([], []).text(text) is text
