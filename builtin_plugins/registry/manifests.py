"""Manifests of the six types of artifact (SPEC section 2), read strictly and kept as JSON text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from hyperhost.contracts import ArtifactType, Dependency
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.offering import invalid

from .dependencies import check_constraint, check_dependencies
from .schemas import Schema, SchemaError

__all__ = [
    "MAX_MANIFEST_BYTES",
    "ConfigManifest",
    "PluginManifest",
    "ServiceManifest",
    "TemplateManifest",
    "check_manifest",
    "check_manifest_data",
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
    """Manifest of a plugin. ``host_constraint`` says which versions of HyperHost it works with."""

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
    host_constraint: str = ""


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
_PARAMETER: Final = re.compile(r"[a-z][a-z0-9_]*")
_HOOK: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MODE: Final = re.compile(r"0?[0-7]{3}")
_PATH: Final = re.compile(r"[^.\s]+(?:\.[^.\s]+)*")
_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_LARGEST: Final = 2**53
"""Numbers above it are not the same in every language."""


def check_manifest(kind: ArtifactType, data: Any) -> str:
    """The manifest as JSON text, if it is one of an artifact of that type.

    Libraries and themes have none; whatever object is given is kept.

    Raises:
        RefusalError: it is missing, or something in it is not what it has to be.
    """
    found = check_manifest_data(kind, data)
    if data is None:
        return ""
    if found is not None:
        data = to_data(found)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    if len(text.encode()) > MAX_MANIFEST_BYTES:
        raise invalid("manifest", "size", "the manifest is larger than 1 MiB")
    return text


def check_manifest_data(kind: ArtifactType, data: Any) -> Any:
    """A manifest as a value of its type; ``None`` of a type that has none.

    Raises:
        RefusalError: as :func:`check_manifest`, but for the size.
    """
    if data is None:
        if kind in _TYPES:
            raise invalid(
                "manifest",
                "missing",
                f"a {kind.value} needs a manifest",
                "write it under 'manifest' of the draft, or give it with --manifest FILE",
            )
        return None
    if not isinstance(data, dict):
        raise invalid("manifest", "object", "the manifest is no JSON object")
    return manifest_of(kind, data) if kind in _TYPES else None


def manifest_of(kind: ArtifactType, data: Any) -> Any:
    """A manifest as a value of its type.

    Raises:
        RefusalError: as :func:`check_manifest`.
    """
    try:
        found = from_data(_TYPES[kind], data)
    except DataError as error:
        field = f"manifest.{error.path}".rstrip(".")
        raise invalid(field, "type", f"manifest.{error}", error.hint) from None
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
    if not found.entry_point.strip():
        raise invalid("manifest.entry_point", "missing", "a plugin needs an entry point")
    if found.host_constraint:
        check_constraint(found.host_constraint, "manifest.host_constraint")
    for index, hook in enumerate(found.hooks):
        _between(hook.priority, 0, 1000, f"hooks[{index}].priority")
        if not _HOOK.fullmatch(hook.name):
            raise invalid(f"manifest.hooks[{index}].name", "name", f"{hook.name[:60]!r} is no hook")
    _once([hook.name for hook in found.hooks], "hooks", "name")
    _once(found.commands, "commands")
    check_dependencies(found.dependencies, "", "manifest.dependencies")
    check_dependencies(found.peer_dependencies, "", "manifest.peer_dependencies")
    _check_schema(found.config_schema, found.config_defaults, "config_schema", "config_defaults")


def _check_service(found: ServiceManifest) -> None:
    deployment = found.deployment
    if deployment.kind in ("container", "wasm") and not deployment.image:
        raise invalid("manifest.deployment.image", "missing", f"a {deployment.kind} needs an image")
    if deployment.kind == "process" and not deployment.command:
        raise invalid("manifest.deployment.command", "missing", "a process needs a command")
    for index, port in enumerate(deployment.ports):
        _between(port.port, 1, 65_535, f"deployment.ports[{index}].port")
    _once([f"{port.port}/{port.protocol}" for port in deployment.ports], "deployment.ports", "port")
    for name in ("cpu_milli", "memory_bytes", "storage_bytes", "gpu"):
        _between(getattr(deployment, name) or 0, 0, _LARGEST, f"deployment.{name}")
    for name in ("liveness", "readiness"):
        probe = getattr(deployment, name)
        if probe is not None:
            _check_probe(probe, f"deployment.{name}")
    _between(found.scaling.max_replicas, 1, 10_000, "scaling.max_replicas")
    _between(found.scaling.min_replicas, 0, found.scaling.max_replicas, "scaling.min_replicas")


def _check_probe(probe: Probe, field: str) -> None:
    if not probe.path and not probe.command and probe.port is None:
        raise invalid(
            f"manifest.{field}",
            "missing",
            "a probe needs a path, a port or a command",
            "as in '/healthz'",
        )
    if probe.port is not None:
        _between(probe.port, 1, 65_535, f"{field}.port")
    _between(probe.interval_ms, 1, 86_400_000, f"{field}.interval_ms")
    _between(probe.timeout_ms, 1, 86_400_000, f"{field}.timeout_ms")
    _between(probe.failures, 1, 1_000, f"{field}.failures")


def _check_config(found: ConfigManifest) -> None:
    _check_schema(found.schema, None, "schema", "")
    _check_values(found, found.values, "manifest.values")
    _check_values(found, found.defaults, "manifest.defaults")
    if found.target.kind == "global" and found.target.selector:
        raise invalid("manifest.target.selector", "global", "what is global selects nothing", "leave it out")
    if found.target.kind != "global" and not found.target.selector.strip():
        raise invalid(
            "manifest.target.selector", "missing", f"the target {found.target.kind} needs a selector"
        )
    if found.extends is not None and "/" not in found.extends:
        raise invalid(
            "manifest.extends",
            "reference",
            f"{found.extends[:80]!r} names no config",
            "write namespace/name or namespace/name@version",
        )
    paths = [(f"sensitive[{index}]", path) for index, path in enumerate(found.sensitive)]
    paths += [(f"secrets[{index}].path", each.path) for index, each in enumerate(found.secrets)]
    for place, path in paths:
        if not _PATH.fullmatch(path):
            raise invalid(
                f"manifest.{place}", "path", f"{path[:80]!r} is no path of a field", "as in 'db.password'"
            )
    _once([each.path for each in found.secrets], "secrets", "path")
    for index, secret in enumerate(found.secrets):
        if not secret.name.strip():
            raise invalid(f"manifest.secrets[{index}].name", "missing", "a secret needs a name")


def _check_values(found: ConfigManifest, data: Any, field: str) -> None:
    """An object, or a text in the format of the config."""
    if data is None or isinstance(data, dict):
        return
    if not isinstance(data, str):
        raise invalid(field, "object", f"{field} is neither an object nor a text in {found.format}")
    from .formats import read_format

    read_format(found.format, data, field)


def _check_template(found: TemplateManifest) -> None:
    if not found.outputs:
        raise invalid("manifest.outputs", "missing", "a template needs an output")
    check_dependencies(found.dependencies, "", "manifest.dependencies")
    _once([each.name for each in found.parameters], "parameters", "name")
    for index, each in enumerate(found.parameters):
        _check_parameter(each, f"manifest.parameters[{index}]")
    for index, output in enumerate(found.outputs):
        place = f"manifest.outputs[{index}]"
        if not output.path.strip():
            raise invalid(f"{place}.path", "missing", "an output needs a path")
        if not _MODE.fullmatch(output.mode):
            raise invalid(
                f"{place}.mode", "mode", f"{output.mode[:20]!r} is no unix mode", "write it as in '0644'"
            )


def _check_parameter(each: Parameter, place: str) -> None:
    """A pattern is compiled and not run: it may be one that never ends, and its author chose the default."""
    if not _PARAMETER.fullmatch(each.name):
        raise invalid(
            f"{place}.name", "snake_case", f"{each.name[:60]!r} is no parameter", "write it as in 'port'"
        )
    if each.pattern is not None:
        _check_pattern(each.pattern, f"{place}.pattern")
    if each.min is not None and each.max is not None and each.min > each.max:
        raise invalid(f"{place}.min", "range", f"{each.min} is more than max, which is {each.max}")
    for number, value in enumerate(each.enum or []):
        if not _is_of(value, each.type):
            raise invalid(f"{place}.enum[{number}]", "type", f"the value is no {each.type}")
    if each.enum is not None and not each.enum:
        raise invalid(f"{place}.enum", "missing", "there is no value to choose from", "leave it out")
    value = each.default
    if value is None:
        return
    if each.required:
        raise invalid(f"{place}.default", "required", "what is required needs no default", "drop one of both")
    if not _is_of(value, each.type):
        raise invalid(f"{place}.default", "type", f"the default is no {each.type}")
    if each.enum is not None and value not in each.enum:
        raise invalid(f"{place}.default", "enum", "the default is none of the values to choose from")
    size = len(value) if isinstance(value, str | list | dict) else value
    if (each.min is not None and size < each.min) or (each.max is not None and size > each.max):
        raise invalid(f"{place}.default", "range", "the default is out of range")


def _is_of(value: Any, kind: str) -> bool:
    return isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _check_pattern(pattern: str, field: str) -> None:
    if len(pattern) > 500:
        raise invalid(field, "length", "the pattern is longer than 500 characters")
    try:
        # As it is matched later: in linear time, so without look-around, and as a whole.
        Schema({"pattern": pattern, "allOf": [{"pattern": f"^(?:{pattern})$"}]})
    except SchemaError as error:
        raise invalid(field, "regex", f"the pattern is no usable regular expression: {error}") from None


def _check_schema(schema: Any, instance: Any, field: str, instance_field: str) -> None:
    if schema is None:
        return
    try:
        checked = Schema(schema)
    except SchemaError as error:
        raise invalid(f"manifest.{field}", "schema", f"it is no JSON Schema: {error}") from None
    problem = checked.problem(instance) if instance is not None else None
    if problem is not None:
        place = f"manifest.{instance_field}.{problem[0]}".rstrip(".")
        raise invalid(place, "schema", f"{place}: {problem[1]}")


def _once(names: list[str], field: str, key: str = "") -> None:
    seen = set()
    for index, name in enumerate(names):
        if name in seen:
            place = f"manifest.{field}[{index}]" + (f".{key}" if key else "")
            raise invalid(place, "twice", f"{name[:60]!r} is there twice", "remove one")
        seen.add(name)


def _between(value: float, least: float, most: float, field: str) -> None:
    if not least <= value <= most:
        raise invalid(f"manifest.{field}", "range", f"{value} is not between {least} and {most}")
