"""Public keys in PEM (RFC 7468)."""

from __future__ import annotations

import base64
import binascii
import re

__all__ = ["public_der"]

_PEM = re.compile(
    rb"\s*-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*", re.DOTALL
)


def public_der(data: bytes) -> bytes | None:
    """The SubjectPublicKeyInfo (DER) in a PEM text; ``None`` when it is none."""
    found = _PEM.fullmatch(data)
    if found is None:
        return None
    try:
        return base64.b64decode(b"".join(found.group(1).split()), validate=True)
    except binascii.Error:
        return None
