"""Artifacts, small content, records and logs."""

from __future__ import annotations

from typing import Any

from hyperhost.errors import RefusalError

from .step import Step

__all__ = ["STEP"]


def _check_empty(database: Any) -> None:
    held = []
    for table in ("artifact", "content", "record", "log_entry"):
        count = database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608 - names above
        if count:
            held.append(f"{table} {count}")
    if held:
        raise RefusalError(
            f"{database.where}: layout 0 holds nothing, and there is data: {', '.join(held)}",
            "storage.layout",
            hint="make a backup and begin with another database",
        )


STEP = Step(
    1,
    "tables",
    up=(
        """CREATE TABLE artifact (
          id {TEXT} NOT NULL PRIMARY KEY, namespace {TEXT} NOT NULL, name {TEXT} NOT NULL,
          version {TEXT} NOT NULL, kind SMALLINT NOT NULL, created BIGINT NOT NULL,
          updated BIGINT NOT NULL, published BIGINT, downloads BIGINT NOT NULL,
          rating DOUBLE PRECISION NOT NULL, content_hash {TEXT}, content_size BIGINT NOT NULL,
          document {TEXT} NOT NULL, manifest {TEXT} NOT NULL)""",
        "CREATE UNIQUE INDEX artifact_coordinates ON artifact (namespace, name, version)",
        """CREATE TABLE content (hash {TEXT} NOT NULL PRIMARY KEY, size BIGINT NOT NULL,
          data {BLOB} NOT NULL)""",
        """CREATE TABLE record (collection {TEXT} NOT NULL, key {TEXT} NOT NULL, data {TEXT} NOT NULL,
          PRIMARY KEY (collection, key)){CLUSTERED}""",
        """CREATE TABLE log_entry (log {TEXT} NOT NULL, seq BIGINT NOT NULL, at_us BIGINT NOT NULL,
          subject {TEXT} NOT NULL, data {TEXT} NOT NULL, PRIMARY KEY (log, seq))""",
        "CREATE INDEX log_entry_subject ON log_entry (log, subject, seq) WHERE subject <> ''",
    ),
    down=(
        "DROP TABLE artifact",
        "DROP TABLE content",
        "DROP TABLE record",
        "DROP TABLE log_entry",
    ),
    check=_check_empty,
)
