"""The provider as a plugin: where it keeps its file, what may be configured, what it costs to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from storage_crashing import artifact

import hyperhost
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.config import read_config
from hyperhost.contracts import PutMode
from hyperhost.errors import ConfigError, HyperHostError, RefusalError

ROOT = Path(__file__).resolve().parents[3]


def test_in_a_host_it_keeps_its_file_in_the_home(tmp_path: Path) -> None:
    for number in (1, 2):
        with hyperhost.Host("registry", home=tmp_path) as host:
            host.register(StorageSql(), "storage-sql")
            assert (tmp_path / "data/storage-sql/registry.db").exists() is (number == 2)
            host.hook.storage_put_artifact(artifact=artifact(number), manifest_json="", mode=PutMode.CREATE)
            assert host.hook.storage_usage().artifacts == number
    assert (tmp_path / "data/storage-sql/registry.db").stat().st_mode & 0o077 == 0
    assert not (tmp_path / "data/storage-sql/registry.db-wal").exists(), "connections were not closed"


def test_the_configuration_says_where_the_database_is(tmp_path: Path) -> None:
    text = f'[plugins.storage-sql.config]\nurl = "sqlite:///{tmp_path}/other.db"\nbusy_timeout_ms = 5\n'
    config = read_config(text.encode(), tmp_path / "hyperhost.toml")
    with hyperhost.Host("registry", config=config) as host:
        host.register(StorageSql(), "storage-sql")
        host.hook.storage_usage()
    assert (tmp_path / "other.db").exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('adress = "x"', "config key 'adress' is unknown"),
        ("url = 5", "url is 5"),
        ('url = "mysql://x"', "is no address of a database"),
        ('url = "sqlite://x"', "names no file"),
        ('url = ""', "is no address"),
        ("busy_timeout_ms = 0", "busy_timeout_ms is 0"),
        ("pool_size = true", "pool_size is True"),
    ],
)
def test_a_wrong_configuration_is_refused_when_it_is_registered(
    tmp_path: Path, line: str, words: str
) -> None:
    config = read_config(f"[plugins.storage-sql.config]\n{line}\n".encode(), tmp_path / "hyperhost.toml")
    with hyperhost.Host("registry", config=config) as host:
        with pytest.raises(ConfigError, match=words) as caught:
            host.register(StorageSql(), "storage-sql")
        assert caught.value.plugin == "storage-sql"
        assert caught.value.hint
        assert "storage-sql" not in host.plugins


def test_without_a_home_or_an_address_it_says_so_when_it_is_used() -> None:
    with hyperhost.Host("registry") as host:
        host.register(StorageSql(), "storage-sql")
        with pytest.raises(HyperHostError, match="no home directory"):
            host.hook.storage_usage()
    with pytest.raises(RefusalError, match="nobody said where") as caught:
        StorageSql().storage_usage()
    assert caught.value.rule == "storage.unavailable"


def test_importing_and_making_it_loads_no_library(tmp_path: Path) -> None:
    code = (
        "import sys; from builtin_plugins.storage_sql.plugin import StorageSql; StorageSql(sys.argv[1]); "
        "StorageSql('postgresql:///x'); "
        "print(sorted({'peewee', 'sqlite3', 'psycopg', 'psycopg_pool'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x.db")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
    assert list(tmp_path.iterdir()) == []
