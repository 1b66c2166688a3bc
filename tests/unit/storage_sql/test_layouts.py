"""Layouts of the database: up, down, newer than the program, altered, two processes at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_schema import postgres_url
from storage_crashing import artifact
from storage_suite import FULL_ARTIFACT

from builtin_plugins.storage_sql.migrations.runner import STEPS
from builtin_plugins.storage_sql.models import make_models
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost import __version__
from hyperhost.contracts import (
    ArtifactQuery,
    ArtifactSort,
    ArtifactWrite,
    NamespaceUsage,
    PageRequest,
    PutMode,
)
from hyperhost.errors import RefusalError

__all__ = ["postgres_url"]
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def storage(url: str) -> Iterator[StorageSql]:
    provider = StorageSql(url)
    yield provider
    provider.plugin_stop()


def filled(url: str) -> None:
    storage = StorageSql(url)
    items = [ArtifactWrite(artifact(number)) for number in range(50)] + [ArtifactWrite(FULL_ARTIFACT, "{}")]
    storage.storage_put_artifacts(items, PutMode.CREATE)
    storage.storage_put_record("things", "k", "{}", None)
    storage.storage_append_log("audit", "s", "{}", 1)
    storage.plugin_stop()


def emptied(url: str) -> None:
    storage = StorageSql(url)
    for item in storage.storage_list_artifacts(ArtifactQuery(), PageRequest(1000)).items:
        storage.storage_delete_artifact(item.id)
    storage.plugin_stop()


def test_going_back_and_forth_keeps_everything(url: str) -> None:
    filled(url)
    assert StorageSql(url).migrate(to=1) == ["2 scopes: taken back"]
    assert StorageSql(url).migrate(to=1) == []
    assert StorageSql(url).migrate() == ["2 scopes: applied"]
    storage = StorageSql(url)
    assert storage.storage_get_artifact(FULL_ARTIFACT.id) == FULL_ARTIFACT
    assert storage.storage_namespace_usage("org.acme") == NamespaceUsage(50, 50)
    assert storage.storage_namespace_usage("user.alice@example") == NamespaceUsage(1, 5)
    query = ArtifactQuery(labels={"parity": "1"}, sort=ArtifactSort.NAME)
    assert storage.storage_count_artifacts(query) == 25
    assert storage.storage_list_artifacts(query, PageRequest(1)).items == [artifact(1)]
    most = ArtifactQuery(sort=ArtifactSort.DOWNLOADS, descending=True)
    assert storage.storage_list_artifacts(most, PageRequest(1)).items == [FULL_ARTIFACT]
    assert storage.storage_get_record("things", "k") == "{}"
    storage.storage_put_artifact(artifact(60), "", PutMode.CREATE)
    storage.plugin_stop()
    emptied(url)


def test_going_back_refuses_to_lose_data(url: str) -> None:
    filled(url)
    with pytest.raises(RefusalError, match="there is data: artifact 51, record 1, log_entry ") as caught:
        StorageSql(url).migrate(to=0)
    assert caught.value.rule == "storage.layout"
    storage = StorageSql(url)
    assert storage.storage_usage().artifacts == 51
    storage.plugin_stop()
    emptied(url)


@pytest.mark.parametrize("to", [-1, len(STEPS) + 1])
def test_a_layout_that_is_none_is_refused(path: Path, to: int) -> None:
    with pytest.raises(RefusalError, match=f"there is no layout {to}") as caught:
        StorageSql(str(path)).migrate(to=to)
    assert caught.value.hint == f"layouts are 0 to {len(STEPS)}"


def alter(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(sql)
    connection.close()


@pytest.mark.parametrize("use", ["read", "migrate"])
def test_a_database_of_a_newer_program_is_refused_and_both_versions_named(path: Path, use: str) -> None:
    filled(str(path))
    alter(path, "INSERT INTO schema_migration VALUES (3, 'more', 'x', '9.8.7', 0)")
    before = path.read_bytes()
    with pytest.raises(RefusalError, match=r"has layout 3, written by HyperHost 9\.8\.7") as caught:
        StorageSql(str(path)).storage_usage() if use == "read" else StorageSql(str(path)).migrate(to=1)
    assert caught.value.rule == "storage.newer"
    assert f"this is HyperHost {__version__}, which knows layouts up to 2" in caught.value.reason
    assert path.read_bytes() == before


def test_a_step_that_is_not_the_one_of_this_program_is_refused(path: Path) -> None:
    filled(str(path))
    alter(path, "UPDATE schema_migration SET checksum = 'x' WHERE number = 1")
    with pytest.raises(RefusalError, match="step 1 of its layout is not the one of this program") as caught:
        StorageSql(str(path)).storage_usage()
    assert caught.value.rule == "storage.layout"


def test_released_steps_are_as_they_were_released() -> None:
    # A step that is in databases must not change: add another one.
    assert [(step.number, step.name, step.checksum[:16]) for step in STEPS] == [
        (1, "tables", "5a8c70c32ecb1d94"),
        (2, "scopes", "133f42221fb3ffda"),
    ]


def test_the_tables_are_those_of_the_models(storage: StorageSql) -> None:
    storage.storage_usage()
    database = storage._store.database
    with database.reading():
        for name, model in vars(make_models(database.engine, database.orm)).items():
            assert database.columns_of(name) == [field.column_name for field in model._meta.sorted_fields]


def test_of_two_processes_that_start_at_once_one_migrates(path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from builtin_plugins.storage_sql.plugin import StorageSql; "
        "sys.stdin.readline(); print(StorageSql(sys.argv[2]).migrate())"
    )
    arguments = [sys.executable, "-c", code, str(ROOT), str(path)]
    started = [
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = sorted(process.communicate(timeout=60)[0].strip() for process in started)
    assert said == ["['1 tables: applied', '2 scopes: applied']", "[]", "[]", "[]"]
