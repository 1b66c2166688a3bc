"""Hooks of the service ``content``: where the bytes of artifacts are, however many there are.

Bytes travel in pieces, so that no content lies in memory as a whole. A content is known by its
hash; the same bytes are kept once. Rules of refusals:

=========================  =====================================================================
``content.hash``           the bytes are not those of the hash, or its algorithm is unknown
``content.missing``        there is no such content, or no such upload
``content.size``           a piece or a content is larger than allowed
``content.corrupt``        what is kept is no longer what was put there
``content.full``           there is no room, or the place may not be written to
``content.unavailable``    the place does not answer: a bucket that is away, a disk that fails
=========================  =====================================================================
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.artifact import ContentInfo
from hyperhost.contracts.content import ContentPage, ContentTotals
from hyperhost.contracts.types import U32, U64
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["ContentHooks"]


class ContentHooks(Protocol):
    """The service ``content``."""

    @hookspec(service="content", firstresult=True, raises=RefusalError)
    def content_open(self, algorithm: str) -> str:
        """Begin an upload.

        A fault ends the operation that asked.

        An upload that is neither committed nor aborted is forgotten after a day, or when the provider
        is next started.

        Args:
            algorithm: ``sha256`` or ``sha3-512``; what the content will be known by.

        Returns:
            Id of the upload.

        Raises:
            RefusalError: ``content.hash`` for another algorithm, ``content.full``.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def content_open(self, algorithm: str) -> str:
                    return "u1"

            host.register(Fixed())
            assert host.hook.content_open(algorithm="sha256") == "u1"
            ```
        """
        ...

    @hookspec(service="content", firstresult=True, raises=RefusalError)
    def content_append(self, upload: str, data: bytes) -> U64:
        """Add a piece to an upload.

        A fault ends the operation that asked.

        Args:
            upload: As ``content_open`` answered.
            data: At most 4 MiB.

        Returns:
            Bytes of the upload so far.

        Raises:
            RefusalError: ``content.missing``, ``content.size``, ``content.full``.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            pieces = []

            class Fixed:
                @hookimpl
                def content_append(self, upload: str, data: bytes) -> int:
                    pieces.append(data)
                    return sum(map(len, pieces))

            host.register(Fixed())
            assert host.hook.content_append(upload="u1", data=b"hello") == 5
            ```
        """
        ...

    @hookspec(service="content", firstresult=True, raises=RefusalError)
    def content_commit(self, upload: str, expected_hash: str) -> ContentInfo:
        """End an upload and keep its bytes durably, unless they are kept already.

        A fault ends the operation that asked.

        Args:
            upload: As ``content_open`` answered.
            expected_hash: What the hash has to be; empty to accept any.

        Returns:
            Hash, size and place.

        Raises:
            RefusalError: ``content.hash`` when the bytes are others than expected, ``content.missing``,
                ``content.full``. The upload is gone in every case.

        Example:
            ```python
            from hyperhost.contracts import ContentInfo
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def content_commit(self, upload: str, expected_hash: str) -> ContentInfo:
                    return ContentInfo(expected_hash, 5)

            host.register(Fixed())
            assert host.hook.content_commit(upload="u1", expected_hash="sha256:ab").size == 5
            ```
        """
        ...

    @hookspec(service="content", firstresult=True)
    def content_abort(self, upload: str) -> bool:
        """Forget an upload and its bytes.

        A fault ends the operation that asked.

        Args:
            upload: As ``content_open`` answered.

        Returns:
            Whether there was one.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def content_abort(self, upload: str) -> bool:
                    return False

            host.register(Fixed())
            assert host.hook.content_abort(upload="u1") is False
            ```
        """
        ...

    @hookspec(service="content", firstresult=True)
    def content_stat(self, content_hash: str) -> ContentInfo | None:
        """Say how large a content is and where it is, without reading it.

        A fault ends the operation that asked.

        Args:
            content_hash: Which content.

        Returns:
            Hash, size and place; ``None`` when there is no such content.

        Example:
            ```python
            from hyperhost.contracts import ContentInfo
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def content_stat(self, content_hash: str) -> ContentInfo | None:
                    return ContentInfo(content_hash, 5) if content_hash == "sha256:ab" else None

            host.register(Fixed())
            assert host.hook.content_stat(content_hash="sha256:cd") is None
            ```
        """
        ...

    @hookspec(service="content", firstresult=True, raises=RefusalError)
    def content_read(self, content_hash: str, offset: U64, length: U32) -> bytes | None:
        """Read a piece of a content.

        A fault ends the operation that asked.

        Every byte that is handed out was verified: a provider keeps a digest of each piece of a large
        content and compares it before it answers.

        Args:
            content_hash: Which content.
            offset: First byte; at or behind the end the answer is empty.
            length: Bytes at most, up to 4 MiB.

        Returns:
            The bytes, fewer only at the end; ``None`` when there is no such content.

        Raises:
            RefusalError: ``content.corrupt``, ``content.size``.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def content_read(self, content_hash: str, offset: int, length: int) -> bytes | None:
                    return b"hello"[offset : offset + length]

            host.register(Fixed())
            assert host.hook.content_read(content_hash="sha256:ab", offset=1, length=3) == b"ell"
            ```
        """
        ...

    @hookspec(service="content", firstresult=True, raises=RefusalError)
    def content_delete(self, content_hash: str) -> bool:
        """Remove a content. The caller has made sure that no artifact refers to it.

        A fault ends the operation that asked.

        Args:
            content_hash: Which content.

        Returns:
            Whether it was there.

        Raises:
            RefusalError: ``content.full`` when the place may not be written to.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def content_delete(self, content_hash: str) -> bool:
                    return True

            host.register(Fixed())
            assert host.hook.content_delete(content_hash="sha256:ab") is True
            ```
        """
        ...

    @hookspec(service="content", firstresult=True)
    def content_list(self, after: str, limit: U32) -> ContentPage:
        """List everything that is kept, for whoever looks for orphans.

        A fault ends the operation that asked.

        Args:
            after: Hashes that sort behind this text; empty for the beginning.
            limit: Items at most, 1 to 10,000.

        Returns:
            The contents in the order of their hashes.

        Example:
            ```python
            from hyperhost.contracts import ContentPage, StoredContent
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def content_list(self, after: str, limit: int) -> ContentPage:
                    return ContentPage([StoredContent("sha256:ab", 5, "inline", 0)])

            host.register(Fixed())
            assert host.hook.content_list(after="", limit=10).items[0].tier == "inline"
            ```
        """
        ...

    @hookspec(service="content", firstresult=True)
    def content_usage(self) -> list[ContentTotals]:
        """Say how much each tier keeps.

        A fault ends the operation that asked.

        Returns:
            One entry for each tier, the smallest contents first.

        Example:
            ```python
            from hyperhost.contracts import ContentTotals
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def content_usage(self) -> list[ContentTotals]:
                    return [ContentTotals("files", contents=2, content_bytes=30_000)]

            host.register(Fixed())
            assert host.hook.content_usage()[0].contents == 2
            ```
        """
        ...
