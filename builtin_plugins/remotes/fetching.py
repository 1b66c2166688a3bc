"""One artifact of a remote: which one is meant, whether it is signed as needed, and its bytes as a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hyperhost
from hyperhost.errors import ConstraintError, RefusalError, VersionError
from hyperhost.offering import invalid, missing
from hyperhost.versions import Constraint, parse

from .candidates import ordered
from .indexes import is_package, offered

if TYPE_CHECKING:
    from pluggy import HookRelay

    from .indexes import Offered
    from .store import Site

__all__ = ["Fetched", "Found", "bytes_of", "chosen", "fetch", "found"]


@dataclass(frozen=True, slots=True)
class Found:
    """One version that a remote has.

    Attributes:
        remote: Name of the remote.
        artifact: ``namespace/name@version``.
        name: Its name alone.
        version: Its version alone.
        type: What it is.
        content_hash: ``algorithm:hex``; ``None`` when it has no content.
        content_bytes: Length of that.
        deprecation: Why it should no longer be used; empty when it may be.
    """

    remote: str
    artifact: str
    name: str
    version: str
    type: str
    content_hash: str | None = None
    content_bytes: int = 0
    deprecation: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A content that was fetched.

    Attributes:
        remote: Name of the remote.
        artifact: ``namespace/name@version``.
        file: Where it is.
        hash: ``algorithm:hex`` of the bytes, which were compared with what is signed.
        bytes: How many.
    """

    remote: str
    artifact: str
    file: str
    hash: str
    bytes: int


def chosen(site: Site, reference: str) -> Offered:
    """What a remote has under a name.

    Args:
        site: The remote.
        reference: ``namespace/name``, or with a version or a constraint. Without an exact version it is
            the highest that fits, and no pre-release unless the constraint names one.

    Raises:
        RefusalError: it is no such name; ``missing:artifact``: the remote does not have it.
    """
    name, at, text = reference.partition("@")
    if not is_package(name) or (at and not text):
        raise invalid("artifact", "name", f"{reference[:200]!r} is no artifact", "as in org.acme/auth@1.0.0")
    known = ordered(offered(site, [name]).get(name, []))
    if not known:
        raise missing(
            "artifact", f"the remote {site.remote.name} has no {name}", "check its name, and the remote"
        )
    for each in known:
        if each.artifact.version == text:
            return each
    fits = [] if _is_version(text) else [each for each in known if _allows(text or "*", each)]
    if not fits:
        raise missing(
            "artifact",
            f"the remote {site.remote.name} has no {reference[:200]}",
            f"the highest version is {known[0].artifact.version}",
        )
    return fits[0]


def found(site: Site, each: Offered) -> Found:
    """The same for a front end."""
    artifact = each.artifact
    said = artifact.deprecation
    return Found(
        site.remote.name,
        f"{each.name}@{artifact.version}",
        artifact.name,
        artifact.version,
        artifact.type.value,
        artifact.content_hash,
        artifact.content_size,
        "" if said is None else said.reason or "deprecated",
    )


def fetch(hook: HookRelay, site: Site, each: Offered, target: str, content_hash: str = "") -> Fetched:
    """Write the content of an artifact to a file, which is there as a whole and verified, or not at all.

    Args:
        hook: The host's hooks.
        site: The remote.
        each: What is fetched.
        target: Absolute path; what stood there is replaced at the end.
        content_hash: What its content has to be; empty for whatever is signed now.

    Raises:
        RefusalError: ``missing:content``; ``state:signatures``: it is not signed as its namespace needs;
            ``trust.…``: what came is not what was signed; ``storage.file``: it cannot be written.
    """
    place, content = f"{each.name}@{each.artifact.version}", each.artifact.content
    if content is None:
        raise missing("content", f"{place} has no content", "ask its publisher for a package")
    if content_hash not in ("", content.hash):
        raise RefusalError(
            f"{place} in the remote {site.remote.name} has the content {content.hash}, and {content_hash} "
            "was asked for (wrong software)",
            "trust.wrong-software",
            hint="resolve anew, and see what has changed",
        )
    hyperhost.require_signatures(hook, each.artifact)
    path = Path(target)
    if not path.is_absolute() or path.is_dir():
        raise invalid("target", "file", f"{target[:200]!r} is no absolute path of a file", "name a file")
    try:
        # Beside the target, as a file can be moved at once only within a file system.
        with tempfile.TemporaryDirectory(prefix=".hyperhost-", dir=path.parent) as beside:
            [file] = bytes_of(site, [each], Path(beside))
            with file.open("rb") as written:
                os.fsync(written.fileno())
            file.replace(path)
    except OSError as error:
        raise RefusalError(
            f"{target}: {error.strerror or error}",
            "storage.file",
            hint="name a file in a directory that is there and that you may write to",
        ) from error
    return Fetched(site.remote.name, place, str(path), content.hash, content.size)


def bytes_of(site: Site, wanted: Sequence[Offered], directory: Path) -> list[Path]:
    """Fetch the contents of artifacts, which all have one, into a directory; their files, in order.

    Raises:
        RefusalError: as :func:`fetch`.
    """
    found = site.fetch([each.path for each in wanted], directory)
    for each, target in zip(wanted, found, strict=True):
        algorithm, _, digest = str(each.artifact.content_hash).partition(":")
        if target.hashes.get(algorithm) != digest:
            raise RefusalError(
                f"{each.path} in the remote {site.remote.name} became something else while it was fetched",
                "trust.wrong-software",
                hint="try again, and see what has changed",
            )
    return [Path(target.file) for target in found]


def _is_version(text: str) -> bool:
    try:
        parse(text)
    except VersionError:
        return False
    return True


def _allows(constraint: str, each: Offered) -> bool:
    try:
        return Constraint.parse(constraint).allows(each.artifact.version)
    except ConstraintError as error:
        raise invalid("artifact", "range", error.message, error.hint or "") from None
