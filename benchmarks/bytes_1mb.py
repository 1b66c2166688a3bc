"""1 MB of ``bytes`` in and out as ``list<u8>``: ``host.hook`` against wasmtime-py's ``Func.__call__``.

Whole calls of the same component, warm instances. The guest gives back the memory it was given,
so that nearly all of the time is conversion.
"""

from __future__ import annotations

import wasmtime
import wasmtime.component as wc
from common import Row, interleave, main, ratio_row, repeat
from guests import ECHO_BYTES
from specs import component_host

DATA = bytes(range(256)) * 3906 + bytes(64)
assert len(DATA) == 1_000_000


def measure() -> list[Row]:
    """The rows of this benchmark."""
    engine = wasmtime.Engine()
    component = wc.Component(engine, wasmtime.wat2wasm(ECHO_BYTES))
    store = wasmtime.Store(engine)
    function = wc.Linker(engine).instantiate(store, component).get_func(store, "echo-bytes")
    assert function is not None
    with component_host(ECHO_BYTES, instances="pooled") as host:
        hook = host.hook

        def ours() -> bytes:
            return hook.echo_bytes(data=DATA)

        def wasmtime_py() -> bytes:
            answer = function(store, DATA)
            function.post_return(store)
            return answer

        assert ours() == DATA
        assert wasmtime_py() == DATA
        timing = interleave(
            {"wasmtime-py": repeat(wasmtime_py), "hyperhost": repeat(ours)},
            rounds=5,
            calls={"wasmtime-py": 1, "hyperhost": 5},
        )
    return [ratio_row("1 MB bytes in and out", timing, "hyperhost", "wasmtime-py", 0.1, unit="ms")]


if __name__ == "__main__":
    main(measure)
