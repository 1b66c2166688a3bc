"""What the demo looks at: Python files installed on this machine, and one file planted by the demo.

The sample is the same on every run over the same files: packages take turns, each giving its files
in the order of their names, until enough are together. Directories are read only as far as needed.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = [
    "MAX_BYTES",
    "MAX_FILES",
    "Source",
    "installed",
    "package_roots",
    "planted_text",
    "standard_library",
]

PLANTED: Final = "planted/settings.py"
"""The one file that is not real, relative to the demo's directory."""

MAX_FILES: Final = 1000
MAX_BYTES: Final = 8_000_000
_MAX_FILE_BYTES: Final = 100_000
_LEFT_OUT: Final = frozenset(
    {
        "__pycache__",
        "site-packages",
        "dist-packages",
        "test",
        "tests",
        "idlelib",
        "hyperhost",
        "builtin_plugins",
    }
)
"""Directories of no interest, HyperHost's own among them: it quotes what the plugins look for."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of the sample.

    Attributes:
        package: Name of the package, or of the module, that it belongs to.
        path: For people: relative to where packages are installed.
        text: The whole text.
        size: Bytes on disk.
    """

    package: str
    path: str
    text: str
    size: int


def package_roots() -> list[Path]:
    """Where this Python's packages are installed; only directories that exist."""
    paths = sysconfig.get_paths()
    found = dict.fromkeys(Path(paths[name]) for name in ("purelib", "platlib"))
    return [path for path in found if path.is_dir()]


def standard_library() -> list[Path]:
    """Where Python's own library is; for a machine with few packages."""
    path = Path(sysconfig.get_paths()["stdlib"])
    return [path] if path.is_dir() else []


def installed(
    roots: Iterable[Path], max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES
) -> Iterator[Source]:
    """A sample of the Python files under ``roots``, read one by one as they are asked for.

    Files that are over 100 kB, no regular files, unreadable or not UTF-8 are passed over.

    Args:
        roots: Directories of packages; those named first come first.
        max_files: Stop after so many files.
        max_bytes: Stop before more than so many bytes.
    """
    files = total = 0
    for root in roots:
        for package, path in _taking_turns(root):
            if files >= max_files:
                return
            source = _read(root, package, path)
            if source is None:
                continue
            if total + source.size > max_bytes:
                return
            files += 1
            total += source.size
            yield source


def _taking_turns(root: Path) -> Iterator[tuple[str, Path]]:
    """One file of each package, then the next of each, and so on."""
    try:
        entries = sorted(root.iterdir())
    except OSError:
        return
    waiting: list[tuple[str, Iterator[Path]]] = []
    for entry in entries:
        if entry.suffix == ".py":
            waiting.append((entry.stem, iter([entry])))
        elif entry.name.isidentifier() and entry.name not in _LEFT_OUT and entry.is_dir():
            waiting.append((entry.name, _python_files(entry)))
    while waiting:
        following = []
        for package, files in waiting:
            path = next(files, None)
            if path is not None:
                yield package, path
                following.append((package, files))
        waiting = following


def _python_files(directory: Path) -> Iterator[Path]:
    for parent, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories if name not in _LEFT_OUT)
        for name in sorted(names):
            if name.endswith(".py"):
                yield Path(parent, name)


def _read(root: Path, package: str, path: Path) -> Source | None:
    try:
        info = path.lstat()
        if not stat.S_ISREG(info.st_mode) or not 0 < info.st_size <= _MAX_FILE_BYTES:
            return None
        data = path.read_bytes()
        return Source(package, path.relative_to(root).as_posix(), data.decode("utf-8"), len(data))
    except (OSError, UnicodeDecodeError):
        return None


def plant(directory: Path) -> str:
    """Write the planted file into ``directory``, and return what can be read there."""
    path = directory / PLANTED
    path.parent.mkdir()
    path.write_text(planted_text(), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def planted_text() -> str:
    """A settings file with made-up secrets and dangerous calls.

    Its secrets are put together here, so that no file of the project looks as if it held one. They
    are the same on every run, and never were anybody's.
    """
    upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    key_id = "AK" + "IA" + _noise(16, upper)
    token = "gh" + "p_" + _noise(36, letters)
    return "\n".join(
        [
            "# SPDX-License" + "-Identifier: AGPL-3.0-only",
            "import subprocess",
            "import yaml",
            "",
            f'AWS_ACCESS_KEY_ID = "{key_id}"',
            f'GITHUB = "{token}"',
            f'DB_PASSWORD = "{_noise(20, letters)}"',
            "",
            "def deploy(command, text):",
            "    settings = yaml.load(text)",
            "    subprocess.run(command, shell=True)",
            "    return eval(settings['hook'])",
            "",
        ]
    )


def _noise(length: int, alphabet: str) -> str:
    """Characters that look random."""
    digest = b"".join(
        hashlib.sha256(f"{alphabet}{index}".encode()).digest() for index in range(length // 32 + 1)
    )
    return "".join(alphabet[byte % len(alphabet)] for byte in digest)[:length]
