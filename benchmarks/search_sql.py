"""``search-sql`` through its hook against FTS5 alone: queries, prefixes, and filling the whole index.

Both give the first 20 ids with their scores and the number of all hits. FTS5 alone is a table with the same
texts, its own tokenizer and its own ranking, asked on a connection that is open; it has no fields that are
compared as a whole, and nothing else either. ``RECORDS`` in the environment asks for fewer records.
"""

from __future__ import annotations

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

import hyperhost
from builtin_plugins.search_sql.plugin import SearchSql
from hyperhost.contracts import SearchDocument, SearchRequest
from hyperhost.query import FIELDS, SEARCHED, flat

RECORDS = int(os.environ.get("RECORDS", "0")) or None
QUERIES = 200
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


def measure() -> list[Row]:
    """The rows."""
    with tempfile.TemporaryDirectory() as directory, hyperhost.Host("bench", home=Path(directory)) as host:
        host.register(SearchSql(), "search-sql")
        hook = host.hook
        list(batches())  # what reads the corpus is warm for both
        began = time.perf_counter()
        fill(hook)
        built = time.perf_counter() - began
        began = time.perf_counter()
        connection = fill_alone(Path(directory) / "alone.db")
        alone = time.perf_counter() - began
        asked = asked_for()
        size = hook.search_status().documents
        rows = []
        for what, pairs in asked.items():
            bound, rounds = (0.7, 3) if what == "queries" else (None, 1)
            timing = interleave(competitors(hook, connection, pairs), rounds=rounds, calls=len(pairs))
            rows.append(compared(f"{what}, {size:,} records", timing, bound, f"{len(pairs)} of them"))
        for what, queries in (
            ("prefixes", [query for query, _ in asked["prefixes"]]),
            ("typos", [f"{query.strip(chr(34)).split()[0]}~2" for query, _ in asked["queries"][:60]]),
        ):
            value = slowest(hook, queries)
            rows.append(Row(f"{what}, 95 of 100", value, None, "ms", value, None, "under", None))
        rows.append(
            Row("filling the index", built * 1e3, alone * 1e3, "ms", built / alone, 1.5, "at most", None)
        )
        connection.close()
    return rows


if __name__ == "__main__":
    main(measure)
