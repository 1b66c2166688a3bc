"""Operations on the signatures of artifacts, and what publishing needs of them.

Keys, and whom to trust, are matters of the service ``signing``; here is what an artifact has to do with them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Final

import hyperhost
from hyperhost.contracts import (
    Artifact,
    ArtifactState,
    ChangeKind,
    PutMode,
    Signature,
    SignerRole,
    SigningKey,
    Visibility,
)
from hyperhost.errors import SignatureError
from hyperhost.offering import invalid, operation, wrong_state

from .artifacts import touched
from .drafts import Changed
from .gates import propose, write
from .references import coordinates, find
from .work import Work

__all__ = ["attested", "bundle", "sign", "signed", "verify"]

_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Verified:
    """What the signatures of an artifact are worth now; see :class:`hyperhost.SignatureReport`.

    Attributes:
        artifact: ``namespace/name@version``.
        met: It is signed as its namespace needs; without a rule: by anybody.
        namespace: Namespace whose rule was used; empty when there is none.
        threshold: How many signers had to sign.
        counted: How many did.
        attested: The registry's attestation holds.
        signatures: Each of them, and why it does not count.
    """

    artifact: str
    met: bool
    namespace: str
    threshold: int
    counted: int
    attested: bool
    signatures: list[hyperhost.JudgedSignature] = field(default_factory=list)


@operation("sign", group="signing", permission="artifact:sign", changes=True)
def sign(
    work: Work,
    artifact: str,
    key: str = "",
    role: SignerRole = SignerRole.PUBLISHER,
    bundle: str | None = None,
) -> Changed:
    """Sign an artifact with a key that is here, or add the signatures of a bundle that was made elsewhere."""
    before = find(work, artifact)
    work.about(coordinates(before), before.namespace)
    if before.state is ArtifactState.ARCHIVED:
        raise wrong_state("state", f"{coordinates(before)} is archived", "restore it first")
    if bundle is not None:
        if key:
            raise invalid("key", "both", "a key and a bundle were given", "give one of them")
        after = _joined(work, before, bundle)
    else:
        _check_role(work, role, key)
        after = signed(work, before, key or _only_key(work), role)
    if after == before:
        return Changed(before)
    return _kept(work, before, after)


@operation("verify", group="signing", permission="artifact:read", reads_private=True)
def verify(work: Work, artifact: str) -> Verified:
    """Say what every signature of an artifact is worth, and whether they are enough for its namespace."""
    found = find(work, artifact)
    work.about(coordinates(found), found.namespace)
    work.private = found.visibility is not Visibility.PUBLIC
    report = hyperhost.judge_signatures(work.hook, found, work.attestor)
    return Verified(
        coordinates(found),
        report.met,
        report.namespace,
        report.threshold,
        report.counted,
        report.attested,
        report.signatures,
    )


@operation("bundle", group="signing", permission="artifact:read", reads_private=True)
def bundle(work: Work, artifact: str) -> str:
    """Hand out the signatures of an artifact as one document, to be verified or added elsewhere."""
    found = find(work, artifact)
    work.about(coordinates(found), found.namespace)
    work.private = found.visibility is not Visibility.PUBLIC
    if not found.signatures:
        raise wrong_state("signatures", f"{coordinates(found)} is not signed", "sign it first")
    return hyperhost.write_bundle(found).decode("ascii")


def signed(work: Work, artifact: Artifact, key: str, role: SignerRole) -> Artifact:
    """An artifact with one more signature; the same when that key has signed it, and that holds.

    Raises:
        RefusalError: the key cannot sign, or there are 64 signatures.
    """
    payload = hyperhost.signed_bytes(artifact, role)
    kept = []
    for each in artifact.signatures:
        if (each.key_id, each.signer) != (key, role):
            kept.append(each)
        elif work.hook.signing_verify(payload=payload, signature=each).valid:
            return artifact
    made: Signature = work.hook.signing_sign(payload=payload, key_id=key, signer=role)
    work.about(coordinates(artifact), artifact.namespace, signed_by=[key], role=role.value)
    return _with(artifact, [*kept, made])


def attested(work: Work, artifact: Artifact) -> Artifact:
    """An artifact with the registry's attestation, if it is public and the registry has a key for that.

    Raises:
        RefusalError: the key cannot sign; what should be attested is not published without.
    """
    if not work.attestor or artifact.visibility is not Visibility.PUBLIC:
        return artifact
    return signed(work, artifact, work.attestor, SignerRole.REGISTRY)


def _joined(work: Work, artifact: Artifact, document: str) -> Artifact:
    """An artifact with the signatures of a bundle; each of them has to hold."""
    try:
        given = hyperhost.read_bundle(document.encode("utf-8"), artifact)
    except SignatureError as error:
        raise invalid("bundle", "format", error.message, error.hint or "") from error
    known = {(each.key_id, each.signer): each for each in artifact.signatures}
    for each in given:
        found = work.hook.signing_verify(
            payload=hyperhost.signed_bytes(artifact, each.signer), signature=each
        )
        if not found.valid:
            raise invalid(
                "bundle", "signature", f"the signature of {each.key_id} does not hold: {found.reason}"
            )
        known.setdefault((each.key_id, each.signer), each)
    added = [each.key_id for each in known.values() if each not in artifact.signatures]
    if not added:
        return artifact
    work.about(coordinates(artifact), artifact.namespace, signed_by=added)
    return _with(artifact, list(known.values()))


def _with(artifact: Artifact, signatures: list[Signature]) -> Artifact:
    if len(signatures) > _MAX:
        raise wrong_state("signatures", f"{coordinates(artifact)} has {_MAX} signatures, which is the most")
    return dataclasses.replace(artifact, signatures=signatures)


def _kept(work: Work, before: Artifact, after: Artifact) -> Changed:
    manifest_json = work.hook.storage_get_manifest(artifact_id=before.id) or ""
    after, manifest_json, issues = propose(work, ChangeKind.UPDATED, after, before, manifest_json)
    after = touched(after, work.at_us)
    write(work, ChangeKind.UPDATED, after, before, manifest_json, PutMode.REPLACE)
    return Changed(after, issues)


def _check_role(work: Work, role: SignerRole, key: str) -> None:
    if role is SignerRole.REGISTRY and (not work.attestor or key != work.attestor):
        raise invalid(
            "role",
            "attestor",
            "only the registry's own key attests",
            "name it in [plugins.registry.config] as attest_with",
        )


def _only_key(work: Work) -> str:
    """The key to sign with when none is named: the only one that can."""
    keys: list[SigningKey] = work.hook.signing_list_keys()
    able: list[Any] = [
        key.id for key in keys if key.can_sign and not key.replaced_by and key.revoked_at_us is None
    ]
    if len(able) != 1:
        raise invalid("key", "missing", f"{len(able)} keys could sign here", "name one of them")
    return str(able[0])
