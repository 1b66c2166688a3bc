"""Plugins from a registry: which versions go together, and their packages as files.

A plugin's artifact says which others it needs (``dependencies``); the service ``resolution`` chooses,
what is installed already being preferred. What it takes from a remote is fetched from there, verified.
The lock file says where each came from, as ``registry:org.acme/scan@1.0.0`` from this registry and
``registry:acme!org.acme/scan@1.0.0`` from a remote, and there a later version is looked for.
To install is :class:`~hyperhost.host.installer.Installer`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from hyperhost.errors import InstallError, NotFoundError, UnknownOperationError
from hyperhost.host.contents import fetch

if TYPE_CHECKING:
    from hyperhost.host.installer import Installer
    from hyperhost.host.lockentry import LockEntry
    from hyperhost.host.operations import Operations

__all__ = ["Acquired", "acquired", "artifact_of", "check_packages", "is_reference", "source_of"]

PREFIX: Final = "registry:"
LOCAL: Final = ""
_REFERENCE: Final = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9.@_+-]*/[a-z0-9][a-z0-9-]*(?:@\S.*)?")


@dataclass(frozen=True, slots=True)
class Acquired:
    """A package that was fetched.

    Attributes:
        artifact: ``namespace/name``.
        version: Its version.
        path: The package; gone when :func:`acquired` ends.
        replaces: Id of the installed plugin that it is a newer or older version of; ``None`` for a new one.
        asked: It is what was asked for; the others are what that needs.
        source: Remote that it was fetched from; empty for this registry.
    """

    artifact: str
    version: str
    path: Path
    replaces: str | None
    asked: bool
    source: str = LOCAL

    @property
    def label(self) -> str:
        """What the lock file calls the place it came from."""
        remote = f"{self.source}!" if self.source else ""
        return f"{PREFIX}{remote}{self.artifact}@{self.version}"


def is_reference(text: str) -> bool:
    """Whether a source names an artifact, as ``org.acme/scan`` or ``org.acme/scan@^1``, and no file."""
    return _REFERENCE.fullmatch(text) is not None and not Path(text).exists()


def artifact_of(entry: LockEntry) -> tuple[str, str] | None:
    """Name and version of the artifact that an installed plugin came from; ``None`` if from elsewhere."""
    if not entry.source.startswith(PREFIX):
        return None
    _, _, place = entry.source.removeprefix(PREFIX).rpartition("!")
    name, _, version = place.rpartition("@")
    return (name, version) if name else None


def source_of(entry: LockEntry) -> str:
    """The remote that an installed plugin came from; empty for this registry, and for a file."""
    if not entry.source.startswith(PREFIX):
        return LOCAL
    return entry.source.removeprefix(PREFIX).rpartition("!")[0]


@contextmanager
def acquired(
    operations: Operations,
    reference: str,
    installed: Iterable[LockEntry],
    progress: Callable[[int, int], object] | None = None,
    remote: str | None = None,
) -> Iterator[list[Acquired]]:
    """Fetch a plugin and what it needs, as far as that is not installed in the version chosen.

    Args:
        operations: Of the registry.
        reference: ``namespace/name``, or with a constraint as in ``org.acme/scan@^1.0.0``.
        installed: What is installed; preferred, and moved only if that must be. What came from the
            registry goes on having what it needs, or moves, too.
        progress: Called with the bytes of a package so far and those in all.
        remote: Where it comes from, and what it needs as far as that remote has it; ``None`` for where
            it came from before, else for what pins and sources say.

    Yields:
        Packages, what is needed before what needs it.

    Raises:
        ResolutionError: no versions fit together; ``explanation`` says why.
        InstallError: what was asked for is no plugin or has no content, or is in a registry that no
            package can be fetched from.
        OperationError: a registry refuses, cannot be read, or shows what nobody signed.
    """
    namespace, _, rest = reference.partition("/")
    short, _, constraint = rest.partition("@")
    name = f"{namespace}/{short}"
    known = {
        source[0]: (entry, source[1]) for entry in installed if (source := artifact_of(entry)) is not None
    }
    kept = list(_kept(operations, known, name))
    lost = {artifact for artifact in known if artifact not in {name, *(each["artifact"] for each in kept)}}
    request: dict[str, Any] = {
        **_places(known, name, remote),
        "roots": [{"artifact": name, "constraint": constraint or "*"}, *kept],
        "installed": [each["artifact"] for each in kept],
        "locked": {artifact: version for artifact, (_, version) in known.items() if artifact not in lost},
        "upgrade": [name],
    }
    versions = operations.run("dependency_resolve", subject={"request": request})["versions"]
    with TemporaryDirectory(prefix="hyperhost-install-") as place:
        found: list[Acquired] = []
        for chosen in versions:
            entry, version = known.get(chosen["artifact"], (None, ""))
            asked = chosen["artifact"] == name
            if version == chosen["version"] and not asked:
                continue
            path = _package(operations, chosen, Path(place), asked, progress)
            if path is not None:
                replaces = entry.id if entry is not None else None
                where = chosen["source"]
                found.append(Acquired(chosen["artifact"], chosen["version"], path, replaces, asked, where))
        yield found


def check_packages(packages: Iterable[Acquired], work: Installer) -> None:
    """Whether packages are what their artifacts say, before the first of them is installed.

    Raises:
        InstallError: a package holds another version than its artifact, or a plugin whose id is installed
            from elsewhere.
        PluginLoadError: a package is not usable.
    """
    entries = work.entries()
    for each in packages:
        with work.bench() as host:
            package = work.opened(each.path, host)
        if package.version != each.version:
            raise InstallError(
                f"{each.artifact}@{each.version} holds version {package.version}",
                plugin=package.id,
                hint="ask its publisher for a package of the version that it is published as",
            )
        if each.replaces is None and package.id in entries:
            raise InstallError(
                f"is installed already, from {entries[package.id].source}; {each.artifact} is a plugin "
                "of the same id",
                plugin=package.id,
                hint=f"if it is to be replaced: hyperhost plugin uninstall {package.id}",
            )


def _places(known: Mapping[str, tuple[LockEntry, str]], name: str, remote: str | None) -> dict[str, Any]:
    """Pins and sources of a request: what came from a remote goes on coming from there."""
    pins = {artifact: source for artifact, (entry, _) in known.items() if (source := source_of(entry))}
    if remote is None:
        return {"pins": pins}
    # What is installed from this registry is not looked for elsewhere, whatever a remote calls its own.
    here = {artifact: LOCAL for artifact in known if artifact not in pins}
    return {"pins": {**here, **pins, name: remote}, "sources": [remote, LOCAL]}


def _kept(
    operations: Operations, known: Mapping[str, tuple[LockEntry, str]], name: str
) -> Iterator[dict[str, str]]:
    """Installed plugins as requirements, as far as where they came from still has them."""
    for artifact, (entry, version) in known.items():
        if artifact == name:
            continue
        reference, remote = f"{artifact}@{version}", source_of(entry)
        try:
            if remote:
                operations.run("remote_find", remote=remote, artifact=reference)
            else:
                operations.run("read", artifact=reference)
        except (NotFoundError, UnknownOperationError):
            continue
        yield {"artifact": artifact, "constraint": "*"}


def _package(
    operations: Operations,
    chosen: Mapping[str, Any],
    place: Path,
    asked: bool,
    progress: Callable[[int, int], object] | None,
) -> Path | None:
    """The package of a plugin as a file; ``None`` for what a plugin needs and is none itself."""
    reference, remote = f"{chosen['artifact']}@{chosen['version']}", chosen["source"]
    # Never the local registry for a remote: it may have another of that name, which is not what was chosen.
    artifact = (
        _in_remote(operations, remote, reference) if remote else operations.run("read", artifact=reference)
    )
    if artifact["type"] != "plugin":
        if asked:
            raise InstallError(f"{reference} is a {artifact['type']}, no plugin", hint="name a plugin")
        return None
    if chosen["content_hash"] is None:
        raise InstallError(f"{reference} has no content to install", hint="ask its publisher for a package")
    target = place / f"{artifact['name']}-{artifact['version']}.hhp"
    if not remote:
        return fetch(operations, reference, lambda _: target, progress).path
    wanted = {"target": str(target), "content_hash": chosen["content_hash"]}
    operations.run("remote_fetch", remote=remote, artifact=reference, **wanted)
    return target


def _in_remote(operations: Operations, remote: str, reference: str) -> dict[str, Any]:
    """What a registry elsewhere says of an artifact.

    Raises:
        InstallError: it is one whose versions a plugin lists, and from which nobody can fetch.
    """
    try:
        found: dict[str, Any] = operations.run("remote_find", remote=remote, artifact=reference)
    except (NotFoundError, UnknownOperationError) as error:
        if error.rule == "missing:artifact":
            raise
        raise InstallError(
            f"{reference} is in the registry {remote!r}, which packages cannot be fetched from",
            hint="bring it into this registry with 'hyperhost sync', or install it from a file",
        ) from error
    return found
