"""Open a package, whatever its form: a lone component, a directory, or a packed ``.hhp`` file.

A package is read without being unpacked: nothing of it touches the disk. Its digest covers the
name and the bytes of every file but the signature, so a directory and the archive made from it
have the same digest, and any changed byte gives another one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hyperhost.capabilities.grammar import Grammar
from hyperhost.errors import (
    ComponentTooLargeError,
    CorruptComponentError,
    ManifestError,
    PluginLoadError,
)
from hyperhost.host.archive import MAX_COMPONENT_BYTES, FileReader, open_archive, open_directory
from hyperhost.host.manifest import MAX_MANIFEST_BYTES, Manifest
from hyperhost.host.signature import MAX_ENVELOPE_BYTES, verify

__all__ = ["MANIFEST_NAME", "SIGNATURE_NAME", "Package", "compiled_text", "open_package", "package_digest"]

MANIFEST_NAME: Final = "plugin.toml"
SIGNATURE_NAME: Final = "plugin.sig"


@dataclass(frozen=True, slots=True)
class Package:
    """An opened package; its signature, if it has one, was verified.

    Attributes:
        manifest: What the plugin says of itself.
        component: Bytes of the component, ``None`` for a native plugin.
        digest: ``sha256:`` and 64 hexadecimal digits; of the bytes for a lone component, of the
            listing of all files otherwise.
        publisher: Key id that signed it (``ed25519:`` and hex), empty when it is not signed.
        source: Where it was opened from.
        component_sha256: SHA-256 of ``component`` in hex where it is known, to hash it only once.
    """

    manifest: Manifest
    component: bytes | None = field(repr=False)
    digest: str
    publisher: str
    source: Path
    component_sha256: str = field(default="", repr=False)

    @property
    def id(self) -> str:
        """Id of the plugin."""
        return self.manifest.id

    @property
    def version(self) -> str:
        """Version of the plugin."""
        return self.manifest.version

    def with_manifest(self, manifest: Manifest) -> Package:
        """The same package described by ``manifest``; for lone components, once their exports are known."""
        return dataclasses.replace(self, manifest=manifest)


def open_package(path: Path | str, *, grammar: Grammar | None = None) -> Package:
    """Open a ``.wasm``, a ``.wat`` (component text), a ``.hhp``, or a directory with ``plugin.toml``.

    Args:
        path: The file or directory.
        grammar: Grammar of the capabilities in its manifest; the built-in one when not given.

    Raises:
        PluginLoadError: nothing is there, it is of another form, or an archive or directory holds
            what could reach outside of it (links, absolute names, ``..``) or exhaust the machine.
        CorruptComponentError: a damaged archive, or component text that does not compile.
        ComponentTooLargeError: the component is over 256 MiB.
        ManifestError: ``plugin.toml`` is missing or wrong, or names a file that is not there.
        SignatureError: ``plugin.sig`` is there and does not fit.
    """
    path = Path(path)
    try:
        if path.is_dir():
            with open_directory(path) as files:
                return _read(files, path, grammar)
        if not path.is_file():
            raise PluginLoadError(
                f"{path} is not there", hint="give a .wasm, a .hhp or a directory with plugin.toml"
            )
        if path.suffix == ".hhp":
            with open_archive(path) as files:
                return _read(files, path, grammar)
        if path.suffix in (".wasm", ".wat"):
            return _lone(path)
    except OSError as error:
        raise PluginLoadError(f"{path} cannot be read: {error.strerror or error}") from error
    raise PluginLoadError(
        f"{path} is no plugin package", hint="give a .wasm, a .hhp or a directory with plugin.toml"
    )


def package_digest(hashes: Mapping[str, str]) -> str:
    """Digest of a package from the sha256 (hex) of each file by name; the signature is left out."""
    listing = [[name, hashes[name]] for name in sorted(hashes) if name != SIGNATURE_NAME]
    text = json.dumps(listing, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest()


def _lone(path: Path) -> Package:
    manifest = Manifest.for_bare_component(path)
    if path.stat().st_size > MAX_COMPONENT_BYTES:
        raise _too_large(path.name, manifest.id)
    data = path.read_bytes()
    if path.suffix == ".wat":
        data = compiled_text(data, path)
    sha256 = hashlib.sha256(data).hexdigest()
    return Package(manifest, data, "sha256:" + sha256, "", path, sha256)


def compiled_text(text: bytes, path: Path) -> bytes:
    """The component that component text describes.

    Args:
        text: What a ``.wat`` file holds.
        path: That file, whose name is shown in errors.

    Raises:
        CorruptComponentError: it does not compile.
    """
    import wasmtime

    try:
        return bytes(wasmtime.wat2wasm(text.decode("utf-8")))
    except (wasmtime.WasmtimeError, UnicodeDecodeError) as error:
        raise CorruptComponentError(f"{path.name} is no component text: {error}") from error


def _read(files: FileReader, source: Path, grammar: Grammar | None) -> Package:
    if MANIFEST_NAME not in files.sizes:
        raise ManifestError(
            f"{source} holds no {MANIFEST_NAME}", hint=f"put {MANIFEST_NAME} at its top level"
        )
    if files.sizes[MANIFEST_NAME] > MAX_MANIFEST_BYTES:
        raise ManifestError(
            f"{MANIFEST_NAME} has {files.sizes[MANIFEST_NAME]} bytes",
            hint=f"the most is {MAX_MANIFEST_BYTES // 1024} KiB",
        )
    text, _ = _whole(files.chunks(MANIFEST_NAME))
    manifest = Manifest.parse(text, grammar=grammar)
    if manifest.component is not None and manifest.component not in files.sizes:
        raise ManifestError(
            f"plugin.component is {manifest.component!r}, which the package does not hold",
            plugin=manifest.id,
            hint="name a file of the package, with the path from its top",
        )
    if files.sizes.get(manifest.component or "", 0) > MAX_COMPONENT_BYTES:
        raise _too_large(manifest.component or "", manifest.id)
    kept: dict[str, bytes] = {}
    hashes: dict[str, str] = {}
    for name in files.sizes:
        if name in (manifest.component, SIGNATURE_NAME, MANIFEST_NAME):
            limit = MAX_ENVELOPE_BYTES + 1 if name == SIGNATURE_NAME else None
            kept[name], hashes[name] = _whole(files.chunks(name), limit)
        else:
            hashes[name] = _hash(files.chunks(name))
    if kept[MANIFEST_NAME] != text:
        raise PluginLoadError(f"{source} changed while it was read", plugin=manifest.id, hint="try again")
    digest = package_digest(hashes)
    publisher = verify(kept[SIGNATURE_NAME], manifest, digest) if SIGNATURE_NAME in kept else ""
    if manifest.component is None:
        return Package(manifest, None, digest, publisher, source)
    component, sha256 = kept[manifest.component], hashes[manifest.component]
    if Path(manifest.component).suffix == ".wat":  # the hash is that of the text
        component, sha256 = compiled_text(component, source / manifest.component), ""
    return Package(manifest, component, digest, publisher, source, sha256)


def _whole(chunks: Iterator[bytes], limit: int | None = None) -> tuple[bytes, str]:
    """All bytes (at most about ``limit`` of them, if given) and their sha256 in hex."""
    kept = bytearray()
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        if limit is None or len(kept) < limit:
            kept += chunk
    return bytes(kept), digest.hexdigest()


def _hash(chunks: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _too_large(name: str, plugin: str) -> ComponentTooLargeError:
    return ComponentTooLargeError(
        f"{name} is larger than {MAX_COMPONENT_BYTES >> 20} MiB",
        plugin=plugin,
        hint="strip debug information, for example with 'wasm-tools strip'",
    )
