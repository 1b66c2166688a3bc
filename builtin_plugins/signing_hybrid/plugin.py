"""Registers the algorithm; :class:`hyperhost.SigningProvider` does the rest."""

from __future__ import annotations

import hyperhost

__all__ = ["SigningHybrid"]


class SigningHybrid(hyperhost.SigningProvider):
    """Signs and verifies with Ed25519 and ML-DSA-65 at once."""

    def algorithms(self) -> list[hyperhost.KeyAlgorithm]:
        """The algorithm."""
        from .hybrid import Hybrid

        return [Hybrid()]
