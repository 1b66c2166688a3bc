"""Files that lie: whatever one holds, it is refused with a position, and nothing is written."""

from __future__ import annotations

import io
import json
import os
import random
import resource
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from registries import Reg, fill, registry
from transfer_files import artifact, edited, honest, members_of, packed

from builtin_plugins.transfer.cipher import MAGIC, PIECE, Key, Sealing
from builtin_plugins.transfer.container import header
from builtin_plugins.transfer.writing import line_of
from hyperhost.errors import InvalidInputError, OperationError


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("exported") / "x"
    with registry() as a:
        fill(a)
        a.run("export", target=str(path))
    return path.read_bytes()


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    with registry() as a:
        fill(a)
        return Path(a.run("backup", directory=str(tmp_path_factory.mktemp("backups")))["path"]).read_bytes()


@pytest.fixture
def target() -> Iterator[Reg]:
    with registry() as b:
        yield b
        assert b.state() == {}, "something was written"
        assert b.history() == []
        assert b.hook.storage_names().collections == []


def refused(target: Reg, data: bytes, tmp_path: Path, operation: str = "import") -> InvalidInputError:
    (tmp_path / "bad").write_bytes(data)
    arguments = {"source" if operation == "import" else "path": str(tmp_path / "bad")}
    with pytest.raises(InvalidInputError) as caught:
        target.run(operation, **arguments)
    assert caught.value.field == "source"
    assert caught.value.hint
    return caught.value


def test_the_tools_of_these_tests_make_the_same_file(exported: bytes) -> None:
    assert packed(members_of(exported)) == exported
    assert honest(members_of(exported)) == exported


# --- the container -----------------------------------------------------------------------------------


def tar_with(name: str, kind: bytes = tarfile.REGTYPE, **more: Any) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo(name)
        info.type = kind
        for key, value in more.items():
            setattr(info, key, value)
        archive.addfile(info, io.BytesIO(b"x" * info.size))
    return sink.getvalue()


@pytest.mark.parametrize(
    "evil",
    [
        tar_with("../../etc/passwd", size=1),
        tar_with("/etc/passwd", size=1),
        tar_with("contents/../../x", size=1),
        tar_with("header.json", tarfile.SYMTYPE, linkname="/etc/passwd"),
        tar_with("header.json", tarfile.LNKTYPE, linkname="/etc/passwd"),
        tar_with("header.json", tarfile.DIRTYPE),
        tar_with("header.json", tarfile.CHRTYPE),
        tar_with("x" * 200, size=1),
        tar_with("header.json", size=1, pax_headers={"path": "../x"}),
        tar_with("header.json", size=1, mode=0o4755),
        tar_with("header.json", size=1, mtime=1),
        b"",
        b"PK\x03\x04" + bytes(600),
        b"{}",
        bytes(10_000),
    ],
)
def test_a_member_that_is_not_one_of_ours_is_refused(
    target: Reg, evil: bytes, exported: bytes, tmp_path: Path
) -> None:
    assert "byte " in str(refused(target, evil, tmp_path))
    if len(evil) >= 512 and any(evil):
        behind = exported[: exported.index(b"namespaces/")] + evil
        assert "no member of an export" in str(refused(target, behind, tmp_path))


@pytest.mark.parametrize("seed", range(8))
def test_a_file_that_ends_early_or_has_a_changed_byte_is_refused(
    target: Reg, exported: bytes, backed_up: bytes, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    for data, operation in ((exported, "import"), (backed_up, "backup_restore")):
        for _ in range(15):
            short = data[: chance.randrange(len(data))]
            refused(target, short, tmp_path, operation)
            place = chance.randrange(len(data))
            changed = bytearray(data)
            changed[place] ^= 1 << chance.randrange(8)
            refused(target, bytes(changed), tmp_path, operation)
        refused(target, data + b"x", tmp_path, operation)
        refused(target, data + data, tmp_path, operation)


def test_a_huge_member_is_refused_before_it_is_read(target: Reg, exported: bytes, tmp_path: Path) -> None:
    start = exported[: exported.index(b"namespaces/")]
    for name in ("artifacts/00000001.jsonl", "manifest.json"):
        for size in (1 << 30, 1 << 40, (1 << 88) - 1):
            error = refused(target, start + header(name, size) + bytes(1 << 20), tmp_path)
            assert error.rule == "limit"
            assert name in str(error)
    error = refused(target, header("header.json", 1 << 30) + bytes(1 << 20), tmp_path)
    assert error.rule == "format"


def test_members_out_of_order_twice_or_left_out_are_refused(
    target: Reg, exported: bytes, tmp_path: Path
) -> None:
    members = members_of(exported)
    names = [name for name, _ in members]
    for index in range(1, len(members)):
        if names[index].startswith("contents/"):
            continue  # contents that are missing are found by their digest, see below
        for made in (members[:index] + members[index + 1 :], members[: index + 1] + members[index:]):
            refused(target, packed(made), tmp_path)
    assert refused(target, packed(members[::-1]), tmp_path).rule == "format"
    swapped = [members[0], members[-2], *members[1:-2], members[-1]]
    assert refused(target, honest(swapped), tmp_path).rule == "order"
    without = [member for member in members if not member[0].startswith("contents/")]
    assert refused(target, packed(without), tmp_path).rule == "digest"


def test_a_content_with_other_bytes_than_its_name_says_is_refused(
    target: Reg, exported: bytes, tmp_path: Path
) -> None:
    members = [(n, b"evil" if n.startswith("contents/") else d) for n, d in members_of(exported)]
    error = refused(target, honest(members), tmp_path)
    assert error.rule == "digest"
    assert "contents/sha256/" in str(error)


# --- the header --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"version": 2}, "version"),
        ({"version": "1"}, "version"),
        ({"format": "zip"}, "format"),
        ({"kind": "backup"}, "format"),
        ({"kind": "other"}, "format"),
        ({"contents": "yes"}, "value"),
        ({"evil": 1}, "value"),
    ],
)
def test_a_header_that_says_something_else_is_refused(
    target: Reg, exported: bytes, tmp_path: Path, change: dict[str, Any], rule: str
) -> None:
    (name, text), *rest = members_of(exported)
    data = packed([(name, line_of(json.loads(text) | change)), *rest])
    assert refused(target, data, tmp_path).rule == rule


# --- lines -------------------------------------------------------------------------------------------

LINES: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "no JSON": ("artifacts", lambda _: b"{", "json"),
    "no Unicode": ("artifacts", lambda _: b'"\xff"', "json"),
    "NaN": ("artifacts", lambda _: b'{"artifact":NaN,"manifest":""}', "json"),
    "a key twice": ("artifacts", lambda _: b'{"artifact":1,"artifact":2,"manifest":""}', "json"),
    "deep": ("artifacts", lambda _: b"[" * 90 + b"]" * 90, "limit"),
    "very deep": ("artifacts", lambda _: b"[" * 200_000, "json"),
    "a huge number": ("artifacts", lambda _: b"9" * 100_000, "json"),
    "no object": ("artifacts", lambda _: [], "value"),
    "one field more": ("artifacts", lambda line: {**line, "x": 1}, "value"),
    "an unknown field": ("artifacts", artifact(evil=1), "value"),
    "id": ("artifacts", artifact(id="../x"), "value"),
    "state": ("artifacts", artifact(state="root"), "value"),
    "hash": ("artifacts", artifact(content={"hash": "md5:00", "size": 1, "uri": None}), "value"),
    "size": (
        "artifacts",
        artifact(content={"hash": "sha256:" + "0" * 64, "size": 2**63, "uri": None}),
        "value",
    ),
    "negative size": (
        "artifacts",
        artifact(content={"hash": "sha256:" + "0" * 64, "size": -1, "uri": None}),
        "value",
    ),
    "lone surrogate": ("artifacts", lambda line: json.dumps({**line, "manifest": "\ud800"}).encode(), "json"),
    "manifest is no JSON": ("artifacts", lambda line: {**line, "manifest": "{"}, "json"),
    "manifest is no object": ("artifacts", lambda line: {**line, "manifest": "[]"}, "value"),
    "manifest is deep": (
        "artifacts",
        lambda line: {**line, "manifest": '{"a":' * 80 + "1" + "}" * 80},
        "limit",
    ),
    "manifest is large": (
        "artifacts",
        lambda line: {**line, "manifest": json.dumps({"a": "x" * 2**20})},
        "limit",
    ),
    "another collection": ("records", lambda line: {**line, "collection": "users"}, "value"),
    "collection with a path": ("records", lambda line: {**line, "collection": "../tags"}, "value"),
    "empty key": ("records", lambda line: {**line, "key": ""}, "value"),
    "long key": ("records", lambda line: {**line, "key": "org.acme/x@" + "a" * 1000}, "value"),
    "no tag": ("records", lambda line: {**line, "key": "org.acme@good"}, "value"),
    "tag of no version": ("records", lambda line: {**line, "data": '{"version":1}'}, "value"),
    "data is no JSON": ("records", lambda line: {**line, "data": "{"}, "json"),
    "namespace without owner": ("namespaces", lambda line: {**line, "data": '{"path":"org.acme"}'}, "value"),
    "namespace under another key": ("namespaces", lambda line: {**line, "key": "org.aaaa"}, "value"),
    "tag among the namespaces": ("namespaces", lambda line: {**line, "collection": "users"}, "value"),
}


@pytest.mark.parametrize("what", LINES)
def test_a_line_that_is_not_what_it_has_to_be_is_refused_with_its_number(
    target: Reg, exported: bytes, tmp_path: Path, what: str
) -> None:
    kind, change, rule = LINES[what]
    error = refused(target, edited(exported, kind, change), tmp_path)
    assert (error.rule, f"{kind}/00000001.jsonl:1" in str(error)) == (rule, True)
    assert len(str(error)) < 1000


def test_lines_that_stand_there_twice_are_refused(target: Reg, exported: bytes, tmp_path: Path) -> None:
    for kind in ("artifacts", "records", "namespaces"):
        members = [
            (name, text.partition(b"\n")[0] + b"\n" + text if name.startswith(kind) else text)
            for name, text in members_of(exported)
        ]
        error = refused(target, honest(members), tmp_path)
        assert (error.rule, f"{kind}/00000001.jsonl:2" in str(error)) == ("duplicate", True)


def test_more_lines_than_a_chunk_has_are_refused(target: Reg, exported: bytes, tmp_path: Path) -> None:
    members = [(n, b"[]\n" * 1001 if n.startswith("artifacts") else d) for n, d in members_of(exported)]
    assert refused(target, honest(members), tmp_path).rule == "format"


def test_an_id_that_is_taken_by_another_artifact_replaces_nothing(exported: bytes, tmp_path: Path) -> None:
    with registry() as b:
        mine = b.create("precious")
        data = edited(exported, "artifacts", artifact(id=mine["id"], namespace="org.evil"))
        # Its line is out of order now, so it goes into a file of its own.
        members = [
            (name, text.partition(b"\n")[0] + b"\n" if name.startswith("artifacts") else text)
            for name, text in members_of(data)
            if not name.startswith("contents/")
        ]
        (tmp_path / "bad").write_bytes(honest(members))
        report = b.run("import", source=str(tmp_path / "bad"), on_conflict="replace")
        assert report["replaced"] == 0
        assert "org.evil" in next(i["key"] for i in report["issues"] if i["what"] == "artifact")
        assert b.run("read", artifact=mine["id"])["name"] == "precious"


def test_an_artifact_that_lies_about_its_bytes_is_left_out(exported: bytes, tmp_path: Path) -> None:
    real = next(name for name, _ in members_of(exported) if name.startswith("contents/"))
    content_hash = f"sha256:{real.rpartition('/')[2]}"
    lies = {
        "its bytes are not in the file": {"hash": "sha256:" + "0" * 64, "size": 1, "uri": None},
        "says that sha256:": {"hash": content_hash, "size": 1, "uri": "/etc/passwd"},
    }
    for words, content in lies.items():
        data = edited(exported, "artifacts", artifact(content=content))
        (tmp_path / "bad").write_bytes(data)
        with registry() as b:
            report = b.run("import", source=str(tmp_path / "bad"))
            [issue] = [each for each in report["issues"] if each["kind"] == "content"]
            assert words in issue["reason"]
            assert report["created"] == 4


def test_reading_takes_little_memory_whatever_the_size(tmp_path: Path) -> None:
    with registry(tmp_path / "a", "sqlite") as a:
        a.create("x", content_hash=a.upload(os.urandom(64 << 20)))
        a.run("export", target=str(tmp_path / "x"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with registry(tmp_path / "b", "sqlite") as b:
        b.run("import", source=str(tmp_path / "x"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 48 << 10


# --- backups -----------------------------------------------------------------------------------------


def test_counts_logs_and_sequences_of_a_backup_are_compared(
    target: Reg, backed_up: bytes, tmp_path: Path
) -> None:
    members = members_of(backed_up)

    def with_logs(change: Callable[[list[bytes]], list[bytes]]) -> bytes:
        made = [
            (n, b"\n".join(change(d.splitlines())) + b"\n" if n.startswith("logs/") else d)
            for n, d in members
        ]
        return honest(made)

    refuse = lambda data: refused(target, data, tmp_path, "backup_restore").rule  # noqa: E731
    assert refuse(with_logs(lambda lines: lines[:-1])) == "digest"
    assert refuse(with_logs(lambda lines: lines[1:])) == "duplicate"
    assert refuse(with_logs(lambda lines: lines[::-1])) == "duplicate"
    assert refuse(with_logs(lambda lines: [lines[0], *lines])) == "duplicate"
    altered = with_logs(lambda lines: [*lines[:-1], lines[-1].replace(b"local:owner", b"local:other")])
    assert refuse(altered) == "digest"


def sealed(data: bytes, secret: bytes) -> bytes:
    sink = io.BytesIO()
    sealing = Sealing(sink, Key("file", secret))
    sealing.write(data)
    sealing.finish()
    return sink.getvalue()


def test_pieces_of_a_sealed_backup_that_are_moved_cut_or_changed_are_refused(
    target: Reg, backed_up: bytes, tmp_path: Path
) -> None:
    secret = os.urandom(32)
    key = tmp_path / "key"
    key.touch(0o600)
    key.write_text(secret.hex())
    big = tmp_path / "big.hhb"
    with registry() as a:
        a.create("x", content_hash=a.upload(os.urandom(3 * PIECE)))
        path = a.run("backup", directory=str(tmp_path / "b"), key_file=str(key))["path"]
    data = Path(path).read_bytes()
    start = len(MAGIC) + 4 + int.from_bytes(data[len(MAGIC) : len(MAGIC) + 4], "big")
    size = PIECE + 16
    head, pieces = data[:start], [data[at : at + size] for at in range(start, len(data), size)]
    assert len(pieces) == 4
    other = sealed(data, secret)
    attacks = {
        "the last piece is missing": pieces[:-1],
        "all are missing": [],
        "two are swapped": [pieces[1], pieces[0], *pieces[2:]],
        "one stands there twice": [pieces[0], *pieces],
        "one is missing": pieces[1:],
        "a bit is changed": [pieces[0][:-1] + bytes([pieces[0][-1] ^ 1]), *pieces[1:]],
        "one is cut": [*pieces[:-1], pieces[-1][:-1]],
        "something is added": [*pieces, b"x"],
        "another file's piece": [other[start : start + size], *pieces[1:]],
    }
    for what, made in attacks.items():
        big.write_bytes(head + b"".join(made))
        with pytest.raises(InvalidInputError) as caught:
            target.run("backup_restore", path=str(big), key_file=str(key))
        assert caught.value.rule == "authentic", what
        assert "piece" in str(caught.value)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        json.dumps(
            {"kdf": "scrypt", "salt": "00" * 32, "check": "00" * 16, "n": 2**40, "r": 8, "p": 1}
        ).encode(),
        json.dumps(
            {"kdf": "scrypt", "salt": "00" * 32, "check": "00" * 16, "n": 2**17, "r": 8, "p": 10**9}
        ).encode(),
        json.dumps({"kdf": "scrypt", "salt": "00" * 32, "check": "00" * 16, "n": 3, "r": 8, "p": 1}).encode(),
        json.dumps({"kdf": "none", "salt": "00" * 32, "check": "00" * 16}).encode(),
        json.dumps({"kdf": "hkdf", "salt": "zz", "check": "00" * 16}).encode(),
    ],
)
def test_a_head_that_asks_for_too_much_or_is_none_is_refused(
    target: Reg, head: bytes, tmp_path: Path
) -> None:
    phrase = tmp_path / "phrase"
    phrase.touch(0o600)
    phrase.write_text("correct horse battery staple")
    for length in (len(head), 2**32 - 1):
        (tmp_path / "bad").write_bytes(MAGIC + length.to_bytes(4, "big") + head + bytes(100))
        with pytest.raises(OperationError) as caught:
            target.run("backup_restore", path=str(tmp_path / "bad"), passphrase_file=str(phrase))
        assert caught.value.rule in ("format", "truncated")
