"""Build the library that makes builds of plugins reproducible, byte for byte the same every time.

    python -m pip install ziglang==ZIG_VERSION
    python sdk/deterministic/build.py            # write hyperhost/sdk/native/*.so
    python sdk/deterministic/build.py --check    # rebuild and compare, write nothing

One file for each architecture. It needs no C library, so it serves distributions with glibc and with musl.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ZIG_VERSION = "0.17.0"
ARCHITECTURES = ("x86_64", "aarch64")
HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "hyperhost" / "sdk" / "native"

COMPILE = [
    *("-c", "-fPIC", "-std=gnu11", "-Os", "-ffreestanding", "-fno-builtin", "-fno-stack-protector"),
    *("-fno-sanitize=all", "-fvisibility=hidden", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables"),
    *("-Wall", "-Wextra", "-Werror"),
]
LINK = ["-shared", "-nostdlib", "-Wl,-s", "-Wl,--build-id=none", "-Wl,-soname,deterministic.so"]


class BuildError(Exception):
    """The library cannot be built; the text says why."""


class ToolError(BuildError):
    """Not the tool whose output is committed; the text is one sentence that says which to install."""


def build(architecture: str) -> bytes:
    """Compile and link the library for one architecture.

    Raises:
        BuildError: the compiler refuses the file; its own message is included.
    """
    with tempfile.TemporaryDirectory() as scratch:
        compiled, linked = Path(scratch, "deterministic.o"), Path(scratch, "deterministic.so")
        zig = [sys.executable, "-m", "ziglang", "cc", "-target", f"{architecture}-linux-musl"]
        # The compiler's cache stays in the scratch directory: nothing built earlier can leak in.
        caches = {"ZIG_GLOBAL_CACHE_DIR": scratch, "ZIG_LOCAL_CACHE_DIR": scratch}
        for command in (
            [*zig, *COMPILE, "-o", str(compiled), "deterministic.c"],
            [*zig, *LINK, "-o", str(linked), str(compiled)],
        ):
            done = subprocess.run(  # noqa: S603 - a fixed command, no shell
                command, cwd=HERE, env=os.environ | caches, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise BuildError(f"zig could not build deterministic.c for {architecture}:\n{done.stderr}")
        return linked.read_bytes()


def check_tools() -> None:
    """Refuse a compiler other than the one whose output is committed.

    Raises:
        ToolError: it is missing or of another version.
    """
    try:
        found = version("ziglang")
    except PackageNotFoundError:
        found = "not installed"
    if found != ZIG_VERSION:
        raise ToolError(
            f"The committed library is built with ziglang {ZIG_VERSION}, here it is {found}: "
            f"run `python -m pip install ziglang=={ZIG_VERSION}`."
        )


def main(arguments: list[str]) -> int:
    """Build or check each library; 0 when done, 1 when one fails or differs, 2 without the right tool."""
    parser = argparse.ArgumentParser(description="Build the library behind reproducible builds.")
    parser.add_argument(
        "--check", action="store_true", help="compare with the committed files, write nothing"
    )
    check = parser.parse_args(arguments).check
    try:
        check_tools()
        built = {architecture: build(architecture) for architecture in ARCHITECTURES}
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, ToolError) else 1
    status = 0
    for architecture, binary in built.items():
        path = TARGET / f"deterministic-{architecture}-linux.so"
        verdict = "written"
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(binary)
        elif path.exists() and path.read_bytes() == binary:
            verdict = "same bytes"
        else:
            verdict, status = "DIFFERS from the committed file", 1
        sys.stdout.write(f"{path.name:32} {len(binary):6} bytes  {verdict}\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
