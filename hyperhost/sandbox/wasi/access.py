"""Which files an instance may reach, and the check of each single one.

Every file is reached below a *root*, a directory that the guest finds already open. A root says
where to look, never what is allowed: that is decided for the host path of each file at the moment
it is touched, by the grants that were in force when the root was opened *and* still are. What was
never granted is an error code for the guest, as a read-only file system gives it; what was
granted and then revoked ends the guest with ``CapabilityDeniedError``.

A grant for a single file makes its directory a root in which nothing else can be seen.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hyperhost.sandbox.interface import Err
from hyperhost.sandbox.wasi.handles import FileBudget, OpenFile, state_of
from hyperhost.sandbox.wasi.paths import DIRECTORY, beneath, walk

if TYPE_CHECKING:
    from hyperhost.sandbox.call import Call

__all__ = ["CONTENT", "Root", "Source", "authorise", "authorise_any", "in_force", "open_roots"]

CONTENT: Final = "content:read"
"""Capability that opens ``Services.content_root`` to the guest as ``/content``, read-only."""

_LONGEST: Final = 2048


@dataclass(frozen=True, slots=True)
class Source:
    """A grant that files are reached by.

    Attributes:
        capability: Its text.
        path: The directory or file on the host.
        write: It allows writing instead of reading.
    """

    capability: str
    path: str
    write: bool = False

    def request(self, path: str) -> str:
        """The capability to ask for ``path``; the grant's own where a path cannot be written as one."""
        if self.capability == CONTENT or len(path) > _LONGEST or not path.isprintable():
            return self.capability
        if path.rpartition("/")[2] in ("*", "**"):
            return self.capability
        return f"{'fs.write' if self.write else 'fs.read'}:{path}"


@dataclass(frozen=True, slots=True)
class Root:
    """A directory that the guest finds open.

    Attributes:
        guest_path: Its name for the guest.
        host_path: Its absolute path on the host.
        sources: The grants that concern it, when it was opened.
    """

    guest_path: str
    host_path: str
    sources: tuple[Source, ...]

    def source(self, path: str, *, write: bool) -> Source | None:
        """The grant that allowed reading or writing ``path`` when the root was opened."""
        for source in self.sources:
            if source.write == write and beneath(path, source.path):
                return source
        return None

    def visible(self, path: str) -> bool:
        """Whether any grant covered ``path`` when the root was opened."""
        return any(beneath(path, source.path) for source in self.sources)

    def readable_within(self, path: str) -> bool:
        """Whether ``path``, or anything that could lie below it, may be read."""
        return any(
            not source.write and (beneath(path, source.path) or beneath(source.path, path))
            for source in self.sources
        )


def in_force(call: Call, root: Root) -> str:
    """A grant behind ``root`` that still holds, or one that was revoked if none does."""
    for source in root.sources:
        if call.grants.covers(source.capability):
            return source.capability
    return root.sources[0].capability


def authorise(call: Call, root: Root, path: str, *, write: bool) -> None:
    """Return if ``path`` may be read (or written) now.

    Raises:
        Err: it never might; ``read-only`` where reading is allowed, else ``not-permitted``.
        CapabilityDeniedError: it might, but the grant was revoked.
    """
    source = root.source(path, write=write)
    if source is None:
        raise Err("read-only" if write and root.source(path, write=False) else "not-permitted")
    call.require(source.request(path))


def authorise_any(call: Call, root: Root, path: str) -> None:
    """Return if ``path`` may be read or written now; looking at something needs no more.

    Raises:
        Err: ``not-permitted``, if neither was ever allowed.
        CapabilityDeniedError: it was, but the grants were revoked.
    """
    sources = [source for write in (False, True) if (source := root.source(path, write=write))]
    if not sources:
        raise Err("not-permitted")
    requests = [source.request(path) for source in sources]
    held = [request for request in requests if call.grants.covers(request)]
    call.require((held or requests)[0])


def open_roots(call: Call) -> Iterator[tuple[Root, OpenFile]]:
    """Open every root that present grants make, in the order of their paths.

    What does not exist or cannot be opened is left out. The caller owns the files.

    Raises:
        OSError: ``EMFILE``, the instance has no file descriptors left.
    """
    files = state_of(call).files
    sources = [
        Source(capability.text, capability.scope.text, write=capability.kind == "fs.write")
        for capability in call.grants.effective
        if capability.kind in ("fs.read", "fs.write")
    ]
    seen: set[str] = set()
    for path in sorted({source.path for source in sources}):
        for directory in (path, os.path.dirname(path)):  # noqa: PTH120 - paths stay text here
            if directory in seen:
                break
            file = _open(files, directory, sources)
            if file is not None:
                seen.add(directory)
                concerned = tuple(
                    source
                    for source in sources
                    if beneath(source.path, directory) or beneath(directory, source.path)
                )
                yield Root(directory, directory, concerned), file
                break
    content = getattr(call.services, "content_root", None)
    if content is not None and call.grants.has_kind(CONTENT):
        host_path = os.path.abspath(content)  # noqa: PTH100 - keeps links as the host wrote them
        file = _open(files, host_path, [])
        if file is not None:
            yield Root("/content", host_path, (Source(CONTENT, host_path),)), file


def _open(files: FileBudget, path: str, sources: list[Source]) -> OpenFile | None:
    """Open the directory ``path``, or ``None`` if it is none.

    The operator's path may hold symbolic links, but below a directory that the plugin itself may
    write, links are followed only as far as they stay there: the plugin may have put them there.
    """
    own = [source.path for source in sources if source.write and beneath(path, source.path)]
    top = min(own, key=len, default=path)
    try:
        file = OpenFile.open(files, top, DIRECTORY)
    except OSError as caught:
        _raise_if_full(caught)
        return None
    if top == path:
        return file
    try:
        with walk(
            file.fd, top, path[len(top.rstrip("/")) + 1 :], follow=False, visible=lambda _: True
        ) as place:
            return OpenFile.open(files, place.name, DIRECTORY | os.O_NOFOLLOW, dir_fd=place.fd)
    except Err:
        return None
    except OSError as caught:
        _raise_if_full(caught)
        return None
    finally:
        file.release()


def _raise_if_full(caught: OSError) -> None:
    """What cannot be opened is passed over, except when there are no file descriptors left."""
    if caught.errno in (errno.EMFILE, errno.ENFILE):
        raise caught
