"""``hyperhost policy`` and ``secret``, as typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_shell import Shell

NAME = "org.acme/auth"
FROZEN = """
[policy]
name = "frozen"
[scope]
operations = ["publish"]
[[rules]]
id = "freeze"
action = "deny"
reason = "we are frozen"
when = { not = { field = "artifact.labels.urgent", operator = "equals", value = "yes" } }
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A home with a registry and a draft."""
    made = Shell(tmp_path)
    made.ok("registry", "init")
    made.ok("artifact", "create", "--name", NAME, "--type", "library", "--version", "1.0.0")
    return made


def test_a_policy_is_tried_added_holds_and_is_removed(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "frozen.toml"
    file.write_text(FROZEN)
    tried = shell("policy", "test", str(file), f"{NAME}@1.0.0")
    assert tried.status == 1
    assert tried.out.splitlines() == [
        f"policy frozen: publish {NAME}@1.0.0",
        "",
        "  freeze (deny, cedar): matches",
        "    not: yes",
        "      artifact.labels.urgent equals 'yes': it is not there: no",
        "",
        "it would be DENIED: we are frozen",
    ]
    added = shell.ok("policy", "add", str(file))
    assert added.err == f"frozen holds now; it is mandatory: {shell.home}/policies/frozen.toml\n"
    refused = shell("artifact", "publish", NAME, "-o", "json")
    assert refused.status == 1
    assert '"code": "HH-POLICY"' in refused.err
    names = [(row["name"], row["state"]) for row in shell.ok("policy", "list", "-o", "json").data]
    assert names == [("no-secrets", "active"), ("signed-production", "active"), ("frozen", "active")]
    shown = shell.ok("policy", "show", "frozen")
    assert shown.out.startswith(FROZEN)
    assert "RULE    ACTION" in shown.out
    assert shell.ok("policy", "show", "frozen", "--cedar").out.startswith('@id("freeze")')
    shell.ok("policy", "remove", "frozen")
    shell.ok("artifact", "publish", NAME)


def test_a_broken_policy_is_named_with_its_line_and_can_be_removed(shell: Shell) -> None:
    file = shell.home / "policies" / "bad.toml"
    file.parent.mkdir()
    file.write_text('[policy]\nname = "bad"\nenforcment = "mandatory"\n')
    file.chmod(0o600)
    refused = shell("artifact", "list")
    assert refused.status == 1
    assert f"{file}, line 3: policy.enforcment is unknown" in refused.err
    [row] = [row for row in shell.ok("policy", "list", "-o", "json").data if row["state"] == "broken"]
    assert row["problem"].startswith("line 3: ")
    shell.ok("policy", "remove", "bad")
    shell.ok("artifact", "list")


def test_a_secret_that_nobody_gives_is_asked_for_and_not_made_up(shell: Shell, tmp_path: Path) -> None:
    asked = shell("secret", "set", "db-password")
    assert (asked.status, "there is no terminal to ask on" in asked.err) == (1, True)
    file = tmp_path / "value"
    file.write_text("from-a-file")
    file.chmod(0o600)
    assert shell.ok("secret", "set", "db-password", "--file", str(file), "--namespace", "org.acme").err == (
        "set db-password for org.acme, version 1\n"
    )
    [row] = shell.ok("secret", "list", "-o", "json").data
    assert (row["name"], row["namespace"], row["version"]) == ("db-password", "org.acme", 1)
    assert shell("secret", "remove", "db-password").status == 1
    shell.ok("secret", "remove", "db-password", "--namespace", "org.acme")
