"""Sync: what happens to each pair of changes, both ways, between two registries and around three."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from registries import OTHERS, Reg, fill, registry

from builtin_plugins.transfer.syncing import SyncReport, sync
from hyperhost.errors import NotFoundError, RefusalError, WrongStateError
from hyperhost.host.operations import LOCAL_OWNER

Change = Callable[[Reg], Any]
X = "org.acme/x@1.0.0"


@pytest.fixture(params=["memory", "sqlite"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Reg, Reg]]:
    kind = request.param
    with registry(tmp_path / "a", kind) as a, registry(tmp_path / "b", kind) as b:
        yield a, b


@pytest.fixture
def three(tmp_path: Path) -> Iterator[list[Reg]]:
    with registry() as a, registry() as b, registry() as c:
        yield [a, b, c]


def synced(a: Reg, b: Reg, **more: Any) -> SyncReport:
    return sync(a.hook, b.hook, LOCAL_OWNER, **more)


def nothing(report: SyncReport) -> bool:
    return all(
        getattr(side, name) == 0
        for side in (report.source, report.target)
        for name in ("created", "replaced", "deleted", "records", "contents")
    )


def conflicts(report: SyncReport) -> list[tuple[str, str, str]]:
    return [(issue.kind, issue.key, issue.reason) for issue in report.conflicts]


def alike(a: Reg, b: Reg) -> bool:
    """The same but for what each registry counts by itself and where it keeps bytes."""

    def plain(reg: Reg) -> dict[str, Any]:
        from builtin_plugins.transfer.states import state

        found = reg.state()
        return {
            key: state(*item) if isinstance(item, tuple) else item
            for key, item in found.items()
            if not key.startswith("ratings:")
        }

    return plain(a) == plain(b)


def describe(text: str) -> Change:
    return lambda reg: reg.describe(X, text)


def delete(reg: Reg) -> Any:
    return reg.run("delete", artifact=X)


def tag(reg: Reg) -> Any:
    return reg.run("tag", artifact=X, tag="good")


def keep(_: Reg) -> None:
    return None


# --- one artifact that both have ---------------------------------------------------------------------

ONE_SIDED = {
    "update": (describe("new"), {X: "new"}),
    "delete": (delete, {}),
    "publish": (lambda reg: reg.run("publish", artifact=X), {X: "old"}),
    "update twice": (lambda reg: (describe("1")(reg), describe("2")(reg)), {X: "2"}),
    "update there and back": (lambda reg: (describe("1")(reg), describe("old")(reg)), {X: "old"}),
    "delete and create anew": (
        lambda reg: (delete(reg), reg.create("x", metadata={"description": "anew"})),
        {X: "anew"},
    ),
    "tag": (tag, {X: "old"}),
}


@pytest.mark.parametrize("turned", [False, True], ids=["in the source", "in the target"])
@pytest.mark.parametrize("name", ONE_SIDED)
def test_what_one_side_changes_the_other_side_gets(both: tuple[Reg, Reg], name: str, turned: bool) -> None:
    a, b = both
    a.create("x", metadata={"description": "old"})
    synced(a, b)
    change, expected = ONE_SIDED[name]
    change((b, a)[not turned])
    report = synced(a, b)
    assert conflicts(report) == []
    assert a.descriptions() == b.descriptions() == expected
    assert alike(a, b)
    assert nothing(synced(a, b))
    assert nothing(synced(b, a)), "whoever asks"


TWO_SIDED = {
    "update/update": (describe("a"), describe("b"), "changed on both sides"),
    "delete/update": (delete, describe("b"), "deleted in the one, changed in the other"),
    "update/delete": (describe("a"), delete, "deleted in the one, changed in the other"),
}


@pytest.mark.parametrize("winner", ["source", "target"])
@pytest.mark.parametrize("name", TWO_SIDED)
def test_what_both_sides_change_is_told_by_each_sync_until_somebody_decides(
    both: tuple[Reg, Reg], name: str, winner: Any
) -> None:
    a, b = both
    a.create("x", metadata={"description": "old"})
    synced(a, b)
    first, second, reason = TWO_SIDED[name]
    first(a)
    second(b)
    before = a.state(), b.state()
    for _ in range(2):
        report = synced(a, b)
        assert nothing(report)
        assert conflicts(report) == [("conflict", X, reason)]
        assert (a.state(), b.state()) == before
    decided = synced(a, b, resolve={X: winner})
    assert decided.conflicts == []
    assert alike(a, b)
    assert a.descriptions() == (b if winner == "target" else a).descriptions()
    assert a.descriptions() == {
        key: item[0].metadata.description
        for key, item in before[winner == "target"].items()
        if isinstance(item, tuple)
    }
    assert nothing(synced(a, b))
    assert synced(a, b).conflicts == []


def test_the_same_update_on_both_sides_is_no_conflict_for_whoever_made_it(both: tuple[Reg, Reg]) -> None:
    a, b = both
    a.create("x")
    synced(a, b)
    delete(a)
    delete(b)
    assert conflicts(synced(a, b)) == []


def test_two_that_are_created_alike_are_the_same_and_two_that_differ_are_a_conflict(
    both: tuple[Reg, Reg],
) -> None:
    a, b = both
    for reg in both:
        reg.create("x", metadata={"description": "old"})
        reg.create("y", metadata={"description": "a" if reg is a else "b"})
    report = synced(a, b)
    assert nothing(report)
    assert conflicts(report) == [("conflict", "org.acme/y@1.0.0", "created on both sides")]
    a.describe(X, "new")
    assert synced(a, b).target.replaced == 1
    assert b.descriptions()[X] == "new"
    delete(b)
    assert synced(a, b).source.deleted == 1
    assert X not in a.descriptions()


def test_a_conflict_that_ends_by_itself_is_told_no_more(both: tuple[Reg, Reg]) -> None:
    a, b = both
    a.create("x")
    synced(a, b)
    describe("a")(a)
    describe("b")(b)
    assert len(synced(a, b).conflicts) == 1
    delete(a)
    delete(b)
    assert synced(a, b).conflicts == []


# --- records -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("collection", ["tag", "promote"])
def test_tags_and_channels_move_and_go(both: tuple[Reg, Reg], collection: str) -> None:
    a, b = both
    word = {"tag": "tag", "promote": "channel"}[collection]
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        a.create("x", version)
        a.run("publish", artifact=f"org.acme/x@{version}")
    a.run(collection, artifact=X, **{word: "good"})
    synced(a, b)
    b.run(collection, artifact="org.acme/x@2.0.0", **{word: "good"})
    assert synced(a, b).source.records == 1
    assert alike(a, b)
    key = "org.acme/x@good"
    a.run(collection, artifact=X, **{word: "good"})
    b.run(collection, artifact="org.acme/x@3.0.0", **{word: "good"})
    report = synced(a, b)
    assert conflicts(report) == [("conflict", key, "changed on both sides")]
    assert nothing(report)
    assert conflicts(synced(b, a)) == conflicts(report)
    assert synced(a, b, resolve={key: "target"}).source.records == 1
    assert alike(a, b)
    if collection == "tag":
        a.run("untag", name="org.acme/x", tag="good")
        assert synced(a, b).target.records == 1
        assert alike(a, b)


def test_namespaces_and_yanks_come_and_go(both: tuple[Reg, Reg]) -> None:
    a, b = both
    fill(a)
    b.run("namespace_create", path="org.acme.other")
    report = synced(a, b)
    assert report.conflicts == []
    assert alike(a, b)
    b.run("namespace_update", path="org.acme", edit={"description": "Acme Inc"})
    b.run("unyank", artifact="org.acme/part-4@1.0.0")
    a.run("namespace_delete", path="org.acme.other")
    report = synced(a, b)
    assert (report.source.records, report.target.records) == (2, 1)
    assert alike(a, b)


def test_a_namespace_in_which_the_other_side_put_something_stays_and_is_told(both: tuple[Reg, Reg]) -> None:
    a, b = both
    a.run("namespace_create", path="org.acme.x")
    synced(a, b)
    a.run("namespace_delete", path="org.acme.x")
    made = b.create("x", namespace="org.acme.x")
    b.hook.storage_put_record(collection="transfer-none", key="k", data_json="{}", mode=None)
    report = synced(a, b)
    assert report.source.created == 1
    assert [issue.key for issue in report.conflicts] == ["org.acme.x"]
    assert b.run("read", artifact=made["id"])["namespace"] == "org.acme.x"


# --- contents ----------------------------------------------------------------------------------------


def test_contents_go_along_in_both_directions_once(both: tuple[Reg, Reg]) -> None:
    a, b = both
    data = bytes(range(256)) * 5000
    hashes = {a: a.upload(data), b: b.upload(data + b"b")}
    for reg, content_hash in hashes.items():
        for name in "xy":
            reg.create(f"{name}-{content_hash[7]}", content_hash=content_hash)
    report = synced(a, b)
    assert (report.source.contents, report.target.contents) == (1, 1)
    for reg in both:
        for content_hash in hashes.values():
            assert reg.hook.content_stat(content_hash=content_hash) is not None
    assert b.hook.content_read(content_hash=hashes[a], offset=0, length=100) == data[:100]
    assert alike(a, b)


def test_an_artifact_whose_bytes_are_lost_is_told_and_comes_when_they_are_back(both: tuple[Reg, Reg]) -> None:
    a, b = both
    content_hash = a.upload(b"hello")
    a.create("x", content_hash=content_hash)
    a.create("y")
    a.hook.content_delete(content_hash=content_hash)
    report = synced(a, b)
    assert [(issue.kind, issue.key) for issue in report.conflicts] == [("content", X)]
    assert content_hash in report.conflicts[0].reason
    assert list(b.descriptions()) == ["org.acme/y@1.0.0"]
    a.upload(b"hello")
    assert synced(a, b).conflicts == []
    assert alike(a, b)


# --- three registries --------------------------------------------------------------------------------


def test_around_three_registries_a_change_arrives_everywhere_without_a_conflict(three: list[Reg]) -> None:
    a, b, c = three
    a.create("x", metadata={"description": "1"})
    for pair in ((a, b), (b, c), (c, a)):
        assert synced(*pair).conflicts == []
    describe("2")(c)
    c.create("y")
    # From c over b to a; then c and a, which last met before.
    for pair in ((b, c), (a, b), (c, a), (a, b)):
        assert synced(*pair).conflicts == []
    assert a.descriptions() == b.descriptions() == c.descriptions() == {X: "2", "org.acme/y@1.0.0": ""}
    delete(b)
    for pair in ((b, c), (c, a), (a, b)):
        assert synced(*pair).conflicts == []
    assert a.descriptions() == b.descriptions() == c.descriptions() == {"org.acme/y@1.0.0": ""}


def test_a_side_that_has_a_state_the_other_left_behind_is_behind_and_not_in_conflict(
    three: list[Reg],
) -> None:
    a, b, c = three
    a.create("x", metadata={"description": "1"})
    synced(a, c)
    describe("2")(a)  # changed since a and c met
    synced(a, b)
    synced(b, c)  # c has it from b
    describe("3")(c)  # so this comes after it, although both changed since a and c met
    assert synced(a, c).conflicts == []
    assert a.descriptions() == {X: "3"}


# --- the pair ----------------------------------------------------------------------------------------


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
