"""Operations on keys and on trust: what they answer, refuse, and leave in the audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from signing_hosts import NOW, SECOND, Signing, signing_host

import hyperhost
from builtin_plugins.audit.plugin import Audit
from builtin_plugins.transfer.plugin import Transfer
from hyperhost.errors import (
    InvalidInputError,
    NotFoundError,
    OperationError,
    RefusalError,
    StorageError,
    WrongStateError,
)

PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def signing() -> Iterator[Signing]:
    with signing_host() as made:
        yield made


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """A file with a passphrase."""
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\nnot this\n")
    path.chmod(0o600)
    return str(path)


def test_a_key_from_its_making_to_its_end(signing: Signing) -> None:
    made = signing.run("key_generate", expires_at_us=NOW + 9 * SECOND)
    assert (made["algorithm"], made["expires_at_us"], made["can_sign"]) == ("ed25519", NOW + 9 * SECOND, True)
    assert signing.run("key_show", key=made["id"]) == made
    new = signing.run("key_rotate", key=made["id"])
    assert [key["id"] for key in signing.run("key_list")] in (
        [made["id"], new["id"]],
        [new["id"], made["id"]],
    )
    gone = signing.run("key_revoke", key=new["id"], reason="no longer with us")
    assert (gone["revoked_at_us"], gone["revocation_reason"]) == (NOW, "no longer with us")


def test_an_algorithm_may_be_named(signing: Signing) -> None:
    assert signing.run("key_generate", algorithm="ed25519")["algorithm"] == "ed25519"
    with pytest.raises(InvalidInputError, match="the algorithm 'rot13' is not known") as caught:
        signing.run("key_generate", algorithm="rot13")
    assert (caught.value.rule, caught.value.hint) == ("signing.algorithm", "known: ed25519")


def test_a_private_half_is_handed_out_under_a_passphrase_only(signing: Signing, secret: str) -> None:
    key = signing.key()
    assert "private" not in json.loads(signing.run("key_export", key=key))
    document = signing.run("key_export", key=key, passphrase_file=secret)
    assert json.loads(document)["private"]["kdf"] == "argon2id"
    with signing_host() as other:
        assert other.run("key_import", document=document)["can_sign"] is False
        assert other.run("key_import", document=document, passphrase_file=secret)["can_sign"] is True


@pytest.mark.parametrize(
    ("mode", "content", "rule", "words"),
    [
        (0o644, b"correct horse battery\n", "mode", "may be read by others"),
        (0o600, b"\xff" * 20, "text", "is no text"),
        (None, b"", "unreadable", "cannot be read: No such file"),
    ],
)
def test_a_passphrase_file_that_cannot_be_used_is_refused(
    signing: Signing, tmp_path: Path, mode: int | None, content: bytes, rule: str, words: str
) -> None:
    path = tmp_path / "secret"
    if mode is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(InvalidInputError, match=words) as caught:
        signing.run("key_export", key=signing.key(), passphrase_file=str(path))
    assert (caught.value.field, caught.value.rule) == ("passphrase_file", rule)


def test_trust_grows_shrinks_and_goes(signing: Signing) -> None:
    first, second = sorted([signing.key(), signing.key()])
    rule = signing.run("key_trust", namespace="org.acme", keys=[first])
    assert rule == {"namespace": "org.acme", "key_ids": [first], "threshold": 1}
    rule = signing.run("key_trust", namespace="org.acme", keys=[second], threshold=2)
    assert (rule["key_ids"], rule["threshold"]) == ([first, second], 2)
    with pytest.raises(InvalidInputError, match="1 keys can never give 2 signatures"):
        signing.run("key_untrust", namespace="org.acme", keys=[second])
    assert signing.run("key_rules") == [rule]
    signing.run("key_trust", namespace="org.acme", threshold=1)
    assert signing.run("key_untrust", namespace="org.acme", keys=[second])["key_ids"] == [first]
    assert signing.run("key_untrust", namespace="org.acme") is None
    assert signing.run("key_rules") == []


def test_a_rule_of_a_child_does_not_take_over_its_parents_keys(signing: Signing) -> None:
    parent, child = signing.key(), signing.key()
    signing.trust("org.acme", parent)
    rule = signing.run("key_trust", namespace="org.acme.lab", keys=[child])
    assert rule["key_ids"] == [child]
    with pytest.raises(NotFoundError, match=r"'org\.acme\.shop' has no trust rule of its own"):
        signing.run("key_untrust", namespace="org.acme.shop")


@pytest.mark.parametrize(
    ("operation", "arguments", "cls", "words"),
    [
        ("key_show", {"key": "nobody"}, NotFoundError, "there is no key 'nobody'"),
        ("key_show", {}, InvalidInputError, "key"),
        ("key_show", {"key": 3}, InvalidInputError, "key"),
        ("key_show", {"key": "a", "more": 1}, InvalidInputError, "more"),
        ("key_revoke", {"key": "nobody", "reason": "x"}, NotFoundError, "there is no key"),
        ("key_revoke", {"key": "nobody", "reason": " "}, InvalidInputError, "a revocation needs a reason"),
        ("key_rotate", {"key": "nobody"}, NotFoundError, "there is no key"),
        ("key_export", {"key": "nobody"}, NotFoundError, "there is no key"),
        ("key_import", {"document": "x"}, WrongStateError, "the key is damaged"),
        ("key_generate", {"expires_at_us": 5}, InvalidInputError, "expired from the start"),
        ("key_generate", {"expires_at_us": "soon"}, InvalidInputError, "expires_at_us"),
        ("key_trust", {"namespace": "org.acme", "keys": ["x"]}, NotFoundError, "there is no key 'x'"),
        ("key_trust", {"namespace": "org.acme"}, InvalidInputError, "0 keys can never give 1"),
        ("key_untrust", {"namespace": "org.acme"}, NotFoundError, "no trust rule of its own"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(
    signing: Signing, operation: str, arguments: dict[str, Any], cls: type[OperationError], words: str
) -> None:
    with pytest.raises(cls, match=words):
        signing.run(operation, **arguments)
    assert signing.run("key_list") == []


def test_a_rotation_that_fails_at_its_end_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """The new key is stored before the rules are; both are undone together."""

    class Full:
        armed = False

        @hyperhost.hookimpl(wrapper=True)
        def storage_put_record(self, collection: str) -> Any:
            if self.armed and collection == "signing-trust":
                raise RefusalError("no room", "storage.full")
            return (yield)

    full = Full()
    with signing_host(full, home=tmp_path) as signing:
        key = signing.key()
        signing.trust("org.acme", key)
        before = signing.run("key_list"), signing.run("key_rules")
        full.armed = True
        with pytest.raises(StorageError, match="no room"):
            signing.run("key_rotate", key=key)
        assert (signing.run("key_list"), signing.run("key_rules")) == before
        assert signing.artifact(key).signatures


def test_every_change_is_audited_and_no_secret_is(secret: str) -> None:
    with signing_host(Audit()) as signing:
        key = signing.run("key_generate")["id"]
        signing.run("key_trust", namespace="org.acme", keys=[key])
        artifact = signing.artifact(key)
        signing.run("key_export", key=key, passphrase_file=secret)
        signing.run("key_export", key=key)
        signing.run("key_revoke", key=key, reason="lost")
        with pytest.raises(WrongStateError):
            signing.run("sign", artifact=artifact.id, key=key)
        entries = signing.run("audit_list", limit=100)["items"]
        text = json.dumps(entries)
    found = [(each["operation"], each["success"]) for each in reversed(entries)]
    assert found == [
        ("key_generate", True),
        ("key_trust", True),
        ("create", True),
        ("sign", True),
        ("key_export", True),
        ("key_revoke", True),
        ("sign", False),
    ]
    assert PASSPHRASE not in text
    assert entries[1]["target"] == key
    assert '"reason": "lost"' in text


def test_keys_and_trust_are_in_a_backup_and_private_halves_are_not(tmp_path: Path) -> None:
    place = tmp_path / "backups"
    with signing_host(Transfer(), home=tmp_path / "home") as signing:
        key = signing.key()
        signing.trust("org.acme", key)
        sealed = json.loads(next((tmp_path / "home/data/signing/keys").iterdir()).read_text())["sealed"]
        signing.run("backup", directory=str(place))
        [backup] = [path for path in place.rglob("*") if path.is_file()]
        signing.run("key_untrust", namespace="org.acme")
        signing.run("backup_restore", path=str(backup), force=True)
        assert signing.run("key_rules")[0]["key_ids"] == [key]
    assert sealed.encode() not in backup.read_bytes()
