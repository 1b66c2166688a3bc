"""The providers of the service ``content`` do what every one must, called through a host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from content_hosts import S3Server, content_host, s3_server
from content_suite import ContentSuite

import hyperhost
from builtin_plugins.content_memory.plugin import ContentMemory
from hyperhost.hookspecs import SERVICES


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


class TestTiersWithoutABucket(ContentSuite):
    @pytest.fixture
    def content(self, tmp_path: Path) -> Iterator[Any]:
        with content_host(tmp_path) as host:
            yield host.hook
            assert host.faults == ()


class TestTiersWithABucket(ContentSuite):
    @pytest.fixture
    def content(self, tmp_path: Path, server: S3Server) -> Iterator[Any]:
        with content_host(tmp_path, **server.settings(prefix="some/where")) as host:
            yield host.hook
            assert host.faults == ()


class TestMemory(ContentSuite):
    @pytest.fixture
    def content(self) -> Iterator[Any]:
        with hyperhost.Host("registry") as host:
            host.register(ContentMemory())
            yield host.hook
            assert host.faults == ()


def test_every_hook_of_the_service_is_answered(tmp_path: Path) -> None:
    with content_host(tmp_path) as host:
        assert set(SERVICES["content"]) <= set(host.plugin("content-tiers").hooks)
    with hyperhost.Host("registry") as host:
        assert set(host.register(ContentMemory()).hooks) == set(SERVICES["content"])
