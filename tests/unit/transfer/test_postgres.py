"""Transfers between SQLite and PostgreSQL, and backups of a PostgreSQL that is written to."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from postgres_schema import fresh_tables, postgres_url  # noqa: F401 - the fixture
from registries import Reg, fill, registry

from builtin_plugins.transfer.syncing import sync
from hyperhost.host.operations import LOCAL_OWNER


@pytest.fixture
def url(postgres_url: str) -> str:  # noqa: F811 - it is that fixture
    with registry(None, "sql", url=postgres_url) as reg:
        reg.hook.storage_usage()  # makes the tables
    fresh_tables(postgres_url)
    return postgres_url


def export(reg: Reg, path: Path) -> bytes:
    reg.run("export", target=str(path))
    return path.read_bytes()


def test_a_registry_is_the_same_in_both_databases(url: str, tmp_path: Path) -> None:
    with registry(tmp_path / "a", "sqlite") as a, registry(None, "sql", url=url) as b:
        fill(a, 20)
        data = export(a, tmp_path / "x")
        assert b.run("import", source=str(tmp_path / "x"))["created"] == 20
        assert export(b, tmp_path / "y") == data
        path = a.run("backup", directory=str(tmp_path / "backups"))["path"]
        b.run("backup_restore", path=path, force=True, as_copy=True)
        assert export(b, tmp_path / "y") == data
        b.describe("org.acme/part-1@1.0.0", "from the server")
        a.run("delete", artifact="org.acme/part-5@1.0.0")
        for _ in range(2):
            assert sync(a.hook, b.hook, LOCAL_OWNER).conflicts == []
            assert a.descriptions() == b.descriptions()
        assert a.descriptions()["org.acme/part-1@1.0.0"] == "from the server"


def test_a_backup_of_a_server_under_load_is_of_one_moment(url: str, tmp_path: Path) -> None:
    with registry(None, "sql", url=url) as a, registry() as b:
        fill(a)
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                item = a.create(f"w-{number}")
                a.run("tag", artifact=item["id"], tag="good")

        thread = threading.Thread(target=write)
        thread.start()
        try:
            paths = [a.run("backup", directory=str(tmp_path / "backups"))["path"] for _ in range(4)]
        finally:
            stop.set()
            thread.join()
        for path in paths:
            b.run("backup_restore", path=path, force=True)
            found = b.state()
            artifacts = sum(":" not in key for key in found)
            created = sum('"kind":"created"' in entry.data_json for entry in b.history())
            assert artifacts == created >= 5
