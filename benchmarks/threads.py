"""Two threads with one CPU-bound component each against one thread: calls per second.

Each call computes for about 7 ms. Two threads can only be faster where two cores are free; so two
threads that hash (which needs no interpreter lock either) are timed in the same turns, and the
note says what the machine allowed them.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable

from common import Row, interleave, main
from guests import SPIN
from specs import component_host

SPINS = 5_000_000
BLOCK = bytes(12 * 1024**2)
CALLS = 8


def measure() -> list[Row]:
    """The rows of this benchmark."""
    with component_host(SPIN, count=2, instances="pooled") as host:
        plugins = [host.plugin("guest-0"), host.plugin("guest-1")]
        expected = plugins[0].call("spin", rounds=SPINS)

        def spin(index: int) -> None:
            assert plugins[index].call("spin", rounds=SPINS) == expected

        def digest(index: int) -> None:
            hashlib.sha256(BLOCK)

        timing = interleave(
            {
                "one": _in_threads(spin, 1),
                "two": _in_threads(spin, 2),
                "one hashing": _in_threads(digest, 1),
                "two hashing": _in_threads(digest, 2),
            },
            rounds=25,
            calls=CALLS,
        )
    one_s, two_s = timing.best("one"), timing.best("two")
    median = timing.median("one") / timing.median("two")
    control = timing.best("one hashing") / timing.best("two hashing")
    note = f"peer: one thread; {os.cpu_count()} cores, which let two hashing threads reach {control:.2f} x"
    return [
        Row(
            "2 threads, 2 components",
            1 / two_s,
            1 / one_s,
            "calls/s",
            one_s / two_s,
            1.7,
            "at least",
            median,
            note,
        )
    ]


def _in_threads(work: Callable[[int], None], threads: int) -> Callable[[int], float]:
    """A competitor that divides its calls among so many threads."""

    def repeat(index: int, count: int) -> None:
        for _ in range(count):
            work(index)

    def run(count: int) -> float:
        workers = [
            threading.Thread(target=repeat, args=(index, count // threads)) for index in range(threads)
        ]
        started = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return time.perf_counter() - started

    return run


if __name__ == "__main__":
    main(measure)
