"""When the place of the database fails: a refusal with its rule, and nothing half done."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from postgres_schema import fresh_tables, postgres_url
from storage_crashing import artifact

from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.contracts import ArtifactQuery, ArtifactWrite, ContentInfo, PageRequest, PutMode
from hyperhost.errors import RefusalError

__all__ = ["postgres_url"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def storage(path: Path) -> Iterator[StorageSql]:
    provider = StorageSql(f"sqlite:///{path}", busy_timeout_ms=150)
    yield provider
    provider.plugin_stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a file system cannot be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def put(storage: StorageSql, number: int, **changes: str) -> None:
    storage.storage_put_artifact(artifact(number), changes.get("manifest", ""), PutMode.CREATE)


def refused(rule: str, words: str) -> pytest.RaisesExc[RefusalError]:
    return pytest.RaisesExc(
        RefusalError, match=words, check=lambda error: error.rule == rule and bool(error.hint)
    )


def test_a_full_disk_refuses_the_write_and_keeps_what_was_there(small_disk: Path) -> None:
    storage = StorageSql(str(small_disk / "registry.db"))
    kept = 0
    with refused("storage.full", "registry.db: .*full"):
        while kept < 10_000:
            put(storage, kept, manifest='"' + "x" * 20_000 + '"')
            kept += 1
    assert 0 < kept < 1000
    assert storage.storage_usage().artifacts == kept
    assert storage.storage_get_artifact(artifact(kept).id) is None
    items = [ArtifactWrite(artifact(n), '"' + "x" * 20_000 + '"') for n in range(kept, kept + 200)]
    storage.storage_begin(True)
    with refused("storage.full", "full"):  # in the middle, or where it is to be kept
        storage.storage_put_artifacts(items, PutMode.CREATE)
        storage.storage_end(True)
    with suppress(RefusalError):
        storage.storage_end(False)
    assert storage.storage_count_artifacts(ArtifactQuery()) == kept
    subprocess.run(["mount", "-o", "remount,size=30m", str(small_disk)], check=True)
    put(storage, kept)
    assert storage.storage_usage().artifacts == kept + 1
    storage.plugin_stop()


def test_a_read_only_file_system_refuses_writes_and_answers_reads(small_disk: Path) -> None:
    storage = StorageSql(str(small_disk / "registry.db"))
    put(storage, 1)
    storage.plugin_stop()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    storage = StorageSql(str(small_disk / "registry.db"))
    with refused("storage.full", "[Rr]ead-only"):
        put(storage, 2)
    storage.plugin_stop()


def test_a_writer_that_waits_too_long_is_refused(storage: StorageSql, path: Path) -> None:
    put(storage, 1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with refused("storage.busy", "locked"):
        put(storage, 2)
    with refused("storage.busy", "locked"):
        storage.storage_begin(True)
    assert storage.storage_get_artifact(artifact(1).id) == artifact(1), "readers do not wait"
    other.execute("ROLLBACK")
    other.close()
    put(storage, 2)
    assert storage.storage_usage().artifacts == 2


def test_a_file_that_is_no_database_is_refused_and_left_alone(storage: StorageSql, path: Path) -> None:
    path.write_bytes(b"acme's shopping list, which is long enough to be read as a header " * 100)
    before = path.read_bytes()
    with refused("storage.corrupt", "registry.db: file is not a database"):
        storage.storage_get_artifact("x")
    assert path.read_bytes() == before


def test_a_damaged_file_is_refused(path: Path) -> None:
    storage = StorageSql(str(path))
    storage.storage_put_artifacts([ArtifactWrite(artifact(n)) for n in range(2000)], PutMode.CREATE)
    storage.plugin_stop()
    data = bytearray(path.read_bytes())
    for page in range(2 * 4096, len(data), 4096):
        data[page : page + 200] = b"\xff" * 200
    path.write_bytes(data)
    storage = StorageSql(str(path))
    with refused("storage.corrupt", "malformed|corrupt"):
        storage.storage_list_artifacts(ArtifactQuery(), PageRequest(1000))
    storage.plugin_stop()


@pytest.mark.parametrize(
    "document", ["{", "[]", '{"metadata":{"unknown":1}}', '{"dependencies":[[]]}', "\x80"]
)
def test_a_damaged_artifact_is_named(storage: StorageSql, path: Path, document: str) -> None:
    put(storage, 1)
    other = sqlite3.connect(path, isolation_level=None)
    value = b"\x80" if document == "\x80" else document
    other.execute("UPDATE artifact SET document = CAST(? AS TEXT)", (value,))
    other.close()
    with refused("storage.corrupt", r"part-00000001|decode"):
        storage.storage_get_artifact(artifact(1).id)


@pytest.mark.parametrize("place", ["missing/registry.db", "."])
def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, place: str) -> None:
    with refused("storage.unavailable", "No such file|Is a directory"):
        StorageSql(str(tmp_path / place)).storage_usage()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_without_permission_is_refused(storage: StorageSql, path: Path) -> None:
    path.touch(0o000)
    with refused("storage.full", "Permission denied"):
        storage.storage_usage()


def test_content_larger_than_can_be_counted_is_refused(storage: StorageSql) -> None:
    import dataclasses

    huge = dataclasses.replace(artifact(1), content=ContentInfo("sha256:00", 2**64 - 1))
    with refused("storage.value", "content.size is 18446744073709551615"):
        storage.storage_put_artifact(huge, "", PutMode.CREATE)
    half = dataclasses.replace(artifact(1), content=ContentInfo("sha256:00", 2**63 - 1))
    storage.storage_put_artifact(half, "", PutMode.CREATE)
    with refused("storage.value", "CHECK"):  # the sum is too large
        put(storage, 2)
    assert storage.storage_usage().artifacts == 1
    assert storage.storage_get_artifact(half.id) == half


def test_after_a_failure_inside_of_a_unit_nothing_of_it_is_kept(storage: StorageSql) -> None:
    storage.storage_begin(True)
    put(storage, 1)
    with refused("storage.value", "surrogates"):
        storage.storage_put_record("things", "k", "\ud800", None)
    with refused("storage.value", "surrogates"):
        put(storage, 2)  # the unit is lost; later writes say why
    with refused("storage.value", "surrogates"):
        storage.storage_end(True)
    assert storage.storage_usage().artifacts == 0


def test_a_closed_store_refuses(storage: StorageSql) -> None:
    put(storage, 1)
    storage.plugin_stop()
    storage.plugin_stop()
    with refused("storage.closed", "closed"):
        storage.storage_get_artifact("x")


def test_a_store_that_was_opened_before_a_fork_refuses_in_the_child(storage: StorageSql) -> None:
    put(storage, 1)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            storage.storage_get_artifact("x")
        except RefusalError as error:
            os.write(writing, error.rule.encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100) == b"storage.closed"
    put(storage, 2)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    storage = StorageSql("postgresql://acme:secret@127.0.0.1:1/registry")
    pytest.importorskip("psycopg")
    with refused("storage.unavailable", r"postgresql://127.0.0.1:1/registry: connection") as caught:
        storage.storage_usage()
    assert "secret" not in str(caught.value)


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[StorageSql]:
    provider = StorageSql(postgres_url, busy_timeout_ms=200)
    provider.storage_usage()
    fresh_tables(postgres_url)
    yield provider
    provider.plugin_stop()


def cut_connections(url: str) -> None:
    """What a restart of the server does to connections."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND application_name = current_setting('application_name')"
        )


def test_after_a_restart_of_the_server_reads_and_writes_go_on(
    postgres: StorageSql, postgres_url: str
) -> None:
    put(postgres, 1)
    for number in (2, 3):
        cut_connections(postgres_url)
        assert postgres.storage_get_artifact(artifact(1).id) == artifact(1)
        cut_connections(postgres_url)
        put(postgres, number)
    assert postgres.storage_usage().artifacts == 3


def test_a_unit_that_loses_its_connection_is_undone_and_says_so(
    postgres: StorageSql, postgres_url: str
) -> None:
    postgres.storage_begin(True)
    put(postgres, 1)
    cut_connections(postgres_url)
    with refused("storage.unavailable", "terminat|closed|lost"):
        put(postgres, 2)
    with refused("storage.unavailable", "terminat|closed|lost"):
        postgres.storage_end(True)
    assert postgres.storage_usage().artifacts == 0
    put(postgres, 3)


def test_a_writer_of_postgresql_that_waits_too_long_is_refused(
    postgres: StorageSql, postgres_url: str
) -> None:
    other = StorageSql(postgres_url)
    other.storage_begin(True)
    with refused("storage.busy", "lock timeout"):
        put(postgres, 1)
    other.storage_end(False)
    put(postgres, 1)
    other.plugin_stop()
