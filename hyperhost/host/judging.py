"""Is an artifact signed by those whom its namespace trusts? Each signature judged, and the sum of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hyperhost.contracts import (
    Artifact,
    PageRequest,
    Signature,
    SignerRole,
    SigningKey,
    TrustRule,
    Verification,
)
from hyperhost.errors import ProviderConflictError, ProviderMissingError
from hyperhost.host.envelope import MAX_SIGNATURES, signed_bytes
from hyperhost.offering.refusals import wrong_state

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["JudgedSignature", "SignatureReport", "judge_signatures", "require_signatures"]

_RULES = "signing-trust"
"""Collection in which providers of the service ``signing`` keep trust rules."""


@dataclass(frozen=True, slots=True)
class JudgedSignature:
    """One signature of an artifact.

    Attributes:
        key_id: Key that it names.
        algorithm: Algorithm that it claims.
        signer: In what role it was made.
        signed_at_us: When, as the signer claims.
        valid: It fits, and its key may be used now.
        counted: It counts towards the threshold.
        reason: Why it is not valid, or is not counted; empty when it is both.
    """

    key_id: str
    algorithm: str
    signer: SignerRole
    signed_at_us: int
    valid: bool
    counted: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """What the signatures of an artifact are worth now.

    Attributes:
        met: Its namespace has a rule, and enough of the trusted signers have signed; or it has none,
            and somebody's signature is valid.
        namespace: Namespace whose rule was used; empty when there is none.
        threshold: How many signers had to sign; 1 without a rule.
        counted: How many did.
        attested: A valid attestation of the registry is among the signatures, made with the key that was
            asked for.
        signatures: Each of them, in their order.
    """

    met: bool
    namespace: str
    threshold: int
    counted: int
    attested: bool
    signatures: list[JudgedSignature] = field(default_factory=list)


def judge_signatures(
    hook: HookRelay,
    artifact: Artifact,
    attestor: str = "",
) -> SignatureReport:
    """Judge the signatures of an artifact, by the rule of its namespace.

    A signature that does not hold takes nothing away from those that do. Several by one key, or by keys
    of one chain of rotations, count once; the registry's attestations never count.

    Args:
        hook: A host's hooks; the service ``signing`` answers.
        artifact: The artifact, with its signatures.
        attestor: Key id of the registry; an attestation by another key is none.

    Raises:
        ProviderMissingError: nobody provides the service ``signing``.
    """
    rule: TrustRule | None = hook.signing_trust_rule(namespace=artifact.namespace)
    signatures = artifact.signatures[:MAX_SIGNATURES]
    found = [_verified(hook, artifact, each) for each in signatures]
    signers = _Signers(hook, rule)
    judged: list[JudgedSignature] = []
    for signature, verification in zip(signatures, found, strict=True):
        reason = verification.reason or signers.count(signature)
        judged.append(
            JudgedSignature(
                signature.key_id,
                signature.algorithm,
                signature.signer,
                signature.signed_at_us,
                verification.valid,
                not reason,
                reason,
            )
        )
    threshold = rule.threshold if rule is not None else 1
    attested = bool(attestor) and any(
        each.valid and each.signer is SignerRole.REGISTRY and each.key_id == attestor for each in judged
    )
    count = len(signers.counted)
    return SignatureReport(
        count >= threshold, rule.namespace if rule is not None else "", threshold, count, attested, judged
    )


def require_signatures(hook: HookRelay, artifact: Artifact) -> None:
    """Return if an artifact is signed as its namespace needs; without a rule nothing has to be signed.

    Args:
        hook: A host's hooks.
        artifact: The artifact, with its signatures.

    Raises:
        RefusalError: ``state:signatures``: too few signers have signed, or there are trust rules and nobody
            who could judge by them.
    """
    try:
        rule = hook.signing_trust_rule(namespace=artifact.namespace)
    except (ProviderMissingError, ProviderConflictError) as error:
        page = hook.storage_list_records(collection=_RULES, prefix="", page=PageRequest(1))
        if page.items:
            raise wrong_state(
                "signatures",
                f"there are trust rules, and nobody judges by them: {error.message}",
                error.hint or "select a provider of the service 'signing'",
            ) from error
        return
    if rule is None:
        return
    report = judge_signatures(hook, artifact)
    if not report.met:
        place = f"{artifact.namespace}/{artifact.name}@{artifact.version}"
        reasons = "; ".join(f"{each.key_id}: {each.reason}" for each in report.signatures if each.reason)
        raise wrong_state(
            "signatures",
            f"{place} has {report.counted} of {report.threshold} signatures that "
            f"{report.namespace} needs{f' ({reasons})' if reasons else ''}",
            f"sign it first: hyperhost sign {place} --key KEY",
        )


def _verified(hook: HookRelay, artifact: Artifact, signature: Signature) -> Verification:
    payload = signed_bytes(artifact, signature.signer)
    verification: Verification = hook.signing_verify(payload=payload, signature=signature)
    if not verification.valid and not verification.reason:
        return Verification(False, signature.key_id, "the provider gives no reason")
    return verification


class _Signers:
    """Counts the signers of one artifact."""

    def __init__(self, hook: HookRelay, rule: TrustRule | None) -> None:
        self._hook = hook
        self._rule = rule
        self._keys: Mapping[str, SigningKey] | None = None
        self.counted: set[str] = set()

    def count(self, signature: Signature) -> str:
        """Count a valid signature; says why, if it does not count."""
        if signature.signer is not SignerRole.PUBLISHER:
            return "an attestation of the registry does not count towards the threshold"
        if self._rule is not None and signature.key_id not in self._rule.key_ids:
            return f"the key is not trusted for {self._rule.namespace}"
        signer = self._origin(signature.key_id)
        if signer in self.counted:
            return "the same signer was counted already"
        self.counted.add(signer)
        return ""

    def _origin(self, key_id: str) -> str:
        """The first key of the chain of rotations that a key belongs to."""
        if self._keys is None:
            self._keys = {key.id: key for key in self._hook.signing_list_keys()}
        seen = {key_id}
        while (
            (key := self._keys.get(key_id)) is not None and key.rotated_from and key.rotated_from not in seen
        ):
            key_id = key.rotated_from
            seen.add(key_id)
        return key_id
