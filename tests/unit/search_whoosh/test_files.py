"""The files of the index: what fails leaves no harm, what is not used any more is let go of."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import hyperhost
from builtin_plugins.search_whoosh.plugin import SearchWhoosh
from hyperhost.contracts import Artifact, ArtifactType, SearchDocument, SearchRequest
from hyperhost.errors import RefusalError


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[Any]:
    with hyperhost.Host("files", home=tmp_path) as host:
        host.register(SearchWhoosh(), "engine")
        yield host.hook


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "data" / "engine"


def document(number: int, name: str = "auth") -> SearchDocument:
    return SearchDocument(Artifact(f"id-{number}", "org.acme", name, ArtifactType.PLUGIN, "1.0.0"))


def commit(hook: Any, after: int, *documents: SearchDocument) -> int:
    """Index some; how many there are then."""
    hook.search_index(documents=list(documents))
    return int(hook.search_commit(after=after, sequence=after + 1, mark="m").documents)


def directory_of(place: Path) -> Path:
    return place / json.loads((place / "position.json").read_text())["directory"]


def opened(place: Path) -> set[str]:
    """Files of the index that this process has open or mapped."""
    files = set()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            files.add(str(each.readlink()))
    maps = Path("/proc/self/maps").read_text().splitlines()
    files |= {line.split(maxsplit=5)[5] for line in maps if len(line.split(maxsplit=5)) == 6}
    return {each for each in files if each.startswith(str(place))}


def test_segments_and_open_files_stay_few_while_changes_flow(hook: Any, place: Path) -> None:
    for sequence in range(130):
        assert commit(hook, sequence, document(sequence), document(sequence // 2)) == sequence + 1
        assert hook.search_query(request=SearchRequest("auth")).total == sequence + 1
    segments = list(directory_of(place).glob("*.seg"))
    assert len(segments) <= 61
    assert opened(place) <= set(map(str, segments))


def test_only_whole_segments_get_to_the_disk(hook: Any, place: Path) -> None:
    for sequence in range(8):
        commit(hook, sequence, *(document(10 * sequence + each) for each in range(10)))
    kinds = {file.suffix for file in directory_of(place).iterdir()}
    assert kinds == {".seg", ".toc", ""}  # the last is whoosh's lock
    assert {file.name for file in directory_of(place).iterdir() if not file.suffix} == {"MAIN_WRITELOCK"}


def test_no_file_is_open_after_the_host_is_closed(tmp_path: Path, place: Path) -> None:
    with hyperhost.Host("files", home=tmp_path) as host:
        host.register(SearchWhoosh(), "engine")
        name = host.hook.search_rebuild_begin()
        host.hook.search_rebuild_add(rebuild=name, documents=[document(0)])
        host.hook.search_rebuild_end(rebuild=name, keep=True, sequence=1, mark="m")
        for sequence in range(1, 5):
            commit(host.hook, sequence, document(sequence))
            found = host.hook.search_query(request=SearchRequest("auth", facets=["type"]))
            assert found.total == sequence + 1
        assert opened(place)
    assert opened(place) == set()


def test_a_commit_that_was_never_pointed_at_is_no_harm(hook: Any, tmp_path: Path, place: Path) -> None:
    commit(hook, 0, document(1))
    before = (place / "position.json").read_bytes()
    commit(hook, 1, document(2))
    # As a kill leaves it between whoosh's commit and the position.
    (place / "position.json").write_bytes(before)
    assert commit(hook, 1, document(2)) == 2
    with hyperhost.Host("files", home=tmp_path) as host:
        host.register(SearchWhoosh(), "engine")
        assert host.hook.search_query(request=SearchRequest("auth")).total == 2


def test_a_position_that_cannot_be_written_leaves_nothing_indexed_twice(hook: Any, place: Path) -> None:
    commit(hook, 0, document(1))
    assert hook.search_query(request=SearchRequest("auth")).total == 1
    obstacle = place / f"position.json.{os.getpid()}"
    obstacle.mkdir()
    with pytest.raises(IsADirectoryError):
        commit(hook, 1, document(2))
    assert hook.search_status().sequence == 1
    obstacle.rmdir()
    assert hook.search_commit(after=1, sequence=2, mark="m").documents == 2
    found = hook.search_query(request=SearchRequest("auth"))
    assert sorted(hit.artifact_id for hit in found.hits) == ["id-1", "id-2"]


def test_what_another_process_merged_away_is_read_anew(hook: Any, tmp_path: Path, place: Path) -> None:
    commit(hook, 0, document(0))
    assert hook.search_query(request=SearchRequest("auth")).total == 1
    with hyperhost.Host("files", home=tmp_path) as host:
        host.register(SearchWhoosh(), "engine")
        for sequence in range(1, 60):
            commit(host.hook, sequence, document(sequence))
        assert hook.search_query(request=SearchRequest("auth")).total == 60
        with pytest.raises(RefusalError, match="at change 60, not at 1") as caught:
            commit(hook, 1, document(1))
        assert caught.value.rule == "search.moved"
        name = host.hook.search_rebuild_begin()
        host.hook.search_rebuild_add(rebuild=name, documents=[document(7, "zebra")])
        host.hook.search_rebuild_end(rebuild=name, keep=True, sequence=61, mark="n")
        assert hook.search_query(request=SearchRequest("zebra")).total == 1
    assert {Path(each).parent.name for each in opened(place)} == {name}


def test_searches_and_commits_and_rebuilds_go_on_side_by_side(hook: Any) -> None:
    commit(hook, 0, *(document(number) for number in range(50)))
    stop = threading.Event()
    wrong: list[object] = []

    def ask() -> None:
        while not stop.is_set():
            try:
                found = hook.search_query(request=SearchRequest("auth", size=100, facets=["type"]))
            except Exception as error:
                wrong.append(error)
                return
            if not found.total == len(found.hits) == found.facets[0].values[0].count >= 50:
                wrong.append((found.total, len(found.hits)))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for each in askers:
        each.start()
    try:
        for sequence in range(1, 45):
            commit(hook, sequence, document(100 + sequence), document(sequence))
        name = hook.search_rebuild_begin()
        hook.search_rebuild_add(rebuild=name, documents=[document(number) for number in range(60)])
        hook.search_rebuild_end(rebuild=name, keep=True, sequence=50, mark="m")
    finally:
        stop.set()
        for each in askers:
            each.join()
    assert wrong == []
    assert hook.search_query(request=SearchRequest("auth")).total == 60


@pytest.mark.parametrize("how", ["cut", "zeros", "gone"])
def test_a_segment_that_is_damaged_is_said_to_be(tmp_path: Path, place: Path, how: str) -> None:
    with hyperhost.Host("files", home=tmp_path) as host:
        host.register(SearchWhoosh(), "engine")
        for sequence in range(3):
            commit(host.hook, sequence, document(sequence))
    for file in directory_of(place).glob("*.seg"):
        size = file.stat().st_size
        if how == "gone":
            file.unlink()
        else:
            file.write_bytes(file.read_bytes()[: size // 2] if how == "cut" else bytes(size))
    with hyperhost.Host("files", home=tmp_path) as host:
        host.register(SearchWhoosh(), "engine")
        with pytest.raises(RefusalError) as caught:
            host.hook.search_query(request=SearchRequest("auth"))
        assert caught.value.rule == "search.damaged"
        with pytest.raises(RefusalError) as caught:
            commit(host.hook, 3, document(9))
        assert caught.value.rule == "search.damaged"
        assert opened(place) == set()
