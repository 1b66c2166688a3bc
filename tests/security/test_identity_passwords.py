"""Attacks on passwords: guessing, finding out who exists, and what is left lying about."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import argon2
import pytest
from identity_hosts import CHEAP, PASSWORD, Identities, identity_host

from hyperhost.contracts import Credential, CredentialKind, PageRequest
from hyperhost.errors import (
    AccessDeniedError,
    AuthenticationError,
    ConfigError,
    ConflictError,
    HyperHostError,
    InvalidInputError,
)


@pytest.fixture
def ids() -> Any:
    with identity_host() as made:
        yield made


def refused(ids: Identities, name: str = "alice", password: str = "wrong password", **seen: str) -> str:
    """The rule by which a login is refused."""
    with pytest.raises(AuthenticationError) as caught:
        ids.password(name, password, **seen)
    return str(caught.value.rule)


def stored(ids: Identities) -> str:
    """All that is stored of identities, as text."""
    found = []
    for name in ("users", "passwords", "api-keys", "sessions", "seen", "attempts"):
        page = ids.hook.storage_list_records(collection=f"identity-{name}", prefix="", page=PageRequest(100))
        found += [f"{record.key} {record.data_json}" for record in page.items]
    return "\n".join(found)


def test_an_unknown_user_costs_as_much_as_a_wrong_password_and_is_told_the_same(
    ids: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = []
    verify = argon2.PasswordHasher.verify

    def seen(self: argon2.PasswordHasher, verifier: str, password: Any) -> Any:
        costs.append(argon2.extract_parameters(verifier))
        return verify(self, verifier, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", seen)
    ids.user("alice")
    ids.run("user_create", name="bob")  # has no password
    ids.user("carol")
    ids.run("user_disable", name="carol")
    ids.user("dora")
    ids.run("user_delete", name="dora")
    words = set()
    for name in ("alice", "bob", "carol", "dora", "nobody", "NOT A NAME", ""):
        with pytest.raises(AuthenticationError) as caught:
            ids.password(name, "wrong password")
        words.add((caught.value.message, caught.value.rule, caught.value.hint))
    assert words == {("the name or the password is wrong", "wrong", "")}
    assert len(costs) == 7
    assert len({repr(each) for each in costs}) == 1


def test_guessing_locks_the_name_also_for_the_right_password(ids: Identities) -> None:
    ids.user()
    assert [refused(ids) for _ in range(6)] == ["wrong"] * 5 + ["locked"]
    assert refused(ids, password=PASSWORD) == "locked"
    assert ids.run("user_read", name="alice")["state"] == "locked"
    ids.later(61)
    assert ids.password().id == "user:alice"
    assert ids.run("user_read", name="alice")["state"] == "active"


def test_each_further_failure_doubles_the_lock(ids: Identities) -> None:
    ids.user()
    for _ in range(5):
        refused(ids)
    ids.later(61)
    assert refused(ids) == "wrong"
    ids.later(61)
    assert refused(ids) == "locked"
    ids.later(60)
    assert ids.password().id == "user:alice"


def test_a_name_that_does_not_exist_is_locked_as_one_that_does(ids: Identities) -> None:
    assert [refused(ids, "nobody") for _ in range(6)] == ["wrong"] * 5 + ["locked"]


def test_the_lock_outlives_the_process(tmp_path: Path) -> None:
    with identity_host(home=tmp_path) as ids:
        ids.user()
        for _ in range(5):
            refused(ids)
    with identity_host(home=tmp_path) as ids:
        assert refused(ids, password=PASSWORD) == "locked"


def test_trying_one_password_on_many_names_locks_the_address() -> None:
    with identity_host(local={"failures_per_address": 3}) as ids:
        ids.user()
        rules = [refused(ids, f"name-{number}", ip="192.0.2.7") for number in range(4)]
        assert rules == ["wrong", "wrong", "wrong", "locked"]
        assert refused(ids, "alice", PASSWORD, ip="192.0.2.7") == "locked"
        assert ids.password(ip="192.0.2.8").id == "user:alice"


def test_addresses_of_one_ipv6_network_are_one_and_a_mapped_one_is_its_ipv4() -> None:
    with identity_host(local={"failures_per_address": 2}) as ids:
        assert refused(ids, "a", ip="2001:db8::1") == "wrong"
        assert refused(ids, "b", ip="2001:db8::2:2") == "wrong"
        assert refused(ids, "c", ip="2001:db8::ffff:3") == "locked"
        assert refused(ids, "d", ip="::ffff:192.0.2.1") == "wrong"
        assert refused(ids, "e", ip="192.0.2.1") == "wrong"
        assert refused(ids, "f", ip="192.0.2.1") == "locked"


def test_logging_in_with_an_own_account_does_not_reset_the_count_of_the_address() -> None:
    with identity_host(local={"failures_per_address": 3}) as ids:
        ids.user("mallory")
        for number in range(3):
            assert refused(ids, f"victim-{number}", ip="192.0.2.7") == "wrong"
            if number < 2:
                ids.password("mallory", ip="192.0.2.7")
        assert refused(ids, "victim-4", ip="192.0.2.7") == "locked"


def test_guesses_at_the_same_time_are_counted_each(ids: Identities) -> None:
    ids.user()
    rules: list[str] = []
    threads = [threading.Thread(target=lambda: rules.append(refused(ids))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rules.count("wrong") == 5
    assert rules.count("locked") == 7


def test_an_administrator_unlocks(ids: Identities) -> None:
    ids.user()
    for _ in range(6):
        refused(ids)
    assert ids.run("user_enable", name="alice")["state"] == "active"
    assert ids.password().id == "user:alice"


def test_failures_are_audited_by_name_only_when_somebody_has_it(ids: Identities) -> None:
    ids.user()
    refused(ids, ip="192.0.2.7", user_agent="guesser/1")
    refused(ids, name="correct horse battery")  # a password where the name belongs
    latest, before = ids.entries("authentication_failed")
    assert (before["target"], before["ip"], before["user_agent"]) == ("user:alice", "192.0.2.7", "guesser/1")
    assert before["error"]["rule"] == "unauthenticated:password:wrong"
    assert latest["target"] == "unknown"
    assert "correct horse" not in json.dumps(ids.entries())


def test_a_locked_name_does_not_fill_the_audit_log(ids: Identities) -> None:
    ids.user()
    for _ in range(20):
        refused(ids)
    assert len(ids.entries("authentication_failed")) == 5


def test_nobody_but_the_registry_records_a_failure(ids: Identities) -> None:
    ids.user("alice", "admin")
    operations = ids.as_(ids.password())
    for caller in (operations, ids.operations):
        with pytest.raises(AccessDeniedError, match="only the registry itself"):
            caller.run("authentication_failed", target="user:bob", kind="password", rule="wrong")


def test_a_password_is_never_an_argument_and_its_handle_works_once(ids: Identities) -> None:
    with pytest.raises(InvalidInputError, match="not one that was announced"):
        ids.run("user_create", name="alice", password=PASSWORD)
    handle = ids.keep()
    ids.run("user_create", name="alice", password=handle)
    with pytest.raises(InvalidInputError, match="not one that was announced"):
        ids.run("user_create", name="bob", password=handle)
    late = ids.keep()
    ids.later(301)
    with pytest.raises(InvalidInputError, match="not one that was announced"):
        ids.run("user_create", name="bob", password=late)


def test_no_password_and_no_hash_is_in_an_answer_an_audit_entry_or_a_representation(ids: Identities) -> None:
    ids.user()
    secret = ids.session()
    answers = json.dumps([ids.run("user_list"), ids.run("session_list", user="*"), ids.entries()])
    text = stored(ids)
    assert PASSWORD not in text
    assert secret.rpartition("_")[2] not in text
    for forbidden in (PASSWORD, "$argon2id$", secret.rpartition("_")[2], "verifier"):
        assert forbidden not in answers
    assert PASSWORD not in repr(Credential(CredentialKind.PASSWORD, PASSWORD, "alice"))


def test_exports_hold_no_identities(tmp_path: Path) -> None:
    from builtin_plugins.transfer.plugin import Transfer

    with identity_host({"transfer": Transfer()}, home=tmp_path) as ids:
        ids.user()
        ids.run("export", target=str(tmp_path / "all.hhx"))
        assert b"argon2" not in (tmp_path / "all.hhx").read_bytes()
        assert b"alice" not in (tmp_path / "all.hhx").read_bytes()


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "10 characters"),
        ("aaaaaaaaaaaa", "repeats itself"),
        ("x" * 1_025, "repeats itself|1024 bytes"),
        ("abcdefgh" * 200, "1024 bytes"),
        ("half a pair \ud800", "no text"),
    ],
)
def test_passwords_that_are_not_taken(ids: Identities, password: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        ids.keep(password)


@pytest.mark.parametrize("password", ["", "\ud800", "x" * 100_000, "\0", PASSWORD + " ", PASSWORD.upper()])
def test_odd_passwords_are_wrong_and_no_fault(ids: Identities, password: str) -> None:
    ids.user()
    assert refused(ids, password=password) == "wrong"
    assert not ids.host.faults


def test_a_password_is_the_same_however_a_keyboard_writes_it(ids: Identities) -> None:
    ids.user(password="Caf\u00e9 in the old town")
    assert ids.password(password="Cafe\u0301 in the old town").id == "user:alice"


@pytest.mark.parametrize(
    "name",
    [
        "Alice",
        "\u0430lice",
        "alice\u200b",
        "\uff41lice",
        "al ice",
        "-alice",
        "alice.",
        "a" * 65,
        "",
        "a\nb",
        "é",
    ],
)
def test_names_that_look_like_another_one_are_refused(ids: Identities, name: str) -> None:
    ids.user()
    with pytest.raises(InvalidInputError, match="cannot be the name of a user"):
        ids.run("user_create", name=name)


def test_the_name_of_a_deleted_user_is_nobodys_again(ids: Identities) -> None:
    ids.user("alice", "admin")
    ids.run("user_delete", name="alice")
    with pytest.raises(ConflictError, match="whose things still bear that name"):
        ids.run("user_create", name="alice")


def test_setting_a_password_ends_all_sessions(ids: Identities) -> None:
    ids.user()
    secret = ids.session()
    ids.run("user_set_password", name="alice", password=ids.keep("another password"))
    with pytest.raises(AuthenticationError, match="ended with a change of the password"):
        ids.token(secret)
    assert refused(ids, password=PASSWORD) == "wrong"
    assert ids.password(password="another password").id == "user:alice"


def test_a_stolen_session_does_not_change_the_password(ids: Identities) -> None:
    ids.user("alice", "user")
    ids.user("mallory")
    thief = ids.as_(ids.token(ids.session()))
    with pytest.raises(AccessDeniedError, match="old password was not shown"):
        thief.run("password_change", password=ids.keep("another password"))
    proof = Credential(CredentialKind.PASSWORD, PASSWORD, "mallory")
    with pytest.raises(AccessDeniedError, match="old password was not shown"):
        thief.run("password_change", password=ids.keep("another password", proof))
    assert ids.password().id == "user:alice"


def test_guessing_the_old_password_by_changing_it_is_locked_out_too(ids: Identities) -> None:
    ids.user()
    rules = []
    for _ in range(6):
        with pytest.raises(AuthenticationError) as caught:
            ids.keep("another password", Credential(CredentialKind.PASSWORD, "guess", "alice"))
        rules.append(caught.value.rule)
    assert rules == ["wrong"] * 5 + ["locked"]
    assert len(ids.entries("authentication_failed")) == 5


def test_changing_the_own_password_with_the_old_one(ids: Identities) -> None:
    ids.user()
    who = ids.as_(ids.password())
    proof = Credential(CredentialKind.PASSWORD, PASSWORD, "alice")
    who.run("password_change", password=ids.keep("another password", proof))
    assert ids.password(password="another password").id == "user:alice"


def test_a_disabled_user_is_told_so_only_with_the_right_password(ids: Identities) -> None:
    ids.user()
    ids.run("user_disable", name="alice")
    assert refused(ids) == "wrong"
    assert refused(ids, password=PASSWORD) == "disabled"


def test_a_hash_of_lower_cost_is_replaced_at_the_next_login(tmp_path: Path) -> None:
    with identity_host(home=tmp_path) as ids:
        ids.user()
    with identity_host(home=tmp_path, local={**CHEAP, "argon2_passes": 3}) as ids:
        before = stored(ids)
        ids.password()
        assert "t=2" in before
        assert "t=3" in stored(ids)
        assert ids.password().id == "user:alice"


def test_a_damaged_record_lets_nobody_in(ids: Identities) -> None:
    ids.user()
    for text in ("{}", '{"verifier":""}', '{"verifier":"$argon2id$v=19$m=8,t=1,p=1$AA$AA"}', "[", "null"):
        ids.hook.storage_put_record(collection="identity-passwords", key="alice", data_json=text, mode=None)
        with pytest.raises(HyperHostError):
            ids.password()
        ids.run("user_enable", name="alice")


@pytest.mark.parametrize(
    "local", [{"argon2_memory_kib": 8}, {"argon2_passes": 1}, {"failures_per_user": 0}, {"lockout": 5}]
)
def test_settings_that_would_be_unsafe_are_refused(local: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(local))), identity_host(local=local):
        pass
