"""The policies of a home: files in ``policies/``, and those that come along with this plugin.

The files are looked at before every use, which takes microseconds; they are read anew when one has
changed. What cannot be read is kept as broken: it guards what it would have guarded by refusing it.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import hyperhost
from hyperhost.errors import RefusalError

from .judging import Prepared
from .reading import PolicyError, read_policy, read_scope
from .rules import Scope, fits

__all__ = ["SHIPPED", "Entry", "PolicyFiles", "PolicySet"]

SHIPPED: Final = ("no-secrets", "signed-production")
"""Policies that come along, and hold unless the configuration leaves them out or a file has their name."""

_SUFFIX: Final = ".toml"
_MAX_BYTES: Final = 1 << 20
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

Signature = tuple[tuple[str, int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One policy, or what should have been one.

    Attributes:
        name: Its name.
        source: Its file; empty for one that came along.
        text: As it was read; empty when it could not be.
        prepared: Ready to judge; ``None`` when it is broken.
        problem: What is wrong with it; empty when nothing is.
        line: Where; 0 for the file as a whole.
        scope: What it guards while it is broken; ``None`` is everything.
    """

    name: str
    source: str
    text: str
    prepared: Prepared | None
    problem: str = ""
    line: int = 0
    scope: Scope | None = None


class PolicySet:
    """The policies that hold at a moment.

    Args:
        entries: All of them, by name.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: Mapping[str, Entry] = {entry.name: entry for entry in entries}
        self._broken = [entry for entry in self.entries.values() if entry.prepared is None]
        self._sound = [entry.prepared for entry in self.entries.values() if entry.prepared is not None]
        self._for: dict[tuple[str, ...], tuple[list[Entry], list[Prepared]]] = {}

    def about(self, verbs: tuple[str, ...]) -> tuple[list[Entry], list[Prepared]]:
        """The broken and the sound ones that may concern an operation, by its name and what it counts as."""
        found = self._for.get(verbs)
        if found is None:
            if len(self._for) > 1000:
                self._for.clear()  # names come from outside, and there is no end to them
            broken = [each for each in self._broken if each.scope is None or _concerns(each.scope, verbs)]
            sound = [each for each in self._sound if _concerns(each.policy.scope, verbs)]
            found = self._for[verbs] = (broken, sound)
        return found


def _concerns(scope: Scope, verbs: tuple[str, ...]) -> bool:
    return not scope.operations or any(fits(scope.operations, verb) for verb in verbs)


class PolicyFiles:
    """The policies of one host. Any number of threads may use one.

    Args:
        directory: Where the files are; ``None`` without a home.
        shipped: Names of those that came along and hold.
    """

    def __init__(self, directory: Path | None, shipped: Iterable[str]) -> None:
        self.directory = directory
        self._shipped = [name for name in shipped if name in SHIPPED]
        self._lock = threading.Lock()
        self._known: tuple[Signature | None, PolicySet] | None = None
        self._came_along: list[Entry] | None = None

    def current(self) -> PolicySet:
        """The policies as they are now."""
        signature = self._signature()
        known = self._known
        if known is not None and signature is not None and known[0] == signature:
            return known[1]
        with self._lock:
            found = PolicySet([*self._shipped_ones(), *self._own(signature)])
            self._known = (signature, found)
            return found

    def write(self, name: str, text: str) -> Path:
        """Write a policy, whole or not at all.

        Raises:
            RefusalError: there is no home, or the file cannot be written.
        """
        path = self._path(name)
        try:
            hyperhost.write_whole(path, text)
        except OSError as error:
            raise RefusalError(
                f"{path} cannot be written: {error.strerror or error}", "state:policies"
            ) from error
        return path

    def remove(self, name: str) -> bool:
        """Remove the file of a policy; whether there was one.

        Raises:
            RefusalError: it cannot be removed.
        """
        if self.directory is None or not _NAME.fullmatch(name):
            return False
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise RefusalError(
                f"the policy {name!r} cannot be removed: {error.strerror or error}", "state:policies"
            ) from error
        return True

    def _path(self, name: str) -> Path:
        if self.directory is None:
            raise RefusalError(
                "policies are files of the home, and this host has none",
                "state:policies",
                hint="give the host a home, as in Host(home=…)",
            )
        return self.directory / f"{name}{_SUFFIX}"

    def _signature(self) -> Signature | None:
        """What the files look like from outside; ``None`` when the directory cannot be looked at."""
        if self.directory is None:
            return ()
        try:
            with os.scandir(self.directory) as listed:
                files = sorted(_seen(entry.name, entry.stat()) for entry in listed if _is_policy(entry.name))
            return (_seen("", self.directory.stat()), *files)
        except FileNotFoundError:
            # A directory that is not there has no policies; a link to nothing in it is one that is broken.
            return None if os.path.lexists(self.directory) else ()
        except OSError:
            return None

    def _shipped_ones(self) -> list[Entry]:
        if self._came_along is None:
            folder = Path(__file__).with_name("shipped")
            self._came_along = [
                _entry(name, "", folder.joinpath(f"{name}{_SUFFIX}").read_text(encoding="utf-8"))
                for name in self._shipped
            ]
        return self._came_along

    def _own(self, signature: Signature | None) -> list[Entry]:
        if self.directory is None:
            return []
        if not signature and signature is not None:
            return []  # there is no directory
        try:
            mode = self.directory.stat().st_mode
            names = sorted(path.name for path in self.directory.iterdir() if _is_policy(path.name))
        except OSError as error:
            return [self._broken(f"the directory cannot be read: {error.strerror or error}")]
        found = [self._read(self.directory / name) for name in names]
        # Who may write a directory may remove files from it, or put one in the place of one that came along.
        if mode & 0o022:
            found.append(self._broken("others may change what is in the directory; chmod 700"))
        return found

    def _broken(self, problem: str) -> Entry:
        """The directory itself: nobody knows what it would have guarded, so that is everything."""
        return Entry("policies", str(self.directory), "", None, problem)

    def _read(self, path: Path) -> Entry:
        name = path.name.removesuffix(_SUFFIX)
        if not path.name.endswith(_SUFFIX):
            return Entry(name, str(path), "", None, f"its name has to end in {_SUFFIX}, in small letters")
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            with os.fdopen(handle, "rb") as file:
                facts = os.fstat(file.fileno())
                if not stat.S_ISREG(facts.st_mode):
                    return Entry(name, str(path), "", None, "it is no file")
                if facts.st_mode & 0o022:
                    return Entry(name, str(path), "", None, "others may change it; chmod 600")
                text = file.read(_MAX_BYTES + 1).decode("utf-8")
        except UnicodeDecodeError:
            return Entry(name, str(path), "", None, "it is no UTF-8")
        except OSError as error:
            return Entry(name, str(path), "", None, f"it cannot be read: {error.strerror or error}")
        return _entry(name, str(path), text)


def _is_policy(name: str) -> bool:
    """Whether a file was meant to be a policy, however its suffix is written."""
    return name.lower().endswith(_SUFFIX)


def _seen(name: str, info: os.stat_result) -> tuple[str, int, int, int, int]:
    return name, info.st_mtime_ns, info.st_size, info.st_ino, info.st_mode


def _entry(name: str, source: str, text: str) -> Entry:
    try:
        return Entry(name, source, text, Prepared(read_policy(text, name)))
    except PolicyError as error:
        return Entry(name, source, text, None, error.problem, error.line, read_scope(text))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong with a policy, it must not be left out
        return Entry(name, source, text, None, f"it cannot be prepared: {error}", 0, read_scope(text))
