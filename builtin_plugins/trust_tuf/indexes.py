"""Which versions of an artifact there are: one target more for each, its content RFC 8785 JSON.

::

    {"artifact": "org.acme/auth", "format": 1, "versions": [
        {"version": "1.0.0", "record": {…}, "manifest": "…", "bundle": {…},
         "published_at_us": 1767225600000000, "deprecation": null}, …]}

Versions ascend, and are exactly those that are targets. The record is the one whose digest is signed
with the version's target, the manifest the text whose digest is in the record, ``null`` when there is
none or not everybody may read it. The bundle holds the signatures of the artifact, ``null`` when it has
none. What changes by itself, such as downloads, is not there: it would be signed anew all the time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from tuf.api.metadata import TargetFile

import hyperhost
from hyperhost.contracts import Artifact
from hyperhost.contracts.codec import to_data
from hyperhost.offering import invalid
from hyperhost.versions import parse

from .records import open_manifest

__all__ = ["FORMAT", "entry_of", "index_target", "is_index_of", "read_index", "write_index"]

FORMAT: Final = 1
_EXACT: Final = 2**53 - 1
"""Whole numbers beyond it are not the same to every reader of JSON."""


def entry_of(artifact: Artifact, manifest_json: str, record: bytes) -> dict[str, Any]:
    """What an index says of one version.

    Args:
        artifact: The version.
        manifest_json: Its manifest; empty when it has none.
        record: Its record.

    Raises:
        CanonicalJsonError: something in it has no canonical form.
    """
    entry = {
        "version": artifact.version,
        "record": json.loads(record),
        "manifest": open_manifest(artifact, manifest_json),
        "bundle": json.loads(hyperhost.write_bundle(artifact)) if artifact.signatures else None,
        "published_at_us": _exact(artifact.activity.published_at_us),
        "deprecation": _deprecation(artifact),
    }
    hyperhost.canonical_json(entry)
    return entry


def _deprecation(artifact: Artifact) -> dict[str, Any] | None:
    said = artifact.deprecation
    if said is None:
        return None
    exact = dataclasses.replace(
        said,
        deprecated_at_us=_exact(said.deprecated_at_us) or 0,
        removed_at_us=_exact(said.removed_at_us),
    )
    found: dict[str, Any] = to_data(exact)
    return found


def _exact(number: int | None) -> int | None:
    """A time as it can be written; a year beyond 287,000 becomes the last before that."""
    return None if number is None else max(-_EXACT, min(number, _EXACT))


def write_index(artifact: str, entries: Mapping[str, dict[str, Any]]) -> bytes:
    """The index of an artifact.

    Args:
        artifact: ``namespace/name``.
        entries: What :func:`entry_of` says, by version.
    """
    # Versions that differ in their build metadata alone are equal; the text decides.
    ordered = sorted(entries, key=lambda version: (parse(version), version))
    data = {"format": FORMAT, "artifact": artifact, "versions": [entries[each] for each in ordered]}
    # Each entry has a canonical form, has ASCII keys and no fractions: so this is the form of the whole.
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def is_index_of(data: bytes, artifact: str) -> bool:
    """Whether an index is about an artifact, without reading all of it."""
    return data.startswith(b'{"artifact":%b,' % json.dumps(artifact, ensure_ascii=False).encode())


def read_index(data: bytes, artifact: str) -> dict[str, dict[str, Any]]:
    """What an index says of each version, in their order.

    Args:
        data: Its bytes, which are what was signed.
        artifact: What it has to be about: ``namespace/name``.

    Raises:
        RefusalError: ``invalid:index:…``: it is none, of a later format, or about another artifact.
    """
    try:
        found = json.loads(data)
        versions = {each["version"]: each for each in found["versions"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise invalid("index", "json", f"the index of {artifact} is none", "tell the operator") from None
    if found.get("format") != FORMAT:
        raise invalid(
            "index", "format", f"the index of {artifact} is of a format not known here", "update HyperHost"
        )
    if found.get("artifact") != artifact:
        raise invalid(
            "index",
            "artifact",
            f"the index of {artifact} is that of {str(found.get('artifact'))[:200]!r}",
            "tell the operator: whoever signs for the namespace put it there",
        )
    return versions


def index_target(path: str, data: bytes) -> TargetFile:
    """What is signed of an index."""
    return TargetFile(len(data), {"sha256": hashlib.sha256(data).hexdigest()}, path, {"custom": {"index": 1}})
