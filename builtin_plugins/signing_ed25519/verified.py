"""ECDSA P-256 and RSA-PSS, to verify with keys that others have; by ``cryptography``.

Public keys are kept as SubjectPublicKeyInfo (DER), in the one encoding that OpenSSL writes. Parsing one
costs more than verifying with it, so the last ones are kept.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from hyperhost.errors import RefusalError

from .pem import public_der

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

__all__ = ["EcdsaP256", "RsaPss"]

_RSA_BITS: Final = (2048, 8192)
_KEPT: Final = 1024


class _VerifiedOnly(ABC):
    """What both have in common: there are no private halves."""

    name = ""
    aliases: tuple[str, ...] = ()
    generates = False

    def generate(self) -> tuple[bytes, bytes]:
        """Refused.

        Raises:
            RefusalError: always.
        """
        raise RefusalError(f"keys of {self.name} are only verified with here", "signing.algorithm")

    def public_of(self, private: bytes) -> bytes:
        """Refused.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"there are no private keys of {self.name} here")

    def sign(self, private: bytes, message: bytes) -> bytes:
        """Refused.

        Raises:
            RefusalError: always.
        """
        raise RefusalError(f"nothing is signed with {self.name} here", "signing.key-unusable")

    def read_public(self, data: bytes) -> bytes | None:
        """The public half in a PEM file."""
        der = public_der(data)
        return der if der is not None and self.is_public(der) else None

    @abstractmethod
    def is_public(self, data: bytes) -> bool:
        """Whether it is a public key of this algorithm, in the one encoding."""


class EcdsaP256(_VerifiedOnly):
    """ECDSA on P-256 with SHA-256 (FIPS 186-5); signatures in DER, as X.509 and TLS have them."""

    name = "ecdsa-p256"
    aliases: tuple[str, ...] = ("ecdsa", "ecdsa-p256-sha256")

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether a signature holds."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        key = _p256(public)
        if key is None:
            return False
        try:
            key.verify(signature, message, ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True

    def is_public(self, data: bytes) -> bool:
        """Whether it is a point on P-256, not compressed."""
        return _p256(data) is not None


class RsaPss(_VerifiedOnly):
    """RSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes; keys of 2048 to 8192 bits."""

    name = "rsa-pss"
    aliases: tuple[str, ...] = ("rsa", "rsa-pss-sha256")

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether a signature holds."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
        from cryptography.hazmat.primitives.hashes import SHA256

        key = _rsa(public)
        if key is None:
            return False
        try:
            key.verify(signature, message, PSS(MGF1(SHA256()), salt_length=32), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def is_public(self, data: bytes) -> bool:
        """Whether it is an RSA key of a size that is accepted."""
        return _rsa(data) is not None


@lru_cache(maxsize=_KEPT)
def _p256(der: bytes) -> EllipticCurvePublicKey | None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

    key = _loaded(der)
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None


@lru_cache(maxsize=_KEPT)
def _rsa(der: bytes) -> RSAPublicKey | None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    key = _loaded(der)
    least, most = _RSA_BITS
    if not isinstance(key, RSAPublicKey) or not least <= key.key_size <= most:
        return None
    return key if key.public_numbers().e >= 65537 else None


def _loaded(der: bytes) -> Any:
    """The key, if this is the encoding that OpenSSL would write; ``None`` otherwise."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

    try:
        key = load_der_public_key(der)
        written = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm, TypeError):
        return None
    return key if written == der else None
