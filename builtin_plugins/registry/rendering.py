"""A config rendered: what it says in an environment, for a target, with its secrets.

Later ones win: defaults, the root's first; then of each config, the root first, its values and its
overrides; then environment variables; then secrets; then what the caller lays over it. Objects are
merged key by key, everything else is replaced as a whole. The result has to fit the schema of the
nearest config that has one.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hyperhost.contracts import Artifact, OperationOutcome, Visibility
from hyperhost.offering import invalid, missing, operation

from .formats import Format, plain, write_format
from .inheritance import Level, chain_of, of_config
from .manifests import SecretReference
from .masking import mask_paths
from .merging import converted, matches, merge, overrides_for, read_targets, set_path, value_at
from .references import coordinates, find
from .schemas import Schema, SchemaError
from .work import Work

__all__ = ["OWNER", "Rendered", "render", "reveal"]

OWNER: Final = "local:owner"
"""The principal whose process this is; only for it are variables of the process used."""

_HIDDEN: Final = "HYPERHOST_"
"""Variables that begin so are the program's own, secrets among them, and never values of configs."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered config.

    Attributes:
        artifact: The config with its version.
        format: Format of the text.
        text: The config as text.
        values: The same as data.
        chain: The configs that it is made of, the root first.
        masked: Paths of what is masked, where it is; sorted.
    """

    artifact: str
    format: str
    text: str
    values: Any
    chain: list[str]
    masked: list[str]


@operation("render", group="artifact", permission="config:render", reads_private=True)
def render(
    work: Work,
    artifact: str,
    environment: str = "",
    targets: list[str] | None = None,
    env: dict[str, str] | None = None,
    overrides: dict[str, Any] | None = None,
    format: Format | None = None,  # noqa: A002 - the word of the manifest
    reveal: bool = False,
) -> Rendered:
    """Render a config; what is sensitive is masked unless it is to be revealed."""
    if reveal:
        return _revealed(work)
    return _rendered(work, artifact, environment, targets, env, overrides, format, reveal=False)


@operation("reveal", group="artifact", permission="config:reveal", reads_private=True)
def reveal(
    work: Work,
    artifact: str,
    environment: str = "",
    targets: list[str] | None = None,
    env: dict[str, str] | None = None,
    overrides: dict[str, Any] | None = None,
    format: Format | None = None,  # noqa: A002 - the word of the manifest
) -> Rendered:
    """Render a config with what is sensitive and its secrets in plain sight."""
    work.private = True
    return _rendered(work, artifact, environment, targets, env, overrides, format, reveal=True)


def _revealed(work: Work) -> Rendered:
    """Ask for the operation ``reveal``: it has a permission of its own, and its own line in the audit log."""
    arguments = json.loads(work.call.arguments_json)
    del arguments["reveal"]
    call = dataclasses.replace(
        work.call, operation="reveal", arguments_json=json.dumps(arguments, ensure_ascii=False)
    )
    outcome: OperationOutcome | None = work.hook.operation_run(call=call)
    assert outcome is not None  # it is in the same table
    work.private = True
    work.about(outcome.target, outcome.namespace, revealed=True)
    return Rendered(**json.loads(outcome.result_json))


def _rendered(
    work: Work,
    artifact: str,
    environment: str,
    targets: list[str] | None,
    env: dict[str, str] | None,
    overrides: dict[str, Any] | None,
    kind: Format | None,
    *,
    reveal: bool,
) -> Rendered:
    found = find(work, artifact)
    work.private = work.private or found.visibility is not Visibility.PUBLIC
    work.about(coordinates(found), found.namespace, environment=environment, revealed=reveal)
    levels = chain_of(work, found)
    values = _merged(levels, environment, targets)
    paths = {path for level in levels for path in level.manifest.sensitive}
    schema = next(
        (level.manifest.schema for level in reversed(levels) if level.manifest.schema is not None), None
    )
    _fill_environment(values, levels, schema, _variables(work, env))
    paths |= _fill_secrets(work, values, levels)
    if overrides is not None:
        values = merge(values, plain(overrides, "overrides"))
    _check_schema(schema, values, secret=bool(paths))
    hidden = [] if reveal else sorted(paths)
    shown = mask_paths(values, hidden)
    wanted = kind or levels[-1].manifest.format
    chain = [coordinates(level.artifact) for level in levels]
    return Rendered(coordinates(found), wanted, write_format(wanted, shown), shown, chain, hidden)


def _merged(levels: list[Level], environment: str, targets: list[str] | None) -> dict[str, Any]:
    for_what = read_targets(targets or ())
    nearest = levels[-1]
    target = nearest.manifest.target
    if targets and not matches(target, for_what):
        raise invalid(
            "targets",
            "selector",
            f"{coordinates(nearest.artifact)} is for {target.kind} {target.selector}, "
            f"and not for {', '.join(targets)[:200]}",
            "render another config",
        )
    known = {key for level in levels for key in level.manifest.overrides if ":" not in key}
    if environment and environment not in known:
        words = ", ".join(sorted(known)) or "none"
        raise invalid(
            "environment", "unknown", f"there is no environment {environment[:80]!r}", f"known are {words}"
        )
    values: dict[str, Any] = {}
    for level in levels:
        values = merge(values, level.defaults)
    for level in levels:
        values = merge(values, level.values)
        for over in overrides_for(level.manifest.overrides, environment, for_what):
            with of_config(coordinates(level.artifact)):
                over = plain(over, "manifest.overrides")
            values = merge(values, over)
    return copy.deepcopy(values)


def _variables(work: Work, given: dict[str, str] | None) -> Mapping[str, str]:
    if given is not None:
        return given
    return os.environ if work.principal.id == OWNER else {}


def _fill_environment(
    values: dict[str, Any], levels: list[Level], schema: Any, variables: Mapping[str, str]
) -> None:
    """Environment mappings are written path → variable; that of the nearest config wins."""
    wanted = {path: name for level in levels for path, name in level.manifest.env.items()}
    for path, name in wanted.items():
        if name.startswith(_HIDDEN):
            raise invalid(
                f"manifest.env.{path[:80]}",
                "reserved",
                f"{name[:80]} is a variable of HyperHost itself",
                "rename it",
            )
        if name in variables:
            field = f"env.{name[:80]}"
            before = value_at(values, path)
            set_path(values, path, converted(variables[name], schema, path, before, field), field)


def _fill_secrets(work: Work, values: dict[str, Any], levels: list[Level]) -> set[str]:
    """Put secrets in their places; the paths of these.

    Each is read in the name of the namespace whose config refers to it: a config cannot get at the
    secrets of others by building on theirs, nor they at its own.
    """
    wanted: dict[str, tuple[SecretReference, Artifact]] = {}
    for level in levels:
        wanted |= {each.path: (each, level.artifact) for each in level.manifest.secrets}
    for path, (reference, artifact) in wanted.items():
        secret = work.hook.secrets_read(
            provider=reference.provider, name=reference.name, namespace=artifact.namespace
        )
        if secret is None:
            raise missing(
                "secret",
                f"the secret {reference.name[:120]!r} of {reference.provider}, for {path}, is not there",
                "create it, or activate a plugin that provides the service secrets",
            )
        set_path(values, path, secret, f"the secret {reference.name[:120]!r}")
    return set(wanted)


def _check_schema(schema: Any, values: dict[str, Any], *, secret: bool) -> None:
    if schema is None:
        return
    try:
        problem = Schema(schema, secret=secret).problem(values)
    except SchemaError as error:
        raise invalid("manifest.schema", "schema", f"it is no JSON Schema: {error}") from None
    if problem is not None:
        place = f"values.{problem[0]}".rstrip(".")
        raise invalid(place, "schema", f"the rendered config does not fit its schema, {place}: {problem[1]}")
