"""``hyperhost keys``, ``sign`` and ``verify``, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_shell import Shell

NAME = "org.acme/auth"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A home with a registry and a draft; each test has keys of its own."""
    made = Shell(tmp_path_factory.mktemp("signing"))
    assert made("registry", "init").status == 0
    created = made("artifact", "create", "--name", NAME, "--type", "library", "--version", "1.0.0")
    assert created.status == 0, created.err
    return made


def test_a_key_is_made_trusted_signed_with_and_revoked(shell: Shell, tmp_path: Path) -> None:
    key = shell("keys", "generate").out.strip()
    assert key.startswith("ed25519:")
    trusted = shell("keys", "trust", "org.acme", key)
    assert (trusted.status, trusted.err) == (0, "org.acme needs 1 of 1 signer\n")
    unsigned = shell("verify", NAME)
    assert (unsigned.status, unsigned.out) == (1, "")
    assert unsigned.err == f"{NAME}@1.0.0 is NOT signed as it has to be: 0 counted, org.acme needs 1\n"
    refused = shell("artifact", "publish", NAME)
    assert refused.status == 1
    assert "has 0 of 1 signatures that org.acme needs" in refused.err
    published = shell("artifact", "publish", NAME, "--key", key)
    assert published.err == f"published {NAME}@1.0.0\n"
    bundle = tmp_path / "auth.bundle"
    verified = shell("verify", NAME, "--bundle", str(bundle), "-o", "json")
    assert verified.status == 0
    [row] = verified.data["signatures"]
    assert (verified.data["met"], row["key"], row["valid"], row["counted"]) == (True, key, True, True)
    assert json.loads(bundle.read_text())["publisher"]["signatures"][0]["keyid"] == key
    assert shell("sign", NAME, "--bundle", str(bundle)).status == 0
    assert shell("keys", "revoke", key, "--reason", "laptop lost").status == 1  # nobody to ask
    assert shell("keys", "revoke", key, "--reason", "laptop lost", "--yes").status == 0
    after = shell("verify", NAME)
    assert after.status == 1
    assert "the key was revoked: laptop lost" in " ".join(after.out.split())


def test_a_key_moves_to_another_home_with_a_passphrase(shell: Shell, tmp_path: Path) -> None:
    key = shell("keys", "generate", "--expires", "2090-01-01").out.strip()
    secret, exported = tmp_path / "secret", tmp_path / "key.json"
    secret.write_text("correct horse battery staple\n")
    secret.chmod(0o600)
    asked = shell("keys", "export", key, "--private")
    assert asked.status == 1
    assert "--passphrase-file" in asked.err
    done = shell("keys", "export", key, "--private", "--passphrase-file", str(secret), "--to", str(exported))
    assert (done.status, exported.stat().st_mode & 0o777) == (0, 0o600), done.err
    other = Shell(tmp_path / "other")
    assert other("registry", "init").status == 0
    taken = other("keys", "import", str(exported), "--private", "--passphrase-file", str(secret))
    assert (taken.status, taken.out) == (0, f"{key}\n"), taken.err
    rotated = other("keys", "rotate", key)
    rows = other("keys", "list", "-o", "json").data
    assert {row["key"]: (row["state"], row["private"]) for row in rows} == {
        key: ("rotated", True),
        rotated.out.strip(): ("usable", True),
    }
    shown = other("keys", "show", key)
    assert "expires at    2090-01-01T00:00:00.000000Z" in shown.out


def test_trust_is_listed_and_taken_back(shell: Shell) -> None:
    first, second = (shell("keys", "generate").out.strip() for _ in range(2))
    rule = shell("keys", "trust", "org.other", first, second, "--threshold", "2", "-o", "json").data
    assert rule == {"namespace": "org.other", "threshold": 2, "keys": sorted([first, second])}
    assert rule in shell("keys", "trust", "-o", "json").data
    assert "can never give 2" in shell("keys", "untrust", "org.other", first).err
    assert shell("keys", "untrust", "org.other").err == "org.other has no rule of its own any more\n"


def test_what_cannot_be_read_is_said(shell: Shell, tmp_path: Path) -> None:
    for words in (("keys", "import", "missing.pem"), ("sign", NAME, "--bundle", "missing")):
        done = shell(*words)
        assert done.status == 1
        assert "cannot be read: No such file or directory" in done.err
    noise = tmp_path / "noise"
    noise.write_text("nothing")
    assert "neither an exported key nor a public key" in shell("keys", "import", str(noise)).err
    assert "the bundle is no JSON" in shell("sign", NAME, "--bundle", str(noise)).err
