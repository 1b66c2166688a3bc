"""Attacks on signed artifacts: each gets the right refusal, and takes nothing from signatures that hold."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from registry_hosts import uploaded
from signing_hosts import NOW, SECOND, Signing, signing_host

import hyperhost
from hyperhost.contracts import (
    Artifact,
    ArtifactMetadata,
    ArtifactType,
    ContentInfo,
    Dependency,
    DependencyCondition,
    DependencyType,
    Signature,
    SignerRole,
)
from hyperhost.contracts.codec import to_data
from hyperhost.errors import InvalidInputError, OperationError, WrongStateError
from hyperhost.host.envelope import PAYLOAD_TYPES
from hyperhost.host.signature import pae

CHANGED = "the signature does not fit: it, or what was signed, was changed"
REGISTRY = SignerRole.REGISTRY


@pytest.fixture
def signing() -> Iterator[Signing]:
    with signing_host() as made:
        yield made


@pytest.fixture
def signed(signing: Signing) -> Artifact:
    """An artifact that one key has signed."""
    return signing.artifact(signing.key())


def test_a_truncated_or_forged_signature_does_not_count(signing: Signing, signed: Artifact) -> None:
    [good] = signed.signatures
    assert signing.reasons(signed) == [""]
    for value in (b"", good.value[:-1], good.value[:32], good.value + b"\0", bytes(64), b"\xff" * 64):
        signing.alter(signed, signatures=[dataclasses.replace(good, value=value)])
        assert signing.reasons(signed) == [CHANGED]
        assert not signing.met(signed)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "other"),
        ("version", "1.0.1"),
        ("type", ArtifactType.THEME),
        ("namespace", "org.other"),
        ("metadata", ArtifactMetadata(description="better")),
        ("metadata", ArtifactMetadata(licenses=["MIT"])),
        ("dependencies", [Dependency("org.evil/base")]),
        ("content", ContentInfo("sha256:" + "0" * 64, 1)),
    ],
)
def test_whatever_a_signature_covers_cannot_be_changed_behind_it(
    signing: Signing, signed: Artifact, field: str, value: Any
) -> None:
    signing.alter(signed, **{field: value})
    assert signing.reasons(signed) == [CHANGED]
    assert not signing.met(signed)


def test_everything_that_metadata_and_dependencies_say_is_signed() -> None:
    """A field that is added to these types is signed only when somebody decides so."""
    condition = DependencyCondition(["linux"], ["x86_64"], ["production"], ["tls"])
    needs = Dependency(
        "org.acme/base", "^1", DependencyType.PEER, True, "main", "core", condition, "for its parts"
    )
    metadata = ArtifactMetadata(
        "text", "Alice", ["MIT"], ["a"], ["b"], "https://acme.test", "https://git.test"
    )
    artifact = Artifact(
        "a1", "org.acme", "auth", ArtifactType.LIBRARY, "1.0.0", metadata=metadata, dependencies=[needs]
    )
    payload = json.loads(hyperhost.artifact_payload(artifact))
    assert payload["metadata"] == to_data(metadata)
    assert payload["dependencies"] == [to_data(needs)]
    assert (payload["content_hash"], payload["type"]) == (None, "library")
    assert sorted(payload) == sorted(
        ["id", "name", "type", "version", "namespace", "content_hash", "metadata", "dependencies"]
    )


def test_content_of_another_hash_is_not_what_was_signed(signing: Signing) -> None:
    key = signing.key()
    first = uploaded(signing.operations, b"good")
    artifact = signing.artifact(key, content_hash=first)
    assert signing.met(artifact)
    evil = ContentInfo("sha256:" + hashlib.sha256(b"evil").hexdigest(), 4)
    signing.alter(artifact, content=evil)
    assert signing.reasons(artifact) == [CHANGED]


def test_a_signature_of_one_artifact_is_none_of_another(signing: Signing, signed: Artifact) -> None:
    other = signing.read(_created(signing, "other"))
    signing.alter(other, signatures=signed.signatures)
    assert signing.reasons(other) == [CHANGED]


def test_what_a_signature_does_not_cover_may_change(signing: Signing, signed: Artifact) -> None:
    signing.run("update", artifact=signed.id, edit={"labels": {"team": "shop"}})
    signing.run("publish", artifact=signed.id)
    signing.run("deprecate", artifact=signed.id, reason="old")
    assert signing.met(signed)


def test_a_signed_draft_cannot_be_edited_through_the_registry(signing: Signing, signed: Artifact) -> None:
    with pytest.raises(WrongStateError, match="is signed, and its signatures cover its metadata"):
        signing.run("update", artifact=signed.id, edit={"metadata": {"description": "x"}})


def test_the_payload_alone_is_not_what_is_signed(signing: Signing) -> None:
    """Without DSSE's encoding, bytes signed for another purpose could be shown as an artifact's signature."""
    key = signing.key()
    artifact = signing.read(_created(signing))
    payload = hyperhost.artifact_payload(artifact)
    for signed_bytes in (
        payload,
        pae("application/json", payload),
        pae(PAYLOAD_TYPES[REGISTRY], payload),
        pae("", PAYLOAD_TYPES[SignerRole.PUBLISHER].encode() + payload),
    ):
        made = signing.hook.signing_sign(payload=signed_bytes, key_id=key, signer=SignerRole.PUBLISHER)
        signing.alter(artifact, signatures=[made])
        assert signing.reasons(artifact) == [CHANGED]


def test_an_attestation_cannot_be_shown_as_a_publishers_signature(signing: Signing) -> None:
    key = signing.key()
    artifact = signing.read(_created(signing))
    attestation = signing.signature(artifact, key, REGISTRY)
    signing.trust("org.acme", key)
    signing.alter(artifact, signatures=[dataclasses.replace(attestation, signer=SignerRole.PUBLISHER)])
    assert signing.reasons(artifact) == [CHANGED]
    signing.alter(artifact, signatures=[attestation])
    assert signing.reasons(artifact) == [
        "an attestation of the registry does not count towards the threshold"
    ]
    assert not signing.met(artifact)


@pytest.mark.parametrize(
    "claim", ["none", "", "hs256", "ecdsa-p256", "rsa-pss", "ED25519", "ed25519+ml-dsa-65"]
)
def test_algorithm_confusion_and_none_are_refused(signing: Signing, signed: Artifact, claim: str) -> None:
    [good] = signed.signatures
    for value in (good.value, b"", hashlib.sha256(hyperhost.signed_bytes(signed)).digest()):
        signing.alter(signed, signatures=[dataclasses.replace(good, algorithm=claim, value=value)])
        [reason] = signing.reasons(signed)
        assert reason == f"the signature claims to be {claim!r}, and its key is for ed25519"


def test_one_bad_signature_takes_nothing_from_the_good_ones(signing: Signing) -> None:
    first, second, third = (signing.key() for _ in range(3))
    artifact = signing.artifact(first, second)
    signing.trust("org.acme", first, second, third, threshold=2)
    bad = Signature(third, "ed25519", bytes(64))
    for place in range(3):
        mixed = list(artifact.signatures)
        mixed.insert(place, bad)
        signing.alter(artifact, signatures=mixed)
        assert signing.met(artifact)
        assert [bool(each) for each in signing.reasons(artifact)].index(True) == place
    signing.alter(artifact, signatures=[artifact.signatures[0], bad])
    assert not signing.met(artifact)


def test_one_key_counts_once_however_often_it_signs(signing: Signing) -> None:
    first, second = signing.key(), signing.key()
    artifact = signing.artifact(first)
    signing.trust("org.acme", first, second, threshold=2)
    [good] = artifact.signatures
    again = dataclasses.replace(good, signed_at_us=good.signed_at_us + 1)
    signing.alter(artifact, signatures=[good, again, good])
    assert signing.reasons(artifact) == ["", *["the same signer was counted already"] * 2]
    assert not signing.met(artifact)


def test_a_key_that_rotated_itself_is_still_one_signer(signing: Signing) -> None:
    """Whoever stole one key must not make two signers of it."""
    stolen, other = signing.key(), signing.key()
    signing.trust("org.acme", stolen, other, threshold=2)
    artifact = signing.artifact(stolen)
    new = signing.run("key_rotate", key=stolen)["id"]
    newest = signing.run("key_rotate", key=new)["id"]
    signing.run("sign", artifact=artifact.id, key=newest)
    assert signing.reasons(artifact) == ["", "the same signer was counted already"]
    assert not signing.met(artifact)
    signing.run("sign", artifact=artifact.id, key=other)
    assert signing.met(artifact)


def test_expired_not_yet_valid_and_revoked_keys_do_not_count(signing: Signing) -> None:
    expiring, revoked, early = signing.key(NOW + SECOND), signing.key(), signing.key()
    artifact = signing.artifact(expiring, revoked, early)
    signing.write_record(early, signing.record(early) | {"not_before_us": NOW + 5 * SECOND})
    signing.run("key_revoke", key=revoked, reason="stolen")
    signing.clock.now += 2 * SECOND
    assert signing.reasons(artifact) == [
        "the key has expired",
        "the key was revoked: stolen",
        "the key is not valid yet",
    ]
    assert not signing.met(artifact)
    signing.clock.now = NOW + 5 * SECOND
    assert signing.reasons(artifact)[2] == ""


def test_a_time_that_the_signer_claims_revives_no_key(signing: Signing) -> None:
    key = signing.key(NOW + SECOND)
    artifact = signing.artifact(key)
    [made] = artifact.signatures
    signing.clock.now += 2 * SECOND
    for claim in (0, NOW - SECOND, NOW + 10 * SECOND, -(2**62)):
        signing.alter(artifact, signatures=[dataclasses.replace(made, signed_at_us=claim)])
        assert signing.reasons(artifact) == ["the key has expired"]


def test_a_flood_of_signatures_is_cut_off(signing: Signing, signed: Artifact) -> None:
    [good] = signed.signatures
    bad = dataclasses.replace(good, value=bytes(64))
    signing.alter(signed, signatures=[bad] * 1000)
    assert len(signing.reasons(signed)) == 64
    signing.alter(signed, signatures=[bad] * 64)
    with pytest.raises(WrongStateError, match="64 signatures, which is the most"):
        signing.run("sign", artifact=signed.id, key=signing.key())


def bundle_of(signing: Signing, artifact: Artifact) -> dict[str, Any]:
    """The bundle of an artifact, as data."""
    found: dict[str, Any] = json.loads(signing.run("bundle", artifact=artifact.id))
    return found


def test_a_bundle_carries_signatures_to_whoever_has_the_artifact(signing: Signing, signed: Artifact) -> None:
    bundle = json.dumps(bundle_of(signing, signed))
    bare = signing.alter(signed, signatures=[])
    assert not signing.met(bare)
    signing.run("sign", artifact=signed.id, bundle=bundle)
    assert signing.met(bare)
    assert len(signing.read(signed.id).signatures) == 1
    signing.run("sign", artifact=signed.id, bundle=bundle)
    assert len(signing.read(signed.id).signatures) == 1


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda bundle: [], "is not of type"),
        (lambda bundle: bundle | {"mediaType": "application/json"}, "is not of type"),
        (lambda bundle: {"mediaType": bundle["mediaType"]}, "holds 0 signatures"),
        (lambda bundle: bundle | {"publisher": []}, "holds no DSSE envelope"),
        (lambda bundle: _in(bundle, payloadType="application/json"), "not of type application/vnd"),
        (lambda bundle: _in(bundle, payloadType=PAYLOAD_TYPES[REGISTRY]), "not of type application/vnd"),
        (lambda bundle: {**bundle, "registry": bundle["publisher"]}, "not of type application/vnd"),
        (lambda bundle: _in(bundle, payload="e30="), "is not about org.acme/auth@1.0.0 as it is here"),
        (lambda bundle: _in(bundle, payload="%%%"), "no base64"),
        (lambda bundle: _in(bundle, payload=None), "no base64"),
        (lambda bundle: _in(bundle, signatures=[{}]), "which is no key id"),
        (lambda bundle: _in(bundle, signatures=[{"keyid": "none:", "sig": ""}]), "which is no key id"),
        (
            lambda bundle: _in(bundle, signatures=bundle["publisher"]["signatures"] * 65),
            "holds 65 signatures",
        ),
        (
            lambda bundle: _in(bundle, signatures=[_forged(bundle)]),
            "does not hold: the signature does not fit",
        ),
        (
            lambda bundle: _in(bundle, signatures=[*bundle["publisher"]["signatures"], _forged(bundle)]),
            "does not hold",
        ),
    ],
)
def test_a_bundle_that_was_tampered_with_adds_nothing(
    signing: Signing, signed: Artifact, spoil: Any, words: str
) -> None:
    bundle = spoil(bundle_of(signing, signed))
    bare = signing.alter(signed, signatures=[])
    with pytest.raises(InvalidInputError, match=words) as caught:
        signing.run("sign", artifact=signed.id, bundle=json.dumps(bundle))
    assert caught.value.field == "bundle"
    assert signing.read(signed.id) == bare


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "x" * (5 << 20)])
def test_what_is_no_bundle_at_all_adds_nothing(signing: Signing, signed: Artifact, text: str) -> None:
    with pytest.raises(InvalidInputError, match="the bundle "):
        signing.run("sign", artifact=signed.id, bundle=text)


def test_nobody_attests_but_the_registrys_own_key(signing: Signing, signed: Artifact) -> None:
    with pytest.raises(InvalidInputError, match="only the registry's own key attests"):
        signing.run("sign", artifact=signed.id, key=signing.key(), role="registry")


def test_a_plugin_that_rewrites_what_is_being_signed_is_refused() -> None:
    class Rewriting:
        @hyperhost.hookimpl
        def artifact_transform(self, change: Any) -> Any:
            if change.artifact.signatures:
                return hyperhost.contracts.ArtifactPatch(metadata=ArtifactMetadata(description="evil"))
            return None

    with signing_host(Rewriting()) as signing:
        made = _created(signing)
        with pytest.raises(OperationError, match=r"would change the metadata of .* which is signed"):
            signing.run("sign", artifact=made, key=signing.key())
        assert signing.read(made).signatures == []


def _in(bundle: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**bundle, "publisher": {**bundle["publisher"], **changes}}


def _forged(bundle: dict[str, Any]) -> dict[str, str]:
    [good] = bundle["publisher"]["signatures"]
    return {"keyid": good["keyid"], "sig": base64.b64encode(bytes(64)).decode()}


def _created(signing: Signing, name: str = "auth") -> str:
    draft = {"namespace": "org.acme", "name": name, "type": "library", "version": "1.0.0"}
    return str(signing.run("create", draft=draft)["artifact"]["id"])
