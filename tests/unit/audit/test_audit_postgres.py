"""On PostgreSQL the log is one chain as well, whoever writes to it, and tampering is found."""

from __future__ import annotations

import threading
from pathlib import Path

from audit_hosts import audited_host, draft
from postgres_schema import fresh_tables, postgres_url

from builtin_plugins.storage_sql.plugin import StorageSql

__all__ = ["postgres_url"]


def test_two_hosts_that_write_at_once_make_one_chain(postgres_url: str, tmp_path: Path) -> None:
    fresh_tables(postgres_url)
    home = tmp_path / "home"
    with (
        audited_host(home, storage=StorageSql(postgres_url)) as (host, one),
        audited_host(home, storage=StorageSql(postgres_url)) as (_, other),
    ):

        def create(operations: object, name: str) -> None:
            for number in range(15):
                operations.run("create", draft=draft(f"{name}{number}"))  # type: ignore[attr-defined]

        threads = [threading.Thread(target=create, args=each) for each in ((one, "a"), (other, "b"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = one.run("audit_verify")
        assert (found["ok"], found["entries"], found["head"]) == (True, 30, found["last"])
        assert [line.message for line in host.plugins["audit"].logs()] == []
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        connection.execute(
            "UPDATE log_entry SET data = replace(data, 'create', 'delete') WHERE seq = 7 AND log = 'audit'"
        )
        connection.execute("DELETE FROM log_entry WHERE seq > 28 AND log = 'audit'")
    with audited_host(home, storage=StorageSql(postgres_url)) as (_, operations):
        problems = operations.run("audit_verify")["problems"]
    assert [(each["seq"], each["kind"]) for each in problems] == [(7, "altered"), (29, "truncated")]
