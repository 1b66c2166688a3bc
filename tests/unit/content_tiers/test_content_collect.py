"""Collecting takes what no artifact refers to, and nothing else, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from content_hosts import S3Server, content_host
from content_suite import download, listed, name_of, refusal, some_bytes, upload

import hyperhost
from hyperhost.contracts import Artifact, ArtifactQuery, ArtifactType, ContentInfo, PageRequest, PutMode
from hyperhost.errors import InvalidInputError, NotFoundError

EVERYTHING = ArtifactQuery()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[hyperhost.Host]:
    with content_host(tmp_path) as host:
        yield host


def collect(host: hyperhost.Host, **arguments: Any) -> dict[str, int]:
    found: dict[str, int] = hyperhost.Operations(host).run("content_collect", **arguments)
    return found


def refer(hook: Any, number: int, content: ContentInfo | None) -> Artifact:
    artifact = Artifact(
        f"01890000-0000-7000-8000-{number:012}",
        "org.acme",
        f"part-{number}",
        ArtifactType.LIBRARY,
        "1.0.0",
        content=content,
    )
    hook.storage_put_artifact(artifact=artifact, manifest_json="", mode=PutMode.CREATE)
    return artifact


def files_in(home: Path) -> list[Path]:
    return [path for path in (home / "data/content-tiers").rglob("*") if path.is_file()]


def test_it_is_offered_as_an_operation_whose_steps_change_something(host: hyperhost.Host) -> None:
    offered = hyperhost.Operations(host).offered()
    whole, step = offered["content_collect"], offered["content_collect_step"]
    assert (whole.group, whole.changes, whole.permission) == ("administration", False, "content:collect")
    assert (step.group, step.changes, step.permission) == ("administration", True, "content:collect")
    assert set(json.loads(whole.arguments_schema_json)["properties"]) == {"grace_s", "dry_run"}


def test_a_step_that_no_collection_asked_for_removes_nothing(host: hyperhost.Host) -> None:
    name = upload(host.hook, some_bytes(5)).hash
    with pytest.raises(NotFoundError, match="no collection asked for this"):
        hyperhost.Operations(host).run("content_collect_step", collection="0" * 32)
    with pytest.raises(InvalidInputError, match="collection is missing") as caught:
        hyperhost.Operations(host).run("content_collect_step")
    assert "token of a collection" in caught.value.hint
    assert listed(host.hook) == [name]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"grace_s": "1"}, "grace_s"),
        ({"grace_s": -1}, "grace_s"),
        ({"dry_run": 1}, "dry_run"),
        ({"a": 1}, "a"),
    ],
)
def test_wrong_arguments_are_refused(host: hyperhost.Host, arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        collect(host, **arguments)
    assert caught.value.field == field
    assert "known are grace_s" in caught.value.hint


def test_what_is_referred_to_stays_and_the_rest_goes(host: hyperhost.Host, tmp_path: Path) -> None:
    kept = [upload(host.hook, some_bytes(size)) for size in (5, 50_000)]
    for number, info in enumerate([*kept, kept[0], None]):
        refer(host.hook, number, info)
    for size in (6, 60_000):
        upload(host.hook, some_bytes(size))
    assert collect(host) == {"removed": 0, "removed_bytes": 0, "kept": 4}
    wanted = {"removed": 2, "removed_bytes": 60_006, "kept": 2}
    assert collect(host, grace_s=0, dry_run=True) == wanted
    assert len(listed(host.hook)) == 4
    host.hook.storage_begin(write=False)
    assert collect(host, grace_s=0, dry_run=True) == wanted
    host.hook.storage_end(commit=True)
    assert collect(host, grace_s=0) == wanted
    assert listed(host.hook) == sorted(info.hash for info in kept)
    assert [download(host.hook, info.hash) for info in kept] == [some_bytes(5), some_bytes(50_000)]
    assert len(files_in(tmp_path)) == 2
    assert [total.contents for total in host.hook.content_usage()] == [1, 1, 0]


def test_uploading_it_again_makes_a_content_young(
    host: hyperhost.Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time_ns
    for days, size in ((3, 5), (3, 50_000), (3, 6)):
        monkeypatch.setattr(time, "time_ns", lambda days=days: real() - days * 86_400 * 10**9)
        upload(host.hook, some_bytes(size))
    monkeypatch.undo()
    for size in (5, 50_000):
        upload(host.hook, some_bytes(size))
    assert collect(host)["removed"] == 1
    assert listed(host.hook) == sorted(name_of(some_bytes(size)) for size in (5, 50_000))


def test_many_contents_are_looked_at_in_parts(host: hyperhost.Host, monkeypatch: pytest.MonkeyPatch) -> None:
    from builtin_plugins.content_tiers import collecting

    monkeypatch.setattr(collecting, "_AT_ONCE", 7)
    for number in range(50):
        info = upload(host.hook, b"%d" % number)
        if number % 3 == 0:
            refer(host.hook, number, info)
    assert collect(host, grace_s=0) == {"removed": 33, "removed_bytes": 60, "kept": 17}
    assert listed(host.hook) == sorted(name_of(b"%d" % number) for number in range(0, 50, 3))


@pytest.mark.parametrize("size", [5, 50_000])
def test_a_unit_of_work_that_is_undone_brings_everything_back(host: hyperhost.Host, size: int) -> None:
    name = upload(host.hook, some_bytes(size)).hash
    for remove in (
        lambda: collect(host, grace_s=0)["removed"] == 1,
        lambda: host.hook.content_delete(content_hash=name),
    ):
        host.hook.storage_begin(write=True)
        assert remove()
        assert host.hook.content_stat(content_hash=name) is None
        host.hook.storage_end(commit=False)
        assert download(host.hook, name) == some_bytes(size)
    assert collect(host, grace_s=86_400) == {"removed": 0, "removed_bytes": 0, "kept": 1}
    assert download(host.hook, name) == some_bytes(size)


def test_within_a_unit_of_work_the_bytes_go_with_the_next_one(host: hyperhost.Host, tmp_path: Path) -> None:
    upload(host.hook, some_bytes(50_000))
    host.hook.storage_begin(write=True)
    assert collect(host, grace_s=0)["removed"] == 1
    assert len(files_in(tmp_path)) == 2
    host.hook.storage_end(commit=True)
    collect(host)
    assert files_in(tmp_path) == []


def test_an_upload_whose_unit_is_undone_was_never_there(host: hyperhost.Host, tmp_path: Path) -> None:
    host.hook.storage_begin(write=True)
    names = [upload(host.hook, some_bytes(size)).hash for size in (5, 50_000)]
    assert len(listed(host.hook)) == 2
    host.hook.storage_end(commit=False)
    assert [host.hook.content_stat(content_hash=name) for name in names] == [None, None]
    assert len(files_in(tmp_path)) == 2
    assert collect(host) == {"removed": 0, "removed_bytes": 0, "kept": 0}
    assert files_in(tmp_path) == []


def test_a_wrapper_that_undoes_the_operation_undoes_it_all(tmp_path: Path) -> None:
    class Refusing:
        @hyperhost.hookimpl(wrapper=True, priority=50)
        def operation_run(self, call):
            host.hook.storage_begin(write=True)
            try:
                yield
            finally:
                host.hook.storage_end(commit=False)
            raise hyperhost.errors.RefusalError("no", "state:audit")

    with content_host(tmp_path, Refusing()) as host:
        name = upload(host.hook, some_bytes(50_000)).hash
        with pytest.raises(hyperhost.errors.WrongStateError, match="no"):
            collect(host, grace_s=0)
        assert download(host.hook, name) == some_bytes(50_000)


def test_a_wrapper_that_keeps_the_operation_lets_the_bytes_go(tmp_path: Path) -> None:
    class Auditing:
        @hyperhost.hookimpl(wrapper=True, priority=50)
        def operation_run(self, call):
            host.hook.storage_begin(write=True)
            outcome = yield
            host.hook.storage_end(commit=True)
            return outcome

    with content_host(tmp_path, Auditing()) as host:
        upload(host.hook, some_bytes(50_000))
        collect(host, grace_s=0)
        assert files_in(tmp_path) == []


def test_files_of_others_are_left_alone(host: hyperhost.Host, tmp_path: Path) -> None:
    name = upload(host.hook, some_bytes(50_000)).hash
    refer(host.hook, 1, host.hook.content_stat(content_hash=name))
    directory = tmp_path / "data/content-tiers/files/ab/cd"
    directory.mkdir(parents=True, exist_ok=True)
    strange = {"readme", "sha256-zz", ".digests", "sha256-ab.digests", "\udcff", f"sha256-{'ee' * 32}"}
    for each in strange:
        (directory / each).write_bytes(b"x")
    collect(host)
    assert set(os.listdir(directory)) == strange  # noqa: PTH208 - the names
    assert download(host.hook, name) == some_bytes(50_000)


def test_uploads_that_go_on_are_left_alone(host: hyperhost.Host) -> None:
    data = some_bytes(50_000)
    upload_id = host.hook.content_open(algorithm="sha256")
    host.hook.content_append(upload=upload_id, data=data[:20_000])
    collect(host, grace_s=0)
    host.hook.content_append(upload=upload_id, data=data[20_000:])
    host.hook.content_commit(upload=upload_id, expected_hash=name_of(data))
    assert download(host.hook, name_of(data)) == data


def test_uploads_of_yesterday_are_removed_at_start(tmp_path: Path) -> None:
    for _ in range(2):
        with content_host(tmp_path) as host:
            spool = tmp_path / "data/content-tiers/uploads"
            upload(host.hook, some_bytes(20_000))
            old, young = spool / "0a", spool / "0b"
            for path in (old, young):
                path.write_bytes(b"left by another process")
            os.utime(old, (0, time.time() - 90_000))
    with content_host(tmp_path) as host:
        upload(host.hook, some_bytes(30_000))
        assert not old.exists()
        assert young.exists()


def test_objects_that_nobody_knows_are_removed_after_a_day(
    tmp_path: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    import obstore

    from builtin_plugins.content_tiers import objects

    settings = server.settings(prefix="parts")
    store = server.store(settings["bucket"])
    digest = "ab" * 32
    left = f"parts/ab/ab/sha256-{digest}.0123"
    others = ["parts/ab/ab/readme", f"elsewhere/ab/ab/sha256-{digest}.0123", f"parts/sha256-{digest}.0123"]
    with content_host(tmp_path, **settings) as host:
        info = upload(host.hook, some_bytes(50_000))
        refer(host.hook, 1, info)
        for key in [left, f"{left}.digests", *others]:
            obstore.put(store, key, b"x")

        def keys() -> set[str]:
            return {item["path"] for page in obstore.list(store) for item in page}

        collect(host, grace_s=0)
        assert len(keys()) == 7
        monkeypatch.setattr(objects, "_LEFT_AFTER_S", -60)
        collect(host, grace_s=0)
        assert keys() == {
            *others,
            *(info.uri.partition("acme-")[2].partition("/")[2] + end for end in ("", ".digests")),
        }
        upload(host.hook, some_bytes(60_000))
        assert collect(host, grace_s=0)["removed"] == 1
        assert len(keys()) == 5
        assert download(host.hook, info.hash) == some_bytes(50_000)


def test_what_took_too_long_to_send_is_not_recorded(
    tmp_path: Path, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from builtin_plugins.content_tiers import objects

    monkeypatch.setattr(objects, "_RECORDED_WITHIN_S", -1)
    with content_host(tmp_path, **server.settings()) as host:
        refused = refusal(upload, content=host.hook, data=some_bytes(50_000))
        assert refused.rule == "content.unavailable"
        assert "took more than 12 hours" in refused.reason
        assert listed(host.hook) == []


def test_a_bucket_that_is_away_does_not_stop_the_operation(tmp_path: Path, server: S3Server) -> None:
    settings = server.settings(timeout_s=1)
    with content_host(tmp_path, **settings) as host:
        upload(host.hook, some_bytes(50_000))
    settings["endpoint"] = "http://127.0.0.1:1"
    with content_host(tmp_path, **settings) as host:
        assert collect(host, grace_s=0)["removed"] == 1
        [line] = host.state.logs("content-tiers")
        assert "some bytes of removed contents are still there" in line.message


@pytest.mark.parametrize("tier", ["files", "objects"])
def test_whatever_happens_meanwhile_no_artifact_loses_its_content(
    tmp_path: Path, tier: str, request: pytest.FixtureRequest
) -> None:
    settings = request.getfixturevalue("server").settings() if tier == "objects" else {}
    over, wrong, refused = threading.Event(), [], []
    numbers = iter(range(10**6))
    data = [some_bytes(size, size) for size in (10, 20, 30, 12_000, 13_000, 14_000, 50_000)]
    with content_host(tmp_path, **settings) as host:
        hook = host.hook

        def create(chance: random.Random) -> None:
            """As the registry does: the content is looked up in the unit that refers to it."""
            info = upload(hook, chance.choice(data))
            hook.storage_begin(write=True)
            found = hook.content_stat(content_hash=info.hash)
            if found is None:
                refused.append(info.hash)  # collected in between: with a grace of 0 that is right
            else:
                refer(hook, next(numbers), found)
            hook.storage_end(commit=chance.random() < 0.8)

        def delete(chance: random.Random) -> None:
            for artifact in hook.storage_list_artifacts(query=EVERYTHING, page=PageRequest(30)).items[3:]:
                hook.storage_delete_artifact(artifact_id=artifact.id)

        def work(task: Any, seed: int) -> None:
            chance = random.Random(seed)
            while not over.is_set():
                try:
                    task(chance)
                except Exception as error:
                    wrong.append(error)
                    return

        collected = []
        tasks = [create, create, delete, lambda chance: collected.append(collect(host, grace_s=0)["removed"])]
        threads = [threading.Thread(target=work, args=(task, seed)) for seed, task in enumerate(tasks)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 30
        while not wrong and sum(collected) <= 3 and time.monotonic() < end:
            time.sleep(0.1)
        over.set()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert sum(collected) > 3
        page = hook.storage_list_artifacts(query=EVERYTHING, page=PageRequest(1000))
        assert page.items
        by_name = {name_of(each): each for each in data}
        for name in {artifact.content_hash for artifact in page.items}:
            assert download(hook, name) == by_name[name]
        for name in listed(hook):
            assert download(hook, name) == by_name[name]
        collect(host, grace_s=0)
        assert {path.name.removesuffix(".digests") for path in files_in(tmp_path)} == (
            {name.replace(":", "-") for name in listed(hook) if len(by_name[name]) >= 10_240}
            if tier == "files"
            else set()
        )
