"""PostgreSQL: connections from a pool, by psycopg 3; writers queue for a lock on one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final
from urllib.parse import urlsplit

from hyperhost.errors import RefusalError

from .database import Database, Row
from .scopes import Delta, Scope

__all__ = ["PostgresDatabase"]

_WRITE: Final = "BEGIN; LOCK TABLE schema_migration IN SHARE ROW EXCLUSIVE MODE"
# The state that is read is fixed by the first statement after BEGIN, so there is one at once.
_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1 FROM schema_migration LIMIT 1"
_MIGRATE: Final = "BEGIN; SELECT pg_advisory_xact_lock(hashtext('hyperhost storage ' || current_schema()))"
_COPY_FROM: Final = 30
"""From so many rows on COPY is faster than one INSERT with all of them."""
_ADD: Final = (
    "INSERT INTO scope (sort, name, value, artifacts, direct, content_bytes) "
    "SELECT * FROM unnest(%s::smallint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[]) "
    "ON CONFLICT (sort, name, value) DO UPDATE SET artifacts = scope.artifacts + excluded.artifacts, "
    "direct = scope.direct + excluded.direct, "
    "content_bytes = scope.content_bytes + excluded.content_bytes RETURNING sort, name, value, no"
)
_COLUMNS: Final = (
    "SELECT column_name FROM information_schema.columns "
    "WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position"
)


class PostgresDatabase(Database):
    """A database of a PostgreSQL server; its tables lie in the first schema of the search path.

    Args:
        url: As libpq understands it: ``postgresql://user@host/database?options=…``.
        busy_timeout_ms: How long to wait for other writers.
        pool_size: Connections at most.
        prepare: As in :class:`Database`.
    """

    dialect = "postgresql"
    param = "%s"
    failing_statement_ends_unit = True

    def __init__(
        self, url: str, busy_timeout_ms: int, pool_size: int, prepare: Callable[[Any], object]
    ) -> None:
        parts = urlsplit(url)
        super().__init__(f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}", prepare)
        self._url, self._wait_ms, self._size = url, busy_timeout_ms, pool_size
        self._pool: Any = None

    @property
    def orm(self) -> Any:
        """Peewee with psycopg."""
        import peewee

        return peewee

    def _make(self) -> Any:
        try:
            import peewee
            import psycopg_pool
        except ImportError as error:
            raise RefusalError(
                f"{self.where}: psycopg is not installed",
                "storage.unavailable",
                hint="pip install 'hyperhost[postgres]'",
            ) from error
        pool = self._pool = psycopg_pool.ConnectionPool(
            self._url,
            min_size=0,
            max_size=self._size,
            timeout=max(1.0, self._wait_ms / 1000),
            kwargs={"autocommit": True},  # as peewee wants it: transactions are begun in words
            configure=self._configure,
            open=False,
        )
        self._check_reachable()
        pool.open()

        class Connections(peewee.PostgresqlDatabase):
            """Borrows its connections."""

            def _connect(self) -> Any:
                return pool.getconn()

            def _close(self, connection: Any) -> None:
                pool.putconn(connection)

        return Connections("pool", prefer_psycopg3=True)

    def _check_reachable(self) -> None:
        """Connect once without the pool, which would try again for seconds before it said why."""
        import psycopg

        psycopg.connect(self._url, autocommit=True, connect_timeout=10).close()

    def _configure(self, connection: Any) -> None:
        connection.execute(f"SET lock_timeout = {self._wait_ms}")
        # A server may be set up to acknowledge before it wrote; storage must not.
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
        )

    def _begin(self, write: bool) -> None:
        self._peewee.execute_sql(_WRITE if write else _READ, None)

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """One process at a time; PostgreSQL's schema changes are transactions like others."""
        try:
            self._peewee.execute_sql(_MIGRATE, None)
            yield
            self._peewee.execute_sql("COMMIT")
        except BaseException:
            self._abandon()
            raise
        self._release()

    def insert_many(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> int:
        """Insert rows, many of them by COPY."""
        names = ", ".join(columns)
        cursor = self._peewee.connection().cursor()
        if len(rows) < _COPY_FROM:
            one = f"({', '.join(['%s'] * len(columns))})"
            values = ", ".join([one] * len(rows))
            sql = f"INSERT INTO {table} ({names}) VALUES {values}"  # noqa: S608 - our own names
            cursor.execute(sql, [value for row in rows for value in row])
            return int(cursor.rowcount)
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return len(rows)

    def execute_many(self, sql: str, rows: Sequence[Row]) -> None:
        """Run a statement for each of several rows; psycopg sends them without waiting in between."""
        self._peewee.connection().cursor().executemany(sql, rows)

    def add_to_scopes(self, changes: Mapping[Scope, Delta]) -> dict[Scope, int]:
        """Add to the counters and read the numbers in one statement."""
        columns = list(zip(*((*scope, *delta) for scope, delta in changes.items()), strict=True))
        rows = self.execute(_ADD, [list(column) for column in columns]).fetchall()
        return {Scope(*row[:3]): row[3] for row in rows}

    def columns_of(self, table: str) -> list[str]:
        """Names of a table's columns."""
        return [row[0] for row in self.execute(_COLUMNS, (table,)).fetchall()]

    def _driver(self) -> tuple[type[BaseException], ...]:
        import psycopg
        import psycopg_pool

        self.integrity_errors = (psycopg.IntegrityError,)
        return (psycopg.Error, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed)

    def _release(self) -> None:
        """Give the connection back: between units a thread holds none."""
        if self._peewee is not None and not self._peewee.is_closed():
            self._peewee.close()

    def _dispose(self) -> None:
        if self._peewee is None or self._peewee.is_closed():
            return
        connection = self._peewee.connection()
        with suppress(*self._failures):
            connection.close()
        self._release()
        # Idle ones have most likely gone the same way.
        self._pool.check()

    def _close_all(self) -> None:
        if self._peewee is not None and not self._peewee.is_closed():
            self._peewee.connection().close()  # a unit of this thread that was never ended
            self._release()
        if self._pool is not None:
            self._pool.close()
            self._pool = None
