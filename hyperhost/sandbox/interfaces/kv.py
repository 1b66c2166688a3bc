"""``hyperhost:host/kv`` and ``kv-shared``: bytes by key, kept between calls under a quota."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from hyperhost.contracts import CONTRACT_VERSION
from hyperhost.contracts.types import U32
from hyperhost.errors import HomeError
from hyperhost.sandbox.call import Call
from hyperhost.sandbox.interface import HostInterface, hostfunction
from hyperhost.sandbox.interfaces.refuse import wild_argument
from hyperhost.sandbox.services import own_store, shared_store

__all__ = ["MAX_KEY_BYTES", "KvInterface", "KvSharedInterface"]

MAX_KEY_BYTES = 512


class KvInterface(HostInterface):
    """The plugin's own store. Survives restarts when the host has a home directory."""

    name: ClassVar[str] = f"hyperhost:host/kv@{CONTRACT_VERSION}"
    capability: ClassVar[str] = "kv"

    @hostfunction(requires="kv")
    def get(self, call: Call, key: str) -> bytes | None:
        """The value of ``key``, or ``None``.

        Raises:
            HostFunctionError: the key is empty or over 512 bytes.
        """
        return _get(call, own_store(call.plugin), key)

    @hostfunction(requires="kv")
    def set(self, call: Call, key: str, value: bytes) -> None:
        """Store ``value``; once this returned it is not lost.

        Raises:
            QuotaError: the plugin would hold more than ``Limits.kv``; nothing was changed.
            HostFunctionError: the key is empty or over 512 bytes.
        """
        _set(call, own_store(call.plugin), key, value)

    @hostfunction(requires="kv")
    def swap(self, call: Call, key: str, expected: bytes | None, value: bytes | None) -> bool:
        """Replace the entry if it still is ``expected``; ``None`` stands for no entry.

        Returns:
            Whether it was as expected.

        Raises:
            QuotaError: the plugin would hold more than ``Limits.kv``; nothing was changed.
            HostFunctionError: the key is empty or over 512 bytes.
        """
        return _swap(call, own_store(call.plugin), key, expected, value)

    @hostfunction(requires="kv")
    def delete(self, call: Call, key: str) -> bool:
        """Remove the entry; says whether there was one.

        Raises:
            HostFunctionError: the key is empty or over 512 bytes.
        """
        return _delete(call, own_store(call.plugin), key)

    @hostfunction(requires="kv")
    def keys(self, call: Call, prefix: str, limit: U32) -> list[str]:
        """Up to ``limit`` keys that start with ``prefix``, in order of their code points."""
        return call.services.kv.keys(own_store(call.plugin), prefix, limit)


class KvSharedInterface(HostInterface):
    """Stores that several plugins reach by name; what a plugin wrote counts towards its own quota."""

    name: ClassVar[str] = f"hyperhost:host/kv-shared@{CONTRACT_VERSION}"
    capability: ClassVar[str] = "kv:shared"

    @hostfunction(requires="kv:shared:{store}")
    def get(self, call: Call, store: str, key: str) -> bytes | None:
        """The value of ``key`` in ``store``, or ``None``.

        Raises:
            HostFunctionError: the key is empty or over 512 bytes.
        """
        return _get(call, shared_store(store), key)

    @hostfunction(requires="kv:shared:{store}")
    def set(self, call: Call, store: str, key: str, value: bytes) -> None:
        """Store ``value``, whoever wrote the entry before; once this returned it is not lost.

        Raises:
            QuotaError: the plugin would hold more than ``Limits.kv``; nothing was changed.
            HostFunctionError: the key is empty or over 512 bytes.
        """
        _set(call, shared_store(store), key, value)

    @hostfunction(requires="kv:shared:{store}")
    def swap(self, call: Call, store: str, key: str, expected: bytes | None, value: bytes | None) -> bool:
        """Replace the entry if it still is ``expected``; ``None`` stands for no entry.

        Returns:
            Whether it was as expected.

        Raises:
            QuotaError: the plugin would hold more than ``Limits.kv``; nothing was changed.
            HostFunctionError: the key is empty or over 512 bytes.
        """
        return _swap(call, shared_store(store), key, expected, value)

    @hostfunction(requires="kv:shared:{store}")
    def delete(self, call: Call, store: str, key: str) -> bool:
        """Remove the entry, whoever wrote it; says whether there was one.

        Raises:
            HostFunctionError: the key is empty or over 512 bytes.
        """
        return _delete(call, shared_store(store), key)

    @hostfunction(requires="kv:shared:{store}")
    def keys(self, call: Call, store: str, prefix: str, limit: U32) -> list[str]:
        """Up to ``limit`` keys that start with ``prefix``, in order of their code points."""
        return call.services.kv.keys(shared_store(store), prefix, limit)


def _get(call: Call, store: str, key: str) -> bytes | None:
    _check_key(call, "get", key)
    return call.services.kv.get(store, key)


def _set(call: Call, store: str, key: str, value: bytes) -> None:
    _check_key(call, "set", key)
    with _within_deadline(call) as wait_s:
        call.services.kv.set(store, key, value, owner=call.plugin, quota=call.limits.kv_bytes, wait_s=wait_s)


def _swap(call: Call, store: str, key: str, expected: bytes | None, value: bytes | None) -> bool:
    _check_key(call, "swap", key)
    with _within_deadline(call) as wait_s:
        return call.services.kv.swap(
            store, key, expected, value, owner=call.plugin, quota=call.limits.kv_bytes, wait_s=wait_s
        )


def _delete(call: Call, store: str, key: str) -> bool:
    _check_key(call, "delete", key)
    with _within_deadline(call) as wait_s:
        return call.services.kv.delete(store, key, wait_s=wait_s)


def _check_key(call: Call, function: str, key: str) -> None:
    # Most keys are short: the first comparison spares them the encoding.
    if not key or len(key) > MAX_KEY_BYTES // 4:
        size = len(key.encode())
        if not 0 < size <= MAX_KEY_BYTES:
            raise wild_argument(
                call, f"kv.{function}", f"a key of {size:,} bytes", f"keys have 1 to {MAX_KEY_BYTES} bytes"
            )


@contextmanager
def _within_deadline(call: Call) -> Iterator[float]:
    """Seconds a write may wait for other writers; a wait that used them up is the call's deadline."""
    try:
        yield call.remaining_s()
    except HomeError:
        call.remaining_s()
        raise
