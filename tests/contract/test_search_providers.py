"""Every provider of the service ``search`` against the same suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from search_suite import SearchSuite

import hyperhost
from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.search_whoosh.plugin import SearchWhoosh


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
