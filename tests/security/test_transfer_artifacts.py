"""Artifacts that lie, in files and from other registries: each is left out, and named with field and rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from registries import Reg, registry
from transfer_files import artifact, edited, honest, members_of

from hyperhost.contracts import (
    Artifact,
    ArtifactChange,
    ArtifactType,
    ChangeKind,
    LogWrite,
    PutMode,
    ValidationIssue,
)
from hyperhost.errors import InvalidInputError, RefusalError
from hyperhost.hookspecs import hookimpl

PLUGIN = {"runtime": "wasm", "entry_point": "plugin.wasm"}
SERVICE = {"deployment": {"kind": "container", "image": "acme/auth@sha256:00"}}
CONFIG = {"format": "json", "values": {"port": 1}}
TEMPLATE = {"engine": "jinja2", "outputs": [{"path": "x"}]}
MANIFESTS: dict[str, Any] = {
    "plugin": PLUGIN,
    "service": SERVICE,
    "config": CONFIG,
    "template": TEMPLATE,
    "library": None,
    "theme": None,
}


def with_config(**more: Any) -> dict[str, Any]:
    return CONFIG | more


ATTACKS: dict[str, tuple[str, Any, str, str]] = {
    "a plugin without a manifest": ("plugin", None, "manifest", "missing"),
    "a plugin without an entry point": ("plugin", {"runtime": "wasm"}, "manifest.entry_point", "type"),
    "a plugin of an unknown runtime": ("plugin", {**PLUGIN, "runtime": "sh"}, "manifest.runtime", "type"),
    "a plugin that answers no hook": (
        "plugin",
        {**PLUGIN, "hooks": [{"name": "../x"}]},
        "manifest.hooks[0].name",
        "name",
    ),
    "a plugin with a field too many": ("plugin", {**PLUGIN, "evil": 1}, "manifest.evil", "type"),
    "a plugin whose schema is none": (
        "plugin",
        {**PLUGIN, "config_schema": {"type": 1}},
        "manifest.config_schema",
        "schema",
    ),
    "a service without an image": (
        "service",
        {"deployment": {"kind": "wasm"}},
        "manifest.deployment.image",
        "missing",
    ),
    "a service on no port": (
        "service",
        {"deployment": {**SERVICE["deployment"], "ports": [{"port": 70_000}]}},
        "manifest.deployment.ports[0].port",
        "range",
    ),
    "a service with the manifest of a plugin": ("service", PLUGIN, "manifest.runtime", "type"),
    "a config of an unknown format": ("config", {"format": "exe"}, "manifest.format", "type"),
    "a config that extends nothing": ("config", with_config(extends="x"), "manifest.extends", "reference"),
    "a config that extends itself": (
        "config",
        with_config(extends="org.acme/part@1.0.0"),
        "manifest.extends",
        "cycle",
    ),
    "an encrypted config in plain sight": (
        "config",
        with_config(encrypted=True),
        "manifest.values",
        "sealed",
    ),
    "a sealed config with a default in plain sight": (
        "config",
        {"format": "json", "encrypted": True, "values": {"$sealed": "00:AA=="}, "defaults": {"key": "hush"}},
        "manifest.values",
        "sealed",
    ),
    "a template without an output": (
        "template",
        {"engine": "ejs", "outputs": []},
        "manifest.outputs",
        "missing",
    ),
    "a template of an unknown engine": ("template", {**TEMPLATE, "engine": "sh"}, "manifest.engine", "type"),
    "a template with a set-uid file": (
        "template",
        {"engine": "ejs", "outputs": [{"path": "x", "mode": "4755"}]},
        "manifest.outputs[0].mode",
        "mode",
    ),
    "a template whose pattern looks around": (
        "template",
        {**TEMPLATE, "parameters": [{"name": "a", "pattern": "(?=x)"}]},
        "manifest.parameters[0].pattern",
        "regex",
    ),
    "a library with a number that is none": ("library", '{"a":1e999}', "manifest", "number"),
    "a library with a zero byte": ("library", '{"a":"\\u0000"}', "manifest.a", "zero-byte"),
    "a theme with half a character": ("theme", '{"a":"\\ud800"}', "manifest.a", "unicode"),
}
BODIES: dict[str, tuple[dict[str, Any], str, str]] = {
    "a namespace that climbs": ({"namespace": "org.acme/../x"}, "namespace", "path"),
    "a namespace of nobody": ({"namespace": "acme"}, "namespace", "path"),
    "a name that climbs": ({"name": "../../x"}, "name", "kebab-case"),
    "a name with a newline": ({"name": "x\n"}, "name", "kebab-case"),
    "a name as long as a novel": ({"name": "x" * 100_000}, "name", "kebab-case"),
    "a version that is none": ({"version": "latest"}, "version", "semver"),
    "digits that are none": ({"version": "1.0.\u0663"}, "version", "semver"),
    "a label with a space": ({"labels": {"x y": "z"}}, "labels", "key"),
    "labels without end": ({"labels": {f"l{n}": "" for n in range(65)}}, "labels", "count"),
    "annotations without end": ({"annotations": {"a": "x" * 300_000}}, "annotations", "size"),
    "a state before archiving that is none": (
        {"annotations": {"hyperhost.state-before-archive": "root"}},
        "annotations.hyperhost.state-before-archive",
        "state",
    ),
    "published and never published": ({"state": "published"}, "activity.published_at_us", "missing"),
    "archived, published and never published": (
        {"state": "archived", "annotations": {"hyperhost.state-before-archive": "published"}},
        "activity.published_at_us",
        "missing",
    ),
    "a publisher that is nobody": (
        {"publisher": {"id": "", "name": "", "email": "", "url": ""}},
        "publisher.id",
        "missing",
    ),
    "a user's artifact that everybody sees": (
        {"namespace": "user.a@acme.test", "visibility": "public"},
        "visibility",
        "namespace",
    ),
    "a dependency on itself": (
        {"dependencies": [{"artifact": "org.acme/part", "constraint": "*"}]},
        "dependencies[0].artifact",
        "itself",
    ),
    "a dependency on nothing": (
        {"dependencies": [{"artifact": "x", "constraint": "*"}]},
        "dependencies[0].artifact",
        "coordinates",
    ),
}


@pytest.fixture
def target() -> Iterator[Reg]:
    with registry() as reg:
        yield reg


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """An export and a backup with one artifact of each type, which is called part, and one more."""
    found: dict[str, dict[str, bytes]] = {"export": {}, "backup": {}}
    for kind, manifest in MANIFESTS.items():
        place = tmp_path_factory.mktemp(kind)
        with registry() as reg:
            reg.create("part", type=kind, manifest=manifest)
            reg.create("sound")
            reg.run("export", target=str(place / "x"))
            found["export"][kind] = (place / "x").read_bytes()
            found["backup"][kind] = Path(reg.run("backup", directory=str(place))["path"]).read_bytes()
    return found


def lying(manifest: Any) -> Callable[[Any], Any]:
    text = manifest if isinstance(manifest, str) else "" if manifest is None else json.dumps(manifest)
    return lambda line: {**line, "manifest": text}


def left_out(target: Reg, data: bytes, tmp_path: Path) -> Any:
    """The one issue of an import that takes all but one of two artifacts, now and when it is repeated."""
    (tmp_path / "bad").write_bytes(data)
    report = target.run("import", source=str(tmp_path / "bad"))
    [issue] = report["issues"]
    assert (report["created"], list(target.state())) == (1, ["org.acme/sound@1.0.0"])
    again = target.run("import", source=str(tmp_path / "bad"), on_conflict="replace")
    assert (again["created"], again["unchanged"], again["issues"]) == (0, 1, [issue])
    assert len(target.history()) == 1
    assert target.hook.storage_names().collections == []
    assert (issue["kind"], issue["what"]) == ("refused", "artifact")
    assert len(json.dumps(issue)) < 3_000
    assert issue["key"].isprintable()
    return issue


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_manifest_that_lies_is_left_out_with_record_field_and_rule(
    target: Reg, files: Any, tmp_path: Path, attack: str
) -> None:
    kind, manifest, field, rule = ATTACKS[attack]
    issue = left_out(target, edited(files["export"][kind], "artifacts", lying(manifest)), tmp_path)
    assert (issue["key"], issue["field"], issue["rule"]) == ("org.acme/part@1.0.0", field, rule)
    assert issue["reason"].startswith("registry: ")


@pytest.mark.parametrize("attack", BODIES)
def test_an_artifact_that_lies_is_left_out_with_record_field_and_rule(
    target: Reg, files: Any, tmp_path: Path, attack: str
) -> None:
    changes, field, rule = BODIES[attack]
    issue = left_out(target, edited(files["export"]["library"], "artifacts", artifact(**changes)), tmp_path)
    assert (issue["field"], issue["rule"]) == (field, rule)


@pytest.mark.parametrize("attack", [*ATTACKS, *BODIES])
def test_a_backup_with_an_artifact_that_lies_is_refused_as_a_whole(
    target: Reg, files: Any, tmp_path: Path, attack: str
) -> None:
    if attack in ATTACKS:
        kind, manifest, field, rule = ATTACKS[attack]
        data = edited(files["backup"][kind], "artifacts", lying(manifest))
    else:
        changes, field, rule = BODIES[attack]
        data = edited(files["backup"]["library"], "artifacts", artifact(**changes))
    mine = target.create("precious")
    (tmp_path / "bad").write_bytes(data)
    with pytest.raises(InvalidInputError) as caught:
        target.run("backup_restore", path=str(tmp_path / "bad"), force=True)
    assert (caught.value.field, caught.value.rule) == ("source", "artifact")
    assert f"{field} breaks the rule {rule}" in str(caught.value)
    assert "artifacts/00000001.jsonl:1" in str(caught.value)
    assert target.run("read", artifact=mine["id"])["name"] == "precious"


def exported(reg: Reg, path: Path) -> bytes:
    reg.run("export", target=str(path))
    return path.read_bytes()


def test_configs_of_a_file_that_build_on_each_other_are_not_both_let_in(target: Reg, tmp_path: Path) -> None:
    with registry() as source:
        for name in ("one", "two"):
            source.create(name, type="config", manifest=CONFIG)
        data = exported(source, tmp_path / "x")
    members = [
        (
            name,
            text.replace(b'\\"extends\\":null', b'\\"extends\\":\\"org.acme/two@1.0.0\\"', 1).replace(
                b'\\"extends\\":null', b'\\"extends\\":\\"org.acme/one@1.0.0\\"', 1
            ),
        )
        for name, text in members_of(data)
    ]
    (tmp_path / "bad").write_bytes(honest(members))
    report = target.run("import", source=str(tmp_path / "bad"))
    [issue] = report["issues"]
    assert (issue["key"], issue["field"], issue["rule"]) == (
        "org.acme/two@1.0.0",
        "manifest.extends",
        "cycle",
    )
    assert list(target.state()) == ["org.acme/one@1.0.0"]


def test_what_the_registry_let_in_is_let_in_elsewhere(target: Reg, tmp_path: Path) -> None:
    with registry() as source:
        for kind, manifest in MANIFESTS.items():
            made = source.create(f"the-{kind}", type=kind, manifest=manifest)
            source.run("publish", artifact=made["id"])
            source.run("archive", artifact=made["id"])
        source.create("hush", type="config", manifest=with_config(encrypted=True, sensitive=["port"]))
        data = exported(source, tmp_path / "x")
        whole = source.run("backup", directory=str(tmp_path / "backups"))["path"]
        report = target.run("import", source=str(tmp_path / "x"))
        assert (report["created"], report["issues"]) == (7, [])
        assert target.state() == source.state()
        assert exported(target, tmp_path / "y") == data
    with registry() as third:
        assert third.run("backup_restore", path=whole)["artifacts"] == 7
        assert exported(third, tmp_path / "z") == data


def test_a_version_that_was_published_and_deleted_does_not_come_back_as_another(
    target: Reg, tmp_path: Path
) -> None:
    with registry() as source:
        source.create("part", content_hash=source.upload(b"other"))
        source.run("export", target=str(tmp_path / "x"))
    made = target.create("part", content_hash=target.upload(b"mine"))
    target.run("publish", artifact=made["id"])
    exported(target, tmp_path / "same")
    target.run("archive", artifact=made["id"])
    target.run("delete", artifact=made["id"])
    report = target.run("import", source=str(tmp_path / "x"))
    [issue] = report["issues"]
    assert (report["created"], issue["field"]) == (0, "version")
    assert "was published once and deleted, with another content" in issue["reason"]
    assert target.run("import", source=str(tmp_path / "same"))["created"] == 1


def test_a_sync_leaves_out_what_lies_and_says_so(target: Reg, tmp_path: Path) -> None:
    """The other side keeps an artifact that its registry would not have let in."""
    from builtin_plugins.transfer.syncing import sync
    from hyperhost.contracts.codec import to_data
    from hyperhost.host.operations import LOCAL_OWNER

    with registry() as source:
        source.create("sound")
        made = source.create("part", type="plugin", manifest=PLUGIN)
        lie = Artifact(made["id"], "org.acme", "part", ArtifactType.PLUGIN, "1.0.0")
        entry = {"kind": "updated", "actor": "", "artifact": to_data(lie), "manifest": "{}"}
        source.hook.storage_put_artifact(artifact=lie, manifest_json="{}", mode=PutMode.REPLACE)
        source.hook.storage_append_logs(log="history", items=[LogWrite(json.dumps(entry), 0, lie.id)])
        for _ in range(2):
            report = sync(source.hook, target.hook, LOCAL_OWNER)
            [issue] = report.conflicts
            assert (issue.kind, issue.key) == ("refused", "org.acme/part@1.0.0")
            assert (issue.field, issue.rule) == ("manifest.runtime", "type")
    assert list(target.state()) == ["org.acme/sound@1.0.0"]


def test_a_policy_of_today_does_not_stop_a_backup_of_yesterday(tmp_path: Path) -> None:
    class Policy:
        @hookimpl
        def artifact_validate(self, change: ArtifactChange) -> list[ValidationIssue]:
            raise RefusalError("name a license", "license.missing")

    with registry() as source:
        source.create("part")
        path = source.run("backup", directory=str(tmp_path))["path"]
    with registry() as strict:
        strict.host.register(Policy(), "policy")
        assert strict.run("backup_restore", path=path)["artifacts"] == 1
        assert list(strict.state()) == ["org.acme/part@1.0.0"]


def test_the_registry_does_not_judge_its_own_changes_twice(target: Reg, monkeypatch: Any) -> None:
    from builtin_plugins.registry import judging

    judged: list[str] = []
    real = judging.judge
    monkeypatch.setattr(
        judging, "judge", lambda work, change: (judged.append(change.artifact.name), real(work, change))
    )
    made = target.create("part", type="config", manifest=with_config(encrypted=True))
    target.run("update", artifact=made["id"], edit={"labels": {"a": "b"}})
    target.run("publish", artifact=made["id"])
    assert judged == []
    change = ArtifactChange(
        ChangeKind.CREATED, Artifact(made["id"], "org.acme", "X", ArtifactType.LIBRARY, "1.0.0")
    )
    with pytest.raises(RefusalError, match="'X' is no name"):
        target.hook.artifact_validate(change=change)
    assert judged == ["X"]
