"""A host under attack, and the proof that it is as clean afterwards as it was before."""

from __future__ import annotations

import gc
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

import hyperhost
from hyperhost import Limits
from hyperhost.errors import HyperHostError, LimitError
from hyperhost.sandbox.footprint import guest_memory_bytes

sys.path.insert(0, str(Path(__file__).parent))

from wat import GOOD, Guest


@dataclass(frozen=True, slots=True)
class Left:
    n: int


@dataclass(frozen=True, slots=True)
class Right:
    s: str


@dataclass(frozen=True, slots=True)
class Point:
    x: bool
    y: bool


class Probe:
    """Hooks for guests to abuse. They are gates: a fault of one implementation reaches the caller."""

    @hyperhost.hookspec(firstresult=True)
    def run(self, n: int) -> int: ...

    @hyperhost.hookspec(firstresult=True)
    def text(self, text: str) -> str: ...

    @hyperhost.hookspec(firstresult=True)
    def flag(self) -> bool: ...

    @hyperhost.hookspec(firstresult=True)
    def color(self) -> Literal["red", "green"]: ...

    @hyperhost.hookspec(firstresult=True)
    def maybe(self) -> int | None: ...

    @hyperhost.hookspec(firstresult=True)
    def either(self) -> Left | Right: ...

    @hyperhost.hookspec(firstresult=True)
    def octets(self) -> bytes: ...

    @hyperhost.hookspec(firstresult=True)
    def words(self) -> list[str]: ...

    @hyperhost.hookspec(firstresult=True)
    def numbers(self) -> list[int]: ...

    @hyperhost.hookspec(firstresult=True)
    def points(self) -> list[Point]: ...

    @hyperhost.hookspec(on_fault="skip")
    def hint(self, n: int) -> int: ...


class Arena:
    """A host with a home, one place to put hostile files, and words for what is expected of it.

    Attributes:
        host: The host under attack.
        path: Where hostile files go.
        home: The host's home directory.
    """

    def __init__(self, path: Path, **options: Any) -> None:
        self.path = path
        self.home = path / "home"
        self.closed = False
        self.host = hyperhost.Host("arena", specs=[Probe], home=self.home, **options)

    def put(self, guest: Guest | str | bytes, name: str = "evil") -> Path:
        """Write a component, or whatever poses as one, to a file."""
        path = self.path / f"{name}.wasm"
        if isinstance(guest, Guest):
            return guest.write(path)
        path.write_bytes(Guest.compiled(guest) if isinstance(guest, str) else guest)
        return path

    def load(self, guest: Guest | str | bytes, name: str = "evil", **options: Any) -> hyperhost.Plugin:
        """Load a component with a deadline that no test has to wait long for."""
        options.setdefault("limits", Limits(deadline="2s"))
        return self.host.load(self.put(guest, name), **options)

    def run(self, guest: Guest | str | bytes, hook: str = "run", n: int = 3, **options: Any) -> Any:
        """Load a component and call one hook of it."""
        plugin = self.load(guest, **options)
        return plugin.call(hook, **{"run": {"n": n}, "hint": {"n": n}, "text": {"text": "x"}}.get(hook, {}))

    @contextmanager
    def ends(
        self,
        kind: type[HyperHostError],
        words: str,
        *,
        hook: str | None = "run",
        plugin: str | None = "evil",
        hint: str = ".",
        limit: str = "",
    ) -> Iterator[pytest.ExceptionInfo[HyperHostError]]:
        """What is done inside ends in exactly this error, which says everything it should."""
        with pytest.raises(kind) as caught:
            yield caught
        error = caught.value
        assert type(error) is kind
        assert re.search(words, error.message), error.message
        assert error.plugin == plugin
        assert error.hook == hook
        assert re.search(hint, error.hint), error.hint
        assert len(str(error)) < 3000
        assert str(error).isprintable()
        if isinstance(error, LimitError):
            assert error.limit == limit

    def nothing_is_registered(self, name: str = "evil") -> None:
        """A plugin that was refused left no trace."""
        assert name not in self.host.plugins
        assert name not in {plugin_id for plugin_id, _ in self.host._roster.manager.list_name_plugin()}

    def prove_alive(self) -> None:
        """A plugin that means no harm still answers."""
        good = self.host.load(self.put(GOOD, "good"))
        assert good.call("run", n=21) == 42
        assert good.call("text", text="Grüße") == "Grüße"

    def prove_idle(self) -> None:
        """No call runs, none is watched, and no function of an unloaded plugin is kept."""
        gate, ticker = self.host.sandbox.gate, self.host.sandbox.ticker
        assert gate.calls == {}
        assert gate.running.calls == []
        assert ticker._deadlines == {}

    def close(self) -> None:
        """Unload everything; the last plugin takes the last host function with it."""
        gate = self.host.sandbox.gate
        self.host.close()
        self.closed = True
        assert gate._functions == {}
        assert gate._destructors == {}


def open_files() -> dict[str, str]:
    """Open file descriptors of this process."""
    found = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - descriptors may close meanwhile
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115 - the same
        except FileNotFoundError:
            continue
    return found


def leftovers(*directories: Path) -> list[str]:
    """Files that were meant to be temporary."""
    names = [path.name for directory in directories for path in directory.rglob("*")]
    return [name for name in names if name.startswith(".") or name.endswith((".tmp", "-journal", ".new"))]


@pytest.fixture(scope="session", autouse=True)
def _warm(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a process opens and starts once (wasmtime's compile threads) is not a leak."""
    arena = Arena(tmp_path_factory.mktemp("warm"))
    arena.prove_alive()
    arena.close()


@pytest.fixture
def make_arena(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Arena]]:
    """Makes hosts, and checks after the test that nothing of them is left in the process."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    files, threads = open_files(), set(threading.enumerate())
    made: list[Arena] = []

    def make(path: Path = tmp_path / "arena", **options: Any) -> Arena:
        path.mkdir(exist_ok=True)
        made.append(Arena(path, **options))
        return made[-1]

    yield make
    for arena in made:
        if arena.closed:
            continue
        arena.prove_idle()
        arena.prove_alive()
        arena.prove_idle()
        arena.close()
    if open_files().keys() != files.keys() or guest_memory_bytes() is not None:
        gc.collect()  # what an exception kept alive goes with it
    for thread in set(threading.enumerate()) - threads:
        thread.join(1)  # one of the test's own
    assert set(threading.enumerate()) <= threads, "threads leaked"
    assert open_files().keys() == files.keys(), "file descriptors leaked"
    assert guest_memory_bytes() is None, "memory of a guest leaked"
    assert leftovers(tmp_path) == [], "temporary files leaked"
    assert list(temporary.iterdir()) == [], "temporary files leaked"


@pytest.fixture
def arena(make_arena: Callable[..., Arena]) -> Arena:
    """A host to attack; it is proved clean and alive when the test is over."""
    return make_arena()


class Resident:
    """The memory this process has, in MiB."""

    @staticmethod
    def _status(key: str) -> float:
        text = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(text.partition(f"{key}:")[2].split()[0]) / 1024

    @contextmanager
    def within(self, mebibytes: float) -> Iterator[None]:
        """The memory's peak inside lies at most this much over what there was before."""
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak begins anew
        before = self._status("VmRSS")
        yield
        grown = self._status("VmHWM") - before
        assert grown < mebibytes, f"the process grew by {grown:.0f} MiB"


@pytest.fixture
def resident() -> Resident:
    """Measures how much the process grows."""
    return Resident()
