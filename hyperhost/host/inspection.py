"""Everything that a package says about itself, read without running or compiling anything of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hyperhost.errors import PluginLoadError
from hyperhost.host.archive import FileReader, open_archive, open_directory
from hyperhost.host.package import Package, open_package
from hyperhost.host.sbom import MAX_SBOM_BYTES, SBOM_NAME, SbomSummary, summarise
from hyperhost.sandbox.outernames import OuterNames, outer_names

if TYPE_CHECKING:
    from hyperhost.capabilities.grammar import Grammar

__all__ = ["Inspection", "inspect_package"]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in a package.

    Attributes:
        package: The package; its signature, if it has one, was verified.
        files: Bytes of each file by its name.
        names: What its component imports and exports; nothing for a native plugin.
        sbom: Its parts list, ``None`` when it has none.
    """

    package: Package
    files: Mapping[str, int]
    names: OuterNames
    sbom: SbomSummary | None

    @property
    def size(self) -> int:
        """Bytes of the ``.hhp`` or ``.wasm`` file; of all files together for a directory."""
        source = self.package.source
        return sum(self.files.values()) if source.is_dir() else source.stat().st_size


def inspect_package(path: Path | str, *, grammar: Grammar | None = None) -> Inspection:
    """Read a package.

    Args:
        path: A ``.wasm``, a ``.wat``, a ``.hhp``, or a directory with ``plugin.toml``.
        grammar: Grammar of the capabilities in its manifest; the built-in one when not given.

    Raises:
        PluginLoadError: it is not a usable package, in one of the ways that subclasses name.
        ManifestError: its manifest is missing or wrong.
        SignatureError: it is signed and the signature does not fit.
    """
    package = open_package(path, grammar=grammar)
    source = package.source
    name = package.manifest.component or ""
    names = OuterNames() if package.component is None else outer_names(package.component, name)
    try:
        if package.manifest.bare:
            return Inspection(package, {source.name: source.stat().st_size}, names, None)
        with open_directory(source) if source.is_dir() else open_archive(source) as files:
            return Inspection(package, dict(files.sizes), names, _sbom(files, name))
    except OSError as error:
        raise PluginLoadError(
            f"{source} cannot be read: {error.strerror or error}", plugin=package.id
        ) from error


def _sbom(files: FileReader, component: str) -> SbomSummary | None:
    if SBOM_NAME not in files.sizes:
        return None
    if files.sizes[SBOM_NAME] > MAX_SBOM_BYTES:
        return SbomSummary(problem=f"it is larger than {MAX_SBOM_BYTES >> 20} MiB")
    digest = hashlib.sha256()  # of the file, which may hold component text
    for chunk in files.chunks(component) if component else ():
        digest.update(chunk)
    return summarise(b"".join(files.chunks(SBOM_NAME)), component, digest.hexdigest())
