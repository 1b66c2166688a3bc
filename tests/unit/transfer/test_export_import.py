"""Export and import: the same bytes for the same state, and the same state for the same bytes."""

from __future__ import annotations

import io
import json
import os
import string
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registries import Reg, fill, registry

from builtin_plugins.registry.namespaces import AclEntry, Namespace, Quotas
from builtin_plugins.transfer import checks
from builtin_plugins.transfer.exporting import export
from builtin_plugins.transfer.importing import import_file
from builtin_plugins.transfer.states import portable
from hyperhost import hookimpl
from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactMetadata,
    ArtifactQuery,
    ArtifactState,
    ArtifactType,
    ArtifactWrite,
    Dependency,
    DependencyType,
    PutMode,
    Visibility,
)
from hyperhost.errors import ConflictError, InvalidInputError, NotFoundError, RefusalError, StorageError
from hyperhost.host.operations import LOCAL_OWNER


@pytest.fixture(params=["memory", "sqlite"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Reg, Reg]]:
    kind = request.param
    with registry(tmp_path / "a", kind) as a, registry(tmp_path / "b", kind) as b:
        yield a, b


def exported(reg: Reg, query: ArtifactQuery | None = None, *, contents: bool = True) -> bytes:
    sink = io.BytesIO()
    export(reg.hook, sink, query, contents=contents)
    return sink.getvalue()


def imported(reg: Reg, data: bytes, on_conflict: Any = "report") -> Any:
    return import_file(reg.hook, LOCAL_OWNER, io.BytesIO(data), on_conflict)


def plain(reg: Reg) -> dict[str, Any]:
    return {key: (portable(v[0]), v[1]) if isinstance(v, tuple) else v for key, v in reg.state().items()}


# --- round trips -------------------------------------------------------------------------------------


def test_what_was_exported_is_there_after_the_import_and_a_second_import_changes_nothing(
    both: tuple[Reg, Reg],
) -> None:
    a, b = both
    fill(a, 12)
    data = exported(a)
    assert exported(a) == data, "the same bytes"
    report = imported(b, data)
    assert (report.created, report.conflicts, report.issues) == (12, 0, [])
    assert plain(b) == plain(a)
    assert exported(b) == data
    length = len(b.history())
    again = imported(b, data)
    assert (again.created, again.unchanged, again.records, again.contents) == (0, 12, 0, 0)
    assert len(b.history()) == length


def test_any_tar_program_lists_and_unpacks_a_file(tmp_path: Path) -> None:
    with registry() as a:
        fill(a)
        data = exported(a)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = archive.getnames()
        assert names[0] == "header.json"
        assert names[-1] == "manifest.json"
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        assert json.load(manifest)["summary"]["artifacts"] == 5
    (tmp_path / "x.tar").write_bytes(data)
    done = subprocess.run(["tar", "tf", tmp_path / "x.tar"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == names
    assert done.stderr == ""


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
WORD = st.text(string.ascii_lowercase, min_size=1, max_size=8)
PLACE = TEXT.map(lambda text: f"https://acme.test/{text}")
PRINTABLE = TEXT.filter(lambda text: bool(text) and text.isprintable())


FREE = (ArtifactState.DRAFT, ArtifactState.ARCHIVED)
"""States in which an artifact need not have been published."""


@st.composite
def writes(draw: st.DrawFn) -> ArtifactWrite:
    number = draw(st.integers(0, 2**62 - 1))
    text = f"0192f3a07bcd7{number >> 50 & 0xFFF:03x}8{number % 2**12:03x}{number >> 12 & (2**48 - 1):012x}"
    created = draw(st.integers(-(2**62), 2**62))
    namespace = draw(st.sampled_from(["org.acme", "org.acme.team", "pkg.x", "user.a@acme.test"]))
    state = draw(st.sampled_from(ArtifactState))
    constraint = st.sampled_from(["*", "^1.2.0", ">=2.0.0, <3.0.0"])
    needed = st.builds(
        Dependency, WORD.map("org.acme/{}".format), constraint, st.sampled_from(DependencyType)
    )
    artifact = Artifact(
        "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])),
        namespace,
        f"{draw(WORD)}-{number}",
        draw(st.sampled_from([ArtifactType.LIBRARY, ArtifactType.THEME])),
        draw(st.sampled_from(["1.0.0", "0.1.0-rc.1", "2.3.4+build.5"])),
        Visibility.PRIVATE if namespace.startswith("user.") else draw(st.sampled_from(Visibility)),
        state,
        ArtifactMetadata(draw(TEXT), draw(TEXT), draw(st.lists(PRINTABLE, max_size=2)), homepage=draw(PLACE)),
        draw(st.dictionaries(WORD, WORD, max_size=3)),
        draw(st.dictionaries(PRINTABLE, TEXT, max_size=3)),
        dependencies=draw(st.lists(needed, max_size=2, unique_by=lambda item: item.artifact)),
        activity=ArtifactActivity(
            created,
            draw(st.integers(created, 2**62)),
            draw(st.integers(0, 2**60) | (st.none() if state in FREE else st.nothing())),
            draw(st.integers(0, 2**63 - 1)),
            draw(st.floats(0, 5)),
        ),
    )
    manifest = draw(
        st.just("") | st.dictionaries(TEXT, TEXT | st.integers() | st.none(), max_size=3).map(json.dumps)
    )
    return ArtifactWrite(artifact, manifest)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(writes(), max_size=6, unique_by=lambda item: item.artifact.id))
def test_every_artifact_survives_export_and_import(items: list[ArtifactWrite]) -> None:
    with registry() as a, registry() as b:
        a.hook.storage_put_artifacts(items=items, mode=PutMode.CREATE)
        data = exported(a)
        assert imported(b, data).created == len(items)
        assert b.state() == a.state()
        assert exported(b) == data


def test_more_than_one_chunk_and_contents_of_several_pieces(both: tuple[Reg, Reg]) -> None:
    a, b = both
    content_hash = a.upload(os.urandom(3 << 20))
    items = [
        ArtifactWrite(
            Artifact(
                f"0192f3a0-7bcd-7000-8000-{n:012x}",
                "org.acme",
                f"part-{n}",
                ArtifactType.LIBRARY,
                "1.0.0",
                content=a.hook.content_stat(content_hash=content_hash) if n in (3, 1500, 2400) else None,
                activity=ArtifactActivity(n, n),
            )
        )
        for n in range(2500)
    ]
    a.hook.storage_put_artifacts(items=items, mode=PutMode.CREATE)
    data = exported(a)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        kinds = [name.split("/")[0] for name in archive.getnames()]
    assert kinds == ["header.json", "contents", "artifacts", "artifacts", "artifacts", "manifest.json"]
    report = imported(b, data)
    assert (report.created, report.contents) == (2500, 1)
    assert b.hook.content_read(content_hash=content_hash, offset=(3 << 20) - 3, length=9) is not None
    assert exported(b) == data


# --- what is exported --------------------------------------------------------------------------------


def test_a_query_takes_what_belongs_to_its_artifacts_and_nothing_else() -> None:
    with registry() as a, registry() as b:
        fill(a, 7)
        data = exported(a, ArtifactQuery(namespace="org.acme.team", descendants=True))
        imported(b, data)
        found = b.state()
        assert [key for key in found if ":" not in key] == [
            "org.acme.team/part-0@1.0.0",
            "org.acme.team/part-3@1.0.0",
            "org.acme.team/part-6@1.0.0",
        ]
        assert [key for key in found if key.startswith("namespaces")] == ["namespaces:org.acme.team"]
        assert [key for key in found if key.startswith("tags")] == [
            "tags:org.acme.team/part-0@good",
            "tags:org.acme.team/part-6@good",
        ]
        assert sum(key.startswith("ratings") for key in found) == 4
    with registry() as a, registry() as b:
        fill(a, 7)
        imported(b, exported(a, ArtifactQuery(labels={"n": "4"})))
        assert [key for key in b.state() if ":" not in key] == ["org.acme/part-4@1.0.0"]
        assert sum(key.startswith("yanked") for key in b.state()) == 1


def test_without_contents_the_artifacts_go_alone() -> None:
    with registry() as a, registry() as b:
        fill(a)
        report = imported(b, exported(a, contents=False))
        assert (report.created, report.contents) == (5, 0)
        assert b.hook.content_list(after="", limit=10).items == []


def test_an_export_is_what_was_there_at_one_moment_whatever_is_written_meanwhile(tmp_path: Path) -> None:
    with registry(tmp_path / "a", "sqlite") as a, registry() as b:
        a.run("namespace_create", path="org.acme")
        stop = threading.Event()
        made = [0]

        def write() -> None:
            while not stop.is_set():
                made[0] += 1
                # Each round: an artifact and a tag for it, one after the other.
                item = a.create(f"part-{made[0]}")
                a.run("tag", artifact=item["id"], tag="good")

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for _ in range(5):
                sizes = made[0]
                data = exported(a)
                report = imported(b, data)
                assert [issue for issue in report.issues if issue.kind == "refused"] == []
                found = b.state()
                artifacts = sum(":" not in key for key in found)
                tags = sum(key.startswith("tags:") for key in found)
                assert artifacts - tags in (0, 1), (
                    "a tag without its artifact, or two artifacts without theirs"
                )
                assert artifacts >= sizes - 1
        finally:
            stop.set()
            thread.join()


def test_a_content_that_is_lost_ends_the_export_and_leaves_the_old_file(tmp_path: Path) -> None:
    with registry() as a:
        fill(a)
        target = tmp_path / "x"
        target.write_bytes(b"old")
        [first, *_] = a.hook.content_list(after="", limit=10).items
        a.hook.content_delete(content_hash=first.hash)
        with pytest.raises(NotFoundError, match=first.hash):
            a.run("export", target=str(target))
        assert target.read_bytes() == b"old"
        assert [path.name for path in tmp_path.iterdir()] == ["x"]
        with pytest.raises(StorageError, match="No such file or directory"):
            a.run("export", target=str(tmp_path / "none" / "x"))


# --- conflicts ---------------------------------------------------------------------------------------


def two_that_differ() -> Iterator[tuple[Reg, Reg]]:
    with registry() as a, registry() as b:
        for reg, text in ((a, "a"), (b, "b")):
            reg.run("namespace_create", path="org.acme", edit={"description": text})
            reg.create("x", metadata={"description": text})
            reg.create("same", metadata={"description": "same"})
            reg.create(f"only-{text}")
        yield a, b


@pytest.fixture
def different() -> Iterator[tuple[Reg, Reg]]:
    yield from two_that_differ()


def test_what_is_there_and_differs_is_reported_and_left_as_it_is(different: tuple[Reg, Reg]) -> None:
    a, b = different
    before = b.state()
    report = imported(b, exported(a))
    assert (report.created, report.unchanged, report.conflicts) == (1, 1, 2)
    assert [(issue.kind, issue.what, issue.key) for issue in report.issues] == [
        ("conflict", "namespaces", "org.acme"),
        ("conflict", "artifact", "org.acme/x@1.0.0"),
    ]
    assert {key: value for key, value in b.state().items() if key in before} == before
    assert imported(b, exported(a), "skip").issues == []


def test_replacing_is_done_when_it_is_asked_for_and_keeps_the_id(different: tuple[Reg, Reg]) -> None:
    a, b = different
    before = b.run("read", artifact="org.acme/x")
    report = imported(b, exported(a), "replace")
    assert (report.replaced, report.conflicts) == (1, 2)
    after = b.run("read", artifact="org.acme/x")
    assert (after["id"], after["metadata"]["description"]) == (before["id"], "a")
    assert b.run("namespace_read", path="org.acme")["owner"] == "local:owner"


def test_failing_is_done_when_it_is_asked_for_and_undoes_the_chunk(
    different: tuple[Reg, Reg], tmp_path: Path
) -> None:
    a, b = different
    a.run("export", target=str(tmp_path / "x"), query={"name": "x"})
    a.run("export", target=str(tmp_path / "all"))
    before = b.state()
    for name in ("x", "all"):
        with pytest.raises(ConflictError, match="another one is there, and it differs"):
            b.run("import", source=str(tmp_path / name), on_conflict="fail")
        assert b.state() == before


def test_what_a_plugin_refuses_is_reported_and_events_are_heard_chunk_by_chunk() -> None:
    heard: list[tuple[str, str]] = []

    class Rules:
        @hookimpl
        def artifact_validate(self, change: Any) -> list[Any]:
            if change.artifact.name == "x":
                raise RefusalError("no x here", "rules.x")
            return []

        @hookimpl
        def artifact_created(self, change: Any) -> None:
            heard.append((change.artifact.name, change.manifest_json))

    with registry() as a, registry(None, "memory", Rules()) as b:
        a.create("x")
        a.create("y")
        a.create("secret", type="config", manifest={"format": "json", "values": {"password": "hunter2"}})
        report = imported(b, exported(a))
        assert [(issue.kind, issue.key) for issue in report.issues] == [("refused", "org.acme/x@1.0.0")]
        assert report.created == 2
        assert heard == [("y", ""), ("secret", "")], "no secret is told"
        assert imported(b, exported(a)).created == 0


# --- interrupted -------------------------------------------------------------------------------------


def test_an_import_that_was_interrupted_goes_on_behind_the_chunks_that_are_done(
    both: tuple[Reg, Reg], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = both
    items = [
        ArtifactWrite(
            Artifact(
                f"0192f3a0-7bcd-7000-8000-{n:012x}", "org.acme", f"part-{n}", ArtifactType.THEME, "1.0.0"
            )
        )
        for n in range(3500)
    ]
    a.hook.storage_put_artifacts(items=items, mode=PutMode.CREATE)
    data = exported(a)
    put, calls = b.hook.storage_put_artifacts, 0

    def failing(**arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise RefusalError("the disk is full", "storage.full")
        return put(**arguments)

    with monkeypatch.context() as patch:
        patch.setattr(b.hook, "storage_put_artifacts", failing)
        with pytest.raises(RefusalError, match="disk is full"):
            imported(b, data)
    assert b.hook.storage_count_artifacts(query=ArtifactQuery()) == 2000
    report = imported(b, data)
    assert (report.resumed_after, report.created, report.unchanged) == (2, 1500, 0)
    assert imported(b, data).resumed_after == 0
    assert exported(b) == data


# --- arguments ---------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_twice_is_read_all_the_same(tmp_path: Path) -> None:
    with registry() as a, registry() as b:
        fill(a)
        os.mkfifo(tmp_path / "pipe")
        data = exported(a)
        thread = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(data))
        thread.start()
        assert b.run("import", source=str(tmp_path / "pipe"))["created"] == 5
        thread.join()


def test_wrong_arguments_are_refused() -> None:
    with registry() as a:
        with pytest.raises(InvalidInputError, match="on_conflict"):
            a.run("import", source="x", on_conflict="merge")
        with pytest.raises(InvalidInputError, match="target"):
            a.run("export")
        with pytest.raises(StorageError, match="No such file"):
            a.run("import", source="/none/x")
        with pytest.raises(NotFoundError, match="there is no such step"):
            a.run("transfer_step", step="guess")


def test_namespaces_are_read_by_the_rules_of_the_registry() -> None:
    for ours, theirs in ((checks.Space, Namespace), (checks.Grant, AclEntry)):
        assert [field.name for field in fields(ours)] == [field.name for field in fields(theirs)]
    assert {field.name for field in fields(Quotas)} == checks.QUOTAS
