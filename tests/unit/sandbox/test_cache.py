"""The compile cache: found when it should be, never when anybody else could have written it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from echo_components import package
from small_components import CALLS, COUNT, TRAP, Small, component

import hyperhost
from hyperhost.errors import CacheError
from hyperhost.sandbox import cache as cache_module
from hyperhost.sandbox.cache import CompileCache
from hyperhost.sandbox.engine import Sandbox

CODE = bytes(range(256)) * 100
KEY = CompileCache.key("ab" * 32, "settings")


@pytest.fixture
def problems() -> list[CacheError]:
    return []


@pytest.fixture
def open_cache(tmp_path: Path, problems: list[CacheError]) -> Callable[[], CompileCache]:
    return lambda: CompileCache(tmp_path / "cache", tmp_path / "cache.key", problems.append)


def files(tmp_path: Path) -> set[str]:
    return {path.suffix for path in (tmp_path / "cache").iterdir()}


def test_what_was_stored_is_found_by_the_next_program(
    open_cache: Callable[[], CompileCache], problems: list[CacheError]
) -> None:
    first = open_cache()
    assert first.find(KEY) is None
    first.store(KEY, CODE)
    for cache in (first, open_cache()):
        found = cache.find(KEY)
        assert found is not None
        assert found.read_bytes() == CODE
    assert problems == []


def test_the_key_holds_the_component_and_the_settings() -> None:
    keys = {CompileCache.key(digest, settings) for digest in ("a" * 64, "b" * 64) for settings in ("x", "y")}
    assert len(keys) == 4
    assert CompileCache.key("a" * 64, "x") in keys


def test_files_are_closed_to_others(tmp_path: Path, open_cache: Callable[[], CompileCache]) -> None:
    open_cache().store(KEY, CODE)
    for path in (tmp_path / "cache", tmp_path / "cache.key", *(tmp_path / "cache").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.parametrize("size", [0, 1, 4 * 1024**2, 4 * 1024**2 + 1, 9 * 1024**2])
def test_code_of_any_size(
    open_cache: Callable[[], CompileCache], problems: list[CacheError], size: int
) -> None:
    cache = open_cache()
    cache.store(KEY, bytearray(os.urandom(size)))
    assert cache.find(KEY) is not None
    assert problems == []


def change_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "alter",
    [
        lambda code, mac: change_byte(code),
        lambda code, mac: code.write_bytes(code.read_bytes()[:-1]),
        lambda code, mac: code.write_bytes(b""),
        lambda code, mac: change_byte(mac),
        lambda code, mac: mac.write_text(""),
        lambda code, mac: mac.write_bytes(b"\xff\xfe"),
        lambda code, mac: code.chmod(0o666),
    ],
    ids=[
        "code changed",
        "code cut",
        "code emptied",
        "digest changed",
        "digest empty",
        "no text",
        "open to others",
    ],
)
def test_an_altered_entry_is_dropped_and_reported(
    tmp_path: Path,
    open_cache: Callable[[], CompileCache],
    problems: list[CacheError],
    alter: Callable[[Path, Path], None],
) -> None:
    cache = open_cache()
    cache.store(KEY, CODE)
    alter(tmp_path / "cache" / f"{KEY}.cwasm", tmp_path / "cache" / f"{KEY}.mac")
    assert cache.find(KEY) is None
    assert len(problems) == 1
    assert f"compile cache entry {KEY[:12]} was altered" in problems[0].message
    assert "compiled anew" in problems[0].hint
    assert files(tmp_path) == set()
    cache.store(KEY, CODE)
    assert cache.find(KEY) is not None


def test_an_entry_of_another_component_is_no_entry_of_this_one(
    tmp_path: Path, open_cache: Callable[[], CompileCache], problems: list[CacheError]
) -> None:
    cache = open_cache()
    other = CompileCache.key("cd" * 32, "settings")
    cache.store(KEY, CODE)
    for suffix in (".cwasm", ".mac"):
        (tmp_path / "cache" / f"{other}{suffix}").write_bytes(
            (tmp_path / "cache" / f"{KEY}{suffix}").read_bytes()
        )
        (tmp_path / "cache" / f"{other}{suffix}").chmod(0o600)
    assert cache.find(other) is None
    assert "its digest does not fit" in problems[0].message


def test_a_link_is_not_followed(tmp_path: Path, open_cache: Callable[[], CompileCache]) -> None:
    cache = open_cache()
    cache.store(KEY, CODE)
    entry = tmp_path / "cache" / f"{KEY}.cwasm"
    entry.rename(tmp_path / "elsewhere")
    entry.symlink_to(tmp_path / "elsewhere")
    assert cache.find(KEY) is None
    assert (tmp_path / "elsewhere").read_bytes() == CODE


def test_half_an_entry_is_none(
    tmp_path: Path, open_cache: Callable[[], CompileCache], problems: list[CacheError]
) -> None:
    cache = open_cache()
    cache.store(KEY, CODE)
    (tmp_path / "cache" / f"{KEY}.mac").unlink()
    assert cache.find(KEY) is None
    assert problems == []


def test_an_entry_of_another_key_is_dropped(
    tmp_path: Path, open_cache: Callable[[], CompileCache], problems: list[CacheError]
) -> None:
    open_cache().store(KEY, CODE)
    (tmp_path / "cache.key").unlink()
    assert open_cache().find(KEY) is None
    assert "was altered" in problems[0].message


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o707])
def test_a_directory_that_is_open_to_others_is_not_used(
    tmp_path: Path, open_cache: Callable[[], CompileCache], problems: list[CacheError], mode: int
) -> None:
    (tmp_path / "cache").mkdir(mode=0o700)
    (tmp_path / "cache").chmod(mode)
    cache = open_cache()
    assert "is open to other users" in problems[0].message
    assert "chmod 700" in problems[0].hint
    cache.store(KEY, CODE)
    assert files(tmp_path) == set()
    assert cache.find(KEY) is None


def test_a_key_that_is_open_to_others_or_damaged_is_not_used(
    tmp_path: Path, open_cache: Callable[[], CompileCache], problems: list[CacheError]
) -> None:
    key = tmp_path / "cache.key"
    open_cache()
    key.chmod(0o640)
    open_cache()
    assert "is not a file that only you can read" in problems[-1].message
    key.chmod(0o600)
    key.write_bytes(b"short")
    assert open_cache().find(KEY) is None
    assert "is damaged" in problems[-1].message


def test_a_directory_that_cannot_be_made_is_reported_once(tmp_path: Path, problems: list[CacheError]) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = CompileCache(tmp_path / "file", tmp_path / "cache.key", problems.append)
    cache.store(KEY, CODE)
    assert cache.find(KEY) is None
    assert len(problems) == 1
    assert "cannot be used" in problems[0].message


def test_writing_fails_without_harm(
    tmp_path: Path, open_cache: Callable[[], CompileCache], problems: list[CacheError]
) -> None:
    cache = open_cache()
    (tmp_path / "cache").rmdir()
    cache.store(KEY, CODE)
    assert "cannot be written" in problems[0].message
    assert "every start compiles it anew" in problems[0].hint


def test_the_oldest_entries_go_first_when_the_cache_is_full(
    tmp_path: Path, open_cache: Callable[[], CompileCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "_MAX_BYTES", 3 * len(CODE))
    cache = open_cache()
    keys = [CompileCache.key(str(number), "") for number in range(5)]
    for age, key in enumerate(keys):
        cache.store(key, CODE)
        os.utime(tmp_path / "cache" / f"{key}.cwasm", (1_000_000 + age, 1_000_000 + age))
    assert [cache.find(key) is not None for key in keys] == [False, False, True, True, True]
    assert len(list((tmp_path / "cache").iterdir())) == 6


def test_no_half_written_files_are_left(tmp_path: Path, open_cache: Callable[[], CompileCache]) -> None:
    cache = open_cache()
    for number in range(20):
        cache.store(CompileCache.key(str(number), ""), CODE)
    assert files(tmp_path) == {".cwasm", ".mac"}


# --- with wasmtime ------------------------------------------------------------------------------------


COMPONENT = component([COUNT, TRAP], core=CALLS)


def entries(home: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (home / "cache").glob("*.cwasm")}


def count(home: Path) -> None:
    with hyperhost.Host("test", specs=[Small], home=home) as host:
        host.load(package(COMPONENT))
        assert host.hook.count() == [1]
        assert host.faults == ()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir(mode=0o700)
    return made


def test_a_host_compiles_once_and_then_finds_it(home: Path) -> None:
    count(home)
    before = entries(home)
    assert len(before) == 1
    count(home)
    assert entries(home) == before


def test_another_process_finds_it_too(home: Path) -> None:
    count(home)
    before = entries(home)
    program = f"""
import sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
import wasmtime.component
from small_components import CALLS, COUNT, TRAP, component
from hyperhost.sandbox.engine import Sandbox
wasmtime.component.Component.__init__ = None  # nothing is compiled here
sandbox = Sandbox([], Path({str(home / "cache")!r}))
made = sandbox.compile(component([COUNT, TRAP], core=CALLS))
made.close()
sandbox.close()
print("found")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "found\n", done.stderr
    assert entries(home) == before


def test_with_and_without_fuel_are_two_entries(home: Path) -> None:
    sandbox = Sandbox([], home / "cache")
    for fuel in (False, True, False):
        sandbox.compile(COMPONENT, fuel=fuel).close()
    sandbox.close()
    assert len(entries(home)) == 2


def test_an_altered_entry_is_compiled_anew_and_recorded_as_a_fault(home: Path) -> None:
    count(home)
    (entry,) = (home / "cache").glob("*.cwasm")
    change_byte(entry)
    with hyperhost.Host("test", specs=[Small], home=home) as host:
        host.load(package(COMPONENT))
        assert host.hook.count() == [1]
        (fault,) = host.faults
        assert (fault.plugin, fault.hook, fault.code) == ("", "", "HH-CACHE")
        assert "was altered" in fault.message
    count(home)


def test_code_of_another_build_is_compiled_anew(home: Path) -> None:
    problems: list[CacheError] = []
    sandbox = Sandbox([], home / "cache", problems.append)
    sandbox.compile(COMPONENT).close()
    (entry,) = (home / "cache").glob("*.cwasm")
    store = CompileCache(home / "cache", home / "cache.key", problems.append)
    store.store(entry.stem, b"what another build of wasmtime wrote")
    made = sandbox.compile(COMPONENT)
    made.close()
    sandbox.close()
    assert problems == []
    assert entry.stat().st_size > 1000


def test_without_a_home_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with hyperhost.Host("test", specs=[Small]) as host:
        host.load(package(COMPONENT))
        assert host.hook.count() == [1]
    assert list(tmp_path.iterdir()) == []


def full_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the entries that are read in full from here on."""
    read: list[str] = []
    original = CompileCache._mac

    def counted(self: CompileCache, key: str, *arguments: object) -> str:
        read.append(key)
        return original(self, key, *arguments)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(CompileCache, "_mac", counted)
    return read


def test_an_unchanged_entry_is_not_read_again(
    open_cache: Callable[[], CompileCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_cache().store(KEY, CODE)
    read = full_reads(monkeypatch)
    assert open_cache().find(KEY) is not None
    assert read == []


def test_an_entry_that_was_copied_is_read_once_and_sealed_anew(
    tmp_path: Path, open_cache: Callable[[], CompileCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_cache().store(KEY, CODE)
    entry = tmp_path / "cache" / f"{KEY}.cwasm"
    copy = entry.with_suffix(".copy")
    copy.write_bytes(entry.read_bytes())
    copy.chmod(0o600)
    copy.replace(entry)
    read = full_reads(monkeypatch)
    assert open_cache().find(KEY) is not None
    assert open_cache().find(KEY) is not None
    assert read == [KEY]


def test_a_change_that_puts_size_and_time_back_is_found(
    tmp_path: Path, open_cache: Callable[[], CompileCache], problems: list[CacheError]
) -> None:
    open_cache().store(KEY, CODE)
    entry = tmp_path / "cache" / f"{KEY}.cwasm"
    before = entry.stat()
    with entry.open("r+b") as file:
        file.write(b"\xff")
    os.utime(entry, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert entry.stat().st_size == before.st_size
    assert entry.stat().st_mtime_ns == before.st_mtime_ns
    assert open_cache().find(KEY) is None
    assert "its digest does not fit" in problems[0].message


def test_a_seal_of_another_entry_is_worth_nothing(
    tmp_path: Path, open_cache: Callable[[], CompileCache], problems: list[CacheError]
) -> None:
    other = CompileCache.key("cd" * 32, "settings")
    cache = open_cache()
    cache.store(KEY, CODE)
    cache.store(other, CODE[::-1])
    directory = tmp_path / "cache"
    (directory / f"{KEY}.cwasm").write_bytes(CODE[::-1])
    seal = (directory / f"{other}.mac").read_text().partition("\n")[2]
    first = (directory / f"{KEY}.mac").read_text().partition("\n")[0]
    (directory / f"{KEY}.mac").write_text(f"{first}\n{seal}")
    assert open_cache().find(KEY) is None
    assert "its digest does not fit" in problems[0].message
