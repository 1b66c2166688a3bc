"""Ed25519 (RFC 8032), by libsodium."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

__all__ = ["Ed25519", "verify"]

_KEY: Final = 32
_SIGNATURE: Final = 64
_SPKI: Final = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of a public key in a SubjectPublicKeyInfo (RFC 8410)."""


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature holds, strictly.

    Refused are also a signature whose ``S`` is not below the group's order (RFC 8032, section 5.1.7: it
    would be a second one for the same message), public keys of small order, and encodings of points that
    are not canonical.

    Args:
        public_key: 32 bytes.
        message: What was signed.
        signature: 64 bytes.

    Returns:
        Whether it holds; ``False`` as well for a key or signature of another length.
    """
    if len(public_key) != _KEY or len(signature) != _SIGNATURE:
        return False
    opened, failure = _sodium()
    try:
        opened(signature + message, public_key)
    except (failure, ValueError):
        return False
    return True


@cache
def _sodium() -> tuple[Callable[[bytes, bytes], bytes], type[Exception]]:
    """Verification by libsodium, and its error; looked up once, as thousands of signatures are verified."""
    from nacl.bindings import crypto_sign_open
    from nacl.exceptions import CryptoError

    return crypto_sign_open, CryptoError


class Ed25519:
    """Ed25519 keys. The private half is the seed, 32 bytes.

    What a seed expands to is kept as long as the object is, as that takes as long as signing does.
    """

    name = "ed25519"
    aliases: tuple[str, ...] = ("eddsa",)
    generates = True

    def __init__(self) -> None:
        self._expanded: dict[bytes, bytes] = {}

    def generate(self) -> tuple[bytes, bytes]:
        """A new key."""
        import secrets

        seed = secrets.token_bytes(_KEY)
        return seed, self.public_of(seed)

    def public_of(self, private: bytes) -> bytes:
        """The public half of a seed.

        Raises:
            ValueError: it has not 32 bytes.
        """
        from nacl.bindings import crypto_sign_seed_keypair

        if len(private) != _KEY:
            raise ValueError("a private Ed25519 key has 32 bytes")
        return bytes(crypto_sign_seed_keypair(private)[0])

    def sign(self, private: bytes, message: bytes) -> bytes:
        """The signature of a message, 64 bytes."""
        from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

        expanded = self._expanded.get(private)
        if expanded is None:
            expanded = self._expanded[private] = crypto_sign_seed_keypair(private)[1]
        return bytes(crypto_sign(message, expanded)[:_SIGNATURE])

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """See :func:`verify`."""
        return verify(public, message, signature)

    def read_public(self, data: bytes) -> bytes | None:
        """The public half in a PEM file."""
        from .pem import public_der

        der = public_der(data)
        if der is None or len(der) != len(_SPKI) + _KEY or not der.startswith(_SPKI):
            return None
        public = der[len(_SPKI) :]
        return public if self.is_public(public) else None

    def is_public(self, data: bytes) -> bool:
        """Whether it is a point of the main subgroup, canonically encoded; so one key has one id."""
        from nacl.bindings import crypto_core_ed25519_is_valid_point

        return len(data) == _KEY and bool(crypto_core_ed25519_is_valid_point(data))
