"""The algorithms by themselves: strict, never an exception, whatever the bytes."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from signing_hosts import signing_host

from builtin_plugins.signing_ed25519 import verify
from builtin_plugins.signing_ed25519.ed25519 import Ed25519
from builtin_plugins.signing_ed25519.verified import EcdsaP256, RsaPss
from builtin_plugins.signing_hybrid.hybrid import Hybrid
from hyperhost.contracts import Signature
from hyperhost.errors import RefusalError

L = 2**252 + 27742317777372353535851937790883648493
MESSAGE = b"message"
PSS = padding.PSS(padding.MGF1(SHA256()), 32)


def der(key: Any) -> bytes:
    found: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return found


@pytest.fixture(scope="module")
def pair() -> tuple[bytes, bytes]:
    return Ed25519().generate()


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def test_the_vectors_of_rfc_8032_hold() -> None:
    """Section 7.1, the second test."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    made = Ed25519().sign(seed, b"\x72")
    assert Ed25519().public_of(seed) == public
    assert made.hex().startswith("92a009a9f0d4cab8720e820b5f642540")
    assert verify(public, b"\x72", made)
    assert not verify(public, b"\x73", made)


def test_a_second_signature_made_by_adding_the_order_is_refused(pair: tuple[bytes, bytes]) -> None:
    made = Ed25519().sign(pair[0], MESSAGE)
    s = int.from_bytes(made[32:], "little")
    for factor in range(1, 8):
        assert not verify(pair[1], MESSAGE, made[:32] + (s + factor * L).to_bytes(32, "little"))
    assert verify(pair[1], MESSAGE, made)


@pytest.mark.parametrize("length", [0, 1, 31, 33, 63, 65, 96, 128])
def test_lengths_that_are_wrong_are_false_and_no_exception(length: int, pair: tuple[bytes, bytes]) -> None:
    made = Ed25519().sign(pair[0], MESSAGE)
    assert verify(pair[1], MESSAGE, (made * 3)[:length]) is False
    assert verify((pair[1] * 5)[:length], MESSAGE, made) is False


@pytest.mark.parametrize(
    "point",
    [
        bytes(32),
        b"\x01" + bytes(31),
        bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    ],
)
def test_keys_of_small_order_verify_nothing_and_are_no_keys(point: bytes) -> None:
    assert not verify(point, MESSAGE, point + bytes(32))
    assert not verify(point, MESSAGE, b"\x01" + bytes(63))
    assert not Ed25519().is_public(point)


def test_ecdsa_verifies_der_and_nothing_else() -> None:
    key, algorithm = ec.generate_private_key(ec.SECP256R1()), EcdsaP256()
    made = key.sign(MESSAGE, ec.ECDSA(SHA256()))
    r, s = decode_dss_signature(made)
    assert algorithm.verify(der(key), MESSAGE, made)
    assert not algorithm.verify(der(key), b"other", made)
    assert not algorithm.verify(der(key), MESSAGE, r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    assert not algorithm.verify(der(key), MESSAGE, made + b"\0")
    assert not algorithm.verify(der(key), MESSAGE, key.sign(MESSAGE, ec.ECDSA(SHA384())))
    assert not algorithm.verify(der(key), MESSAGE, encode_dss_signature(0, 0))
    for wrong in (b"", b"x" * 91, der(key)[:-1], der(ec.generate_private_key(ec.SECP384R1()))):
        assert not algorithm.verify(wrong, MESSAGE, made)
        assert not algorithm.is_public(wrong)


def test_rsa_verifies_one_kind_of_pss_and_nothing_else(rsa_key: rsa.RSAPrivateKey) -> None:
    algorithm, public = RsaPss(), der(rsa_key)
    assert algorithm.verify(public, MESSAGE, rsa_key.sign(MESSAGE, PSS, SHA256()))
    for made in (
        rsa_key.sign(MESSAGE, padding.PKCS1v15(), SHA256()),
        rsa_key.sign(MESSAGE, padding.PSS(padding.MGF1(SHA256()), 20), SHA256()),
        rsa_key.sign(MESSAGE, padding.PSS(padding.MGF1(SHA1()), 32), SHA256()),
        rsa_key.sign(MESSAGE, padding.PSS(padding.MGF1(SHA256()), 32), SHA384()),
        bytes(256),
        b"",
    ):
        assert not algorithm.verify(public, MESSAGE, made)


def test_a_compressed_point_is_refused_as_it_would_be_a_second_id_of_one_key() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    head = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    compressed = head + key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    assert not EcdsaP256().is_public(compressed)


def test_small_rsa_keys_are_refused() -> None:
    assert not RsaPss().is_public(der(rsa.generate_private_key(65537, 1024)))


def test_keys_in_pem_are_taken_and_verified_with(rsa_key: rsa.RSAPrivateKey) -> None:
    p256, edwards = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    made = {
        "ecdsa-p256": (p256, p256.sign(MESSAGE, ec.ECDSA(SHA256()))),
        "rsa-pss": (rsa_key, rsa_key.sign(MESSAGE, PSS, SHA256())),
        "ed25519": (edwards, edwards.sign(MESSAGE)),
    }
    with signing_host() as signing:
        for name, (key, value) in made.items():
            pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            found = signing.run("key_import", document=pem.decode())
            assert (found["algorithm"], found["can_sign"]) == (name, False)
            signature = Signature(found["id"], name, value)
            assert signing.hook.signing_verify(payload=MESSAGE, signature=signature).valid
            assert not signing.hook.signing_verify(payload=b"x", signature=signature).valid
            assert signing.run("key_import", document=pem.decode())["id"] == found["id"]


@pytest.mark.parametrize("name", ["ecdsa-p256", "rsa-pss", "rsa", "ecdsa"])
def test_keys_that_are_only_verified_with_are_not_made(name: str) -> None:
    with signing_host() as signing, pytest.raises(RefusalError, match="only verified with here") as caught:
        signing.hook.signing_create_key(algorithm=name, expires_at_us=None)
    assert caught.value.rule == "signing.algorithm"
    assert caught.value.hint.startswith("new keys: ed25519;")


def test_forging_either_half_of_a_hybrid_signature_fails() -> None:
    hybrid = Hybrid()
    private, public = hybrid.generate()
    thief, _ = hybrid.generate()
    good, stolen = hybrid.sign(private, MESSAGE), hybrid.sign(thief, MESSAGE)
    other = hybrid.sign(private, b"other")
    assert hybrid.verify(public, MESSAGE, good)
    for first, second in ((good, stolen), (stolen, good), (good, other), (other, good), (stolen, stolen)):
        assert not hybrid.verify(public, MESSAGE, first[:64] + second[64:])
    for missing in (good[:64], good[64:], good[:64] + bytes(3309), bytes(64) + good[64:], good + good):
        assert not hybrid.verify(public, MESSAGE, missing)


def test_half_of_a_hybrid_signature_is_no_signature_by_itself() -> None:
    hybrid = Hybrid()
    private, public = hybrid.generate()
    made = hybrid.sign(private, MESSAGE)
    assert not verify(public[:32], MESSAGE, made[:64])
    plain = Ed25519().sign(private[:32], MESSAGE)
    assert not hybrid.verify(public, MESSAGE, plain + made[64:])


def test_hybrid_keys_of_wrong_lengths_or_with_a_half_of_small_order_are_none() -> None:
    _, public = Hybrid().generate()
    assert Hybrid().is_public(public)
    for wrong in (b"", public[:-1], public + b"\0", bytes(32) + public[32:], public[:32]):
        assert not Hybrid().is_public(wrong)
        assert not Hybrid().verify(wrong, MESSAGE, bytes(64 + 3309))


def test_the_id_of_an_ed25519_key_is_its_public_half(pair: tuple[bytes, bytes]) -> None:
    with signing_host() as signing:
        found = signing.run("key_import", document=f"ed25519:{pair[1].hex()}\n")
        assert base64.b64decode(found["public_key"]) == pair[1]
        with pytest.raises(RefusalError, match="are not known here"):
            signing.hook.signing_import_key(document=b"ed25519:" + b"0" * 64, passphrase=None)
