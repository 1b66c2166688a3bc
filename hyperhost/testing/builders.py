"""Short ways to the kernel's contract types, so that a test says only what it is about."""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Mapping
from typing import Any

from hyperhost.contracts.artifact import (
    Artifact,
    ArtifactActivity,
    ArtifactChange,
    ArtifactMetadata,
    ArtifactType,
    ChangeKind,
    Dependency,
    DependencyType,
)
from hyperhost.sdk.examples import example

__all__ = ["artifact", "change", "dependency", "example"]


def artifact(name: str = "example", version: str = "1.0.0", /, **fields: Any) -> Artifact:
    """An artifact: ``artifact("auth", licenses=["MIT"], labels={"team": "web"})``.

    Args:
        name: Its name; ``acme.tools/auth`` gives the namespace, too.
        version: Its version.
        fields: Fields of :class:`~hyperhost.contracts.Artifact`, of its ``metadata`` (``licenses``,
            ``tags``, ``description``, …) and of its ``activity`` (``download_count``, ``rating``, …).
            Enums may be given by value: ``type="plugin"``.

    Raises:
        TypeError: there is no such field.
    """
    namespace, _, short = name.rpartition("/")
    values: dict[str, Any] = {
        "id": "0193b2a4-7c00-7000-8000-000000000001",
        "namespace": namespace or "org.acme",
        "name": short,
        "type": ArtifactType.LIBRARY,
        "version": version,
    }
    nested: dict[str, dict[str, Any]] = {"metadata": {}, "activity": {}}
    owners = {field.name: "" for field in dataclasses.fields(Artifact)}
    for owner, kind in (("metadata", ArtifactMetadata), ("activity", ArtifactActivity)):
        owners |= {field.name: owner for field in dataclasses.fields(kind)}
    for field, value in fields.items():
        owner = _owner(field, owners, "an artifact")
        (nested[owner] if owner else values)[field] = value
    values = {field: _enum(field, value) for field, value in values.items()}
    for owner, kind in (("metadata", ArtifactMetadata), ("activity", ArtifactActivity)):
        if nested[owner]:
            values[owner] = dataclasses.replace(values.get(owner, kind()), **nested[owner])
    return Artifact(**values)


def change(
    kind: ChangeKind | str = ChangeKind.CREATED,
    of: Artifact | None = None,
    /,
    *,
    previous: Artifact | None = None,
    manifest: Mapping[str, Any] | str = "",
    actor: str = "alice",
    at_us: int = 0,
    **fields: Any,
) -> ArtifactChange:
    """A change of an artifact: ``change("published", licenses=[])``.

    Args:
        kind: ``created``, ``updated``, ``published``, ``deprecated`` or ``deleted``.
        of: The artifact; one made of ``fields`` when not given.
        previous: The artifact before; the same artifact for kinds that have one, when not given.
        manifest: Its manifest: JSON text, or data that is written as such.
        actor: Who asked for it.
        at_us: When.
        fields: As for :func:`artifact`; laid over ``of``.

    Raises:
        TypeError: there is no such field.
        ValueError: there is no such kind of change.
    """
    kind = ChangeKind(kind)
    subject = artifact(**fields) if of is None else _changed(of, fields)
    if previous is None and kind not in (ChangeKind.CREATED, ChangeKind.DELETED):
        previous = subject
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    return ArtifactChange(kind, subject, previous, text, actor, at_us)


def dependency(on: str, constraint: str = "*", /, **fields: Any) -> Dependency:
    """A dependency: ``dependency("org.acme/auth", "^1.2", type="dev")``.

    Raises:
        TypeError: there is no such field.
    """
    owners = {field.name: "" for field in dataclasses.fields(Dependency)}
    for field in fields:
        _owner(field, owners, "a dependency")
    if "type" in fields:
        fields["type"] = DependencyType(fields["type"])
    return Dependency(on, constraint, **fields)


def _changed(of: Artifact, fields: Mapping[str, Any]) -> Artifact:
    if not fields:
        return of
    known = {field.name: getattr(of, field.name) for field in dataclasses.fields(Artifact)}
    name, version = known.pop("name"), known.pop("version")
    known |= fields
    return artifact(str(known.pop("name", name)), str(known.pop("version", version)), **known)


def _owner(field: str, owners: Mapping[str, str], what: str) -> str:
    if field not in owners:
        near = difflib.get_close_matches(field, owners, 1)
        more = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(sorted(owners))}"
        raise TypeError(f"{what} has no field {field!r}{more}")
    return owners[field]


def _enum(field: str, value: Any) -> Any:
    """Texts where an enum belongs; ``ValueError`` says what would be right."""
    if isinstance(value, str):
        from hyperhost.contracts.artifact import ArtifactState, Visibility

        kinds = {"type": ArtifactType, "state": ArtifactState, "visibility": Visibility}
        if field in kinds:
            return kinds[field](value)
    return value
