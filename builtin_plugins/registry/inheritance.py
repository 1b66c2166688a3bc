"""What a config is made of: itself and, by ``extends``, what it builds on."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import Artifact, ArtifactType, OperationOutcome
from hyperhost.errors import RefusalError
from hyperhost.offering import invalid, missing

from .formats import MAX_TEXT_BYTES, plain, read_format
from .manifests import ConfigManifest, manifest_of
from .references import coordinates, find

if TYPE_CHECKING:
    from .work import Work

__all__ = ["MAX_CHAIN", "Level", "chain_of", "check_extends", "of_config"]

MAX_CHAIN: Final = 16
"""Configs in one chain of ``extends``."""

_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Level:
    """One config of a chain.

    Attributes:
        artifact: The config.
        manifest: Its manifest, decrypted.
        values: Its values as data, from the manifest or from its content.
        defaults: Its defaults.
    """

    artifact: Artifact
    manifest: ConfigManifest
    values: dict[str, Any]
    defaults: dict[str, Any]


def chain_of(work: Work, artifact: Artifact) -> list[Level]:
    """A config and what it builds on, the root first.

    Each of them is read through the operation ``read``, so whoever renders a config needs to be
    allowed to read all of it.

    Raises:
        RefusalError: one of them is missing or no config, they form a circle, or they are too many.
    """
    levels = [_level(work, artifact)]
    while (reference := levels[-1].manifest.extends) is not None:
        names = [coordinates(level.artifact) for level in levels]
        parent = _parent(work, names[-1], reference)
        if any(level.artifact.id == parent.id for level in levels):
            raise _cycle([*names, coordinates(parent)])
        if len(levels) == MAX_CHAIN:
            raise invalid(
                "manifest.extends",
                "depth",
                f"more than {MAX_CHAIN} configs build on each other: {' → '.join(names)} → …",
                "merge some of them",
            )
        levels.append(_level(work, parent))
    return levels[::-1]


def check_extends(work: Work, artifact: Artifact, manifest_json: str) -> None:
    """Check that a config which is about to be written does not build on itself.

    What it builds on may still be missing; that is found out when it is rendered.

    Raises:
        RefusalError: it does; names the chain.
    """
    if artifact.type is not ArtifactType.CONFIG:
        return
    names = [coordinates(artifact)]
    reference = json.loads(manifest_json).get("extends")
    while reference is not None and len(names) <= MAX_CHAIN:
        if reference == names[0]:
            raise _cycle([*names, reference])
        try:
            parent = find(work, reference)
        except RefusalError:
            if reference == names[0].partition("@")[0]:  # there is no other version that it could mean
                raise _cycle([*names, names[0]]) from None
            return
        if parent.id == artifact.id:
            raise _cycle([*names, names[0]])
        names.append(coordinates(parent))
        text = work.hook.storage_get_manifest(artifact_id=parent.id)
        reference = json.loads(text).get("extends") if text else None


def _cycle(names: list[str]) -> RefusalError:
    return invalid(
        "manifest.extends",
        "cycle",
        f"the config builds on itself: {' → '.join(names)}",
        "take one extends out",
    )


def _parent(work: Work, child: str, reference: str) -> Artifact:
    call = dataclasses.replace(
        work.call, operation="read", arguments_json=json.dumps({"artifact": reference}, ensure_ascii=False)
    )
    try:
        outcome: OperationOutcome | None = work.hook.operation_run(call=call)
    except RefusalError as refusal:
        if refusal.rule.startswith("missing:"):
            raise missing("manifest.extends", f"{child} extends {reference}, which is not there") from None
        raise
    if outcome is not None and outcome.private:
        work.private = True
    return find(work, reference)


def _level(work: Work, artifact: Artifact) -> Level:
    name = coordinates(artifact)
    if artifact.type is not ArtifactType.CONFIG:
        raise invalid("artifact", "type", f"{name} is a {artifact.type.value} and no config", "name a config")
    data = json.loads(work.hook.storage_get_manifest(artifact_id=artifact.id) or "{}")
    if work.vault is not None:
        data = work.vault.opened(artifact, data)
    manifest: ConfigManifest = manifest_of(ArtifactType.CONFIG, data)
    values = manifest.values
    if values is None and artifact.content is not None:
        values = _content(work, artifact)
    return Level(
        artifact,
        manifest,
        _object(manifest, values, "manifest.values" if manifest.values is not None else "content", name),
        _object(manifest, manifest.defaults, "manifest.defaults", name),
    )


def _object(manifest: ConfigManifest, data: Any, field: str, name: str) -> dict[str, Any]:
    """Data, or text in the format of the config; a refusal says of which config it is."""
    if data is None:
        return {}
    with of_config(name):
        if isinstance(data, str):
            return read_format(manifest.format, data, field)
        if not isinstance(data, dict):
            raise invalid(field, "object", f"{field} is no object")
        found: dict[str, Any] = plain(data, field)
        return found


@contextmanager
def of_config(name: str) -> Iterator[None]:
    """Let refusals begin with the config that they are about: there may be several in a chain."""
    try:
        yield
    except RefusalError as refusal:
        raise RefusalError(f"{name}: {refusal.reason}", refusal.rule, hint=refusal.hint) from None


def _content(work: Work, artifact: Artifact) -> str:
    assert artifact.content is not None
    if artifact.content.size > MAX_TEXT_BYTES:
        raise invalid("content", "size", f"the content of {coordinates(artifact)} is larger than 1 MiB")
    pieces = bytearray()
    while len(pieces) < artifact.content.size:
        piece = work.hook.content_read(content_hash=artifact.content.hash, offset=len(pieces), length=_PIECE)
        if not piece:
            raise missing("content", f"the content of {coordinates(artifact)} is not there")
        pieces += piece
    try:
        return pieces.decode()
    except UnicodeDecodeError:
        raise invalid("content", "utf-8", f"the content of {coordinates(artifact)} is no UTF-8") from None
