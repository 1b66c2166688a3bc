"""``hyperhost role`` and ``token``, as typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_shell import Shell

import hyperhost
from hyperhost.contracts import Credential, CredentialKind, Principal
from hyperhost.errors import AccessDeniedError


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A home with a registry and a private artifact."""
    made = Shell(tmp_path_factory.mktemp("access"))
    assert made("registry", "init").status == 0
    words = ("--name", "org.acme/auth", "--type", "library", "--version", "1.0.0", "--visibility", "private")
    created = made("artifact", "create", *words)
    assert created.status == 0, created.err
    return made


def test_a_role_is_made_given_seen_and_taken_away(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "role.toml"
    file.write_text('inherits = ["user"]\n[[rules]]\npermissions = ["artifact:create"]\nowner = ["none"]\n')
    made = shell("role", "create", "drafter", "--from", str(file), "--deny", "artifact:delete", "-o", "json")
    assert [rule["effect"] for rule in made.data["rules"]] == ["allow", "deny"]
    assert shell("role", "create", "drafter").status == 1
    given = shell("role", "assign", "user:bob", "drafter", "--in", "org.acme")
    assert given.err == "user:bob has the role drafter in org.acme\n"
    assert "drafter" in shell("role", "list", "--of", "user:bob").out
    assert "owner=none" in shell("role", "show", "drafter").out
    with hyperhost.open_host(shell.home) as host:
        bob = hyperhost.Operations(host, Principal("user:bob"))
        draft = {"namespace": "org.acme", "name": "new", "type": "library", "version": "1.0.0"}
        assert bob.run("create", draft=draft)["artifact"]["name"] == "new"
        with pytest.raises(AccessDeniedError):
            bob.run("create", draft=draft | {"namespace": "org.other"})
    told = shell("audit", "list", "--actor", "user:bob", "--failed")
    assert "HH-" in told.out
    assert shell("role", "unassign", "user:bob", "drafter", "--in", "org.acme").status == 0
    assert shell("role", "delete", "drafter").status == 1  # nobody to ask
    assert shell("role", "delete", "drafter", "--yes").err == "deleted role drafter\n"
    assert shell("role", "delete", "admin", "--yes").status == 1


def test_a_token_is_made_narrowed_checked_and_revoked(shell: Shell) -> None:
    made = shell(
        "token", "create", "--allow", "artifact:*", "--in", "org.acme", "--depth", "2", "--for", "ci"
    )
    token = made.out.strip()
    assert "it is not shown again" in made.err
    child = shell("token", "attenuate", token, "--allow", "artifact:read", "--ip", "10.0.0.0/8").out.strip()
    assert shell("token", "check", token, "artifact:delete", "--on", "org.acme/auth").err == "allowed\n"
    assert shell("token", "check", child, "artifact:read", "--in", "org.acme", "--ip", "10.1.1.1").status == 0
    refused = shell("token", "check", child, "artifact:delete", "--in", "org.acme", "--ip", "10.1.1.1")
    assert refused.status == 1
    assert "does not allow artifact:delete here" in refused.err
    said = shell("token", "show", child, "-o", "json").data
    assert (said["subject"], said["narrowed"], said["revoked"]) == ("ci", 1, False)
    with hyperhost.open_host(shell.home) as host:
        shown = hyperhost.authenticate(host, Credential(CredentialKind.CAPABILITY, token))
        assert hyperhost.Operations(host, shown).run("read", artifact="org.acme/auth")["name"] == "auth"
    assert shell("token", "revoke", said["id"]).err == f"revoked {said['id']}\n"
    assert shell("token", "check", child, "artifact:read", "--in", "org.acme").status == 1
    [row] = shell("token", "list", "-o", "json").data
    assert row["revoked_at"]
    assert token not in shell("token", "list", "-o", "json").out
