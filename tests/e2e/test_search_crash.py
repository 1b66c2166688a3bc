"""``kill -9`` while the index is written or built: the next process finds everything all the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from search_hosts import searchable

from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.search_tantivy.plugin import SearchTantivy
from builtin_plugins.search_whoosh.plugin import SearchWhoosh

ENGINES = {"whoosh": SearchWhoosh, "sql": SearchSql, "tantivy": SearchTantivy}
SUPPORT = Path(__file__).resolve().parents[1] / "support"
ROOT = SUPPORT.parents[1]
PROGRAM = """
import sys
from pathlib import Path
from search_hosts import searchable
from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.search_tantivy.plugin import SearchTantivy
from builtin_plugins.search_whoosh.plugin import SearchWhoosh
engines = {"whoosh": SearchWhoosh, "sql": SearchSql, "tantivy": SearchTantivy}
with searchable(Path(sys.argv[1]), engines[sys.argv[3]]()) as registry:
    number = int(sys.argv[2])
    print("ready", flush=True)
    while True:
        number += 1
        registry.create(f"auth-{number}", "logs people in")
        print(number, flush=True)
        if number % 3 == 0:
            registry.run("search", query="people")
        if number % 7 == 0:
            registry.run("index_rebuild")
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", list(ENGINES))
def test_what_was_acknowledged_is_found_after_kills_at_any_moment(tmp_path: Path, engine: str) -> None:
    chosen = random.Random(5)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(SUPPORT)])}
    last = told = 0
    for turn in range(12):
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path), str(last + 1), engine],
            stdout=subprocess.PIPE,
            env=environ,
            text=True,
        )
        assert program.stdout is not None
        with program.stdout as said:
            assert said.readline() == "ready\n"
            numbers = [int(said.readline()) for _ in range(turn % 4)]  # however slow the machine is
            time.sleep(chosen.uniform(0.0, 0.4))
            program.send_signal(signal.SIGKILL)
            numbers += [int(line) for line in said.read().splitlines()]
        program.wait()
        told += len(numbers)
        last = max([last, *numbers]) + 1  # the one that was not acknowledged may be there
        with searchable(tmp_path, ENGINES[engine]()) as registry:
            found = set(registry.found("people", size=1000))
            listed = {item["name"] for item in registry.run("list", page={"size": 1000})["items"]}
            assert {f"auth-{number}" for number in numbers} <= found
            assert found == listed
            assert registry.run("index_status")["behind"] == 0
    assert told >= 18
