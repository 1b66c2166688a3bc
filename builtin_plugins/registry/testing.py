"""The operation ``test``: does what an artifact says of itself hold? Changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from hyperhost.contracts import Artifact, ArtifactState, ArtifactType, Dependency, Visibility
from hyperhost.contracts.codec import from_data
from hyperhost.errors import RefusalError
from hyperhost.offering import operation

from .contents import MAX_PIECE_BYTES
from .manifests import manifest_of
from .references import coordinates, find, versions_of, yank_of
from .work import Work

__all__ = ["Check", "TestReport"]

_ALGORITHMS: Final[dict[str, Callable[[], Any]]] = {"sha256": hashlib.sha256, "sha3-512": hashlib.sha3_512}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: ``manifest``, ``content``, ``dependency:org.acme/auth``.
        passed: Whether it is as it has to be.
        message: What was found.
        hint: What to do about it; empty when there is nothing to be said.
    """

    name: str
    passed: bool
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class TestReport:
    """What came of testing an artifact.

    Attributes:
        artifact: ``namespace/name@version``.
        passed: Whether all checks passed.
        checks: In the order in which they were made.
    """

    __test__ = False  # for pytest: no class of tests

    artifact: str
    passed: bool
    checks: list[Check]


@operation("test", group="checking", permission="artifact:read", reads_private=True)
def test(work: Work, artifact: str) -> TestReport:
    """Check that the manifest holds, the content has its hash, and what it needs is there."""
    found = find(work, artifact)
    work.about(coordinates(found), found.namespace)
    work.private = found.visibility is not Visibility.PUBLIC
    text = work.hook.storage_get_manifest(artifact_id=found.id) or ""
    checks = [
        _manifest(found, text),
        _content(work, found),
        *(_dependency(work, each) for each in _needed(found, text)),
        *_extended(work, found, text),
    ]
    return TestReport(coordinates(found), all(check.passed for check in checks), checks)


test.__test__ = False  # type: ignore[attr-defined]  # for pytest: no test either


def _manifest(artifact: Artifact, text: str) -> Check:
    if artifact.type in (ArtifactType.LIBRARY, ArtifactType.THEME):
        return Check("manifest", True, f"a {artifact.type.value} needs none")
    try:
        manifest_of(artifact.type, json.loads(text) if text else None)
    except (RefusalError, ValueError) as error:
        return Check("manifest", False, getattr(error, "reason", str(error)))
    return Check("manifest", True, f"it is one of a {artifact.type.value}")


def _content(work: Work, artifact: Artifact) -> Check:
    """Read all of the content, a piece at a time, and compare its hash."""
    content = artifact.content
    if content is None:
        return Check("content", True, "it has none")
    algorithm, _, wanted = content.hash.partition(":")
    digest = _ALGORITHMS[algorithm]()
    size = 0
    while size < content.size:
        try:
            piece = work.hook.content_read(content_hash=content.hash, offset=size, length=MAX_PIECE_BYTES)
        except RefusalError as refusal:
            return Check("content", False, refusal.reason)
        if not piece:
            return Check("content", False, f"only {size} of {content.size} bytes are there")
        digest.update(piece)
        size += len(piece)
    if digest.hexdigest() != wanted:
        return Check("content", False, "its bytes do not have its hash")
    return Check("content", True, f"{size} bytes have the hash {content.hash}")


def _needed(artifact: Artifact, text: str) -> Iterator[Dependency]:
    """What the artifact needs, and what its manifest says besides."""
    yield from artifact.dependencies
    data = json.loads(text) if text else {}
    seen = {each.artifact for each in artifact.dependencies}
    for key in ("dependencies", "peer_dependencies"):
        listed = data.get(key) if artifact.type in (ArtifactType.PLUGIN, ArtifactType.TEMPLATE) else None
        for item in listed or ():
            each = from_data(Dependency, item)
            if each.artifact not in seen:
                seen.add(each.artifact)
                yield each


def _dependency(work: Work, each: Dependency) -> Check:
    """Whether there is any version to choose; which one is chosen, resolution says."""
    name = f"dependency:{each.artifact}"
    if each.registry is not None:
        return Check(name, True, f"it comes from {each.registry}, and was not looked for here")
    path, _, short = each.artifact.partition("/")
    found = versions_of(work, path, short)
    usable = [
        item
        for item in found
        if item.state in (ArtifactState.PUBLISHED, ArtifactState.DEPRECATED) and yank_of(work, item) is None
    ]
    if usable:
        last = usable[0]
        state = "" if last.state is ArtifactState.PUBLISHED else f", which is {last.state.value}"
        return Check(name, True, f"{len(usable)} versions, the highest is {last.version}{state}")
    what = "none of its versions is published" if found else "there is no such artifact"
    return Check(name, each.optional, f"{what}{'; it is optional' if each.optional else ''}")


def _extended(work: Work, artifact: Artifact, text: str) -> Iterator[Check]:
    """The config that a config extends."""
    reference = json.loads(text).get("extends") if artifact.type is ArtifactType.CONFIG and text else None
    if reference is None:
        return
    try:
        base = find(work, reference)
    except RefusalError as refusal:
        yield Check("extends", False, refusal.reason)
        return
    good = base.type is ArtifactType.CONFIG and base.id != artifact.id
    yield Check("extends", good, f"{coordinates(base)} is a {base.type.value}")
