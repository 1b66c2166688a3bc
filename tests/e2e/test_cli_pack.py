"""From a directory to a signed file to an installed plugin, as a publisher and an operator type it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from cli_guests import GUESTS, packed
from cli_shell import Done, Shell


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = packed(
        tmp_path / "source",
        "clock",
        required=[("clock", "to date findings")],
        optional=[("log", "to say what it found")],
        plugin={"license": "MIT", "publisher": "Acme\u200e"},
    )
    (directory / "README.md").write_text("# Scan\n")
    (directory / "LICENSE").write_text("yes\n")
    return directory


@pytest.fixture
def key(bare: Shell, tmp_path: Path) -> Path:
    path = tmp_path / "acme.key"
    bare.ok("plugin", "keygen", str(path))
    return path


def refused(done: Done, code: str) -> str:
    """The message of a command that failed with ``-o json``."""
    assert (done.status, done.out) == (1, ""), done
    error = json.loads(done.err)
    assert error["code"] == code
    return str(error["message"])


def test_a_plugin_is_packed_signed_verified_shown_and_installed(
    shell: Shell, source: Path, key: Path, tmp_path: Path
) -> None:
    file = tmp_path / "scan.hhp"
    done = shell.ok("plugin", "pack", str(source), "--out", str(file))
    assert done.out == ""
    assert done.err.startswith(f"packed scan 1.0.0 into {file} (")
    assert "it is not signed; add --key FILE" in done.err
    assert refused(shell("plugin", "verify", str(file), "-o", "json"), "HH-SIGNATURE").startswith(
        "is not sig"
    )

    signed = shell.ok("plugin", "sign", str(file), "--key", str(key), "-o", "json").data
    assert (signed["changed"], signed["replaced"]) == (True, None)
    assert "is signed by ed25519:" in shell.ok("plugin", "sign", str(file), "--key", str(key)).err
    packed_at_once = shell.ok(
        "plugin", "pack", str(source), "--out", str(tmp_path / "b.hhp"), "--key", str(key), "-o", "json"
    ).data
    assert packed_at_once["publisher"] == signed["publisher"]
    assert (tmp_path / "b.hhp").read_bytes() == file.read_bytes()

    verified = shell.ok("plugin", "verify", str(file), "--key", signed["publisher"], "-o", "json").data
    assert verified == {
        "file": str(file),
        "id": "scan",
        "version": "1.0.0",
        "digest": signed["digest"],
        "publisher": signed["publisher"],
        "expected": True,
    }
    assert "--key says whose signature it has to be" in shell.ok("plugin", "verify", str(file)).err

    entry = shell.ok("plugin", "install", str(file), "--yes", "-o", "json").data
    assert (entry["publisher"], entry["digest"]) == (signed["publisher"], signed["digest"])
    assert shell.ok("plugin", "call", "scan", "run", "--json", '{"n": 1}').data > 10**18


def test_showing_a_package_needs_no_home_and_runs_nothing(
    bare: Shell, source: Path, key: Path, tmp_path: Path
) -> None:
    file = tmp_path / "scan.hhp"
    bare.ok("plugin", "pack", str(source), "--out", str(file), "--key", str(key))
    shown = bare.ok("plugin", "show", str(file), "-o", "json").data
    assert (shown["id"], shown["version"], shown["kind"], shown["hooks"]) == (
        "scan",
        "1.0.0",
        "component",
        ["run"],
    )
    assert [(ask["capability"], ask["need"], ask["reason"]) for ask in shown["asked"]] == [
        ("clock", "required", "to date findings"),
        ("log", "optional", "to say what it found"),
    ]
    assert shown["publisher"].startswith("ed25519:")
    assert (shown["imports"], shown["exports"]) == (["hyperhost:host/clock@1.0.0"], ["run"])
    assert shown["bytes"] == file.stat().st_size
    assert list(shown["files"]) == [
        "LICENSE",
        "README.md",
        "plugin.sig",
        "plugin.toml",
        "plugin.wasm",
        "sbom.cdx.json",
    ]
    assert shown["sbom"] == {
        "format": "CycloneDX 1.6",
        "parts": ["plugin.wasm"],
        "licenses": ["MIT"],
        "problem": None,
    }
    text = bare.ok("plugin", "show", str(file)).out
    assert "signed by        ed25519:" in text
    assert "(to say what it found) [log, optional]" in text
    assert "Acme\\u200e" in text
    assert "parts list       CycloneDX 1.6: plugin.wasm" in text
    assert "NOT SIGNED" in bare.ok("plugin", "show", f"{source}/").out
    lone = bare.ok("plugin", "show", str(GUESTS["double"].write(tmp_path / "double.wasm"))).out
    assert "(it has no manifest to ask with)" in lone
    assert not bare.home.exists()


def test_a_package_changed_after_signing_is_refused_by_every_command(
    shell: Shell, source: Path, key: Path, tmp_path: Path
) -> None:
    file = tmp_path / "scan.hhp"
    shell.ok("plugin", "pack", str(source), "--out", str(file), "--key", str(key))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("docs/extra.md", "x")
    before = file.read_bytes()
    for words in (("verify",), ("show",), ("install", "--yes"), ("sign", "--key", str(key))):
        done = shell("plugin", words[0], str(file), *words[1:], "-o", "json")
        assert refused(done, "HH-SIGNATURE").startswith("the signature is for digest")
    assert file.read_bytes() == before
    assert "scan" not in shell.ok("plugin", "list", "-q").out.splitlines()


def test_an_unexpected_or_unknown_key_is_refused(
    bare: Shell, source: Path, key: Path, tmp_path: Path
) -> None:
    file, other = tmp_path / "scan.hhp", tmp_path / "other.key"
    bare.ok("plugin", "pack", str(source), "--out", str(file), "--key", str(key))
    unexpected = bare.ok("plugin", "keygen", str(other)).out.strip()
    for given in (unexpected, str(other)):
        done = bare("plugin", "verify", str(file), "--key", given, "-o", "json")
        assert unexpected in refused(done, "HH-SIGNATURE")
    assert bare.ok("plugin", "verify", str(file), "--key", str(key)).status == 0
    done = bare("plugin", "verify", str(file), "--key", "acme", "-o", "json")
    assert refused(done, "HH-SIGNATURE") == "'acme' is no public key and no file that holds one"


def test_an_upgrade_signed_by_another_publisher_needs_approval(
    shell: Shell, source: Path, key: Path, tmp_path: Path
) -> None:
    file, other = tmp_path / "scan.hhp", tmp_path / "other.key"
    shell.ok("plugin", "pack", str(source), "--out", str(file), "--key", str(key))
    first = shell.ok("plugin", "install", str(file), "--yes", "-o", "json").data
    shell.ok("plugin", "keygen", str(other))
    shell.ok("plugin", "sign", str(file), "--key", str(other))
    done = shell("plugin", "upgrade", "scan", str(file), "-o", "json")
    assert "publisher changed from ed25519:" in refused(done, "HH-UPGRADE")
    assert shell.ok("plugin", "show", "scan", "-o", "json").data["publisher"] == first["publisher"]
    second = shell.ok("plugin", "upgrade", "scan", str(file), "--yes", "-o", "json").data
    assert second["publisher"] not in (first["publisher"], None)


def test_what_must_not_be_packed_is_named_and_nothing_is_written(
    bare: Shell, source: Path, tmp_path: Path
) -> None:
    (source / "docs").mkdir()
    (source / "docs" / ".env").write_text("TOKEN=1\n")
    done = bare("plugin", "pack", str(source), "--out", str(tmp_path / "scan.hhp"), "-o", "json")
    assert refused(done, "HH-PACK") == "'docs/.env' begins with a dot"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_a_key_is_made_once(bare: Shell, tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = bare.ok("plugin", "keygen", str(path), "-o", "json").data
    assert made["file"] == str(path)
    assert made["key"].startswith("ed25519:")
    before = path.read_bytes()
    assert "is there already" in refused(bare("plugin", "keygen", str(path), "-o", "json"), "HH-SIGNATURE")
    assert path.read_bytes() == before
    assert bare("plugin", "keygen").status == 2


def keys(shell: Shell, name: str, *ids: str) -> None:
    """Set one list of ``[keys]`` in the home's configuration."""
    path = shell.home / "hyperhost.toml"
    kept = path.read_text().partition("[keys]")[0]
    path.write_text(f"{kept}[keys]\n{name} = {json.dumps(ids)}\n")


def test_a_revoked_key_is_refused_wherever_its_signature_counts(
    shell: Shell, source: Path, key: Path, tmp_path: Path
) -> None:
    file = tmp_path / "scan.hhp"
    publisher = shell.ok(
        "plugin", "pack", str(source), "--out", str(file), "--key", str(key), "-o", "json"
    ).data["publisher"]
    shell.ok("plugin", "install", str(file), "--yes")
    keys(shell, "revoked", publisher)

    words = f"is signed by {publisher}, which is revoked"
    assert refused(shell("plugin", "verify", str(file), "-o", "json"), "HH-SIGNATURE") == words
    [plugin] = [each for each in shell.ok("plugin", "list", "-o", "json").data if each["id"] == "scan"]
    assert (plugin["state"], plugin["error"]["message"]) == ("failed", words)
    shell.ok("plugin", "uninstall", "scan")
    assert refused(shell("plugin", "install", str(file), "--yes", "-o", "json"), "HH-SIGNATURE") == words


def test_with_trusted_keys_an_unknown_key_and_no_key_are_refused(
    shell: Shell, source: Path, key: Path, tmp_path: Path
) -> None:
    file, other = tmp_path / "scan.hhp", tmp_path / "other.key"
    known = shell.ok("plugin", "keygen", str(other)).out.strip()
    keys(shell, "trusted", known)
    shell.ok("plugin", "pack", str(source), "--out", str(file), "--key", str(key))
    assert "which is not trusted here" in refused(
        shell("plugin", "install", str(file), "--yes", "-o", "json"), "HH-SIGNATURE"
    )
    assert "is not signed" in refused(
        shell("plugin", "install", str(source), "--yes", "-o", "json"), "HH-SIGNATURE"
    )
    shell.ok("plugin", "sign", str(file), "--key", str(other))
    shell.ok("plugin", "install", str(file), "--yes")


def test_a_key_that_is_none_is_refused_in_the_configuration(shell: Shell) -> None:
    keys(shell, "revoked", "ed25519:abc")
    assert "keys.revoked[0]" in refused(shell("plugin", "list", "-o", "json"), "HH-CONFIG")
