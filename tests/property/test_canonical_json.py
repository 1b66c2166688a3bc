"""Canonical JSON reads back as the same value, whatever the order of keys, and agrees with its judge."""

from __future__ import annotations

import json
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from hyperhost import canonical_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=30,
)


@given(VALUES)
def test_it_reads_back_as_the_same_value_and_stays_as_it_is(value: Any) -> None:
    written = canonical_json(value)
    read = json.loads(written.decode(), parse_int=float)  # all numbers of JSON are these, says RFC 8785
    assert read == value
    assert canonical_json(read) == written


@given(VALUES)
def test_both_ways_of_writing_agree_with_the_library(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@given(st.dictionaries(TEXT, st.integers(0, 9), min_size=2))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical_json(value) == canonical_json(turned)
