"""Build the demo's guest components from their sources, byte for byte the same every time.

    python -m pip install wasmtime==WASMTIME_VERSION ziglang==ZIG_VERSION
    python sdk/demo_guests/build.py            # write hyperhost/demo/guests/*.wasm
    python sdk/demo_guests/build.py --check    # rebuild and compare, write nothing

Each guest is one component text (``NAME.wat``). Where ``NAME.c`` exists, zig compiles it to a core
module, and its bytes take the place of the empty core module ``$main_module`` of the text. Everything
that differs between machines (names, producers, debug sections) is left out.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import wasmtime
from wasmtime.component import Component

ZIG_VERSION = "0.17.0"
WASMTIME_VERSION = "50.0.1"
GUESTS = ("secret_scan", "license_scan", "wants_network", "spins", "eats_memory", "faults")
HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "hyperhost" / "demo" / "guests"

CUSTOM, CORE_MODULE, COMPONENT = 0, 1, 4  # section ids in a component; 0 is the same in a core module
COMPONENT_PREAMBLE = b"\0asm\x0d\0\x01\0"
EMPTY_MODULE = b"\0asm\x01\0\0\0"
COMPILE = [
    *("-target", "wasm32-freestanding", "-mcpu=generic+bulk_memory", "-std=c11", "-Os"),
    *("-ffreestanding", "-nostdlib", "-fno-builtin", "-fno-sanitize=all"),
    *("-Wall", "-Wextra", "-Werror", "-Wno-unused-function"),
    *("-Wl,--no-entry", "-Wl,--import-memory", "-Wl,-z,stack-size=8192", "-Wl,--strip-all"),
]


class BuildError(Exception):
    """A guest cannot be built; the text says why."""


class ToolError(BuildError):
    """Not the tools whose output is committed; the text is one sentence that says which to install."""


def leb128(value: int) -> bytes:
    """Encode an unsigned number as the binary format does."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def sections(binary: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (id, content) of each section behind the 8-byte preamble of a module or component."""
    at = 8
    while at < len(binary):
        kind, size, shift = binary[at], 0, 0
        at += 1
        while True:
            byte = binary[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield kind, binary[at : at + size]
        at += size


def strip(binary: bytes) -> bytes:
    """Drop all custom sections, those of nested modules and components included."""
    nested = (CORE_MODULE, COMPONENT) if binary.startswith(COMPONENT_PREAMBLE) else ()
    out = bytearray(binary[:8])
    for kind, content in sections(binary):
        if kind != CUSTOM:
            kept = strip(content) if kind in nested else content
            out += bytes([kind]) + leb128(len(kept)) + kept
    return bytes(out)


def splice(component: bytes, core: bytes) -> bytes:
    """Put ``core`` in the place of the one empty core module of ``component``.

    Raises:
        BuildError: There is not exactly one empty core module.
    """
    out, replaced = bytearray(component[:8]), 0
    for kind, content in sections(component):
        kept = content
        if kind == CORE_MODULE and content == EMPTY_MODULE:
            kept, replaced = core, replaced + 1
        out += bytes([kind]) + leb128(len(kept)) + kept
    if replaced != 1:
        raise BuildError(f"The wrapper must have exactly one empty core module, not {replaced}.")
    return bytes(out)


def component_text(name: str) -> str:
    """Read ``NAME.wat`` with its ``;; include FILE`` lines replaced by those files."""
    return re.sub(
        r"^ *;; include (\S+)$",
        lambda found: (HERE / found[1]).read_text(encoding="utf-8"),
        (HERE / f"{name}.wat").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )


def compile_c(source: Path) -> bytes:
    """Compile a C file to a stripped core module.

    Raises:
        BuildError: The compiler refuses the file; its own message is included.
    """
    with tempfile.TemporaryDirectory() as scratch:
        module = Path(scratch, "main.wasm")
        command = [sys.executable, "-m", "ziglang", "cc", *COMPILE, "-o", str(module), source.name]
        # The compiler's cache stays in the scratch directory: nothing built earlier can leak in.
        caches = {"ZIG_GLOBAL_CACHE_DIR": scratch, "ZIG_LOCAL_CACHE_DIR": scratch}
        done = subprocess.run(  # noqa: S603 - a fixed command, no shell
            command, cwd=HERE, env=os.environ | caches, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BuildError(f"zig could not compile {source.name}:\n{done.stderr}")
        return strip(module.read_bytes())


def build(name: str) -> bytes:
    """Build one guest and prove that it is a valid component."""
    component = strip(bytes(wasmtime.wat2wasm(component_text(name))))
    source = HERE / f"{name}.c"
    if source.exists():
        component = splice(component, compile_c(source))
    Component(wasmtime.Engine(), component)
    return component


def check_tools() -> None:
    """Refuse tools other than those whose output is committed.

    Raises:
        ToolError: A tool is missing or of another version.
    """
    for package, wanted in (("ziglang", ZIG_VERSION), ("wasmtime", WASMTIME_VERSION)):
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "not installed"
        if found != wanted:
            raise ToolError(
                f"The committed guests are built with {package} {wanted}, here it is {found}: "
                f"run `python -m pip install {package}=={wanted}`."
            )


def main(arguments: list[str]) -> int:
    """Build or check every guest; 0 when done, 1 when one fails or differs, 2 without the right tools."""
    parser = argparse.ArgumentParser(description="Build the demo's guest components.")
    parser.add_argument(
        "--check", action="store_true", help="compare with the committed files, write nothing"
    )
    check = parser.parse_args(arguments).check
    try:
        check_tools()
        built = {name: build(name) for name in GUESTS}
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, ToolError) else 1
    status = 0
    for name, binary in built.items():
        path = TARGET / f"{name}.wasm"
        verdict = "written"
        if not check:
            path.write_bytes(binary)
        elif path.exists() and path.read_bytes() == binary:
            verdict = "same bytes"
        else:
            verdict, status = "DIFFERS from the committed file", 1
        sys.stdout.write(f"{path.name:20} {len(binary):6} bytes  {verdict}\n")
    sys.stdout.write(f"{'together':20} {sum(map(len, built.values())):6} bytes\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
