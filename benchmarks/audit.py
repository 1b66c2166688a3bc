"""The audit log: what it adds to a create, how fast it is checked, how fast its end is found."""

from __future__ import annotations

import contextlib
import itertools
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import rfc8785
from common import Row, interleave, main, ratio_row

import hyperhost
from builtin_plugins.audit.plugin import Audit
from builtin_plugins.audit.sealing import canonical, hash_of, unseal
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_sql.plugin import StorageSql

ENTRIES = 10_000
_numbers = itertools.count()


@contextlib.contextmanager
def registry(home: Path, *, audited: bool) -> Iterator[hyperhost.Operations]:
    """A registry on SQLite, as durable as it is for users."""
    with hyperhost.Host(home=home) as host:
        host.register(StorageSql(), "storage-sql")
        host.register(ContentMemory(), "content-memory")
        host.register(Registry(), "registry")
        host.register(Operations(), "operations")
        if audited:
            host.register(Audit(), "audit")
        yield hyperhost.Operations(host)


def create(operations: hyperhost.Operations, count: int) -> None:
    """Create artifacts, each of them durable."""
    for _ in range(count):
        draft = {"namespace": "pkg.acme", "name": f"n{next(_numbers)}", "type": "library", "version": "1.0.0"}
        operations.run("create", draft=draft)


def measure() -> list[Row]:
    """The rows of this benchmark."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        with (
            registry(place / "with", audited=True) as audited,
            registry(place / "without", audited=False) as bare,
        ):
            timing = interleave(
                {
                    "with": lambda count: create(audited, count),
                    "without": lambda count: create(bare, count),
                },
                rounds=8,
                calls=60,
            )
            rows = [
                ratio_row(
                    "create, with audit against without",
                    timing,
                    "with",
                    "without",
                    1.5,
                    note="durable: both wait for the disk once",
                )
            ]
            rows += _checking(audited)
    return rows


def _checking(operations: hyperhost.Operations) -> list[Row]:
    """Checking a log against reading it and hashing it, which is the least that a check can be."""
    host = operations.host
    host.hook.storage_begin(write=True)
    first = operations.run("audit_show", seq=1)
    have = operations.run("audit_verify")["entries"]
    for _ in range(ENTRIES - have):
        operations.run("tag", artifact=first["target"], tag="stable")
    host.hook.storage_end(commit=True)

    def check(_: int) -> float:
        started = time.perf_counter()
        found = operations.run("audit_verify")
        assert found["ok"], found
        assert found["entries"] >= ENTRIES
        return (time.perf_counter() - started) / found["entries"]

    def hash_only(_: int) -> float:
        started = time.perf_counter()
        after, entries = 0, 0
        while True:
            page = host.hook.storage_list_log(log="audit", subject="", after=after, until_us=None, limit=1000)
            for entry in page.items:
                json.loads(entry.data_json)
                hash_of(entry.data_json)
            entries += len(page.items)
            after = page.next_after
            if not page.more:
                return (time.perf_counter() - started) / entries

    timing = interleave({"check": check, "hash": hash_only}, rounds=4, calls=1)
    entry = json.loads(_one(host))["entry"]
    sealing = interleave(
        {
            "own": lambda count: [canonical(entry) for _ in range(count)] and None,
            "rfc8785": lambda count: [rfc8785.dumps(entry) for _ in range(count)] and None,
        },
        rounds=8,
        calls=2_000,
    )
    rate = 1 / timing.best("check")
    return [
        ratio_row(
            "verify one entry, against reading, parsing and hashing it",
            timing,
            "check",
            "hash",
            2.0,
            note=f"{rate:,.0f} entries/s",
        ),
        ratio_row("canonical JSON of an entry, against rfc8785", sealing, "own", "rfc8785", 0.5),
    ]


def _one(host: hyperhost.Host) -> str:
    page = host.hook.storage_list_log(log="audit", subject="", after=0, until_us=None, limit=1)
    assert unseal(page.items[0].data_json) is not None
    return str(page.items[0].data_json)


if __name__ == "__main__":
    main(measure)
