"""Every provider of the service ``search`` against the same suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from postgres_schema import postgres_url
from search_suite import SearchSuite

import hyperhost
from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.search_tantivy.plugin import SearchTantivy
from builtin_plugins.search_whoosh.plugin import SearchWhoosh
from builtin_plugins.storage_sql.plugin import StorageSql

__all__ = ["postgres_url"]


class TestSearchWhooshInMemory(SearchSuite):
    @pytest.fixture
    def search(self) -> Iterator[Any]:
        with hyperhost.Host("search") as host:
            host.register(SearchWhoosh(), "search-whoosh")
            yield host.hook


class TestSearchWhooshOnDisk(SearchSuite):
    @pytest.fixture
    def search(self, tmp_path: Path) -> Iterator[Any]:
        with hyperhost.Host("search", home=tmp_path) as host:
            host.register(SearchWhoosh(), "search-whoosh")
            yield host.hook


class TestSearchSqlInMemory(SearchSuite):
    @pytest.fixture
    def search(self) -> Iterator[Any]:
        with hyperhost.Host("search") as host:
            host.register(SearchSql(), "search-sql")
            yield host.hook


class TestSearchSqlOnDisk(SearchSuite):
    @pytest.fixture
    def search(self, tmp_path: Path) -> Iterator[Any]:
        with hyperhost.Host("search", home=tmp_path) as host:
            host.register(SearchSql(), "search-sql")
            yield host.hook


class TestSearchTantivyInMemory(SearchSuite):
    @pytest.fixture
    def search(self) -> Iterator[Any]:
        with hyperhost.Host("search") as host:
            host.register(SearchTantivy(), "search-tantivy")
            yield host.hook


class TestSearchTantivyOnDisk(SearchSuite):
    @pytest.fixture
    def search(self, tmp_path: Path) -> Iterator[Any]:
        with hyperhost.Host("search", home=tmp_path) as host:
            host.register(SearchTantivy(), "search-tantivy")
            yield host.hook


class TestSearchSqlInTheStore(SearchSuite):
    @pytest.fixture
    def search(self, tmp_path: Path) -> Iterator[Any]:
        with hyperhost.Host("search", home=tmp_path) as host:
            host.register(StorageSql(), "storage-sql")
            host.register(SearchSql(), "search-sql")
            yield host.hook


class TestSearchSqlOnPostgres(SearchSuite):
    @pytest.fixture
    def search(self, postgres_url: str) -> Iterator[Any]:
        with hyperhost.Host("search") as host:
            host.register(StorageSql(postgres_url), "storage-sql")
            host.register(SearchSql(), "search-sql")
            session = host.hook.storage_session()
            listed = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
            with session.part():
                for (name,) in session.read(listed):
                    if name.startswith("search"):
                        session.write(f"DROP TABLE {name}")
            yield host.hook
