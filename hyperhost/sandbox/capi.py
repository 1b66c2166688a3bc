"""wasmtime's C functions that run on every call, bound with integer pointers.

wasmtime-py binds the same functions with typed pointers, which costs a conversion per argument;
these are separate bindings of the same library, so its own remain as they are. Pointers are
plain integers here. Only this package uses them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_bool, c_char_p, c_size_t, c_uint8, c_uint64, c_void_p
from typing import Any

import _cffi_backend  # type: ignore[import-untyped]  # part of cffi, without its parser
from wasmtime import _ffi

__all__ = [
    "EPOCH_CALLBACK",
    "FINALIZER",
    "HOST_CALLBACK",
    "NO_FINALIZER",
    "RESOURCE_CALLBACK",
    "Callback",
    "Func",
    "Instance",
    "error_message",
    "inside_guest",
    "pointer",
    "trap_code",
]


def _bind(name: str, result: Any, *arguments: Any) -> Any:
    function = _ffi.dll[name]  # indexing makes a new binding each time
    function.restype = result
    function.argtypes = arguments
    return function


HOST_CALLBACK = "uintptr_t(uintptr_t, uintptr_t, uintptr_t, uintptr_t, size_t, uintptr_t, size_t)"
"""``(data, context, type, arguments, count, results, count) -> error``."""
EPOCH_CALLBACK = "uintptr_t(uintptr_t, uintptr_t, uint64_t *, uint8_t *)"
"""``(context, data, *delta, *kind) -> error``."""
RESOURCE_CALLBACK = "uintptr_t(uintptr_t, uintptr_t, uint32_t)"
"""``(data, context, handle) -> error``."""
_FFI = _cffi_backend.FFI()


class Callback:
    """A C function that runs a Python one. Must live as long as anything that may call it.

    A Python function can fail before its first line: a signal handler raises there (Ctrl-C), or the
    recursion limit is reached. ``ctypes`` then returns whatever was on the C stack, which wasmtime
    would take for an error and follow; ``cffi`` returns what ``failed`` says.

    Args:
        signature: One of the texts above.
        function: What to run; returns an integer.
        failed: Called with type, value and traceback of what ``function`` raised; returns the integer.
    """

    __slots__ = ("_keep", "address")

    def __init__(
        self, signature: str, function: Callable[..., int], failed: Callable[[Any, Any, Any], int]
    ) -> None:
        self._keep = _FFI.callback(signature, function, 0, failed)
        #: Where the C function is.
        self.address = int(_FFI.cast("uintptr_t", self._keep))


FINALIZER = ctypes.CFUNCTYPE(None, c_void_p)
NO_FINALIZER = FINALIZER()

Instance = _ffi.wasmtime_component_instance_t
Func = _ffi.wasmtime_component_func_t

config_concurrency = _bind("wasmtime_config_concurrency_support_set", None, c_void_p, c_bool)
store_new = _bind("wasmtime_store_new", c_size_t, c_void_p, c_void_p, c_void_p)
store_delete = _bind("wasmtime_store_delete", None, c_void_p)
store_context = _bind("wasmtime_store_context", c_size_t, c_void_p)
store_limiter = _bind("wasmtime_store_limiter", None, c_void_p, *(ctypes.c_int64,) * 5)
store_epoch_callback = _bind(
    "wasmtime_store_epoch_deadline_callback", None, c_void_p, c_void_p, c_void_p, c_void_p
)
set_epoch_deadline = _bind("wasmtime_context_set_epoch_deadline", None, c_void_p, c_uint64)
increment_epoch = _bind("wasmtime_engine_increment_epoch", None, c_void_p)
set_fuel = _bind("wasmtime_context_set_fuel", c_size_t, c_void_p, c_uint64)
get_fuel = _bind("wasmtime_context_get_fuel", c_size_t, c_void_p, c_void_p)
instantiate = _bind("wasmtime_component_linker_instantiate", c_size_t, c_void_p, c_void_p, c_void_p, c_void_p)
get_func = _bind("wasmtime_component_instance_get_func", c_bool, c_void_p, c_void_p, c_void_p, c_void_p)
func_call = _bind(
    "wasmtime_component_func_call", c_size_t, c_void_p, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t
)
post_return = _bind("wasmtime_component_func_post_return", c_size_t, c_void_p, c_void_p)
val_delete = _bind("wasmtime_component_val_delete", None, c_void_p)
val_clone = _bind("wasmtime_component_val_clone", None, c_void_p, c_void_p)
add_func = _bind(
    "wasmtime_component_linker_instance_add_func",
    c_size_t,
    c_void_p,
    c_char_p,
    c_size_t,
    c_void_p,
    c_void_p,
    FINALIZER,
)
add_resource = _bind(
    "wasmtime_component_linker_instance_add_resource",
    c_size_t,
    c_void_p,
    c_char_p,
    c_size_t,
    c_void_p,
    c_void_p,
    c_void_p,
    FINALIZER,
)
resource_host_new = _bind(
    "wasmtime_component_resource_host_new", c_size_t, c_bool, ctypes.c_uint32, ctypes.c_uint32
)
resource_host_rep = _bind("wasmtime_component_resource_host_rep", ctypes.c_uint32, c_void_p)
resource_host_delete = _bind("wasmtime_component_resource_host_delete", None, c_void_p)
resource_host_to_any = _bind(
    "wasmtime_component_resource_host_to_any", c_size_t, c_void_p, c_void_p, c_void_p
)
resource_any_to_host = _bind(
    "wasmtime_component_resource_any_to_host", c_size_t, c_void_p, c_void_p, c_void_p
)
resource_any_delete = _bind("wasmtime_component_resource_any_delete", None, c_void_p)
import_count = _bind("wasmtime_component_type_import_count", c_size_t, c_void_p, c_void_p)
export_count = _bind("wasmtime_component_type_export_count", c_size_t, c_void_p, c_void_p)
member_count = _bind("wasmtime_component_instance_type_export_count", c_size_t, c_void_p, c_void_p)
error_new = _bind("wasmtime_error_new", c_size_t, c_char_p)
error_delete = _bind("wasmtime_error_delete", None, c_void_p)
_error_message = _bind("wasmtime_error_message", None, c_void_p, c_void_p)
_trap_code = _bind("wasmtime_trap_code", c_bool, c_void_p, c_void_p)
_byte_vec_delete = _bind("wasm_byte_vec_delete", None, c_void_p)
_wasm_trace = _bind("wasmtime_error_wasm_trace", None, c_void_p, c_void_p)
_frame_vec_delete = _bind("wasm_frame_vec_delete", None, c_void_p)


def pointer(managed: Any) -> int:
    """The address behind one of wasmtime-py's managed objects."""
    return ctypes.cast(managed.ptr(), c_void_p).value or 0


def error_message(error: int) -> str:
    """The text of an error, which stays alive."""
    vector = _ffi.wasm_byte_vec_t()
    _error_message(error, ctypes.addressof(vector))
    try:
        return ctypes.string_at(vector.data, vector.size).decode("utf-8", "replace")
    finally:
        _byte_vec_delete(ctypes.addressof(vector))


def inside_guest(error: int) -> bool:
    """Whether code of the guest was running when the error arose, rather than its result being read."""
    frames = _ffi.wasm_frame_vec_t()
    _wasm_trace(error, ctypes.addressof(frames))
    try:
        return bool(frames.size)
    finally:
        _frame_vec_delete(ctypes.addressof(frames))


def trap_code(error: int) -> int | None:
    """The trap code behind a component call's error, or ``None`` when it is not a trap.

    Component calls return ``wasmtime_error_t`` where core calls return ``wasm_trap_t``; both
    wrap one Rust error, so the trap accessor reads either (checked by a test for each code).
    """
    code = c_uint8(0)
    return code.value if _trap_code(error, ctypes.addressof(code)) else None
