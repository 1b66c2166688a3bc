"""Hosts with a registry and an audit log, ways to tamper with the log, and a program that writes to one.

``python audit_hosts.py HOME NAME COUNT`` creates artifacts until it has made COUNT or is killed, and
says on its standard output which were acknowledged.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import hyperhost
from builtin_plugins.audit.plugin import Audit
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_memory.plugin import StorageMemory
from builtin_plugins.storage_sql.plugin import StorageSql


@contextlib.contextmanager
def audited_host(
    home: Path | None, *more: object, storage: object | None = None
) -> Iterator[tuple[hyperhost.Host, hyperhost.Operations]]:
    """A host whose operations are audited: on SQLite in a home, without one in memory."""
    with hyperhost.Host(home=home) as host:
        provider = storage or (StorageMemory() if home is None else StorageSql())
        host.register(provider, "storage-memory" if isinstance(provider, StorageMemory) else "storage-sql")
        for plugin, name in (
            (ContentMemory(), "content-memory"),
            (Registry(), "registry"),
            (Operations(), "operations"),
            (Audit(), "audit"),
        ):
            host.register(plugin, name)
        for each in more:
            host.register(each)
        yield host, hyperhost.Operations(host)


def draft(name: str, **more: Any) -> dict[str, Any]:
    return {"namespace": "org.acme", "name": name, "type": "library", "version": "1.0.0", **more}


class Rows:
    """The audit log of a home as somebody with access to the database file sees it.

    Args:
        home: Of a host that was closed.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / "data" / "storage-sql" / "registry.db"

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            found = connection.execute(statement, parameters).fetchall()
            connection.commit()
            return found

    def data(self, seq: int) -> str:
        return str(self.sql("SELECT data FROM log_entry WHERE log = 'audit' AND seq = ?", seq)[0][0])

    def put(self, seq: int, data: str) -> None:
        self.sql("UPDATE log_entry SET data = ? WHERE log = 'audit' AND seq = ?", data, seq)

    def delete(self, first: int, last: int | None = None) -> None:
        self.sql("DELETE FROM log_entry WHERE log = 'audit' AND seq BETWEEN ? AND ?", first, last or first)

    def shift(self, first: int, by: int) -> None:
        """Renumber what lies from ``first`` on; by way of negative numbers, as each is taken once."""
        self.sql("UPDATE log_entry SET seq = -seq WHERE log = 'audit' AND seq >= ?", first)
        self.sql("UPDATE log_entry SET seq = -seq + ? WHERE log = 'audit' AND seq < 0", by)

    def swap(self, one: int, other: int) -> None:
        for old, new in ((one, -1), (other, one), (-1, other)):
            self.sql("UPDATE log_entry SET seq = ? WHERE log = 'audit' AND seq = ?", new, old)

    def insert(self, seq: int, data: str, at_us: int = 0) -> None:
        self.sql(
            "INSERT INTO log_entry (log, seq, at_us, subject, data) VALUES ('audit', ?, ?, '', ?)",
            seq,
            at_us,
            data,
        )


def main() -> None:
    home, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    with audited_host(home) as (_, operations):
        for number in range(count):
            made = operations.run("create", draft=draft(f"{name}-{number}"))
            sys.stdout.write(f"{made['artifact']['id']}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
