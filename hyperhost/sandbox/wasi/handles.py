"""What one instance holds of WASI: resources by handle, open files, unfinished lines of output.

A handle is the number the guest's runtime carries for a resource. wasmtime already refuses
forged handles and handles of another type; the table checks again, so that a mistake there ends
the guest instead of mixing up objects.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeVar

from hyperhost.errors import LimitError, SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hyperhost.sandbox.call import Call

__all__ = [
    "MAX_FILES",
    "MAX_HANDLES",
    "Closable",
    "FileBudget",
    "HandleTable",
    "OpenFile",
    "Resource",
    "WasiState",
    "close_state",
    "drop",
    "state_of",
]

MAX_HANDLES: Final = 4096
"""Resources one instance may hold at a time."""

MAX_FILES: Final = 64
"""File descriptors one instance may hold at a time; the process has few of them for all plugins."""

_KEY: Final = "wasi"


class Closable(Protocol):
    """Something that lets go of what it holds when the instance ends."""

    def close(self) -> None:
        """Let go of everything. Calling it again does nothing."""
        ...


class Resource:
    """Base class of what handles stand for."""

    noun: ClassVar[str] = "resource"

    def close(self) -> None:
        """Let go of what the resource holds. Calling it again does nothing."""


R = TypeVar("R", bound=Resource)
C = TypeVar("C", bound=Closable)


class HandleTable:
    """Resources of one instance by handle. Handles of dropped resources are used again.

    Args:
        limit: Resources held at a time.
    """

    def __init__(self, limit: int = MAX_HANDLES) -> None:
        self._limit = limit
        self._items: dict[int, Resource] = {}
        self._free: list[int] = []
        self._next = 1

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._items.values())

    def allocate(self, resource: Resource) -> int:
        """A handle for ``resource``, which the table closes when the handle is dropped.

        Raises:
            LimitError: the instance holds as many resources as it may; ``resource`` was closed.
        """
        if len(self._items) >= self._limit:
            resource.close()
            raise LimitError(
                f"the component holds {self._limit} WASI resources, which is the most",
                hint="the component has to drop streams, pollables and files it no longer needs",
            )
        if self._free:
            handle = self._free.pop()
        else:
            handle = self._next
            self._next += 1
        self._items[handle] = resource
        return handle

    def get(self, handle: int, kind: type[R]) -> R:
        """The resource behind ``handle``.

        Raises:
            SandboxError: there is none, or it is of another kind.
        """
        found = self._items.get(handle)
        if not isinstance(found, kind):
            raise SandboxError(f"the component used handle {handle}, which is no open {kind.noun}")
        return found

    def drop(self, handle: int) -> None:
        """Close the resource behind ``handle`` and free the handle; unknown handles are ignored."""
        found = self._items.pop(handle, None)
        if found is not None:
            self._free.append(handle)
            found.close()

    def close(self) -> None:
        """Close every resource."""
        items, self._items, self._free = self._items, {}, []
        for resource in items.values():
            resource.close()


class FileBudget:
    """Counts the file descriptors of one instance.

    Args:
        limit: File descriptors held at a time.
    """

    def __init__(self, limit: int = MAX_FILES) -> None:
        self._limit = limit
        self.used = 0

    def take(self) -> None:
        """Count one more.

        Raises:
            OSError: ``EMFILE``, as from the system; the instance holds as many as it may.
        """
        if self.used >= self._limit:
            raise OSError(errno.EMFILE, f"the component holds {self._limit} open files, which is the most")
        self.used += 1

    def give(self) -> None:
        """Count one less."""
        self.used -= 1


class OpenFile:
    """A file descriptor with several users, closed when the last one is done.

    Args:
        fd: The descriptor; owned from here on.
        budget: Where it was counted; it is counted out when closed.
    """

    def __init__(self, fd: int, budget: FileBudget) -> None:
        self.fd = fd
        self._budget = budget
        self._users = 1

    @classmethod
    def open(
        cls, budget: FileBudget, name: str, flags: int, *, mode: int = 0o666, dir_fd: int | None = None
    ) -> OpenFile:
        """Open ``name``; never waits for the other end of a pipe and is not passed on to programs.

        Raises:
            OSError: as :func:`os.open`, or the instance has no file descriptors left.
        """
        budget.take()
        try:
            fd = os.open(name, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, mode, dir_fd=dir_fd)
        except BaseException:
            budget.give()
            raise
        return cls(fd, budget)

    def share(self) -> OpenFile:
        """The same file for one more user, who releases it in turn."""
        self._users += 1
        return self

    def release(self) -> None:
        """One user is done."""
        self._users -= 1
        if self._users == 0:
            self._budget.give()
            # Whoever wants to know whether data reached the disk has to sync; nobody can act on this.
            with contextlib.suppress(OSError):
                os.close(self.fd)


class WasiState:
    """Everything one instance holds of WASI.

    Attributes:
        handles: Its resources.
        files: Its file descriptors, counted.
        parts: Further things that end with the instance, by name.
    """

    def __init__(self) -> None:
        self.handles = HandleTable()
        self.files = FileBudget()
        self.parts: dict[str, Closable] = {}

    def part(self, name: str, kind: type[C]) -> C:
        """The part called ``name``, made at its first use."""
        found = self.parts.get(name)
        if not isinstance(found, kind):
            found = self.parts[name] = kind()
        return found

    def close(self) -> None:
        """Close all resources, then all parts."""
        self.handles.close()
        parts, self.parts = self.parts, {}
        for part in parts.values():
            part.close()


def state_of(call: Call) -> WasiState:
    """What the instance of ``call`` holds of WASI; empty at first."""
    found = call.state.get(_KEY)
    if not isinstance(found, WasiState):
        found = call.state[_KEY] = WasiState()
    return found


def drop(call: Call, handle: int) -> None:
    """The guest gave up a handle; serves as destructor of every WASI resource type."""
    state_of(call).handles.drop(handle)


def close_state(call_state: dict[str, Any]) -> None:
    """Let go of everything an instance still holds of WASI, when the instance ends.

    Args:
        call_state: The ``state`` its calls had. Calling this again does nothing.
    """
    state = call_state.pop(_KEY, None)
    if isinstance(state, WasiState):
        state.close()
