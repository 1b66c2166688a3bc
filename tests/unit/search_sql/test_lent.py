"""The index in the database of the store: one transaction with what it indexes; damage is found."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from postgres_schema import postgres_url
from search_hosts import Searchable, searchable

import hyperhost
from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.config import Config, PluginConfig
from hyperhost.contracts import SearchRequest
from hyperhost.errors import ConfigError, OperationError, ProviderMissingError, RefusalError
from hyperhost.hookspecs.native import SqlSession

__all__ = ["postgres_url"]

Opened = Callable[[], AbstractContextManager[Searchable]]


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Opens a registry whose index lies in its database, again and again the same."""
    url = None
    if request.param == "postgresql":
        psycopg = pytest.importorskip("psycopg")
        given = request.getfixturevalue("postgres_url")
        schema = given.rpartition("application_name=")[2]
        with psycopg.connect(given, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}")
        url = given

    def again() -> AbstractContextManager[Searchable]:
        return searchable(tmp_path, SearchSql(), StorageSql(url) if url else StorageSql(), audited=True)

    return again


def session_of(registry: Searchable) -> SqlSession:
    """The database of its store."""
    session: SqlSession = registry.host.hook.storage_session()
    return session


def index_of(session: SqlSession) -> str:
    """What the names of the tables of the index that answers begin with."""
    [(said,)] = session.read("SELECT said FROM search_index WHERE what = 'current'")
    return str(said).partition("/")[2]


def filled(registry: Searchable, count: int = 5) -> None:
    """Artifacts that are indexed."""
    for number in range(count):
        registry.create(f"auth-{number}", "logs people in")
    assert len(registry.found("auth")) == count


def indexed(registry: Searchable, query: str) -> int:
    """How many the index itself finds, without anybody bringing it up to date."""
    return int(registry.host.hook.search_query(request=SearchRequest(query)).total)


def test_what_was_created_is_in_the_index_before_anybody_searches(opened: Opened) -> None:
    with opened() as registry:
        filled(registry)
        artifact_id = registry.create("oauth", "delegates")
        assert indexed(registry, "delegates") == 1
        registry.run("update", artifact=artifact_id, edit={"metadata": {"description": "hands over"}})
        assert (indexed(registry, "delegates"), indexed(registry, "hands")) == (0, 1)
        registry.run("delete", artifact=artifact_id)
        assert indexed(registry, "hands") == 0
        state = registry.host.hook.search_status()
        assert (state.documents, state.joins) == (5, True)
        history = registry.host.hook.storage_list_log(
            log="history", subject="", after=0, until_us=None, limit=100
        )
        assert state.sequence == history.items[-1].seq


def test_what_is_undone_is_not_in_the_index(opened: Opened) -> None:
    with opened() as registry:
        filled(registry)
        hook = registry.host.hook
        before = hook.search_status()
        hook.storage_begin(write=True)
        registry.create("auth-undone", "logs people in")
        assert indexed(registry, "undone") == 1
        hook.storage_end(commit=False)
        assert indexed(registry, "undone") == 0
        assert hook.search_status() == before
        registry.create("auth-last")
        assert sorted(registry.found("auth"))[-1] == "auth-last"
        assert len(registry.found("auth")) == 6


def test_what_one_thread_has_not_committed_is_committed_by_no_other(opened: Opened) -> None:
    with opened() as registry:
        filled(registry)
        hook = registry.host.hook
        hook.storage_begin(write=True)
        registry.create("auth-undone")
        found: list[int] = []
        thread = threading.Thread(target=lambda: found.append(len(registry.found("auth"))))
        thread.start()
        thread.join()
        hook.storage_end(commit=False)
        assert found == [5]
        assert len(registry.found("auth")) == 5


_DAMAGE = {
    "words": {"sqlite": "DROP TABLE {}_words", "postgresql": "ALTER TABLE {}_docs DROP COLUMN words"},
    "structure": {"sqlite": "DELETE FROM {}_words_config", "postgresql": "DROP TABLE {}_vals"},
    "shadow": {"sqlite": "DROP TABLE {}_words_data", "postgresql": "DROP TABLE {}_terms"},
    "garbage": {"sqlite": "UPDATE {}_words_data SET block = x'ff00ff'", "postgresql": "DROP TABLE {}_docs"},
    "docs": {
        "sqlite": "DELETE FROM {}_docs WHERE doc = 3",
        "postgresql": "DELETE FROM {}_docs WHERE doc = 3",
    },
    "shown": {"sqlite": "DELETE FROM {}_shown", "postgresql": "DELETE FROM {}_shown"},
    "state": {"sqlite": "DELETE FROM {}_state", "postgresql": "DROP TABLE {}_state"},
    "format": dict.fromkeys(("sqlite", "postgresql"), "UPDATE search_index SET said = '1/{}'"),
    "pointer": dict.fromkeys(("sqlite", "postgresql"), "UPDATE search_index SET said = said || '9'"),
    "catalog": dict.fromkeys(("sqlite", "postgresql"), "DROP TABLE search_index"),
}


@pytest.mark.parametrize("how", _DAMAGE)
def test_a_damaged_index_is_built_anew_by_itself_and_the_registry_goes_on(opened: Opened, how: str) -> None:
    with opened() as registry:
        filled(registry)
        session = session_of(registry)
        with session.part():
            session.write(_DAMAGE[how][session.dialect].format(index_of(session)))
    with opened() as registry:
        registry.create("auth-meanwhile")
        assert len(registry.found("auth~1", facets=["type"], highlight=True)) == 6
        registry.create("auth-last")
        assert len(registry.found("type=library auth")) == 7
        assert registry.run("index_status")["documents"] == 7


def test_an_index_that_is_damaged_in_use_stops_no_change(opened: Opened) -> None:
    with opened() as registry:
        filled(registry)
        session = session_of(registry)
        with session.part():
            session.write(f"DROP TABLE {index_of(session)}_terms")
        registry.create("auth-meanwhile")
        assert "auth-meanwhile" in {
            item["name"] for item in registry.run("list", page={"size": 100})["items"]
        }
        assert len(registry.found("auth")) == 6
        lines = [record.message for record in registry.host.state.logs("search", 100)]
        assert any("the search index is behind" in line for line in lines)


def test_a_rebuild_leaves_nothing_of_the_old_index_nor_of_one_whose_process_died(opened: Opened) -> None:
    with opened() as registry:
        filled(registry)
        session = session_of(registry)
        with session.part():
            session.write("CREATE TABLE search_7_docs (doc BIGINT)")
            session.write("CREATE TABLE search_7_state (doc BIGINT)")
            session.write(
                "UPDATE search_index SET said = ?1 WHERE what = 'built'", [("search_7 elsewhere 1 1 1000",)]
            )
        first = index_of(session)
        assert not registry.host.hook.search_status().rebuilding
        registry.run("index_rebuild")
        assert index_of(session) != first
        listed = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if session.dialect == "sqlite"
            else "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
        )
        names = {name for (name,) in session.read(listed) if name.startswith("search")}
        assert {name for name in names if not name.startswith(index_of(session))} == {"search_index"}
        assert len(registry.found("auth")) == 5


def test_only_one_rebuild_goes_on_whichever_process_began_it(opened: Opened) -> None:
    with opened() as registry, opened() as other:
        filled(registry)
        name = other.host.hook.search_rebuild_begin()
        with pytest.raises(RefusalError) as caught:
            registry.host.hook.search_rebuild_begin()
        assert caught.value.rule == "search.busy"
        registry.create("auth-meanwhile")
        assert len(registry.found("auth")) == 6
        other.host.hook.search_rebuild_end(rebuild=name, keep=False, sequence=0, mark="")
        assert len(registry.found("auth")) == 6


def test_a_restored_or_other_store_is_indexed_anew(opened: Opened) -> None:
    with opened() as registry:
        filled(registry)
        session = session_of(registry)
        with session.part():
            session.write(f"UPDATE {index_of(session)}_state SET mark = 'another store'")
    with opened() as registry:
        registry.create("auth-last")
        assert len(registry.found("auth")) == 6


def test_the_session_goes_on_when_the_store_was_opened_anew(opened: Opened) -> None:
    with opened() as registry:
        filled(registry)
        registry.host.hook.storage_migrate(to=None)
        registry.create("auth-last")
        assert indexed(registry, "auth") == 6


@pytest.mark.parametrize("joins", [False, True])
def test_whether_it_joins_transactions_can_be_configured(tmp_path: Path, joins: bool) -> None:
    config = Config(plugins={"search-sql": PluginConfig(config={"joins": joins})})
    with hyperhost.Host("configured", home=tmp_path, config=config) as host:
        host.register(StorageSql(), "storage-sql")
        host.register(SearchSql(), "search-sql")
        assert host.hook.search_status().joins is joins
        assert host.hook.search_commit(after=0, sequence=1, mark="m").joins is joins


def test_a_configuration_that_is_none_is_refused(tmp_path: Path) -> None:
    config = Config(plugins={"search-sql": PluginConfig(config={"joins": "yes"})})
    with (
        hyperhost.Host("configured", home=tmp_path, config=config) as host,
        pytest.raises(ConfigError, match="'joins' is 'yes'"),
    ):
        host.register(SearchSql(), "search-sql")


def test_a_store_without_sql_lends_nothing() -> None:
    with searchable(engine=SearchSql()) as registry:
        with pytest.raises(ProviderMissingError):
            registry.host.hook.storage_session()
        filled(registry)
        assert not registry.host.hook.search_status().joins


def test_components_know_nothing_of_the_session(opened: Opened) -> None:
    with opened() as registry:
        assert "storage_session" not in registry.host.hooks()
        assert "storage-session" not in registry.host.wit()


def test_a_query_that_cannot_be_answered_is_no_damage(opened: Opened) -> None:
    with opened() as registry:
        filled(registry)
        first = index_of(session_of(registry))
        with pytest.raises(OperationError):
            registry.run("search", query="(auth")
        assert registry.found('auth "x\' OR 1=1; --"') == []
        assert index_of(session_of(registry)) == first
