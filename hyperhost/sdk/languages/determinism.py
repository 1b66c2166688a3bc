"""The same bytes from the same source: some compilers run sealed off from their machine.

Those of Python and JavaScript run the guest once and keep what it saw: random numbers, times, inode
numbers. On Linux a small library (``sdk/deterministic/``) gives every machine the
same answers. Elsewhere builds work, and differ.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["EXCLUDED", "NOT_REPRODUCIBLE", "library", "sealed_environment", "sources", "stage"]

NOT_REPRODUCIBLE: Final = (
    "two builds of the same source may differ in some bytes here: "
    "reproducible builds need Linux on x86_64 or aarch64, seccomp, and HyperHost in a path without spaces"
)

EXCLUDED: Final = frozenset(
    [
        "__pycache__",
        "bindings",
        "build",
        "dist",
        "docs",
        "node_modules",
        "site-packages",
        "target",
        "test",
        "tests",
        "venv",
    ]
)
"""Directories of a project that hold none of the plugin's code."""

_NO_SOURCE: Final = (".md", ".orig", ".pyc", ".rst", ".swp", ".wasm", "~")
_TOP_ONLY: Final = ("license", "package-lock.json", "package.json", "plugin.toml", "readme", "uv.lock")
_ARCHITECTURES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
_FIXED_TIME_S: Final = 315532800  # 1980-01-01


def library() -> Path | None:
    """The library to preload on this machine, or ``None`` where there is none."""
    architecture = _ARCHITECTURES.get(platform.machine().lower())
    if sys.platform != "linux" or architecture is None or sys.maxsize < 2**32:
        return None
    path = Path(__file__).parents[1] / "native" / f"deterministic-{architecture}-linux.so"
    # The dynamic linker splits LD_PRELOAD at these, and has no way to quote them.
    return path if path.is_file() and not set(str(path)) & {" ", ":"} else None


def sealed_environment(scratch: Path) -> dict[str, str]:
    """Environment variables for a compiler, to be added to the usual ones.

    Args:
        scratch: A directory of this build alone. Random names are no longer random in a sealed
            process, so two of them must not share their temporary files.
    """
    temporary = scratch / "tmp"
    temporary.mkdir(exist_ok=True)
    found = {name: str(temporary) for name in ("TMPDIR", "TEMP", "TMP")}
    found |= {"RUST_BACKTRACE": "0", "RUST_LIB_BACKTRACE": "0", "TOKIO_WORKER_THREADS": "1", "TZ": "UTC"}
    preload = library()
    if preload is not None:
        found["LD_PRELOAD"] = str(preload)
    return found


def sources(directory: Path) -> Iterator[Path]:
    """Each file of a project that may belong to its code, with its path from ``directory``, sorted.

    Left out are tests, documents, hidden files, environments, and what tools write.
    """
    for folder, directories, names in os.walk(directory):
        here = Path(folder)
        top = here == directory
        directories[:] = sorted(
            name
            for name in directories
            if name not in EXCLUDED
            and not name.startswith(".")
            and not name.endswith((".egg-info", ".dist-info"))
            and not (here / name / "pyvenv.cfg").exists()
            and not (here / name).is_symlink()
        )
        for name in sorted(names):
            if name.startswith(".") or name.endswith(_NO_SOURCE) or not (here / name).is_file():
                continue
            if top and (
                name.lower().startswith(_TOP_ONLY) or name == "conftest.py" or name.startswith("test_")
            ):
                continue
            yield (here / name).relative_to(directory)


def stage(directory: Path, to: Path) -> None:
    """Copy a project's code, so that compilers write nothing beside it and see no dates of files."""
    to.mkdir(parents=True)
    for name in sources(directory):
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(directory / name, target)
        os.utime(target, (_FIXED_TIME_S, _FIXED_TIME_S))
