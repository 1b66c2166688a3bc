"""A schema of its own on the PostgreSQL server of this machine, dropped afterwards.

The server is found by ``HYPERHOST_TEST_POSTGRES`` (an address), else on the local socket. Tests that
need it are skipped, with the reason, when it does not answer.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest

SERVER = os.environ.get("HYPERHOST_TEST_POSTGRES", "postgresql:///test")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Address of an empty schema."""
    psycopg = pytest.importorskip(
        "psycopg", reason="psycopg is not installed: pip install 'hyperhost[postgres]'"
    )
    try:
        connection = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL at {SERVER}: {error}")
    schema = f"hyperhost_test_{secrets.token_hex(6)}"
    with connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        try:
            separator = "&" if "?" in SERVER else "?"
            yield f"{SERVER}{separator}options=-csearch_path%3D{schema}&application_name={schema}"
        finally:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")


def fresh_tables(url: str) -> None:
    """Empty all tables of a schema, as far as there are any."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        present = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() "
            "AND table_name <> 'schema_migration'"
        ).fetchall()
        if present:
            names = [name for (name,) in present]
            connection.execute("; ".join(f"DELETE FROM {name}" for name in names if name != "scope"))
            connection.execute(
                "DELETE FROM scope WHERE no <> 1; UPDATE scope SET artifacts=0, direct=0, content_bytes=0"
            )
