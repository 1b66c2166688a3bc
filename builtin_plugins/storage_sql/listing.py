"""Lists of artifacts: one walk along one index, whatever is asked for.

The query's namespace and each of its labels is a scope. The walk goes through the smallest of them
in the order asked for and looks for its artifacts in the others; type, state and visibility are
decided by a number that lies in the index. Where few artifacts have the name asked for, or lie in
exactly that namespace, these are collected and sorted instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from hyperhost.contracts import Artifact, ArtifactQuery, ArtifactSort, PageRequest

from .artifacts import decoded
from .codec import COLUMNS, kind_of
from .database import Database
from .scopes import DIRECT, EVERYTHING, Scope, label, tree
from .statements import Statements
from .tokens import check_size, make_token, read_token

__all__ = ["Listing"]

_SORTS: Final = {
    ArtifactSort.CREATED: "created",
    ArtifactSort.UPDATED: "updated",
    ArtifactSort.DOWNLOADS: "downloads",
    ArtifactSort.RATING: "rating",
}
_NEEDS_SQLITE: Final = (
    "instr(d.document, ?) > 0 AND EXISTS (SELECT 1 FROM json_each(d.document, '$.dependencies') e "
    "WHERE json_extract(e.value, '$[0]') = ?)"
)
_NEEDS_POSTGRES: Final = (
    "position(? in d.document) > 0 AND EXISTS (SELECT 1 FROM "
    "json_array_elements(d.document::json -> 'dependencies') e WHERE e ->> 0 = ?)"
)
_EVERYTHING_NO: Final = 1
_WORTH: Final = 50
"""Collecting pays when a walk would meet one of those asked for less often than this says."""


@dataclass
class _Walk:
    """A statement in the making."""

    source: str
    order: tuple[str, ...]
    conditions: list[str] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)

    def where(self, condition: str, *params: Any) -> None:
        """Add a condition."""
        self.conditions.append(condition)
        self.params += params


@dataclass(frozen=True)
class _Known:
    """A scope with its counters."""

    scope: Scope
    no: int
    artifacts: int
    direct: int


class Listing:
    """Answers queries."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._sql = statements
        self._sqlite = database.dialect == "sqlite"

    def page(self, query: ArtifactQuery, page: PageRequest) -> tuple[list[Artifact], str]:
        """A part of a list, and the token of what follows."""
        check_size(page.size)
        wanted = _words(query)
        after = None
        if page.token:
            last = (float,) if query.sort is ArtifactSort.RATING else (int,)
            types = (str, str, str) if query.sort is ArtifactSort.NAME else (*last, str)
            after = read_token(page.token, wanted, types)
        with self._database.reading():
            scopes = self._scopes(query)
            if scopes is None:
                return [], ""
            rows: list[tuple[Any, ...]] = []
            for walk in self._walks(query, scopes):
                need = page.size + 1 - len(rows)
                if need:
                    rows += self._run(walk, query.descending, after, need)
        width = len(COLUMNS)
        items = [decoded(row) for row in rows[: page.size]]
        if len(rows) <= page.size:
            return items, ""
        return items, make_token(rows[page.size - 1][width:], wanted)

    def count(self, query: ArtifactQuery) -> int:
        """How many artifacts there are; from the counters where they say it."""
        with self._database.reading():
            scopes = self._scopes(query)
            if scopes is None:
                return 0
            kinds, _ = kind_of(query.type, query.state, query.visibility)
            plain = query.name is None and query.needs is None and kinds == 0
            if plain and len(scopes) == 1:
                only = scopes[0]
                exact = query.namespace is not None and not query.descendants
                return only.direct if exact else only.artifacts
            walk = self._placed(query, scopes, "created")
            sql = f"SELECT COUNT(*) FROM {walk.source} WHERE {' AND '.join(walk.conditions)}"  # noqa: S608
            row = self._database.one(self._text(sql), walk.params)
            return 0 if row is None else int(row[0])

    def _scopes(self, query: ArtifactQuery) -> list[_Known] | None:
        """The query's scopes, smallest first; ``None`` when one of them is empty."""
        asked = [tree(query.namespace)] if query.namespace is not None else []
        asked += [label(name, value) for name, value in query.labels.items()]
        if not asked:
            row = self._database.one(self._sql.get_scope, EVERYTHING)
            return [] if row is None else [_Known(EVERYTHING, row[0], row[1], row[2])]
        known = []
        for scope in asked:
            row = self._database.one(self._sql.get_scope, scope)
            if row is None:
                return None
            known.append(_Known(scope, row[0], row[1], row[2]))
        return sorted(known, key=lambda item: item.artifacts)

    def _walks(self, query: ArtifactQuery, scopes: list[_Known]) -> list[_Walk]:
        """The statements that together give the list, in its order."""
        if query.sort is not ArtifactSort.NAME:
            return [self._placed(query, scopes, _SORTS[query.sort])]
        if scopes[0].scope.sort == 2 and query.name is None:
            return [self._placed(query, scopes, "namespace")]
        namespace = query.namespace
        if namespace is None or not query.descendants:
            return [self._named(query, scopes)]
        # As text, other namespaces lie between one and those below it: org.acme, org.acme-x, org.acme.team.
        own = self._named(query, scopes, "a.namespace = ?", namespace)
        below = self._named(
            query, scopes, "a.namespace > ? AND a.namespace < ?", f"{namespace}.", f"{namespace}/"
        )
        return [below, own] if query.descending else [own, below]

    def _named(self, query: ArtifactQuery, scopes: list[_Known], namespaces: str = "", *params: str) -> _Walk:
        """Along the names of all artifacts."""
        by_name = query.name is not None and query.namespace is None
        walk = _Walk(
            self._table("artifact a", "artifact_name" if by_name else "artifact_place"),
            ("a.namespace", "a.name", "a.id"),
        )
        if namespaces:
            walk.where(namespaces, *params)
        elif query.namespace is not None:
            walk.where("a.namespace = ?", query.namespace)
        if query.name is not None:
            walk.where("a.name = ?", query.name)
        self._filter(walk, query, "a")
        for known in scopes:
            if known.scope.sort == 2:
                self._probe(walk, known, "a", direct=False)
        return walk

    def _placed(self, query: ArtifactQuery, scopes: list[_Known], sort: str) -> _Walk:
        """Along the placements of the smallest scope, or of a few artifacts that were collected."""
        first, exact = scopes[0], query.namespace is not None and not query.descendants
        index = "" if sort == "created" else f"placement_{'place' if sort == 'namespace' else sort}"
        order = ("p.namespace", "p.name", "p.id") if sort == "namespace" else (f"p.{sort}", "p.id")
        collect = query.name is not None or (exact and first.scope.sort == 1 and _is_rare(first))
        if collect:
            table = "artifact_name" if query.name is not None else "artifact_place"
            walk = _Walk(f"{self._table('artifact a', table)} CROSS JOIN placement p", order)
            walk.where(
                "p.scope = ? AND p.created = a.created AND p.id = a.id",
                _EVERYTHING_NO,
            )
            if query.name is not None:
                walk.where("a.name = ?", query.name)
            if exact:
                walk.where("a.namespace = ?", query.namespace)
            probed = [known for known in scopes if known.scope.sort == 2 or (known.scope.sort and not exact)]
        else:
            walk = _Walk(self._table("placement p", index), order)
            walk.where("p.scope = ?", first.no)
            if sort == "namespace":
                walk.where("p.namespace IS NOT NULL")  # which is what the index holds
            if exact and first.scope.sort == 1 and first.direct < first.artifacts:
                walk.where(f"(p.kind & {DIRECT}) <> 0")
            probed = scopes[1:]
        self._filter(walk, query, "p")
        for known in probed:
            self._probe(walk, known, "p", direct=exact and known.scope.sort == 1)
        return walk

    def _filter(self, walk: _Walk, query: ArtifactQuery, table: str) -> None:
        mask, value = kind_of(query.type, query.state, query.visibility)
        if mask:
            walk.where(f"({table}.kind & {mask}) = {value}")
        if query.needs is not None:
            # No index holds this. The text is looked for first, which costs a tenth of reading it as JSON.
            walk.where(
                f"EXISTS (SELECT 1 FROM artifact d WHERE d.id = {table}.id AND "  # noqa: S608 - our own names
                + (_NEEDS_SQLITE if self._sqlite else _NEEDS_POSTGRES)
                + ")",
                json.dumps([query.needs], ensure_ascii=False)[:-1],
                query.needs,
            )

    def _probe(self, walk: _Walk, known: _Known, table: str, *, direct: bool) -> None:
        """The artifact must be in another scope, too."""
        own = f" AND (q.kind & {DIRECT}) <> 0" if direct else ""
        walk.where(
            f"EXISTS (SELECT 1 FROM placement q WHERE q.scope = ? AND q.created = {table}.created "  # noqa: S608
            f"AND q.id = {table}.id{own})",
            known.no,
        )

    def _run(
        self, walk: _Walk, descending: bool, after: list[Any] | None, limit: int
    ) -> list[tuple[Any, ...]]:
        params = list(walk.params)
        if after is not None:
            params += after
        sql = _statement(walk.source, walk.order, tuple(walk.conditions), descending, after is not None)
        rows = self._database.all(self._text(sql), [*params, limit])
        # They mostly come in this order already; having the database make sure would copy the documents.
        rows.sort(key=_key_of, reverse=descending)
        return rows

    def _table(self, table: str, index: str) -> str:
        """A table read along an index. SQLite is told which; PostgreSQL has statistics of its own."""
        if not self._sqlite:
            return table
        return f"{table} INDEXED BY {index}" if index else f"{table} NOT INDEXED"

    def _text(self, sql: str) -> str:
        return sql if self._sqlite else _postgres(sql)


@lru_cache(maxsize=1024)
def _postgres(sql: str) -> str:
    return sql.replace("?", "%s")


@lru_cache(maxsize=1024)
def _statement(
    source: str, order: tuple[str, ...], conditions: tuple[str, ...], descending: bool, resumed: bool
) -> str:
    """First the keys, from indexes alone; then the artifacts of one page."""
    direction = " DESC" if descending else ""
    where = list(conditions)
    if resumed:
        marks = ", ".join("?" * len(order))
        where.append(f"({', '.join(order)}) {'<' if descending else '>'} ({marks})")
    keys = ", ".join(f"{column} AS k{number}" for number, column in enumerate(order))
    inner = (
        f"SELECT {keys} FROM {source} WHERE {' AND '.join(where) or '1 = 1'} "  # noqa: S608 - our own names
        f"ORDER BY {', '.join(column + direction for column in order)} LIMIT ?"
    )
    last = len(order) - 1
    columns = ", ".join(f"w.{name}" for name in COLUMNS)
    found = ", ".join(f"i.k{number}" for number in range(len(order)))
    return (
        f"SELECT {columns}, {found} FROM ({inner}) i CROSS JOIN artifact w "  # noqa: S608
        f"WHERE w.id = i.k{last}"
    )


def _key_of(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The sort key at the end of a row."""
    return row[len(COLUMNS) :]


def _is_rare(known: _Known) -> bool:
    """Whether so few artifacts of a namespace are in it itself that walking past the others costs more."""
    return known.direct * known.direct < _WORTH * known.artifacts and known.direct < known.artifacts


def _words(query: ArtifactQuery) -> str:
    """The query as text, for tokens."""
    parts = (
        query.namespace,
        query.descendants,
        query.name,
        query.type and query.type.value,
        query.state and query.state.value,
        query.visibility and query.visibility.value,
        sorted(query.labels.items()),
        query.sort.value,
        query.descending,
        query.needs,
    )
    return repr(parts)
