"""How private halves are unlocked: by a key file, by the system keyring, by a passphrase."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import keyring.errors
import pytest
from signing_hosts import Signing, signing_host

from hyperhost.contracts import SignerRole
from hyperhost.errors import RefusalError

VARIABLE = "HYPERHOST_KEY_PASSPHRASE"
PASSPHRASE = "correct horse battery staple"


class Ring(keyring.backend.KeyringBackend):
    """A keyring of its own."""

    priority = 1  # type: ignore[assignment]  # what its base class declares cannot be set otherwise

    def __init__(self, *, locked: bool = False) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked("it is locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    made = Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def sign(signing: Signing, key: str) -> Any:
    return signing.hook.signing_sign(payload=b"{}", key_id=key, signer=SignerRole.PUBLISHER)


def refused(signing: Signing, key: str, words: str) -> RefusalError:
    with pytest.raises(RefusalError, match=words) as caught:
        sign(signing, key)
    assert caught.value.rule == "signing.key-unusable"
    return caught.value


def file_of(home: Path) -> Path:
    [found] = (home / "data" / "signing" / "keys").iterdir()
    return found


def test_a_key_file_is_made_where_none_is_named_and_is_the_owners_alone(tmp_path: Path) -> None:
    with signing_host(home=tmp_path) as signing:
        key = signing.key()
        assert sign(signing, key)
    path = tmp_path / "data" / "signing" / "unlock.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert file_of(tmp_path).stat().st_mode & 0o777 == 0o600
    assert json.loads(file_of(tmp_path).read_text())["kdf"] == "argon2id"


def test_a_key_file_may_lie_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "stick" / "unlock.key"
    path.parent.mkdir()
    home = tmp_path / "home"
    config = {"key_file": str(path)}
    with signing_host(home=home, config=config) as signing:
        key = signing.key()
    assert path.stat().st_mode & 0o777 == 0o600
    assert not (home / "data" / "signing" / "unlock.key").exists()
    path.rename(path.with_suffix(".away"))
    with signing_host(home=home, config=config) as signing:
        refused(signing, key, "the key file .* cannot be read: No such file")
        path.with_suffix(".away").rename(path)
        assert sign(signing, key)


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602, 0o777])
def test_a_key_file_that_others_can_read_or_write_is_not_used(tmp_path: Path, mode: int) -> None:
    with signing_host(home=tmp_path) as signing:
        key = signing.key()
    path = tmp_path / "data" / "signing" / "unlock.key"
    path.chmod(mode)
    with signing_host(home=tmp_path) as signing:
        assert "chmod 600" in refused(signing, key, "can be read or written by others").hint


def test_a_private_half_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    with signing_host(home=tmp_path) as signing:
        key = signing.key()
    file_of(tmp_path).chmod(0o640)
    with signing_host(home=tmp_path) as signing:
        refused(signing, key, "can be read or written by others")


@pytest.mark.parametrize("content", ["", "zz", "00" * 31, "00" * 33, "\xff" * 64])
def test_a_damaged_key_file_is_told_of_and_not_replaced(tmp_path: Path, content: str) -> None:
    with signing_host(home=tmp_path) as signing:
        key = signing.key()
    path = tmp_path / "data" / "signing" / "unlock.key"
    path.write_text(content, encoding="latin-1")
    with signing_host(home=tmp_path) as signing:
        refused(signing, key, "is damaged: it holds no 64 hexadecimal digits")
        with pytest.raises(RefusalError, match="is damaged"):
            signing.key()
    assert path.read_text(encoding="latin-1") == content


def test_another_key_file_does_not_unlock(tmp_path: Path) -> None:
    with signing_host(home=tmp_path) as signing:
        key = signing.key()
    (tmp_path / "data" / "signing" / "unlock.key").write_text("ab" * 32)
    with signing_host(home=tmp_path) as signing:
        refused(signing, key, "cannot be unlocked: the file is not the one that it was encrypted with")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("sealed", "AAAA", "cannot be unlocked"),
        ("nonce", "AAAA", "cannot be unlocked"),
        ("salt", "not base64", "cannot be unlocked"),
        ("algorithm", "rsa-pss", "cannot be unlocked"),
        ("id", "ed25519:" + "0" * 64, "is that of ed25519:0000"),
        ("passes", 10_000, "is damaged"),
        ("memory_bytes", 1 << 40, "is damaged"),
        ("memory_bytes", True, "is damaged"),
        ("kdf", "none", "is damaged"),
        ("cipher", "none", "is damaged"),
        ("version", 2, "is damaged"),
        ("unlock", "passphrase", "was encrypted with a passphrase, not with a file"),
        ("more", 1, "is damaged"),
    ],
)
def test_a_sealed_key_that_was_altered_is_not_used(
    tmp_path: Path, field: str, value: Any, words: str
) -> None:
    with signing_host(home=tmp_path) as signing:
        key = signing.key()
    path = file_of(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with signing_host(home=tmp_path) as signing:
        refused(signing, key, words)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"a":' * 9000])
def test_a_file_that_is_no_sealed_key_is_not_used(tmp_path: Path, content: bytes) -> None:
    with signing_host(home=tmp_path) as signing:
        key = signing.key()
    file_of(tmp_path).write_bytes(content)
    with signing_host(home=tmp_path) as signing:
        refused(signing, key, "is damaged")


def test_one_key_cannot_stand_in_for_another(tmp_path: Path) -> None:
    with signing_host(home=tmp_path) as signing:
        first, second = signing.key(), signing.key()
    directory = tmp_path / "data" / "signing" / "keys"
    name = f"{first.replace(':', '_')}.json"
    (directory / f"{second.replace(':', '_')}.json").replace(directory / name)
    with signing_host(home=tmp_path) as signing:
        refused(signing, first, "the private half is that of")


def test_a_link_in_place_of_a_private_half_is_not_followed(tmp_path: Path) -> None:
    with signing_host(home=tmp_path) as signing:
        key = signing.key()
    path = file_of(tmp_path)
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    with signing_host(home=tmp_path) as signing:
        refused(signing, key, "cannot be read")


def test_a_passphrase_unlocks_and_a_wrong_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {"unlock": "passphrase"}
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    with signing_host(home=tmp_path, config=config) as signing:
        key = signing.key()
    assert not (tmp_path / "data" / "signing" / "unlock.key").exists()
    assert PASSPHRASE not in file_of(tmp_path).read_text()
    with signing_host(home=tmp_path, config=config) as signing:
        monkeypatch.setenv(VARIABLE, PASSPHRASE.upper())
        refused(signing, key, "the passphrase is not the one that it was encrypted with")
        monkeypatch.delenv(VARIABLE)
        assert VARIABLE in refused(signing, key, "are locked: no passphrase was given").hint
        monkeypatch.setenv(VARIABLE, PASSPHRASE)
        assert sign(signing, key)


def test_a_short_passphrase_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "short")
    with (
        signing_host(home=tmp_path, config={"unlock": "passphrase"}) as signing,
        pytest.raises(RefusalError, match="the passphrase is too short"),
    ):
        signing.key()
    assert not (tmp_path / "data" / "signing" / "keys").exists()


def test_the_system_keyring_unlocks(tmp_path: Path, ring: Ring) -> None:
    config = {"unlock": "keyring"}
    with signing_host(home=tmp_path, config=config) as signing:
        key = signing.key()
    assert list(ring.kept) == [("hyperhost", f"signing {tmp_path}")]
    with signing_host(home=tmp_path, config=config) as signing:
        ring.locked = True
        refused(signing, key, "the system keyring does not answer: it is locked")
        ring.locked = False
        assert sign(signing, key)
    ring.kept.clear()
    with signing_host(home=tmp_path, config=config) as signing:
        refused(signing, key, "the system keyring has no entry")
    assert ring.kept == {}


def test_a_way_to_unlock_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with (
        signing_host(home=tmp_path, config={"unlock": "none"}) as signing,
        pytest.raises(RefusalError, match="unlock = 'none' is not known") as caught,
    ):
        signing.key()
    assert caught.value.hint == "known are file, keyring, passphrase"


def test_what_was_unlocked_is_let_go_of_when_the_plugin_stops(tmp_path: Path) -> None:
    with signing_host(home=tmp_path) as signing:
        sign(signing, signing.key())
        provider = signing.host.plugins["signing"]
        custody = signing.hook.signing_sign.get_hookimpls()[-1].plugin._made._custody
        assert custody._open
        provider.unload()
    assert custody._open == {}
