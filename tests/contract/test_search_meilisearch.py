"""``search-meilisearch`` against the suite of every search engine, over HTTP to a stub of Meilisearch's API.

No case of the suite is refused or left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from meilisearch_server import KEY, meilisearch
from search_suite import SearchSuite

import hyperhost
from builtin_plugins.search_meilisearch.plugin import SearchMeilisearch
from hyperhost.config import Config, PluginConfig


def _config(url: str) -> Config:
    return Config(plugins={"search-meilisearch": PluginConfig(config={"url": url})})


class TestSearchMeilisearch(SearchSuite):
    @pytest.fixture
    def search(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        monkeypatch.setenv("HYPERHOST_MEILISEARCH_KEY", KEY)
        with meilisearch() as server, hyperhost.Host("search", config=_config(server.url)) as host:
            host.register(SearchMeilisearch(), "search-meilisearch")
            yield host.hook


class TestSearchMeilisearchWithAHome(SearchSuite):
    @pytest.fixture
    def search(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        monkeypatch.setenv("HYPERHOST_MEILISEARCH_KEY", KEY)
        with (
            meilisearch() as server,
            hyperhost.Host("search", home=tmp_path, config=_config(server.url)) as host,
        ):
            host.register(SearchMeilisearch(), "search-meilisearch")
            yield host.hook
