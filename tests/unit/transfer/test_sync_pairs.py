"""Sync of one pair of registries: what is looked at, who is asked, what interrupts it."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest
from registries import OTHERS, Reg, fill, registry
from syncing_parts import X, alike, delete, describe, nothing, synced

from hyperhost.errors import NotFoundError, RefusalError, WrongStateError


def test_only_what_is_new_is_looked_at(both: tuple[Reg, Reg]) -> None:
    a, b = both
    fill(a, 30)
    synced(a, b)
    lengths = len(a.history()), len(b.history())
    synced(a, b)
    assert (len(a.history()), len(b.history())) == lengths
    a.create("later")
    report = synced(a, b)
    assert (report.target.created, report.source.created) == (1, 0)
    assert '"origin":"sync:' in b.history()[-1].data_json


def test_events_of_what_a_sync_writes_are_heard_in_the_registry_it_writes_to() -> None:
    from hyperhost import hookimpl

    class Listener:
        def __init__(self) -> None:
            self.heard: list[str] = []

        @hookimpl
        def artifact_created(self, change: Any) -> None:
            self.heard.append(change.artifact.name)

        @hookimpl
        def artifact_deleted(self, change: Any) -> None:
            self.heard.append(f"-{change.artifact.name}")

    listener = Listener()
    with registry() as a, registry(None, "memory", listener) as b:
        a.create("x")
        a.create("y")
        synced(a, b)
        delete(a)
        synced(a, b)
    assert listener.heard == ["x", "y", "-x"]


def test_what_a_plugin_of_the_other_side_refuses_is_told_and_the_rest_is_done() -> None:
    from hyperhost import hookimpl

    class Strict:
        @hookimpl
        def artifact_validate(self, change: Any) -> list[Any]:
            if change.artifact.name == "x":
                raise RefusalError("x is not wanted here", "strict.x")
            return []

    with registry() as a, registry(None, "memory", Strict()) as b:
        a.create("x")
        a.create("y")
        for _ in range(2):
            report = synced(a, b)
            [issue] = report.conflicts
            assert (issue.kind, issue.key, issue.reason) == ("refused", X, "strict: x is not wanted here")
        assert list(b.descriptions()) == ["org.acme/y@1.0.0"]


def test_a_registry_is_not_synced_with_itself_or_a_backup_of_itself(
    both: tuple[Reg, Reg], tmp_path: Path
) -> None:
    a, b = both
    fill(a)
    synced(a, b)
    with pytest.raises(RefusalError, match="both are the same registry"):
        synced(a, a)
    path = a.run("backup", directory=str(tmp_path / "backups"))["path"]
    with registry() as c:
        c.run("backup_restore", path=path)
        OTHERS["c"] = c.host
        with pytest.raises(WrongStateError, match="as_copy"):
            a.run("sync", other="c")
        c.run("backup_restore", path=path, force=True, as_copy=True)
        assert nothing(synced(a, c))
        assert alike(a, c)


def test_after_one_side_was_set_back_the_other_side_gives_it_all_again(
    both: tuple[Reg, Reg], tmp_path: Path
) -> None:
    a, b = both
    a.create("x", metadata={"description": "1"})
    synced(a, b)
    path = b.run("backup", directory=str(tmp_path / "backups"))["path"]
    describe("2")(a)
    a.create("y")
    synced(a, b)
    b.run("backup_restore", path=path, force=True)
    assert b.descriptions() == {X: "1"}
    report = synced(a, b)
    assert report.conflicts == []
    assert a.descriptions() == {X: "2", "org.acme/y@1.0.0": ""}
    assert b.descriptions() == a.descriptions()


def test_the_operation_runs_between_this_registry_and_the_one_that_is_named(both: tuple[Reg, Reg]) -> None:
    a, b = both
    fill(a)
    OTHERS["b"] = b.host
    report = a.run("sync", other="b")
    assert report["target"]["created"] == 5
    assert report["conflicts"] == []
    describe_all = [reg.describe("org.acme/part-1@1.0.0", name) for reg, name in ((a, "a"), (b, "b"))]
    assert len(describe_all) == 2
    [conflict] = a.run("sync", other="b")["conflicts"]
    assert conflict["key"] == "org.acme/part-1@1.0.0"
    assert a.run("sync", other="b", resolve={conflict["key"]: "other"})["source"]["replaced"] == 1


def test_a_place_without_a_registry_is_refused(tmp_path: Path) -> None:
    import hyperhost
    from builtin_plugins.transfer.plugin import Transfer

    with hyperhost.Host() as host:
        host.register(Transfer())
        with pytest.raises(NotFoundError, match="is no home directory of a registry"):
            hyperhost.Operations(host).run("sync", other=str(tmp_path / "none"))


@pytest.mark.parametrize("moment", range(1, 5))
def test_a_change_in_the_middle_of_a_comparison_is_carried_over_by_the_next_sync(
    moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with registry() as a, registry() as b:
        a.create("x", metadata={"description": "1"})
        original, calls = b.hook.storage_get_artifact, 0

        def changing(**arguments: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == moment:
                a.describe(X, "2")
            return original(**arguments)

        with monkeypatch.context() as patch:
            patch.setattr(b.hook, "storage_get_artifact", changing)
            assert synced(a, b).conflicts == []
        assert synced(a, b).conflicts == []
        assert a.descriptions() == b.descriptions() == {X: "2" if calls >= moment else "1"}


def test_both_sides_may_be_written_to_while_they_are_synced(tmp_path: Path) -> None:
    with registry(tmp_path / "a", "sqlite") as a, registry(tmp_path / "b", "sqlite") as b:
        a.create("x")
        synced(a, b)
        stop = threading.Event()

        def write(reg: Reg, name: str) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                item = reg.create(f"{name}-{number}")
                reg.run("tag", artifact=item["id"], tag="good")
                if number % 3 == 0:
                    reg.run("delete", artifact=f"org.acme/{name}-{number - 1}@1.0.0")
                reg.describe(f"org.acme/{name}-{number}@1.0.0", str(number))

        threads = [threading.Thread(target=write, args=each) for each in ((a, "a"), (b, "b"))]
        for thread in threads:
            thread.start()
        try:
            while len(a.history()) < 150 and all(thread.is_alive() for thread in threads):
                found = synced(a, b).conflicts
                assert [issue for issue in found if issue.what != "tags"] == []
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        synced(a, b)
        assert nothing(synced(a, b))
        assert a.descriptions() == b.descriptions()
        assert len(a.descriptions()) > 10


@pytest.mark.parametrize("stop", range(1, 60, 4))
def test_a_sync_that_is_interrupted_anywhere_goes_on(stop: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Exception):
        pass

    with registry() as a, registry() as b:
        fill(a, 7)
        fill(b, 3)
        b.run("namespace_create", path="org.acme.more")
        original, calls = b.hook.storage_put_record, 0

        def failing(**arguments: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == stop:
                raise Broken
            return original(**arguments)

        with monkeypatch.context() as patch:
            patch.setattr(b.hook, "storage_put_record", failing)
            with contextlib.suppress(Broken):
                synced(a, b)
        expected = synced(a, b).conflicts
        assert {issue.what for issue in expected} <= {"namespaces", "tags", "channels", "artifact"}
        assert nothing(synced(a, b))
        assert set(a.descriptions()) == set(b.descriptions())


def test_a_decision_about_nothing_is_told_as_it_may_be_misspelt(both: tuple[Reg, Reg]) -> None:
    a, b = both
    a.create("x")
    synced(a, b)
    for side, words in ((a, "here"), (b, "there")):
        side.describe(X, words)
    report = synced(a, b, resolve={X: "source", "org.acme/misspelt@1.0.0": "source"})
    assert (report.conflicts, report.unused) == ([], ["org.acme/misspelt@1.0.0"])
