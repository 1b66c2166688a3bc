"""Manifests of the six types: what they may hold, and what is said of those that are wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from builtin_plugins.registry.manifests import check_manifest
from hyperhost.contracts import ArtifactType
from hyperhost.errors import RefusalError

GOOD: dict[str, dict[str, Any]] = {
    "plugin": {
        "runtime": "wasm",
        "entry_point": "plugin.wasm",
        "runtime_version": "50",
        "engine": "wasmtime",
        "hooks": [{"name": "artifact_validate", "priority": 0}, {"name": "search_rerank", "priority": 1000}],
        "commands": ["scan"],
        "capabilities": ["search"],
        "permissions": ["log"],
        "config_schema": {"type": "object", "properties": {"depth": {"type": "integer"}}},
        "config_defaults": {"depth": 3},
        "dependencies": [{"artifact": "org.acme/base", "constraint": "^1.0.0"}],
        "peer_dependencies": [{"artifact": "org.acme/peer", "type": "peer"}],
    },
    "service": {
        "deployment": {
            "kind": "container",
            "image": "acme/auth:1.0.0",
            "cpu_milli": 500,
            "memory_bytes": 2**30,
            "env": {"MODE": "fast"},
            "ports": [{"port": 8080}, {"port": 8080, "protocol": "udp"}],
            "liveness": {"path": "/healthz", "port": 8080},
            "readiness": {"command": ["true"], "interval_ms": 1},
        },
        "traffic_policy": {"split": {"v1": 90}},
        "api": {"kind": "http", "endpoints": ["/v1"], "openapi": {"openapi": "3.1.0"}},
        "scaling": {"min_replicas": 0, "max_replicas": 5, "metrics": ["cpu"]},
        "endpoint": "http://auth",
        "methods": ["login"],
    },
    "config": {
        "format": "yaml",
        "values": {"db": {"host": "here", "password": ""}},
        "schema": {"type": "object"},
        "defaults": {"db": {"port": 5432}},
        "extends": "org.acme/base@1.0.0",
        "overrides": {"production": {"db": {"host": "there"}}},
        "target": {"kind": "namespace", "selector": "org.acme"},
        "env": {"db.host": "DB_HOST"},
        "encrypted": True,
        "sensitive": ["db.password", "keys.*"],
        "secrets": [{"path": "db.password", "name": "db", "provider": "vault"}],
    },
    "template": {
        "engine": "jinja2",
        "outputs": [
            {"path": "{{ name }}.txt", "content": "hello", "mode": "0755"},
            {"path": "d", "kind": "directory"},
        ],
        "parameters": [
            {"name": "name", "required": True, "pattern": "[a-z]+"},
            {"name": "port", "type": "integer", "default": 80, "min": 1, "max": 65535},
            {"name": "size", "enum": ["s", "l"], "default": "s"},
            {"name": "on", "type": "boolean", "default": False},
            {"name": "ratio", "type": "number", "default": 1},
            {"name": "items", "type": "array", "default": [1], "max": 3},
        ],
        "before": [{"kind": "message", "text": "hi"}],
    },
    "library": {"anything": [1, {"x": None}]},
    "theme": {"colour": "red"},
}


@pytest.mark.parametrize("kind", GOOD)
def test_a_manifest_is_kept_and_is_one_when_it_is_read_again(kind: str) -> None:
    text = check_manifest(ArtifactType(kind), GOOD[kind])
    kept = json.loads(text)
    for key, value in GOOD[kind].items():
        if not isinstance(value, dict | list):
            assert kept[key] == value
    assert check_manifest(ArtifactType(kind), kept) == text


def test_types_with_a_manifest_need_one() -> None:
    for kind in ("plugin", "service", "config", "template"):
        with pytest.raises(RefusalError, match=f"a {kind} needs a manifest"):
            check_manifest(ArtifactType(kind), None)
    for kind in ("library", "theme"):
        assert check_manifest(ArtifactType(kind), None) == ""


def changed(kind: str, path: str, value: Any) -> dict[str, Any]:
    """A good manifest with one thing changed; the path's parts are keys and indexes."""
    manifest = json.loads(json.dumps(GOOD[kind]))
    place: Any = manifest
    *parts, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    for part in parts:
        place = place[part]
    place[last] = value
    return manifest


WRONG = [
    ("plugin", "runtime", "ruby", "runtime", "type"),
    ("plugin", "entry_point", " ", "entry_point", "missing"),
    ("plugin", "surprise", 1, "surprise", "type"),
    ("plugin", "hooks.0.priority", 1001, "hooks[0].priority", "range"),
    ("plugin", "hooks.1.priority", -1, "hooks[1].priority", "range"),
    ("plugin", "hooks.0.priority", True, "hooks[0].priority", "type"),
    ("plugin", "hooks.0.name", "a b", "hooks[0].name", "name"),
    ("plugin", "hooks.1.name", "artifact_validate", "hooks[1].name", "twice"),
    ("plugin", "commands", ["a", "a"], "commands[1]", "twice"),
    ("plugin", "config_schema", {"type": 3}, "config_schema", "schema"),
    ("plugin", "config_schema", [], "config_schema", "schema"),
    ("plugin", "config_defaults", {"depth": "x"}, "config_defaults.depth", "schema"),
    ("plugin", "dependencies.0.artifact", "base", "dependencies[0].artifact", "coordinates"),
    ("plugin", "peer_dependencies.0.constraint", "", "peer_dependencies[0].constraint", "range"),
    ("plugin", "dependencies.0.constraint", "^1.2.x.4", "dependencies[0].constraint", "range"),
    ("service", "deployment.kind", "vm", "deployment.kind", "type"),
    ("service", "deployment.image", "", "deployment.image", "missing"),
    ("service", "deployment.ports.0.port", 0, "deployment.ports[0].port", "range"),
    ("service", "deployment.ports.1.protocol", "tcp", "deployment.ports[1].port", "twice"),
    ("service", "deployment.memory_bytes", -1, "deployment.memory_bytes", "range"),
    ("service", "deployment.cpu_milli", 0.5, "deployment.cpu_milli", "type"),
    ("service", "deployment.liveness", {}, "deployment.liveness", "missing"),
    ("service", "deployment.liveness.port", 70_000, "deployment.liveness.port", "range"),
    ("service", "deployment.readiness.failures", 0, "deployment.readiness.failures", "range"),
    ("service", "scaling.min_replicas", 6, "scaling.min_replicas", "range"),
    ("service", "scaling.max_replicas", 0, "scaling.max_replicas", "range"),
    ("service", "api.kind", "soap", "api.kind", "type"),
    ("config", "format", "ini", "format", "type"),
    ("config", "schema", {"$ref": "#/$defs/none"}, "schema", "schema"),
    ("config", "target.selector", "", "target.selector", "missing"),
    ("config", "target.kind", "global", "target.selector", "global"),
    ("config", "extends", "base", "extends", "reference"),
    ("config", "sensitive.0", "db..password", "sensitive[0]", "path"),
    ("config", "secrets.0.path", "", "secrets[0].path", "path"),
    ("config", "secrets.0.name", " ", "secrets[0].name", "missing"),
    ("config", "secrets.0.provider", "file", "secrets[0].provider", "type"),
    (
        "config",
        "secrets",
        [{"path": "a", "name": "x"}, {"path": "a", "name": "y"}],
        "secrets[1].path",
        "twice",
    ),
    ("template", "engine", "erb", "engine", "type"),
    ("template", "outputs", [], "outputs", "missing"),
    ("template", "outputs.0.path", " ", "outputs[0].path", "missing"),
    ("template", "outputs.0.mode", "4755", "outputs[0].mode", "mode"),
    ("template", "outputs.0.mode", "rwx", "outputs[0].mode", "mode"),
    ("template", "parameters.0.name", "Name", "parameters[0].name", "snake_case"),
    ("template", "parameters.1.name", "name", "parameters[1].name", "twice"),
    ("template", "parameters.0.pattern", "(", "parameters[0].pattern", "regex"),
    ("template", "parameters.0.pattern", "a" * 501, "parameters[0].pattern", "length"),
    ("template", "parameters.0.default", "x", "parameters[0].default", "required"),
    ("template", "parameters.1.default", 0, "parameters[1].default", "range"),
    ("template", "parameters.1.default", "80", "parameters[1].default", "type"),
    ("template", "parameters.1.default", True, "parameters[1].default", "type"),
    ("template", "parameters.1.min", 70_000, "parameters[1].min", "range"),
    ("template", "parameters.2.default", "m", "parameters[2].default", "enum"),
    ("template", "parameters.2.enum", [], "parameters[2].enum", "missing"),
    ("template", "parameters.2.enum", ["s", 1], "parameters[2].enum[1]", "type"),
    ("template", "parameters.5.default", [1, 2, 3, 4], "parameters[5].default", "range"),
    ("template", "before.0.kind", "shell", "before[0].kind", "type"),
]


@pytest.mark.parametrize(("kind", "path", "value", "field", "rule"), WRONG)
def test_what_is_wrong_in_a_manifest_is_named(
    kind: str, path: str, value: Any, field: str, rule: str
) -> None:
    with pytest.raises(RefusalError) as caught:
        check_manifest(ArtifactType(kind), changed(kind, path, value))
    assert caught.value.rule == f"invalid:manifest.{field}:{rule}"


def test_a_manifest_that_is_no_object_or_too_large_is_refused() -> None:
    for data in ([], "x", 3, True):
        with pytest.raises(RefusalError, match="is no JSON object"):
            check_manifest(ArtifactType.LIBRARY, data)
    with pytest.raises(RefusalError, match="larger than 1 MiB"):
        check_manifest(ArtifactType.LIBRARY, {"x": "ü" * (1 << 19)})


@pytest.mark.parametrize(
    "reference", ["http://127.0.0.1:9/schema.json", "file:///etc/hostname", "https://acme.test/s"]
)
def test_a_schema_makes_the_registry_ask_nobody_and_read_no_file(reference: str) -> None:
    with pytest.raises(RefusalError, match="it is no JSON Schema") as caught:
        check_manifest(ArtifactType.CONFIG, {"format": "json", "schema": {"$ref": reference}})
    assert "Retrieval is disabled" in caught.value.reason


def test_a_pattern_that_would_never_end_is_not_run() -> None:
    parameter = {"name": "x", "pattern": "(a+)+$", "default": "a" * 60 + "b"}
    manifest = {"engine": "jinja2", "outputs": [{"path": "x"}], "parameters": [parameter]}
    check_manifest(ArtifactType.TEMPLATE, manifest)
    schema = {"type": "string", "pattern": "^(a+)+$"}
    plugin = {
        "runtime": "python",
        "entry_point": "x",
        "config_schema": schema,
        "config_defaults": "a" * 60 + "b",
    }
    with pytest.raises(RefusalError, match="does not match"):
        check_manifest(ArtifactType.PLUGIN, plugin)


@pytest.mark.parametrize("key", ["values", "defaults"])
@pytest.mark.parametrize(
    ("form", "text", "rule"),
    [
        ("yaml", "a: [1,", "yaml"),
        ("json", '{"a": 1, "a": 2}', "json"),
        ("toml", "a = ", "toml"),
        ("yaml", f"a: {'[' * 100}{']' * 100}", "depth"),
        ("yaml", "- 1", "object"),
        ("yaml", [1], "object"),
        ("yaml", 3, "object"),
    ],
)
def test_values_that_cannot_be_read_are_refused_before_they_are_kept(
    key: str, form: str, text: Any, rule: str
) -> None:
    with pytest.raises(RefusalError) as caught:
        check_manifest(ArtifactType.CONFIG, {"format": form, key: text})
    assert caught.value.rule == f"invalid:manifest.{key}:{rule}"


@pytest.mark.parametrize("hidden", [{"encrypted": True}, {"sensitive": ["password"]}])
def test_of_values_that_are_to_be_hidden_and_cannot_be_read_nothing_is_repeated(hidden: Any) -> None:
    text = "password = hunter2"
    with pytest.raises(RefusalError) as caught:
        check_manifest(ArtifactType.CONFIG, {"format": "toml", "values": text, **hidden})
    assert caught.value.reason.startswith("manifest.values cannot be read as toml")
    assert "hunter2" not in str(caught.value)
