"""Content in pieces, and operations on the registry as a whole."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from registry_hosts import created, operations_on, published, storage_of, uploaded

import hyperhost
from builtin_plugins.registry.identifiers import uuid7
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_sql.migrations.runner import STEPS
from hyperhost.errors import (
    InvalidInputError,
    NotFoundError,
    OperationError,
    ProviderMissingError,
    RefusalError,
    StorageError,
)

PIECE = 4 << 20


def test_content_comes_and_goes_in_pieces(run: hyperhost.Operations) -> None:
    pieces = [b"a" * PIECE, b"b" * 100]
    upload = run.run("content_open", algorithm="sha3-512")
    sizes = [run.run("content_append", upload=upload, data=piece) for piece in pieces]
    assert sizes == [PIECE, PIECE + 100]
    digest = f"sha3-512:{hashlib.sha3_512(b''.join(pieces)).hexdigest()}"
    content = run.run("content_commit", upload=upload, expected_hash=digest)
    assert (content["hash"], content["size"]) == (digest, PIECE + 100)
    artifact = published(run, content_hash=digest)
    found = run.run("download", artifact="org.acme/auth")
    assert found["content"] == content
    assert found["artifact"]["activity"]["download_count"] == 1
    read = run.run("content_read", artifact=artifact["id"], offset=PIECE - 1, length=3)
    assert base64.b64decode(read["data"]) == b"abb"
    assert (read["offset"], read["size"], read["hash"]) == (PIECE - 1, PIECE + 100, digest)
    assert run.run("content_read", artifact=artifact["id"], offset=PIECE + 100)["data"] == ""


def test_an_upload_that_is_given_up_is_gone(run: hyperhost.Operations) -> None:
    upload = run.run("content_open")
    assert run.run("content_abort", upload=upload) is True
    assert run.run("content_abort", upload=upload) is False
    with pytest.raises(StorageError, match="there is no upload") as caught:
        run.run("content_append", upload=upload, data=b"x")
    assert caught.value.rule == "content.missing"


def test_bytes_that_are_not_those_expected_are_not_kept(run: hyperhost.Operations) -> None:
    upload = run.run("content_open")
    run.run("content_append", upload=upload, data=b"hello")
    with pytest.raises(StorageError, match="the bytes have the hash") as caught:
        run.run("content_commit", upload=upload, expected_hash="sha256:" + "0" * 64)
    assert caught.value.rule == "content.hash"
    assert run.run("registry_info")["tiers"][0]["contents"] == 0


def test_pieces_have_a_size(run: hyperhost.Operations) -> None:
    created(run, content_hash=uploaded(run, b"x"))
    with pytest.raises(InvalidInputError, match="is no hash algorithm"):
        run.run("content_open", algorithm="md5")
    with pytest.raises(InvalidInputError, match="is too large") as caught:
        run.run("content_append", upload="x", data=b"x" * (PIECE + 1))
    assert (caught.value.field, caught.value.rule) == ("data", "size")
    for arguments, field in (
        ({"length": 0}, "length"),
        ({"length": PIECE + 1}, "length"),
        ({"offset": -1}, "offset"),
    ):
        with pytest.raises(InvalidInputError) as caught:
            run.run("content_read", artifact="org.acme/auth", **arguments)
        assert caught.value.field == field
    with pytest.raises(InvalidInputError, match="base64"):
        run.run("content_append", upload="x", data="not base64!")


def test_what_has_no_content_is_not_downloaded(run: hyperhost.Operations) -> None:
    created(run)
    for operation in ("download", "content_read"):
        with pytest.raises(NotFoundError, match="has no content"):
            run.run(operation, artifact="org.acme/auth")


def test_what_a_registry_is_and_whether_it_works(run: hyperhost.Operations) -> None:
    created(run)
    info = run.run("registry_info")
    assert (info["version"], info["contract"]) == (
        hyperhost.__version__,
        hyperhost.contracts.CONTRACT_VERSION,
    )
    assert info["layout"]["current"] == info["layout"]["latest"]
    assert info["artifacts"] == 1
    status = run.run("registry_status")
    assert status["healthy"] is True
    assert [check["name"] for check in status["checks"]] == ["storage", "writing", "content"]
    assert run.run("cache_clear") == ["names", "call-limits"]


def test_a_store_that_may_not_be_written_to_is_not_healthy(tmp_path: Path) -> None:
    class Full:
        @hyperhost.hookimpl(wrapper=True)
        def storage_put_record(self):  # type: ignore[no-untyped-def]
            raise RefusalError("no room", "storage.full", hint="make some")
            yield

    with operations_on(storage_of("sqlite", tmp_path), Full()) as run:
        status = run.run("registry_status")
        assert [(each["name"], each["passed"]) for each in status["checks"]] == [
            ("storage", True),
            ("writing", False),
            ("content", True),
        ]
        assert status["healthy"] is False
        assert (status["checks"][1]["message"], status["checks"][1]["hint"]) == ("no room", "make some")


def test_migrating_to_where_it_is_does_nothing(run: hyperhost.Operations) -> None:
    latest = run.run("registry_info")["layout"]["latest"]
    assert run.run("migrate") == run.run("upgrade") == run.run("migrate", to=latest) == []
    with pytest.raises(StorageError, match="there is no layout 99") as caught:
        run.run("downgrade", to=99)
    assert caught.value.rule == "storage.layout"
    for wrong in (-1, 2**32):
        with pytest.raises(InvalidInputError, match="is no layout"):
            run.run("downgrade", to=wrong)
    created(run)


def test_a_store_goes_back_and_forth_and_keeps_what_it_holds(tmp_path: Path) -> None:
    latest = len(STEPS)
    with operations_on(storage_of("sqlite", tmp_path)) as run:
        before = created(run)
        done = run.run("downgrade", to=latest - 1)
        assert [line.endswith("taken back") for line in done] == [True]
        with pytest.raises(StorageError, match="the store was closed") as caught:
            run.run("list")
        assert caught.value.rule == "storage.closed"
    with operations_on(storage_of("sqlite", tmp_path)) as run:
        assert run.run("read", artifact="org.acme/auth") == before
        assert run.run("registry_info")["layout"] == {"current": latest, "latest": latest}


def test_the_layout_does_not_change_within_a_unit_of_work(tmp_path: Path) -> None:
    with operations_on(storage_of("sqlite", tmp_path)) as run:
        created(run)
        hook = run.host.hook
        hook.storage_begin(write=True)
        with pytest.raises(StorageError, match="a unit of work is open"):
            run.run("downgrade", to=1)
        hook.storage_end(commit=False)
        assert run.run("list")["items"]


def test_without_a_store_every_operation_says_so() -> None:
    with hyperhost.Host("registry") as host:
        host.register(Registry(), "registry")
        run = hyperhost.Operations(host)
        for operation, arguments in (
            ("list", {}),
            ("registry_info", {}),
            ("namespace_read", {"path": "org.acme"}),
        ):
            with pytest.raises(ProviderMissingError, match="no plugin provides the service 'storage'"):
                run.run(operation, **arguments)


def test_without_a_host_the_registry_says_so() -> None:
    call = hyperhost.contracts.OperationCall("list", hyperhost.contracts.Principal("user:a"))
    with pytest.raises(RefusalError, match="was not started by a host"):
        Registry().operation_run(call)


def test_ids_go_on_when_the_clock_goes_back_a_little_or_makes_no_sense() -> None:
    now = 1_800_000_000_000_000
    ids = [uuid7(now + delta) for delta in (0, 0, -5_000_000, 1_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 4
    earlier = uuid7(now - 3_600_000_000)
    assert earlier < ids[0]
    for strange in (-1, 0, 2**63 - 1):
        assert uuid7(strange)[14] == "7"
    assert OperationError.code == "HH-OPERATION"
