"""Manifests of the six types of artifact (SPEC section 2), read strictly and kept as JSON text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from hyperhost.contracts import ArtifactType, Dependency
from hyperhost.contracts.codec import DataError, from_data, to_data

from .refusals import invalid

__all__ = [
    "MAX_MANIFEST_BYTES",
    "ConfigManifest",
    "PluginManifest",
    "ServiceManifest",
    "TemplateManifest",
    "check_manifest",
    "manifest_of",
]

MAX_MANIFEST_BYTES = 1 << 20
"""Bytes of one manifest as JSON text."""


@dataclass(frozen=True, slots=True)
class HookUse:
    """A hook that a plugin answers, and how early: 0 to 1000, lower runs earlier."""

    name: str
    priority: int = 500


@dataclass(frozen=True, slots=True)
class PluginManifest:
    """Manifest of a plugin."""

    runtime: Literal["python", "wasm"]
    entry_point: str
    runtime_version: str = ""
    engine: str = ""
    hooks: list[HookUse] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    capabilities: list[str] = field(default_factory=list)
    permissions: list[str] = field(default_factory=list)
    config_schema: Any = None
    config_defaults: Any = None
    dependencies: list[Dependency] = field(default_factory=list)
    peer_dependencies: list[Dependency] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Port:
    """A port that a service listens on."""

    port: int
    name: str = ""
    protocol: Literal["tcp", "udp"] = "tcp"


@dataclass(frozen=True, slots=True)
class Probe:
    """How to find out whether a service lives, or is ready."""

    path: str = ""
    port: int | None = None
    command: list[str] = field(default_factory=list)
    interval_ms: int = 10_000
    timeout_ms: int = 1_000
    failures: int = 3


@dataclass(frozen=True, slots=True)
class Deployment:
    """How a service is run. Sizes are bytes, ``cpu`` is in thousandths of a core."""

    kind: Literal["container", "wasm", "process", "serverless"]
    image: str = ""
    command: list[str] = field(default_factory=list)
    cpu_milli: int | None = None
    memory_bytes: int | None = None
    storage_bytes: int | None = None
    gpu: int = 0
    env: dict[str, str] = field(default_factory=dict)
    ports: list[Port] = field(default_factory=list)
    liveness: Probe | None = None
    readiness: Probe | None = None


@dataclass(frozen=True, slots=True)
class Api:
    """What a service speaks."""

    kind: Literal["http", "grpc", "graphql", "websocket"]
    endpoints: list[str] = field(default_factory=list)
    openapi: Any = None


@dataclass(frozen=True, slots=True)
class Scaling:
    """Between how many replicas a service may be scaled, and by which metrics."""

    min_replicas: int = 1
    max_replicas: int = 1
    metrics: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ServiceManifest:
    """Manifest of a service."""

    deployment: Deployment
    traffic_policy: Any = None
    resilience_policy: Any = None
    api: Api | None = None
    scaling: Scaling = Scaling()
    endpoint: str = ""
    health_check: str = ""
    api_version: str = ""
    methods: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a config applies."""

    kind: Literal["global", "namespace", "artifact", "user"] = "global"
    selector: str = ""


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret comes from, by the path of the field that it fills."""

    path: str
    name: str
    provider: Literal["builtin", "vault", "aws-secrets", "gcp-secret"] = "builtin"


@dataclass(frozen=True, slots=True)
class ConfigManifest:
    """Manifest of a config."""

    format: Literal["json", "yaml", "toml", "hcl", "env"]
    values: Any = None
    schema: Any = None
    defaults: Any = None
    extends: str | None = None
    overrides: dict[str, Any] = field(default_factory=dict)
    target: Target = Target()
    env: dict[str, str] = field(default_factory=dict)
    encrypted: bool = False
    sensitive: list[str] = field(default_factory=list)
    secrets: list[SecretReference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a template."""

    name: str
    type: Literal["string", "integer", "number", "boolean", "array", "object"] = "string"
    description: str = ""
    required: bool = False
    default: Any = None
    pattern: str | None = None
    enum: list[Any] | None = None
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """One thing that a template generates; ``path`` and ``content`` are templates themselves."""

    path: str
    kind: Literal["file", "directory", "artifact"] = "file"
    content: str = ""
    mode: str = "0644"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens before or after generating: a message, or a check of a parameter."""

    kind: Literal["message", "require"]
    text: str


@dataclass(frozen=True, slots=True)
class TemplateManifest:
    """Manifest of a template."""

    engine: Literal["jinja2", "handlebars", "eta", "ejs"]
    outputs: list[Output]
    parameters: list[Parameter] = field(default_factory=list)
    dependencies: list[Dependency] = field(default_factory=list)
    before: list[Step] = field(default_factory=list)
    after: list[Step] = field(default_factory=list)


_TYPES: dict[ArtifactType, type[Any]] = {
    ArtifactType.PLUGIN: PluginManifest,
    ArtifactType.SERVICE: ServiceManifest,
    ArtifactType.CONFIG: ConfigManifest,
    ArtifactType.TEMPLATE: TemplateManifest,
}
_PARAMETER = re.compile(r"[a-z][a-z0-9_]*")
_MODE = re.compile(r"0?[0-7]{3}")


def check_manifest(kind: ArtifactType, data: Any) -> str:
    """The manifest as JSON text, if it is one of an artifact of that type.

    Libraries and themes have none; whatever object is given is kept.

    Raises:
        RefusalError: it is missing, or something in it is not what it has to be.
    """
    if data is None:
        if kind in _TYPES:
            raise invalid("manifest", "missing", f"a {kind.value} needs a manifest")
        return ""
    if not isinstance(data, dict):
        raise invalid("manifest", "object", "the manifest is no JSON object")
    if kind in _TYPES:
        data = to_data(manifest_of(kind, data))
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    if len(text.encode()) > MAX_MANIFEST_BYTES:
        raise invalid("manifest", "size", "the manifest is larger than 1 MiB")
    return text


def manifest_of(kind: ArtifactType, data: Any) -> Any:
    """A manifest as a value of its type.

    Raises:
        RefusalError: as :func:`check_manifest`.
    """
    try:
        found = from_data(_TYPES[kind], data)
    except DataError as error:
        raise invalid(f"manifest.{error.path}".rstrip("."), "type", f"manifest.{error}") from None
    match found:
        case PluginManifest():
            _check_plugin(found)
        case ServiceManifest():
            _check_service(found)
        case ConfigManifest():
            _check_config(found)
        case TemplateManifest():
            _check_template(found)
    return found


def _check_plugin(found: PluginManifest) -> None:
    for index, hook in enumerate(found.hooks):
        _between(hook.priority, 0, 1000, f"hooks[{index}].priority")
    _check_schema(found.config_schema, found.config_defaults, "config_schema", "config_defaults")


def _check_service(found: ServiceManifest) -> None:
    if found.deployment.kind == "container" and not found.deployment.image:
        raise invalid("manifest.deployment.image", "missing", "a container needs an image")
    if found.deployment.kind == "process" and not found.deployment.command:
        raise invalid("manifest.deployment.command", "missing", "a process needs a command")
    for index, port in enumerate(found.deployment.ports):
        _between(port.port, 1, 65_535, f"deployment.ports[{index}].port")
    for name in ("cpu_milli", "memory_bytes", "storage_bytes", "gpu"):
        _between(getattr(found.deployment, name) or 0, 0, 2**53, f"deployment.{name}")
    _between(found.scaling.min_replicas, 0, found.scaling.max_replicas, "scaling.min_replicas")
    _between(found.scaling.max_replicas, 1, 10_000, "scaling.max_replicas")


def _check_config(found: ConfigManifest) -> None:
    _check_schema(found.schema, None, "schema", "")
    for index, secret in enumerate(found.secrets):
        if not secret.path or not secret.name:
            raise invalid(f"manifest.secrets[{index}]", "missing", "a secret needs a path and a name")


def _check_template(found: TemplateManifest) -> None:
    if not found.outputs:
        raise invalid("manifest.outputs", "missing", "a template needs an output")
    names = [each.name for each in found.parameters]
    for index, each in enumerate(found.parameters):
        place = f"manifest.parameters[{index}]"
        if not _PARAMETER.fullmatch(each.name):
            raise invalid(
                f"{place}.name", "snake_case", f"{each.name[:60]!r} is no parameter", "as in 'port'"
            )
        if names.count(each.name) > 1:
            raise invalid(f"{place}.name", "twice", f"the parameter {each.name!r} is there twice")
        if each.pattern is not None:
            _check_pattern(each.pattern, f"{place}.pattern")
    for index, output in enumerate(found.outputs):
        place = f"manifest.outputs[{index}]"
        if not output.path.strip():
            raise invalid(f"{place}.path", "missing", "an output needs a path")
        if not _MODE.fullmatch(output.mode):
            raise invalid(f"{place}.mode", "mode", f"{output.mode!r} is no unix mode", "as in '0644'")


def _check_pattern(pattern: str, field: str) -> None:
    if len(pattern) > 500:
        raise invalid(field, "length", "the pattern is longer than 500 characters")
    try:
        re.compile(pattern)
    except re.error as error:
        raise invalid(field, "regex", f"the pattern is no regular expression: {error}") from None


def _check_schema(schema: Any, instance: Any, field: str, instance_field: str) -> None:
    if schema is None:
        return
    import jsonschema_rs

    try:
        validator = jsonschema_rs.validator_for(schema)
    except (ValueError, TypeError) as error:
        raise invalid(f"manifest.{field}", "schema", f"it is no JSON Schema: {str(error)[:200]}") from None
    if instance is not None and (problem := next(iter(validator.iter_errors(instance)), None)) is not None:
        place = "/".join(str(part) for part in problem.instance_path)
        raise invalid(f"manifest.{instance_field}", "schema", f"{place or 'it'}: {problem.message[:200]}")


def _between(value: float, least: float, most: float, field: str) -> None:
    if not least <= value <= most:
        raise invalid(f"manifest.{field}", "range", f"{value} is not between {least} and {most}")
