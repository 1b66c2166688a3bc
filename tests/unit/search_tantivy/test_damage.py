"""An index that is damaged, half built or of another version is built anew by itself; nothing is left."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from search_hosts import searchable

import hyperhost
from builtin_plugins.search_tantivy.plugin import SearchTantivy
from hyperhost.contracts import Artifact, ArtifactType, SearchDocument, SearchRequest
from hyperhost.errors import RefusalError


def directory_of(place: Path) -> Path:
    """The directory that answers."""
    return place / json.loads((place / "position.json").read_text())["directory"]


def damage(place: Path, how: str) -> None:
    """Damage an index that nobody has open."""
    directory = directory_of(place)
    if how == "pointer":
        (place / "position.json").write_text("{")
    elif how == "version":
        data = json.loads((place / "position.json").read_text())
        (place / "position.json").write_text(json.dumps(data | {"format": 999}))
    elif how == "no meta":
        (directory / "meta.json").unlink()
    elif how == "half a meta":
        (directory / "meta.json").write_text((directory / "meta.json").read_text()[:200])
    elif how == "empty":
        for file in directory.iterdir():
            file.write_bytes(b"")
    elif how == "gone":
        for file in directory.glob("*.idx"):
            file.unlink()
    else:
        pattern = {"cut": "*.*", "terms": "*.term", "numbers": "*.fast"}[how]
        for file in directory.glob(pattern):
            data = file.read_bytes()
            if how == "cut" and file.suffix != ".json":
                file.write_bytes(data[: len(data) // 2])
            elif how != "cut":
                file.write_bytes(b"\xff" * (len(data) // 2) + data[len(data) // 2 :])


@pytest.mark.parametrize(
    "how",
    ["pointer", "version", "no meta", "half a meta", "empty", "gone", "cut", "terms", "numbers"],
)
def test_a_damaged_index_is_built_anew_by_itself(tmp_path: Path, how: str) -> None:
    with searchable(tmp_path, SearchTantivy()) as registry:
        for number in range(5):
            registry.create(f"auth-{number}")
        assert len(registry.found("auth")) == 5
    damage(tmp_path / "data" / "engine", how)
    with searchable(tmp_path, SearchTantivy()) as registry:
        assert len(registry.found("auth", facets=["type"], highlight=True)) == 5
        registry.create("auth-last")
        assert len(registry.found("auth")) == 6
        assert registry.run("index_status")["documents"] == 6
    names = {file.name for file in (tmp_path / "data" / "engine").iterdir()}
    assert {"position.json", directory_of(tmp_path / "data" / "engine").name} <= names
    assert names <= {
        "position.json",
        "write.lock",
        "rebuild.lock",
        directory_of(tmp_path / "data" / "engine").name,
    }


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[Any]:
    with hyperhost.Host("damaged", home=tmp_path) as host:
        host.register(SearchTantivy(), "search-tantivy")
        yield host.hook


def document(number: int, name: str = "auth") -> SearchDocument:
    return SearchDocument(Artifact(f"id-{number}", "org.acme", name, ArtifactType.PLUGIN, "1.0.0"))


def test_the_index_is_for_its_owner_alone_and_what_a_dead_rebuild_left_is_removed(
    hook: Any, tmp_path: Path
) -> None:
    hook.search_index(documents=[document(1)])
    hook.search_commit(after=0, sequence=1, mark="m")
    place = tmp_path / "data" / "search-tantivy"
    (place / "index-7").mkdir()
    (place / "index-7" / "half").write_bytes(b"half")
    name = hook.search_rebuild_begin()
    hook.search_rebuild_add(rebuild=name, documents=[document(2)])
    hook.search_rebuild_end(rebuild=name, keep=True, sequence=2, mark="n")
    assert directory_of(place).name == name
    assert {file.name for file in place.glob("index-*")} == {name}
    assert {file.stat().st_mode & 0o077 for file in place.iterdir()} == {0}


def test_what_another_process_writes_is_found_and_a_rebuild_of_it_excludes_ones_own(
    hook: Any, tmp_path: Path
) -> None:
    hook.search_index(documents=[document(1)])
    hook.search_commit(after=0, sequence=1, mark="m")
    with hyperhost.Host("damaged", home=tmp_path) as host:
        host.register(SearchTantivy(), "search-tantivy")
        other = host.hook
        assert other.search_query(request=SearchRequest("auth")).total == 1
        other.search_index(documents=[document(2)])
        other.search_commit(after=1, sequence=2, mark="n")
        assert hook.search_query(request=SearchRequest("auth")).total == 2
        hook.search_index(documents=[document(3)])
        with pytest.raises(RefusalError, match="at change 2, not at 1") as caught:
            hook.search_commit(after=1, sequence=3, mark="o")
        assert caught.value.rule == "search.moved"
        name = other.search_rebuild_begin()
        assert hook.search_status().rebuilding
        with pytest.raises(RefusalError, match="built already") as caught:
            hook.search_rebuild_begin()
        assert caught.value.rule == "search.busy"
        other.search_rebuild_add(rebuild=name, documents=[document(7, "zebra")])
        other.search_rebuild_end(rebuild=name, keep=True, sequence=5, mark="p")
    assert hook.search_query(request=SearchRequest("zebra")).total == 1
    assert hook.search_query(request=SearchRequest("auth")).total == 0
    assert (hook.search_status().sequence, hook.search_status().mark) == (5, "p")


def test_a_commit_that_was_never_pointed_at_is_no_harm(hook: Any, tmp_path: Path) -> None:
    hook.search_index(documents=[document(1)])
    hook.search_commit(after=0, sequence=1, mark="m")
    before = (tmp_path / "data" / "search-tantivy" / "position.json").read_bytes()
    hook.search_index(documents=[document(2)])
    hook.search_commit(after=1, sequence=2, mark="n")
    # As a crash leaves it between tantivy's commit and the position.
    (tmp_path / "data" / "search-tantivy" / "position.json").write_bytes(before)
    with hyperhost.Host("damaged", home=tmp_path) as host:
        host.register(SearchTantivy(), "search-tantivy")
        assert host.hook.search_status().sequence == 1
        host.hook.search_index(documents=[document(2)])
        assert host.hook.search_commit(after=1, sequence=2, mark="n").documents == 2
        assert host.hook.search_query(request=SearchRequest("auth")).total == 2


def test_searches_and_commits_and_rebuilds_go_on_side_by_side(hook: Any) -> None:
    hook.search_index(documents=[document(number) for number in range(50)])
    hook.search_commit(after=0, sequence=1, mark="m")
    stop = threading.Event()
    wrong: list[object] = []

    def ask() -> None:
        while not stop.is_set():
            try:
                found = hook.search_query(request=SearchRequest("auth", size=100))
            except Exception as error:
                wrong.append(error)
                return
            if found.total < 50 or len(found.hits) != found.total:
                wrong.append((found.total, len(found.hits)))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for each in askers:
        each.start()
    try:
        for sequence in range(1, 25):
            hook.search_index(documents=[document(100 + sequence)])
            hook.search_commit(after=sequence, sequence=sequence + 1, mark="m")
        name = hook.search_rebuild_begin()
        hook.search_rebuild_add(rebuild=name, documents=[document(number) for number in range(60)])
        hook.search_rebuild_end(rebuild=name, keep=True, sequence=30, mark="m")
    finally:
        stop.set()
        for each in askers:
            each.join()
    assert wrong == []
    assert hook.search_query(request=SearchRequest("auth")).total == 60
