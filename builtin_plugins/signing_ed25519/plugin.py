"""Registers the algorithms; :class:`hyperhost.SigningProvider` does the rest."""

from __future__ import annotations

import hyperhost

__all__ = ["SigningEd25519"]


class SigningEd25519(hyperhost.SigningProvider):
    """Signs with Ed25519; verifies ECDSA P-256 and RSA-PSS, too."""

    def algorithms(self) -> list[hyperhost.KeyAlgorithm]:
        """The algorithms."""
        from .ed25519 import Ed25519
        from .verified import EcdsaP256, RsaPss

        return [Ed25519(), EcdsaP256(), RsaPss()]
