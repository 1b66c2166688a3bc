"""Records and logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hyperhost.contracts import LogEntry, LogPage, LogWrite, PageRequest, PutMode, Record, RecordPage
from hyperhost.errors import RefusalError

from .database import Database
from .statements import Statements
from .tokens import check_size, make_token, read_token

__all__ = ["Logs", "Records"]

_KEY_BYTES: Final = 1000
_LOG_PAGE_MAX: Final = 10_000
_LAST_CHARACTER: Final = 0x10FFFF


class Records:
    """The table ``record``."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._sql = statements

    def get(self, collection: str, key: str) -> str | None:
        """A document."""
        row = self._database.one(self._sql.get_record, (collection, key))
        return None if row is None else str(row[0])

    def put(self, collection: str, key: str, data_json: str, mode: PutMode | None) -> bool:
        """Write one; whether anything is different now."""
        check_key("key", key)
        database, sql = self._database, self._sql
        with database.writing():
            if mode is None:
                return bool(database.execute(sql.write_record, (collection, key, data_json)).rowcount)
            if mode is PutMode.CREATE:
                if database.execute(sql.insert_record, (collection, key, data_json)).rowcount:
                    return True
                raise RefusalError(f"record {key!r} of {collection} is there already", "storage.exists")
            before = database.one(sql.get_record, (collection, key))
            if before is None:
                raise RefusalError(f"there is no record {key!r} of {collection}", "storage.missing")
            if before[0] == data_json:
                return False
            database.execute(sql.update_record, (data_json, collection, key))
            return True

    def delete(self, collection: str, key: str) -> bool:
        """Remove one; whether there was one."""
        with self._database.writing():
            if self._database.one(self._sql.get_record, (collection, key)) is None:
                return False
            return bool(self._database.execute(self._sql.delete_record, (collection, key)).rowcount)

    def page(self, collection: str, prefix: str, page: PageRequest) -> RecordPage:
        """A part of a collection."""
        check_size(page.size)
        query = repr((collection, prefix))
        conditions, params = ["collection = ?"], [collection]
        if page.token:
            conditions.append("key > ?")
            params += read_token(page.token, query, (str,))
        else:
            conditions.append("key >= ?")
            params.append(prefix)
        end = _end_of(prefix)
        if end:
            conditions.append("key < ?")
            params.append(end)
        sql = f"SELECT key, data FROM record WHERE {' AND '.join(conditions)} ORDER BY key LIMIT ?"  # noqa: S608
        rows = _all(self._database, sql, [*params, page.size + 1])
        items = [Record(*row) for row in rows[: page.size]]
        return RecordPage(items, make_token([items[-1].key], query) if len(rows) > page.size else "")


class Logs:
    """The table ``log_entry``."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._sql = statements

    def append(self, log: str, subject: str, data_json: str, at_us: int) -> int:
        """Append an entry; its number. Writers exclude each other, so the next one is known."""
        check_key("subject", subject)
        with self._database.writing():
            seq = (self._database.execute(self._sql.last_entry, (log,)).fetchone()[0] or 0) + 1
            self._database.execute(self._sql.insert_entry, (log, seq, at_us, subject, data_json))
            return int(seq)

    def append_many(self, log: str, items: Sequence[LogWrite]) -> int:
        """Append many, all or none; the number of the last entry."""
        if len(items) > _LOG_PAGE_MAX:
            raise RefusalError(
                f"{len(items)} entries at once",
                "storage.value",
                hint=f"write at most {_LOG_PAGE_MAX} at once",
            )
        for item in items:
            check_key("subject", item.subject)
        with self._database.writing():
            seq = int(self._database.execute(self._sql.last_entry, (log,)).fetchone()[0] or 0)
            if items:
                rows = [
                    (log, number, item.at_us, item.subject, item.data_json)
                    for number, item in enumerate(items, seq + 1)
                ]
                self._database.insert_many("log_entry", ("log", "seq", "at_us", "subject", "data"), rows)
            return seq + len(items)

    def page(self, log: str, subject: str, after: int, until_us: int | None, limit: int) -> LogPage:
        """A part of a log."""
        check_size(limit, _LOG_PAGE_MAX)
        if after >= 2**63:
            return LogPage([], after, more=False)
        conditions, params = ["log = ?", "seq > ?"], [log, after]
        if subject:
            conditions.append("subject = ?")
            params.append(subject)
        if until_us is not None:
            conditions.append("at_us <= ?")
            params.append(until_us)
        sql = (
            f"SELECT seq, at_us, data, subject FROM log_entry WHERE {' AND '.join(conditions)} "  # noqa: S608
            "ORDER BY seq LIMIT ?"
        )
        rows = _all(self._database, sql, [*params, limit + 1])
        items = [LogEntry(*row) for row in rows[:limit]]
        return LogPage(items, items[-1].seq if items else after, len(rows) > limit)


def check_key(what: str, text: str) -> None:
    """Return if a key is short enough.

    Raises:
        RefusalError: rule ``storage.value``.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > _KEY_BYTES:
        raise RefusalError(
            f"the {what} has {size} bytes", "storage.value", hint=f"the most is {_KEY_BYTES} bytes"
        )


def _end_of(prefix: str) -> str:
    """The first text that is greater than all that begin with ``prefix``; empty when there is none."""
    for index in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[index])
        if code < _LAST_CHARACTER:
            following = 0xE000 if code == 0xD7FF else code + 1  # there are no characters in between
            return prefix[:index] + chr(following)
    return ""


def _all(database: Database, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    return database.all(sql if database.param == "?" else sql.replace("?", database.param), params)
