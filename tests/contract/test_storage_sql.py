"""The SQL provider does what every storage provider must, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from postgres_schema import fresh_tables, postgres_url
from storage_managers import manager_with
from storage_suite import StorageSuite
from storage_unit_suite import StorageUnitSuite

from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.hookspecs import SERVICES
from hyperhost.hookspecs.storage import StorageHooks

__all__ = ["postgres_url"]


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: these tests write much, and survive no power failure."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as directory:
        yield Path(directory)


class TestSqlite(StorageSuite, StorageUnitSuite):
    @pytest.fixture
    def storage(self, quick_path: Path) -> Iterator[Any]:
        provider = StorageSql(f"sqlite:///{quick_path}/registry.db")
        yield manager_with(provider).hook
        provider.plugin_stop()


@pytest.fixture(scope="module")
def postgres_provider(postgres_url: str) -> Iterator[StorageSql]:
    provider = StorageSql(postgres_url)
    yield provider
    provider.plugin_stop()


class TestPostgres(StorageSuite, StorageUnitSuite):
    @pytest.fixture
    def storage(self, postgres_provider: StorageSql, postgres_url: str) -> Any:
        fresh_tables(postgres_url)
        return manager_with(postgres_provider).hook


def test_every_hook_of_the_service_is_answered() -> None:
    manager = manager_with(StorageSql("unused.db"))
    answered = {name for name in SERVICES["storage"] if getattr(manager.hook, name).get_hookimpls()}
    assert answered == set(SERVICES["storage"])


def test_it_has_the_types_of_the_service(tmp_path: Path) -> None:
    provider = StorageSql(str(tmp_path / "registry.db"))
    typed: StorageHooks = provider
    assert typed.storage_get_artifact("none") is None
    provider.plugin_stop()
