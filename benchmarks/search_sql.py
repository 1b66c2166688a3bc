"""``search-sql`` through its hook against FTS5 alone: queries, filling the whole index, and ``create``.

Both give the first 20 ids with their scores and the number of all hits. FTS5 alone is a table with the same
texts, its own tokenizer and its own ranking, asked on a connection that is open; it has no fields that are
compared as a whole, and nothing else either. It writes no log and is not safe on disk; the index in the
database of the store is both. Filling is counted in time of the processor, as it takes long enough for others
to come between. ``RECORDS`` in the environment asks for fewer records.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from common import Row, Timing, interleave, main
from corpus import artifacts
from operations import draft

import hyperhost
from builtin_plugins.audit.plugin import Audit
from builtin_plugins.operations.plugin import Operations
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.search.plugin import SearchOperations
from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.contracts import SearchDocument, SearchRequest
from hyperhost.query import FIELDS, SEARCHED, flat

RECORDS = int(os.environ.get("RECORDS", "0")) or None
QUERIES = 200
ROUNDS, CREATES = 5, 100
_BATCH = 1000
_WEIGHTS = ", ".join(str(FIELDS[name].weight) for name in SEARCHED)


def batches() -> Iterator[list[SearchDocument]]:
    """The corpus as it is told to an engine."""
    records = iter(artifacts(RECORDS))
    while batch := list(itertools.islice(records, _BATCH)):
        yield [SearchDocument(each) for each in batch]


def fill(hook: Any) -> None:
    """Build the index of the plugin."""
    name = hook.search_rebuild_begin()
    for batch in batches():
        hook.search_rebuild_add(rebuild=name, documents=batch)
    hook.search_rebuild_end(rebuild=name, keep=True, sequence=1, mark="corpus")


def fill_alone(file: Path) -> sqlite3.Connection:
    """The same texts in a table of FTS5."""
    file.unlink(missing_ok=True)
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = off")
    connection.execute("PRAGMA synchronous = off")
    connection.execute("PRAGMA cache_size = -32768")
    connection.execute("BEGIN")
    connection.execute(f"CREATE VIRTUAL TABLE alone USING fts5(id UNINDEXED, {', '.join(SEARCHED)})")
    connection.execute(f"INSERT INTO alone(alone, rank) VALUES ('rank', 'bm25(0, {_WEIGHTS})')")
    insert = f"INSERT INTO alone VALUES ({', '.join('?' * (len(SEARCHED) + 1))})"
    for batch in batches():
        rows = [flat(document) for document in batch]
        connection.executemany(insert, [(row.id, *(row.texts[name] for name in SEARCHED)) for row in rows])
    connection.execute("INSERT INTO alone(alone) VALUES ('optimize')")
    connection.execute("COMMIT")
    return connection


def asked_for() -> dict[str, list[tuple[str, str]]]:
    """Queries in the language of HyperHost and in that of FTS5."""
    chosen = random.Random(8)
    pairs: list[tuple[str, str]] = []
    names: list[str] = []
    records = list(artifacts(RECORDS))
    for record in chosen.sample(records, QUERIES):
        found = re.findall(r"[a-z]{3,}", record.metadata.description.lower()) or ["part"]
        name = re.findall(r"[a-z0-9]+", record.name)
        kind = len(pairs) % 4
        names.append(name[0])
        if kind == 0:
            pairs.append((f'"{" ".join(name)}"', f'"{" ".join(name)}"'))
        elif kind == 1:
            word = chosen.choice(found)
            pairs.append((word, f'"{word}"'))
        elif kind == 2:
            two = chosen.sample(found, min(2, len(found)))
            pairs.append((" ".join(two), " AND ".join(f'"{each}"' for each in two)))
        else:
            two = chosen.sample(found, min(2, len(found)))
            pairs.append((f"{two[0]} OR name:{name[0]}", f'"{two[0]}" OR name : "{name[0]}"'))
    begun = [name[: 1 + number % 4] for number, name in enumerate(names)]
    return {"queries": pairs, "prefixes": [(f"{each}*", f'"{each}" *') for each in begun[:40]]}


def competitors(
    hook: Any, connection: sqlite3.Connection, pairs: list[tuple[str, str]]
) -> dict[str, Callable[[int], None]]:
    """All queries, by each."""
    page = "SELECT id, rank FROM alone WHERE alone MATCH ? ORDER BY rank LIMIT 20"
    total = "SELECT count(*) FROM alone WHERE alone MATCH ?"

    def ours(count: int) -> None:
        for query, _ in itertools.islice(itertools.cycle(pairs), count):
            hook.search_query(request=SearchRequest(query))

    def alone(count: int) -> None:
        for _, query in itertools.islice(itertools.cycle(pairs), count):
            connection.execute(page, (query,)).fetchall()
            connection.execute(total, (query,)).fetchone()

    return {"ours": ours, "alone": alone}


def compared(what: str, timing: Timing, bound: float | None, note: str) -> Row:
    """Queries in the same time, as a part of what FTS5 alone answers."""
    ours, alone = timing.best("ours"), timing.best("alone")
    median = timing.median("alone") / timing.median("ours")
    return Row(what, ours * 1e6, alone * 1e6, "µs", alone / ours, bound, "at least", median, note)


def slowest(hook: Any, queries: list[str]) -> float:
    """The 95th percentile in milliseconds."""
    took = []
    for query in queries:
        began = time.perf_counter()
        hook.search_query(request=SearchRequest(query))
        took.append((time.perf_counter() - began) * 1000)
    return statistics.quantiles(took, n=20)[-1]


def filled(hook: Any) -> float:
    """Seconds of the processor to build the index of the plugin."""
    began = time.process_time()
    fill(hook)
    return time.process_time() - began


def measure() -> list[Row]:
    """The rows."""
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        place = Path(directory)
        own = stack.enter_context(hyperhost.Host("own", home=place / "own"))
        own.register(SearchSql(), "search-sql")
        lent = stack.enter_context(hyperhost.Host("lent", home=place / "lent"))
        lent.register(StorageSql(), "storage-sql")
        lent.register(SearchSql(), "search-sql")
        list(batches())  # what reads the corpus is warm for all
        began = time.process_time()
        connection = fill_alone(place / "alone.db")
        stack.callback(connection.close)
        alone = time.process_time() - began
        rows = []
        for what, host in (("a file of its own", own), ("the store", lent)):
            built = filled(host.hook)
            rows.append(
                Row(f"filling, in {what}", built * 1e3, alone * 1e3, "ms", built / alone, 1.5, "at most")
            )
        asked = asked_for()
        size = lent.hook.search_status().documents
        timing = interleave(competitors(own.hook, connection, asked["queries"]), rounds=2, calls=QUERIES)
        rows.append(compared("queries, in a file of its own", timing, 0.7, f"{size:,} records"))
        for what, pairs in asked.items():
            bound, rounds = (0.7, 2) if what == "queries" else (None, 1)
            timing = interleave(competitors(lent.hook, connection, pairs), rounds=rounds, calls=len(pairs))
            rows.append(compared(f"{what}, in the store", timing, bound, f"{len(pairs)} of them"))
        for what, queries in (
            ("prefixes", [query for query, _ in asked["prefixes"]]),
            ("typos", [f"{query.strip(chr(34)).split()[0]}~2" for query, _ in asked["queries"][:60]]),
        ):
            value = slowest(lent.hook, queries)
            rows.append(Row(f"{what}, 95 of 100", value, None, "ms", value, None, "under", None))
        rows.append(creating(place))
    return rows


def creating(place: Path) -> Row:
    """``create`` with the index in its transaction, and without an index."""
    known = (item for item in artifacts(RECORDS) if re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", item.name))
    drafts = [draft(item) for item in itertools.islice(known, (ROUNDS + 1) * CREATES)]
    with contextlib.ExitStack() as stack:
        runs: dict[str, Callable[[int], None]] = {}
        for name in ("with", "without"):
            host = stack.enter_context(hyperhost.Host(name, home=place / name))
            plugins: list[Any] = [StorageSql(), Registry(), Operations(), Audit()]
            plugins += [SearchOperations(), SearchSql()] if name == "with" else []
            for plugin in plugins:
                host.register(plugin, type(plugin).__name__.lower())
            run = hyperhost.Operations(host).run
            run("create", draft=drafts[0] | {"name": "first"})
            if name == "with":
                run("search", query="first")
            rest = iter(drafts)

            def create(count: int, run: Any = run, rest: Any = rest) -> None:
                for each in itertools.islice(rest, count):
                    run("create", draft=each)

            runs[name] = create
        timing = interleave(runs, rounds=ROUNDS, calls=CREATES)
    ours, alone = timing.best("with"), timing.best("without")
    median = timing.median("with") / timing.median("without")
    return Row("create, indexed at once", ours * 1e6, alone * 1e6, "µs", ours / alone, 1.3, "at most", median)


if __name__ == "__main__":
    main(measure)
