"""Write a plugin as one ``.hhp`` file: the same bytes for the same content, wherever it is packed.

An archive says nothing about the machine that made it: entries are sorted by name and carry one
fixed time and mode. They are stored, not compressed: what a compressor writes differs between its
versions, and a stored component is read at every start without being expanded first. What travels
over a network is better compressed there. Whoever ships a package inside of something else may want
it small all the same; its digest is that of its files, so it is the same compressed or not.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost.errors import HyperHostError, PackError
from hyperhost.host.archive import MAX_TOTAL_BYTES
from hyperhost.host.ingredients import ingredients
from hyperhost.host.outfile import staging
from hyperhost.host.package import SIGNATURE_NAME, open_package, package_digest
from hyperhost.host.sbom import SBOM_NAME, sbom_bytes
from hyperhost.host.signature import sign
from hyperhost.sandbox.outernames import outer_names

if TYPE_CHECKING:
    from hyperhost.capabilities.grammar import Grammar
    from hyperhost.host.manifest import Manifest

__all__ = ["SUFFIX", "Packed", "digest_of", "pack", "write_package"]

SUFFIX: Final = ".hhp"

_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip archive can state."""

_HARDEST: Final = 9
"""Level of compression; time is spent once, when it is packed."""

_UNIX: Final = 3
_ZIP_VERSION: Final = 20


@dataclass(frozen=True, slots=True)
class Packed:
    """A package that was written.

    Attributes:
        path: The file.
        id: Id of the plugin.
        version: Its version.
        digest: Digest of the package, as :attr:`Package.digest`.
        publisher: Key id that signed it, empty when it is not signed.
        size: Bytes of the file.
        sha256: SHA-256 of the file in hex, to be compared with that of another build.
        files: Names of the files in it, sorted.
        notes: What a person should know, each a sentence without a full stop.
    """

    path: Path
    id: str
    version: str
    digest: str
    publisher: str
    size: int
    sha256: str
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()


def pack(
    directory: Path | str,
    out: Path | str | None = None,
    *,
    seed: bytes | None = None,
    grammar: Grammar | None = None,
    compressed: bool = False,
) -> Packed:
    """Pack the plugin in ``directory``.

    Packed are ``plugin.toml``, the component, ``README.md``, everything in ``docs``, and licence
    files at the top; sources, tests and anything else stay behind. A parts list is added.

    Args:
        directory: Where ``plugin.toml`` is.
        out: The file to write, whose name ends in ``.hhp``; ``ID-VERSION.hhp`` in the current
            directory when not given. It is replaced if it is there.
        seed: Private Ed25519 key (32 bytes) to sign with; not signed when not given.
        grammar: Grammar of the capabilities in its manifest; the built-in one when not given.
        compressed: Deflate the files. The bytes of the archive are then those of this zlib; what the
            package holds, and its digest, are the same everywhere.

    Raises:
        PackError: something in it must not be packed, or the file cannot be written. What stood
            there before still does.
        ManifestError: ``plugin.toml`` is missing or wrong, or names a component that is not there.
        ComponentFormatError: the component is none, or too large.
        SignatureError: the key is not 32 bytes.
    """
    found = ingredients(Path(directory), grammar)
    manifest, files = found.manifest, dict(found.files)
    assert manifest.component is not None
    component = files[manifest.component]
    names = outer_names(found.component, manifest.component)
    files[SBOM_NAME] = sbom_bytes(manifest, hashlib.sha256(component).hexdigest(), names.needed)
    if seed is not None:
        files[SIGNATURE_NAME] = sign(manifest.id, manifest.version, digest_of(files), seed)
    target = Path(out) if out is not None else Path(f"{manifest.id}-{manifest.version}{SUFFIX}")
    notes = _notes(files)
    return write_package(files, manifest, target, notes=notes, grammar=grammar, compressed=compressed)


def digest_of(files: Mapping[str, bytes]) -> str:
    """Digest of a package that holds these files."""
    return package_digest({name: hashlib.sha256(data).hexdigest() for name, data in files.items()})


def write_package(
    files: Mapping[str, bytes],
    manifest: Manifest,
    target: Path,
    *,
    notes: tuple[str, ...] = (),
    grammar: Grammar | None = None,
    compressed: bool = False,
) -> Packed:
    """Write files as a package, and open it as an installer would before it takes its place.

    Raises:
        PackError: it would not be a package that can be opened, or it cannot be written.
    """
    if target.suffix != SUFFIX:
        raise PackError(
            f"the file to write is {target.name!r}, whose name does not end in {SUFFIX}",
            plugin=manifest.id,
            hint=f"for example {manifest.id}-{manifest.version}{SUFFIX}",
        )
    if target.is_dir():
        raise PackError(f"{target} is a directory", plugin=manifest.id, hint="name a file")
    if sum(map(len, files.values())) > MAX_TOTAL_BYTES:
        raise PackError(
            f"holds more than {MAX_TOTAL_BYTES >> 20} MiB", plugin=manifest.id, hint="leave something out"
        )
    target = target.resolve()  # a link to a package stays a link
    with staging(target) as temporary:
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        _write(files, temporary, zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED)
        sha256 = hashlib.sha256(temporary.read_bytes()).hexdigest()
        size = temporary.stat().st_size
        publisher = _checked(temporary, files, manifest, grammar)
        temporary.replace(target)
    return Packed(
        target,
        manifest.id,
        manifest.version,
        digest_of(files),
        publisher,
        size,
        sha256,
        tuple(sorted(files)),
        notes,
    )


def _write(files: Mapping[str, bytes], path: Path, method: int) -> None:
    with path.open("wb") as file:
        with zipfile.ZipFile(file, "w", method, allowZip64=False) as archive:
            for name in sorted(files):
                info = zipfile.ZipInfo(name, _EARLIEST)
                info.create_system = _UNIX
                info.create_version = info.extract_version = _ZIP_VERSION
                info.external_attr = (stat.S_IFREG | 0o644) << 16
                archive.writestr(info, files[name], method, _HARDEST)
        file.flush()
        os.fsync(file.fileno())


def _checked(path: Path, files: Mapping[str, bytes], manifest: Manifest, grammar: Grammar | None) -> str:
    """The publisher, once the written package was opened and found to be what was meant."""
    try:
        package = open_package(path, grammar=grammar)
    except HyperHostError as error:
        raise PackError(
            f"would not be a package that can be installed: {error.message}",
            plugin=manifest.id,
            hint=error.hint,
        ) from error
    if package.digest != digest_of(files):
        raise PackError("was changed while it was written", plugin=manifest.id, hint="try again")
    return package.publisher


def _notes(files: Mapping[str, bytes]) -> tuple[str, ...]:
    tops = [name.partition(".")[0].casefold() for name in files if "/" not in name]
    missing = []
    if SIGNATURE_NAME not in files:
        missing.append("it is not signed; add --key FILE, or sign it later with 'hyperhost plugin sign'")
    if "readme" not in tops:
        missing.append("it has no README.md")
    if not any(top.startswith(("license", "licence", "copying")) for top in tops):
        missing.append("it has no licence file")
    return tuple(missing)
