"""Disks that are full or may not be written to, and buckets that are away: refused in bounded time."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from content_hosts import S3Server, content_host, s3_server
from content_suite import download, listed, name_of, refusal, some_bytes, upload

from builtin_plugins.content_tiers import uploads

DATA = some_bytes(200_000)


@contextlib.contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file may become larger, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def uploads_in(home: Path) -> list[Path]:
    return list((home / "data/content-tiers/uploads").iterdir())


def test_no_room_for_a_piece(tmp_path: Path) -> None:
    with content_host(tmp_path) as host:
        upload(host.hook, some_bytes(20_000))
        upload_id = host.hook.content_open(algorithm="sha256")
        host.hook.content_append(upload=upload_id, data=DATA[:60_000])
        with files_up_to(100_000):
            refused = refusal(host.hook.content_append, upload=upload_id, data=DATA[60_000:])
        assert (refused.rule, refused.hint) == ("content.full", "make room on disk")
        assert "there is no room for content: File too large" in refused.reason
        assert uploads_in(tmp_path) == []
        assert refusal(host.hook.content_append, upload=upload_id, data=b"x").rule == "content.missing"
        upload(host.hook, DATA)
        assert download(host.hook, name_of(DATA)) == DATA


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("call", [0, 1, 2, 3])
def test_a_disk_that_fails_while_committing_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int, code: int
) -> None:
    real, calls = os.fsync, []

    def failing(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == call + 1:
            raise OSError(code, os.strerror(code))
        real(descriptor)

    with content_host(tmp_path) as host:
        upload(host.hook, b"hello")
        upload_id = host.hook.content_open(algorithm="sha256")
        host.hook.content_append(upload=upload_id, data=DATA)
        with monkeypatch.context() as patch:
            patch.setattr(uploads.os, "fsync", failing)
            refused = refusal(host.hook.content_commit, upload=upload_id, expected_hash="")
        assert refused.rule == ("content.unavailable" if code == errno.EIO else "content.full")
        assert os.strerror(code) in refused.reason
        assert refused.hint
        assert listed(host.hook) == [name_of(b"hello")]
        assert [total.contents for total in host.hook.content_usage()] == [1, 0, 0]
        assert uploads_in(tmp_path) == []
        upload(host.hook, DATA)
        assert download(host.hook, name_of(DATA)) == DATA


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A home, and a user whom permissions bind: root is nobody meanwhile."""
    home = Path(tempfile.mkdtemp(prefix="acme-"))
    user = os.geteuid()
    if user == 0:
        os.chown(home, 65534, -1)
        os.seteuid(65534)
    try:
        yield home
    finally:
        os.seteuid(user)
        for path in [home, *home.rglob("*")]:
            if path.is_dir():
                path.chmod(0o700)
        shutil.rmtree(home)


def test_a_directory_that_may_not_be_written_to(unprivileged: Path) -> None:
    with content_host(unprivileged) as host:
        name = upload(host.hook, DATA).hash
        files = unprivileged / "data/content-tiers/files"
        directories = [files, *(path for path in files.rglob("*") if path.is_dir())]
        spool = unprivileged / "data/content-tiers/uploads"
        for path in [*directories, spool]:
            path.chmod(0o500)
        upload_id = host.hook.content_open(algorithm="sha256")
        refused = refusal(host.hook.content_append, upload=upload_id, data=DATA[1:])
        assert (refused.rule, refused.hint) == ("content.full", "permit this user to read and write it")
        spool.chmod(0o700)
        refused = refusal(upload, content=host.hook, data=DATA[1:])
        assert refused.rule == "content.full"
        assert "Permission denied" in refused.reason
        assert download(host.hook, name) == DATA
        assert refusal(host.hook.content_delete, content_hash=name).rule == "content.full"
        assert host.hook.content_stat(content_hash=name) is None
        for path in directories:
            path.chmod(0o700)
        upload(host.hook, b"hello")
        upload(host.hook, DATA[2:])  # goes on with what could not be removed
        assert not any(path.name.startswith(name.replace(":", "-")) for path in files.rglob("*"))


def test_a_home_that_cannot_hold_a_directory(tmp_path: Path) -> None:
    with content_host(tmp_path) as host:
        upload(host.hook, b"hello")
        (tmp_path / "data/content-tiers").write_text("in the way")
        refused = refusal(upload, content=host.hook, data=DATA)
        assert refused.rule == "content.full"
        assert "cannot be made" in refused.reason


def test_a_bucket_that_is_not_there(tmp_path: Path, server: S3Server) -> None:
    with content_host(tmp_path, **server.settings(bucket="acme-none")) as host:
        refused = refusal(upload, content=host.hook, data=DATA)
        assert refused.rule == "content.unavailable"
        assert refused.reason.startswith("there is no bucket acme-none at http://127.0.0.1")
        assert refused.hint == "make it, or correct bucket"
        assert listed(host.hook) == []
        assert uploads_in(tmp_path) == []


def test_another_bucket_than_before(tmp_path: Path, server: S3Server) -> None:
    first = server.settings()
    with content_host(tmp_path, **first) as host:
        name = upload(host.hook, DATA).hash
    for settings, words in (
        (server.settings(), "the content lies at s3://acme-"),
        ({}, "none is configured"),
    ):
        with content_host(tmp_path, **settings) as host:
            refused = refusal(host.hook.content_read, content_hash=name, offset=0, length=5)
            assert refused.rule == "content.unavailable"
            assert words in refused.reason
    with content_host(tmp_path, **first) as host:
        assert download(host.hook, name) == DATA


def test_a_server_that_is_down_is_given_up_in_time(tmp_path: Path, server: S3Server) -> None:
    settings = server.settings(timeout_s=3)
    with content_host(tmp_path, **settings) as host:
        name = upload(host.hook, DATA).hash
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings["endpoint"] = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with content_host(tmp_path, **settings) as host:
            check_down(host.hook, name)
            refused = refusal(host.hook.content_delete, content_hash=name)
            assert refused.rule == "content.unavailable"
            assert host.hook.content_stat(content_hash=name) is None


def test_a_server_that_never_answers_is_given_up_in_time(tmp_path: Path, server: S3Server) -> None:
    settings = server.settings(timeout_s=2)
    with content_host(tmp_path, **settings) as host:
        name = upload(host.hook, DATA).hash
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings["endpoint"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with content_host(tmp_path, **settings) as host:
            check_down(host.hook, name)


def check_down(hook: Any, name: str) -> None:
    started = time.monotonic()
    for refused in (
        refusal(hook.content_read, content_hash=name, offset=0, length=5),
        refusal(upload, content=hook, data=DATA[1:]),
        refusal(upload, content=hook, data=DATA),
    ):
        assert refused.rule == "content.unavailable"
        assert "does not answer" in refused.reason
        assert refused.hint == "check endpoint and network; try again"
    assert time.monotonic() - started < 45
    assert upload(hook, b"small ones do not need it").size == 25


def test_a_server_that_denies_access(tmp_path: Path) -> None:
    with (
        s3_server(INITIAL_NO_AUTH_ACTION_COUNT="1") as strict,  # making the bucket is that one action
        content_host(tmp_path, **strict.settings()) as host,
    ):
        refused = refusal(upload, content=host.hook, data=DATA)
        assert refused.rule == "content.unavailable"
        assert "denies access: InvalidAccessKeyId" in refused.reason
        assert "AWS_ACCESS_KEY_ID" in refused.hint
        assert "acme-secret" not in f"{refused} {refused.__cause__}"


def test_reading_while_it_is_removed_and_uploaded_again_is_never_called_damage(tmp_path: Path) -> None:
    over = threading.Event()
    with content_host(tmp_path) as host:
        name, seen, wrong = name_of(DATA), set(), []

        def read() -> None:
            while not over.is_set():
                try:
                    seen.add(host.hook.content_read(content_hash=name, offset=7, length=9))
                except Exception as error:
                    wrong.append(error)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for _ in range(40):
            upload(host.hook, DATA)
            host.hook.content_delete(content_hash=name)
        over.set()
        for reader in readers:
            reader.join()
        assert wrong == []
        assert seen <= {None, DATA[7:16]}


def test_an_upload_is_not_committed_without_a_piece_that_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, go_on = threading.Event(), threading.Event()

    def failing(path: Path, data: bytes, flags: int = 0) -> None:
        writing.set()
        go_on.wait(10)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with content_host(tmp_path) as host:
        upload_id = host.hook.content_open(algorithm="sha256")
        host.hook.content_append(upload=upload_id, data=DATA)
        with monkeypatch.context() as patch, ThreadPoolExecutor(2) as pool:
            patch.setattr(uploads, "write", failing)
            appended = pool.submit(refusal, host.hook.content_append, upload=upload_id, data=b"more")
            assert writing.wait(10)
            committed = pool.submit(refusal, host.hook.content_commit, upload=upload_id, expected_hash="")
            time.sleep(0.1)
            go_on.set()
            assert (appended.result().rule, committed.result().rule) == ("content.full", "content.missing")
        assert listed(host.hook) == []
        assert uploads_in(tmp_path) == []
