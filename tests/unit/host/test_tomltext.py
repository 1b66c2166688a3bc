from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperhost.host.tomltext import toml_text

SCALAR = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)
KEY = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUE: st.SearchStrategy[Any] = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(KEY, VALUE, max_size=5))
def test_what_is_written_is_read_back(table: dict[str, Any]) -> None:
    text = toml_text(table)
    assert tomllib.loads(text) == table
    assert toml_text(tomllib.loads(text)) == text


def test_nothing_is_left_out_but_none() -> None:
    assert toml_text({"a": None, "b": {}, "c": {"d": {}}}) == "[b]\n\n[c.d]\n"
    assert toml_text({}) == ""


@pytest.mark.parametrize("value", [b"x", object(), {1: 2}, [None]])
def test_what_toml_lacks_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="TOML"):
        toml_text({"a": value})
