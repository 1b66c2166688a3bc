from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from hyperhost.errors import SignatureError
from hyperhost.host.manifest import Manifest
from hyperhost.host.signature import PAYLOAD_TYPE, key_id, pae, payload_bytes, sign, verify

SEED = bytes(range(32))
OTHER_SEED = bytes(32)
DIGEST = "sha256:" + "ab" * 32
MANIFEST = Manifest("scan", "1.0.0")
ENVELOPE = sign("scan", "1.0.0", DIGEST, SEED)


def altered(**changes: Any) -> bytes:
    return json.dumps(json.loads(ENVELOPE) | changes).encode()


def signature(**changes: Any) -> list[Any]:
    return [json.loads(ENVELOPE)["signatures"][0] | changes]


def test_the_pre_authentication_encoding_is_that_of_the_specification() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_what_is_signed_is_canonical_json() -> None:
    rfc8785 = pytest.importorskip("rfc8785")
    fields = {"id": "scan", "version": "1.0.0", "digest": DIGEST}
    assert payload_bytes("scan", "1.0.0", DIGEST) == rfc8785.dumps(fields)


def test_a_good_signature_gives_the_key_that_made_it() -> None:
    # Made from the same seed with another implementation of Ed25519.
    expected = "ed25519:03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    assert verify(ENVELOPE, MANIFEST, DIGEST) == key_id(SEED) == expected


def test_url_safe_base64_is_accepted() -> None:
    document = json.loads(ENVELOPE)
    sig = base64.urlsafe_b64encode(base64.b64decode(document["signatures"][0]["sig"])).decode()
    assert verify(altered(signatures=signature(sig=sig)), MANIFEST, DIGEST) == key_id(SEED)


@pytest.mark.parametrize(
    ("manifest", "digest", "words"),
    [
        (Manifest("other", "1.0.0"), DIGEST, "the signature is for id 'scan', but the package has 'other'"),
        (
            Manifest("scan", "1.0.1"),
            DIGEST,
            "the signature is for version '1.0.0', but the package has '1.0.1'",
        ),
        (MANIFEST, "sha256:" + "cd" * 32, "the signature is for digest 'sha256:abab"),
    ],
)
def test_a_signature_of_another_package_is_refused(manifest: Manifest, digest: str, words: str) -> None:
    with pytest.raises(SignatureError) as caught:
        verify(ENVELOPE, manifest, digest)
    assert words in str(caught.value)
    assert caught.value.plugin == manifest.id
    assert "do not install this one" in caught.value.hint


@pytest.mark.parametrize(
    ("envelope", "words"),
    [
        (b"", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b"[" * 60_000, "is no JSON"),
        (b"[]", "is not of type"),
        (b" " * 70_000, "has 70000 bytes"),
        (altered(payloadType="text/plain"), f"is not of type {PAYLOAD_TYPE}"),
        (altered(signatures=[]), "exactly one signature"),
        (altered(signatures=signature() * 2), "exactly one signature"),
        (altered(signatures=[3]), "exactly one signature"),
        (altered(signatures=signature(keyid="rsa:00")), "the key id 'rsa:00' is not 'ed25519:'"),
        (altered(signatures=signature(keyid=None)), "the key id None is not"),
        (altered(signatures=signature(sig="!")), "the signature is no base64 text"),
        (altered(signatures=signature(sig="AAAA")), "was not made by the key"),
        (altered(signatures=signature(sig=3)), "the signature is no base64 text"),
        (altered(payload=None), "the payload is no base64 text"),
        (altered(payload="AAAA"), "the signed payload is no JSON object"),
        (
            altered(signatures=signature(keyid=key_id(OTHER_SEED))),
            f"was not made by the key {key_id(OTHER_SEED)}",
        ),
        (altered(signatures=signature(keyid="ed25519:" + "00" * 32)), "was not made by the key ed25519:0000"),
    ],
)
def test_a_malformed_or_forged_envelope_is_refused(envelope: bytes, words: str) -> None:
    with pytest.raises(SignatureError) as caught:
        verify(envelope, MANIFEST, DIGEST)
    assert words in str(caught.value)


def test_a_payload_with_more_than_was_agreed_is_refused() -> None:
    fields = json.loads(payload_bytes("scan", "1.0.0", DIGEST)) | {"extra": 1}
    payload = base64.b64encode(json.dumps(fields).encode()).decode()
    with pytest.raises(SignatureError, match="not canonical JSON"):
        verify(altered(payload=payload), MANIFEST, DIGEST)


def test_the_payload_type_is_signed_too() -> None:
    from nacl.signing import SigningKey

    payload = payload_bytes("scan", "1.0.0", DIGEST)
    forged = SigningKey(SEED).sign(pae("text/plain", payload)).signature
    with pytest.raises(SignatureError, match="was not made by the key"):
        verify(altered(signatures=signature(sig=base64.b64encode(forged).decode())), MANIFEST, DIGEST)


@pytest.mark.parametrize("seed", [b"", bytes(31), "x" * 32])
def test_a_private_key_of_another_length_is_refused(seed: Any) -> None:
    with pytest.raises(SignatureError, match="has 32 bytes"):
        sign("scan", "1.0.0", DIGEST, seed)
