"""A fresh instance for every call: ``instances="per-call"`` against a new Extism plugin each time.

Nothing that one call leaves behind is seen by the next. Extism can make a plugin from the bytes
(which it then compiles, though it caches nothing by itself) or from a ``CompiledPlugin``; the
second is closer to what HyperHost does, so it is shown as well.
"""

from __future__ import annotations

import extism
import wasmtime
from common import Row, interleave, main, ratio_row, repeat
from guests import ECHO_TEXT, EXTISM_ECHO
from specs import TEXT, component_host


def measure() -> list[Row]:
    """The rows of this benchmark."""
    wasm = bytes(wasmtime.wat2wasm(EXTISM_ECHO))
    compiled = extism.extism.CompiledPlugin(wasm)
    with component_host(ECHO_TEXT, instances="per-call") as host:
        hook = host.hook

        def ours() -> str:
            return hook.echo(text=TEXT)

        def from_bytes() -> str:
            with extism.Plugin(wasm) as plugin:
                return plugin.call("echo", TEXT, parse=_text)

        def from_compiled() -> str:
            with extism.Plugin(compiled) as plugin:
                return plugin.call("echo", TEXT, parse=_text)

        assert ours() == from_bytes() == from_compiled() == TEXT
        timing = interleave(
            {"extism": repeat(from_bytes), "compiled": repeat(from_compiled), "hyperhost": repeat(ours)},
            rounds=15,
            calls={"extism": 50, "compiled": 100, "hyperhost": 500},
        )
    return [
        ratio_row(
            "fresh echo, 150 bytes",
            timing,
            "hyperhost",
            "extism",
            0.15,
            note="peer: extism.Plugin(bytes) per call",
        ),
        ratio_row(
            "fresh echo, peer compiled before",
            timing,
            "hyperhost",
            "compiled",
            None,
            note="peer: extism.Plugin(CompiledPlugin) per call",
        ),
    ]


def _text(buffer: object) -> str:
    return str(buffer, "utf-8")  # type: ignore[call-overload]


if __name__ == "__main__":
    main(measure)
