"""Run every benchmark, each in a process of its own, and print one table.

python benchmarks/run_all.py            # the table
python benchmarks/run_all.py --json     # rows for programs
python benchmarks/run_all.py --strict   # status 1 when a bound is missed
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from common import Row, finish

SCRIPTS = (
    "echo_warm",
    "echo_fresh",
    "convert_record",
    "bytes_1mb",
    "native_call",
    "threads",
    "startup",
    "second_start",
    "storage_sqlite",
    "storage_postgres",
    "import_export",
    "audit",
    "signing",
    "access",
    "tuf_repository",
    "languages",
    "replay",
    "solver",
    "search_engines",
    "recommend",
)


def rows_of(script: str) -> list[Row]:
    """The rows of one benchmark; one row that says why if it could not run."""
    path = Path(__file__).resolve().parent / f"{script}.py"
    done = subprocess.run([sys.executable, str(path), "--json"], capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        return [Row(script, error=lines[-1])]
    found = json.loads(done.stdout)
    return [Row(**{name: value for name, value in row.items() if name != "verdict"}) for row in found]


def run() -> None:
    """Run all of them."""
    parser = argparse.ArgumentParser(description="Run every benchmark and print one table.")
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    parser.add_argument("--strict", action="store_true", help="end with status 1 when a bound is missed")
    options = parser.parse_args()
    rows = []
    for script in SCRIPTS:
        print(f"{script} …", file=sys.stderr, flush=True)
        rows += rows_of(script)
    finish(rows, as_json=options.json, strict=options.strict)


if __name__ == "__main__":
    run()
