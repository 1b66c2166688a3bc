"""Moments as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperhost.contracts.moments import MomentError, moment_text, parse_moment

NOW = 1_772_366_400_000_000  # 2026-03-01T12:00:00Z


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T12:00:00Z", NOW),
        ("2026-03-01t12:00:00z", NOW),
        ("2026-03-01 14:00:00+02:00", NOW),
        ("2026-03-01T12:00Z", NOW),
        ("2026-03-01T12:00:00.25Z", NOW + 250_000),
        ("2026-03-01T12:00:00.123456789Z", NOW + 123_456),
        ("2026-03-01", NOW - 12 * 3_600_000_000),
        ("1772366400", NOW),
        ("1772366400.5", NOW + 500_000),
        ("1772366400000", NOW),
        ("1772366400000000", NOW),
        ("0", 0),
        ("now", NOW),
        (" NOW ", NOW),
        ("2 hours ago", NOW - 7_200_000_000),
        ("1 day ago", NOW - 86_400_000_000),
        ("90m ago", NOW - 5_400_000_000),
        ("3 Weeks Ago", NOW - 3 * 604_800_000_000),
        ("10 secs ago", NOW - 10_000_000),
    ],
)
def test_moments_are_read(text: str, expected: int) -> None:
    assert parse_moment(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("", "is no moment", "2026-03-01T12:00:00Z"),
        ("soon", "'soon' is no moment", "2 hours ago"),
        ("2026-03-01T12:00:00", "does not say in which time zone", "2026-03-01T12:00:00Z"),
        ("2026-02-30", "'2026-02-30' is no moment: day", "check day and time"),
        ("2026-03-01T25:00:00Z", "is no moment: hour", "check day and time"),
        ("1969-12-31", "lies before 1970", "later"),
        ("2 moons ago", "'moons' is no unit of time", "minutes"),
        ("900000000 weeks ago", "lies before 1970", "later"),
        ("-5", "is no moment", "2026"),
        ("1e9", "is no moment", "2026"),
        ("٣ hours ago", "is no moment", "2026"),
        ("9" * 100, "is no moment", "2026"),
    ],
)
def test_what_is_no_moment_says_what_would_be_one(text: str, words: str, hint: str) -> None:
    with pytest.raises(MomentError) as caught:
        parse_moment(text, NOW)
    assert words in str(caught.value)
    assert hint in caught.value.hint
    assert len(str(caught.value)) < 120


@given(st.integers(0, 250_000_000_000_000_000))
def test_what_is_written_is_read_again(at_us: int) -> None:
    assert parse_moment(moment_text(at_us), NOW) == at_us


@given(st.text(max_size=80))
def test_no_text_does_any_harm(text: str) -> None:
    hint = ""
    try:
        found = parse_moment(text, NOW)
    except MomentError as error:
        found, hint = -1, error.hint
    assert (found >= 0) is not bool(hint)
