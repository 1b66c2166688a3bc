"""Policies against those who would get round them, and policies that are broken."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from policy_hosts import ALICE, DENY_ALL, config_draft, library, policy_host, put
from registry_hosts import uploaded

import hyperhost
from builtin_plugins.transfer.plugin import Transfer
from hyperhost.contracts import (
    PolicyAction,
    PolicyEnforcement,
    PolicyFinding,
    PolicyRequest,
    Principal,
)
from hyperhost.errors import (
    AccessDeniedError,
    HyperHostError,
    InvalidInputError,
    NotFoundError,
    OperationError,
    PolicyDeniedError,
)

NAMED = 'when = { field = "operation.name", operator = "equals", value = "publish" }'
KEY = "AKIA" + "Q7ZQ4N2M8P5T3R6W"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir(mode=0o700)
    return tmp_path / "home"


@pytest.fixture
def operations(home: Path) -> Iterator[hyperhost.Operations]:
    with policy_host(home) as (_, operations):
        yield operations


def denied(operations: hyperhost.Operations, operation: str, /, **arguments: Any) -> PolicyDeniedError:
    with pytest.raises(PolicyDeniedError) as caught:
        operations.run(operation, **arguments)
    assert isinstance(caught.value, AccessDeniedError)
    return caught.value


# --- secrets in what is published -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"aws": {"id": KEY}}, "aws-access-key"),
        ({"db": {"password": "correct-horse"}}, "password"),
        ({"dbPassword": "correct-horse"}, "password"),
        ({"tokens": [{"api_key": "abcdef123456"}]}, "password"),
        ({"note": "-----BEGIN RSA PRIVATE KEY-----\nMII"}, "private-key"),
        ({"url": "postgres://app:correct-horse@db.acme.test/app"}, "address-with-password"),
        ({"text": "the password=correct-horse is fine"}, "password"),
    ],
)
def test_a_secret_in_a_config_is_refused_audited_and_not_repeated(operations, values, kind) -> None:
    error = denied(operations, "create", draft=config_draft(values))
    assert (error.code, error.field, error.rule, error.plugin) == (
        "HH-POLICY",
        "no-secrets",
        "found",
        "policy",
    )
    assert kind in error.message
    [entry] = operations.run("audit_list")["items"]
    assert (entry["success"], entry["error"]["rule"]) == (False, "policy:no-secrets:found")
    for secret in (KEY, "correct-horse", "abcdef123456"):
        assert secret not in str(error) + json.dumps(entry)
    assert operations.run("list")["items"] == []


@pytest.mark.parametrize(
    "values",
    [
        {"password": "${DB_PASSWORD}"},
        {"password": "{{ db_password }}"},
        {"token": ""},
        {"password_min_length": 12},
        {"passwordPolicy": "at least twelve characters"},
        {"tokenizer": "whitespace"},
        {"url": "https://docs.acme.test/a:b@c"},
    ],
)
def test_what_is_no_secret_is_not_refused(operations, values) -> None:
    assert operations.run("create", draft=config_draft(values))["artifact"]["name"] == "web"


def test_a_reference_to_a_secret_and_an_encrypted_config_may_be_created(operations) -> None:
    reference = [{"path": "db.password", "name": "db-password"}]
    operations.run("create", draft=config_draft({"db": {}}, secrets=reference))
    operations.run(
        "create", draft=config_draft({"db": {"password": "correct-horse"}}, "sealed", encrypted=True)
    )


def test_saying_that_it_is_encrypted_hides_nothing_that_is_not_sealed(operations) -> None:
    """An import stores what it is given, so the mark by itself is no proof."""
    from hyperhost.contracts import Artifact, ArtifactChange, ArtifactType, ChangeKind
    from hyperhost.errors import RefusalError

    manifest = {"encrypted": True, "values": {"password": "correct-horse"}}
    artifact = Artifact("a1", "org.acme", "web", ArtifactType.CONFIG, "1.0.0")
    change = ArtifactChange(ChangeKind.CREATED, artifact, None, json.dumps(manifest), "user:bob")
    judge = operations.host.plugin("policy").object.artifact_validate
    with pytest.raises(RefusalError, match="what looks like a secret") as caught:
        judge(change)
    assert caught.value.rule == "policy:no-secrets:found"


def _zipped(text: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep/settings.ini", text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, _zipped, lambda data: b"x" * (3 << 20) + b"\n" + data]
)
def test_a_secret_in_content_is_found_in_archives_and_far_from_the_beginning(operations, pack) -> None:
    content = uploaded(operations, pack(f"aws_id = {KEY}\n".encode()))
    draft = config_draft(None) | {"content_hash": content}
    del draft["manifest"]["values"]
    assert "aws-access-key" in denied(operations, "create", draft=draft).message


def test_content_that_cannot_be_looked_through_is_refused(operations) -> None:
    bomb = gzip.compress(b"a" * (20 << 20))
    draft = config_draft(None) | {"content_hash": uploaded(operations, bomb)}
    del draft["manifest"]["values"]
    error = denied(operations, "create", draft=draft)
    assert "not everything could be looked at" in error.message


def test_a_secret_cannot_come_in_by_an_update_or_be_judged_away_beforehand(operations) -> None:
    operations.run("create", draft=config_draft({"port": 80}))
    bad = {"format": "yaml", "values": {"password": "correct-horse"}}
    denied(operations, "update", artifact="org.acme/web", edit={"manifest": bad})
    denied(operations, "validate", draft=config_draft(bad["values"], "other"))


# --- getting round a policy -----------------------------------------------------------------------


def test_an_import_counts_as_what_it_does(home: Path, tmp_path: Path) -> None:
    """A published artifact that comes by an import is published, and that was forbidden."""
    (tmp_path / "from").mkdir(mode=0o700)
    file = tmp_path / "all.hha"
    with policy_host(tmp_path / "from", Transfer()) as (_, operations):
        operations.run("create", draft=library())
        operations.run("publish", artifact="org.acme/auth")
        operations.run("export", target=str(file))
    exempted = '[[exceptions]]\noperations = ["create"]\nreason = "drafts are fine"\nexpires = 2099-01-01\n'
    named = DENY_ALL.format(name="named", scope="").replace(
        'reason = "not here"', f"reason = 'not here'\n{NAMED}"
    )
    for name, text in (
        ("closed", DENY_ALL.format(name="closed", scope='operations = ["publish"]')),
        ("exempted", DENY_ALL.format(name="exempted", scope='operations = ["publish"]') + exempted),
        ("named", named),
    ):
        policy = put(home, name, text)
        with policy_host(home, Transfer()) as (_, operations):
            report = operations.run("import", source=str(file))
            assert "not here" in json.dumps(report)
            assert operations.run("list")["items"] == []
        policy.unlink()


def test_the_owner_of_the_home_is_no_exception(home: Path, operations) -> None:
    put(home, "closed", DENY_ALL.format(name="closed", scope='operations = ["create"]'))
    assert operations.principal.id == "local:owner"
    denied(operations, "create", draft=library())


def test_reading_is_guarded_by_what_the_artifact_is(home: Path, operations) -> None:
    operations.run("create", draft=library(labels={"level": "secret"}))
    rule = """
[policy]
name = "need-to-know"
[scope]
operations = ["read", "download", "read_manifest"]
[[rules]]
id = "secret"
action = "deny"
[rules.when]
and = [
    { field = "artifact.labels.level", operator = "equals", value = "secret" },
    { not = { field = "user.roles", operator = "contains", value = "cleared" } },
]
"""
    put(home, "need-to-know", rule)
    bob = hyperhost.Operations(operations.host, Principal("user:bob"))
    cleared = hyperhost.Operations(operations.host, Principal("user:eve", roles=["cleared"]))
    assert denied(bob, "read", artifact="org.acme/auth@1.0.0").rule == "secret"
    assert cleared.run("read", artifact="org.acme/auth@1.0.0")["name"] == "auth"
    # By a name that does not say which version is meant, the worst is assumed of it.
    operations.run("tag", artifact="org.acme/auth@1.0.0", tag="open")
    assert denied(bob, "read", artifact="org.acme/auth@open").rule == "secret"
    with pytest.raises(NotFoundError):
        bob.run("read", artifact="org.acme/nothing@1.0.0")


def test_a_reading_that_is_denied_is_audited_even_where_readings_are_not(home: Path, operations) -> None:
    put(home, "closed", DENY_ALL.format(name="closed", scope='operations = ["registry_info"]'))
    denied(operations, "registry_info")
    [entry] = operations.run("audit_list")["items"]
    assert (entry["operation"], entry["success"]) == ("registry_info", False)
    assert entry["error"]["rule"] == "policy:closed:never"


def test_a_name_in_capitals_or_below_is_not_outside_of_the_scope(home: Path, operations) -> None:
    put(home, "closed", DENY_ALL.format(name="closed", scope='namespaces = ["org.acme.*"]'))
    denied(operations, "create", draft=library())
    denied(operations, "create", draft=library() | {"namespace": "org.acme.deep.down"})
    operations.run("create", draft=library() | {"namespace": "org.acmeish"})
    with pytest.raises(InvalidInputError):
        operations.run("create", draft=library() | {"namespace": "org.ACME"})


def test_a_text_where_a_number_is_needed_is_no_way_round_a_limit(home: Path, operations) -> None:
    rule = """
[policy]
name = "small"
[[rules]]
id = "large"
action = "deny"
when = { field = "manifest.values.workers", operator = "greater-than", value = 8 }
"""
    put(home, "small", rule)
    operations.run("create", draft=config_draft({"workers": 8}))
    for workers in (9, "9000", [9]):
        denied(operations, "create", draft=config_draft({"workers": workers}, "more"))


def test_a_value_that_looks_like_cedar_stays_a_value(home: Path, operations) -> None:
    tricky = '" || true || "\\" ${x} * }; permit(principal, action, resource); é日'
    rule = f"""
[policy]
name = "tricky"
[[rules]]
id = "exact"
action = "deny"
when = {{ field = "artifact.labels.mark", operator = "equals", value = {json.dumps(tricky)} }}
"""
    put(home, "tricky", rule)
    assert operations.run("policy_show", name="tricky")["rules"][0]["engine"] == "cedar"
    operations.run("create", draft=library(labels={"mark": "plain"}))
    denied(operations, "create", draft=library("other", labels={"mark": tricky}))


@pytest.mark.parametrize("who", ['user:"a', "user:\\", "user:é\u2028日", "user:a\n", 'x"::User::"admin'])
def test_an_odd_name_of_a_principal_is_judged_like_any_other(home: Path, operations, who: str) -> None:
    rule = """
[policy]
name = "roles"
[[rules]]
id = "only"
action = "deny"
when = { not = { field = "user.roles", operator = "contains", value = "publisher" } }
"""
    put(home, "roles", rule)
    hyperhost.Operations(operations.host, Principal(who, roles=["publisher"])).run("create", draft=library())
    denied(hyperhost.Operations(operations.host, Principal(who)), "create", draft=library("other"))


def test_a_pattern_never_hangs(home: Path, operations) -> None:
    rule = """
[policy]
name = "slow"
[[rules]]
id = "nested"
action = "deny"
when = { field = "artifact.description", operator = "matches", value = "^(a+)+$" }
"""
    put(home, "slow", rule)
    draft = library(metadata={"description": "a" * 2000 + "!"})
    assert operations.run("create", draft=draft)["artifact"]["name"] == "auth"


def test_rules_are_named_right_when_there_are_more_than_ten(home: Path, operations) -> None:
    """Cedar names a policy by its place; the tenth must not be taken for the first."""
    rules = "".join(
        f'[[rules]]\nid = "r{number}"\naction = "deny"\n'
        f'when = {{ field = "artifact.name", operator = "equals", value = "n{number}" }}\n'
        for number in range(25)
    )
    put(home, "many", f'[policy]\nname = "many"\n{rules}')
    for number in (0, 1, 10, 12, 24):
        assert denied(operations, "create", draft=library(f"n{number}")).rule == f"r{number}"
    operations.run("create", draft=library("n25"))


# --- exceptions -----------------------------------------------------------------------------------


def test_an_exception_holds_where_it_says_and_until_it_ends(home: Path, operations) -> None:
    text = (
        DENY_ALL.format(name="closed", scope='operations = ["create"]')
        + """
[[exceptions]]
artifacts = ["org.acme/legacy-*"]
users = ["user:alice"]
reason = "until it is rewritten"
expires = {expires}
"""
    )
    alice = hyperhost.Operations(operations.host, ALICE)
    put(home, "closed", text.replace("{expires}", "2099-01-01"))
    alice.run("create", draft=library("legacy-auth"))
    denied(alice, "create", draft=library("modern"))
    denied(operations, "create", draft=library("legacy-other"))
    [entry] = [each for each in operations.run("audit_list")["items"] if each["success"]]
    [note] = entry["details"]["policies"]
    assert (note["rule"], note["exempted"]) == ("never", "until it is rewritten")
    put(home, "closed", text.replace("{expires}", "2020-01-01T00:00:00Z"))
    denied(alice, "create", draft=library("legacy-new"))


# --- policies that are broken ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[policy", 1, "it is no TOML"),
        ('[policy]\nname = "bad"\n[[rules]]\nid = "x"\naction = "dney"\n', 5, "known are allow, deny"),
        (
            '[policy]\nname = "other"\n[[rules]]\nid = "x"\naction = "deny"\n',
            2,
            "the file is called bad.toml",
        ),
        ('[policy]\nname = "bad"\nenforcment = "advisory"\n', 3, "is unknown"),
        ('[policy]\nname = "bad"\n', 0, "it would do nothing"),
        (
            '[policy]\nname = "bad"\n\n[[rules]]\nid = "x"\naction = "deny"\n[rules.when]\n'
            'field = "artifact.nmae"\noperator = "equals"\nvalue = 1\n',
            8,
            "did you mean 'artifact.name'?",
        ),
        (
            '[policy]\nname = "bad"\n[[rules]]\nid = "x"\naction = "deny"\n'
            'when = { field = "artifact.name", operator = "matches", value = "(" }\n',
            6,
            "no regular expression",
        ),
    ],
)
def test_a_policy_that_does_not_parse_refuses_everything_and_says_where(
    home: Path, operations, text: str, line: int, words: str
) -> None:
    path = put(home, "bad", text)
    for operation, arguments in (("create", {"draft": library()}), ("list", {}), ("registry_info", {})):
        error = denied(operations, operation, **arguments)
        assert (error.field, error.rule) == ("bad", "unreadable")
        assert str(path) in error.message
        assert words in error.message
        assert f"line {line}" in error.message or line == 0
    [row] = [each for each in operations.run("policy_list") if each["name"] == "bad"]
    assert row["state"] == "broken"
    assert operations.run("policy_remove", name="bad") is True
    operations.run("create", draft=library())


def test_a_broken_policy_whose_scope_can_be_read_guards_that_and_no_more(home: Path, operations) -> None:
    put(home, "bad", '[policy]\nname = "bad"\n[scope]\nnamespaces = ["org.acme"]\n[[rules]]\nid = "x"\n')
    denied(operations, "create", draft=library())
    operations.run("create", draft=library() | {"namespace": "org.other"})


@pytest.mark.parametrize("spoil", ["writable", "directory", "dangling", "binary", "huge"])
def test_a_policy_file_that_cannot_be_trusted_or_read_is_not_left_out(
    home: Path, operations, spoil: str
) -> None:
    path = put(home, "open", DENY_ALL.format(name="open", scope='operations = ["delete"]'))
    operations.run("create", draft=library())
    if spoil == "writable":
        path.chmod(0o666)
    elif spoil == "binary":
        path.write_bytes(b"\xff\xfe\x00")
    elif spoil == "huge":
        path.write_text(f"# {'x' * (1 << 20)}\n")
    else:
        path.unlink()
        path.mkdir() if spoil == "directory" else path.symlink_to(home / "nowhere")
    error = denied(operations, "create", draft=library("other"))
    assert "cannot be read, so it denies" in error.message


def test_a_directory_of_policies_that_cannot_be_read_refuses_everything(home: Path) -> None:
    (home / "policies").write_text("no directory")
    with policy_host(home) as (_, operations):
        assert "the directory cannot be read" in denied(operations, "create", draft=library()).message


def test_a_policy_that_is_changed_in_place_holds_at_once(home: Path, operations) -> None:
    path = put(home, "closed", DENY_ALL.format(name="closed", scope='operations = ["create"]'))
    denied(operations, "create", draft=library())
    path.write_text(path.read_text().replace('"create"', '"delete"'))
    operations.run("create", draft=library())


def test_a_broken_link_beside_it_does_not_freeze_a_policy(home: Path, operations) -> None:
    path = put(home, "closed", DENY_ALL.format(name="closed", scope='operations = ["create"]'))
    (home / "policies" / "broken.toml").symlink_to(home / "nowhere")
    assert denied(operations, "list").field == "broken"
    (home / "nowhere").write_text(DENY_ALL.format(name="broken", scope='operations = ["delete"]'))
    (home / "nowhere").chmod(0o600)
    operations.run("list")
    (home / "nowhere").unlink()
    denied(operations, "list")
    path.unlink()
    (home / "policies" / "broken.toml").unlink()
    operations.run("create", draft=library())


def test_a_broken_policy_cannot_be_added(home: Path, operations) -> None:
    with pytest.raises(InvalidInputError, match="line 1: it is no TOML") as caught:
        operations.run("policy_add", text="[policy")
    assert (caught.value.field, caught.value.rule) == ("text", "policy")
    for name in ("../outside", "UPPER", "a b", "x" * 65):
        with pytest.raises(InvalidInputError, match=r"policy\.name is"):
            operations.run("policy_add", text=DENY_ALL.format(name=name, scope=""))
    assert not (home / "policies").exists()


def test_a_name_that_leads_out_removes_nothing(home: Path, operations) -> None:
    victim = home / "victim.toml"
    victim.write_text("x")
    with pytest.raises(NotFoundError):
        operations.run("policy_remove", name="../victim")
    assert victim.exists()


# --- plugins as policies --------------------------------------------------------------------------


class Curfew:
    """A policy in Python."""

    def __init__(self, *findings: PolicyFinding, fault: bool = False) -> None:
        self.findings = list(findings)
        self.fault = fault
        self.asked: list[PolicyRequest] = []

    @hyperhost.hookimpl
    def policy_decide(self, request: PolicyRequest) -> list[PolicyFinding]:
        self.asked.append(request)
        if self.fault:
            raise RuntimeError("broken")
        return self.findings


def test_a_plugin_that_is_a_policy_denies_and_one_that_faults_lets_nothing_through(home: Path) -> None:
    curfew = Curfew(PolicyFinding("curfew", "night:time", PolicyAction.DENY, "it is late"))
    with policy_host(home, curfew) as (_, operations):
        error = denied(operations, "list")
        assert (error.field, error.rule, error.message) == (
            "curfew",
            "night-time",
            "it is late (policy curfew, rule night:time)",
        )
        denied(operations, "create", draft=library())
        assert curfew.asked[-1].change is not None
        curfew.findings = [
            PolicyFinding("c", "r", PolicyAction.DENY, "psst", enforcement=PolicyEnforcement.ADVISORY)
        ]
        made = operations.run("create", draft=library())
        assert made["issues"][0]["rule"] == "policy:c:r"
        curfew.fault = True
        with pytest.raises(HyperHostError, match="broken"):
            operations.run("create", draft=library("other"))


def test_a_policy_plugin_never_sees_the_arguments_of_an_operation(home: Path) -> None:
    curfew = Curfew()
    with policy_host(home, curfew) as (_, operations), pytest.raises(OperationError):
        operations.run("policy_add", text=f"password = '{KEY}'\n[")
    assert KEY not in repr(curfew.asked)
    assert curfew.asked
