"""What every provider of the service ``signing`` does; run against each, with and without a store."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from signing_hosts import NOW, SECOND, Clock

import hyperhost
from builtin_plugins.signing_ed25519.plugin import SigningEd25519
from builtin_plugins.signing_hybrid.plugin import SigningHybrid
from builtin_plugins.storage_memory.plugin import StorageMemory
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.contracts import Signature, SignerRole, SigningKey, TrustRule
from hyperhost.contracts.codec import to_data
from hyperhost.errors import ProviderMissingError, RefusalError
from hyperhost.host.keys.algorithm import key_id_of
from hyperhost.host.keys.sealing import Unlock, seal

PROVIDERS = {"ed25519": SigningEd25519, "ed25519+ml-dsa-65": SigningHybrid}
PASSPHRASE = "correct horse battery staple"
PUBLISHER = SignerRole.PUBLISHER


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=PROVIDERS)
def algorithm(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=["memory", "home"])
def host(request: pytest.FixtureRequest, algorithm: str, clock: Clock, tmp_path: Path) -> Iterator[Any]:
    """A host with the provider, in memory and with a home; the host ``other`` has no store at all."""
    home = tmp_path / "home" if request.param == "home" else None
    if home is not None:
        home.mkdir(mode=0o700)
    with hyperhost.Host("signing", home=home, clock=clock) as made:
        if request.param == "memory":
            made.register(StorageMemory(), "storage")
        elif home is not None:
            made.register(StorageSql(str(home / "registry.db")), "storage")
        made.register(PROVIDERS[algorithm](), "signing")
        yield made


@pytest.fixture
def hook(host: hyperhost.Host) -> Any:
    return host.hook


@pytest.fixture
def other(algorithm: str) -> Iterator[Any]:
    """Hooks of another host with the same provider."""
    with hyperhost.Host("other", clock=Clock()) as made:
        made.register(PROVIDERS[algorithm](), "signing")
        yield made.hook


def create(hook: Any, expires_at_us: int | None = None) -> Any:
    return hook.signing_create_key(algorithm="", expires_at_us=expires_at_us)


def sign(hook: Any, key: Any, payload: bytes = b"{}") -> Signature:
    made: Signature = hook.signing_sign(payload=payload, key_id=key.id, signer=PUBLISHER)
    return made


def why(hook: Any, signature: Signature, payload: bytes = b"{}") -> str:
    """Why a signature does not hold; empty when it does."""
    found = hook.signing_verify(payload=payload, signature=signature)
    assert found.valid == (not found.reason)
    assert found.key_id == signature.key_id
    reason: str = found.reason
    return reason


def refused(call: Any, rule: str, words: str, **arguments: Any) -> None:
    with pytest.raises(RefusalError, match=words) as caught:
        call(**arguments)
    assert caught.value.rule == rule


def test_a_key_signs_and_its_signature_holds(hook: Any, algorithm: str) -> None:
    key = hook.signing_create_key(algorithm=algorithm, expires_at_us=None)
    assert (key.algorithm, key.created_at_us, key.can_sign) == (algorithm, NOW, True)
    assert key.id.startswith(f"{algorithm}:")
    made = sign(hook, key)
    assert (made.key_id, made.algorithm, made.signed_at_us) == (key.id, algorithm, NOW)
    assert why(hook, made) == ""
    assert hook.signing_list_keys() == [key]


def test_keys_are_listed_the_oldest_first(hook: Any, clock: Clock) -> None:
    made = []
    for _ in range(3):
        made.append(create(hook))
        clock.now += SECOND
    assert hook.signing_list_keys() == made


def test_changed_bytes_and_changed_signatures_do_not_hold(hook: Any) -> None:
    made = sign(hook, create(hook), b'{"a":1}')
    assert "was changed" in why(hook, made, b'{"a":2}')
    assert "was changed" in why(hook, made, b"")
    for value in (
        b"",
        made.value[:-1],
        made.value + b"\0",
        bytes(len(made.value)),
        b"\xff" * len(made.value),
    ):
        assert "was changed" in why(hook, dataclasses.replace(made, value=value), b'{"a":1}')


def test_every_byte_of_a_signature_counts(hook: Any) -> None:
    made = sign(hook, create(hook))
    for place in range(0, len(made.value), 61):
        value = bytearray(made.value)
        value[place] ^= 1
        assert why(hook, dataclasses.replace(made, value=bytes(value)))


def test_the_algorithm_is_that_of_the_key_whatever_the_signature_claims(hook: Any, algorithm: str) -> None:
    made = sign(hook, create(hook))
    for claim in ("none", "", "hmac-sha256", "rsa-pss", algorithm.upper(), "ed25519ph"):
        assert "claims to be" in why(hook, dataclasses.replace(made, algorithm=claim))


def test_an_unknown_key_is_no_error_but_does_not_hold(hook: Any) -> None:
    made = sign(hook, create(hook))
    for key_id in ("", "none", "../../etc/passwd", "ed25519:" + "0" * 64, made.key_id.upper(), "x" * 5000):
        assert why(hook, dataclasses.replace(made, key_id=key_id)) == "no such key is known here"


def test_keys_that_are_not_there_are_refused(hook: Any) -> None:
    for key_id in ("nobody", "ed25519:" + "0" * 64):
        for name, more in (
            ("signing_sign", {"payload": b"", "signer": PUBLISHER}),
            ("signing_revoke_key", {"reason": "lost"}),
            ("signing_rotate_key", {"expires_at_us": None}),
            ("signing_export_key", {"passphrase": None}),
        ):
            refused(getattr(hook, name), "signing.key-missing", "there is no key", key_id=key_id, **more)


@pytest.mark.parametrize("name", ["none", "hs256", "ed448", "rsa-pkcs1", "ED25519"])
def test_an_algorithm_that_is_not_known_is_refused(hook: Any, name: str) -> None:
    refused(
        hook.signing_create_key,
        "signing.algorithm",
        f"the algorithm '{name}' is not known",
        algorithm=name,
        expires_at_us=None,
    )
    assert hook.signing_list_keys() == []


def test_an_expired_key_neither_signs_nor_verifies(hook: Any, clock: Clock) -> None:
    key = create(hook, NOW + SECOND)
    made = sign(hook, key)
    clock.now = NOW + SECOND - 1
    assert why(hook, made) == ""
    clock.now = NOW + SECOND
    assert why(hook, made) == "the key has expired"
    refused(
        hook.signing_sign,
        "signing.key-unusable",
        "has expired",
        payload=b"",
        key_id=key.id,
        signer=PUBLISHER,
    )
    refused(
        hook.signing_create_key,
        "invalid:expires_at_us:past",
        "expired from the start",
        algorithm="",
        expires_at_us=clock.now,
    )


def test_a_revoked_key_neither_signs_nor_verifies_and_stays_revoked(hook: Any, clock: Clock) -> None:
    key = create(hook)
    made = sign(hook, key)
    clock.now += SECOND
    assert hook.signing_revoke_key(key_id=key.id, reason="laptop lost") is True
    assert hook.signing_revoke_key(key_id=key.id, reason="again") is False
    [listed] = hook.signing_list_keys()
    assert (listed.revoked_at_us, listed.revocation_reason) == (NOW + SECOND, "laptop lost")
    assert why(hook, made) == "the key was revoked: laptop lost"
    refused(
        hook.signing_sign, "signing.key-unusable", "laptop lost", payload=b"", key_id=key.id, signer=PUBLISHER
    )
    refused(hook.signing_rotate_key, "signing.key-unusable", "revoked", key_id=key.id, expires_at_us=None)


def test_a_rotated_key_verifies_and_signs_no_more(hook: Any) -> None:
    old = create(hook)
    hook.signing_put_trust_rule(rule=TrustRule("org.acme", [old.id]))
    made = sign(hook, old)
    new = hook.signing_rotate_key(key_id=old.id, expires_at_us=None)
    assert (new.rotated_from, new.algorithm, new.can_sign) == (old.id, old.algorithm, True)
    assert why(hook, made) == ""
    assert why(hook, sign(hook, new)) == ""
    refused(
        hook.signing_sign, "signing.key-unusable", "was rotated", payload=b"", key_id=old.id, signer=PUBLISHER
    )
    refused(hook.signing_rotate_key, "signing.key-unusable", "was rotated", key_id=old.id, expires_at_us=None)
    assert hook.signing_trust_rule(namespace="org.acme").key_ids == sorted([old.id, new.id])
    by_id = {key.id: key for key in hook.signing_list_keys()}
    assert by_id[old.id].replaced_by == new.id


def test_a_public_key_that_was_exchanged_verifies_elsewhere_and_cannot_sign(hook: Any, other: Any) -> None:
    key = create(hook, NOW + SECOND)
    document = hook.signing_export_key(key_id=key.id, passphrase=None)
    assert b"private" not in document
    assert b"sealed" not in document
    taken = other.signing_import_key(document=document, passphrase=None)
    assert (taken.id, taken.expires_at_us, taken.can_sign) == (key.id, key.expires_at_us, False)
    assert why(other, sign(hook, key)) == ""
    refused(
        other.signing_sign,
        "signing.key-unusable",
        "is not here",
        payload=b"",
        key_id=key.id,
        signer=PUBLISHER,
    )


def test_a_private_key_moves_under_a_passphrase_only(hook: Any, other: Any) -> None:
    key = create(hook)
    refused(hook.signing_export_key, "signing.key-unusable", "too short", key_id=key.id, passphrase="short")
    document = hook.signing_export_key(key_id=key.id, passphrase=PASSPHRASE)
    refused(
        other.signing_import_key,
        "signing.key-unusable",
        "cannot be unlocked",
        document=document,
        passphrase=PASSPHRASE + "!",
    )
    assert other.signing_list_keys() == []
    assert other.signing_import_key(document=document, passphrase=PASSPHRASE).can_sign
    assert why(hook, sign(other, key)) == ""


def test_what_is_imported_again_changes_nothing_but_a_revocation(hook: Any, other: Any) -> None:
    key = create(hook)
    before = hook.signing_export_key(key_id=key.id, passphrase=None)
    other.signing_import_key(document=before, passphrase=None)
    hook.signing_revoke_key(key_id=key.id, reason="stolen")
    after = hook.signing_export_key(key_id=key.id, passphrase=None)
    assert other.signing_import_key(document=after, passphrase=None).revocation_reason == "stolen"
    assert other.signing_import_key(document=before, passphrase=None).revocation_reason == "stolen"
    assert hook.signing_import_key(document=before, passphrase=None).revocation_reason == "stolen"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff\xfe",
        b"{" * 10_000,
        b'{"type":"hyperhost-key","version":1}',
        b'{"type":"hyperhost-key","version":1,"key":[]}',
        b'{"type":"hyperhost-key","version":1,"key":{"id":"ed25519:00"}}',
        b'{"type":"hyperhost-key","version":2,"key":{}}',
        b"-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"x" * 100_000,
    ],
)
def test_what_is_no_key_is_not_imported(hook: Any, document: bytes) -> None:
    refused(
        hook.signing_import_key,
        "signing.key-unusable",
        "the key is damaged",
        document=document,
        passphrase=None,
    )
    assert hook.signing_list_keys() == []


def test_the_rule_with_the_longest_path_holds(hook: Any) -> None:
    first, second = create(hook), create(hook)
    wide, narrow = (
        TrustRule("org.acme", sorted([first.id, second.id]), 2),
        TrustRule("org.acme.lab", [first.id]),
    )
    assert hook.signing_put_trust_rule(rule=wide) is True
    assert hook.signing_put_trust_rule(rule=narrow) is True
    assert hook.signing_put_trust_rule(rule=wide) is False
    assert hook.signing_list_trust_rules() == [wide, narrow]
    for namespace, rule in {
        "org.acme": wide,
        "org.acme.shop": wide,
        "org.acme.lab": narrow,
        "org.acme.lab.deep.er": narrow,
        "org.acme.labour": wide,
        "org.acmeevil": None,
        "org": None,
        "lib.acme": None,
    }.items():
        assert hook.signing_trust_rule(namespace=namespace) == rule, namespace
    assert hook.signing_remove_trust_rule(namespace="org.acme.lab") is True
    assert hook.signing_remove_trust_rule(namespace="org.acme.lab") is False
    assert hook.signing_trust_rule(namespace="org.acme.lab") == wide


def test_a_rule_that_cannot_be_met_is_refused(hook: Any) -> None:
    key = create(hook)
    for rule, kind, words in (
        (TrustRule("org.acme", [key.id], 2), "invalid:threshold:range", "never give 2 signatures"),
        (TrustRule("org.acme", [key.id, key.id], 2), "invalid:threshold:range", "never give 2"),
        (TrustRule("org.acme", [key.id], 0), "invalid:threshold:range", "at least 1"),
        (TrustRule("org.acme", []), "invalid:threshold:range", "0 keys can never give 1"),
        (TrustRule("org.ACME", [key.id]), "invalid:namespace:path", "no namespace"),
        (TrustRule("org.acme", ["ed25519:" + "0" * 64]), "signing.key-missing", "there is no key"),
    ):
        with pytest.raises(RefusalError, match=words) as caught:
            hook.signing_put_trust_rule(rule=rule)
        assert caught.value.rule == kind
    assert hook.signing_list_trust_rules() == []


def test_keys_outlive_the_process(algorithm: str, tmp_path: Path) -> None:
    def opened() -> hyperhost.Host:
        made = hyperhost.Host("signing", home=tmp_path, clock=Clock())
        made.register(StorageSql(str(tmp_path / "registry.db")), "storage")
        made.register(PROVIDERS[algorithm](), "signing")
        return made

    with opened() as host:
        key = create(host.hook)
        first = sign(host.hook, key)
    with opened() as host:
        assert host.hook.signing_list_keys() == [key]
        assert why(host.hook, sign(host.hook, key)) == ""
        assert why(host.hook, first) == ""


def test_a_private_half_lies_nowhere_in_the_clear(algorithm: str, tmp_path: Path) -> None:
    provider = PROVIDERS[algorithm]()
    [wanted] = [each for each in provider.algorithms() if each.name == algorithm]
    with hyperhost.Host("signing", home=tmp_path, clock=Clock()) as host:
        host.register(StorageSql(str(tmp_path / "registry.db")), "storage")
        host.register(provider, "signing")
        private, public = wanted.generate()
        document = _document(algorithm, public, private)
        host.hook.signing_import_key(document=document, passphrase=PASSPHRASE)
    halves = [private[at : at + 32] for at in range(0, len(private), 32)]
    for path in tmp_path.rglob("*"):
        found = path.read_bytes() if path.is_file() else b""
        for half in halves:
            for form in (half, half.hex().encode(), base64.b64encode(half)[:40]):
                assert form not in found, path
        if path.is_file() and "data" in path.parts:
            assert path.stat().st_mode & 0o077 == 0, path


def _document(algorithm: str, public: bytes, private: bytes) -> bytes:
    """A key as another home would export it."""
    key_id = key_id_of(algorithm, public)
    key = to_data(SigningKey(key_id, algorithm, public, NOW))
    sealed = seal(key_id, private, Unlock("passphrase", PASSPHRASE.encode()))
    return json.dumps({"type": "hyperhost-key", "version": 1, "key": key, "private": sealed}).encode()


def test_a_home_without_a_store_is_told_of_and_not_replaced_by_memory(algorithm: str, tmp_path: Path) -> None:
    with hyperhost.Host("signing", home=tmp_path) as host:
        host.register(PROVIDERS[algorithm](), "signing")
        with pytest.raises(ProviderMissingError, match="no plugin provides the service 'storage'"):
            host.hook.signing_list_keys()
