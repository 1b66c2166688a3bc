"""The tables of an index, and an artifact as rows of them.

Words are cut and folded by :mod:`hyperhost.query` and stored with spaces between them; the tokenizer
``ascii`` takes everything beyond ASCII for letters, so it finds exactly these words again, whatever version
of Unicode SQLite knows. PostgreSQL is given its vectors of words ready made, for the same reason.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from hyperhost.contracts import SearchIndexState
from hyperhost.query import EXACT_FACETS, FIELDS, SEARCHED, FieldKind, FlatDocument, words
from hyperhost.query.words import LONGEST_WORD

from . import vectors
from .failures import damaged
from .tables import Tables

__all__ = [
    "FORMAT",
    "NUMBERS",
    "SEPARATOR",
    "SINGLE",
    "TABLES",
    "changed",
    "check",
    "compared",
    "create",
    "drop",
    "facet",
    "finish",
    "in_rows",
    "insert",
    "known",
    "number",
    "plain",
    "read_state",
    "remove",
    "write_state",
]

_LAYOUT: Final = 3
_UNICODE: Final = unicodedata.unidata_version.split(".")
FORMAT: Final = _LAYOUT * 10_000 + int(_UNICODE[0]) * 100 + int(_UNICODE[1])
"""Raised when the tables change, or Unicode and with it words; an index of another format is built anew."""
SEPARATOR: Final = "\x1f"
TABLES: Final = ("words", "docs", "shown", "vals", "terms", "state")
NUMBERS: Final = tuple(
    field.name for field in FIELDS.values() if field.kind in (FieldKind.NUMBER, FieldKind.DATE)
)
_ENUMERATED: Final = ("type", "state", "visibility")
_MANY: Final = 500
_LONG: Final = re.compile(f"[^\\W_]{{{LONGEST_WORD + 1}}}", re.ASCII)
_LONGEST: Final = 600
"""Characters of a value that are kept; PostgreSQL's indexes have room for 2,700 bytes."""


def number(field: str) -> str:
    """The column with the numbers of a field."""
    return f"n_{field}"


def facet(field: str) -> str:
    """The column with the values that are counted, as they were written."""
    return f"f_{field}"


SINGLE: Final = tuple(
    field.name for field in FIELDS.values() if field.kind is FieldKind.FLAG or field.name in _ENUMERATED
)
"""Fields that have one of few values: columns, as an index of them would find half of all artifacts."""
_COUNTED: Final = tuple(dict.fromkeys((*EXACT_FACETS, *SINGLE)))
_IN_ROWS: Final = tuple(
    name
    for name, field in FIELDS.items()
    if (field.kind is FieldKind.EXACT or field.whole) and name not in SINGLE
)
"""Fields that are compared as a whole and may have any value, or several."""
_COLUMNS: Final = (*map(number, NUMBERS), *map(facet, _COUNTED))
_DECLARED: Final = ", ".join(
    [
        *(f"{number(name)} DOUBLE PRECISION" for name in NUMBERS),
        *(f"{facet(name)} TEXT" for name in _COUNTED),
    ]
)
_STATE: Final = (
    "CREATE TABLE #state (documents BIGINT, sequence BIGINT, mark TEXT, updated_at_us BIGINT)",
    "INSERT INTO #state VALUES (0, 0, '', 0)",
)
_CREATE: Final = {
    "sqlite": (
        # Without the texts: those that are shown are kept by themselves, as they were written.
        f"CREATE VIRTUAL TABLE #words USING fts5({', '.join(SEARCHED)}, tokenize = 'ascii', content = '')",
        f"CREATE TABLE #docs (doc INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, {_DECLARED})",
        # Apart from the numbers, as these are read for every hit and texts only for those that are shown.
        "CREATE TABLE #shown (doc INTEGER PRIMARY KEY, texts TEXT NOT NULL)",
        "CREATE TABLE #vals (doc INTEGER, field INTEGER, value TEXT)",
        # Words that are in the index, or were: those that nearly are like another are looked for here.
        "CREATE TABLE #terms (term TEXT PRIMARY KEY) WITHOUT ROWID",
        *_STATE,
    ),
    "postgresql": (
        f'CREATE TABLE #docs (doc BIGINT PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE, '
        f"words TSVECTOR NOT NULL, {_DECLARED})",
        "CREATE TABLE #shown (doc BIGINT PRIMARY KEY, texts TEXT NOT NULL)",
        'CREATE TABLE #vals (doc BIGINT, field SMALLINT, value TEXT COLLATE "C")',
        'CREATE TABLE #terms (term TEXT COLLATE "C" PRIMARY KEY)',
        *_STATE,
    ),
}
_FINISH: Final = {
    "sqlite": (
        "CREATE INDEX #vals_by_doc ON #vals (doc)",
        "CREATE INDEX #vals_by_value ON #vals (field, value, doc)",
        "INSERT INTO #words(#words) VALUES ('optimize')",
        "CREATE VIRTUAL TABLE temp.#vocabulary USING fts5vocab(main, '#words', 'row')",
        "INSERT INTO #terms SELECT term FROM temp.#vocabulary",
        "DROP TABLE temp.#vocabulary",
    ),
    "postgresql": (
        "CREATE INDEX #vals_by_doc ON #vals (doc)",
        "CREATE INDEX #vals_by_value ON #vals (field, value, doc)",
        "CREATE INDEX #docs_by_words ON #docs USING gin (words)",
        "INSERT INTO #terms SELECT word FROM ts_stat('SELECT words FROM #docs') WHERE strpos(word, '/') = 0",
        "ANALYZE #docs",
        "ANALYZE #vals",
    ),
}


def in_rows(field: str) -> int:
    """What stands for a field in the table of values."""
    return _IN_ROWS.index(field)


def compared(value: str) -> str:
    """A folded value as it is kept; of a very long one only the beginning, and what tells it from others."""
    if len(value) <= _LONGEST:
        return value
    return value[:500] + hashlib.sha256(value.encode(errors="replace")).hexdigest()


def _insertion(table: str, columns: Iterable[str]) -> str:
    names = list(columns)
    marks = [f"?{place}" for place in range(1, len(names) + 1)]
    # Names of tables and columns are constants of this module.
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(marks)})"  # noqa: S608


_DOCS: Final = _insertion("#docs", ("doc", "id", *_COLUMNS))
_DOCS_WITH_WORDS: Final = _insertion("#docs", ("doc", "id", *_COLUMNS, "words"))
_WORDS: Final = _insertion("#words", ("rowid", *SEARCHED))
_NO_WORDS: Final = _insertion("#words", ("#words", "rowid", *SEARCHED))
_SHOWN: Final = _insertion("#shown", ("doc", "texts"))
_VALS: Final = _insertion("#vals", ("doc", "field", "value"))
_TERMS: Final = "INSERT INTO #terms VALUES (?1) ON CONFLICT DO NOTHING"
_WHOLE: Final = (
    "SELECT s.documents, (SELECT count(*) FROM #docs), (SELECT count(*) FROM #shown), "
    "(SELECT count(*) FROM #docs d JOIN #shown USING (doc)){} FROM #state s"
)
_SIZES: Final = ", (SELECT count(*) FROM #words_docsize)"

_Row = tuple[int, FlatDocument]


def create(tables: Tables) -> None:
    """Make the tables of an empty index, which is to be filled and then finished."""
    for statement in _CREATE[tables.dialect]:
        tables.write(statement)


def drop(tables: Tables) -> None:
    """Remove the tables of an index, which may be damaged."""
    if tables.dialect == "sqlite":
        # What makes a table of FTS5 may be missing, and without it the table cannot even be removed.
        for statement in (
            "CREATE TABLE IF NOT EXISTS #words_data (id INTEGER PRIMARY KEY, block BLOB)",
            "CREATE TABLE IF NOT EXISTS #words_idx (segid, term, pgno, PRIMARY KEY (segid, term)) "
            "WITHOUT ROWID",
            "CREATE TABLE IF NOT EXISTS #words_docsize (id INTEGER PRIMARY KEY, sz BLOB)",
            "CREATE TABLE IF NOT EXISTS #words_config (k PRIMARY KEY, v) WITHOUT ROWID",
            "INSERT OR REPLACE INTO #words_config VALUES ('version', 4)",
        ):
            tables.write(statement)
        parts: tuple[str, ...] = ("words", "words_data", "words_idx", "words_docsize", "words_config")
    else:
        parts = ()
    for name in (*parts, *TABLES):
        tables.write(f"DROP TABLE IF EXISTS #{name}")


def insert(tables: Tables, documents: Iterable[FlatDocument], *, terms: bool = True) -> int:
    """Add documents; none of them is there.

    Args:
        tables: In a transaction.
        documents: They.
        terms: Whether their words are added to those known; a whole index collects them at its end.

    Returns:
        How many were added.
    """
    [(doc,)] = tables.read("SELECT coalesce(max(doc), 0) FROM #docs")
    count = 0
    rows: list[_Row] = []
    for count, document in enumerate(documents, 1):
        rows.append((doc + count, document))
        if len(rows) == _MANY:
            _insert(tables, rows, terms)
            rows.clear()
    if rows:
        _insert(tables, rows, terms)
    return count


def _insert(tables: Tables, rows: list[_Row], terms: bool) -> None:
    values = _values(rows)
    docs: list[list[Any]] = [[doc, document.id, *_row(document)] for doc, document in rows]
    if not _is_plain([text for _, _, text in values]):
        values = list(dict.fromkeys((doc, field, plain(text)) for doc, field, text in values))
    if not _is_plain([cell for row in docs for cell in row if isinstance(cell, str)]):
        docs = [[plain(cell) if isinstance(cell, str) else cell for cell in row] for row in docs]
    if tables.dialect == "sqlite":
        tables.write(_DOCS, docs)
        tables.write(_WORDS, [(doc, *_indexed(document.texts)) for doc, document in rows])
    else:
        for row, (_, document) in zip(docs, rows, strict=True):
            row.append(vectors.vector(_words(document.texts)))
        tables.write(_DOCS_WITH_WORDS, docs)
    tables.write(_SHOWN, [(doc, json.dumps(dict(document.texts))) for doc, document in rows])
    if values:
        tables.write(_VALS, values)
    if terms:
        found = {word for _, document in rows for own in _words(document.texts).values() for word in own}
        if found:
            tables.write(_TERMS, [(word,) for word in sorted(found)])


def _words(texts: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: words(texts[name]) if texts[name] else [] for name in SEARCHED}


def _indexed(texts: Mapping[str, str]) -> Iterator[str]:
    """Each field as FTS5 is given it: its words, or what its tokenizer cuts into the same words."""
    for name in SEARCHED:
        text = texts[name]
        if text.isascii() and "\0" not in text and (len(text) <= LONGEST_WORD or not _LONG.search(text)):
            yield text
        else:
            yield " ".join(words(text))


def _values(rows: list[_Row]) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    for doc, document in rows:
        values = document.values
        for field, name in enumerate(_IN_ROWS):
            for value in values[name]:
                found.append((doc, field, value if len(value) <= _LONGEST else compared(value)))  # noqa: PERF401 - half as fast
    return found


def _row(document: FlatDocument) -> list[Any]:
    facets = document.facets
    return [
        *(document.numbers.get(name) for name in NUMBERS),
        *(SEPARATOR.join(facets[name]) for name in EXACT_FACETS),
        *(document.values[name][0] for name in _COUNTED[len(EXACT_FACETS) :]),
    ]


def _is_plain(texts: Iterable[str]) -> bool:
    joined = "".join(texts)
    if "\0" in joined:
        return False
    try:
        joined.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(text: str) -> str:
    """Half of a character, which Python lets through, is none for a database; zero is none for PostgreSQL."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")


def remove(tables: Tables, ids: Iterable[str]) -> int:
    """Take documents out, if they are there; how many were."""
    count = 0
    for each in ids:
        found = tables.read("SELECT doc FROM #docs WHERE id = ?1", (each,))
        if not found:
            continue
        count += 1
        [(doc,)] = found
        if tables.dialect == "sqlite":
            # FTS5 keeps no texts here, so it is told which words to forget.
            [(texts,)] = tables.read("SELECT texts FROM #shown WHERE doc = ?1", (doc,)) or [("{}",)]
            kept = {name: json.loads(texts).get(name, "") for name in SEARCHED}
            tables.write(_NO_WORDS, [("delete", doc, *_indexed(kept))])
        for table in ("vals", "shown", "docs"):
            tables.write(f"DELETE FROM #{table} WHERE doc = ?1", [(doc,)])  # noqa: S608 - constants
    return count


def finish(tables: Tables) -> int:
    """Collect the words of an index that was filled at once, and join its segments; how large it is.

    What is sorted by values is sorted at once here, rather than row after row.
    """
    for statement in _FINISH[tables.dialect]:
        tables.write(statement)
    [(documents,)] = tables.read("SELECT count(*) FROM #docs")
    return int(documents)


def known(tables: Tables, ids: list[str]) -> int:
    """How many of some artifacts are indexed."""
    if tables.dialect == "sqlite":
        several: object = json.dumps(ids)
        listed = "IN (SELECT value FROM json_each(?1))"
    else:
        several, listed = ids, "= ANY(?1::text[])"
    [(count,)] = tables.read(f"SELECT count(*) FROM #docs WHERE id {listed}", (several,))  # noqa: S608 - constants
    return int(count)


def changed(
    tables: Tables, changes: Mapping[str, FlatDocument | None], documents: int, sequence: int, mark: str
) -> SearchIndexState:
    """Add, replace and remove documents, in a transaction; how far the index is then.

    Args:
        tables: Of the index.
        changes: The document by id of its artifact; ``None`` removes it.
        documents: How many there are.
        sequence: The last change of the store that the index reflects then.
        mark: Recognises it.
    """
    gone = remove(tables, changes)
    added = insert(tables, (each for each in changes.values() if each is not None))
    updated = write_state(tables, documents + added - gone, sequence, mark)
    return SearchIndexState(documents + added - gone, sequence, updated, mark=mark)


def check(tables: Tables) -> None:
    """Count what is in the tables of an index.

    Raises:
        RefusalError: rule ``search.damaged``: something is missing.
    """
    lite = tables.dialect == "sqlite"
    rows = tables.read(_WHOLE.format(_SIZES if lite else ""))
    if len(rows) != 1:
        raise damaged("it does not say how far it is")
    [(told, *counted)] = rows
    wrong = [count for count in counted if count != told]
    if wrong:
        raise damaged(f"it should have {told:,} documents, and a table has {wrong[0]:,}")


def read_state(tables: Tables) -> tuple[int, int, str, int]:
    """Documents, the last change of the store, its mark, and when it was written."""
    rows = tables.read("SELECT documents, sequence, mark, updated_at_us FROM #state")
    if len(rows) != 1:
        raise damaged("it does not say how far it is")
    [(documents, sequence, mark, updated)] = rows
    return documents, sequence, mark, updated


def write_state(tables: Tables, documents: int, sequence: int, mark: str) -> int:
    """Say how far the index is, in the transaction that has brought it there; when that was.

    Args:
        tables: Of the index.
        documents: How many there are.
        sequence: The last change of the store that the index reflects.
        mark: Recognises it.
    """
    now_us = time.time_ns() // 1000
    tables.write(
        "UPDATE #state SET documents = ?1, sequence = ?2, mark = ?3, updated_at_us = ?4",
        [(documents, sequence, mark, now_us)],
    )
    return now_us
