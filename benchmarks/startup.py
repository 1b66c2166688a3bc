"""What starting costs: whole processes against ``python -c pass``, medians of runs in turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from common import ROOT, Row, main

ROUNDS = 31
BARE = [sys.executable, "-c", "pass"]


def measure() -> list[Row]:
    """The rows of this benchmark."""
    return [
        _row("import hyperhost", [sys.executable, "-c", "import hyperhost"], 60),
        _row(
            "from hyperhost import Host",
            [sys.executable, "-c", "from hyperhost import Host, Limits, hookimpl, hookspec"],
            None,
            "the public names are imported when first used; this uses those of a usual program",
        ),
        _row("hyperhost --help", [sys.executable, "-m", "hyperhost.cli.main", "--help"], 250),
    ]


def _row(what: str, command: list[str], bound: float | None, note: str = "") -> Row:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    first = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if first.returncode:
        reason = (
            first.stderr.strip().splitlines()[-1] if first.stderr.strip() else f"status {first.returncode}"
        )
        return Row(what, bound=bound, better="under", unit="ms", error=reason)
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(ROUNDS):
        for name, arguments in (("bare", BARE), ("ours", command)):
            started = time.perf_counter()
            subprocess.run(arguments, env=environment, stdout=subprocess.DEVNULL, check=True)
            times[name].append((time.perf_counter() - started) * 1000)
    bare, ours = statistics.median(times["bare"]), statistics.median(times["ours"])
    note = note or "over bare Python; medians of whole processes"
    return Row(what, ours, bare, "ms", ours - bare, bound, "under", note=note)


if __name__ == "__main__":
    main(measure)
