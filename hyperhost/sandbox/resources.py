"""Handles of component resources: integers on the Python side, tracked by wasmtime for the guest.

Creating or reading a handle needs the store it belongs to, which generated code does not know;
the gate sets ``context`` before it lifts or lowers.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

from hyperhost.errors import BadResultError
from hyperhost.sandbox import capi

__all__ = ["ResourceBridge"]


class _Created:
    """A handle value made for the running answer; freed after it was copied to the guest."""

    __slots__ = ("pointer",)

    def __init__(self, pointer: int) -> None:
        self.pointer = pointer


class ResourceBridge(threading.local):
    """Creates and reads handles; one per linker, its context one per thread."""

    def __init__(self, type_ids: dict[str, int]) -> None:
        self._type_ids = type_ids
        self.context = 0

    def create(self, keep: Callable[[Any], None], name: str, handle: int) -> int:
        """A handle value of resource type ``name`` that the guest will own; its pointer."""
        host = capi.resource_host_new(True, handle, self._type_ids[name])
        created = ctypes.c_size_t()
        error = capi.resource_host_to_any(self.context, host, ctypes.addressof(created))
        capi.resource_host_delete(host)
        if error:
            raise _failed(error)
        keep(_Created(created.value))
        return created.value

    def read(self, pointer: int) -> int:
        """The integer behind a handle value of the guest."""
        found = ctypes.c_size_t()
        error = capi.resource_any_to_host(self.context, pointer, ctypes.addressof(found))
        if error:
            raise _failed(error)
        try:
            return int(capi.resource_host_rep(found.value))
        finally:
            capi.resource_host_delete(found.value)

    def release(self, keep: list[Any]) -> None:
        """Free the handle values among kept objects."""
        for item in keep:
            if item.__class__ is _Created:
                capi.resource_any_delete(item.pointer)


def _failed(error: int) -> BadResultError:
    message = capi.error_message(error)
    capi.error_delete(error)
    return BadResultError(f"a handle could not cross: {message}")
