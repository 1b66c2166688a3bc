"""Attacks on trust: foreign keys, keys passed off as others, names that look alike, gates left open."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
from signing_hosts import NOW, Signing, signing_host

import hyperhost
from builtin_plugins.keys.plugin import Keys
from builtin_plugins.signing_hybrid.plugin import SigningHybrid
from hyperhost.contracts import SignerRole
from hyperhost.errors import OperationError, RefusalError, WrongStateError


@pytest.fixture
def signing() -> Iterator[Signing]:
    with signing_host() as made:
        yield made


@pytest.fixture
def thief() -> Iterator[Signing]:
    """Somebody else's host."""
    with signing_host() as made:
        yield made


def test_a_key_that_is_trusted_for_another_namespace_does_not_count(signing: Signing) -> None:
    ours, theirs = signing.key(), signing.key()
    signing.trust("org.acme", ours)
    signing.trust("org.other", theirs)
    artifact = signing.artifact(theirs)
    assert signing.reasons(artifact) == ["the key is not trusted for org.acme"]
    with pytest.raises(WrongStateError, match=r"has 0 of 1 signatures that org\.acme needs"):
        signing.run("publish", artifact=artifact.id)
    assert signing.read(artifact.id).state == "draft"
    signing.run("sign", artifact=artifact.id, key=ours)
    assert signing.run("publish", artifact=artifact.id)["artifact"]["state"] == "published"


def test_a_key_of_the_parent_does_not_count_where_a_child_has_its_own_rule(signing: Signing) -> None:
    parent, child = signing.key(), signing.key()
    signing.trust("org.acme", parent)
    signing.trust("org.acme.vault", child)
    artifact = signing.artifact(parent, namespace="org.acme.vault")
    assert signing.reasons(artifact) == ["the key is not trusted for org.acme.vault"]
    deeper = signing.artifact(parent, namespace="org.acme.vault.inner", name="inner")
    assert not signing.met(deeper)


def test_too_few_signers_cannot_publish(signing: Signing) -> None:
    first, second, third = (signing.key() for _ in range(3))
    signing.trust("org.acme", first, second, third, threshold=2)
    artifact = signing.artifact(first)
    with pytest.raises(WrongStateError, match="has 1 of 2 signatures") as caught:
        signing.run("publish", artifact=artifact.id)
    assert "hyperhost sign org.acme/auth@1.0.0" in caught.value.hint
    assert signing.run("publish", artifact=artifact.id, key=third)["artifact"]["state"] == "published"


def test_a_signature_that_comes_with_a_refused_publish_is_not_kept(signing: Signing) -> None:
    trusted, other = signing.key(), signing.key()
    signing.trust("org.acme", trusted)
    artifact = signing.artifact()
    with pytest.raises(WrongStateError, match=r"is not trusted for org\.acme"):
        signing.run("publish", artifact=artifact.id, key=other)
    assert signing.read(artifact.id) == artifact


def test_a_key_cannot_be_registered_under_the_id_of_another(signing: Signing, thief: Signing) -> None:
    ours, theirs = signing.key(), thief.key()
    document = json.loads(thief.run("key_export", key=theirs))
    document["key"]["id"] = ours
    with pytest.raises(OperationError, match="belongs to another key") as caught:
        signing.run("key_import", document=json.dumps(document))
    assert caught.value.rule == "signing.key-unusable"
    assert [key["id"] for key in signing.run("key_list")] == [ours]


def test_a_record_that_was_replaced_in_the_store_verifies_nothing(signing: Signing, thief: Signing) -> None:
    """Same id, another public key: who can write to the database still cannot sign as somebody."""
    ours = signing.key()
    signing.trust("org.acme", ours)
    artifact = signing.artifact(ours)
    foreign = thief.record(thief.key())
    signing.write_record(ours, signing.record(ours) | {"public_key": foreign["public_key"]})
    [reason] = signing.reasons(artifact)
    assert "belongs to another key" in reason
    signing.write_record(ours, foreign)
    [reason] = signing.reasons(artifact)
    assert f"the record of {ours} holds" in reason
    with pytest.raises(RefusalError, match="the key is damaged"):
        signing.hook.signing_sign(payload=b"", key_id=ours, signer=SignerRole.PUBLISHER)


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"id": 3}'])
def test_a_damaged_record_verifies_nothing_and_hides_no_other_key(signing: Signing, text: str) -> None:
    ours, other = signing.key(), signing.key()
    artifact = signing.artifact(ours, other)
    signing.hook.storage_put_record(collection="signing-keys", key=ours, data_json=text or "0", mode=None)
    assert ["damaged" in reason for reason in signing.reasons(artifact)] == [True, False]
    assert [key["id"] for key in signing.run("key_list")] == [other]


@pytest.mark.parametrize("text", ["null", "{}", '{"namespace":"org.acme","key_ids":[],"threshold":0}', "["])
def test_a_damaged_rule_trusts_nobody(signing: Signing, text: str) -> None:
    key = signing.key()
    signing.trust("org.acme", key)
    artifact = signing.artifact(key)
    signing.hook.storage_put_record(collection="signing-trust", key="org.acme", data_json=text, mode=None)
    assert not signing.met(artifact)


def test_a_rule_of_another_path_is_not_taken_for_this_one(signing: Signing) -> None:
    key = signing.key()
    signing.trust("org.other", key)
    rule = signing.hook.storage_get_record(collection="signing-trust", key="org.other")
    signing.hook.storage_put_record(collection="signing-trust", key="org.acme", data_json=rule, mode=None)
    assert not signing.met(signing.artifact(key))


@pytest.mark.parametrize(
    "namespace",
    [
        "org.ACME",
        "ORG.acme",
        "org.\u0430cme",  # Cyrillic a
        "org.acm\u0435",  # Cyrillic e
        "org.acme\u200b",  # a space of no width
        "org.\uff41cme",  # a wide letter
        "org.acme.",
        "org..acme",
        ".org.acme",
        "org.acme ",
        "org.acme\n",
        "org.acme\x00",
        "org/acme",
        "org.a\u0301cme",
        "user.alice@example.com.",
        "",
        "x" * 300,
        "com.acme",
    ],
)
def test_a_name_that_looks_like_a_namespace_has_a_rule_that_nobody_can_meet(
    signing: Signing, namespace: str
) -> None:
    key = signing.key()
    signing.trust("org.acme", key)
    artifact = signing.alter(signing.artifact(key), namespace=namespace or "-")
    rule = signing.hook.signing_trust_rule(namespace=namespace)
    assert (rule.namespace, rule.key_ids) == (namespace, [])
    report = hyperhost.judge_signatures(signing.hook, dataclasses.replace(artifact, namespace=namespace))
    assert not report.met
    with pytest.raises(OperationError):
        signing.run("key_trust", namespace=namespace, keys=[key])


def test_an_address_that_another_one_begins_with_is_another_user(signing: Signing) -> None:
    """The e-mail behind ``user.`` is one label: whoever owns ``example.com`` owns no ``example.com.evil``."""
    key = signing.key()
    signing.trust("user.alice@example.com", key)
    rule_for = signing.hook.signing_trust_rule
    assert rule_for(namespace="user.alice@example.com").key_ids == [key]
    assert rule_for(namespace="user.alice@example.com.evil") is None
    assert rule_for(namespace="user.bob@example.com") is None


def test_a_rotation_that_somebody_else_claims_is_not_believed(signing: Signing, thief: Signing) -> None:
    ours, theirs = signing.key(), thief.key()
    signing.trust("org.acme", ours)
    document = json.loads(thief.run("key_export", key=theirs))
    for rotation in ("", base64.b64encode(bytes(64)).decode()):
        document["key"] |= {"rotated_from": ours, "rotation": rotation}
        found = signing.run("key_import", document=json.dumps(document))
        assert (found["rotated_from"], found["replaced_by"]) == ("", "")
    assert signing.hook.signing_trust_rule(namespace="org.acme").key_ids == [ours]


def test_a_rotation_that_the_old_key_signed_is_believed_elsewhere(signing: Signing, thief: Signing) -> None:
    old = thief.key()
    signing.run("key_import", document=thief.run("key_export", key=old))
    new = thief.run("key_rotate", key=old)["id"]
    found = signing.run("key_import", document=thief.run("key_export", key=new))
    assert found["rotated_from"] == old


def test_an_imported_key_is_trusted_for_nothing(signing: Signing, thief: Signing) -> None:
    ours, theirs = signing.key(), thief.key()
    signing.trust("org.acme", ours)
    signing.run("key_import", document=thief.run("key_export", key=theirs))
    artifact = signing.read(signing.artifact().id)
    signing.alter(artifact, signatures=[thief.signature(artifact, theirs)])
    assert signing.reasons(artifact) == ["the key is not trusted for org.acme"]


def test_without_a_provider_nothing_is_published_where_rules_are(signing: Signing) -> None:
    key = signing.key()
    free = signing.artifact(name="free")
    signing.trust("org.acme", key)
    signing.host.plugins["signing"].unload()
    with pytest.raises(WrongStateError, match="there are trust rules, and nobody judges by them"):
        signing.run("publish", artifact=free.id)
    assert signing.read(free.id).state == "draft"


def test_two_providers_and_no_choice_is_no_way_around_a_rule(signing: Signing) -> None:
    artifact = signing.artifact()
    signing.trust("org.acme", signing.key())
    signing.host.register(SigningHybrid(), "hybrid")
    with pytest.raises(WrongStateError, match="both provide the service 'signing'"):
        signing.run("publish", artifact=artifact.id)


def test_a_provider_that_fails_lets_nothing_through() -> None:
    class Broken:
        @hyperhost.hookimpl
        def signing_trust_rule(self, namespace: str) -> Any:
            raise OSError("the disk is gone")

    with signing_host(provider=Broken()) as signing:
        artifact = signing.artifact()
        with pytest.raises(OperationError, match="the disk is gone"):
            signing.run("publish", artifact=artifact.id)
        assert signing.read(artifact.id).state == "draft"


def test_where_no_rule_is_and_no_provider_publishing_works_as_ever(signing: Signing) -> None:
    artifact = signing.artifact()
    signing.host.plugins["signing"].unload()
    assert signing.run("publish", artifact=artifact.id)["artifact"]["state"] == "published"
    assert signing.host.faults == ()


def test_what_is_public_is_published_with_an_attestation_or_not_at_all(tmp_path: Any) -> None:
    with signing_host(home=tmp_path) as signing:
        registry, other = signing.key(), signing.key()
    with signing_host(home=tmp_path, attest_with=registry) as signing:
        public = signing.artifact(visibility="public")
        private = signing.artifact(name="own", visibility="private")
        for each in (public, private):
            signing.run("publish", artifact=each.id)
        assert [each.signer for each in signing.read(public.id).signatures] == ["registry"]
        assert signing.read(private.id).signatures == []
        assert signing.run("verify", artifact=public.id)["attested"] is True
        forged = signing.signature(public, other, SignerRole.REGISTRY)
        signing.alter(signing.read(public.id), signatures=[forged])
        assert signing.run("verify", artifact=public.id)["attested"] is False
        signing.run("key_revoke", key=registry, reason="stolen")
        late = signing.artifact(name="late", visibility="public")
        with pytest.raises(WrongStateError, match="the key was revoked: stolen"):
            signing.run("publish", artifact=late.id)
        assert signing.read(late.id).state == "draft"


def test_what_becomes_public_later_is_attested_then_or_stays_as_it_was(tmp_path: Any) -> None:
    public = {"visibility": "public"}
    with signing_host(home=tmp_path) as signing:
        registry = signing.key()
    with signing_host(home=tmp_path, attest_with=registry) as signing:
        made, old, draft, late = (
            signing.artifact(name=each, visibility="private") for each in ("made", "old", "draft", "late")
        )
        for each in (made, old, late):
            signing.run("publish", artifact=each.id)
        signing.run("update", artifact=made.id, edit={"labels": {"a": "b"}})
        assert signing.read(made.id).signatures == []
        signing.run("update", artifact=made.id, edit=public)
        assert signing.run("verify", artifact=made.id)["attested"] is True
        signing.run("update", artifact=made.id, edit={"labels": {}})
        assert [each.signer for each in signing.read(made.id).signatures] == ["registry"]
        signing.run("deprecate", artifact=old.id)
        signing.run("update", artifact=old.id, edit=public | {"metadata": {"description": "New words"}})
        assert signing.run("verify", artifact=old.id)["attested"] is True
        signing.run("update", artifact=draft.id, edit=public)
        assert signing.read(draft.id).signatures == []
        signing.run("key_revoke", key=registry, reason="stolen")
        with pytest.raises(WrongStateError, match="the key was revoked: stolen"):
            signing.run("update", artifact=late.id, edit=public)
        assert (signing.read(late.id).visibility, signing.read(late.id).signatures) == ("private", [])


def test_a_revocation_by_another_host_of_the_home_binds_the_next_verification(tmp_path: Any) -> None:
    with signing_host(home=tmp_path) as signing:
        key = signing.key()
        artifact = signing.artifact(key)
        assert signing.met(artifact)
        with signing_host(home=tmp_path) as other:
            other.clock.now = NOW + 1
            other.run("key_revoke", key=key, reason="stolen")
        assert signing.reasons(artifact) == ["the key was revoked: stolen"]


def test_keys_without_a_host_are_refused() -> None:
    call = hyperhost.contracts.OperationCall("key_list", hyperhost.contracts.Principal("a"))
    with pytest.raises(RefusalError, match="keys need a host"):
        Keys().operation_run(call)
