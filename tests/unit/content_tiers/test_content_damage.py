"""Whatever was altered, cut or lost: no wrong byte is handed out, and uploading it again repairs it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from content_hosts import S3Server, content_host
from content_suite import MIB, download, name_of, refusal, some_bytes, upload

from hyperhost.errors import RefusalError

DATA = some_bytes(3 * MIB + 1000)
NAME = name_of(DATA)
SMALL = some_bytes(3_000)


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 0x10]) + data[position + 1 :]


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[Any]:
    with content_host(tmp_path) as host:
        upload(host.hook, DATA)
        yield host.hook


@pytest.fixture
def file(hook: Any, tmp_path: Path) -> Path:
    [found] = (path for path in tmp_path.rglob("sha256-*") if not path.name.endswith(".digests"))
    return found


def beside(file: Path) -> Path:
    return file.with_name(file.name + ".digests")


def check_corrupt(refused: RefusalError, tier: str, name: str = NAME) -> None:
    assert refused.rule == "content.corrupt"
    assert f"content {name} in tier {tier} is damaged" in refused.reason
    assert "upload the same bytes again" in refused.hint


def test_a_flipped_bit_of_a_file_is_found_by_whoever_reads_its_piece(hook: Any, file: Path) -> None:
    for position in [0, MIB - 1, MIB, len(DATA) - 1, *random.Random(1).sample(range(len(DATA)), 8)]:
        file.write_bytes(flipped(DATA, position))
        for length in (1, 4 * MIB):
            start = position if length == 1 else 0
            check_corrupt(refusal(hook.content_read, content_hash=NAME, offset=start, length=length), "files")
        elsewhere = (position // MIB + 2) % 3 * MIB
        part = hook.content_read(content_hash=NAME, offset=elsewhere, length=100)
        assert part == DATA[elsewhere : elsewhere + 100]


def test_a_flipped_bit_of_the_digests_is_found_by_every_read(hook: Any, file: Path) -> None:
    digests = beside(file).read_bytes()
    assert len(digests) == 4 * 32
    for position in range(0, len(digests), 5):
        beside(file).write_bytes(flipped(digests, position))
        check_corrupt(refusal(hook.content_read, content_hash=NAME, offset=5, length=5), "files")


def test_digests_that_fit_the_altered_bytes_are_found(hook: Any, file: Path) -> None:
    import hashlib

    altered = flipped(DATA, 5)
    file.write_bytes(altered)
    pieces = [altered[start : start + MIB] for start in range(0, len(DATA), MIB)]
    beside(file).write_bytes(b"".join(hashlib.sha256(piece).digest() for piece in pieces))
    check_corrupt(refusal(hook.content_read, content_hash=NAME, offset=5, length=5), "files")


@pytest.mark.parametrize(
    "harm",
    [
        lambda file: file.unlink(),
        lambda file: beside(file).unlink(),
        lambda file: file.write_bytes(DATA[:-1]),
        lambda file: file.write_bytes(DATA + b"x"),
        lambda file: file.write_bytes(b""),
        lambda file: beside(file).write_bytes(b""),
        lambda file: beside(file).write_bytes(beside(file).read_bytes()[:-32]),
        lambda file: file.write_bytes(DATA[MIB:] + DATA[:MIB]),
    ],
    ids=["lost", "digests lost", "cut", "longer", "empty", "no digests", "digests cut", "pieces swapped"],
)
def test_a_damaged_file_is_refused_and_uploading_it_again_repairs_it(
    hook: Any, file: Path, harm: Callable[[Path], Any]
) -> None:
    harm(file)
    check_corrupt(refusal(hook.content_read, content_hash=NAME, offset=0, length=5), "files")
    assert hook.content_stat(content_hash=NAME).size == len(DATA)
    upload(hook, DATA)
    assert download(hook, NAME) == DATA
    assert [total.contents for total in hook.content_usage()] == [0, 1, 0]


@pytest.mark.parametrize("sql", ["UPDATE content SET data = ?", "DELETE FROM content WHERE ? IS NOT NULL"])
def test_damage_in_the_database_is_found_and_repaired(tmp_path: Path, sql: str) -> None:
    name = name_of(SMALL)
    with content_host(tmp_path) as host:
        upload(host.hook, SMALL)
        database = sqlite3.connect(tmp_path / "data/storage-sql/registry.db")
        with database:
            database.execute(sql, [flipped(SMALL, 2_999)])
        database.close()
        check_corrupt(refusal(host.hook.content_read, content_hash=name, offset=0, length=5), "inline", name)
        upload(host.hook, SMALL)
        assert download(host.hook, name) == SMALL


def test_a_damaged_index_entry_is_refused(hook: Any) -> None:
    for text in ("{", "[]", '{"size": "large"}', "null"):
        hook.storage_put_record(collection="content-tiers-index", key=NAME, data_json=text, mode=None)
        refused = refusal(hook.content_read, content_hash=NAME, offset=0, length=5)
        assert refused.rule == "content.corrupt"
        assert f"the index entry of content {NAME} is damaged" in refused.reason


@pytest.mark.parametrize("what", ["bytes", "digests", "lost", "digests lost", "cut", "longer"])
def test_a_damaged_object_is_refused_and_uploading_it_again_repairs_it(
    tmp_path: Path, server: S3Server, what: str
) -> None:
    import obstore

    settings = server.settings()
    store = server.store(settings["bucket"])
    with content_host(tmp_path, **settings) as host:
        key = upload(host.hook, DATA).uri.partition("/acme")[2].partition("/")[2]
    assert bytes(obstore.get(store, key).bytes()) == DATA
    digests = bytes(obstore.get(store, f"{key}.digests").bytes())
    harm = {
        "bytes": lambda: obstore.put(store, key, flipped(DATA, 3)),
        "digests": lambda: obstore.put(store, f"{key}.digests", flipped(digests, 40)),
        "lost": lambda: obstore.delete(store, key),
        "digests lost": lambda: obstore.delete(store, f"{key}.digests"),
        "cut": lambda: obstore.put(store, key, DATA[:-1]),
        "longer": lambda: obstore.put(store, key, DATA + b"x"),
    }
    harm[what]()
    with content_host(tmp_path, **settings) as host:
        if what == "longer":  # nobody reads behind the end; uploading it again puts it right
            assert download(host.hook, NAME) == DATA
        else:
            offset = len(DATA) - 5 if what == "cut" else 0
            refused = refusal(host.hook.content_read, content_hash=NAME, offset=offset, length=5)
            check_corrupt(refused, "objects")
    with content_host(tmp_path, **settings) as host:  # what was found is known to later processes
        upload(host.hook, DATA)
        assert download(host.hook, NAME) == DATA
        keys = [item["path"] for page in obstore.list(store) for item in page]
        assert len(keys) == 2, keys
