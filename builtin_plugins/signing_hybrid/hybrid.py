"""Ed25519 (RFC 8032) and ML-DSA-65 (FIPS 204) over the same bytes; both have to hold.

Whoever can forge one of them, because it was broken or badly made, still cannot forge the pair. Both
sign the message behind a label, so that neither half is a signature of the message by itself: a half that
was cut out verifies nowhere.
"""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import Any, Final

from hyperhost.errors import RefusalError

__all__ = ["NAME", "Hybrid"]

NAME: Final = "ed25519+ml-dsa-65"
_LABEL: Final = b"HyperHost hybrid signature, Ed25519 and ML-DSA-65, version 1\0"
_SEED: Final = 32
_ED_PUBLIC: Final = 32
_ED_SIGNATURE: Final = 64
_ML_PUBLIC: Final = 1952
_ML_SIGNATURE: Final = 3309
_KEPT: Final = 1024


class Hybrid:
    """Keys and signatures are those of Ed25519, followed by those of ML-DSA-65.

    A private half is two seeds of 32 bytes, a public one has 32 + 1952 bytes, a signature 64 + 3309.
    """

    name = NAME
    aliases: tuple[str, ...] = ("hybrid", "ed25519-ml-dsa-65", "ed25519-mldsa65")
    generates = True

    def generate(self) -> tuple[bytes, bytes]:
        """A new key.

        Raises:
            RefusalError: ``signing.algorithm``: the installed ``cryptography`` has no ML-DSA.
        """
        private = secrets.token_bytes(2 * _SEED)
        return private, self.public_of(private)

    def public_of(self, private: bytes) -> bytes:
        """The public half of two seeds.

        Raises:
            ValueError: they are not 64 bytes.
            RefusalError: as :meth:`generate`.
        """
        from nacl.bindings import crypto_sign_seed_keypair

        if len(private) != 2 * _SEED:
            raise ValueError("a private hybrid key has 64 bytes")
        ml: bytes = _private(private[_SEED:]).public_key().public_bytes_raw()
        return bytes(crypto_sign_seed_keypair(private[:_SEED])[0]) + ml

    def sign(self, private: bytes, message: bytes) -> bytes:
        """The signature of a message."""
        from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

        labelled = _LABEL + message
        secret = crypto_sign_seed_keypair(private[:_SEED])[1]
        ml: bytes = _private(private[_SEED:]).sign(labelled)
        return bytes(crypto_sign(labelled, secret)[:_ED_SIGNATURE]) + ml

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether both signatures hold."""
        from cryptography.exceptions import InvalidSignature
        from nacl.bindings import crypto_sign_open
        from nacl.exceptions import CryptoError

        if len(public) != _ED_PUBLIC + _ML_PUBLIC or len(signature) != _ED_SIGNATURE + _ML_SIGNATURE:
            return False
        labelled = _LABEL + message
        try:
            crypto_sign_open(signature[:_ED_SIGNATURE] + labelled, public[:_ED_PUBLIC])
            _public(public[_ED_PUBLIC:]).verify(signature[_ED_SIGNATURE:], labelled)
        except (CryptoError, InvalidSignature, ValueError):
            return False
        return True

    def read_public(self, data: bytes) -> bytes | None:
        """Nothing: there is no PEM of such keys."""
        return None

    def is_public(self, data: bytes) -> bool:
        """Whether both halves are public keys."""
        from nacl.bindings import crypto_core_ed25519_is_valid_point

        if len(data) != _ED_PUBLIC + _ML_PUBLIC or not crypto_core_ed25519_is_valid_point(data[:_ED_PUBLIC]):
            return False
        try:
            _public(data[_ED_PUBLIC:])
        except ValueError:
            return False
        return True


@lru_cache(maxsize=_KEPT)
def _public(data: bytes) -> Any:
    return _keys().MLDSA65PublicKey.from_public_bytes(data)


def _private(seed: bytes) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return _keys().MLDSA65PrivateKey.from_seed_bytes(seed)
    except UnsupportedAlgorithm as error:
        raise RefusalError(
            "the OpenSSL of the installed cryptography has no ML-DSA",
            "signing.algorithm",
            hint="install cryptography from its wheels",
        ) from error


def _keys() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import mldsa
    except ImportError as error:
        raise RefusalError(
            "the installed cryptography has no ML-DSA",
            "signing.algorithm",
            hint="pip install 'cryptography>=50'",
        ) from error
    return mldsa
