"""What host functions work on: stores, logs, clocks and the network, each behind a small protocol.

A host hands one :class:`Services` to all its calls. The parts in this module keep everything in
memory; :mod:`hyperhost.host.state` has the ones that survive a restart. Tests and replay replace
single parts: a clock that stands still, a resolver that lies, a network that is not there.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from hyperhost.errors import QuotaError
from hyperhost.sandbox.interfaces.resolver import SystemResolver
from hyperhost.sandbox.revealed import Revealed

__all__ = [
    "Clock",
    "HttpTransport",
    "KeyValueStore",
    "LogRecord",
    "LogSink",
    "MemoryKeyValueStore",
    "MemoryLog",
    "Resolver",
    "Services",
    "SystemClock",
    "TransportError",
    "WireRequest",
    "WireResponse",
    "check_quota",
    "own_store",
    "shared_store",
]

TransportFault = Literal["timeout", "too-large", "dns", "connect", "tls", "protocol"]


# --- key-value stores -------------------------------------------------------------------------


def own_store(plugin: str) -> str:
    """Name of the store that only ``plugin`` reaches."""
    return f"plugin:{plugin}"


def shared_store(name: str) -> str:
    """Name of the store that every plugin granted ``kv:shared:{name}`` reaches."""
    return f"shared:{name}"


class KeyValueStore(Protocol):
    """Bytes by store and key; every method is atomic, also against other processes.

    An entry is charged to the plugin that wrote it last (its *owner*): UTF-8 length of the key plus
    length of the value, over all stores. ``wait_s`` is how long a write may wait for other writers.
    """

    def get(self, store: str, key: str) -> bytes | None:
        """The value of ``key``, or ``None``."""
        ...

    def set(self, store: str, key: str, value: bytes, *, owner: str, quota: int, wait_s: float = 5.0) -> None:
        """Store ``value``; when this returns it survives a crash, as far as the store survives at all.

        Raises:
            QuotaError: ``owner`` would hold more than ``quota`` bytes; nothing was changed.
        """
        ...

    def swap(
        self,
        store: str,
        key: str,
        expected: bytes | None,
        value: bytes | None,
        *,
        owner: str,
        quota: int,
        wait_s: float = 5.0,
    ) -> bool:
        """Store ``value`` if the entry is still ``expected``; ``None`` stands for no entry on either side.

        Returns:
            Whether the entry was as expected, and so was replaced.

        Raises:
            QuotaError: as for :meth:`set`.
        """
        ...

    def delete(self, store: str, key: str, *, wait_s: float = 5.0) -> bool:
        """Remove the entry. Returns whether there was one."""
        ...

    def keys(self, store: str, prefix: str, limit: int) -> list[str]:
        """Up to ``limit`` keys that start with ``prefix``, in order of their code points."""
        ...

    def used_bytes(self, owner: str) -> int:
        """Bytes charged to ``owner`` at present."""
        ...

    def forget(self, owner: str) -> None:
        """Remove the plugin's own store and everything it wrote to shared ones."""
        ...


def check_quota(owner: str, before: int, after: int, quota: int) -> None:
    """Refuse a write that takes ``owner`` from ``before`` to ``after`` bytes, if that is over ``quota``.

    A write that makes the holdings smaller always passes, so that a plugin whose quota was lowered
    can still tidy up.

    Raises:
        QuotaError: the write would take the plugin over its quota.
    """
    if after > quota and after > before:
        raise QuotaError(
            f"the key-value store would hold {after:,} bytes, the limit kv is {quota:,}",
            plugin=owner,
            hint=f"raise limits.kv, or have the plugin delete keys; it holds {before:,} bytes now",
        )


class MemoryKeyValueStore:
    """A :class:`KeyValueStore` that ends with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stores: dict[str, dict[str, tuple[bytes, str]]] = {}
        self._used: dict[str, int] = {}

    def get(self, store: str, key: str) -> bytes | None:
        """The value of ``key``, or ``None``."""
        with self._lock:
            entry = self._stores.get(store, {}).get(key)
        return entry[0] if entry else None

    def set(self, store: str, key: str, value: bytes, *, owner: str, quota: int, wait_s: float = 5.0) -> None:
        """Store ``value`` (see :class:`KeyValueStore`).

        Raises:
            QuotaError: ``owner`` would hold more than ``quota`` bytes; nothing was changed.
        """
        with self._lock:
            self._replace(store, key, value, owner, quota)

    def swap(
        self,
        store: str,
        key: str,
        expected: bytes | None,
        value: bytes | None,
        *,
        owner: str,
        quota: int,
        wait_s: float = 5.0,
    ) -> bool:
        """Store ``value`` if the entry is still ``expected`` (see :class:`KeyValueStore`).

        Raises:
            QuotaError: ``owner`` would hold more than ``quota`` bytes; nothing was changed.
        """
        with self._lock:
            entry = self._stores.get(store, {}).get(key)
            if (entry[0] if entry else None) != expected:
                return False
            self._replace(store, key, value, owner, quota)
            return True

    def delete(self, store: str, key: str, *, wait_s: float = 5.0) -> bool:
        """Remove the entry. Returns whether there was one."""
        with self._lock:
            present = key in self._stores.get(store, {})
            self._replace(store, key, None, "", 0)
            return present

    def keys(self, store: str, prefix: str, limit: int) -> list[str]:
        """Up to ``limit`` keys that start with ``prefix``, in order of their code points."""
        with self._lock:
            found = [key for key in self._stores.get(store, ()) if key.startswith(prefix)]
        return sorted(found)[: max(limit, 0)]

    def used_bytes(self, owner: str) -> int:
        """Bytes charged to ``owner`` at present."""
        with self._lock:
            return self._used.get(owner, 0)

    def forget(self, owner: str) -> None:
        """Remove the plugin's own store and everything it wrote to shared ones."""
        with self._lock:
            for store, entries in list(self._stores.items()):
                for key in [key for key, (_, writer) in entries.items() if writer == owner]:
                    self._replace(store, key, None, "", 0)

    def _replace(self, store: str, key: str, value: bytes | None, owner: str, quota: int) -> None:
        entries = self._stores.setdefault(store, {})
        size = len(key.encode())
        old = entries.get(key)
        freed = size + len(old[0]) if old else 0
        if value is not None:
            before = self._used.get(owner, 0)
            after = before + size + len(value) - (freed if old and old[1] == owner else 0)
            check_quota(owner, before, after, quota)
        if old:
            self._used[old[1]] -= freed
            del entries[key]
        if value is not None:
            entries[key] = (bytes(value), owner)
            self._used[owner] = self._used.get(owner, 0) + size + len(value)
        if not entries:
            del self._stores[store]


# --- logs -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line a plugin wrote.

    Attributes:
        time_ns: When, in nanoseconds since 1970 (UTC).
        plugin: Id of the plugin.
        hook: Hook that was being called, empty outside of a call.
        level: ``debug``, ``info``, ``warning`` or ``error``.
        message: The text, without control characters.
    """

    time_ns: int
    plugin: str
    hook: str
    level: str
    message: str


class LogSink(Protocol):
    """Where plugins' log lines go. Called from many threads; must not raise for the plugin's sake."""

    def write(self, plugin: str, hook: str, level: str, message: str) -> None:
        """Keep one line. ``message`` holds no control characters but may be long."""
        ...


class MemoryLog:
    """A :class:`LogSink` that keeps the latest lines of all plugins in memory.

    Args:
        max_lines: Lines kept; older ones are dropped first.
        max_bytes: Characters kept over all lines; older lines are dropped first.
    """

    def __init__(self, max_lines: int = 10_000, max_bytes: int = 8 * 1024 * 1024) -> None:
        self._lock = threading.Lock()
        self._lines: deque[LogRecord] = deque()
        self._size = 0
        self._max_lines = max_lines
        self._max_bytes = max_bytes

    def write(self, plugin: str, hook: str, level: str, message: str) -> None:
        """Keep one line, dropping the oldest when there is no room."""
        record = LogRecord(time.time_ns(), plugin, hook, level, message)
        with self._lock:
            self._lines.append(record)
            self._size += len(message)
            while len(self._lines) > self._max_lines or (
                self._size > self._max_bytes and len(self._lines) > 1
            ):
                self._size -= len(self._lines.popleft().message)

    def records(self, plugin: str | None = None, limit: int = 100) -> list[LogRecord]:
        """The latest ``limit`` lines, oldest first, of one plugin or of all."""
        with self._lock:
            found = [line for line in self._lines if plugin is None or line.plugin == plugin]
        return found[-limit:] if limit > 0 else []

    def forget(self, plugin: str) -> None:
        """Drop the plugin's lines."""
        with self._lock:
            self._lines = deque(line for line in self._lines if line.plugin != plugin)
            self._size = sum(len(line.message) for line in self._lines)


# --- time -------------------------------------------------------------------------------------


class Clock(Protocol):
    """Source of time for host functions."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970 (UTC)."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970 (UTC)."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never goes back."""
        return time.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        time.sleep(seconds)


# --- network ----------------------------------------------------------------------------------


class Resolver(Protocol):
    """Turns host names into addresses."""

    def resolve(self, host: str, port: int, timeout_s: float) -> list[str]:
        """All addresses of ``host`` as text, the preferred one first.

        Raises:
            OSError: the name has no address, or nobody could be asked.
            TimeoutError: no answer within ``timeout_s`` seconds.
        """
        ...


class TransportError(Exception):
    """An exchange with a server failed. ``kind`` is one of the kinds of the http interface's error."""

    def __init__(self, kind: TransportFault, message: str) -> None:
        super().__init__(message)
        self.kind: TransportFault = kind


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One request to one server; everything in it was checked before.

    Attributes:
        method: In upper case.
        scheme: ``http`` or ``https``.
        host: Name or address the request is for: Host header, TLS server name and verification.
        port: TCP port.
        target: Path and query.
        addresses: The only addresses that may be connected to, the preferred one first.
        headers: In order; neither ``Host`` nor ``Content-Length`` nor hop-by-hop ones.
        body: Sent as it is.
        max_body: Bytes of body accepted in the answer.
    """

    method: str
    scheme: str
    host: str
    port: int
    target: str
    addresses: Sequence[str]
    headers: Sequence[tuple[str, str]]
    body: bytes
    max_body: int


@dataclass(frozen=True, slots=True)
class WireResponse:
    """The answer: status, headers (names in lower case, in order) and body, not decoded in any way."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class HttpTransport(Protocol):
    """Carries single requests; follows no redirects and knows no grants."""

    def send(
        self, request: WireRequest, remaining_s: Callable[[], float], moved: Callable[[int], None]
    ) -> WireResponse:
        """Make one exchange.

        Args:
            request: What to send, and where to.
            remaining_s: Asked before every wait; returns the seconds left or raises.
            moved: Told the number of bytes after each send and receive; may raise.

        Raises:
            TransportError: the exchange failed.
        """
        ...


# --- all of them ------------------------------------------------------------------------------


@dataclass(slots=True)
class Services:
    """What the calls of one host share.

    Attributes:
        kv: Key-value stores of all plugins.
        log: Where log lines go.
        clock: Source of time.
        random: Called with a count; returns that many unpredictable bytes.
        environ: Environment variables that can be granted.
        secrets: Called with a name; gives the secret, or ``None`` when there is none. ``None`` has none.
        revealed: Secrets that plugins were given, which are masked in what they say.
        resolver: Turns host names into addresses.
        http: Carries HTTP requests; ``None`` until the first one needs the default.
        home: The home directory, if the host has one.
        content_root: Directory that ``content:read`` opens, if the call is about content.
    """

    kv: KeyValueStore = field(default_factory=MemoryKeyValueStore)
    log: LogSink = field(default_factory=MemoryLog)
    clock: Clock = field(default_factory=SystemClock)
    random: Callable[[int], bytes] = os.urandom
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    secrets: Callable[[str], str | None] | None = None
    revealed: Revealed = field(default_factory=Revealed)
    resolver: Resolver = field(default_factory=SystemResolver)
    http: HttpTransport | None = None
    home: Path | None = None
    content_root: Path | None = None

    def transport(self) -> HttpTransport:
        """The HTTP transport; the default is made here because ``http.client`` and ``ssl`` load slowly."""
        transport = self.http
        if transport is None:
            from hyperhost.sandbox.interfaces.http_transport import SocketTransport

            transport = self.http = SocketTransport()
        return transport

    def close(self) -> None:
        """End threads that services started. The stores are closed by whoever opened them."""
        if isinstance(self.resolver, SystemResolver):
            self.resolver.close()
