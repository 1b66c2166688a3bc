"""wasmtime engines, and components compiled by them.

One :class:`Sandbox` per host: at most two engines (with and without fuel counting, which slows
code), the compile cache, the gate and the deadline ticker. Engines and compiled components are
shared by all threads; stores are not.
"""

from __future__ import annotations

import functools
import hashlib
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import wasmtime
import wasmtime.component as wc

from hyperhost.errors import CacheError, ComponentTooLargeError, CoreModuleError, CorruptComponentError
from hyperhost.sandbox import capi
from hyperhost.sandbox.cache import CompileCache
from hyperhost.sandbox.gate import Gate
from hyperhost.sandbox.interface import HostInterface
from hyperhost.sandbox.shape import check_shape
from hyperhost.sandbox.ticker import Ticker

__all__ = ["MAX_COMPONENT_BYTES", "Sandbox", "check_header", "wasmtime_version"]

MAX_COMPONENT_BYTES = 256 * 1024**2
STACK_BYTES = 512 * 1024
_MAGIC = b"\0asm"
_COMPONENT = b"\x0d\x00\x01\x00"
_MODULE = b"\x01\x00\x00\x00"


class Sandbox:
    """Compiles components and holds what their stores share.

    Args:
        interfaces: Host interfaces that components may import.
        cache_directory: Where machine code is kept between starts; ``None`` keeps none.
        report: Told about every problem of the cache.
    """

    def __init__(
        self,
        interfaces: Iterable[HostInterface] = (),
        cache_directory: Path | None = None,
        report: Callable[[CacheError], object] = lambda error: None,
    ) -> None:
        self.interfaces = list(interfaces)
        self.gate = Gate()
        self.ticker = Ticker(self._tick)
        self._engines: dict[bool, wasmtime.Engine] = {}
        self._lock = threading.Lock()
        self._cache = (
            CompileCache(cache_directory, cache_directory.parent / "cache.key", report)
            if cache_directory
            else None
        )

    def engine(self, *, fuel: bool) -> wasmtime.Engine:
        """The engine that does or does not count fuel."""
        with self._lock:
            if fuel not in self._engines:
                config = wasmtime.Config()
                config.epoch_interruption = True
                config.consume_fuel = fuel
                config.max_wasm_stack = STACK_BYTES
                config.wasm_threads = False
                config.wasm_memory64 = False
                # With it, wasmtime 50 ends guests that pass two borrowed handles in one call ("deferred host
                # scope has no call context"); only asynchronous component functions would need it.
                capi.config_concurrency(capi.pointer(config), False)
                self._engines[fuel] = wasmtime.Engine(config)
            return self._engines[fuel]

    def compile(
        self,
        data: bytes,
        *,
        fuel: bool = False,
        source: str = "the file",
        max_bytes: int = MAX_COMPONENT_BYTES,
        sha256: str | None = None,
    ) -> wc.Component:
        """Machine code for a component, from the cache when it is there.

        Args:
            data: The component's bytes.
            fuel: Whether its code counts fuel.
            source: What to call it in errors.
            max_bytes: Largest component accepted.
            sha256: Digest of ``data`` in hex, if the caller has it: large components take a while to hash.

        Raises:
            ComponentTooLargeError: it is larger than ``max_bytes``, or describes too many instances.
            CoreModuleError: it is a core module.
            CorruptComponentError: it is empty, truncated or invalid.
        """
        check_header(data, source, max_bytes)
        check_shape(data, source)
        engine = self.engine(fuel=fuel)
        key = ""
        if self._cache is not None:
            sha256 = sha256 or hashlib.sha256(data).hexdigest()
            key = self._cache.key(sha256, self._settings(fuel))
            if (entry := self._cache.find(key)) is not None:
                try:
                    return wc.Component.deserialize_file(engine, str(entry))
                except wasmtime.WasmtimeError:
                    self._cache.discard(key)  # made by another build of the same version
        try:
            component = wc.Component(engine, data)
        except wasmtime.WasmtimeError as caught:
            reason = " ".join(str(caught).split())
            raise CorruptComponentError(
                f"{source} is not a valid component: {reason}",
                hint="it may be truncated; fetch or build it again",
            ) from None
        if self._cache is not None:
            self._cache.store(key, component.serialize())
        return component

    def close(self) -> None:
        """End the deadline thread and free the engines. Stores must be gone by then."""
        self.ticker.close()
        with self._lock:
            for engine in self._engines.values():
                engine.close()
            self._engines.clear()

    def _tick(self) -> None:
        for engine in list(self._engines.values()):
            capi.increment_epoch(capi.pointer(engine))

    @staticmethod
    def _settings(fuel: bool) -> str:
        system = os.uname()
        return f"{wasmtime_version()} {system.machine} {system.sysname} fuel={fuel} stack={STACK_BYTES} 3"


@functools.cache
def wasmtime_version() -> str:
    """The version of wasmtime, from the name of its metadata: reading them with importlib takes 10 ms."""
    beside = Path(wasmtime.__file__).parent.parent
    found = [path.name for path in beside.glob("wasmtime-*.dist-info")]
    if len(found) == 1:
        return found[0].removeprefix("wasmtime-").removesuffix(".dist-info")
    from importlib.metadata import version

    return version("wasmtime")


def check_header(data: bytes, source: str, max_bytes: int) -> None:
    """Return if ``data`` begins as a component does.

    Args:
        data: The whole file.
        source: What to call it in errors.
        max_bytes: Largest component accepted.

    Raises:
        ComponentTooLargeError: it is larger than ``max_bytes``.
        CoreModuleError: it is a core module.
        CorruptComponentError: it is empty, or no WebAssembly.
    """
    if len(data) > max_bytes:
        raise ComponentTooLargeError(
            f"{source} has {len(data)} bytes, the most accepted is {max_bytes}",
            hint="strip debug information from it",
        )
    if data[:4] != _MAGIC or len(data) < 8:
        raise CorruptComponentError(
            f"{source} is not WebAssembly" if data else f"{source} is empty",
            hint="build or fetch the plugin again",
        )
    if data[4:8] == _MODULE:
        raise CoreModuleError(
            f"{source} is a core module, not a component",
            hint="make a component of it, for example with `jco new` or `wasm-tools component new`",
        )
    if data[4:8] != _COMPONENT:
        raise CorruptComponentError(
            f"{source} has an unknown WebAssembly version {data[4:8].hex()}",
            hint="build it with current tools",
        )
