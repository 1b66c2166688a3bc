"""Signatures of packages: a DSSE envelope over id, version and digest, signed with Ed25519.

The envelope follows the Dead Simple Signing Envelope specification 1.0 (``payload``,
``payloadType`` and ``signatures``; what is signed is its pre-authentication encoding). The key id
*is* the public key, so an envelope can be checked with nothing else at hand; whether that key
is *trusted* is decided elsewhere, by comparing it with the one that grants are bound to.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Final, Protocol

from hyperhost.errors import SignatureError

__all__ = ["KEY_PREFIX", "PAYLOAD_TYPE", "Identified", "key_id", "pae", "payload_bytes", "sign", "verify"]

PAYLOAD_TYPE: Final = "application/vnd.hyperhost.package+json"
KEY_PREFIX: Final = "ed25519:"
MAX_ENVELOPE_BYTES: Final = 64 * 1024

_KEY_ID = re.compile(re.escape(KEY_PREFIX) + "[0-9a-f]{64}")
_HINT: Final = "get the package again from its publisher; do not install this one"


class Identified(Protocol):
    """What of a manifest is signed."""

    @property
    def id(self) -> str:
        """Plugin id."""
        ...

    @property
    def version(self) -> str:
        """Plugin version."""
        ...


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's pre-authentication encoding."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def payload_bytes(plugin_id: str, version: str, digest: str) -> bytes:
    """Canonical JSON (RFC 8785) of what is signed.

    All three values are ASCII, for which sorted keys without spaces are the canonical form.
    """
    fields = {"digest": digest, "id": plugin_id, "version": version}
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def key_id(seed: bytes) -> str:
    """The key id, ``ed25519:`` and the public key in hex, of the private key ``seed`` (32 bytes).

    Raises:
        SignatureError: not 32 bytes.
    """
    from nacl.signing import SigningKey

    return KEY_PREFIX + bytes(SigningKey(_checked_seed(seed)).verify_key).hex()


def sign(plugin_id: str, version: str, digest: str, seed: bytes) -> bytes:
    """The envelope (JSON) for a package, signed with the private key ``seed`` (32 bytes).

    Args:
        plugin_id: Id in the manifest.
        version: Version in the manifest.
        digest: :attr:`Package.digest`, for example ``sha256:9f86…``.
        seed: Ed25519 private key.

    Raises:
        SignatureError: the key is not 32 bytes.
    """
    from nacl.signing import SigningKey

    payload = payload_bytes(plugin_id, version, digest)
    signature = SigningKey(_checked_seed(seed)).sign(pae(PAYLOAD_TYPE, payload)).signature
    envelope = {
        "payload": base64.b64encode(payload).decode("ascii"),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": key_id(seed), "sig": base64.b64encode(signature).decode("ascii")}],
    }
    return json.dumps(envelope, sort_keys=True, indent=1).encode("ascii") + b"\n"


def verify(envelope: bytes, manifest: Identified, digest: str) -> str:
    """The key id that signed the package.

    Args:
        envelope: Content of ``plugin.sig``.
        manifest: The manifest found in the package.
        digest: The digest computed from the package.

    Raises:
        SignatureError: the envelope is malformed or over 64 KiB, signs another id, version or
            digest, or its signature does not verify.
    """
    payload, name, signature = _opened(envelope, manifest.id)
    _check_payload(payload, manifest, digest)
    from nacl.exceptions import BadSignatureError, CryptoError
    from nacl.signing import VerifyKey

    try:
        VerifyKey(bytes.fromhex(name.removeprefix(KEY_PREFIX))).verify(pae(PAYLOAD_TYPE, payload), signature)
    except (BadSignatureError, CryptoError, ValueError, TypeError) as error:
        raise SignatureError(
            f"the signature was not made by the key {name}", plugin=manifest.id, hint=_HINT
        ) from error
    return name


def _opened(envelope: bytes, plugin: str) -> tuple[bytes, str, bytes]:
    """Payload, key id and signature of a well-formed envelope; nothing is verified yet."""
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise SignatureError(f"the signature file has {len(envelope)} bytes", plugin=plugin, hint=_HINT)
    try:
        document = json.loads(envelope.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SignatureError("the signature file is no JSON", plugin=plugin, hint=_HINT) from error
    if not isinstance(document, Mapping) or document.get("payloadType") != PAYLOAD_TYPE:
        raise SignatureError(f"the signature is not of type {PAYLOAD_TYPE}", plugin=plugin, hint=_HINT)
    signatures = document.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1 or not isinstance(signatures[0], Mapping):
        raise SignatureError("the signature file must hold exactly one signature", plugin=plugin, hint=_HINT)
    name = signatures[0].get("keyid")
    if not isinstance(name, str) or not _KEY_ID.fullmatch(name):
        raise SignatureError(
            f"the key id {name!r} is not 'ed25519:' and 64 hexadecimal digits", plugin=plugin, hint=_HINT
        )
    payload = _base64(document.get("payload"), "payload", plugin)
    return payload, name, _base64(signatures[0].get("sig"), "signature", plugin)


def _check_payload(payload: bytes, manifest: Identified, digest: str) -> None:
    expected = payload_bytes(manifest.id, manifest.version, digest)
    if payload == expected:
        return
    try:
        signed = json.loads(payload)
    except (ValueError, RecursionError):
        signed = None
    if not isinstance(signed, Mapping):
        raise SignatureError("the signed payload is no JSON object", plugin=manifest.id, hint=_HINT)
    for key, found in (("id", manifest.id), ("version", manifest.version), ("digest", digest)):
        if signed.get(key) != found:
            raise SignatureError(
                f"the signature is for {key} {str(signed.get(key))[:100]!r}, but the package has {found!r}",
                plugin=manifest.id,
                hint=_HINT,
            )
    raise SignatureError("the signed payload is not canonical JSON", plugin=manifest.id, hint=_HINT)


def _base64(text: object, what: str, plugin: str) -> bytes:
    """Standard or URL-safe base64; the specification asks verifiers to accept both."""
    try:
        if not isinstance(text, str):
            raise ValueError("no text")
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (ValueError, binascii.Error) as error:
        raise SignatureError(f"the {what} is no base64 text", plugin=plugin, hint=_HINT) from error


def _checked_seed(seed: bytes) -> bytes:
    if not isinstance(seed, bytes) or len(seed) != 32:
        raise SignatureError(
            "a private Ed25519 key has 32 bytes", hint="make one with nacl.signing.SigningKey"
        )
    return seed
