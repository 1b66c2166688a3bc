"""Attacks on API keys and sessions: forging, outliving, widening, and reaching for those of others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from identity_hosts import NOW, PASSWORD, SECOND, Identities, identity_host

import hyperhost
from builtin_plugins.transfer.plugin import Transfer
from hyperhost.contracts import CredentialKind, Principal, PrincipalKind
from hyperhost.errors import (
    AccessDeniedError,
    AuthenticationError,
    InvalidInputError,
    NotFoundError,
    QuotaExceededError,
)
from hyperhost.hookspecs import hookimpl
from hyperhost.host.component import ComponentObject

DAY = 86_400


@pytest.fixture
def ids() -> Iterator[Identities]:
    with identity_host() as made:
        made.user("alice", "publisher")
        yield made


@pytest.fixture
def alice(ids: Identities) -> hyperhost.Operations:
    return ids.as_(ids.password())


def key(operations: hyperhost.Operations, *scopes: str, **more: Any) -> tuple[str, str]:
    """Id and secret of a new key."""
    made = operations.run("apikey_create", name="ci", scopes=list(scopes), **more)
    return made["key"]["id"], made["secret"]


def refused(ids: Identities, token: str) -> str:
    """The rule by which a token is refused."""
    with pytest.raises(AuthenticationError) as caught:
        ids.token(token)
    assert token not in str(caught.value)
    return str(caught.value.rule)


def test_a_key_is_shown_once_and_kept_as_a_hash(ids: Identities, alice: hyperhost.Operations) -> None:
    key_id, secret = key(alice)
    record = ids.hook.storage_get_record(collection="identity-api-keys", key=key_id)
    inner = secret.rpartition(f"{key_id}_")[2]
    assert len(inner) == 43  # 256 bits
    assert inner not in record
    assert json.loads(record)["verifier"] == hashlib.sha256(inner.encode()).hexdigest()
    assert inner not in json.dumps([alice.run("apikey_list"), ids.entries()])
    assert ids.token(secret).id == "user:alice"
    assert ids.token(secret).kind is PrincipalKind.API_KEY


def test_forged_and_damaged_tokens_are_wrong(ids: Identities, alice: hyperhost.Operations) -> None:
    key_id, secret = key(alice)
    session = ids.session()
    other = "A" if secret[-1] != "A" else "B"
    forged = [
        secret[:-1],
        secret + "A",
        f"{secret[:-1]}{other}",
        f" {secret}",
        f"{secret}\n",
        secret.replace("hhk_", "hhs_"),
        session.replace("hhs_", "hhk_"),
        f"hhk_{key_id}_{'A' * 43}",
        f"hhk_{'0' * 12}-{'0' * 12}_{'A' * 43}",
        f"hhk_../../users/alice_{'A' * 43}",
        "hhk_",
        f"hhk_{key_id}_{'é' * 43}",
    ]
    for token in forged:
        with pytest.raises(AuthenticationError, match=r"is wrong|not one of this|not issued here"):
            ids.token(token)
    assert not ids.host.faults


def test_the_hash_in_a_stolen_backup_is_no_key(ids: Identities, alice: hyperhost.Operations) -> None:
    key_id, _ = key(alice)
    record = json.loads(ids.hook.storage_get_record(collection="identity-api-keys", key=key_id))
    assert refused(ids, f"hhk_{key_id}_{record['verifier'][:43]}") == "wrong"


def test_a_revoked_key_does_not_hold_and_the_others_do(ids: Identities, alice: hyperhost.Operations) -> None:
    key_id, secret = key(alice)
    _, second = key(alice)
    alice.run("apikey_revoke", key=key_id)
    assert refused(ids, secret) == "revoked"
    assert ids.token(second).id == "user:alice"
    states = {each["id"]: each["state"] for each in alice.run("apikey_list")}
    assert states[key_id] == "was revoked"


def test_an_expired_key_does_not_hold(ids: Identities, alice: hyperhost.Operations) -> None:
    _, secret = key(alice, expires_at_us=NOW + 60 * SECOND)
    ids.later(59)
    assert ids.token(secret).id == "user:alice"
    ids.later(1)
    assert refused(ids, secret) == "expired"


@pytest.mark.parametrize(
    ("until", "words"), [(NOW, "expired already"), (NOW + 366 * DAY * SECOND, "too long")]
)
def test_keys_expire_and_not_too_late(alice: hyperhost.Operations, until: int, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        key(alice, expires_at_us=until)


def test_last_use_is_noted_to_the_minute(ids: Identities, alice: hyperhost.Operations) -> None:
    _, secret = key(alice)
    assert alice.run("apikey_list")[0]["used_at_us"] is None
    for seconds, used in ((5, 5), (10, 5), (60, 75)):
        ids.later(seconds)
        ids.token(secret)
        assert alice.run("apikey_list")[0]["used_at_us"] == NOW + used * SECOND


@pytest.mark.parametrize("change", ["user_disable", "user_delete"])
def test_keys_and_sessions_of_somebody_who_is_kept_out_do_not_hold(ids: Identities, change: str) -> None:
    _, secret = key(ids.as_(ids.password()))
    session = ids.session()
    ids.run(change, name="alice")
    for token in (secret, session):
        assert refused(ids, token) in ("disabled", "revoked", "wrong")
    with pytest.raises(AuthenticationError):
        ids.password()


def test_sessions_do_not_come_back_when_somebody_is_let_in_again(ids: Identities) -> None:
    session = ids.session()
    ids.run("user_disable", name="alice")
    ids.run("user_enable", name="alice")
    assert refused(ids, session) == "ended"


def test_a_key_is_limited_to_its_scopes_whatever_its_owner_may(ids: Identities) -> None:
    ids.user("root", "admin")
    operations = ids.as_(ids.password("root"))
    narrow = ids.as_(ids.token(key(operations, "user:manage")[1]))
    assert [each["name"] for each in narrow.run("user_list")] == ["alice", "root"]
    for operation, arguments in (
        ("namespace_create", {"path": "org.acme"}),
        ("role_assign", {"principal": "user:alice", "role": "admin"}),
        ("session_revoke", {}),
        ("audit_list", {}),
    ):
        with pytest.raises(AccessDeniedError, match=r"limited to user:manage|nobody has said"):
            narrow.run(operation, **arguments)


def test_scopes_give_nothing_that_the_owner_may_not(ids: Identities, alice: hyperhost.Operations) -> None:
    wide = ids.as_(ids.token(key(alice, "*")[1]))
    with pytest.raises(AccessDeniedError, match="user:manage"):
        wide.run("user_list")


def test_lists_are_limited_by_scopes_too(ids: Identities, alice: hyperhost.Operations) -> None:
    alice.run(
        "create", draft={"namespace": "org.acme", "name": "auth", "type": "library", "version": "1.0.0"}
    )
    assert len(alice.run("list")["items"]) == 1
    narrow = ids.as_(ids.token(key(alice, "identity:own")[1]))
    assert narrow.run("list")["items"] == []


def test_a_key_makes_no_keys_no_sessions_and_no_tokens(ids: Identities, alice: hyperhost.Operations) -> None:
    for scopes in ((), ("*",)):
        holder = ids.as_(ids.token(key(alice, *scopes)[1]))
        for operation, arguments in (
            ("apikey_create", {"name": "more"}),
            ("session_create", {}),
            ("password_change", {"password": ids.keep("another password")}),
            ("token_create", {"limits": {"allow": ["artifact:read"]}}),
        ):
            with pytest.raises(AccessDeniedError, match="API key"):
                holder.run(operation, **arguments)


def test_others_keys_and_sessions_are_not_there(ids: Identities, alice: hyperhost.Operations) -> None:
    ids.user("mallory", "admin")
    ids.run("role_unassign", principal="user:mallory", role="admin")
    mallory = ids.as_(ids.password("mallory"))
    key_id, secret = key(alice)
    session_id = ids.token(ids.session()).attributes["session"]
    assert mallory.run("apikey_list") == mallory.run("session_list") == []
    with pytest.raises(NotFoundError, match="no API key") as there:
        mallory.run("apikey_revoke", key=key_id)
    with pytest.raises(NotFoundError, match="no API key") as absent:
        mallory.run("apikey_revoke", key=key_id[::-1])
    assert there.value.message == absent.value.message.replace(key_id[::-1], key_id)
    with pytest.raises(NotFoundError, match="no session"):
        mallory.run("session_revoke", session=session_id)
    for operation, more in (
        ("apikey_list", {}),
        ("session_list", {}),
        ("session_revoke", {}),
        ("apikey_revoke", {"key": key_id}),
        ("apikey_create", {"name": "mine"}),
    ):
        for user in ("alice", "user:alice", "*"):
            with pytest.raises(AccessDeniedError, match="user:manage"):
                mallory.run(operation, user=user, **more)
    assert ids.token(secret).id == "user:alice"


def test_nobody_gets_a_key_of_the_owner_of_the_home(ids: Identities) -> None:
    with pytest.raises(AccessDeniedError, match="has no API keys"):
        ids.run("apikey_create", name="ci")
    for user in ("local:owner", "system:entrance", "nobody"):
        with pytest.raises(NotFoundError, match="no user"):
            ids.run("apikey_create", name="ci", user=user)
    with pytest.raises(AccessDeniedError, match="needs no session"):
        ids.run("session_create")


def test_a_plugin_cannot_let_somebody_in_as_the_owner(ids: Identities) -> None:
    class Liar:
        @hookimpl
        def access_authenticate(self, credential: Any) -> Principal | None:
            return Principal("local:owner", roles=["admin"])

    ids.host.register(Liar(), "liar")
    with pytest.raises(AuthenticationError, match="cannot stand for the registry"):
        ids.token("a.capability.token")
    assert refused(ids, f"hhk_{'0' * 12}-{'0' * 12}_{'A' * 43}") == "wrong"  # it is not even asked


def test_a_plugin_is_not_shown_passwords_keys_or_sessions(
    ids: Identities, alice: hyperhost.Operations
) -> None:
    shown = []

    class Curious:
        @hookimpl(priority=400)
        def access_authenticate(self, credential: Any) -> Principal | None:
            shown.append(credential.kind)
            return None

    ids.host.register(Curious(), "curious")
    ids.token(key(alice)[1])
    ids.token(ids.session())
    with pytest.raises(AuthenticationError):
        ids.password("nobody")
    assert shown == []


def test_a_component_is_shown_no_credential_and_vouches_for_nobody(ids: Identities) -> None:
    shown = []

    class Guest(ComponentObject):
        def __init__(self) -> None:
            """No package stands behind it; what counts is that the host takes it for a component."""

        @hookimpl(tryfirst=True, priority=0)
        def access_authenticate(self, credential: Any) -> Principal | None:
            shown.append(credential)
            return Principal("user:alice", roles=["admin"])

        @hookimpl(tryfirst=True, priority=0)
        def access_keep_password(self, password: str, proof: Any) -> str:
            shown.append(password)
            return "mine"

    ids.host._roster.manager.register(Guest(), "guest")
    assert ids.hook.access_authenticate(credential=None).roles == ["admin"]  # it is there, and comes first
    shown.clear()
    for kind in CredentialKind:
        with pytest.raises(AuthenticationError):
            ids.shown(kind, "a secret", "alice")
    assert ids.keep() != "mine"
    assert shown == []


def test_keys_do_not_pile_up(ids: Identities, alice: hyperhost.Operations) -> None:
    first, _ = key(alice)
    for _ in range(99):
        key(alice)
    with pytest.raises(QuotaExceededError, match="100 API keys"):
        key(alice)
    alice.run("apikey_revoke", key=first)
    assert key(alice)


def test_identities_are_in_a_backup_and_come_back_with_it(tmp_path: Path) -> None:
    with identity_host({"transfer": Transfer()}, home=tmp_path / "home") as made:
        made.user("alice")
        _, secret = key(made.as_(made.password()))
        made.run("backup", directory=str(tmp_path / "backups"))
        [backup] = [path for path in (tmp_path / "backups").rglob("*") if path.is_file()]
        made.run("user_delete", name="alice")
        assert refused(made, secret) in ("disabled", "revoked")
        made.run("backup_restore", path=str(backup), force=True)
        assert made.token(secret).id == made.password().id == "user:alice"
    assert secret.rpartition("_")[2].encode() not in backup.read_bytes()


def test_a_session_ends_after_its_time_however_much_it_is_used(ids: Identities) -> None:
    secret = ids.session()
    for _ in range(11):
        ids.later(3_600)
        ids.token(secret)
    ids.later(3_600)
    assert refused(ids, secret) == "expired"


def test_a_session_that_is_not_used_ends_earlier(ids: Identities) -> None:
    secret = ids.session()
    ids.later(7_199)
    ids.token(secret)
    ids.later(7_200)
    assert refused(ids, secret) == "idle"


def test_a_session_begins_no_other_one(ids: Identities) -> None:
    holder = ids.as_(ids.token(ids.session()))
    with pytest.raises(AccessDeniedError, match="none would ever end"):
        holder.run("session_create")


def test_logging_out_ends_the_session_and_revoking_all_ends_all(ids: Identities) -> None:
    first, second, third = (ids.session() for _ in range(3))
    holder = ids.as_(ids.token(first))
    holder.run("session_revoke", session=holder.principal.attributes["session"])
    assert refused(ids, first) == "wrong"
    assert len(ids.as_(ids.token(second)).run("session_revoke")) == 2
    assert (refused(ids, second), refused(ids, third)) == ("wrong", "wrong")


def test_sessions_of_one_user_do_not_pile_up(ids: Identities) -> None:
    who = ids.password()
    secrets = []
    for _ in range(101):
        ids.later(1)
        secrets.append(ids.as_(who).run("session_create")["secret"])
    assert refused(ids, secrets[0]) == "wrong"
    assert ids.token(secrets[1]).id == "user:alice"
    assert len(ids.run("session_list", user="alice")) == 100


def test_every_change_is_audited_with_its_actor_and_without_its_secret(ids: Identities) -> None:
    alice = ids.as_(ids.password(user_agent="browser/1", ip="192.0.2.7"))
    made = alice.run("apikey_create", name="ci", scopes=["artifact:read"])
    alice.run("apikey_revoke", key=made["key"]["id"])
    revoked, created = ids.entries()[:2]
    assert created["actor"]["id"] == revoked["actor"]["id"] == "user:alice"
    assert created["target"] == revoked["target"] == f"apikey:{made['key']['id']}"
    assert (created["ip"], created["user_agent"]) == ("192.0.2.7", "browser/1")
    assert created["details"]["scopes"] == ["artifact:read"]
    assert created["private"]
    assert made["secret"] not in json.dumps([created, revoked])


def test_a_creation_that_is_undone_leaves_no_key(ids: Identities, alice: hyperhost.Operations) -> None:
    class Refusing:
        @hookimpl(wrapper=True, specname="operation_run", priority=600)
        def around(self, call: Any) -> Any:
            outcome = yield
            if call.operation == "apikey_create":
                raise RuntimeError("the power went out")
            return outcome

    ids.host.register(Refusing(), "refusing")
    with pytest.raises(hyperhost.errors.HyperHostError, match="power went out"):
        key(alice)
    assert alice.run("apikey_list") == []


def test_whoami_says_by_what_and_with_which_limits(ids: Identities, alice: hyperhost.Operations) -> None:
    assert ids.run("whoami")["by"] == "owner"
    assert alice.run("whoami")["by"] == "password"
    ids.run("role_assign", principal="user:alice", role="maintainer", namespace="org.acme")
    found = ids.as_(ids.token(key(alice, "artifact:read")[1])).run("whoami")
    assert found["roles"] == ["maintainer@org.acme", "publisher"]
    assert (found["by"], found["scopes"], found["kind"]) == ("api-key", ["artifact:read"], "api-key")


def test_the_form_of_a_token_says_its_kind() -> None:
    kinds = {
        "hhk_x": CredentialKind.API_KEY,
        "hhs_x": CredentialKind.SESSION,
        "eyJhbGciOiJub25lIn0.eyJ9.": CredentialKind.JWT,
        "En0KEwoEMTIzNBgD": CredentialKind.CAPABILITY,
        PASSWORD: CredentialKind.CAPABILITY,
    }
    assert {token: hyperhost.credential_of(token).kind for token in kinds} == kinds
