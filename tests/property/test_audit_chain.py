"""The chain holds for any entries, and no change of the log goes unnoticed."""

from __future__ import annotations

import json
from typing import Any

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from builtin_plugins.audit.checking import Checker
from builtin_plugins.audit.head import Head
from builtin_plugins.audit.sealing import GENESIS, canonical, clean, hash_of, seal, unseal

text = st.text(st.characters(), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(text, values, max_size=5)


@given(values)
def test_what_is_written_is_canonical_json(value: Any) -> None:
    cleaned = clean(value)
    written = canonical(cleaned)
    assert written == rfc8785.dumps(cleaned).decode()
    assert json.loads(written) == cleaned


@given(objects)
def test_a_sealed_entry_is_read_as_it_was_written(entry: dict[str, Any]) -> None:
    data, digest = seal(clean(entry))
    found = unseal(data)
    assert found is not None
    assert found.is_true
    assert (json.loads(found.text), found.hash) == (clean(entry), digest)
    assert hash_of(found.text) == digest


def chain(count: int) -> list[tuple[int, str, int, str]]:
    rows, previous = [], GENESIS
    for seq in range(1, count + 1):
        entry = {"seq": seq, "at_us": seq * 10, "target": f"t{seq % 3}", "previous": previous, "x": "y"}
        data, previous = seal(entry)
        rows.append((seq, data, seq * 10, f"t{seq % 3}"))
    return rows


def check(rows: list[tuple[int, str, int, str]], head: Head) -> list[Any]:
    checker = Checker({"the head": head})
    for row in rows:
        checker.add(*row)
    return checker.finish(head).problems


ROWS = chain(12)
HEAD = Head(12, unseal(ROWS[-1][1]).hash)  # type: ignore[union-attr]


def test_an_untouched_chain_is_good() -> None:
    assert check(ROWS, HEAD) == []


@st.composite
def tampered(draw: st.DrawFn) -> list[tuple[int, str, int, str]]:
    """The rows after a few changes by somebody who may do anything to the store but knows no better."""
    rows = list(ROWS)
    for _ in range(draw(st.integers(1, 4))):
        if not rows:
            break
        place = draw(st.integers(0, len(rows) - 1))
        seq, data, at_us, subject = rows[place]
        kind = draw(
            st.sampled_from(["drop", "cut", "double", "swap", "text", "forge", "time", "subject", "bytes"])
        )
        if kind == "drop":
            del rows[place]
        elif kind == "cut":
            del rows[place:]
        elif kind == "double":
            rows.insert(place, rows[place])
        elif kind == "swap":
            other = draw(st.integers(0, len(rows) - 1))
            rows[place], rows[other] = rows[other], rows[place]
        elif kind == "text":
            rows[place] = (seq, data.replace('"y"', '"z"'), at_us, subject)
        elif kind == "forge":
            sealed = unseal(data)
            entry = json.loads(sealed.text) if sealed is not None else {}
            rows[place] = (seq, seal({**entry, "x": draw(st.sampled_from("ab"))})[0], at_us, subject)
        elif kind == "time":
            rows[place] = (seq, data, at_us + 1, subject)
        elif kind == "subject":
            rows[place] = (seq, data, at_us, f"{subject}x")
        else:
            cut = draw(st.integers(0, len(data)))
            rows[place] = (seq, data[:cut], at_us, subject)
    if draw(st.booleans()):  # hidden as well as the store allows it
        rows = [(number, *row[1:]) for number, row in enumerate(rows, 1)]
    return rows


@settings(max_examples=400)
@given(tampered())
def test_no_change_goes_unnoticed(rows: list[tuple[int, str, int, str]]) -> None:
    assert (check(rows, HEAD) == []) == (rows == ROWS)


@settings(max_examples=100)
@given(st.integers(0, 11), st.sampled_from(["drop", "text", "forge"]))
def test_the_first_problem_is_at_the_place_of_the_change(place: int, kind: str) -> None:
    rows = list(ROWS)
    seq, data, at_us, subject = rows[place]
    if kind == "drop":
        del rows[place]
    elif kind == "text":
        rows[place] = (seq, data.replace('"y"', '"z"'), at_us, subject)
    else:
        rows[place] = (seq, seal({**json.loads(unseal(data).text), "x": "z"})[0], at_us, subject)  # type: ignore[union-attr]
    assert check(rows, HEAD)[0].seq == seq
