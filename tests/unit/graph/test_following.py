"""The graph follows the store: changes, restarts, damage, another store."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from graph_hosts import Graphed, graphed

from builtin_plugins.graph import follower
from hyperhost.errors import NotFoundError


def kept(home: Path) -> Path:
    return home / "data" / "graph" / "graph.npz"


def logged(registry: Graphed) -> str:
    return "\n".join(line.message for line in registry.host.state.logs("graph"))


def test_changes_deletes_and_recreations_are_known_at_once() -> None:
    with graphed() as registry:
        registry.create("log")
        web = registry.create("web", "log")
        assert registry.impacted("log") == {"web": 1}
        registry.run("update", artifact=web, edit={"dependencies": []})
        assert registry.impacted("log") == {}
        registry.run("delete", artifact=web)
        with pytest.raises(NotFoundError):
            registry.run("graph_show", node="org.acme/web")
        registry.create("web", "log")
        assert registry.impacted("log") == {"web": 1}
        assert (registry.state.artifacts, registry.state.edges) == (2, 1)


def test_a_new_process_goes_on_where_the_graph_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with graphed(tmp_path) as registry:
        registry.create("log")
        registry.create("web", "log")
        built = registry.state.built_at_us
        registry.create("app", "web")
        assert registry.impacted("log") == {"web": 1, "app": 2}
    assert kept(tmp_path).exists()
    with graphed(tmp_path) as registry:
        registry.create("late", "app")
        assert registry.impacted("log") == {"web": 1, "app": 2, "late": 3}
        assert registry.state.built_at_us == built, "it was not built anew"


@pytest.mark.parametrize(
    "how", ["cut off", "other bytes", "empty", "no archive", "another format", "a directory"]
)
def test_a_damaged_file_is_built_anew_and_that_is_said(tmp_path: Path, how: str) -> None:
    with graphed(tmp_path) as registry:
        registry.create("log")
        registry.create("web", "log")
        assert registry.impacted("log") == {"web": 1}
    file = kept(tmp_path)
    data = bytearray(file.read_bytes())
    if how == "cut off":
        file.write_bytes(data[: len(data) // 2])
    elif how == "other bytes":
        data[len(data) // 3] ^= 0xFF
        data[200] ^= 0xFF
        file.write_bytes(data)
    elif how == "empty":
        file.write_bytes(b"")
    elif how == "no archive":
        file.write_bytes(b"\x80\x04K\x01." * 100)
    elif how == "another format":
        file.write_bytes(bytes(data).replace(b'"format": 1', b'"format": 9'))
    else:
        file.unlink()
        file.mkdir()
    with graphed(tmp_path) as registry:
        assert registry.impacted("log") == {"web": 1}
        assert "damaged and is built anew" in logged(registry)


def test_a_store_with_another_history_gets_a_graph_of_its_own(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    with graphed(one) as registry:
        registry.create("log")
        registry.create("web", "log")
        assert registry.impacted("log") == {"web": 1}
    with graphed(other) as registry:
        registry.create("log")
        registry.create("app", "log")
        assert registry.impacted("log") == {"app": 1}
    shutil.copytree(one / "data" / "graph", other / "data" / "graph", dirs_exist_ok=True)
    with graphed(other) as registry:
        assert registry.impacted("log") == {"app": 1}


def test_a_restored_backup_is_noticed_by_a_host_that_goes_on(tmp_path: Path) -> None:
    with graphed(tmp_path / "home") as registry:
        registry.create("log")
        registry.create("web", "log")
        registry.run("backup", directory=str(tmp_path / "backups"))
        [backup] = registry.run("backup_list", directory=str(tmp_path / "backups"))
        registry.create("app", "log")
        assert registry.impacted("log") == {"web": 1, "app": 1}
        registry.run("backup_restore", path=backup["path"], force=True)
        assert registry.impacted("log") == {"web": 1}


def test_two_processes_see_what_the_other_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "_LOOK_EVERY_S", 0.0)
    with graphed(tmp_path) as one, graphed(tmp_path) as other:
        one.create("log")
        assert other.state.artifacts == 1
        for number in range(6):
            (one if number % 2 else other).create(f"web-{number}", "log")
            assert (
                one.impacted("log")
                == other.impacted("log")
                == {f"web-{each}": 1 for each in range(number + 1)}
            )


def test_downloads_are_counted_with_the_next_question(tmp_path: Path) -> None:
    with graphed(tmp_path) as registry:
        upload = registry.run("content_open")
        registry.run("content_append", upload=upload, data=b"hello")
        content = registry.run("content_commit", upload=upload)
        registry.create("log")
        web = registry.create("web", "log", content_hash=content["hash"])
        registry.run("publish", artifact=web)
        assert registry.run("graph_impact", artifact="org.acme/log")["downloads"] == 0
        registry.run("download", artifact=web)
        assert registry.run("graph_impact", artifact="org.acme/log")["downloads"] == 1
    with graphed(tmp_path) as registry:
        registry.run("download", artifact=web)
        assert registry.run("graph_impact", artifact="org.acme/log")["downloads"] == 2


def test_many_changes_are_brought_together_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "_TOGETHER_AFTER", 5)
    monkeypatch.setattr(follower, "_KEEP_AFTER", 4)
    with graphed(tmp_path) as registry:
        registry.create("log")
        for number in range(17):
            registry.create(f"web-{number:02d}", "log", *([f"web-{number - 1:02d}"] if number else []))
            assert len(registry.impacted("log")) == number + 1
        before: Any = registry.run("graph_similar", artifact="org.acme/web-08", limit=50)
    with graphed(tmp_path) as registry:
        assert registry.run("graph_similar", artifact="org.acme/web-08", limit=50) == before
        kept(tmp_path).unlink()
    with graphed(tmp_path) as registry:
        assert registry.run("graph_similar", artifact="org.acme/web-08", limit=50) == before


def test_a_graph_without_its_libraries_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    with graphed() as registry:
        for name in [name for name in sys.modules if name.startswith("builtin_plugins.graph.")]:
            if name.rpartition(".")[2] not in ("plugin", "operations", "pictures"):
                monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "numpy", None)
        registry.create("log")
        with pytest.raises(Exception, match="needs the library numpy") as caught:
            registry.run("graph_show", node="org.acme/log")
        assert "pip install 'hyperhost[graph]'" in str(caught.value.hint)  # type: ignore[attr-defined]
