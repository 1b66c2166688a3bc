"""What a repository hands out: metadata and indexes as files, targets as contents of the registry."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import hyperhost
from hyperhost.contracts import Artifact, ServedFile
from hyperhost.errors import CanonicalJsonError, RefusalError

from .indexes import is_index_of, read_index
from .layout import index_path, is_index
from .records import record_of

if TYPE_CHECKING:
    from pluggy import HookRelay
    from tuf.api.metadata import TargetFile

    from .keeper import Keeper

__all__ = ["Site"]

_TARGET: Final = re.compile(r"targets/([^/]{1,255})/([^/]{1,128})/(?:([0-9a-f]{64,128})\.)?([^/]{1,256})")


class Site:
    """Answers requests.

    Args:
        hook: The host's hooks.
        keeper: The repository.
    """

    def __init__(self, hook: HookRelay, keeper: Keeper) -> None:
        self._hook = hook
        self._keeper = keeper

    def serve(self, path: str) -> ServedFile | None:
        """The file of a path; see the hookspec ``trust_serve``."""
        folder, _, name = path.partition("/")
        if folder == "metadata":
            data = self._keeper.store.read(name)
            return None if data is None else ServedFile(data, lasting=name[0].isdigit())
        found = _TARGET.fullmatch(path)
        return None if found is None or not self._keeper.store.exists else self._target(*found.groups())

    def _target(self, namespace: str, name: str, digest: str | None, version: str) -> ServedFile | None:
        """A target, if the repository lists it: whatever is not signed is nobody's business.

        Indexes that were replaced are there for a while, for those who ask for them by their digest.
        """
        path = f"{namespace}/{name}/{version}"
        with self._keeper.view() as repository:
            signed = repository.target(path)
            index = signed if is_index(path) else repository.target(index_path(namespace, name))
        if is_index(path):
            wanted = digest or (signed.hashes["sha256"] if signed is not None else "")
            data = self._keeper.indexes.read(wanted)
            known = data is not None and is_index_of(data, f"{namespace}/{name}")
            return ServedFile(data or b"", lasting=digest is not None) if known else None
        if signed is None or digest not in (None, *signed.hashes.values()):
            return None
        found = self.content(namespace, name, version, signed, index)
        return None if found is None else ServedFile(found.data, found.content_hash, digest is not None)

    def content(
        self, namespace: str, name: str, version: str, signed: TargetFile, index: TargetFile | None
    ) -> ServedFile | None:
        """What was signed as the content of a version, if it is there still.

        Args:
            namespace: Of the artifact.
            name: Its name.
            version: Its version.
            signed: What is signed of the version.
            index: What is signed of the artifact's index.
        """
        [(algorithm, value)] = signed.hashes.items()
        content_hash = f"{algorithm}:{value}"
        artifact: Artifact | None = self._hook.storage_find_artifact(
            namespace=namespace, name=name, version=version
        )
        if artifact is None:
            return None
        if artifact.content is not None and artifact.content.hash == content_hash:
            return ServedFile(content_hash=content_hash)
        for record in self._records(artifact, index):
            if hashlib.sha256(record).hexdigest() == value:
                return ServedFile(record)
        return None

    def _records(self, artifact: Artifact, index: TargetFile | None) -> Iterator[bytes]:
        """The record of an artifact as it is now, and as it was signed with its index."""
        hook = self._hook
        with suppress(CanonicalJsonError):
            yield record_of(artifact, hook.storage_get_manifest(artifact_id=artifact.id) or "")
        data = None if index is None else self._keeper.indexes.read(index.hashes["sha256"])
        if data is not None:
            with suppress(RefusalError, CanonicalJsonError):
                entry = read_index(data, f"{artifact.namespace}/{artifact.name}").get(artifact.version)
                if entry is not None:
                    yield hyperhost.canonical_json(entry["record"])
