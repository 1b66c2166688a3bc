"""Bytes through the operations: in pieces, verified, all or nothing."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hyperhost
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.errors import InvalidInputError, NotFoundError, StorageError
from hyperhost.host.contents import PIECE_BYTES, fetch, replacing, upload

DATA = os.urandom(2 * PIECE_BYTES + 7)


@pytest.fixture
def operations() -> Iterator[hyperhost.Operations]:
    with hyperhost.Host("test") as host:
        host.register(StorageMemory(), "storage-memory")
        host.register(ContentMemory(), "content-memory")
        host.register(Operations(), "operations")
        host.register(Registry(), "registry")
        yield hyperhost.Operations(host)


def create(operations: hyperhost.Operations, content_hash: str | None) -> str:
    draft = {"namespace": "org.acme", "name": "a", "type": "library", "version": "1.0.0"}
    found: str = operations.run("create", draft={**draft, "content_hash": content_hash})["artifact"]["id"]
    return found


@pytest.mark.parametrize("algorithm", ["sha256", "sha3-512"])
def test_what_was_sent_comes_back_and_is_counted_once(
    operations: hyperhost.Operations, tmp_path: Path, algorithm: str
) -> None:
    seen: list[Any] = []
    found = upload(operations, io.BytesIO(DATA), algorithm, seen.append)
    digest = hashlib.new(algorithm.replace("sha3-512", "sha3_512"), DATA).hexdigest()
    assert found == f"{algorithm}:{digest}"
    assert seen == [PIECE_BYTES, 2 * PIECE_BYTES, len(DATA)]
    fetched = fetch(operations, create(operations, found), lambda artifact: tmp_path / artifact["name"])
    assert (fetched.path.read_bytes(), fetched.size) == (DATA, len(DATA))
    assert fetched.artifact["activity"]["download_count"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_unknown_algorithm_sends_nothing(operations: hyperhost.Operations) -> None:
    with pytest.raises(InvalidInputError, match="'md5' is no algorithm of a hash"):
        upload(operations, io.BytesIO(b"x"), "md5")


def test_an_upload_that_breaks_off_leaves_nothing(operations: hyperhost.Operations) -> None:
    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() >= PIECE_BYTES:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(OSError, match="Input/output"):
        upload(operations, Breaking(DATA))
    assert operations.host.hook.content_usage()[0].contents == 0


def test_an_artifact_without_content_writes_no_file(operations: hyperhost.Operations, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="has no content"):
        fetch(operations, create(operations, None), lambda _: tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_are_not_what_their_hash_says_are_not_written(
    operations: hyperhost.Operations, tmp_path: Path
) -> None:
    artifact = create(operations, upload(operations, io.BytesIO(DATA)))
    (tmp_path / "a").write_text("what was there")

    class Lying:
        @hyperhost.hookimpl(wrapper=True)
        def content_read(self) -> Any:
            found = yield
            return found[:-1] + bytes([found[-1] ^ 1]) if found else found

    operations.host.register(Lying(), "lying")
    with pytest.raises(StorageError, match="are not what was put there"):
        fetch(operations, artifact, lambda _: tmp_path / "a")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "what was there")]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match="gone/a cannot be written") as caught,
        replacing(tmp_path / "gone" / "a"),
    ):
        pass
    assert caught.value.hint
