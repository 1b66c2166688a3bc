"""What an algorithm has to bring, and how keys are named after it."""

from __future__ import annotations

import hashlib
import re
from typing import Final, Protocol

__all__ = ["KEY_ID", "KeyAlgorithm", "algorithm_of", "key_id_of"]

KEY_ID: Final = re.compile(r"([a-z0-9][a-z0-9+.-]{0,62}):([0-9a-f]{64})")
"""How key ids are written: the name of the algorithm, and 64 hexadecimal digits."""


class KeyAlgorithm(Protocol):
    """One signature algorithm.

    Attributes:
        name: For example ``ed25519``; at most 63 lower case letters, digits, ``+``, ``.`` and ``-``.
        aliases: Other names that a new key may be asked for by.
        generates: Whether new keys can be made; otherwise it only verifies.
    """

    name: str
    aliases: tuple[str, ...]
    generates: bool

    def generate(self) -> tuple[bytes, bytes]:
        """A new key: its private half and its public half.

        Raises:
            RefusalError: ``signing.algorithm``, when this machine cannot.
        """
        ...

    def public_of(self, private: bytes) -> bytes:
        """The public half of a private one.

        Raises:
            ValueError: it is no private half of this algorithm.
        """
        ...

    def sign(self, private: bytes, message: bytes) -> bytes:
        """The signature of a message."""
        ...

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether a signature holds. Never raises for bytes of any kind."""
        ...

    def read_public(self, data: bytes) -> bytes | None:
        """The public half in a PEM file's bytes, as this algorithm encodes it; ``None`` if it is none."""
        ...

    def is_public(self, data: bytes) -> bool:
        """Whether these bytes are a public half in the one encoding that this algorithm accepts."""
        ...


def key_id_of(algorithm: str, public: bytes) -> str:
    """The id of a key: its algorithm, and the public half in hex, or the SHA-256 of a longer one.

    An id says which key it is, so two keys cannot share one, and none can be passed off as another.
    """
    digest = public.hex() if len(public) == 32 else hashlib.sha256(public).hexdigest()
    return f"{algorithm}:{digest}"


def algorithm_of(key_id: str) -> str:
    """The name of the algorithm in a key id; empty when it is no key id."""
    found = KEY_ID.fullmatch(key_id)
    return found.group(1) if found else ""
