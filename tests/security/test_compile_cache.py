"""A compile cache that somebody tampered with, or that cannot be used: never trusted, never in the way."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from wat import DOUBLE, Guest, run

from hyperhost.errors import CacheError

TRIPLE = Guest([run("(i64.mul (local.get $n) (i64.const 3))")])


def entries(home: Path) -> list[Path]:
    """Machine code in the cache of ``home``, oldest first."""
    return sorted((home / "cache").glob("*.cwasm"), key=lambda path: path.stat().st_mtime_ns)


def reported(arena, words: str) -> None:
    """The host recorded one problem of its cache, in words that say what to do."""
    (fault,) = arena.host.faults
    assert type(fault.error) is CacheError
    assert (fault.plugin, fault.hook, fault.code) == ("", "", "HH-CACHE")
    assert words in fault.message, fault.message
    assert fault.error.hint


@pytest.fixture
def restarted(make_arena):
    """Fills a cache, lets ``change`` at it, and starts another host with the same home."""

    def restart(change: Callable[[Path], object]):
        first = make_arena()
        assert first.run(Guest([DOUBLE])) == 6
        first.load(TRIPLE, name="other")
        home = first.home
        first.close()
        change(home)
        return make_arena(path=first.path)

    return restart


def flip(path: Path, index: int) -> None:
    data = bytearray(path.read_bytes())
    data[index] ^= 1
    path.write_bytes(data)


def swap(first: Path, second: Path) -> None:
    aside = first.with_suffix(".aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def link(path: Path) -> None:
    elsewhere = path.parent.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


@pytest.mark.parametrize(
    "change",
    [
        lambda home: flip(entries(home)[0], 0),
        lambda home: flip(entries(home)[0], -1),
        lambda home: flip(entries(home)[0], entries(home)[0].stat().st_size // 2),
        lambda home: entries(home)[0].write_bytes(b""),
        lambda home: entries(home)[0].write_bytes(entries(home)[0].read_bytes()[:-1]),
        lambda home: entries(home)[0].write_bytes(entries(home)[0].read_bytes() + b"\0"),
        lambda home: shutil.copyfile(entries(home)[1], entries(home)[0]),
        lambda home: swap(*entries(home)),
        lambda home: swap(*(path.with_suffix(".mac") for path in entries(home))),
        lambda home: entries(home)[0].with_suffix(".mac").write_text("0" * 64),
        lambda home: entries(home)[0].with_suffix(".mac").write_bytes(b"\xff\xfe"),
        lambda home: entries(home)[0].with_suffix(".mac").write_text(""),
        lambda home: entries(home)[0].chmod(0o666),
        lambda home: link(entries(home)[0]),
        lambda home: (home / "cache.key").unlink(),
        lambda home: (entries(home)[0].unlink(), entries(home)[0].parent.joinpath("x").mkdir()),
    ],
    ids=[
        "first byte flipped",
        "last byte flipped",
        "middle byte flipped",
        "emptied",
        "cut short",
        "made longer",
        "replaced by the code of another component",
        "two swapped",
        "digests swapped",
        "digest forged",
        "digest that is no text",
        "digest emptied",
        "writable by everybody",
        "a symbolic link",
        "key lost",
        "entry lost",
    ],
)
def test_a_cache_entry_that_was_tampered_with(restarted, change, request) -> None:
    arena = restarted(change)
    assert arena.run(Guest([DOUBLE])) == 6
    if "entry lost" not in request.node.name:
        reported(arena, "was altered")
    # It was compiled anew, and the next start finds good code again.
    faults = len(arena.host.faults)
    assert arena.run(Guest([DOUBLE]), id="again") == 6
    assert len(arena.host.faults) == faults


def test_code_with_a_good_digest_that_another_engine_made_is_dropped(restarted, monkeypatch) -> None:
    from hyperhost.sandbox.cache import CompileCache

    def forge(home: Path) -> None:  # only who holds the key can do this
        cache = CompileCache(home / "cache", home / "cache.key", lambda error: None)
        cache.store(entries(home)[0].stem, b"\x7fELF no machine code at all")

    assert restarted(forge).run(Guest([DOUBLE])) == 6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda cache: cache.chmod(0o777), "is open to other users"),
        (lambda cache: cache.chmod(0o750), "is open to other users"),
        (lambda cache: (shutil.rmtree(cache), cache.write_text("not a directory")), "cannot be used"),
        (
            lambda cache: (cache.rename(cache.parent / "real"), cache.symlink_to(cache.parent / "real")),
            "is not a directory of yours",
        ),
        (lambda cache: (cache.parent / "cache.key").chmod(0o644), "is not a file that only you can read"),
        (lambda cache: (cache.parent / "cache.key").write_bytes(b"short"), "is damaged"),
        (
            lambda cache: (
                (cache.parent / "cache.key").rename(cache.parent / "key"),
                (cache.parent / "cache.key").symlink_to(cache.parent / "key"),
            ),
            "is not a file that only you can read",
        ),
    ],
    ids=[
        "writable by everybody",
        "readable by a group",
        "a file in its place",
        "a symbolic link",
        "a key that others can read",
        "a key of the wrong size",
        "a key that is a symbolic link",
    ],
)
def test_a_cache_that_cannot_be_trusted_is_done_without(restarted, change, words: str) -> None:
    arena = restarted(lambda home: change(home / "cache"))
    before = sorted(path.name for path in arena.home.rglob("*.cwasm"))
    assert arena.run(Guest([DOUBLE])) == 6
    assert arena.run(TRIPLE, id="again") == 9
    reported(arena, words)
    assert sorted(path.name for path in arena.home.rglob("*.cwasm")) == before


def test_a_cache_that_becomes_unwritable_while_it_is_used_is_reported_once(arena) -> None:
    arena.prove_alive()
    arena.host.plugin("good").unload()
    cache = arena.home / "cache"
    cache.rename(arena.home / "aside")
    cache.write_text("a file where the directory was")
    assert arena.run(Guest([DOUBLE])) == 6
    assert arena.run(TRIPLE, id="again") == 9
    reported(arena, "cannot be written")


def test_what_a_killed_process_left_in_the_cache_is_cleared_away(arena) -> None:
    arena.prove_alive()
    arena.host.plugin("good").unload()
    left, fresh = arena.home / "cache" / ".new-left", arena.home / "cache" / ".new-fresh"
    left.write_bytes(b"half of an entry")
    fresh.write_bytes(b"another process is writing this")
    os.utime(left, (0, 0))
    assert arena.run(TRIPLE) == 9
    assert (left.exists(), fresh.exists()) == (False, True)
    fresh.unlink()


def test_a_key_that_is_made_by_two_processes_at_once_is_one_key(arena, tmp_path) -> None:
    import threading

    from hyperhost.sandbox.cache import CompileCache

    problems: list[CacheError] = []
    caches: list[CompileCache] = []
    start = threading.Barrier(6)

    def make() -> None:
        start.wait()
        caches.append(
            CompileCache(tmp_path / "shared" / "cache", tmp_path / "shared" / "key", problems.append)
        )

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len({cache._key for cache in caches}) == 1
    assert os.listdir(tmp_path / "shared" / "cache") == []  # noqa: PTH208 - names are enough
