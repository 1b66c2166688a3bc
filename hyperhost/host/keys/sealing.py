"""Private halves, encrypted: XChaCha20-Poly1305 under a key that Argon2id derives (libsodium).

A sealed key is a JSON object. Everything in it but the ciphertext is authenticated with it, so what
it says of itself (id, algorithm, cost) cannot be changed either.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hyperhost.errors import RefusalError
from hyperhost.host.canonical import canonical_json

__all__ = ["PASSPHRASE_MIN", "Unlock", "open_sealed", "read_json", "seal", "unusable"]

SEALED_TYPE: Final = "hyperhost-sealed-key"
PASSPHRASE_MIN: Final = 12
_COST: Final = {"passphrase": (3, 64 << 20)}
"""Argon2id passes and bytes of memory: the second recommended option of RFC 9106, section 4."""
_COST_RANDOM: Final = (1, 8 << 20)
"""The same for a secret of 32 random bytes, which nobody can guess."""
_MOST: Final = (10, 1 << 30)
_FIELDS: Final = frozenset(
    [
        *("type", "version", "id", "algorithm", "unlock"),
        *("kdf", "passes", "memory_bytes", "salt", "cipher", "nonce", "sealed"),
    ]
)


@dataclass(frozen=True, slots=True)
class Unlock:
    """What private halves are encrypted with.

    Attributes:
        kind: ``file``, ``keyring`` or ``passphrase``.
        secret: The secret itself.
    """

    kind: str
    secret: bytes = field(repr=False)


def seal(key_id: str, private: bytes, unlock: Unlock) -> dict[str, Any]:
    """A private half, encrypted, as JSON data.

    Raises:
        RefusalError: ``signing.key-unusable``, when a passphrase is under 12 bytes long.
    """
    from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as encrypt

    if unlock.kind == "passphrase" and len(unlock.secret) < PASSPHRASE_MIN:
        raise unusable("the passphrase is too short", f"take {PASSPHRASE_MIN} characters or more")
    passes, memory = _COST.get(unlock.kind, _COST_RANDOM)
    document: dict[str, Any] = {
        "type": SEALED_TYPE,
        "version": 1,
        "id": key_id,
        "algorithm": key_id.partition(":")[0],
        "unlock": unlock.kind,
        "kdf": "argon2id",
        "passes": passes,
        "memory_bytes": memory,
        "salt": _text(secrets.token_bytes(16)),
        "cipher": "xchacha20-poly1305",
    }
    nonce = secrets.token_bytes(24)
    sealed = encrypt(private, canonical_json(document), nonce, _derived(document, unlock))
    return {**document, "nonce": _text(nonce), "sealed": _text(sealed)}


def open_sealed(document: object, key_id: str, unlock: Unlock) -> bytes:
    """The private half in a sealed key.

    Args:
        document: JSON data, from anywhere.
        key_id: Whose it has to be.
        unlock: The secret.

    Raises:
        RefusalError: ``signing.key-unusable``: it is damaged, belongs to another key, or was
            encrypted with another secret.
    """
    from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt
    from nacl.exceptions import CryptoError

    if not isinstance(document, Mapping) or set(document) != _FIELDS or not _is_known(document):
        raise unusable(f"the private half of {key_id} is damaged", "import the key again from a copy")
    if document["id"] != key_id:
        raise unusable(f"the private half is that of {str(document['id'])[:100]}, not of {key_id}")
    if document["unlock"] != unlock.kind:
        raise unusable(
            f"{key_id} was encrypted with a {document['unlock']}, not with a {unlock.kind}",
            f"set unlock = {document['unlock']!r} in the plugin's configuration",
        )
    head = {name: value for name, value in document.items() if name not in ("nonce", "sealed")}
    try:
        nonce, sealed = (base64.b64decode(document[name], validate=True) for name in ("nonce", "sealed"))
        return bytes(decrypt(sealed, canonical_json(head), nonce, _derived(document, unlock)))
    except (CryptoError, binascii.Error, ValueError, TypeError) as error:
        raise unusable(
            f"{key_id} cannot be unlocked: the {unlock.kind} is not the one that it was encrypted with, "
            "or it is damaged",
            "give the right one, or import the key again from a copy",
        ) from error


def unusable(reason: str, hint: str = "") -> RefusalError:
    """The refusal ``signing.key-unusable``."""
    return RefusalError(reason, "signing.key-unusable", hint=hint)


def read_json(data: bytes) -> Any:
    """JSON data, or ``None`` when it is none."""
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


def _is_known(document: Mapping[str, Any]) -> bool:
    """Whether the document is of the one kind there is, and does not ask for more than a bounded cost."""
    fixed = {"type": SEALED_TYPE, "version": 1, "kdf": "argon2id", "cipher": "xchacha20-poly1305"}
    costs = (document["passes"], document["memory_bytes"])
    return (
        all(document[name] == value for name, value in fixed.items())
        and all(type(cost) is int and 1 <= cost <= most for cost, most in zip(costs, _MOST, strict=True))
        and all(isinstance(document[name], str) for name in ("id", "unlock", "salt", "nonce", "sealed"))
    )


def _derived(document: Mapping[str, Any], unlock: Unlock) -> bytes:
    from nacl.pwhash import argon2id

    salt = base64.b64decode(document["salt"], validate=True)
    return bytes(argon2id.kdf(32, unlock.secret, salt, document["passes"], document["memory_bytes"]))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
