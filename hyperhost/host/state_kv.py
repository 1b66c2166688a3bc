"""Key-value stores in ``state.db``."""

from __future__ import annotations

from hyperhost.host.state_db import Run, StateDatabase
from hyperhost.sandbox.services import check_quota, own_store

__all__ = ["DiskKeyValueStore"]


class DiskKeyValueStore:
    """A :class:`~hyperhost.sandbox.services.KeyValueStore` that survives restarts and crashes.

    The quota is checked in the transaction that writes, so that processes cannot pass it together.
    Every method raises ``HomeError`` when the database cannot be used.
    """

    def __init__(self, database: StateDatabase) -> None:
        self._database = database

    def get(self, store: str, key: str) -> bytes | None:
        """The value of ``key``, or ``None``."""
        rows = self._database.read("SELECT value FROM kv WHERE store = ? AND key = ?", (store, key.encode()))
        return rows[0][0] if rows else None

    def set(self, store: str, key: str, value: bytes, *, owner: str, quota: int, wait_s: float = 5.0) -> None:
        """Store ``value``; it is on the disk when this returns.

        Raises:
            QuotaError: ``owner`` would hold more than ``quota`` bytes; nothing was changed.
            HomeError: other writers took longer than ``wait_s``, or the database cannot be written.
        """
        with self._database.writing(wait_s) as run:
            _replace(run, store, key.encode(), value, owner, quota)

    def swap(
        self,
        store: str,
        key: str,
        expected: bytes | None,
        value: bytes | None,
        *,
        owner: str,
        quota: int,
        wait_s: float = 5.0,
    ) -> bool:
        """Store ``value`` if the entry is still ``expected``; ``None`` stands for no entry on either side.

        Returns:
            Whether the entry was as expected, and so was replaced.

        Raises:
            QuotaError: ``owner`` would hold more than ``quota`` bytes; nothing was changed.
            HomeError: other writers took longer than ``wait_s``, or the database cannot be written.
        """
        name = key.encode()
        with self._database.writing(wait_s) as run:
            row = run("SELECT value FROM kv WHERE store = ? AND key = ?", (store, name)).fetchone()
            if (row[0] if row else None) != expected:
                return False
            _replace(run, store, name, value, owner, quota)
            return True

    def delete(self, store: str, key: str, *, wait_s: float = 5.0) -> bool:
        """Remove the entry. Returns whether there was one.

        Raises:
            HomeError: other writers took longer than ``wait_s``, or the database cannot be written.
        """
        with self._database.writing(wait_s) as run:
            return _replace(run, store, key.encode(), None, "", 0)

    def keys(self, store: str, prefix: str, limit: int) -> list[str]:
        """Up to ``limit`` keys that start with ``prefix``, in order of their code points."""
        start = prefix.encode()
        rows = self._database.read(
            "SELECT key FROM kv WHERE store = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?",
            (store, start, _after(start), max(limit, 0)),
        )
        return [row[0].decode() for row in rows]

    def used_bytes(self, owner: str) -> int:
        """Bytes charged to ``owner`` at present."""
        rows = self._database.read("SELECT bytes FROM kv_usage WHERE owner = ?", (owner,))
        return int(rows[0][0]) if rows else 0

    def forget(self, owner: str) -> None:
        """Remove the plugin's own store and everything it wrote to shared ones."""
        with self._database.writing() as run:
            run("DELETE FROM kv WHERE store = ? OR owner = ?", (own_store(owner), owner))
            run("DELETE FROM kv_usage WHERE owner = ?", (owner,))


def _replace(run: Run, store: str, key: bytes, value: bytes | None, owner: str, quota: int) -> bool:
    """Write or (``value`` is ``None``) remove an entry and keep the books. Returns whether it existed."""
    place = (store, key)
    old = run(
        "SELECT length(key) + length(value), owner FROM kv WHERE store = ? AND key = ?", place
    ).fetchone()
    changes: dict[str, int] = {}
    if old is not None:
        changes[old[1]] = -old[0]
    if value is None:
        if old is not None:
            run("DELETE FROM kv WHERE store = ? AND key = ?", place)
    else:
        changes[owner] = changes.get(owner, 0) + len(key) + len(value)
        row = run("SELECT bytes FROM kv_usage WHERE owner = ?", (owner,)).fetchone()
        before = row[0] if row else 0
        check_quota(owner, before, before + changes[owner], quota)
        run(
            "INSERT INTO kv (store, key, value, owner) VALUES (?, ?, ?, ?) ON CONFLICT (store, key)"
            " DO UPDATE SET value = excluded.value, owner = excluded.owner",
            (store, key, value, owner),
        )
    for changed, difference in changes.items():
        if difference:
            run(
                "INSERT INTO kv_usage (owner, bytes) VALUES (?, ?)"
                " ON CONFLICT (owner) DO UPDATE SET bytes = bytes + excluded.bytes",
                (changed, difference),
            )
    return old is not None


def _after(prefix: bytes) -> bytes:
    """The first bytes after all UTF-8 text that starts with ``prefix``; no byte of UTF-8 is 0xF8 or more."""
    return prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else b"\xff"
