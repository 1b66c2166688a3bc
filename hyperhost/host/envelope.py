"""What is signed of an artifact, and the bundle in which its signatures travel.

The payload is canonical JSON (RFC 8785). What is signed is DSSE's pre-authentication encoding of it,
with a payload type for each role, so that an attestation cannot be shown as a publisher's signature.
A bundle is a JSON object with one DSSE envelope for each role.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hyperhost.contracts import Artifact, ArtifactMetadata, Dependency, Signature, SignerRole
from hyperhost.contracts.codec import to_data
from hyperhost.errors import SignatureError
from hyperhost.host.canonical import canonical_json
from hyperhost.host.keys.algorithm import KEY_ID, algorithm_of
from hyperhost.host.signature import pae

__all__ = ["MAX_SIGNATURES", "artifact_payload", "read_bundle", "signed_bytes", "write_bundle"]

PAYLOAD_TYPES: Final = {
    SignerRole.PUBLISHER: "application/vnd.hyperhost.artifact+json",
    SignerRole.REGISTRY: "application/vnd.hyperhost.attestation+json",
}
BUNDLE_TYPE: Final = "application/vnd.hyperhost.bundle+json;version=1"
MAX_SIGNATURES: Final = 64
_MAX_BYTES: Final = 4 << 20
_HINT: Final = "get the bundle again from whoever signed"


def artifact_payload(artifact: Artifact) -> bytes:
    """Canonical JSON of what a signature of an artifact covers.

    That is its id, name, type, version, namespace, content hash, metadata and dependencies, whatever
    else of it may change later.

    Raises:
        CanonicalJsonError: a text in it is no Unicode.
    """
    return canonical_json(
        {
            "id": artifact.id,
            "name": artifact.name,
            "type": artifact.type.value,
            "version": artifact.version,
            "namespace": artifact.namespace,
            "content_hash": artifact.content_hash,
            "metadata": _metadata(artifact.metadata),
            "dependencies": [_dependency(each) for each in artifact.dependencies],
        }
    )


def signed_bytes(artifact: Artifact, signer: SignerRole = SignerRole.PUBLISHER) -> bytes:
    """The bytes that are signed: for ``signing_sign`` and ``signing_verify``.

    Raises:
        CanonicalJsonError: as :func:`artifact_payload`.
    """
    return pae(PAYLOAD_TYPES[signer], artifact_payload(artifact))


def write_bundle(artifact: Artifact) -> bytes:
    """The signatures of an artifact as a bundle: JSON with one DSSE envelope for each role that signed."""
    payload = base64.b64encode(artifact_payload(artifact)).decode("ascii")
    bundle: dict[str, Any] = {"mediaType": BUNDLE_TYPE}
    for role, kind in PAYLOAD_TYPES.items():
        made = [
            {"keyid": each.key_id, "sig": base64.b64encode(each.value).decode("ascii")}
            for each in artifact.signatures
            if each.signer is role
        ]
        if made:
            bundle[role.value] = {"payload": payload, "payloadType": kind, "signatures": made}
    return json.dumps(bundle, indent=1, sort_keys=True).encode("ascii") + b"\n"


def read_bundle(data: bytes, artifact: Artifact) -> list[Signature]:
    """The signatures in a bundle, not verified yet. Their algorithms are those of their key ids.

    Args:
        data: What :func:`write_bundle` wrote, from anywhere.
        artifact: What it has to be about.

    Raises:
        SignatureError: it is no bundle, is of another payload type, or about another artifact; or it
            holds over 64 signatures or over 4 MiB.
    """
    if len(data) > _MAX_BYTES:
        raise _bad(f"has {len(data)} bytes")
    try:
        bundle = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _bad("is no JSON") from error
    if not isinstance(bundle, Mapping) or bundle.get("mediaType") != BUNDLE_TYPE:
        raise _bad(f"is not of type {BUNDLE_TYPE}")
    found: list[Signature] = []
    for role, kind in PAYLOAD_TYPES.items():
        envelope = bundle.get(role.value)
        if envelope is not None:
            found += _opened(envelope, kind, role, artifact)
    if not 1 <= len(found) <= MAX_SIGNATURES:
        raise _bad(f"holds {len(found)} signatures; 1 to {MAX_SIGNATURES} are taken")
    return found


def _metadata(metadata: ArtifactMetadata) -> dict[str, Any]:
    # By name: a field that is added to the type later must not break what was signed before.
    return {
        "description": metadata.description,
        "author": metadata.author,
        "licenses": metadata.licenses,
        "tags": metadata.tags,
        "keywords": metadata.keywords,
        "homepage": metadata.homepage,
        "repository": metadata.repository,
    }


def _dependency(needed: Dependency) -> dict[str, Any]:
    condition = needed.condition
    return {
        "artifact": needed.artifact,
        "constraint": needed.constraint,
        "type": needed.type.value,
        "optional": needed.optional,
        "registry": needed.registry,
        "scope": needed.scope,
        "condition": None if condition is None else to_data(condition),
        "reason": needed.reason,
    }


def _opened(envelope: Any, kind: str, role: SignerRole, artifact: Artifact) -> Iterable[Signature]:
    if not isinstance(envelope, Mapping) or not isinstance(envelope.get("signatures"), list):
        raise _bad(f"holds no DSSE envelope as {role.value!r}")
    if envelope.get("payloadType") != kind:
        raise _bad(f"signs as {role.value!r} what is not of type {kind}")
    if _bytes(envelope.get("payload")) != artifact_payload(artifact):
        raise _bad(f"is not about {artifact.namespace}/{artifact.name}@{artifact.version} as it is here")
    for each in envelope["signatures"]:
        key_id = each.get("keyid") if isinstance(each, Mapping) else None
        if not isinstance(key_id, str) or not KEY_ID.fullmatch(key_id):
            raise _bad(f"names the key {str(key_id)[:100]!r}, which is no key id")
        yield Signature(key_id, algorithm_of(key_id), _bytes(each.get("sig")), signer=role)


def _bytes(text: object) -> bytes:
    """Standard or URL-safe base64, as DSSE asks of verifiers."""
    try:
        if not isinstance(text, str):
            raise ValueError("no text")
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (ValueError, binascii.Error) as error:
        raise _bad("holds what is no base64 text") from error


def _bad(problem: str) -> SignatureError:
    return SignatureError(f"the bundle {problem}", hint=_HINT)
