"""Plugins around a change: they may alter and refuse it before, and hear of it once it is durable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from registry_hosts import created, draft, everything, operations_on, published, storage_of

import hyperhost
from hyperhost.contracts import (
    ArtifactChange,
    ArtifactMetadata,
    ArtifactPatch,
    ChangeKind,
    IssueSeverity,
    ValidationIssue,
)
from hyperhost.errors import (
    HyperHostError,
    InvalidInputError,
    OperationError,
    RefusalError,
    TrapError,
    WrongStateError,
)

GATE = Path(__file__).parents[3] / "examples" / "registry_gate" / "names.wat"
TRAPPING = """(component
  (type $kind' (enum "created" "updated" "published" "deprecated" "deleted"))
  (import "change-kind" (type $kind (eq $kind')))
  (core module $m (func (export "f") (param i32) unreachable))
  (core instance $i (instantiate $m))
  (type $change' (record (field "kind" $kind)))
  (import "artifact-change" (type $change (eq $change')))
  (func (export "artifact-created") (param "change" $change) (canon lift (core func $i "f"))))"""


class Observer:
    """Writes down what it hears of."""

    plugin_id = "observer"

    def __init__(self) -> None:
        self.heard: list[ArtifactChange] = []

    @hyperhost.hookimpl
    def artifact_created(self, change: ArtifactChange) -> None:
        self.heard.append(change)

    artifact_updated = artifact_published = artifact_deprecated = artifact_deleted = artifact_created

    @property
    def kinds(self) -> list[str]:
        return [change.kind.value for change in self.heard]


class Transform:
    """Alters whatever is about to change."""

    plugin_id = "transform"

    def __init__(self, **patch: Any) -> None:
        self.patch: dict[str, Any] = patch

    @hyperhost.hookimpl
    def artifact_transform(self, change: ArtifactChange) -> ArtifactPatch | None:
        return ArtifactPatch(**self.patch) if self.patch else None


class Judge:
    """Asks a function about each change."""

    plugin_id = "judge"

    def __init__(self, judge: Any) -> None:
        self.judge = judge

    @hyperhost.hookimpl
    def artifact_validate(self, change: ArtifactChange) -> list[ValidationIssue]:
        return self.judge(change) or []


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_sandboxed_component_refuses_a_change(kind: str, tmp_path: Path) -> None:
    observer = Observer()
    with operations_on(storage_of(kind, tmp_path), observer) as run:
        run.host.load(GATE)
        created(run)
        before = everything(run.host)
        with pytest.raises(OperationError, match="a name that begins with tmp- is not for keeps") as caught:
            run.run("create", draft=draft("tmp-auth"))
        assert type(caught.value) is OperationError
        assert (caught.value.plugin, caught.value.hook) == ("names", "artifact_validate")
        assert (caught.value.rule, caught.value.field) == ("names.temporary", "")
        assert everything(run.host) == before
        assert observer.kinds == ["created"]
        assert not run.host.faults


def test_observers_hear_of_each_change_in_order_and_after_it_is_durable() -> None:
    observer = Observer()
    with operations_on(None, observer) as run:
        artifact = published(run, labels={"a": "b"})["id"]
        for step in ("deprecate", "undeprecate", "unpublish", "archive", "restore", "delete"):
            run.run(step, artifact=artifact)
    assert observer.kinds == ["created", "published", "deprecated", *["updated"] * 4, "deleted"]
    assert {change.actor for change in observer.heard} == {"local:owner"}
    before = [change.previous and change.previous.state.value for change in observer.heard]
    assert before == [None, "draft", "published", "deprecated", "published", "draft", "archived", None]


def test_an_observer_reads_what_it_hears_of() -> None:
    class Reader(Observer):
        @hyperhost.hookimpl
        def artifact_created(self, change: ArtifactChange) -> None:
            self.heard.append(hook.storage_get_artifact(artifact_id=change.artifact.id))

    reader = Reader()
    with operations_on(None, reader) as run:
        hook = run.host.hook
        artifact = created(run)
    assert [item.id for item in reader.heard] == [artifact["id"]]


def test_an_observer_that_fails_changes_nothing_for_anybody() -> None:
    class Broken:
        @hyperhost.hookimpl
        def artifact_created(self, change: ArtifactChange) -> None:
            raise ValueError("no")

    observer = Observer()
    with operations_on(None, Broken(), observer) as run:
        created(run)
        assert run.run("read", artifact="org.acme/auth")["version"] == "1.0.0"
        assert [fault.plugin for fault in run.host.faults] == ["broken"]
    assert observer.kinds == ["created"]


def test_an_observer_in_the_sandbox_that_traps_changes_nothing_either(tmp_path: Path) -> None:
    (tmp_path / "trapping.wat").write_text(TRAPPING, encoding="utf-8")
    with operations_on() as run:
        run.host.load(tmp_path / "trapping.wat")
        created(run)
        assert [(fault.plugin, fault.code) for fault in run.host.faults] == [("trapping", TrapError.code)]


def test_patches_are_applied_before_anybody_judges() -> None:
    seen: list[ArtifactChange] = []
    patch = {
        "metadata": ArtifactMetadata("Tidied."),
        "set_labels": {"team": "core"},
        "remove_labels": ["old"],
        "set_annotations": {"x": "y"},
        "manifest_json": '{"b": 1}',
    }
    with operations_on(None, Transform(**patch), Judge(seen.append)) as run:
        artifact = created(run, labels={"old": "1", "kept": "2"}, manifest={"a": 1})
        assert artifact["labels"] == {"kept": "2", "team": "core"}
        assert (artifact["metadata"]["description"], artifact["annotations"]) == ("Tidied.", {"x": "y"})
        assert run.run("read_manifest", artifact=artifact["id"]) == {"b": 1}
    assert [change.artifact.labels for change in seen] == [artifact["labels"]]
    assert [json.loads(change.manifest_json) for change in seen] == [{"b": 1}]


@pytest.mark.parametrize(
    ("patch", "field", "rule"),
    [
        ({"set_labels": {"Bad Key": "x"}}, "labels", "key"),
        ({"set_annotations": {"hyperhost.x": "y"}}, "annotations", "reserved"),
        ({"remove_annotations": ["hyperhost.x"]}, "annotations", "reserved"),
        ({"set_annotations": {"a": "x" * 300_000}}, "annotations", "size"),
        ({"metadata": ArtifactMetadata("x" * 10_001)}, "metadata.description", "length"),
        ({"manifest_json": "{"}, "manifest", "json"),
        ({"manifest_json": "[]"}, "manifest", "object"),
        ({"manifest_json": '{"a": NaN}'}, "manifest", "number"),
        ({"manifest_json": '{"a": 1, "a": 2}'}, "manifest", "twice"),
        ({"manifest_json": '{"a":' * 100 + "1" + "}" * 100}, "manifest", "depth"),
        ({"manifest_json": '{"a": {"b": "\\u0000"}}'}, "manifest.a.b", "zero-byte"),
    ],
)
def test_what_a_plugin_makes_of_an_artifact_is_checked_as_what_its_author_does(
    patch: dict[str, Any], field: str, rule: str
) -> None:
    with operations_on(None, Transform(**patch)) as run:
        with pytest.raises(InvalidInputError) as caught:
            run.run("create", draft=draft())
        assert (caught.value.field, caught.value.rule) == (field, rule)
        assert run.run("list")["items"] == []


def test_a_manifest_that_a_plugin_spoils_is_refused() -> None:
    manifest = {"format": "json"}
    with (
        operations_on(None, Transform(manifest_json='{"format": "ini"}')) as run,
        pytest.raises(InvalidInputError, match=r"manifest\.format is 'ini'"),
    ):
        run.run("create", draft=draft(type="config", manifest=manifest))


def test_no_plugin_changes_the_manifest_of_what_was_published() -> None:
    transform = Transform()
    with operations_on(None, transform) as run:
        artifact = published(run, manifest={"a": 1})["id"]
        before = everything(run.host)
        transform.patch = {"manifest_json": '{"a":2}'}
        for operation in ("deprecate", "unpublish", "archive"):
            with pytest.raises(WrongStateError, match="a plugin would change the manifest"):
                run.run(operation, artifact=artifact)
        assert everything(run.host) == before
        transform.patch = {"set_labels": {"a": "b"}}
        assert run.run("deprecate", artifact=artifact)["artifact"]["labels"] == {"a": "b"}


def test_remarks_of_plugins_reach_the_author_and_stop_nothing() -> None:
    issue = ValidationIssue("name.short", "a longer name is found more easily", IssueSeverity.LOW, "name")
    with operations_on(None, Judge(lambda change: [issue])) as run:
        assert run.run("validate", draft=draft())[0]["rule"] == "name.short"
        assert run.run("create", draft=draft())["issues"] == [
            {
                "rule": "name.short",
                "message": "a longer name is found more easily",
                "severity": "low",
                "path": "name",
            }
        ]


def test_every_step_of_a_life_may_be_refused() -> None:
    refused: set[ChangeKind] = set()

    def judge(change: ArtifactChange) -> None:
        if change.kind in refused:
            raise RefusalError(f"not {change.kind.value}", "acme:moon.phase")

    with operations_on(None, Judge(judge)) as run:
        artifact = created(run)["id"]
        steps = (
            ("publish", ChangeKind.PUBLISHED),
            ("archive", ChangeKind.UPDATED),
            ("delete", ChangeKind.DELETED),
        )
        for step, kind in steps:
            refused.add(kind)
            before = everything(run.host)
            with pytest.raises(OperationError, match=f"not {kind.value}") as caught:
                run.run(step, artifact=artifact)
            assert (caught.value.rule, caught.value.field) == ("acme:moon.phase", "")
            assert caught.value.plugin == "judge"
            assert everything(run.host) == before


def test_a_gate_that_fails_stops_the_change_and_is_the_one_at_fault() -> None:
    def judge(change: ArtifactChange) -> None:
        raise ZeroDivisionError("division by zero")

    with operations_on(None, Judge(judge)) as run:
        for _ in range(2):
            with pytest.raises(OperationError, match="raised by plugin 'judge'") as caught:
                run.run("create", draft=draft())
            assert caught.value.rule == "fault"
            assert isinstance(caught.value.__cause__, ZeroDivisionError)
        assert {fault.plugin for fault in run.host.faults} == {"judge"}
        for _ in range(20):
            with pytest.raises(HyperHostError):
                run.run("create", draft=draft())
        assert run.host.plugin("judge").state == "quarantined"
        assert run.host.plugin("registry").state == "active"
        assert run.run("list")["items"] == []


def test_observers_never_see_what_a_config_keeps_secret() -> None:
    observer = Observer()
    manifest = {
        "format": "json",
        "values": {"db": {"password": "hunter2", "host": "here"}},
        "defaults": {"db": {"password": "hunter2"}},
        "sensitive": ["db.password"],
    }
    with operations_on(None, observer) as run:
        published(run, type="config", manifest=manifest)
        shown = run.run("read_manifest", artifact="org.acme/auth")
        assert shown["values"] == {"db": {"password": "********", "host": "here"}}
    assert len(observer.heard) == 2
    assert all("hunter2" not in change.manifest_json for change in observer.heard)


def test_what_is_undone_is_heard_of_by_nobody() -> None:
    """A wrapper that fails after the operation, as a full audit log would."""

    class Failing:
        @hyperhost.hookimpl(wrapper=True, priority=10)
        def operation_run(self) -> Any:
            hook = host.hook
            hook.storage_begin(write=True)
            try:
                yield
                raise RefusalError("the audit log is full", "storage.full")
            finally:
                hook.storage_end(commit=False)

    observer = Observer()
    with operations_on(None, observer) as run:
        created(run)
        before = everything(run.host)
        host = run.host
        failing = run.host.register(Failing())
        for operation, arguments in (
            ("create", {"draft": draft("b")}),
            ("publish", {"artifact": "org.acme/auth"}),
        ):
            with pytest.raises(OperationError, match="the audit log is full"):
                run.run(operation, **arguments)
        failing.unload()
        assert everything(run.host) == before
    assert observer.kinds == ["created"]
