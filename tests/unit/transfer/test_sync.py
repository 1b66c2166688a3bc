"""Sync: what happens to each pair of changes, both ways, between two registries and around three."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from registries import Reg, fill, registry
from syncing_parts import X, alike, conflicts, delete, describe, nothing, synced


@pytest.fixture
def three(tmp_path: Path) -> Iterator[list[Reg]]:
    with registry() as a, registry() as b, registry() as c:
        yield [a, b, c]


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
