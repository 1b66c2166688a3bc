"""What a remote has of a package, read from its signed index and compared with what is signed of each target.

The index of a package is one target, each of its versions another, and all of them are signed. A version
counts when both agree: it is in the index, it is a target, and the digest of the record in the index is the
one that was signed with the target. So an index that is older or newer than the targets shows less, and
never anything else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import hyperhost
from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactMetadata,
    ArtifactState,
    ArtifactType,
    ContentInfo,
    Dependency,
    Deprecation,
    TrustedTarget,
    Visibility,
)
from hyperhost.contracts.codec import DataError, from_data
from hyperhost.errors import HyperHostError, RefusalError
from hyperhost.offering import read_json, unavailable

from .store import on_disk

if TYPE_CHECKING:
    from .store import Site

__all__ = ["INDEX", "Offered", "fetched", "index_path", "is_package", "offered", "packages", "read_index"]

INDEX: Final = "index.json"
_FORMAT: Final = 1
_INDEX_MAX: Final = 16 << 20
"""Bytes of an index; as long as arguments of an operation may be."""
_PATH: Final = re.compile(r"([a-z0-9][a-z0-9.@_+-]{0,254})/([a-z0-9][a-z0-9-]{0,127})")
_RECORD: Final = frozenset(
    ("id", "name", "type", "version", "namespace", "content_hash", "metadata", "dependencies")
)


@dataclass(frozen=True, slots=True)
class Offered:
    """One version that a remote has.

    Attributes:
        artifact: The artifact, as far as the remote has signed it: published, and everybody may see it.
        manifest_json: Its manifest; empty when it has none, or when that is kept back.
        path: Path of its target.
        sealed: It has a manifest that is not for everybody.
    """

    artifact: Artifact
    manifest_json: str
    path: str
    sealed: bool = False

    @property
    def name(self) -> str:
        """``namespace/name``."""
        return f"{self.artifact.namespace}/{self.artifact.name}"

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Its manifest as data; empty without one."""
        found = json.loads(self.manifest_json) if self.manifest_json else {}
        return found if isinstance(found, dict) else {}


def index_path(name: str) -> str:
    """Path of the index of ``namespace/name``."""
    return f"{name}/{INDEX}"


def is_package(name: str) -> bool:
    """Whether a text is ``namespace/name``, and nothing that leads elsewhere."""
    return _PATH.fullmatch(name) is not None and ".." not in name


def offered(site: Site, names: Sequence[str]) -> dict[str, list[Offered]]:
    """What a remote has of some packages, in the order of their indexes.

    Args:
        site: The remote.
        names: ``namespace/name`` of each; those that the remote does not have are left out.

    Raises:
        RefusalError: the remote cannot be asked, or says what was not signed.
    """
    asked = [index_path(name) for name in dict.fromkeys(names) if is_package(name)]
    indexes = site.find(asked)
    texts = fetched(site, [indexes[path] for path in asked if path in indexes])
    paths = [path for name, text in texts.items() for path in _paths(site, name, text)]
    targets = site.find(paths)
    return {name: read_index(site, name, text, targets) for name, text in texts.items()}


def packages(
    targets: Iterable[TrustedTarget],
) -> tuple[list[TrustedTarget], dict[str, TrustedTarget], list[str]]:
    """Sort what a remote lists: indexes, other targets by path, and paths that no artifact can have."""
    indexes: list[TrustedTarget] = []
    others: dict[str, TrustedTarget] = {}
    odd: list[str] = []
    for each in targets:
        name, _, last = each.path.rpartition("/")
        if not is_package(name) or not last or not last.isprintable():
            odd.append(each.path)
        elif last == INDEX:
            indexes.append(each)
        else:
            others[each.path] = each
    return sorted(indexes, key=lambda each: each.path), others, sorted(odd)


def read_index(site: Site, name: str, text: str, targets: Mapping[str, TrustedTarget]) -> list[Offered]:
    """The versions in an index that are targets, too.

    Args:
        site: The remote.
        name: ``namespace/name``.
        text: The index, as it was signed.
        targets: What is signed of each version, by path.

    Raises:
        RefusalError: ``trust.extraneous-dependencies``: a record is not the one that was signed with its
            target; ``trust.wrong-software``: a record is of something else than its target;
            ``unavailable:source``: it is no index.
    """
    found = []
    for entry in _entries(site, name, text):
        target = targets.get(f"{name}/{entry['version']}")
        if target is not None:
            found.append(_offered(site, name, entry, target))
    return found


def fetched(site: Site, indexes: Sequence[TrustedTarget]) -> dict[str, str]:
    """The texts of indexes by package. They are kept; what changed is fetched anew."""
    for each in indexes:
        _check_length(site, each.path, each.length)
    if not indexes:
        return {}
    found = site.fetch([each.path for each in indexes], site.place / "indexes")
    return {each.path.removesuffix(f"/{INDEX}"): _text(site, Path(each.file)) for each in found}


def _check_length(site: Site, path: str, length: int) -> None:
    if length > _INDEX_MAX:
        raise RefusalError(
            f"{path[:200]} of the remote {site.remote.name} has {length:,} bytes, more than the "
            f"{_INDEX_MAX:,} that an index may have",
            "trust.endless-data",
            hint="ask whoever runs the remote",
        )


def _text(site: Site, file: Path) -> str:
    try:
        with on_disk(file):
            # Another one may have been signed meanwhile.
            _check_length(site, file.name, file.stat().st_size)
            return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise _senseless(site, file.name, "it is no UTF-8") from None


def _paths(site: Site, name: str, text: str) -> list[str]:
    return [f"{name}/{entry['version']}" for entry in _entries(site, name, text)]


def _entries(site: Site, name: str, text: str) -> list[dict[str, Any]]:
    """The versions that an index lists, each with a text as its version."""
    try:
        data = read_json(text, "index", "the entries")
    except RefusalError as refusal:
        raise _senseless(site, name, refusal.reason) from None
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise _senseless(site, name, f"it is not of format {_FORMAT}; a newer HyperHost may read it")
    if data.get("artifact") != name:
        raise _wrong(site, name, "its index is that of another one")
    entries = data.get("versions")
    if not isinstance(entries, list) or not all(
        isinstance(each, dict) and isinstance(each.get("version"), str) for each in entries
    ):
        raise _senseless(site, name, "its versions are none")
    versions = [each["version"] for each in entries]
    if len(set(versions)) != len(versions):
        raise _senseless(site, name, "it lists a version twice")
    return entries


def _offered(site: Site, name: str, entry: Mapping[str, Any], target: TrustedTarget) -> Offered:
    record = entry.get("record")
    if not isinstance(record, dict) or not record.keys() >= _RECORD:
        raise _senseless(site, name, f"there is no record of {entry['version']}")
    signed = _custom(target)
    if hashlib.sha256(_canonical(site, name, record)).hexdigest() != signed.get("record"):
        raise RefusalError(
            f"what the remote {site.remote.name} says of {target.path} was not signed with it: its "
            "dependencies may be others (extraneous dependencies)",
            "trust.extraneous-dependencies",
            hint="try another mirror; if it stays so, ask whoever runs the remote",
        )
    place = f"{record['namespace']}/{record['name']}/{record['version']}"
    if place != target.path or record["id"] != signed.get("id") or record["type"] != signed.get("type"):
        raise _wrong(site, target.path, "its record is of something else")
    manifest, sealed = _manifest(site, target.path, entry, record)
    artifact = _artifact(site, target, record, entry.get("published_at_us"))
    artifact = replace(artifact, deprecation=_deprecation(site, name, entry))
    if artifact.deprecation is not None:
        artifact = replace(artifact, state=ArtifactState.DEPRECATED)
    return Offered(_with_signatures(site, artifact, entry.get("bundle")), manifest, target.path, sealed)


def _artifact(site: Site, target: TrustedTarget, record: Mapping[str, Any], published_at_us: Any) -> Artifact:
    content = None
    if record["content_hash"] is not None:
        algorithm, _, digest = str(record["content_hash"]).partition(":")
        if not digest or target.hashes.get(algorithm) != digest:
            raise _wrong(site, target.path, "its content is not the one of its record")
        content = ContentInfo(f"{algorithm}:{digest}", target.length)
    try:
        made_us = int(str(record["id"]).replace("-", "")[:12], 16) * 1_000  # the time in a UUIDv7
        at_us = published_at_us if type(published_at_us) is int else made_us
        return Artifact(
            str(record["id"]),
            str(record["namespace"]),
            str(record["name"]),
            ArtifactType(record["type"]),
            str(record["version"]),
            Visibility.PUBLIC,
            ArtifactState.PUBLISHED,
            from_data(ArtifactMetadata, record["metadata"]),
            content=content,
            dependencies=from_data(list[Dependency], record["dependencies"]),
            activity=ArtifactActivity(min(made_us, at_us), at_us, at_us),
        )
    except (DataError, ValueError) as error:
        raise _senseless(site, target.path, f"its record cannot be read: {error}") from None


def _manifest(site: Site, path: str, entry: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[str, bool]:
    """The manifest, and whether there is one that is kept back."""
    text, digest = entry.get("manifest"), record.get("manifest_sha256")
    if text is None:
        return "", digest is not None or record["type"] == ArtifactType.CONFIG.value
    if not isinstance(text, str) or hashlib.sha256(text.encode()).hexdigest() != digest:
        raise _wrong(site, path, "its manifest is not the one of its record")
    return text, False


def _deprecation(site: Site, name: str, entry: Mapping[str, Any]) -> Deprecation | None:
    data = entry.get("deprecation")
    if data is None:
        return None
    try:
        return from_data(Deprecation, data)
    except DataError as error:
        raise _senseless(site, name, f"a deprecation in it cannot be read: {error}") from None


def _with_signatures(site: Site, artifact: Artifact, bundle: Any) -> Artifact:
    if bundle is None:
        return artifact
    data = bundle if isinstance(bundle, str) else json.dumps(bundle)
    try:
        return replace(artifact, signatures=hyperhost.read_bundle(data.encode(), artifact))
    except HyperHostError as error:
        raise _senseless(
            site, f"{artifact.namespace}/{artifact.name}@{artifact.version}", error.message
        ) from None


def _custom(target: TrustedTarget) -> dict[str, Any]:
    found = json.loads(target.custom_json)
    return found if isinstance(found, dict) else {}


def _canonical(site: Site, name: str, record: Any) -> bytes:
    try:
        return hyperhost.canonical_json(record)
    except HyperHostError as error:
        raise _senseless(site, name, error.message) from None


def _wrong(site: Site, what: str, why: str) -> RefusalError:
    return RefusalError(
        f"the remote {site.remote.name} shows {what[:200]}, and {why} (wrong software)",
        "trust.wrong-software",
        hint="ask whoever runs the remote",
    )


def _senseless(site: Site, what: str, why: str) -> RefusalError:
    return unavailable(
        "source",
        f"the index of {what[:200]} in the remote {site.remote.name} makes no sense: {why}",
        "ask whoever runs the remote",
    )
