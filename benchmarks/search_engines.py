"""Search engines through their hook against the same library alone: queries, and filling the whole index.

All give the first 10 ids and the number of all hits. "Alone" is the bare library with the same fields and the
same queries written by hand for it, one after another on an index that is open. FTS5 alone cuts words itself
and has nothing that is compared as a whole. The rows about changes are of a registry with its store, history
and follower. ``RECORDS`` in the environment asks for fewer records, ``ENGINES`` for some of the engines.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import sqlite3
import statistics
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import Row, interleave, main
from corpus import artifacts

import hyperhost
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.search.plugin import SearchOperations
from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.search_tantivy.plugin import SearchTantivy
from builtin_plugins.search_whoosh.plugin import SearchWhoosh
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.contracts import Artifact, SearchDocument, SearchRequest
from hyperhost.query import FIELDS, SEARCHED, flat

RECORDS = int(os.environ.get("RECORDS", "0")) or None
ENGINES = os.environ.get("ENGINES", "tantivy sql whoosh").split()
QUERIES = 200
_BATCH = 1000
_PAGE = 10
_SECONDS = 10
_CREATES = 100


@dataclass(frozen=True)
class Asked:
    """One query: its words, whether they stand one after another, and a field for the second of them."""

    kind: str
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """In the language of HyperHost."""
        if self.kind == "phrase" and len(self.words) > 1:
            return f'"{" ".join(self.words)}"'
        if self.kind == "or":
            return f"{self.words[0]} OR name:{self.words[1]}"
        return " ".join(self.words)


class Alone(ABC):
    """A library without HyperHost: an index that was filled, and how it is asked."""

    @abstractmethod
    def fill(self, records: list[Artifact]) -> None:
        """Index the corpus."""

    @abstractmethod
    def ask(self, asked: Asked) -> tuple[list[str], int]:
        """The first ids, and how many there are."""


class TantivyAlone(Alone):
    """Tantivy with the schema of the plugin."""

    def __init__(self, place: Path) -> None:
        import tantivy

        from builtin_plugins.search_tantivy import schema

        self.library, self.own = tantivy, schema
        self.schema = schema.schema()
        place.mkdir()
        self.index = tantivy.Index(self.schema, path=str(place))

    def fill(self, records: list[Artifact]) -> None:
        writer = self.index.writer(128_000_000, 1)
        for record in records:
            writer.add_document(self.own.row(flat(SearchDocument(record))))
        writer.commit()
        writer.wait_merging_threads()
        self.index.reload()
        self.searcher = self.index.searcher()

    def ask(self, asked: Asked) -> tuple[list[str], int]:
        query = self._query(asked)
        found = self.searcher.search(query, _PAGE)
        return [self.searcher.doc(address).get_first("id") for _, address in found.hits], found.count

    def _query(self, asked: Asked) -> Any:
        make, both = self.library.Query, self.library.Occur
        words = asked.words
        if asked.kind == "phrase" and len(words) > 1:
            fields = [
                (make.phrase_query(self.schema, f"t_{name}", list(words)), FIELDS[name].weight / 2)
                for name in SEARCHED
            ]
            return make.boolean_query([(both.Should, make.boost_query(each, by)) for each, by in fields])
        terms = [make.term_query(self.schema, "all", word, "freq") for word in words]
        if asked.kind == "or":
            named = make.term_query(self.schema, "t_name", words[1])
            return make.boolean_query([(both.Should, terms[0]), (both.Should, named)])
        return terms[0] if len(terms) == 1 else make.boolean_query([(both.Must, each) for each in terms])


class SqlAlone(Alone):
    """A table of FTS5."""

    def __init__(self, place: Path) -> None:
        weights = ", ".join(str(FIELDS[name].weight) for name in SEARCHED)
        self.connection = sqlite3.connect(place, isolation_level=None)
        for pragma in ("journal_mode = off", "synchronous = off", "cache_size = -32768"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute(f"CREATE VIRTUAL TABLE alone USING fts5(id UNINDEXED, {', '.join(SEARCHED)})")
        self.connection.execute(f"INSERT INTO alone(alone, rank) VALUES ('rank', 'bm25(0, {weights})')")

    def fill(self, records: list[Artifact]) -> None:
        insert = f"INSERT INTO alone VALUES ({', '.join('?' * (len(SEARCHED) + 1))})"
        self.connection.execute("BEGIN")
        rows = (flat(SearchDocument(record)) for record in records)
        values = ((row.id, *(row.texts[name] for name in SEARCHED)) for row in rows)
        self.connection.executemany(insert, values)
        self.connection.execute("INSERT INTO alone(alone) VALUES ('optimize')")
        self.connection.execute("COMMIT")

    def ask(self, asked: Asked) -> tuple[list[str], int]:
        query = (f'"{" ".join(asked.words)}"',) if asked.kind == "phrase" else (self._query(asked),)
        page = "SELECT id FROM alone WHERE alone MATCH ? ORDER BY rank LIMIT 10"
        ids = [found for (found,) in self.connection.execute(page, query)]
        total = "SELECT count(*) FROM alone WHERE alone MATCH ?"
        return ids, self.connection.execute(total, query).fetchone()[0]

    @staticmethod
    def _query(asked: Asked) -> str:
        first, *rest = (f'"{word}"' for word in asked.words)
        return f"{first} OR name : {rest[0]}" if asked.kind == "or" else " AND ".join([first, *rest])


class WhooshAlone(Alone):
    """Whoosh with the schema of the plugin, and its own way of joining."""

    def __init__(self, place: Path) -> None:
        from whoosh import index, query

        from builtin_plugins.search_whoosh import schema

        self.queries, self.own = query, schema
        place.mkdir()
        self.index = index.create_in(str(place), schema.make_schema())

    def fill(self, records: list[Artifact]) -> None:
        writer = self.index.writer(limitmb=64, compound=False)
        for record in records:
            writer.add_document(**self.own.row(flat(SearchDocument(record))))
        writer.commit(optimize=True)
        self.searcher = self.index.searcher()
        self.ids = self.searcher.reader().column_reader("id")

    def ask(self, asked: Asked) -> tuple[list[str], int]:
        found = self.searcher.search(self._query(asked), limit=_PAGE)
        return [self.ids[hit.docnum] for hit in found], len(found)

    def _query(self, asked: Asked) -> Any:
        make, words = self.queries, asked.words
        if asked.kind == "phrase" and len(words) > 1:
            return make.Or([make.Phrase(f"t_{name}", list(words)) for name in SEARCHED])
        terms = [make.Term("all", word) for word in words]
        if asked.kind == "or":
            return make.Or([terms[0], make.Term("t_name", words[1])])
        return terms[0] if len(terms) == 1 else make.And(terms)


ENGINE: dict[str, tuple[Callable[[], Any], type[Alone], float]] = {
    "tantivy": (SearchTantivy, TantivyAlone, 0.5),
    "sql": (SearchSql, SqlAlone, 0.7),
    "whoosh": (SearchWhoosh, WhooshAlone, 0.8),
}
"""The plugin, the library alone, and how much of its speed is to be left."""


def asked_for(records: list[Artifact]) -> list[Asked]:
    """Queries written from the corpus: names, a word, two words, a word or a name."""
    chosen = random.Random(8)
    made = []
    for number, record in enumerate(chosen.sample(records, QUERIES)):
        found = re.findall(r"[a-z]{3,}", record.metadata.description.lower()) or ["part"]
        name = tuple(re.findall(r"[a-z0-9]+", record.name))
        kind = ("phrase", "word", "and", "or")[number % 4]
        if kind == "phrase":
            made.append(Asked(kind, name))
        elif kind == "word":
            made.append(Asked(kind, (chosen.choice(found),)))
        elif kind == "and":
            made.append(Asked(kind, tuple(dict.fromkeys(chosen.sample(found, min(2, len(found)))))))
        else:
            made.append(Asked(kind, (chosen.choice(found), name[0])))
    return made


def fill(hook: Any, records: list[Artifact]) -> None:
    """Build the index of a plugin."""
    name = hook.search_rebuild_begin()
    rest = iter(records)
    while batch := [SearchDocument(each) for each in itertools.islice(rest, _BATCH)]:
        hook.search_rebuild_add(rebuild=name, documents=batch)
    hook.search_rebuild_end(rebuild=name, keep=True, sequence=1, mark="corpus")


def timed(run: Callable[[], object]) -> float:
    """Seconds."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def p95(ask: Callable[[str], object], texts: list[str]) -> float:
    """The 95th percentile in milliseconds."""
    took = [timed(lambda text=text: ask(text)) * 1000 for text in texts]
    return statistics.quantiles(took, n=20)[-1]


def engine_rows(name: str, records: list[Artifact], place: Path) -> Iterator[Row]:
    """Queries and filling of one engine."""
    plugin, library, bound = ENGINE[name]
    alone = library(place / f"alone-{name}")
    with hyperhost.Host("bench", home=place / name) as host:
        host.register(plugin(), "engine")
        hook = host.hook
        ours = timed(lambda: fill(hook, records))
        theirs = timed(lambda: alone.fill(records))
        asked = asked_for(records)
        requests = [SearchRequest(each.text, size=_PAGE) for each in asked]

        def by_hook(count: int) -> None:
            for request in itertools.islice(itertools.cycle(requests), count):
                hook.search_query(request=request)

        def by_hand(count: int) -> None:
            for each in itertools.islice(itertools.cycle(asked), count):
                alone.ask(each)

        rounds, calls = (5, 2000) if name == "tantivy" else (3, QUERIES)
        if name == "whoosh":
            rounds, calls = 2, QUERIES
        timing = interleave({"ours": by_hook, "alone": by_hand}, rounds=rounds, calls=calls)
        mine, bare = timing.best("ours"), timing.best("alone")
        median = timing.median("alone") / timing.median("ours")
        note = f"{1 / mine:,.0f}/s, alone {1 / bare:,.0f}/s, {len(records):,} records"
        what, left = f"{name}: queries by hook", bare / mine
        yield Row(what, mine * 1e6, bare * 1e6, "µs", left, bound, "at least", median, note)
        if name == "tantivy":
            yield Row("tantivy: time of one query", mine * 1e6, None, "µs", mine * 1e6, 200.0, "under")
        begun = [each.words[0][: 1 + number % 4] for number, each in enumerate(asked)]

        def begins(text: str) -> object:
            return hook.search_query(request=SearchRequest(f"{text}*", size=_PAGE))

        value = p95(begins, begun)
        limit = 100.0 if name == "whoosh" else None
        yield Row(f"{name}: prefixes, 95 of 100", value, None, "ms", value, limit, "under")
        fields = None if name == "sql" else 1.5  # alone it has words only; search_sql.py is about the rest
        yield Row(
            f"{name}: filling the index", ours * 1e3, theirs * 1e3, "ms", ours / theirs, fields, "at most"
        )


def following_row(name: str, place: Path) -> Row:
    """From the acknowledgement of a change until a search finds it, while others go on."""
    with hyperhost.Host("bench", home=place) as host:
        for plugin, known in (
            (StorageSql(), "storage"),
            (ContentMemory(), "content"),
            (Registry(), "registry"),
            (Operations(), "operations"),
            (SearchOperations(), "search"),
            (ENGINE[name][0](), "engine"),
        ):
            host.register(plugin, known)
        run = hyperhost.Operations(host).run
        made: list[tuple[str, float]] = []
        stop = time.perf_counter() + _SECONDS

        def create() -> None:
            due = time.perf_counter()
            for number in itertools.count():
                if due >= stop:
                    return
                time.sleep(max(0.0, due - time.perf_counter()))
                word = f"w{number:07d}"
                draft = {"namespace": "org.acme", "name": word, "type": "library", "version": "1.0.0"}
                run("create", draft=draft)
                made.append((word, time.perf_counter()))
                due += 1 / _CREATES

        worker = threading.Thread(target=create)
        worker.start()
        took: list[float] = []
        while worker.is_alive():
            if made:
                word, at = made[-1]
                while not run("search", query=word)["hits"]:
                    pass
                took.append((time.perf_counter() - at) * 1000)
            time.sleep(0.005)
        worker.join()
        value = statistics.quantiles(took, n=20)[-1]
        note = f"{len(made) / _SECONDS:.0f} creates/s, {len(took)} searches"
        what = f"{name}: created to findable, 95 of 100"
        return Row(what, value, None, "ms", value, 200.0, "under", note=note)


def measure() -> list[Row]:
    """The rows."""
    rows = []
    records = list(artifacts(RECORDS))
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in ENGINES:
            rows += engine_rows(name, records, place)
            rows.append(following_row(name, place / f"following-{name}"))
    return rows


if __name__ == "__main__":
    main(measure)
