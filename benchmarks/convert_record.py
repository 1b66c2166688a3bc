"""A record of 8 fields in, a list of 3 records out: the host's side only, against wasmtime-py's.

Both sides do everything the host does around one real call of one real component, and neither
makes the call: HyperHost its generated ``lower`` and ``lift`` and the deletion of the result,
wasmtime-py the body of ``Func.__call__`` (type of the function, values into C, values out of C,
deletion of the arguments). The result both read was returned by the guest and is cloned
beforehand, outside of the measured time.
"""

from __future__ import annotations

import ctypes
import time
from typing import Any

import wasmtime
import wasmtime.component as wc
from common import Row, interleave, main, ratio_row
from guests import CHECK_RECORD
from specs import Document, Finding, component_host
from wasmtime import _ffi as ffi

DOCUMENT = Document(
    path="src/app/settings.py",
    text="AWS_KEY = 'AKIAIOSFODNN7EXAMPLE'  # taken from the vendor's documentation",
    language="python",
    size=73,
    score=0.75,
    binary=False,
    tags=["settings", "python", "source"],
    owner="platform",
)
FINDINGS = [
    Finding("secret-key", 7, "high", "AKIAIOSFODNN7EXAMPLE in line of text"),
    Finding("secret-key", 42, "medium", "AKIAIOSFODNN7EXAMPLE in line of text"),
    Finding("secret-key", 255, "low", "AKIAIOSFODNN7EXAMPLE in line of text"),
]


class _Peer:
    """A component called through wasmtime-py, and its last result kept."""

    def __init__(self) -> None:
        engine = wasmtime.Engine()
        component = wc.Component(engine, wasmtime.wat2wasm(CHECK_RECORD))
        self.store = wasmtime.Store(engine)
        self.function = wc.Linker(engine).instantiate(self.store, component).get_func(self.store, "check")
        answer = self.function(self.store, DOCUMENT)
        self.function.post_return(self.store)
        assert [(f.rule, f.line, f.severity, f.excerpt) for f in answer] == [
            (f.rule, f.line, f.severity, f.excerpt) for f in FINDINGS
        ]
        self.result = ffi.wasmtime_component_val_t()
        parameters = (ffi.wasmtime_component_val_t * 1)()
        kind = self.function.type(self.store)
        kind.params[0][1].convert_to_c(self.store, DOCUMENT, ctypes.pointer(parameters[0]))
        error = ffi.wasmtime_component_func_call(
            ctypes.byref(self.function._func),
            self.store._context(),
            parameters,
            1,
            ctypes.byref(self.result),
            1,
        )
        assert not error
        self.function.post_return(self.store)

    def clones(self, count: int) -> Any:
        """So many results as the guest returned them."""
        values = (ffi.wasmtime_component_val_t * count)()
        for index in range(count):
            ffi.wasmtime_component_val_clone(ctypes.byref(self.result), ctypes.byref(values[index]))
        return values

    def convert(self, count: int) -> float:
        """What ``Func.__call__`` does, but for the call."""
        results, store, function = self.clones(count), self.store, self.function
        started = time.perf_counter()
        for index in range(count):
            fty = function.type(store)
            param_tys, result_ty = fty.params, fty.result
            param_capi = (ffi.wasmtime_component_val_t * 1)()
            for (_, ty), value in zip(param_tys, (DOCUMENT,), strict=True):
                ty.convert_to_c(store, value, ctypes.pointer(param_capi[0]))
            result_ty.convert_from_c(results[index])
            ffi.wasmtime_component_val_delete(ctypes.byref(param_capi[0]))
        return time.perf_counter() - started


def measure() -> list[Row]:
    """The rows of this benchmark."""
    from hyperhost.sandbox import capi

    peer = _Peer()
    with component_host(CHECK_RECORD, instances="pooled") as host:
        assert host.hook.check(document=DOCUMENT) == FINDINGS
        runtime = host.plugins["guest-0"].runtime
        assert runtime is not None
        export = runtime.exports["check"]
        lower, lift = export.lower, export.lift
        assert lift is not None

        def ours(count: int) -> float:
            results = peer.clones(count)
            at, size = ctypes.addressof(results), ctypes.sizeof(ffi.wasmtime_component_val_t)
            charged = 0

            def charge(size: int) -> None:  # as Call.charge_result
                nonlocal charged
                charged += size

            started = time.perf_counter()
            for place in range(at, at + count * size, size):
                keep: list[Any] = []
                lower(DOCUMENT, keep.append)
                lift(place, charge)
                capi.val_delete(place)
            return time.perf_counter() - started

        def ours_check() -> None:
            results = peer.clones(1)
            assert lift(ctypes.addressof(results), lambda size: None) == FINDINGS
            capi.val_delete(ctypes.addressof(results))

        ours_check()
        timing = interleave({"wasmtime-py": peer.convert, "hyperhost": ours}, rounds=15, calls=500)
    return [
        ratio_row(
            "record to list of records",
            timing,
            "hyperhost",
            "wasmtime-py",
            0.15,
            note="host side only; peer: the conversions of wasmtime-py's Func.__call__",
        )
    ]


if __name__ == "__main__":
    main(measure)
