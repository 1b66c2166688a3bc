"""Moments as people write them: one place that reads them, for every operation and front end.

========================  ==============================================================
``2026-03-01T12:00:00Z``  RFC 3339, with an offset; a space may stand for the ``T``
``2026-03-01``            the beginning of that day, UTC
``1772366400``            seconds since 1970, with decimals if need be; numbers of 12 to
                          14 digits are milliseconds, of 15 to 17 microseconds
``2 hours ago``           also ``90m ago``, ``1 day ago``; units are seconds, minutes,
                          hours, days and weeks
``now``                   the moment of asking
========================  ==============================================================
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

__all__ = ["MomentError", "moment_text", "parse_moment"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER: Final = re.compile(r"\d{1,17}(?:\.\d{1,6})?", re.ASCII)
_AGO: Final = re.compile(r"(\d{1,9})\s*([a-z]+)\s+ago", re.ASCII | re.IGNORECASE)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_RFC: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(?::\d{2}(?:[.]\d{1,9})?)?(Z|z|[+-]\d{2}:\d{2})?", re.ASCII
)
_UNITS: Final = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "d": 86_400,
    "day": 86_400,
    "w": 604_800,
    "week": 604_800,
}
_LONGEST: Final = 64


class MomentError(ValueError):
    """Text that is no moment.

    Attributes:
        hint: How to write one.
    """

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.hint = hint


def parse_moment(text: str, now_us: int) -> int:
    """The moment that a text means.

    Args:
        text: As in the table of this module.
        now_us: The moment of asking, in microseconds since 1970.

    Returns:
        Microseconds since 1970.

    Raises:
        MomentError: the text is no moment, or one without an offset, or lies before 1970.
    """
    text = text.strip()
    if len(text) <= _LONGEST:
        if text.lower() == "now":
            return now_us
        if _NUMBER.fullmatch(text):
            return _number(text)
        ago = _AGO.fullmatch(text)
        if ago:
            return _ago(ago[1], ago[2].lower(), now_us)
        if _DAY.fullmatch(text):
            return _calendar(f"{text}T00:00:00+00:00", text)
        full = _RFC.fullmatch(text)
        if full and full[1]:
            return _calendar(text.upper().replace(" ", "T"), text)
        if full:
            raise MomentError(
                f"{text!r} does not say in which time zone", f"add an offset, as in {text}Z or {text}+02:00"
            )
    raise MomentError(
        f"{text[:_LONGEST]!r} is no moment",
        "write 2026-03-01T12:00:00Z, 2026-03-01, seconds since 1970, or as in '2 hours ago'",
    )


def moment_text(at_us: int) -> str:
    """A moment as RFC 3339 in UTC, with microseconds."""
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _number(text: str) -> int:
    digits = len(text.partition(".")[0])
    scale = 1_000_000 if digits < 12 else 1_000 if digits < 15 else 1
    return int(Decimal(text) * scale)


def _ago(count: str, unit: str, now_us: int) -> int:
    seconds = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
    if not seconds:
        raise MomentError(f"{unit!r} is no unit of time", "use seconds, minutes, hours, days or weeks")
    found = now_us - int(count) * seconds * 1_000_000
    if found < 0:
        raise MomentError(f"{count} {unit} ago lies before 1970", "choose a later moment")
    return found


def _calendar(text: str, written: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise MomentError(f"{written!r} is no moment: {error}", "check day and time") from None
    passed = (found - _EPOCH) // timedelta(microseconds=1)
    if passed < 0:
        raise MomentError(f"{written!r} lies before 1970", "choose a later moment")
    return passed
