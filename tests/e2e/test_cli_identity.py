"""``hyperhost user``, ``apikey``, ``session``, ``login``, ``logout`` and ``whoami``, as typed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import oidc_provider
import pytest
from cli_shell import Shell

PASSWORD = "seven small boats"


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with the password."""
    file = tmp_path_factory.mktemp("secret") / "password"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o600)
    return str(file)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, secret: str) -> Shell:
    """A home with a registry and a user."""
    made = Shell(tmp_path_factory.mktemp("identity"))
    assert made("registry", "init").status == 0
    with (made.home / "hyperhost.toml").open("a") as file:
        costs = "argon2_memory_kib = 19456\nargon2_passes = 2\nargon2_lanes = 1\n"
        file.write(f"\n[plugins.identity-local.config]\nfailures_per_user = 3\n{costs}")
    created = made("user", "create", "alice", "--role", "publisher", "--password-file", secret)
    assert (created.status, created.err) == (0, "user:alice was created with publisher\n")
    return made


@pytest.fixture(autouse=True)
def _logged_out(shell: Shell) -> Any:
    yield
    if (shell.home / "session.json").exists():
        shell("logout")


def test_a_login_holds_for_the_following_commands_until_logout(shell: Shell, secret: str) -> None:
    assert shell("whoami", "-o", "json").data["id"] == "local:owner"
    logged_in = shell("login", "alice", "--password-file", secret)
    assert logged_in.err.startswith("logged in as user:alice until ")
    who = shell("whoami", "-o", "json").data
    assert (who["id"], who["by"], who["roles"]) == ("user:alice", "session", ["publisher"])
    [session] = shell("session", "list", "-o", "json").data
    assert (session["principal"], session["user_agent"].partition("/")[0]) == ("user:alice", "hyperhost-cli")
    refused = shell("user", "list")
    assert refused.status == 1
    assert "user:manage" in refused.err
    assert shell("logout").err == "logged out\n"
    assert shell("whoami", "-o", "json").data["id"] == "local:owner"
    assert shell("session", "list", "-o", "json").data == []


def test_an_api_key_is_printed_once_and_stands_for_its_owner(shell: Shell) -> None:
    made = shell(
        "apikey", "create", "ci", "--user", "alice", "--scope", "artifact:read", "--expires", "2090-01-01"
    )
    assert made.status == 1  # for longer than a year
    assert "for too long" in made.err
    made = shell("apikey", "create", "ci", "--user", "alice", "--scope", "artifact:read")
    key = made.out.strip()
    assert key.startswith("hhk_")
    who = shell("whoami", "-o", "json", "--token", key).data
    assert (who["id"], who["by"], who["scopes"]) == ("user:alice", "api-key", ["artifact:read"])
    assert shell("--token", key, "artifact", "list").status == 0
    refused = shell("namespace", "create", "org.acme", "--token", key)
    assert refused.status == 1
    assert "limited to artifact:read" in refused.err
    [row] = shell("apikey", "list", "-o", "json").data
    assert (row["name"], row["state"], row["principal"]) == ("ci", "active", "user:alice")
    assert key.rpartition("_")[2] not in json.dumps(row)
    assert shell("apikey", "revoke", row["key"]).err == f"revoked the API key {row['key']} of user:alice\n"
    assert "was revoked" in shell("whoami", "--token", key).err


@pytest.mark.parametrize("token", ["", " ", "nonsense", "hhk_x", "eyJhbGciOiJub25lIn0.e30."])
def test_a_token_that_does_not_hold_never_becomes_the_owner(shell: Shell, token: str) -> None:
    refused = shell("whoami", "-o", "json", "--token", token)
    assert (refused.status, refused.out) == (1, "")
    assert json.loads(refused.err)["code"] == "HH-UNAUTHENTICATED"


def test_a_session_that_was_ended_elsewhere_never_becomes_the_owner(shell: Shell, secret: str) -> None:
    shell("login", "alice", "--password-file", secret)
    kept = json.loads((shell.home / "session.json").read_text())
    assert (shell.home / "session.json").stat().st_mode & 0o777 == 0o600
    assert shell("session", "revoke", kept["id"]).status == 0
    refused = shell("user", "list")
    assert (refused.status, refused.out) == (1, "")
    assert "hyperhost logout" in refused.err
    (shell.home / "session.json").write_text("{")
    assert "is damaged" in shell("whoami").err
    (shell.home / "session.json").chmod(0o644)
    assert "may be read by others" in shell("whoami").err
    assert shell("logout").status == 0
    assert shell("whoami", "-o", "json").data["id"] == "local:owner"


def test_wrong_passwords_are_refused_and_lock(shell: Shell, secret: str, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("another password\n")
    assert "may be read by others" in shell("login", "alice", "--password-file", str(wrong)).err
    wrong.chmod(0o600)
    assert shell("user", "create", "bob", "--password-file", secret).status == 0
    for _ in range(3):
        refused = shell("login", "bob", "--password-file", str(wrong))
        assert (refused.status, refused.out) == (1, "")
        assert "the name or the password is wrong" in refused.err
    assert "too many failures" in shell("login", "bob", "--password-file", secret).err
    assert shell("user", "show", "bob", "-o", "json").data["state"] == "locked"
    assert shell("user", "enable", "bob").status == 0
    assert shell("login", "bob", "--password-file", secret).status == 0


def test_a_user_changes_the_own_password_with_the_old_one(shell: Shell, secret: str, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.write_text("eight small boats\n")
    new.chmod(0o600)
    assert shell("user", "create", "carol", "--password-file", secret).status == 0
    assert shell("login", "carol", "--password-file", secret).status == 0
    changed = shell("user", "password", "--password-file", str(new), "--old-password-file", secret)
    assert changed.err == "user:carol has a new password; all sessions have ended\n"
    assert shell("whoami", "-o", "json").data["id"] == "local:owner"
    assert shell("login", "carol", "--password-file", secret).status == 1
    assert shell("login", "carol", "--password-file", str(new)).status == 0
    shell("logout")
    assert shell("user", "password", "carol", "--password-file", secret).status == 0
    assert shell("user", "delete", "carol").status == 1  # nobody to ask
    assert shell("user", "delete", "carol", "--yes").status == 0
    assert shell("login", "carol", "--password-file", secret).status == 1


def test_a_login_with_a_provider_comes_back_to_a_port_of_this_machine(shell: Shell) -> None:
    with subprocess.Popen(
        [sys.executable, oidc_provider.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as provider:
        assert provider.stdin is not None
        assert provider.stdout is not None
        issuer = provider.stdout.readline().strip()
        with (shell.home / "hyperhost.toml").open("a") as file:
            file.write(
                f'\n[plugins.identity-oidc.config.providers.acme]\nissuer = "{issuer}"\n'
                f'client_id = "{oidc_provider.CLIENT}"\nclient_secret_env = "ACME_CLIENT_SECRET"\n'
            )
        command = [
            sys.executable,
            "-m",
            "hyperhost.cli.main",
            "--home",
            str(shell.home),
            "login",
            "--oidc",
            "acme",
        ]
        environment = {"PATH": "/usr/bin:/bin", "ACME_CLIENT_SECRET": oidc_provider.SECRET}
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as login:
            assert login.stderr is not None
            killer = threading.Timer(60, login.kill)
            killer.start()
            url = login.stderr.readline().strip().rpartition(" ")[2]
            with urllib.request.urlopen(url, timeout=20) as page:  # the provider sends the browser back
                assert b"close this window" in page.read()
            rest = login.stderr.read()
            assert login.wait(30) == 0, rest
            killer.cancel()
        provider.stdin.close()
    assert f"logged in as oidc:acme:{oidc_provider.SUBJECT}" in rest
    assert shell("whoami", "-o", "json").data["name"] == "Alice Example"
