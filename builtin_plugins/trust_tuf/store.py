"""The directory of a repository's metadata: written so that a reader sees one state or the next.

Files are named ``VERSION.ROLE.json`` (consistent snapshots) and never change once a timestamp announces
them; ``timestamp.json`` is replaced last. What a crash leaves behind was never announced and is
overwritten by the next commit.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

__all__ = ["KEPT_SNAPSHOTS", "MetadataStore", "sync_directory", "write_file"]

KEPT_SNAPSHOTS: Final = 64
_KEPT: Final = {"snapshot": KEPT_SNAPSHOTS, "root": 1 << 62}
"""Versions of a role that stay for clients that are in the middle of an update; every root does."""
_KEPT_OTHERS: Final = 4
_NAME: Final = re.compile(r"(?:[1-9][0-9]{0,18}\.)?[A-Za-z0-9@+._~-]{1,300}\.json")


class MetadataStore:
    """One repository's metadata.

    Args:
        directory: Where it lies.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def exists(self) -> bool:
        """Whether a repository was made here."""
        return (self.directory / "timestamp.json").exists()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from changing the repository."""
        self.directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        handle = os.open(self.directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def read(self, name: str) -> bytes | None:
        """A file as clients ask for it: ``timestamp.json``, ``4.snapshot.json``; ``None`` without one."""
        if not _NAME.fullmatch(name):
            return None
        try:
            return (self.directory / name).read_bytes()
        except FileNotFoundError:
            return None

    def versions(self, role: str) -> list[int]:
        """Versions of a role that are there, in order; by looking, not by listing."""
        found, version = [], 1
        while (self.directory / f"{version}.{role}.json").exists():
            found.append(version)
            version += 1
        return found

    def commit(self, files: dict[str, bytes]) -> None:
        """Write metadata, ``timestamp.json`` last, and let go of what nobody needs.

        Args:
            files: Content by name.
        """
        ordered = sorted(files, key=lambda name: name == "timestamp.json")
        for name in ordered:
            if name == "timestamp.json":
                sync_directory(self.directory)  # what it announces must not be lost without it
            write_file(self.directory / name, files[name], mode=0o644, durable_name=False)
        sync_directory(self.directory)
        for name in ordered:
            version, _, role = name.removesuffix(".json").partition(".")
            if version.isdecimal():
                old = int(version) - _KEPT.get(role, _KEPT_OTHERS)
                (self.directory / f"{old}.{role}.json").unlink(missing_ok=True)


def write_file(path: Path, data: bytes, *, mode: int, durable_name: bool = True) -> None:
    """Write a file that is there as a whole or not at all, and durable."""
    beside = path.with_name(f".{path.name[:100]}-{secrets.token_hex(6)}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    if durable_name:
        sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make durable which files a directory has."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
