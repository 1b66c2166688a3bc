"""What the rules of a policy do: actions, enforcement, fields, and what an explanation says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from policy_hosts import config_draft, library, policy_host, put

import hyperhost
from builtin_plugins.policy.reading import PolicyError, read_policy
from hyperhost.contracts import PolicyFinding, PolicyRequest, Principal
from hyperhost.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PolicyDeniedError,
    RefusalError,
    WrongStateError,
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir(mode=0o700)
    return tmp_path / "home"


class Pager:
    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str]] = []

    @hyperhost.hookimpl
    def policy_found(self, request: PolicyRequest, finding: PolicyFinding) -> None:
        self.heard.append((finding.policy, finding.rule, request.resource.name if request.resource else ""))


@pytest.fixture
def pager() -> Pager:
    return Pager()


@pytest.fixture
def operations(home: Path, pager: Pager) -> Iterator[hyperhost.Operations]:
    with policy_host(home, pager) as (_, operations):
        yield operations


def rule(name: str, action: str, when: str, more: str = "", head: str = "") -> str:
    return f"""
[policy]
name = "{name}"
{head}
[[rules]]
id = "it"
action = "{action}"
reason = "because"
{f"when = {when}" if when else ""}
{more}
"""


NAMED = '{ field = "artifact.name", operator = "equals", value = "auth" }'


def notes(operations: hyperhost.Operations) -> list[dict[str, Any]]:
    return operations.run("audit_list")["items"][0]["details"].get("policies", [])


# --- actions and enforcement ----------------------------------------------------------------------


def test_an_advisory_policy_tells_the_author_and_the_audit_log(home: Path, operations) -> None:
    put(home, "advice", rule("advice", "deny", NAMED, head='enforcement = "advisory"'))
    made = operations.run("create", draft=library())
    [issue] = made["issues"]
    assert (issue["rule"], issue["message"], issue["severity"]) == ("policy:advice:it", "because", "medium")
    assert [(each["rule"], each["enforcement"]) for each in notes(operations)] == [("it", "advisory")]


def test_an_audit_only_policy_tells_the_audit_log_alone_even_of_a_reading(home: Path, operations) -> None:
    put(home, "watch", rule("watch", "deny", NAMED, head='enforcement = "audit-only"'))
    assert operations.run("create", draft=library(visibility="public"))["issues"] == []
    assert [each["policy"] for each in notes(operations)] == ["watch"]
    operations.run("read", artifact="org.acme/auth@1.0.0")
    entry = operations.run("audit_list")["items"][0]
    assert (entry["operation"], entry["details"]["policies"][0]["rule"]) == ("read", "it")


def test_a_rule_may_weigh_more_than_its_policy(home: Path, operations) -> None:
    more = 'enforcement = "mandatory"'
    put(home, "advice", rule("advice", "deny", NAMED, more, head='enforcement = "advisory"'))
    with pytest.raises(PolicyDeniedError, match="because"):
        operations.run("create", draft=library())


def test_log_and_notify_happen_and_stop_nothing(home: Path, operations, pager: Pager) -> None:
    put(home, "log", rule("log", "log", NAMED, 'severity = "critical"'))
    put(home, "page", rule("page", "notify", NAMED))
    operations.run("create", draft=library())
    assert pager.heard == [("page", "it", "org.acme/auth@1.0.0")]
    logged = operations.host.state.logs("policy")
    assert [(line.level, "org.acme/auth@1.0.0" in line.message) for line in logged] == [
        ("error", True),
        ("warning", True),
    ]
    assert [each["action"] for each in notes(operations)] == ["log", "notify"]


def test_a_rule_that_modifies_changes_labels_and_annotations(home: Path, operations) -> None:
    change = (
        '[rules.set]\nlabels = { team = "acme" }\nannotations = { seen = "yes" }\nremove_labels = ["tmp"]'
    )
    put(home, "mark", rule("mark", "modify", NAMED, change))
    made = operations.run("create", draft=library(labels={"tmp": "1", "kept": "2"}))["artifact"]
    assert made["labels"] == {"kept": "2", "team": "acme"}
    assert made["annotations"]["seen"] == "yes"
    assert operations.run("create", draft=library("other", labels={"tmp": "1"}))["artifact"]["labels"] == {
        "tmp": "1"
    }
    put(home, "mark", rule("mark", "modify", NAMED, change, head='enforcement = "advisory"'))
    made = operations.run("create", draft=library("auth", "2.0.0", labels={"tmp": "1"}))["artifact"]
    assert made["labels"] == {"tmp": "1"}


def test_a_policy_that_denies_by_default_lets_through_what_a_rule_allows(home: Path, operations) -> None:
    text = rule("only", "allow", NAMED, head='default = "deny"') + '[scope]\noperations = ["create"]\n'
    put(home, "only", text)
    operations.run("create", draft=library())
    with pytest.raises(PolicyDeniedError, match="no rule of the policy 'only' allows it") as caught:
        operations.run("create", draft=library("other"))
    assert caught.value.rule == "default"


def test_what_one_policy_allows_another_may_deny_and_the_worst_is_told(home: Path, operations) -> None:
    put(home, "yes", rule("yes", "allow", NAMED))
    put(home, "low", rule("low", "deny", NAMED, 'severity = "low"'))
    put(home, "worst", rule("worst", "deny", NAMED, 'severity = "critical"'))
    with pytest.raises(PolicyDeniedError) as caught:
        operations.run("create", draft=library())
    assert caught.value.field == "worst"
    assert "policy:manage" in caught.value.hint


# --- shipped --------------------------------------------------------------------------------------


def test_in_production_only_what_is_signed_is_published(operations) -> None:
    operations.run("namespace_create", path="org.acme", edit={"labels": {"environment": "production"}})
    operations.run("create", draft=library() | {"namespace": "org.acme.shop"})
    with pytest.raises(PolicyDeniedError, match="has to be signed") as caught:
        operations.run("publish", artifact="org.acme.shop/auth")
    assert (caught.value.field, caught.value.rule) == ("signed-production", "unsigned")
    # No namespace below takes itself out by a label of its own; one elsewhere is in by naming the policy.
    operations.run("namespace_create", path="org.acme.shop", edit={"labels": {"environment": "staging"}})
    with pytest.raises(PolicyDeniedError):
        operations.run("publish", artifact="org.acme.shop/auth")
    operations.run("namespace_create", path="org.other")
    operations.run("create", draft=library() | {"namespace": "org.other"})
    operations.run("publish", artifact="org.other/auth")
    operations.run("namespace_update", path="org.other", edit={"policies": ["signed-production"]})
    operations.run("create", draft=library(version="2.0.0") | {"namespace": "org.other"})
    with pytest.raises(PolicyDeniedError):
        operations.run("publish", artifact="org.other/auth@2.0.0")


def test_what_came_along_can_be_left_out_or_replaced(home: Path, operations) -> None:
    secret = config_draft({"password": "correct-horse"})
    with pytest.raises(WrongStateError, match="came along"):
        operations.run("policy_remove", name="no-secrets")
    put(home, "no-secrets", rule("no-secrets", "log", NAMED))
    operations.run("create", draft=secret)
    (home / "policies" / "no-secrets.toml").unlink()
    with pytest.raises(PolicyDeniedError):
        operations.run("create", draft=secret | {"name": "other"})
    with policy_host(home, config={"shipped": ["signed-production"]}) as (_, without):
        without.run("create", draft=secret)
        assert [each["name"] for each in without.run("policy_list")] == ["signed-production"]
    with (
        policy_host(home, config={"shipped": ["no-such"]}) as (_, wrong),
        pytest.raises(WrongStateError, match="names what there is not"),
    ):
        wrong.run("list")


# --- operations -----------------------------------------------------------------------------------


def test_a_policy_is_added_replaced_shown_and_removed(home: Path, operations) -> None:
    text = rule("mine", "deny", NAMED)
    row = operations.run("policy_add", text=text)
    assert (row["name"], row["state"], row["rules"]) == ("mine", "active", 1)
    assert (home / "policies" / "mine.toml").stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConflictError, match="already"):
        operations.run("policy_add", text=text)
    operations.run("policy_add", text=text.replace("because", "therefore"), replace=True)
    shown = operations.run("policy_show", name="mine")
    assert shown["rules"][0]["reason"] == "therefore"
    assert shown["cedar"].startswith('@id("it")')
    assert operations.run("policy_remove", name="mine") is True
    with pytest.raises(NotFoundError, match="there is no policy 'mine'"):
        operations.run("policy_show", name="mine")
    changed = [each["operation"] for each in operations.run("audit_list")["items"] if each["success"]]
    assert changed == ["policy_remove", "policy_add", "policy_add"]


def test_without_a_home_there_is_no_place_for_policies() -> None:
    from builtin_plugins.policy.plugin import Policies
    from builtin_plugins.storage_memory.plugin import StorageMemory

    with hyperhost.Host("h") as host:
        host.register(StorageMemory(), "storage-memory")
        host.register(Policies(), "policy")
        operations = hyperhost.Operations(host)
        assert [each["name"] for each in operations.run("policy_list")] == ["no-secrets", "signed-production"]
        with pytest.raises(WrongStateError, match="this host has none"):
            operations.run("policy_add", text=rule("mine", "deny", NAMED))


def test_a_test_shows_each_rule_whether_it_matched_and_why(operations) -> None:
    operations.run("create", draft=library(labels={"team": "acme"}))
    text = """
[policy]
name = "two"
[[rules]]
id = "team"
action = "deny"
reason = "not this team"
[rules.when]
and = [
    { field = "artifact.labels.team", operator = "in", value = ["acme", "other"] },
    { not = { field = "user.roles", operator = "contains", value = "lead" } },
]
[[rules]]
id = "late"
action = "deny"
when = { field = "artifact.version", operator = "greater-than", value = "1.9.0" }
"""
    tried = operations.run("policy_test", artifact="org.acme/auth@1.0.0", text=text)
    assert (tried["verdict"], tried["reasons"], tried["in_scope"]) == ("deny", ["not this team"], True)
    team, late = tried["rules"]
    assert (team["matched"], team["engine"], late["matched"], late["engine"]) == (
        True,
        "cedar",
        False,
        "built-in",
    )
    assert team["why"] == [
        "all of these: yes",
        "  artifact.labels.team in ['acme', 'other']: it is 'acme': yes",
        "  not: yes",
        "    user.roles contains 'lead': it is ['admin']: no",
    ]
    assert late["why"] == ["artifact.version greater-than '1.9.0': it is '1.0.0': no"]
    by_lead = operations.run(
        "policy_test", artifact="org.acme/auth@1.0.0", text=text, user="user:ann", roles=["lead"]
    )
    assert by_lead["verdict"] == "allow"
    assert operations.run("audit_list")["items"][0]["operation"] == "create"  # public, so nothing to tell


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"artifact": "org.acme/auth@1.0.0"}, InvalidInputError, "give the text of a policy"),
        ({"artifact": "org.acme/none@1.0.0", "name": "no-secrets"}, NotFoundError, "there is no artifact"),
        ({"artifact": "org.acme/auth@1.0.0", "name": "none"}, NotFoundError, "there is no policy"),
        (
            {"artifact": "org.acme/auth@1.0.0", "name": "no-secrets", "operation": "fly"},
            InvalidInputError,
            "there is no operation 'fly'",
        ),
    ],
)
def test_a_test_of_what_is_not_there_is_refused(operations, arguments, error, words: str) -> None:
    operations.run("create", draft=library())
    with pytest.raises(error, match=words):
        operations.run("policy_test", **arguments)


def test_an_explanation_repeats_no_content_and_nothing_of_a_manifest(operations) -> None:
    operations.run("create", draft=config_draft({"mode": "confidential-word"}))
    when = '{ field = "manifest.values.mode", operator = "contains", value = "fid" }'
    tried = operations.run("policy_test", artifact="org.acme/web@1.0.0", text=rule("m", "deny", when))
    assert tried["rules"][0]["matched"]
    assert "confidential-word" not in str(tried)


# --- fields ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "matches"),
    [
        ('{ field = "artifact.version", operator = "greater-than", value = "1.2.0" }', True),
        ('{ field = "artifact.version", operator = "less-than", value = "1.10.0-rc.1" }', False),
        ('{ field = "artifact.licenses", operator = "matches", value = "^GPL" }', True),
        ('{ field = "artifact.licenses", operator = "in", value = ["MIT"] }', False),
        ('{ field = "artifact.size", operator = "greater-than", value = 0 }', False),
        ('{ field = "artifact.state", operator = "equals", value = "draft" }', True),
        ('{ field = "operation.name", operator = "equals", value = "create" }', True),
        ('{ field = "operation.changes", operator = "equals", value = true }', True),
        ('{ field = "user.ip", operator = "matches", value = "^10[.]" }', True),
        ('{ field = "user.attributes.team", operator = "equals", value = "x" }', False),
        ('{ field = "namespace.path", operator = "equals", value = "org.acme" }', True),
        ('{ field = "artifact.dependencies", operator = "contains", value = "org.acme/log" }', True),
        ('{ field = "artifact.tags", operator = "contains", value = "a" }', False),
    ],
)
def test_fields_are_what_they_say(home: Path, operations, when: str, matches: bool) -> None:
    put(home, "field", rule("field", "log", when))
    bob = Principal("user:bob", attributes={"ip": "10.0.0.7"})
    draft = library(
        version="1.10.0",
        metadata={"licenses": ["GPL-3.0-only"], "tags": ["ab"]},
        dependencies=[{"artifact": "org.acme/log", "constraint": "^1"}],
    )
    hyperhost.Operations(operations.host, bob).run("create", draft=draft)
    assert bool(notes(operations)) is matches


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'when = { field = "artifact.size", operator = "matches", value = "1" }',
            "artifact.size is a whole number",
        ),
        ('when = { field = "artifact.size", operator = "equals", value = true }', "is not a whole number"),
        ('when = { field = "artifact.signed", operator = "equals", value = "yes" }', "is not true or false"),
        ('when = { field = "artifact.name", operator = "in", value = [] }', "is no list"),
        ('when = { field = "artifact.name", operator = "equals" }', "value is missing"),
        ("when = { and = [] }", "is no list of conditions"),
        ("when = { and = [], or = [] }", "is unknown; known are and"),
        ('when = { field = "artifact.version", operator = "less-than", value = "one" }', "is no version"),
        ('when = { field = "manifest.", operator = "equals", value = 1 }', "is unknown"),
        ('when = "always"', "is no condition"),
        ('set = { labels = { a = "b" } }', "only such a rule has it"),
        ('severity = "awful"', "known are low, medium, high, critical"),
        ('[[rules]]\nid = "it"\naction = "log"', "which is taken"),
        ('[scope]\ntypes = ["lib"]', "types are"),
        ("[scope]\nusers = []", "is empty, which would mean everything"),
        ('[[exceptions]]\nreason = "r"', "every exception ends"),
        ('[[exceptions]]\nreason = "r"\nexpires = 2030-01-01T00:00:00', "has no time zone"),
        ('[[exceptions]]\nreason = "r"\nexpires = 2030-01-01\nrules = ["other"]', "there is no such rule"),
        ("[[exceptions]]\nexpires = 2030-01-01", "reason is missing"),
    ],
)
def test_whatever_is_wrong_with_a_policy_is_said(text: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words) as caught:
        read_policy(f'[policy]\nname = "p"\n[[rules]]\nid = "it"\naction = "deny"\n{text}\n')
    assert caught.value.line >= 3


def test_conditions_that_are_nested_too_deeply_are_refused() -> None:
    when = "{ not = " * 20 + NAMED + " }" * 20
    with pytest.raises(PolicyError, match="nested more than 16 deep"):
        read_policy(rule("p", "deny", when))


def test_a_plugin_without_a_host_says_so() -> None:
    from builtin_plugins.policy.plugin import Policies
    from hyperhost.contracts import Artifact, ArtifactChange, ArtifactType, ChangeKind

    change = ArtifactChange(ChangeKind.CREATED, Artifact("a", "org.acme", "b", ArtifactType.LIBRARY, "1.0.0"))
    with pytest.raises(RefusalError, match="policies need a host"):
        Policies().artifact_validate(change)
