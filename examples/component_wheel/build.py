"""Build the component that the wheel ships; run with ``python examples/component_wheel/build.py``.

This one is written as component text, so building is one call. A component from C, JavaScript or
Python comes out of that language's own tools; the wheel does not care.
"""

from __future__ import annotations

from pathlib import Path

import wasmtime

HERE = Path(__file__).parent
SOURCE = HERE / "conflict_scan.wat"
TARGET = HERE / "acme_conflict_scan" / "conflict_scan.wasm"


def build() -> bytes:
    """The component's bytes."""
    return bytes(wasmtime.wat2wasm(SOURCE.read_text(encoding="utf-8")))


if __name__ == "__main__":
    TARGET.write_bytes(build())
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")
