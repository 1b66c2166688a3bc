"""What a repository hands out: metadata files as they are, targets as contents of the registry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import Artifact, ServedFile

from .records import record_of

if TYPE_CHECKING:
    from pluggy import HookRelay

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
        """A target, if the repository lists it: whatever is not signed is nobody's business."""
        with self._keeper.view() as repository:
            signed = repository.target(f"{namespace}/{name}/{version}")
        if signed is None or digest not in (None, *signed.hashes.values()):
            return None
        lasting = digest is not None
        artifact: Artifact | None = self._hook.storage_find_artifact(
            namespace=namespace, name=name, version=version
        )
        if artifact is None:
            return None
        if artifact.content is not None:
            return ServedFile(content_hash=artifact.content.hash, lasting=lasting)
        manifest = self._hook.storage_get_manifest(artifact_id=artifact.id) or ""
        return ServedFile(record_of(artifact, manifest), lasting=lasting)
