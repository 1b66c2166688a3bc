"""Policies, signatures and secrets: what gets past them, and what keeps them busy."""

from __future__ import annotations

import base64
import html
import json
import re
import tracemalloc
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from access_hosts import as_who, guarded
from policy_hosts import policy_host, put
from registry_hosts import draft

import hyperhost
from builtin_plugins.access.plugin import Access
from builtin_plugins.keys.plugin import Keys
from builtin_plugins.policy.patterns import PatternError, pattern
from builtin_plugins.policy.reading import PolicyError, read_policy
from builtin_plugins.signing_ed25519.plugin import SigningEd25519
from builtin_plugins.transfer.plugin import Transfer
from hyperhost.contracts import Principal
from hyperhost.errors import HyperHostError, PolicyDeniedError
from hyperhost.sandbox.revealed import Revealed

DENY = """
[policy]
name = "no-bob"
[scope]
operations = ["create"]
{scope}
[[rules]]
id = "never"
action = "deny"
reason = "not here"
{when}
"""
SECRET = "p4ss/w0rd of seven boats é"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir(mode=0o700)
    return tmp_path / "home"


@pytest.fixture
def host(home: Path) -> Iterator[hyperhost.Host]:
    with policy_host(home, Access(), Transfer()) as (made, _):
        yield made


def test_a_policy_on_roles_passes_over_a_role_that_was_assigned(host: hyperhost.Host, home: Path) -> None:
    hyperhost.Operations(host).run("role_assign", principal="user:bob", role="contributor")
    when = 'when = { field = "user.roles", operator = "contains", value = "contributor" }'
    put(home, "no-bob", DENY.format(scope="", when=when))
    with pytest.raises(PolicyDeniedError):
        hyperhost.Operations(host, as_who("user:bob")).run("create", draft=draft())


@pytest.mark.parametrize("by", ["scope", "field"])
def test_somebody_whom_a_policy_names_goes_round_it_by_a_token_of_theirs(
    host: hyperhost.Host, home: Path, by: str
) -> None:
    when = 'when = { field = "user.id", operator = "equals", value = "user:bob" }'
    scope = 'users = ["user:bob"]'
    put(home, "no-bob", DENY.format(scope=scope if by == "scope" else "", when=when if by == "field" else ""))
    bob = hyperhost.Operations(host, as_who("user:bob", "publisher"))
    with pytest.raises(PolicyDeniedError):
        bob.run("create", draft=draft())
    token = bob.run("token_create", limits={"allow": ["artifact:create"]})["token"]
    held = hyperhost.Operations(host, hyperhost.authenticate(host, hyperhost.credential_of(token)))
    with pytest.raises(PolicyDeniedError):
        held.run("create", draft=draft())


def test_a_child_namespace_takes_itself_out_of_production(host: hyperhost.Host) -> None:
    owner = hyperhost.Operations(host)
    owner.run("namespace_create", path="org.acme", edit={"labels": {"environment": "production"}})
    owner.run("namespace_create", path="org.acme.team", edit={"labels": {"environment": "test"}})
    owner.run("create", draft=draft(namespace="org.acme.team", name="auth"))
    with pytest.raises(PolicyDeniedError):
        owner.run("publish", artifact="org.acme.team/auth")


def test_a_policy_whose_suffix_is_in_capitals_is_passed_over(host: hyperhost.Host, home: Path) -> None:
    put(home, "no-bob", DENY.format(scope="", when="")).rename(home / "policies" / "no-bob.TOML")
    with pytest.raises(PolicyDeniedError):
        hyperhost.Operations(host).run("create", draft=draft())


def test_a_directory_of_policies_from_which_others_may_remove_them(host: hyperhost.Host, home: Path) -> None:
    put(home, "no-bob", DENY.format(scope='users = ["user:bob"]', when=""))
    (home / "policies").chmod(0o777)
    with pytest.raises(PolicyDeniedError):
        hyperhost.Operations(host).run("create", draft=draft())


def test_an_expression_that_is_linear_and_slow_all_the_same() -> None:
    with pytest.raises(PatternError):
        pattern(r"(\w{1,500}){50}x")


def test_a_policy_of_a_few_bytes_that_takes_all_memory() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(PolicyError):
            read_policy(f"a{'.a' * 4_000} = 1\n")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 32 << 20  # of a text of 8 kB; 1 MiB is taken


# --- signatures -----------------------------------------------------------------------------------


def test_an_import_publishes_unsigned_what_a_trust_rule_wants_signed(tmp_path: Path) -> None:
    file = str(tmp_path / "unsigned")
    with guarded(None, Transfer()) as elsewhere:
        elsewhere.owner.run("create", draft=draft(name="auth"))
        elsewhere.owner.run("publish", artifact="org.acme/auth")
        elsewhere.owner.run("export", target=file)
    with guarded(None, SigningEd25519(), Keys(), Transfer()) as here:
        key = here.owner.run("key_generate")["id"]
        here.owner.run("key_trust", namespace="org.acme", keys=[key])
        done = here.owner.run("import", source=file)
        assert done["created"] == 0
        assert [each["key"] for each in done["issues"]] == ["org.acme/auth@1.0.0"]
        assert here.owner.run("list")["items"] == []


def test_a_document_that_anybody_wrote_revokes_a_key_without_the_permission_to() -> None:
    with guarded(None, SigningEd25519(), Keys()) as registry:
        key = registry.owner.run("key_generate")["id"]
        document = json.loads(registry.owner.run("key_export", key=key))
        document["key"] |= {"revoked_at_us": 1, "revocation_reason": "stolen"}
        registry.owner.run("role_create", name="importer", rules=[{"permissions": ["key:import"]}])
        registry.owner.run("role_assign", principal="user:imp", role="importer")
        with pytest.raises(HyperHostError):
            registry.of("user:imp").run("key_import", document=json.dumps(document))


# --- secrets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        quote(SECRET),
        quote_plus(SECRET),
        SECRET.encode().hex().upper(),
        base64.b64encode(b"user:" + SECRET.encode()).decode(),
    ],
    ids=["percent with slashes", "percent of a form", "hexadecimal in capitals", "Basic authorization"],
)
def test_a_secret_in_a_usual_form_that_is_not_masked(text: str) -> None:
    given = Revealed()
    given.add("acme", SECRET)
    assert "********" in given.text("acme", f"sent {text}")


@pytest.mark.parametrize("before", ["", "u", "us", "usr"])
def test_a_secret_behind_something_else_in_base64_is_masked_but_for_its_ends(before: str) -> None:
    given = Revealed()
    given.add("acme", SECRET)
    text = base64.urlsafe_b64encode(f"{before}{SECRET}\n".encode()).decode()
    shown = given.text("acme", text)
    assert "********" in shown
    assert len(shown) <= 8 + 8


@pytest.mark.parametrize(
    "write",
    [
        repr,
        ascii,
        html.escape,
        lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
        lambda text: json.dumps(text).replace("/", "\\/"),
        lambda text: unicodedata.normalize("NFD", text),
    ],
    ids=["Python", "Python in ASCII", "HTML", "small percent", "JSON with escaped slashes", "decomposed"],
)
def test_a_secret_as_other_programs_write_it_is_masked(write: Any) -> None:
    secret = f"{SECRET} <&>'\""
    given = Revealed()
    given.add("acme", secret)
    shown = given.text("acme", write(secret))
    assert "********" in shown
    assert "boats" not in shown


# --- who is meant ---------------------------------------------------------------------------------


def test_a_role_in_a_namespace_counts_there_and_nowhere_else(host: hyperhost.Host, home: Path) -> None:
    owner = hyperhost.Operations(host)
    for role, place in (("contributor", ""), ("maintainer", "org.acme")):
        owner.run("role_assign", principal="user:bob", role=role, namespace=place)
    when = 'when = { field = "user.roles", operator = "contains", value = "maintainer" }'
    put(home, "no-bob", DENY.format(scope="", when=when))
    bob = hyperhost.Operations(host, as_who("user:bob"))
    for namespace in ("org.acme", "org.acme.team"):
        with pytest.raises(PolicyDeniedError):
            bob.run("create", draft=draft(namespace=namespace))
    bob.run("create", draft=draft(namespace="org.acmeters"))


def test_a_role_of_the_issuer_counts_for_a_token_and_one_that_nobody_knows_denies(
    host: hyperhost.Host, home: Path
) -> None:
    bob = hyperhost.Operations(host, as_who("user:bob", "publisher"))
    token = bob.run("token_create", limits={"allow": ["artifact:create"]})["token"]
    held = hyperhost.Operations(host, hyperhost.authenticate(host, hyperhost.credential_of(token)))
    when = 'when = { field = "user.roles", operator = "contains", value = "intern" }'
    put(home, "no-bob", DENY.format(scope="", when=when))
    with pytest.raises(PolicyDeniedError, match="not everything could be looked at"):
        held.run("create", draft=draft())

    class People:
        @hyperhost.hookimpl
        def access_lookup(self, principal_id: str) -> Principal:
            return Principal(principal_id, roles=["publisher"])

    host.register(People(), "people")
    held.run("create", draft=draft())
    hyperhost.Operations(host).run("role_create", name="intern", rules=[{"permissions": ["artifact:read"]}])
    hyperhost.Operations(host).run("role_assign", principal="user:bob", role="intern")
    with pytest.raises(PolicyDeniedError):
        held.run("create", draft=draft(name="other"))


def test_an_exception_for_somebody_is_none_for_their_tokens(host: hyperhost.Host, home: Path) -> None:
    bob = hyperhost.Operations(host, as_who("user:bob", "publisher"))
    exempt = '[[exceptions]]\nusers = ["user:bob"]\nreason = "it is bob"\nexpires = 2100-01-01\n'
    token = bob.run("token_create", limits={"allow": ["artifact:create"]})["token"]
    put(home, "no-bob", DENY.format(scope="", when="") + exempt)
    bob.run("create", draft=draft())
    held = hyperhost.Operations(host, hyperhost.authenticate(host, hyperhost.credential_of(token)))
    with pytest.raises(PolicyDeniedError):
        held.run("create", draft=draft(name="other"))


def test_a_policy_on_what_policies_ask_for_themselves_does_not_ask_for_ever(
    host: hyperhost.Host, home: Path
) -> None:
    when = 'when = { field = "user.roles", operator = "contains", value = "intern" }'
    text = DENY.replace('"create"', '"*"')
    put(home, "no-bob", text.format(scope="", when=when))
    hyperhost.Operations(host, as_who("user:bob", "publisher")).run("create", draft=draft())


def test_a_rule_that_allows_needs_every_value_along_the_path(host: hyperhost.Host, home: Path) -> None:
    owner = hyperhost.Operations(host)
    owner.run("namespace_create", path="org.acme", edit={"labels": {"stage": "live"}})
    owner.run("namespace_create", path="org.acme.team", edit={"labels": {"stage": "lab"}})
    owner.run("namespace_create", path="org.lab", edit={"labels": {"stage": "lab"}})
    when = 'when = { field = "namespace.labels.stage", operator = "equals", value = "lab" }'
    text = DENY.replace('name = "no-bob"', 'name = "no-bob"\ndefault = "deny"').replace(
        '"deny"\nr', '"allow"\nr'
    )
    put(home, "no-bob", text.format(scope="", when=when))
    owner.run("create", draft=draft(namespace="org.lab"))
    with pytest.raises(PolicyDeniedError):
        owner.run("create", draft=draft(namespace="org.acme.team"))


def test_the_list_says_what_is_wrong_with_a_directory_and_a_suffix(host: hyperhost.Host, home: Path) -> None:
    put(home, "no-bob", DENY.format(scope="", when="")).rename(home / "policies" / "no-bob.Toml")
    (home / "policies").chmod(0o770)
    owner = hyperhost.Operations(host)
    said = {each["name"]: each["problem"] for each in owner.run("policy_list") if each["state"] == "broken"}
    assert "chmod 700" in said["policies"]
    assert "small letters" in said["no-bob.Toml"]


@pytest.mark.parametrize("expression", [r"\w{1,500}", r"(AKIA|ASIA)[A-Z0-9]{16}", r"^[a-z]{1,1000}$"])
def test_an_expression_of_a_usual_size_is_taken(expression: str) -> None:
    assert pattern(expression) is not None


def test_a_policy_with_an_expression_that_is_too_large_says_so() -> None:
    when = r"""when = { field = "artifact.name", operator = "matches", value = '(\w{1,500}){50}x' }"""
    with pytest.raises(PolicyError, match="is too large"):
        read_policy(DENY.format(scope="", when=when))


# --- revocations ----------------------------------------------------------------------------------


def test_a_revocation_that_was_refused_changes_nothing_and_one_by_right_does() -> None:
    with guarded(None, SigningEd25519(), Keys()) as registry:
        key = registry.owner.run("key_generate")["id"]
        document = json.loads(registry.owner.run("key_export", key=key))
        document["key"] |= {"revoked_at_us": 1, "revocation_reason": "stolen"}
        for name, *more in (("importer",), ("keeper", "key:revoke")):
            registry.owner.run("role_create", name=name, rules=[{"permissions": ["key:import", *more]}])
            registry.owner.run("role_assign", principal=f"user:{name}", role=name)
        with pytest.raises(HyperHostError, match="takes key:revoke"):
            registry.of("user:importer").run("key_import", document=json.dumps(document))
        assert registry.owner.run("key_show", key=key)["revoked_at_us"] is None
        registry.of("user:keeper").run("key_import", document=json.dumps(document))
        assert registry.owner.run("key_show", key=key)["revoked_at_us"] is not None


def test_a_key_is_not_brought_in_revoked_before_its_owner_brings_it() -> None:
    with guarded(None, SigningEd25519(), Keys()) as elsewhere:
        key = elsewhere.owner.run("key_generate")["id"]
        sound = elsewhere.owner.run("key_export", key=key)
    document = json.loads(sound)
    document["key"] |= {"revoked_at_us": 1, "revocation_reason": "stolen"}
    with guarded(None, SigningEd25519(), Keys()) as registry:
        registry.owner.run("role_create", name="importer", rules=[{"permissions": ["key:import"]}])
        registry.owner.run("role_assign", principal="user:imp", role="importer")
        with pytest.raises(HyperHostError, match="takes key:revoke"):
            registry.of("user:imp").run("key_import", document=json.dumps(document))
        assert registry.of("user:imp").run("key_import", document=sound)["revoked_at_us"] is None
