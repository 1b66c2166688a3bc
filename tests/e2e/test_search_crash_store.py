"""``kill -9`` while the index in the store's database is written or built: both say the same then."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from postgres_schema import postgres_url
from search_hosts import searchable

from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.storage_sql.plugin import StorageSql

__all__ = ["postgres_url"]

SUPPORT = Path(__file__).resolve().parents[1] / "support"
ROOT = SUPPORT.parents[1]
PROGRAM = """
import sys
from pathlib import Path
from search_hosts import searchable
from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.storage_sql.plugin import StorageSql
home, first, url = sys.argv[1:]
with searchable(Path(home), SearchSql(), StorageSql(url), audited=True) as registry:
    number = int(first)
    print("ready", flush=True)
    while True:
        number += 1
        artifact = registry.create(f"auth-{number}", "logs people in")
        print(number, flush=True)
        if number % 4 == 0:
            registry.run("delete", artifact=artifact)
        if number % 7 == 0:
            registry.run("index_rebuild")
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_index_and_store_say_the_same_after_kills_at_any_moment(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    if database == "sqlite":
        url = f"sqlite:///{tmp_path}/registry.db"
        ask = sqlite_reader(tmp_path / "registry.db")
    else:
        url = request.getfixturevalue("postgres_url")
        ask = postgres_reader(url)
    with searchable(tmp_path, SearchSql(), StorageSql(url), audited=True) as registry:
        registry.create("auth-0", "logs people in")
        assert registry.found("people") == ["auth-0"]
    chosen = random.Random(5)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(SUPPORT)])}
    last = told = 0
    for _ in range(8):
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path), str(last + 1), url],
            stdout=subprocess.PIPE,
            env=environ,
            text=True,
        )
        assert program.stdout is not None
        with program.stdout as said:
            assert said.readline() == "ready\n"
            numbers = [int(said.readline())]
            time.sleep(chosen.uniform(0.05, 1.0))
            program.send_signal(signal.SIGKILL)
            numbers += [int(line) for line in said.read().splitlines()]
        program.wait()
        told += len(numbers)
        last = max([last, *numbers]) + 1
        [(current,)] = ask("SELECT said FROM search_index WHERE what = 'current'")
        index = current.partition("/")[2]
        [(changes,)] = ask("SELECT max(seq) FROM log_entry WHERE log = 'history'")
        [(reached, documents)] = ask(f"SELECT sequence, documents FROM {index}_state")
        assert reached == changes
        stored = {key for (key,) in ask("SELECT id FROM artifact")}
        assert {key for (key,) in ask(f"SELECT id FROM {index}_docs")} == stored
        assert documents == len(stored)
    assert told >= 8
    with searchable(tmp_path, SearchSql(), StorageSql(url), audited=True) as registry:
        assert len(registry.found("people", size=1000)) == len(stored)
        registry.run("index_rebuild")
        assert len(registry.found("people", size=1000)) == len(stored)


def sqlite_reader(file: Path) -> Callable[[str], list[Any]]:
    """Asks the file itself, as it is after the kill."""

    def ask(statement: str) -> list[Any]:
        connection = sqlite3.connect(file)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    return ask


def postgres_reader(url: str) -> Callable[[str], list[Any]]:
    """Asks the server, when it has noticed that its client is gone."""
    import psycopg

    def ask(statement: str) -> list[Any]:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("BEGIN; LOCK TABLE schema_migration IN SHARE ROW EXCLUSIVE MODE")
            found: list[Any] = connection.execute(statement).fetchall()
            connection.execute("ROLLBACK")
            return found

    return ask
