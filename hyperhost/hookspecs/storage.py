"""Hooks of the service ``storage``: where artifacts, their manifests and their content are kept.

Exactly one provider answers (``[providers]`` in ``hyperhost.toml``), so each hook returns one value.
A write is acknowledged by returning from it: what was acknowledged is not lost. A provider refuses
with these rules, which callers may match on:

=========================  =====================================================================
``storage.exists``         the id or ``(namespace, name, version)`` is taken
``storage.missing``        there is no artifact of that id to replace
``storage.page``           page size or token is not one
``storage.hash``           the bytes are not those of the hash, or its algorithm is unknown
=========================  =====================================================================
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.artifact import Artifact, ContentInfo
from hyperhost.contracts.storage import ArtifactPage, ArtifactQuery, PageRequest, PutMode, StorageTotals
from hyperhost.contracts.types import U32, U64
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["StorageHooks"]


class StorageHooks(Protocol):
    """The service ``storage``."""

    @hookspec(service="storage", firstresult=True)
    def storage_get_artifact(self, artifact_id: str) -> Artifact | None:
        """Read one artifact by id.

        Called for nearly every operation; a provider should answer it without scanning. A fault
        ends the operation that asked.

        Args:
            artifact_id: UUIDv7 as text.

        Returns:
            The artifact as it was last written, or ``None`` when there is none of that id.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactType
            from hyperhost.hookspecs import hookimpl

            auth = Artifact("a1", "org.acme", "auth", ArtifactType.PLUGIN, "1.0.0")

            class Fixed:
                @hookimpl
                def storage_get_artifact(self, artifact_id: str) -> Artifact | None:
                    return auth if artifact_id == auth.id else None

            host.register(Fixed())
            assert host.hook.storage_get_artifact(artifact_id="a1") == auth
            assert host.hook.storage_get_artifact(artifact_id="a2") is None
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True)
    def storage_find_artifact(self, namespace: str, name: str, version: str) -> Artifact | None:
        """Read one artifact by its coordinates, which are unique.

        A fault ends the operation that asked.

        Args:
            namespace: Dotted path, exactly.
            name: kebab-case, exactly.
            version: SemVer, compared as text.

        Returns:
            The artifact as it was last written, or ``None``.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactType
            from hyperhost.hookspecs import hookimpl

            auth = Artifact("a1", "org.acme", "auth", ArtifactType.PLUGIN, "1.0.0")
            known = {(auth.namespace, auth.name, auth.version): auth}

            class Fixed:
                @hookimpl
                def storage_find_artifact(self, namespace: str, name: str, version: str) -> Artifact | None:
                    return known.get((namespace, name, version))

            host.register(Fixed())
            assert host.hook.storage_find_artifact(namespace="org.acme", name="auth", version="1.0.0") == auth
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True)
    def storage_get_manifest(self, artifact_id: str) -> str | None:
        """Read the manifest of one artifact.

        A fault ends the operation that asked.

        Args:
            artifact_id: UUIDv7 as text.

        Returns:
            JSON text exactly as it was written, empty when the artifact carries no manifest;
            ``None`` when there is no artifact of that id.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_get_manifest(self, artifact_id: str) -> str | None:
                    return '{"engine":"jinja2"}' if artifact_id == "a1" else None

            host.register(Fixed())
            assert host.hook.storage_get_manifest(artifact_id="a1") == '{"engine":"jinja2"}'
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True, raises=RefusalError)
    def storage_put_artifact(self, artifact: Artifact, manifest_json: str, mode: PutMode) -> bool:
        """Write one artifact and its manifest, both or neither.

        When it returns, both survive the end of the process (as far as the provider keeps anything).
        A provider checks uniqueness and nothing else; whether the change is allowed was decided
        before. A fault ends the operation that asked, and nothing was written.

        Args:
            artifact: The whole artifact.
            manifest_json: The whole manifest as JSON text; empty when there is none.
            mode: Whether the artifact must be new or must be there.

        Returns:
            Whether anything is different from before; always true for a new artifact.

        Raises:
            RefusalError: rule ``storage.exists`` or ``storage.missing``.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactType, PutMode
            from hyperhost.errors import RefusalError
            from hyperhost.hookspecs import hookimpl

            class InMemory:
                def __init__(self) -> None:
                    self.artifacts: dict[str, Artifact] = {}

                @hookimpl
                def storage_put_artifact(self, artifact: Artifact, mode: PutMode) -> bool:
                    if mode is PutMode.CREATE and artifact.id in self.artifacts:
                        raise RefusalError(f"id {artifact.id} is taken", "storage.exists")
                    changed = self.artifacts.get(artifact.id) != artifact
                    self.artifacts[artifact.id] = artifact
                    return changed

            host.register(InMemory())
            auth = Artifact("a1", "org.acme", "auth", ArtifactType.LIBRARY, "1.0.0")
            assert host.hook.storage_put_artifact(artifact=auth, manifest_json="", mode=PutMode.CREATE)
            assert not host.hook.storage_put_artifact(artifact=auth, manifest_json="", mode=PutMode.REPLACE)
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True)
    def storage_delete_artifact(self, artifact_id: str) -> bool:
        """Remove one artifact and its manifest. Content stays, others may share it.

        A fault ends the operation that asked, and nothing was removed.

        Args:
            artifact_id: UUIDv7 as text.

        Returns:
            Whether there was one.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class InMemory:
                artifacts = {"a1": "an artifact"}

                @hookimpl
                def storage_delete_artifact(self, artifact_id: str) -> bool:
                    return self.artifacts.pop(artifact_id, None) is not None

            host.register(InMemory())
            assert host.hook.storage_delete_artifact(artifact_id="a1") is True
            assert host.hook.storage_delete_artifact(artifact_id="a1") is False
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True, raises=RefusalError)
    def storage_list_artifacts(self, query: ArtifactQuery, page: PageRequest) -> ArtifactPage:
        """List artifacts, a page at a time.

        Following ``next_token`` from the first page shows every artifact that matched all the while
        exactly once, also when others are written meanwhile. A fault ends the operation that asked.

        Args:
            query: Which artifacts, in which order.
            page: How many, and after which; a token belongs to the query it came with.

        Returns:
            Artifacts in the order of ``query.sort``, ties by id, and the token of what follows.

        Raises:
            RefusalError: rule ``storage.page``: the size is not 1 to 1,000, or the token is not one.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactPage, ArtifactQuery, ArtifactType, PageRequest
            from hyperhost.hookspecs import hookimpl

            stored = [Artifact(f"a{i}", "org.acme", f"n{i}", ArtifactType.THEME, "1.0.0") for i in range(3)]

            class Fixed:
                @hookimpl
                def storage_list_artifacts(self, query: ArtifactQuery, page: PageRequest) -> ArtifactPage:
                    rest = [artifact for artifact in stored if artifact.id > page.token]
                    items = rest[: page.size]
                    return ArtifactPage(items, items[-1].id if len(rest) > len(items) else "")

            host.register(Fixed())
            first = host.hook.storage_list_artifacts(query=ArtifactQuery(), page=PageRequest(size=2))
            assert [artifact.id for artifact in first.items] == ["a0", "a1"]
            rest = PageRequest(size=2, token=first.next_token)
            last = host.hook.storage_list_artifacts(query=ArtifactQuery(), page=rest)
            assert ([artifact.id for artifact in last.items], last.next_token) == (["a2"], "")
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True)
    def storage_count_artifacts(self, query: ArtifactQuery) -> U64:
        """Count artifacts.

        A fault ends the operation that asked.

        Args:
            query: Which artifacts; its order does not matter.

        Returns:
            How many there are.

        Example:
            ```python
            from hyperhost.contracts import ArtifactQuery
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_count_artifacts(self, query: ArtifactQuery) -> int:
                    return 3 if query.namespace in (None, "org.acme") else 0

            host.register(Fixed())
            assert host.hook.storage_count_artifacts(query=ArtifactQuery(namespace="org.acme")) == 3
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True)
    def storage_stat_content(self, content_hash: str) -> ContentInfo | None:
        """Say how large a content is and where it is, without reading it.

        A fault ends the operation that asked.

        Args:
            content_hash: ``algorithm:hex``, lower case.

        Returns:
            Hash, size in bytes and place, or ``None`` when there is no such content.

        Example:
            ```python
            from hyperhost.contracts import ContentInfo
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_stat_content(self, content_hash: str) -> ContentInfo | None:
                    return ContentInfo(content_hash, size=5) if content_hash == "sha256:2cf2" else None

            host.register(Fixed())
            assert host.hook.storage_stat_content(content_hash="sha256:2cf2").size == 5
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True)
    def storage_get_content(self, content_hash: str, offset: U64, length: U32) -> bytes | None:
        """Read a piece of a content, so that large ones never lie in memory as a whole.

        A fault ends the operation that asked.

        Args:
            content_hash: ``algorithm:hex``, lower case.
            offset: First byte, counted from 0.
            length: Bytes at most.

        Returns:
            The bytes; fewer than ``length`` only at the end, none past it. ``None`` when there is no
            such content.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_get_content(self, content_hash: str, offset: int, length: int) -> bytes | None:
                    return b"hello"[offset : offset + length] if content_hash == "sha256:2cf2" else None

            host.register(Fixed())
            piece = host.hook.storage_get_content(content_hash="sha256:2cf2", offset=3, length=64)
            assert piece == b"lo"
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True, raises=RefusalError)
    def storage_put_content(self, content_hash: str, data: bytes) -> bool:
        """Keep a content under its hash.

        When it returns, the content survives the end of the process (as far as the provider keeps
        anything). A fault ends the operation that asked, and nothing was kept.

        Args:
            content_hash: ``algorithm:hex``, lower case; ``sha256`` or ``sha3-512``.
            data: All of it.

        Returns:
            Whether it is new; false when it was there already.

        Raises:
            RefusalError: rule ``storage.hash``: ``data`` does not have that hash, or the algorithm
                is not one the provider knows.

        Example:
            ```python
            import hashlib

            from hyperhost.hookspecs import hookimpl

            class InMemory:
                def __init__(self) -> None:
                    self.contents: dict[str, bytes] = {}

                @hookimpl
                def storage_put_content(self, content_hash: str, data: bytes) -> bool:
                    return self.contents.setdefault(content_hash, data) is data

            host.register(InMemory())
            name = "sha256:" + hashlib.sha256(b"hello").hexdigest()
            assert host.hook.storage_put_content(content_hash=name, data=b"hello") is True
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True)
    def storage_delete_content(self, content_hash: str) -> bool:
        """Remove a content. The caller has made sure that no artifact refers to it.

        A fault ends the operation that asked, and nothing was removed.

        Args:
            content_hash: ``algorithm:hex``, lower case.

        Returns:
            Whether there was one.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class InMemory:
                contents = {"sha256:2cf2": b"hello"}

                @hookimpl
                def storage_delete_content(self, content_hash: str) -> bool:
                    return self.contents.pop(content_hash, None) is not None

            host.register(InMemory())
            assert host.hook.storage_delete_content(content_hash="sha256:2cf2") is True
            ```
        """
        ...

    @hookspec(service="storage", firstresult=True)
    def storage_usage(self) -> StorageTotals:
        """Say how much is kept.

        A fault ends the operation that asked.

        Returns:
            Numbers of artifacts and contents, and bytes of content.

        Example:
            ```python
            from hyperhost.contracts import StorageTotals
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def storage_usage(self) -> StorageTotals:
                    return StorageTotals(artifacts=2, contents=1, content_bytes=5)

            host.register(Fixed())
            assert host.hook.storage_usage().content_bytes == 5
            ```
        """
        ...
