"""A guest for tests: calls WASI functions the way the gate does, without a component around it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hyperhost.capabilities.grants import GrantSet
from hyperhost.contracts.limits import Limits
from hyperhost.sandbox.call import Budget, Call
from hyperhost.sandbox.interface import Err, HostFunction
from hyperhost.sandbox.services import MemoryLog, Services
from hyperhost.sandbox.wasi import close_state, wasi_interfaces


class StillClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.time_ns = 1_700_000_000_123_456_789
        self.passed_ns = 5_000
        self.naps: list[float] = []

    def now_ns(self) -> int:
        return self.time_ns

    def monotonic_ns(self) -> int:
        return self.passed_ns

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.passed_ns += max(1, round(seconds * 1e9))


class Guest:
    """One instance of one plugin."""

    def __init__(self, *grants: str, limits: Limits | None = None, services: Any = None) -> None:
        self.log = MemoryLog()
        self.services = services or Services(log=self.log, environ={})
        self.grants = GrantSet("p", None, grants)
        self.state: dict[str, Any] = {}
        self.limits = limits or Limits(deadline="20s")
        self.functions: dict[str, HostFunction] = {}
        for interface in wasi_interfaces():
            for name, function in interface.functions().items():
                self.functions[f"{interface.name} {name}"] = function
        self.new_call()

    def new_call(self) -> None:
        """Begin the next hook call of the same instance."""
        self.running = Call("p", "check", Budget(self.limits), self.grants, {}, self.services, self.state)

    def call(self, interface: str, function: str, *arguments: Any) -> Any:
        """Call as the gate does: check the requirements, then run the body."""
        found = self.functions[f"wasi:{interface} {function}"]
        self.running.begin_host_call()
        needed = found.requires(self.running, *arguments)
        assert needed or found.unprivileged, f"{function} names no capability"
        for capability in needed:
            self.grants.require(capability, hook="check")
        return found.body(self.running, *arguments)

    def refusal(self, interface: str, function: str, *arguments: Any) -> Any:
        """The ``err`` case that the call answers with."""
        with pytest.raises(Err) as caught:
            self.call(interface, function, *arguments)
        return caught.value.value

    def lines(self, level: str) -> list[str]:
        """Logged lines of one level."""
        return [record.message for record in self.log.records("p") if record.level == level]

    # --- file system --------------------------------------------------------------------------

    def method(self, name: str, *arguments: Any) -> Any:
        """Call a method of a descriptor."""
        return self.call("filesystem/types", f"[method]descriptor.{name}", *arguments)

    def method_refusal(self, name: str, *arguments: Any) -> Any:
        """The error code a method of a descriptor answers with."""
        return self.refusal("filesystem/types", f"[method]descriptor.{name}", *arguments)

    def roots(self) -> dict[str, int]:
        """Preopened directories by name."""
        return {name: handle for handle, name in self.call("filesystem/preopens", "get-directories")}

    def root(self, path: Path) -> int:
        """The preopened directory called ``path``."""
        return self.roots()[str(path)]

    def open(self, base: int, path: str, flags: str = "read", how: str = "", *, follow: bool = True) -> int:
        """Open a file; flags are separated by spaces."""
        handle = self.method("open-at", *open_arguments(base, path, flags, how, follow=follow))
        assert isinstance(handle, int)
        return handle

    def open_refusal(
        self, base: int, path: str, flags: str = "read", how: str = "", *, follow: bool = True
    ) -> Any:
        """The error code that opening answers with."""
        return self.method_refusal("open-at", *open_arguments(base, path, flags, how, follow=follow))

    def names(self, directory: int) -> set[tuple[str, str]]:
        """Entries of an open directory with their types."""
        stream = self.method("read-directory", directory)
        found = set()
        reading = "[method]directory-entry-stream.read-directory-entry"
        while (entry := self.call("filesystem/types", reading, stream)) is not None:
            found.add((entry["name"], entry["type"]))
        return found

    def close(self) -> None:
        """End the instance."""
        close_state(self.state)


def open_arguments(base: int, path: str, flags: str, how: str, *, follow: bool) -> tuple[Any, ...]:
    links = frozenset({"symlink-follow"} if follow else ())
    return base, links, path, frozenset(how.split()), frozenset(flags.split())


def count_files() -> int:
    """File descriptors of this process."""
    return len(os.listdir("/dev/fd"))  # noqa: PTH208 - names are enough


@pytest.fixture
def make_guest() -> Iterator[Callable[..., Guest]]:
    """Makes guests, ends them after the test, and checks that no file descriptor is left open."""
    before = count_files()
    made: list[Guest] = []

    def make(*grants: str, **options: Any) -> Guest:
        made.append(Guest(*grants, **options))
        return made[-1]

    yield make
    for guest in made:
        guest.close()
    assert count_files() == before, "file descriptors leaked"


@pytest.fixture
def still_clock() -> StillClock:
    """A clock that tests control."""
    return StillClock()
