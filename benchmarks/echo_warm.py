"""Warm ``echo(str) -> str``, 150 bytes: ``host.hook.echo`` against Extism's Python SDK.

Both keep their instance. Both start from a ``str`` and end with one; both guests copy the text
once. A second row has the same bound against an Extism plugin that does not even copy.
"""

from __future__ import annotations

import extism
import wasmtime
from common import Row, interleave, main, ratio_row, repeat
from guests import ECHO_TEXT, EXTISM_ECHO, EXTISM_ECHO_UNCOPIED
from specs import TEXT, component_host


def measure() -> list[Row]:
    """The rows of this benchmark."""
    with component_host(ECHO_TEXT, instances="pooled") as host:
        plugin = extism.Plugin(bytes(wasmtime.wat2wasm(EXTISM_ECHO)))
        uncopied = extism.Plugin(bytes(wasmtime.wat2wasm(EXTISM_ECHO_UNCOPIED)))
        hook = host.hook

        def ours() -> str:
            return hook.echo(text=TEXT)

        def extism_echo() -> str:
            return plugin.call("echo", TEXT, parse=_text)

        def extism_uncopied() -> str:
            return uncopied.call("echo", TEXT, parse=_text)

        assert ours() == extism_echo() == extism_uncopied() == TEXT
        timing = interleave(
            {"extism": repeat(extism_echo), "uncopied": repeat(extism_uncopied), "hyperhost": repeat(ours)},
            rounds=25,
            calls=4 * 1024,  # statistics are added up every 1,024 calls, which is part of the price
        )
    return [
        ratio_row(
            "warm echo, 150 bytes", timing, "hyperhost", "extism", 0.6, note="peer: Extism, plugin kept"
        ),
        ratio_row(
            "warm echo, peer does not copy",
            timing,
            "hyperhost",
            "uncopied",
            None,
            note="peer: Extism plugin that hands back its input block as it is; HyperHost's guest copies",
        ),
    ]


def _text(buffer: object) -> str:
    return str(buffer, "utf-8")  # type: ignore[call-overload]


if __name__ == "__main__":
    main(measure)
