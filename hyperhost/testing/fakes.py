"""What stands in for the machine while a plugin is tested: clock, randomness, environment, stores."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Final

from hyperhost.sandbox.services import MemoryKeyValueStore, own_store, shared_store

__all__ = ["FakeClock", "FakeRandom", "StoreView"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_QUOTA: Final = 2**62


class FakeClock:
    """The clock of a plugin under test. It stands still until a test, or a plugin that sleeps, moves it.

    A call's deadline is not measured with it: deadlines are wall time, whatever this clock says.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing = False
        self._now_ns = _nanoseconds(_START)
        self._steady_ns = 1_000_000_000
        self._slept_ns = 0

    def freeze(self) -> FakeClock:
        """Stand still from now on, at 2026-01-01 00:00 UTC; before, this is the machine's clock."""
        self._standing = True
        return self

    @property
    def now(self) -> datetime:
        """What it shows, in UTC, to the microsecond."""
        return _EPOCH + timedelta(microseconds=self.now_ns() // 1000)

    @property
    def slept(self) -> float:
        """Seconds that the plugin's sleeps took so far, together."""
        return self._slept_ns / 1e9

    def set(self, moment: datetime) -> None:
        """Show ``moment``, which may be earlier; the steady clock does not move.

        Raises:
            ValueError: ``moment`` has no time zone.
        """
        if moment.tzinfo is None:
            raise ValueError(f"{moment!r} has no time zone; add tzinfo=UTC")
        with self._lock:
            self._standing = True
            self._now_ns = _nanoseconds(moment)

    def advance(self, seconds: float | timedelta) -> None:
        """Let time pass, on the steady clock as well.

        Raises:
            ValueError: less than nothing.
        """
        if isinstance(seconds, timedelta):
            seconds = seconds.total_seconds()
        if seconds < 0:
            raise ValueError(f"a clock does not advance by {seconds:g} s; set() goes back")
        with self._lock:
            self._standing = True
            self._now_ns += round(seconds * 1e9)
            self._steady_ns += round(seconds * 1e9)

    def now_ns(self) -> int:
        """Nanoseconds since 1970 (UTC)."""
        return self._now_ns if self._standing else time.time_ns()

    def monotonic_ns(self) -> int:
        """Nanoseconds of the steady clock."""
        return self._steady_ns if self._standing else time.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        """Advance by ``seconds`` at once; the machine's clock waits."""
        with self._lock:
            passed = max(1, round(seconds * 1e9))  # whoever waits in a loop must come to its end
            self._slept_ns += passed
            if self._standing:
                self._now_ns += passed
                self._steady_ns += passed
                return
        time.sleep(seconds)


class FakeRandom:
    """The random bytes of a plugin under test: the same in every run, once seeded.

    Attributes:
        asked: How many bytes each request asked for.
    """

    def __init__(self) -> None:
        self._source: random.Random | random.SystemRandom = random.SystemRandom()
        self._next = b""
        self.asked: list[int] = []

    def seed(self, seed: int | str) -> FakeRandom:
        """Begin the sequence that belongs to ``seed``."""
        self._source = random.Random(seed)  # noqa: S311 - that it can be repeated is the point
        return self

    def next(self, data: bytes) -> None:
        """Give these bytes first, whatever the request."""
        self._next += data

    def __call__(self, count: int) -> bytes:
        """``count`` bytes."""
        self.asked.append(count)
        given, self._next = self._next[:count], self._next[count:]
        return given + self._source.randbytes(count - len(given))


class StoreView(MutableMapping[str, bytes]):
    """A plugin's key-value store as a mapping: read what it stored, or store what it should find.

    What a test stores counts towards the plugin's quota, as if the plugin had stored it.
    """

    def __init__(self, stores: MemoryKeyValueStore, plugin: str, name: str | None = None) -> None:
        self._stores = stores
        self._plugin = plugin
        self._name = own_store(plugin) if name is None else shared_store(name)

    def shared(self, name: str) -> StoreView:
        """The shared store of that name (``kv:shared:NAME``)."""
        return StoreView(self._stores, self._plugin, name)

    @property
    def used_bytes(self) -> int:
        """Bytes charged to the plugin."""
        return self._stores.used_bytes(self._plugin)

    def __getitem__(self, key: str) -> bytes:
        value = self._stores.get(self._name, key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: str, value: bytes) -> None:
        self._stores.set(self._name, key, value, owner=self._plugin, quota=_QUOTA)

    def __delitem__(self, key: str) -> None:
        if not self._stores.delete(self._name, key):
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stores.keys(self._name, "", 2**31))

    def __len__(self) -> int:
        return len(self._stores.keys(self._name, "", 2**31))

    def __repr__(self) -> str:
        return f"<store {dict(self)!r}>"


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
