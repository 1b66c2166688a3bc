"""Backup and restore: everything at one moment, sealed, verified, kept as long as it should be."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from registries import Reg, fill, registry

from builtin_plugins.audit.plugin import Audit
from builtin_plugins.transfer.backups import Retention, surplus
from builtin_plugins.transfer.cipher import MAGIC, PIECE
from hyperhost.errors import InvalidInputError, OperationError, StorageError, WrongStateError


@pytest.fixture(params=["memory", "sqlite"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Reg, Reg]]:
    kind = request.param
    with registry(tmp_path / "a", kind) as a, registry(tmp_path / "b", kind) as b:
        yield a, b


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, dict[str, str]]:
    """Arguments for each kind of key."""
    (tmp_path / "keys").mkdir()
    phrase = tmp_path / "keys" / "phrase"
    phrase.touch(0o600)
    phrase.write_text("correct horse battery staple\n")
    with registry() as any_one:
        any_one.run("backup_keygen", path=str(tmp_path / "keys" / "key"))
    return {
        "plain": {},
        "key": {"key_file": str(tmp_path / "keys" / "key")},
        "passphrase": {"passphrase_file": str(phrase)},
    }


def whole(reg: Reg) -> tuple[Any, ...]:
    """Everything that a backup has to bring back."""
    names = reg.hook.storage_names()
    logs = {
        log: reg.hook.storage_list_log(log=log, subject="", after=0, until_us=None, limit=10_000).items
        for log in names.logs
    }
    hashes = [item.hash for item in reg.hook.content_list(after="", limit=1000).items]
    return reg.state(), logs, hashes


@pytest.mark.parametrize("kind", ["plain", "key", "passphrase"])
def test_a_restored_registry_is_the_one_that_was_backed_up(
    both: tuple[Reg, Reg], keys: Any, kind: str, tmp_path: Path
) -> None:
    a, b = both
    fill(a, 9)
    a.run("delete", artifact="org.acme/part-1@1.0.0")
    a.hook.storage_put_record(collection="others-things", key="k", data_json="[1]", mode=None)
    made = a.run("backup", directory=str(tmp_path / "backups"), **keys[kind])
    assert (made["artifacts"], made["contents"], made["encrypted"]) == (8, 2, kind != "plain")
    assert (Path(made["path"]).stat().st_mode & 0o777) == 0o600
    assert (Path(made["path"]).read_bytes().startswith(MAGIC)) == (kind != "plain")
    [listed] = a.run("backup_list", directory=str(tmp_path / "backups"))
    assert (listed["path"], listed["size"]) == (made["path"], made["size"])
    verified = b.run("backup_verify", path=made["path"], **keys[kind])
    assert {**verified, "removed": []} == made
    done = b.run("backup_restore", path=made["path"], **keys[kind])
    assert (done["artifacts"], done["entries"]) == (8, made["entries"])
    mine, its = whole(a), whole(b)
    assert its[1:] == mine[1:]
    assert {key: value for key, value in its[0].items() if ":" in key} == {
        key: value for key, value in mine[0].items() if ":" in key
    }
    assert b.descriptions() == a.descriptions()
    assert b.hook.storage_get_record(collection="others-things", key="k") == "[1]"
    b.create("goes-on")
    assert b.history()[-1].seq == len(a.history()) + 1


def test_the_audit_chain_is_part_of_a_backup_and_goes_on_behind_it(tmp_path: Path) -> None:
    with registry(tmp_path / "a", "sqlite", Audit()) as a, registry(tmp_path / "b", "sqlite", Audit()) as b:
        fill(a)
        made = a.run("backup", directory=str(tmp_path / "backups"))
        assert made["audit_head"]
        done = b.run("backup_restore", path=made["path"], force=True)
        assert done["audit_head"] == made["audit_head"]
        entries = b.hook.storage_list_log(log="audit", subject="", after=0, until_us=None, limit=100).items
        assert '"backup_restore"' in entries[-1].data_json
        assert b.run("audit_verify")["ok"] is True


def test_only_an_empty_registry_is_restored_into_unless_it_is_forced(
    both: tuple[Reg, Reg], tmp_path: Path
) -> None:
    a, b = both
    fill(a)
    path = a.run("backup", directory=str(tmp_path / "backups"))["path"]
    b.create("mine")
    before = whole(b)
    with pytest.raises(WrongStateError, match="not empty: it holds 1 artifacts"):
        b.run("backup_restore", path=path)
    assert whole(b) == before
    b.run("backup_restore", path=path, force=True)
    assert b.descriptions() == a.descriptions()


def test_a_backup_under_load_is_one_moment_and_keeps_no_writer_waiting(tmp_path: Path) -> None:
    with registry(tmp_path / "a", "sqlite") as a, registry(tmp_path / "b", "sqlite") as b:
        fill(a)
        stop, made, failures = threading.Event(), [0, 0, 0], []

        def write(number: int) -> None:
            try:
                while not stop.is_set():
                    made[number] += 1
                    item = a.create(f"w{number}-{made[number]}", content_hash=a.upload(os.urandom(100)))
                    a.run("tag", artifact=item["id"], tag="good")
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        try:
            paths = [a.run("backup", directory=str(tmp_path / "backups")) for _ in range(4)]
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert failures == []
        assert paths[-1]["artifacts"] > paths[0]["artifacts"] >= 5
        for each in paths:
            b.run("backup_restore", path=each["path"], force=True)
            found = b.state()
            names = {key for key in found if ":" not in key and "/w" in key}
            tags = {
                key[5:].replace("@good", "@1.0.0") for key in found if key.startswith("tags:") and "/w" in key
            }
            assert tags <= names
            assert len(names - tags) <= 3
            created = sum('"kind":"created"' in entry.data_json for entry in b.history())
            assert created == len(names) + 5, "artifacts and history are of the same moment"


# --- keys --------------------------------------------------------------------------------------------


def test_a_wrong_key_is_told_and_changes_nothing(both: tuple[Reg, Reg], keys: Any, tmp_path: Path) -> None:
    a, b = both
    fill(a)
    a.run("backup_keygen", path=str(tmp_path / "other"))
    sealed = a.run("backup", directory=str(tmp_path / "1"), **keys["key"])["path"]
    phrased = a.run("backup", directory=str(tmp_path / "2"), **keys["passphrase"])["path"]
    plain = a.run("backup", directory=str(tmp_path / "3"))["path"]
    wrong = tmp_path / "wrong"
    wrong.touch(0o600)
    wrong.write_text("another passphrase")
    for path, given, words in (
        (sealed, {}, "the backup is encrypted"),
        (sealed, {"key_file": str(tmp_path / "other")}, "not the key that the file was encrypted with"),
        (sealed, keys["passphrase"], "was encrypted with a key file"),
        (phrased, {"passphrase_file": str(wrong)}, "not the key that the file was encrypted with"),
        (phrased, keys["key"], "was encrypted with a passphrase"),
        (plain, keys["key"], "not encrypted, though a key was given"),
    ):
        for operation in ("backup_verify", "backup_restore"):
            with pytest.raises(InvalidInputError, match=words) as caught:
                b.run(operation, path=path, **given)
            assert caught.value.field == "key"
    assert whole(b) == ({}, {}, [])


def test_key_files_are_for_their_owner_and_are_never_overwritten(keys: Any, tmp_path: Path) -> None:
    path = Path(keys["key"]["key_file"])
    assert path.stat().st_mode & 0o777 == 0o600
    with registry() as a:
        with pytest.raises(InvalidInputError, match="is there already"):
            a.run("backup_keygen", path=str(path))
        path.chmod(0o640)
        with pytest.raises(InvalidInputError, match="may be read by others") as caught:
            a.run("backup", directory=str(tmp_path / "backups"), key_file=str(path))
        assert f"chmod 600 {path}" in str(caught.value)
        path.chmod(0o600)
        path.write_text("no key")
        with pytest.raises(InvalidInputError, match="holds no key"):
            a.run("backup", directory=str(tmp_path / "backups"), key_file=str(path))
        with pytest.raises(InvalidInputError, match="give one of them"):
            a.run("backup", directory="x", key_file="a", passphrase_file="b")
        phrase = Path(keys["passphrase"]["passphrase_file"])
        phrase.write_text("short\n")
        with pytest.raises(InvalidInputError, match="too short"):
            a.run("backup", directory="x", passphrase_file=str(phrase))
        assert not (tmp_path / "backups").exists()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_sealed_files_of_every_length_read_as_they_were_written(size: int, tmp_path: Path) -> None:
    from builtin_plugins.transfer.cipher import Key, Sealing, Unsealing

    key, data = Key("file", os.urandom(32)), os.urandom(size)
    path = tmp_path / "x"
    with path.open("wb") as file:
        sealing = Sealing(file, key)
        for start in range(0, size, 700_001):
            sealing.write(data[start : start + 700_001])
        sealing.finish()
    assert size < 100 or data[:100] not in path.read_bytes()
    with path.open("rb") as file:
        file.read(len(MAGIC))
        source = Unsealing(file, key)
        assert b"".join(iter(lambda: source.read(300_007), b"")) == data
        assert source.read(1) == b""


# --- which are kept ----------------------------------------------------------------------------------


def test_retention_keeps_the_latest_of_each_period() -> None:
    days = [f"registry-202601{day:02}T{hour:02}0000.000000Z.hhb" for day in range(1, 29) for hour in (3, 15)]

    def kept(**keep: int) -> list[str]:
        gone = surplus(days, Retention(**keep))
        return [name[15:20] for name in reversed(days) if name not in gone]

    assert len(kept()) == 56, "nothing said, nothing removed"
    assert kept(last=3) == ["28T15", "28T03", "27T15"]
    assert kept(daily=2) == ["28T15", "27T15"]
    assert kept(weekly=3) == ["28T15", "25T15", "18T15"]
    assert kept(last=1, daily=2, weekly=2) == ["28T15", "27T15", "25T15"]


def test_old_backups_go_when_a_new_one_is_verified_and_other_files_stay(tmp_path: Path) -> None:
    directory = tmp_path / "backups"
    with registry() as a:
        fill(a)
        for _ in range(3):
            a.run("backup", directory=str(directory))
        (directory / "registry-notes.hhb").write_text("mine")
        made = a.run("backup", directory=str(directory), keep={"last": 2})
        assert len(made["removed"]) == 2
        assert len(a.run("backup_list", directory=str(directory))) == 2
        assert (directory / "registry-notes.hhb").exists()
        with pytest.raises(InvalidInputError, match="no number of backups"):
            a.run("backup", directory=str(directory), keep={"last": -1})


def test_a_backup_that_cannot_be_written_leaves_nothing_and_removes_nothing(tmp_path: Path) -> None:
    with registry() as a:
        fill(a)
        a.run("backup", directory=str(tmp_path / "backups"))
        [first, *_] = a.hook.content_list(after="", limit=10).items
        a.hook.content_delete(content_hash=first.hash)
        with pytest.raises(OperationError, match=first.hash):
            a.run("backup", directory=str(tmp_path / "backups"), keep={"last": 1})
        assert len(list((tmp_path / "backups").iterdir())) == 1
        (tmp_path / "file").write_text("")
        with pytest.raises(StorageError, match=r"File exists|Not a directory"):
            a.run("backup", directory=str(tmp_path / "file"))


def test_a_restore_that_fails_in_the_middle_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with registry(tmp_path / "a", "sqlite") as a, registry(tmp_path / "b", "sqlite") as b:
        fill(a, 9)
        path = a.run("backup", directory=str(tmp_path / "backups"))["path"]
        b.create("mine", content_hash=b.upload(b"mine" * 5000))
        before = whole(b)
        for name in ("storage_put_artifacts", "storage_append_logs", "storage_put_record", "content_commit"):

            def failing(**_: Any) -> Any:
                raise RuntimeError("power failure")

            with monkeypatch.context() as patch:
                patch.setattr(b.hook, name, failing)
                with pytest.raises(OperationError, match="power failure"):
                    b.run("backup_restore", path=path, force=True)
            assert whole(b) == before
        shutil.copy(path, tmp_path / "copy.hhb")
        b.run("backup_restore", path=str(tmp_path / "copy.hhb"), force=True)
        assert b.descriptions() == a.descriptions()
