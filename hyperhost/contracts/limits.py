"""Limits of one component: how much of the machine a call of it may use.

Sizes are given as integers (bytes) or text (``"32MiB"``, ``"10 kB"``); durations as numbers
(milliseconds) or text (``"50ms"``, ``"1.5s"``, ``"2min"``). Properties ending in a unit hold
the parsed figures.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

_SIZE_UNITS = {
    "": 1,
    "B": 1,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KIB": 1024,
    "MIB": 1024**2,
    "GIB": 1024**3,
}
_TIME_UNITS_MS = {
    "us": 0.001,
    "ms": 1.0,
    "s": 1000.0,
    "m": 60_000.0,
    "min": 60_000.0,
    "h": 3_600_000.0,
    "d": 86_400_000.0,
}
_NUMBER_AND_UNIT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")


def parse_size(value: int | str) -> int:
    """Bytes in ``value``: an integer, or text such as ``"32MiB"``.

    Raises:
        ValueError: not a size; the message shows a form that is.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{value!r} is not a size; write bytes as a number, or text like '32MiB'")
    if isinstance(value, int):
        number, unit = float(value), ""
    else:
        match = _NUMBER_AND_UNIT.fullmatch(value)
        if match is None:
            raise ValueError(f"{value!r} is not a size; write bytes as a number, or text like '32MiB'")
        number, unit = float(match[1]), match[2].upper()
    if unit not in _SIZE_UNITS or number < 0:
        raise ValueError(f"{value!r} is not a size; units are B, kB, MB, GB, KiB, MiB and GiB")
    return int(number * _SIZE_UNITS[unit])


def parse_duration_ms(value: float | str) -> float:
    """Milliseconds in ``value``: a number of milliseconds, or text such as ``"50ms"`` or ``"2s"``.

    Raises:
        ValueError: not a duration; the message shows a form that is.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is not a duration; write milliseconds, or text like '50ms' or '2s'")
    if isinstance(value, str):
        match = _NUMBER_AND_UNIT.fullmatch(value)
        if match is None or match[2] not in _TIME_UNITS_MS:
            raise ValueError(f"{value!r} is not a duration; write text like '50ms', '2s' or '1min'")
        milliseconds = float(match[1]) * _TIME_UNITS_MS[match[2]]
    else:
        milliseconds = float(value)
    if not 0 < milliseconds < float("inf"):
        raise ValueError(f"{value!r} is not a positive duration")
    return milliseconds


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call of a component may use. Every field has a finite default except ``fuel``.

    Attributes:
        memory: Linear memory, per memory (bytes).
        memories: How many linear memories the component may have; ``memory * memories`` is its ceiling.
        deadline: Wall time of one call, host functions included.
        fuel: WebAssembly instructions, roughly; ``None`` does not count them. Makes a budget repeatable.
        output: Bytes of the result, and again of everything logged or printed, in one call.
        host_calls: Calls of host functions in one call.
        host_bytes: Bytes through host functions in one call, both directions.
        kv: Bytes stored by the plugin in its key-value store, keys included.
        concurrency: Calls of the plugin at one time; one more waits until its deadline.

    Raises:
        ValueError: a field is not a size, duration or count.
    """

    memory: int | str = "64MiB"
    memories: int = 1
    deadline: float | str = "1s"
    fuel: int | None = None
    output: int | str = "4MiB"
    host_calls: int = 10_000
    host_bytes: int | str = "32MiB"
    kv: int | str = "1MiB"
    concurrency: int = 16

    def __post_init__(self) -> None:
        for name in ("memory", "output", "host_bytes", "kv"):
            parse_size(getattr(self, name))
        parse_duration_ms(self.deadline)
        for name in ("memories", "host_calls", "concurrency"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < (name != "host_calls"):
                raise ValueError(f"limit {name} must be a whole number, not {value!r}")
        if self.fuel is not None and (
            isinstance(self.fuel, bool) or not isinstance(self.fuel, int) or self.fuel < 1
        ):
            raise ValueError(f"limit fuel must be a positive whole number or None, not {self.fuel!r}")

    @property
    def memory_bytes(self) -> int:
        """``memory`` in bytes."""
        return parse_size(self.memory)

    @property
    def deadline_ms(self) -> float:
        """``deadline`` in milliseconds."""
        return parse_duration_ms(self.deadline)

    @property
    def output_bytes(self) -> int:
        """``output`` in bytes."""
        return parse_size(self.output)

    @property
    def host_byte_count(self) -> int:
        """``host_bytes`` in bytes."""
        return parse_size(self.host_bytes)

    @property
    def kv_bytes(self) -> int:
        """``kv`` in bytes."""
        return parse_size(self.kv)

    def to_dict(self) -> dict[str, int | float | str]:
        """The fields that differ from the defaults, for files people read."""
        return {
            field.name: value
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) != field.default and value is not None
        }

    @classmethod
    def from_dict(cls, values: dict[str, object]) -> Limits:
        """Limits from a table of a file; the inverse of :meth:`to_dict`.

        Raises:
            ValueError: an unknown limit, or a value that is not one.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        for name in values:
            if name not in known:
                raise ValueError(f"unknown limit {name!r}; limits are {', '.join(sorted(known))}")
        return cls(**values)  # type: ignore[arg-type]  # the constructor checks every value
