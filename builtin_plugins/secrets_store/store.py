"""Secrets by namespace and name, in one encrypted file."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import hyperhost
from hyperhost.contracts import S64
from hyperhost.errors import RefusalError
from hyperhost.offering import conflict, invalid, missing, over_quota, wrong_state

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FILE", "MAX_BYTES", "SecretRow", "Store", "check_name"]

FILE: Final = "secrets.sealed"
MAX_BYTES: Final = 64 * 1024
"""Bytes of the longest secret."""

_MOST: Final = 10_000
_NAME: Final = re.compile(r"[A-Za-z0-9]+(?:[._/-]+[A-Za-z0-9]+)*")
_NAME_MAX: Final = 200
_NAMESPACE: Final = re.compile(r"[a-z0-9][a-z0-9@+_-]*(?:\.[a-z0-9@+_-]+)*")

Entries = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SecretRow:
    """What is told of a secret; never the secret.

    Attributes:
        name: Its name.
        namespace: Configs of which namespace, and below it, get it; those of all when empty.
        changed_at_us: When it was last set.
        changed_by: By whom.
        version: How often it was set.
    """

    name: str
    namespace: str
    changed_at_us: S64
    changed_by: str
    version: int


class Store:
    """The secrets of one home, or of one process without a home. Any number of threads may use one.

    Args:
        context: The plugin's.
    """

    def __init__(self, context: hyperhost.PluginContext) -> None:
        self._file = hyperhost.SealedFile(context, FILE) if context.home is not None else None
        self._in_memory: bytes | None = None
        self._read: tuple[bytes, Entries] | None = None
        self._lock = threading.Lock()

    def find(self, name: str, namespace: str) -> str | None:
        """A secret, of the namespace itself or of the nearest one above it, or one for all.

        Raises:
            RefusalError: the file cannot be opened.
        """
        entries = self._entries(self._data())
        path = namespace
        while path:
            if (found := entries.get(_key(name, path))) is not None:
                return str(found["value"])
            path = path.rpartition(".")[0]
        found = entries.get(_key(name, ""))
        return str(found["value"]) if found is not None else None

    def rows(self) -> list[SecretRow]:
        """What there is, sorted by namespace and name.

        Raises:
            RefusalError: the file cannot be opened.
        """
        entries = self._entries(self._data())
        return [_row(key, entries[key]) for key in sorted(entries)]

    def put(self, name: str, namespace: str, value: str, by: str, at_us: int, *, replace: bool) -> SecretRow:
        """Set a secret.

        Raises:
            RefusalError: name, namespace or value is not usable, there is one already, or the file cannot
                be changed.
        """
        check_name(name)
        if namespace and not _NAMESPACE.fullmatch(namespace):
            raise invalid("namespace", "path", f"{namespace[:80]!r} is no namespace")
        if not value or len(value.encode("utf-8", "surrogatepass")) > MAX_BYTES:
            raise invalid("value_file", "size", f"a secret has 1 to {MAX_BYTES:,} bytes")
        key = _key(name, namespace)

        def change(entries: Entries) -> None:
            before = entries.get(key)
            if before is not None and not replace:
                raise conflict("name", f"there is a secret {name!r} already", "replace it with --replace")
            if before is None and len(entries) >= _MOST:
                raise over_quota("secrets", f"there are {_MOST:,} secrets already", "remove some")
            version = int(before["version"]) + 1 if before is not None else 1
            entries[key] = {"value": value, "changed_at_us": at_us, "changed_by": by, "version": version}

        self._change(change)
        return _row(key, self._entries(self._data())[key])

    def remove(self, name: str, namespace: str) -> None:
        """Remove a secret.

        Raises:
            RefusalError: there is none, or the file cannot be changed.
        """

        def change(entries: Entries) -> None:
            if entries.pop(_key(name, namespace), None) is None:
                where = f" of {namespace}" if namespace else ""
                raise missing(
                    "secret", f"there is no secret {name[:80]!r}{where[:100]}", "see: hyperhost secret list"
                )

        self._change(change)

    def rotate(self) -> None:
        """Encrypt everything with a new key.

        Raises:
            RefusalError: the file cannot be changed, or its key is not ours to replace.
        """
        if self._file is not None:
            _told(self._file.rotate)

    def _data(self) -> bytes | None:
        return _told(self._file.read) if self._file is not None else self._in_memory

    def _change(self, change: Callable[[Entries], None]) -> None:
        def make(data: bytes | None) -> bytes:
            entries = {key: dict(each) for key, each in _parsed(data).items()}
            change(entries)
            return json.dumps({"version": 1, "secrets": entries}, ensure_ascii=True).encode("ascii")

        if self._file is not None:
            file = self._file
            _told(lambda: file.change(make))
            return
        with self._lock:
            self._in_memory = make(self._in_memory)

    def _entries(self, data: bytes | None) -> Mapping[str, dict[str, Any]]:
        """What the bytes say; parsed once for each."""
        known = self._read
        if data is None:
            return {}
        if known is not None and known[0] is data:
            return known[1]
        found = _parsed(data)
        self._read = (data, found)
        return found


def check_name(name: str) -> None:
    """Return if a secret can be called so.

    Raises:
        RefusalError: ``invalid:name:name``: it cannot.
    """
    if len(name) > _NAME_MAX or not _NAME.fullmatch(name):
        raise invalid(
            "name",
            "name",
            f"{name[:60]!r} is no name of a secret",
            "letters, digits, and one of . _ / - in between",
        )


def _key(name: str, namespace: str) -> str:
    """Where a secret is: no namespace has a space in it."""
    return f"{namespace} {name}"


def _row(key: str, entry: Mapping[str, Any]) -> SecretRow:
    namespace, _, name = key.partition(" ")
    return SecretRow(
        name, namespace, int(entry["changed_at_us"]), str(entry["changed_by"]), int(entry["version"])
    )


def _parsed(data: bytes | None) -> Entries:
    if data is None:
        return {}
    found: Entries = json.loads(data)["secrets"]
    return found


def _told(ask: Callable[[], Any]) -> Any:
    """Run something that opens the file; what keeps it shut is a matter of the state of this home."""
    try:
        return ask()
    except RefusalError as refusal:
        if refusal.rule != "signing.key-unusable":
            raise
        raise wrong_state("secrets", f"the secrets are locked: {refusal.reason}", refusal.hint) from None
