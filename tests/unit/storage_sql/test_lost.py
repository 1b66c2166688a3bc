"""A database that a home had and has no more is refused, and never made anew unasked."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hyperhost
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.config import read_config
from hyperhost.contracts import KeptNames, PutMode
from hyperhost.errors import RefusalError


@contextlib.contextmanager
def store(home: Path, url: str | None = None) -> Iterator[Any]:
    """The hooks of a host of this home."""
    text = f'[plugins.storage-sql.config]\nurl = "{url}"\n' if url else ""
    config = read_config(text.encode(), home / "hyperhost.toml")
    with hyperhost.Host("lost", home=home, config=config) as host:
        host.register(StorageSql(), "storage-sql")
        yield host.hook


def kept(home: Path, url: str | None = None) -> str | None:
    with store(home, url) as hook:
        return hook.storage_get_record(collection="things", key="k")


def make(home: Path, url: str | None = None) -> None:
    with store(home, url) as hook:
        hook.storage_put_record(collection="things", key="k", data_json="1", mode=PutMode.CREATE)


def lose(path: Path, how: str) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    if how == "empty":
        path.touch()
    if how == "without tables":
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode = wal")
            database.execute("CREATE TABLE other (a)")
            database.commit()


@pytest.mark.parametrize("how", ["missing", "empty", "without tables"])
@pytest.mark.parametrize("place", ["in the home", "elsewhere"])
def test_a_lost_database_is_refused_and_nothing_is_made(tmp_path: Path, place: str, how: str) -> None:
    home = tmp_path / "home"
    path = home / "data" / "storage-sql" / "registry.db"
    url = None
    if place == "elsewhere":
        path = tmp_path / "else" / "other.db"
        path.parent.mkdir()
        url = f"sqlite:///{path}"
    make(home, url)
    assert kept(home, url) == "1"
    lose(path, how)
    before = path.read_bytes() if path.exists() else None
    for _ in range(2):
        with store(home, url) as hook:
            for use in (
                lambda hook=hook: hook.storage_get_record(collection="things", key="k"),
                lambda hook=hook: hook.storage_begin(write=True),
                lambda hook=hook: hook.storage_layouts(),
                lambda hook=hook: hook.storage_migrate(to=None),
            ):
                with pytest.raises(RefusalError, match="the database of the registry ") as caught:
                    use()
                assert caught.value.rule == "storage.lost"
                assert "hyperhost registry restore" in caught.value.hint
                assert str(home / "data" / "storage-sql" / "made-") in caught.value.hint
    assert (path.read_bytes() if path.exists() else None) == before


def test_a_lost_database_is_made_anew_when_all_is_to_be_removed_or_the_marker_is(tmp_path: Path) -> None:
    path = tmp_path / "data" / "storage-sql" / "registry.db"
    make(tmp_path)
    lose(path, "missing")
    with store(tmp_path) as hook:
        assert hook.storage_clear(names=KeptNames([], [])) is False
        assert hook.storage_get_record(collection="things", key="k") is None
    lose(path, "missing")
    with pytest.raises(RefusalError, match="is missing"):
        kept(tmp_path)
    [marker] = path.parent.glob("made-*")
    marker.unlink()
    assert kept(tmp_path) is None


def test_a_home_from_before_there_were_markers_gets_one_by_its_next_use(tmp_path: Path) -> None:
    path = tmp_path / "data" / "storage-sql" / "registry.db"
    make(tmp_path)
    [marker] = path.parent.glob("made-*")
    marker.unlink()
    assert kept(tmp_path) == "1"
    lose(path, "missing")
    with pytest.raises(RefusalError, match="is missing, though it was made"):
        kept(tmp_path)


def test_a_home_that_was_moved_finds_its_database_and_another_address_is_another_database(
    tmp_path: Path,
) -> None:
    make(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b")
    assert kept(tmp_path / "b") == "1"
    assert kept(tmp_path / "b", f"sqlite:///{tmp_path}/new.db") is None


def test_a_database_that_a_program_names_is_made_whenever_it_is_missing(tmp_path: Path) -> None:
    for _ in range(2):
        with hyperhost.Host("named", home=tmp_path / "home") as host:
            host.register(StorageSql(str(tmp_path / "own.db")), "storage-sql")
            assert host.hook.storage_get_record(collection="things", key="k") is None
        lose(tmp_path / "own.db", "missing")
    assert not list(tmp_path.rglob("made-*"))
