"""Private keys: encrypted where they lie, and of no use without the key file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builtin_plugins.trust_tuf.keys import KeyStore
from hyperhost.errors import RefusalError


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "keys", tmp_path / "unlock.key")


def again(store: KeyStore) -> KeyStore:
    """The same store in another process."""
    return KeyStore(store._directory, store.unlock)


def test_a_key_signs_in_another_process_and_lies_encrypted(store: KeyStore) -> None:
    made = store.generate("timestamp")
    [signer] = again(store).signers([made.public_key.keyid])
    made.public_key.verify_signature(signer.sign(b"payload"), b"payload")
    for path in store._directory.iterdir():
        assert path.stat().st_mode & 0o077 == 0
        assert b"PRIVATE KEY" not in path.read_bytes()
    assert json.loads((store._directory / "seal.json").read_bytes())["kdf"] == "argon2id"
    assert store.unlock.stat().st_mode & 0o077 == 0


def test_another_key_file_does_not_open_them(store: KeyStore) -> None:
    key_id = store.generate("timestamp").public_key.keyid
    store.unlock.write_bytes(b"0" * 64)
    with pytest.raises(RefusalError, match="does not open: it was altered, or the key file is another one"):
        again(store).signers([key_id])


def test_without_the_key_file_nothing_is_signed_and_none_is_made(store: KeyStore) -> None:
    key_id = store.generate("timestamp").public_key.keyid
    store.unlock.unlink()
    with pytest.raises(RefusalError, match=r"key file .* is not there") as caught:
        again(store).signers([key_id])
    assert caught.value.rule == "missing:key"
    assert not store.unlock.exists()


def test_a_key_file_that_others_may_read_is_refused(store: KeyStore) -> None:
    key_id = store.generate("timestamp").public_key.keyid
    store.unlock.chmod(0o644)
    with pytest.raises(RefusalError, match="others may read"):
        again(store).signers([key_id])


@pytest.mark.parametrize("field", ["role", "sealed"])
def test_a_key_that_was_altered_does_not_open(store: KeyStore, field: str) -> None:
    key_id = store.generate("timestamp").public_key.keyid
    path = store._directory / f"{key_id}.json"
    data = json.loads(path.read_bytes())
    data[field] = "root" if field == "role" else data[field][:-8] + "AAAAAAA="
    path.write_text(json.dumps(data))
    with pytest.raises(RefusalError, match="does not open: it was altered"):
        again(store).signers([key_id])


def test_a_key_in_the_place_of_another_does_not_open(store: KeyStore) -> None:
    first, second = (store.generate("snapshot").public_key.keyid for _ in range(2))
    (store._directory / f"{first}.json").write_bytes((store._directory / f"{second}.json").read_bytes())
    with pytest.raises(RefusalError, match="does not open: it was altered"):
        again(store).signers([first])


@pytest.mark.parametrize("change", [{"memory_kib": 2**40}, {"time_cost": "3"}, {"kdf": "none"}, {"salt": 1}])
def test_a_seal_that_was_altered_is_not_followed(store: KeyStore, change: dict[str, object]) -> None:
    key_id = store.generate("timestamp").public_key.keyid
    path = store._directory / "seal.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **change}))
    with pytest.raises(RefusalError, match=r"seal\.json was altered"):
        again(store).signers([key_id])


def test_only_keys_that_are_here_are_held(store: KeyStore) -> None:
    key_id = store.generate("root").public_key.keyid
    assert again(store).held([key_id, "f" * 64]) == [key_id]
    store.forget(key_id)
    assert store.held([key_id]) == []
    assert store.signers([key_id]) == []
