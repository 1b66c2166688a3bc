"""Sign a packed plugin, and check one, without running anything of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hyperhost.errors import ManifestError, PackError, SignatureError
from hyperhost.host.archive import open_archive
from hyperhost.host.manifest import Manifest
from hyperhost.host.package import MANIFEST_NAME, SIGNATURE_NAME, Package, open_package
from hyperhost.host.packing import SUFFIX, Packed, digest_of, write_package
from hyperhost.host.signature import key_id, sign, verify

if TYPE_CHECKING:
    from hyperhost.capabilities.grammar import Grammar

__all__ = ["Signed", "sign_package", "verify_package"]


@dataclass(frozen=True, slots=True)
class Signed:
    """A package that was signed.

    Attributes:
        packed: The file as it is now.
        replaced: Key id of the signature that it had before, empty if it had none.
        changed: Whether the file was written; it is not when the same key had signed it already.
    """

    packed: Packed
    replaced: str
    changed: bool


def sign_package(path: Path | str, seed: bytes, *, grammar: Grammar | None = None) -> Signed:
    """Add a signature to a ``.hhp`` file, or replace the one that it has.

    The archive is written anew as :func:`~hyperhost.host.packing.pack` writes one, and takes the
    place of the old one when it is complete. A package that was changed after somebody signed it
    is not signed again: who knows by whom it was changed packs it anew.

    Args:
        path: The file.
        seed: Private Ed25519 key, 32 bytes.
        grammar: Grammar of the capabilities in its manifest; the built-in one when not given.

    Raises:
        PackError: it is no ``.hhp`` file, or cannot be written.
        SignatureError: the signature that it has does not fit, or the key is not 32 bytes.
        ManifestError: its manifest is missing or wrong.
        PluginLoadError: it is not a usable package, in one of the ways that subclasses name.
    """
    path = Path(path)
    if path.suffix != SUFFIX or not path.is_file():
        raise PackError(
            f"{path} is no {SUFFIX} file", hint="pack the plugin first, with: hyperhost plugin pack DIRECTORY"
        )
    try:
        with path.open("rb") as file:
            before = hashlib.file_digest(file, "sha256").hexdigest()
        with open_archive(path) as reader:
            files = {name: b"".join(reader.chunks(name)) for name in reader.sizes}
    except OSError as error:
        raise PackError(f"{path} cannot be read: {error.strerror or error}") from error
    if MANIFEST_NAME not in files:
        raise ManifestError(f"{path} holds no {MANIFEST_NAME}", hint=f"put {MANIFEST_NAME} at its top level")
    manifest = Manifest.parse(files[MANIFEST_NAME], grammar=grammar)
    digest = digest_of(files)
    old = verify(files[SIGNATURE_NAME], manifest, digest) if SIGNATURE_NAME in files else ""
    if old != key_id(seed):
        files[SIGNATURE_NAME] = sign(manifest.id, manifest.version, digest, seed)
    packed = write_package(files, manifest, path, grammar=grammar)
    return Signed(packed, old, before != packed.sha256)


def verify_package(path: Path | str, key: str = "", *, grammar: Grammar | None = None) -> Package:
    """Check that a package is what its publisher signed.

    Args:
        path: A ``.hhp`` file, or a directory with ``plugin.toml``.
        key: Key id that must have signed it; any key will do when empty.
        grammar: Grammar of the capabilities in its manifest; the built-in one when not given.

    Returns:
        The package, whose ``publisher`` signed it.

    Raises:
        SignatureError: it is not signed, was changed after it was signed, or another key signed it.
        PluginLoadError: it is not a usable package, in one of the ways that subclasses name.
        ManifestError: its manifest is missing or wrong.
    """
    package = open_package(path, grammar=grammar)
    if not package.publisher:
        raise SignatureError(
            "is not signed: nobody vouches for it",
            plugin=package.id,
            hint=f"its publisher signs it with: hyperhost plugin sign {path} --key FILE",
        )
    if key and package.publisher != key:
        raise SignatureError(
            f"was signed by another key than the one expected: by {package.publisher}, not by {key}",
            plugin=package.id,
            hint="ask its publisher, by another way than this file came, which key is theirs",
        )
    return package
