from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

import hyperhost.errors
from hyperhost.contracts.limits import Limits
from hyperhost.errors import LockFileError
from hyperhost.host.lockfile import LockEntry, LockFile
from hyperhost.host.manifest import Manifest
from hyperhost.host.package import Package

ROOT = Path(hyperhost.errors.__file__).parents[2]
ENTRY = LockEntry(
    id="scan",
    version="1.0.0",
    digest="sha256:" + "ab" * 32,
    publisher="ed25519:" + "cd" * 32,
    source="/plugins/scan.hhp",
    requested=("fs.read:/data", "log"),
    granted=("log",),
    limits=Limits(memory="32MiB", fuel=1000),
    state="active",
    installed_at="2026-01-02T03:04:05.000006Z",
)


def python(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment)


@pytest.fixture
def lock(tmp_path: Path) -> LockFile:
    return LockFile(tmp_path / "home" / "plugins.lock")


def test_without_a_file_nothing_is_installed(lock: LockFile) -> None:
    assert lock.read() == {}
    assert not lock.path.parent.exists()


def test_what_is_written_is_read_back(lock: LockFile) -> None:
    with lock.update() as entries:
        entries["scan"] = ENTRY
        entries["a"] = LockEntry("a", "0.0.0", "sha256:00")
    assert lock.read() == {"a": LockEntry("a", "0.0.0", "sha256:00"), "scan": ENTRY}
    assert list(lock.read()) == ["a", "scan"]
    with lock.update() as entries:
        del entries["a"]
    assert lock.read() == {"scan": ENTRY}


def test_the_file_is_readable_and_always_the_same(lock: LockFile) -> None:
    with lock.update() as entries:
        entries["scan"] = replace(ENTRY, requested=("log", "fs.read:/data"))
    assert lock.path.read_text() == (
        "# Installed plugins and what each was granted. Written by hyperhost; change it with\n"
        "# 'hyperhost plugin grant' and 'hyperhost plugin revoke'.\n"
        "format = 1\n\n[plugins.scan]\n"
        f'version = "1.0.0"\ndigest = "sha256:{"ab" * 32}"\npublisher = "ed25519:{"cd" * 32}"\n'
        'source = "/plugins/scan.hhp"\nstate = "active"\ninstalled_at = "2026-01-02T03:04:05.000006Z"\n'
        'requested = ["fs.read:/data", "log"]\ngranted = ["log"]\n\n'
        '[plugins.scan.limits]\nfuel = 1000\nmemory = "32MiB"\n'
    )


def test_an_update_that_changes_nothing_does_not_touch_the_file(lock: LockFile) -> None:
    with lock.update() as entries:
        entries["scan"] = ENTRY
    before = lock.path.stat()
    with lock.update() as entries:
        entries["scan"] = replace(ENTRY)
    assert lock.path.stat().st_ino == before.st_ino


def test_an_error_in_the_block_changes_nothing(lock: LockFile) -> None:
    with lock.update() as entries:
        entries["scan"] = ENTRY
    with pytest.raises(KeyError), lock.update() as entries:
        del entries["scan"], entries["not there"]
    assert lock.read() == {"scan": ENTRY}


def test_an_entry_under_another_id_is_refused(lock: LockFile) -> None:
    with (
        pytest.raises(LockFileError, match="the entry of 'scan' was stored as 'b'"),
        lock.update() as entries,
    ):
        entries["b"] = ENTRY
    assert lock.read() == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format = 1\n[plugins.scan\n", "line 2: "),
        ("format = 1\n[plugins.scan]\nversion = ", "line 3: "),
        ("plugins = {}", "the key 'format' is missing, unknown or wrong"),
        ("format = 1\nx = 2", "line 2: the key 'x' is missing, unknown or wrong"),
        ("format = 1\nplugins = 3", "line 2: the key 'plugins'"),
        ("format = 2", "written by a newer version (format 2) (upgrade hyperhost"),
        (
            "format = 1\n\n[plugins.scan]\nversion = 3",
            "line 3: plugin 'scan': the key 'version' is missing or no text",
        ),
        ("format = 1\n[plugins]\nscan = 3", "plugin 'scan': it is no table"),
    ],
)
def test_a_corrupt_file_is_named_by_line_and_never_overwritten(lock: LockFile, text: str, words: str) -> None:
    lock.path.parent.mkdir()
    lock.path.write_text(text)
    with pytest.raises(LockFileError) as caught:
        lock.read()
    assert words in str(caught.value)
    with pytest.raises(LockFileError), lock.update() as entries:
        entries.clear()
    assert lock.path.read_text() == text


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('state = "active"', 'state = "happy"', "the state 'happy' is none of installed, active"),
        ('granted = ["log"]', 'granted = "log"', "the key 'granted' is missing or no list of texts"),
        ('memory = "32MiB"', 'memory = "lots"', "limits: 'lots' is not a size"),
        ('memory = "32MiB"', 'memry = "32MiB"', "limits: unknown limit 'memry'"),
        ('state = "active"', 'state = "active"\nmood = 1', "the key 'mood' is unknown"),
    ],
)
def test_a_corrupt_entry_is_named(lock: LockFile, old: str, new: str, words: str) -> None:
    with lock.update() as entries:
        entries["scan"] = ENTRY
    lock.path.write_text(lock.path.read_text().replace(old, new))
    with pytest.raises(LockFileError) as caught:
        lock.read()
    assert words in str(caught.value)
    assert caught.value.plugin == "scan"
    assert "line 5" in str(caught.value)


def test_bytes_that_are_no_utf8_are_named_by_line(lock: LockFile) -> None:
    lock.path.parent.mkdir()
    lock.path.write_bytes(b"format = 1\n# \xff\n")
    with pytest.raises(LockFileError, match="line 2"):
        lock.read()


def test_an_unreadable_file_is_a_typed_error(lock: LockFile) -> None:
    lock.path.mkdir(parents=True)
    with pytest.raises(LockFileError, match="cannot be read"):
        lock.read()


def test_an_unusable_home_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(LockFileError, match="cannot be locked"),
        LockFile(tmp_path / "file" / "plugins.lock").update(),
    ):
        pass


def test_a_second_writer_gives_up_in_time_and_nesting_does_not_hang(lock: LockFile) -> None:
    impatient = LockFile(lock.path, timeout_s=0.05)
    with (
        lock.update() as entries,
        pytest.raises(LockFileError, match=r"was locked by another writer for 0\.05 s"),
        impatient.update(),
    ):
        entries["scan"] = ENTRY
    with impatient.update() as entries:
        entries["scan"] = ENTRY


KILLED = """
import os, signal, sys
from dataclasses import replace
from hyperhost.host.lockfile import LockFile
# Dies by a real signal where the temporary file is complete and the replacement has not begun.
os.replace = os.rename = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)
with LockFile(sys.argv[1]).update() as entries:
    entries["scan"] = replace(entries["scan"], state="failed")
"""


def test_a_crash_between_writing_and_replacing_leaves_the_old_file(lock: LockFile) -> None:
    with lock.update() as entries:
        entries["scan"] = ENTRY
    before = lock.path.read_bytes()
    with python(KILLED, str(lock.path)) as process:
        assert process.wait(60) == -signal.SIGKILL
    assert lock.path.read_bytes() == before
    assert [file.name for file in lock.path.parent.iterdir() if file.name.endswith(".tmp")]
    with lock.update() as entries:
        entries["scan"] = replace(ENTRY, state="inactive")
    assert lock.read()["scan"].state == "inactive"
    assert sorted(file.name for file in lock.path.parent.iterdir()) == [".plugins.lock.guard", "plugins.lock"]


HALF_WRITTEN = """
import os, sys
from hyperhost.host.lockfile import LockFile
os.fsync = lambda descriptor: os._exit(7)
with LockFile(sys.argv[1]).update() as entries:
    entries.clear()
"""


def test_a_crash_while_writing_leaves_the_old_file(lock: LockFile) -> None:
    with lock.update() as entries:
        entries["scan"] = ENTRY
    with python(HALF_WRITTEN, str(lock.path)) as process:
        assert process.wait(60) == 7
    assert lock.read() == {"scan": ENTRY}


ADDS = """
import sys
from hyperhost.host.lockfile import LockEntry, LockFile
for number in range(25):
    with LockFile(sys.argv[1], timeout_s=60).update() as entries:
        name = f"{sys.argv[2]}{number}"
        entries[name] = LockEntry(name, "1.0.0", "sha256:00")
"""


def test_two_processes_that_update_at_once_lose_nothing(lock: LockFile) -> None:
    with python(ADDS, str(lock.path), "a") as one, python(ADDS, str(lock.path), "b") as two:
        assert (one.wait(90), two.wait(90)) == (0, 0)
    assert set(lock.read()) == {f"{letter}{number}" for letter in "ab" for number in range(25)}


def test_threads_that_update_at_once_lose_nothing(lock: LockFile) -> None:
    def add(letter: str) -> None:
        for number in range(10):
            with lock.update() as entries:
                entries[f"{letter}{number}"] = LockEntry(f"{letter}{number}", "1.0.0", "sha256:00")

    threads = [threading.Thread(target=add, args=(letter,)) for letter in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lock.read()) == 30


def test_no_descriptor_stays_open(lock: LockFile) -> None:
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir())) if descriptors.exists() else 0
    for number in range(5):
        with lock.update() as entries:
            entries["scan"] = replace(ENTRY, version=f"1.0.{number}")
    if before:
        assert len(list(descriptors.iterdir())) == before


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"digest": "sha256:00"}, False),
        ({"publisher": ""}, False),
        ({"manifest": Manifest("b", "1.0.0")}, False),
    ],
)
def test_grants_are_bound_to_id_digest_and_publisher(change: dict[str, object], expected: bool) -> None:
    package = Package(Manifest("scan", "1.0.0"), b"", ENTRY.digest, ENTRY.publisher, Path("x"))
    assert ENTRY.binds(replace(package, **change)) is expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (replace(ENTRY, id="../.."), "the id '../..'"),
        (replace(ENTRY, id=".."), "the id '..'"),
        (replace(ENTRY, version="1/../../../victim"), "the version '1/../../../victim'"),
        (replace(ENTRY, digest="sha256:/../victim"), "the digest 'sha256:/../victim'"),
    ],
)
def test_an_entry_that_leads_out_of_the_home_is_refused(lock: LockFile, entry: LockEntry, words: str) -> None:
    with lock.update() as entries:
        entries[entry.id] = entry
    with pytest.raises(LockFileError, match=words):
        lock.read()
