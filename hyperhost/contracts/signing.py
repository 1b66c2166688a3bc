"""Contract types of signing: keys, signatures and what verifying one found."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hyperhost.contracts.types import S64, U32

__all__ = ["Signature", "SignerRole", "SigningKey", "TrustRule", "Verification"]


class SignerRole(StrEnum):
    """In what role a signature was made."""

    PUBLISHER = "publisher"
    REGISTRY = "registry"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature; an artifact carries several.

    Attributes:
        key_id: Id of the key that made it.
        algorithm: For example ``ed25519``; the key's algorithm must be the same.
        value: The signature itself, as the algorithm defines it.
        signed_at_us: When it was made. Claimed by the signer, so never proof of a time.
        signer: Publisher's own signature, or the registry's attestation.
    """

    key_id: str
    algorithm: str
    value: bytes
    signed_at_us: S64 = 0
    signer: SignerRole = SignerRole.PUBLISHER


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The public half of a key and its state. Private halves never leave their provider.

    Attributes:
        id: Stable id; never reused.
        algorithm: For example ``ed25519``.
        public_key: Encoded as the algorithm defines it.
        created_at_us: When it was generated or imported.
        expires_at_us: From when on it no longer signs or verifies; ``None`` is never.
        revoked_at_us: When it was revoked; ``None`` while it is not.
        revocation_reason: Why, for a person; empty while it is not revoked.
        not_before_us: Until when it neither signs nor verifies; ``None`` is from the beginning.
        replaced_by: Id of the key that it was rotated to; it only verifies from then on.
        rotated_from: Id of the key that it replaces, which signed it. Keys of one such chain are
            one signer, and count once towards a threshold.
        can_sign: Whether its private half is here.
    """

    id: str
    algorithm: str
    public_key: bytes
    created_at_us: S64
    expires_at_us: S64 | None = None
    revoked_at_us: S64 | None = None
    revocation_reason: str = ""
    not_before_us: S64 | None = None
    replaced_by: str = ""
    rotated_from: str = ""
    can_sign: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """What verifying one signature found.

    Attributes:
        valid: The signature fits the payload and its key may be used.
        key_id: The key that was asked for.
        reason: Why it is not valid, for a person; empty when it is.
    """

    valid: bool
    key_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TrustRule:
    """Which keys may sign for a namespace, and how many must.

    Attributes:
        namespace: Path the rule is written for; it may be a parent of the one asked about.
        key_ids: Keys that count, in no order.
        threshold: How many different ones of them must have signed; at least 1.
    """

    namespace: str
    key_ids: list[str] = field(default_factory=list)
    threshold: U32 = 1
