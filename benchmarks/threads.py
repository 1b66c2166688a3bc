"""Two threads with one CPU-bound component each against one thread: calls per second.

Each call computes for about 10 ms. On a machine with fewer than two free cores the bound cannot
hold; the number of cores is printed.
"""

from __future__ import annotations

import os
import threading
import time

from common import Row, interleave, main
from guests import SPIN
from specs import component_host

ROUNDS = 5_000_000
CALLS = 30


def measure() -> list[Row]:
    """The rows of this benchmark."""
    with component_host(SPIN, count=2, instances="pooled") as host:
        plugins = [host.plugin("guest-0"), host.plugin("guest-1")]
        expected = plugins[0].call("spin", rounds=ROUNDS)

        def work(index: int, count: int) -> None:
            for _ in range(count):
                assert plugins[index].call("spin", rounds=ROUNDS) == expected

        def one(count: int) -> float:
            started = time.perf_counter()
            work(0, count)
            return time.perf_counter() - started

        def two(count: int) -> float:
            threads = [threading.Thread(target=work, args=(index, count // 2)) for index in range(2)]
            started = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return time.perf_counter() - started

        timing = interleave({"one": one, "two": two}, rounds=7, calls=CALLS)
    one_s, two_s = timing.best("one"), timing.best("two")
    note = f"calls per second; peer: one thread; {os.cpu_count()} cores"
    return [Row("2 threads, 2 components", 1 / two_s, 1 / one_s, "calls/s", one_s / two_s, 1.7, "at least", note)]


if __name__ == "__main__":
    main(measure)
