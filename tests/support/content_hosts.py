"""Hosts that keep content, and a server that speaks S3, for the tests of content."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hyperhost
from builtin_plugins.content_tiers.plugin import ContentTiers
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.config import read_config

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "acme", "AWS_SECRET_ACCESS_KEY": "acme-secret"}
MISSING = [name for name in ("moto", "flask", "obstore") if importlib.util.find_spec(name) is None]


def config_of(home: Path, settings: dict[str, Any]) -> Any:
    def word(value: Any) -> str:
        return str(value).lower() if isinstance(value, bool) else repr(value)

    text = "\n".join(f"{key} = {word(value)}" for key, value in settings.items())
    tomllib.loads(text)
    return read_config(f"[plugins.content-tiers.config]\n{text}\n".encode(), home / "hyperhost.toml")


@contextlib.contextmanager
def content_host(home: Path, *more: object, **settings: Any) -> Iterator[hyperhost.Host]:
    """A host with an SQLite database, tiers of content, and more plugins."""
    home.mkdir(exist_ok=True)
    with hyperhost.Host("registry", home=home, config=config_of(home, settings)) as host:
        host.register(StorageSql(), "storage-sql")
        host.register(ContentTiers(), "content-tiers")
        for plugin in more:
            host.register(plugin)
        yield host


class S3Server:
    """A running server that speaks S3."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self._buckets = 0

    def bucket(self) -> str:
        """A new, empty bucket."""
        self._buckets += 1
        name = f"acme-{self._buckets}"
        request = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT")
        with urllib.request.urlopen(request):
            return name

    def settings(self, **more: Any) -> dict[str, Any]:
        """Configuration for a new bucket; everything that is not inline goes there."""
        given = {"endpoint": self.endpoint, "allow_http": True, "files_below": 10_240, "timeout_s": 20}
        return given | ({} if "bucket" in more else {"bucket": self.bucket()}) | more

    def store(self, bucket: str) -> Any:
        """Access past the provider."""
        from obstore.store import S3Store

        return S3Store(
            bucket,
            endpoint=self.endpoint,
            region="us-east-1",
            client_options={"allow_http": True},
            virtual_hosted_style_request=False,
        )


@contextlib.contextmanager
def s3_server(**environment: str) -> Iterator[S3Server]:
    """Start a server in a process of its own; skip when it or its client is not installed."""
    if MISSING:
        pytest.skip(f"{', '.join(MISSING)} not installed: pip install 'hyperhost[test]'")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | environment,
    )
    before = {name: os.environ.get(name) for name in CREDENTIALS}
    os.environ.update(CREDENTIALS)
    try:
        _wait(port, process)
        yield S3Server(port)
    finally:
        process.kill()
        process.wait()
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError("the S3 server did not start")
