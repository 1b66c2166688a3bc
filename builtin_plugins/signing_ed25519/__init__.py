"""Provider of the service ``signing``: Ed25519 keys; ECDSA P-256 and RSA-PSS are verified, too."""

from .ed25519 import verify

__all__ = ["verify"]
