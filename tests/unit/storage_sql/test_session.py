"""The database lent to native plugins: in the thread's unit of work, and what fails takes nothing with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from postgres_schema import postgres_url

import hyperhost
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.errors import RefusalError

__all__ = ["postgres_url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def hook(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    url = f"sqlite:///{tmp_path}/registry.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    with hyperhost.Host("session") as host:
        host.register(StorageSql(url), "storage")
        session = host.hook.storage_session()
        with session.part():
            session.write("DROP TABLE IF EXISTS lent")
            session.write("CREATE TABLE lent (word TEXT, place BIGINT)")
        yield host.hook


def test_what_it_writes_is_kept_or_undone_with_what_the_store_writes(hook: Any) -> None:
    session = hook.storage_session()
    for commit, wanted in ((False, []), (True, [("auth", 1)])):
        hook.storage_begin(write=True)
        hook.storage_put_record(collection="c", key=str(commit), data_json="1", mode=None)
        with session.part():
            session.write("INSERT INTO lent VALUES (?1, ?2)", [("auth", 1)])
        hook.storage_end(commit=commit)
        assert session.read("SELECT * FROM lent") == wanted
        assert (hook.storage_get_record(collection="c", key=str(commit)) is not None) is commit


def emptied(session: Any, then: Callable[[], object]) -> None:
    """Empty the table in a part that goes on."""
    with session.part():
        session.write("DELETE FROM lent")
        then()


def test_a_part_that_fails_is_undone_alone(hook: Any) -> None:
    session = hook.storage_session()
    hook.storage_begin(write=True)
    with session.part():
        session.write("INSERT INTO lent (word, place) VALUES (?1, ?2)", [(f"w{n}", n) for n in range(40)])
    with pytest.raises(RefusalError) as caught:
        emptied(session, lambda: session.write("INSERT INTO nowhere VALUES (1)"))
    assert caught.value.rule == "storage.failed"
    with pytest.raises(RefusalError):
        session.read("SELECT nothing")
    with pytest.raises(ZeroDivisionError):
        emptied(session, lambda: 1 / 0)
    hook.storage_put_record(collection="c", key="k", data_json="1", mode=None)
    assert hook.storage_end(commit=True)
    assert session.read("SELECT count(*) FROM lent") == [(40,)]
    assert hook.storage_get_record(collection="c", key="k") == "1"


def test_parameters_are_numbered_and_percent_signs_mean_nothing(hook: Any) -> None:
    session = hook.storage_session()
    with session.part():
        session.write("INSERT INTO lent VALUES (?2, ?1)", [(1, "50%"), (2, "b'); DROP TABLE lent; --")])
    found = "SELECT place FROM lent WHERE word LIKE '%0%' AND (word = ?1 OR word = ?1)"
    assert session.read(found, ("50%", "not needed")) == [(1,)]
    assert session.read("SELECT count(*) FROM lent") == [(2,)]


def test_a_block_sees_one_state(hook: Any) -> None:
    session = hook.storage_session()
    with session.state():
        assert session.read("SELECT count(*) FROM lent") == [(0,)]
        with pytest.raises(RefusalError) as caught, session.part():
            session.write("INSERT INTO lent VALUES ('auth', 1)")
        assert caught.value.rule == "storage.unit"
        assert session.read("SELECT count(*) FROM lent") == [(0,)]
