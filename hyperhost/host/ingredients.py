"""What of a plugin's directory belongs into its package, and what must not get there by accident."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost.errors import (
    ComponentTooLargeError,
    CorruptComponentError,
    HyperHostError,
    ManifestError,
    PackError,
)
from hyperhost.host.archive import MAX_COMPONENT_BYTES, MAX_FILES, MAX_TOTAL_BYTES, name_problem, open_regular
from hyperhost.host.manifest import MAX_MANIFEST_BYTES, Manifest
from hyperhost.host.package import MANIFEST_NAME, SIGNATURE_NAME, compiled_text
from hyperhost.host.sbom import SBOM_NAME

if TYPE_CHECKING:
    from hyperhost.capabilities.grammar import Grammar

__all__ = ["MAX_DOCUMENT_BYTES", "Ingredients", "ingredients"]

MAX_DOCUMENT_BYTES: Final = 16 << 20
"""Most bytes of one document; a package is no place for videos."""

_DOCS: Final = "docs"
_TOP = re.compile(r"readme\.md|(?:licen[cs]e|copying|notice)(?:[.-][a-z0-9.-]+)?", re.IGNORECASE)
_LEFTOVER = re.compile(
    r".*~|#.*|.*\.(?:py[co]|o|obj|a|so|dylib|dll|class|tmp|temp|bak|orig|rej|sw[op]|part|log|hhp)"
    r"|__pycache__|node_modules|_build|thumbs\.db|desktop\.ini",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What goes into a package.

    Attributes:
        manifest: The plugin's description of itself.
        files: Bytes by the name within the package.
        component: Its component; compiled, where the file holds component text.
    """

    manifest: Manifest
    files: Mapping[str, bytes]
    component: bytes


def ingredients(directory: Path, grammar: Grammar | None = None) -> Ingredients:
    """Read what belongs into the package of the plugin in ``directory``; each file once.

    Raises:
        PackError: it is no directory, holds a native plugin, or what would be packed is a link,
            begins with a dot, was left behind by a build, is too large or too much.
        ManifestError: ``plugin.toml`` is missing or wrong, or names a component that is not there.
        ComponentTooLargeError: the component is over 256 MiB.
        CorruptComponentError: component text that does not compile.
    """
    if not directory.is_dir():
        raise PackError(
            f"{directory} is no directory", hint=f"give the directory of the plugin, where {MANIFEST_NAME} is"
        )
    manifest = _manifest(directory, grammar)
    name = _component_name(manifest)
    try:
        names = [name, *(each for each in _documents(directory) if each != name)]
        if problem := name_problem([MANIFEST_NAME, SBOM_NAME, SIGNATURE_NAME, *names]):
            raise PackError(f"holds {problem}", hint="rename or remove it")
        files = {MANIFEST_NAME: _read(directory, MANIFEST_NAME, MAX_MANIFEST_BYTES)}
        for each in names:
            files[each] = _read(directory, each, MAX_COMPONENT_BYTES if each == name else MAX_DOCUMENT_BYTES)
            if sum(map(len, files.values())) > MAX_TOTAL_BYTES:
                raise PackError(f"holds more than {MAX_TOTAL_BYTES >> 20} MiB", hint="leave something out")
    except HyperHostError as error:
        error.located(manifest.id, None)
        raise
    if Manifest.parse(files[MANIFEST_NAME], grammar=grammar) != manifest:
        raise PackError("changed while it was read", plugin=manifest.id, hint="try again")
    component = files[name]
    if name.endswith(".wat"):
        component = compiled_text(component, Path(name))
    return Ingredients(manifest, files, component)


def _manifest(directory: Path, grammar: Grammar | None) -> Manifest:
    if not (directory / MANIFEST_NAME).exists():
        raise ManifestError(
            f"{directory} holds no {MANIFEST_NAME}", hint=f"put {MANIFEST_NAME} at its top level"
        )
    manifest = Manifest.parse(_read(directory, MANIFEST_NAME, MAX_MANIFEST_BYTES), grammar=grammar)
    if manifest.component is None:
        raise PackError(
            "is a native plugin, whose code would not be in the package",
            plugin=manifest.id,
            hint="distribute it as a wheel with an entry point of the group 'hyperhost.plugins'",
        )
    if not (directory / manifest.component).exists():
        raise ManifestError(
            f"plugin.component is {manifest.component!r}, which is not there",
            plugin=manifest.id,
            hint="build it first, or name another file with the path from the top of the directory",
        )
    return manifest


def _component_name(manifest: Manifest) -> str:
    """The component's file, unless it has a name that means something else."""
    name = manifest.component or ""
    if not name.endswith((".wasm", ".wat")):
        raise PackError(
            f"plugin.component is {name!r}, whose name ends in neither .wasm nor .wat",
            plugin=manifest.id,
            hint="give it another name",
        )
    return name


def _documents(directory: Path) -> Iterator[str]:
    """Names of the documents: some at the top, and all in ``docs``."""
    for entry in _listed(directory):
        if entry.name.endswith(".hhp"):
            continue  # an earlier package of a plugin called, say, licence-check
        if _TOP.fullmatch(entry.name) and not entry.is_dir(follow_symlinks=False):
            _check_leftover(entry.name)
            yield entry.name
    if not os.path.lexists(directory / _DOCS):
        return
    _check_kind(directory, _DOCS)
    pending, seen = [_DOCS], 0
    while pending:
        place = pending.pop()
        for entry in _listed(directory / place):
            name = f"{place}/{entry.name}"
            _check_leftover(name)
            seen += 1
            if seen > MAX_FILES - 8:  # room for what is not a document
                raise PackError(f"{_DOCS} holds more than {MAX_FILES - 8} files", hint="leave something out")
            if entry.is_dir(follow_symlinks=False):
                pending.append(name)
            else:
                yield name


def _listed(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise PackError(f"{directory} cannot be read: {error.strerror or error}") from error


def _check_leftover(name: str) -> None:
    last = name.rpartition("/")[2]
    if last.startswith("."):
        raise PackError(f"{name!r} begins with a dot", hint="remove it; hidden files are not published")
    if _LEFTOVER.fullmatch(last):
        raise PackError(f"{name!r} looks like something left behind by a tool", hint="remove or rename it")


def _check_kind(directory: Path, name: str) -> None:
    """Refuse a link anywhere on the way from ``directory`` to a file of it."""
    path = directory
    for part in name.split("/"):
        path /= part
        if path.is_symlink():
            raise PackError(
                f"{path.relative_to(directory).as_posix()!r} is a link", hint="put a copy in its place"
            )


def _read(directory: Path, name: str, limit: int) -> bytes:
    _check_kind(directory, name)
    try:
        with open_regular(directory / name) as file:
            size = os.fstat(file.fileno()).st_size
            data = b"" if size > limit else file.read(limit + 1)
    except CorruptComponentError as error:
        raise PackError(
            f"{name!r} is no regular file", hint="remove it or put a file in its place"
        ) from error
    except OSError as error:
        raise PackError(f"{name!r} cannot be read: {error.strerror or error}") from error
    if size <= limit and len(data) <= limit:
        return data
    if limit == MAX_COMPONENT_BYTES:
        raise ComponentTooLargeError(
            f"{name} is larger than {limit >> 20} MiB",
            hint="strip debug information, for example with 'wasm-tools strip'",
        )
    if name == MANIFEST_NAME:
        raise ManifestError(f"{name} has {size} bytes", hint=f"the most is {limit // 1024} KiB")
    raise PackError(f"{name!r} is larger than {limit >> 20} MiB", hint="make it smaller or leave it out")
