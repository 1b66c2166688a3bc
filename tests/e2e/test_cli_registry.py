"""The commands of the registry, each a process of its own on a real home with SQLite."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_shell import Shell
from installed import installed_shell

DRAFT = """\
name: org.acme/settings
type: config
version: 1.0.0
metadata: {description: settings of the shop, licenses: [MIT]}
labels: {team: shop}
manifest:
  format: yaml
  values: {port: 8080, log: {level: info}}
  overrides: {production: {log: {level: error}}}
"""


def library(shell: Shell, name: str = "org.acme/auth", version: str = "1.0.0", *more: str) -> None:
    shell.ok("artifact", "create", "--name", name, "--type", "library", "--version", version, *more)


def test_an_artifact_lives_from_its_draft_to_its_end(registry: Shell, tmp_path: Path) -> None:
    content = tmp_path / "auth.tar"
    content.write_bytes(os.urandom(2_500_000))
    library(registry, "org.acme/auth", "1.0.0", "--label", "team=core", "--content", str(content))
    made = registry.ok("artifact", "publish", "auth@1.0.0", "-n", "org.acme", "-o", "json").data
    assert (made["artifact"], made["state"], made["labels"]) == (
        "org.acme/auth@1.0.0",
        "published",
        {"team": "core"},
    )
    assert made["content_hash"] == f"sha256:{hashlib.sha256(content.read_bytes()).hexdigest()}"
    assert made["created_at"].endswith("Z")
    target = tmp_path / "got"
    got = registry.ok("artifact", "download", "org.acme/auth", "--to", str(target), "-o", "json").data
    assert target.read_bytes() == content.read_bytes()
    assert (got["bytes"], got["hash"]) == (2_500_000, made["content_hash"])
    again = registry("artifact", "download", "org.acme/auth", "--to", str(target))
    assert (again.status, "is there already" in again.err, "--force" in again.err) == (1, True, True)
    registry.ok("artifact", "rate", "org.acme/auth", "4")
    registry.ok(
        "artifact", "deprecate", "org.acme/auth", "--reason", "old", "--replacement", "org.acme/login"
    )
    row = registry.ok("artifact", "get", "org.acme/auth", "-o", "json").data
    assert (row["state"], row["rating"], row["download_count"]) == ("deprecated", 4.0, 1)
    assert row["deprecation"]["replacement"] == "org.acme/login"
    kinds = [each["kind"] for each in registry.ok("artifact", "history", "org.acme/auth", "-o", "json").data]
    assert kinds == ["created", "published", "deprecated"]
    refused = registry("artifact", "delete", "org.acme/auth", "--yes", "-o", "json")
    error = json.loads(refused.err)
    assert (refused.status, error["code"], error["field"]) == (1, "HH-WRONG-STATE", "state")
    registry.ok("artifact", "delete", "org.acme/auth", "--yes", "--force")
    assert registry.ok("artifact", "list", "-o", "json").data == []


def test_a_file_describes_a_draft_and_options_win_over_it(registry: Shell, tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(DRAFT)
    assert registry.ok("artifact", "validate", str(file), "-o", "json").data == []
    registry.ok(
        "artifact", "create", str(file), "--version", "1.1.0", "--label", "tier=gold", "--description", "x"
    )
    row = registry.ok("artifact", "get", "org.acme/settings", "-o", "json").data
    assert (row["version"], row["labels"]) == ("1.1.0", {"team": "shop", "tier": "gold"})
    assert row["metadata"]["description"] == "x"
    assert row["metadata"]["licenses"] == ["MIT"]
    assert row["manifest"]["values"]["port"] == 8080
    text = registry.ok("artifact", "render", "org.acme/settings", "-e", "production").out
    assert "level: error" in text
    assert registry.ok("artifact", "test", "org.acme/settings", "-o", "json").data["passed"] is True
    registry.ok("artifact", "update", "org.acme/settings", "--unlabel", "team", "--label", "tier=silver")
    row = registry.ok("artifact", "get", "org.acme/settings", "-o", "json").data
    assert (row["labels"], row["metadata"]["description"]) == ({"tier": "silver"}, "x")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", '{"name": ', "is no JSON"),
        ("a.toml", "name = ", "is no TOML"),
        ("a.yaml", "name: [", "is no YAML"),
        ("a.yaml", "a: &x [1]\nb: *x", "an alias is not read here"),
        ("a.yaml", "- a", "holds no mapping"),
        ("a.txt", "name: a", "ends in none of .json, .toml, .yaml, .yml"),
        ("a.yaml", "name: org.acme/x\ntype: library", "nothing says the version"),
        ("a.yaml", "name: x\ntype: library\nversion: 1.0.0", "no namespace is given"),
        ("a.yaml", "name: org.acme/x\ntype: libary\nversion: 1.0.0", "library"),
        ("a.yaml", "name: org.acme/x\ntype: library\nversion: '1'", "no SemVer version"),
        (
            "a.yaml",
            "name: org.acme/x\ntype: library\nversion: 1.0.0\ncontent: gone.bin",
            "gone.bin cannot be read",
        ),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(
    registry: Shell, tmp_path: Path, name: str, text: str, words: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    done = registry("artifact", "create", str(file), "-o", "json")
    error = json.loads(done.err)
    assert (done.status, done.out, error["code"]) == (1, "", "HH-INVALID")
    assert words in f"{error['message']} {error['hint']}"
    assert error["field"]


def test_on_a_terminal_what_cannot_be_undone_is_asked(registry: Shell) -> None:
    library(registry)
    status, shown = registry.on_terminal(["n"], "artifact", "delete", "org.acme/auth")
    assert (status, "which cannot be undone? [y/N]" in shown, "nothing was changed" in shown) == (
        1,
        True,
        True,
    )
    status, shown = registry.on_terminal(["y"], "artifact", "delete", "org.acme/auth")
    assert (status, "deleted org.acme/auth@1.0.0" in shown) == (0, True)


def test_what_is_not_there_names_the_nearest(registry: Shell) -> None:
    library(registry)
    done = registry("artifact", "get", "org.acme/auht")
    assert done.status == 1
    assert done.err == "error: there is no artifact org.acme/auht\nhint: did you mean org.acme/auth?\n"


def test_before_init_every_command_says_what_to_type(registry_template: Path, tmp_path: Path) -> None:
    shell = installed_shell(tmp_path, registry_template / "site")
    for words in (["artifact", "list"], ["registry", "info"], ["audit", "verify"], ["export", "x"]):
        done = shell(*words)
        assert done.status == 1
        assert "has no registry" in done.err
        assert "hint: make one with: hyperhost registry init" in done.err
    assert not shell.home.exists()
    assert "hyperhost artifact create" in shell.ok("registry", "init").err
    again = shell.ok("registry", "init", "-o", "json").data
    assert (again["new"], again["created"]) == (False, [])
    assert again["providers"] == {
        "storage": "storage-sql",
        "content": "content-tiers",
        "signing": "signing-ed25519",
        "secrets": "secrets-store",
    }


def test_init_keeps_what_a_person_wrote_and_takes_its_own_back_when_it_fails(
    registry_template: Path, tmp_path: Path
) -> None:
    shell = installed_shell(tmp_path, registry_template / "site")
    shell.home.mkdir(mode=0o700)
    file = shell.home / "hyperhost.toml"
    text = '# mine\n[providers] # who\nsearch = "acme"\n[quarantine]\nfaults = 7\n'
    file.write_text(text)
    failed = shell("registry", "init", "--database", "postgresql://nobody@127.0.0.1:1/none")
    assert (failed.status, file.read_text()) == (1, text)
    shell.ok("registry", "init")
    lines = file.read_text().splitlines()
    assert lines[:2] == ["# mine", "[providers] # who"]
    assert set(lines) >= {'search = "acme"', 'storage = "storage-sql"', "faults = 7"}


def test_without_the_plugin_a_command_says_so(registry: Shell) -> None:
    with (registry.home / "hyperhost.toml").open("a") as file:
        file.write("[plugins.templates]\nenabled = false\n")
    library(registry)
    done = registry("artifact", "generate", "org.acme/auth", "-o", "json")
    error = json.loads(done.err)
    assert (done.status, error["code"]) == (1, "HH-OPERATION-UNKNOWN")
    assert "hyperhost plugin list" in error["hint"]


def test_versions_are_tagged_promoted_and_yanked(registry: Shell) -> None:
    for version in ("1.0.0", "1.1.0"):
        library(registry, version=version)
        registry.ok("artifact", "publish", f"org.acme/auth@{version}")
    registry.ok("version", "tag", "org.acme/auth@1.0.0", "stable")
    registry.ok("version", "promote", "org.acme/auth@1.1.0", "edge")
    registry.ok("version", "yank", "org.acme/auth@1.1.0", "--reason", "leaks")
    rows = registry.ok("version", "list", "org.acme/auth", "-o", "json").data
    assert [(row["version"], row["tags"], row["channels"], row["yanked"]) for row in rows] == [
        ("1.1.0", [], ["edge"], "leaks"),
        ("1.0.0", ["stable"], [], None),
    ]
    assert registry.ok("artifact", "get", "org.acme/auth@stable", "-o", "json").data["version"] == "1.0.0"
    registry.ok("version", "demote", "org.acme/auth", "edge")
    done = registry("version", "demote", "org.acme/auth", "edge")
    assert (done.status, "has no channel 'edge'" in done.err) == (1, True)
    assert registry.ok("version", "list", "org.acme/auth", "-o", "json").data[0]["channels"] == []
    registry.ok("version", "unyank", "org.acme/auth@1.1.0")
    registry.ok("version", "untag", "org.acme/auth", "stable")
    done = registry("version", "untag", "org.acme/auth", "stable")
    assert (done.status, "has no tag 'stable'" in done.err) == (1, True)


def test_namespaces_are_created_changed_and_deleted(registry: Shell) -> None:
    registry.ok(
        "namespace", "create", "org.acme", "--label", "a=b", "--quota", "artifacts=1", "--description", "us"
    )
    registry.ok("namespace", "update", "org.acme", "--label", "c=d", "--quota", "storage_bytes=5000")
    found = registry.ok("namespace", "get", "org.acme", "-o", "json").data
    assert found["labels"] == {"a": "b", "c": "d"}
    assert (found["quotas"]["org.acme"]["artifacts"], found["quotas"]["org.acme"]["storage_bytes"]) == (
        1,
        5000,
    )
    library(registry)
    full = registry(
        "artifact", "create", "--name", "org.acme/b", "--type", "library", "--version", "1.0.0", "-o", "json"
    )
    assert (full.status, json.loads(full.err)["code"]) == (1, "HH-QUOTA")
    asked = registry("namespace", "delete", "org.acme")
    assert (asked.status, "add --yes; nothing was changed" in asked.err) == (1, True)
    assert "artifacts lie in org.acme" in registry("namespace", "delete", "org.acme", "--yes").err
    registry.ok("artifact", "delete", "org.acme/auth", "--yes")
    registry.ok("namespace", "delete", "org.acme", "--yes")
    assert registry.ok("namespace", "list", "-o", "json").data == []


def test_lists_are_selected_filtered_sorted_and_limited(registry: Shell) -> None:
    for number, team in enumerate(("red", "blue", "red")):
        library(registry, f"org.acme/part-{number}", "1.0.0", "--label", f"team={team}")
    names = registry.ok("artifact", "list", "-l", "team=red", "--descending", "-q").out
    assert names == "org.acme/part-2@1.0.0\norg.acme/part-0@1.0.0\n"
    assert registry.ok("artifact", "list", "--filter", "name~PART-1", "-q").out == "org.acme/part-1@1.0.0\n"
    some = registry.ok("artifact", "list", "--limit", "2")
    assert (some.out.count("org.acme"), "there are more than 2" in some.err) == (2, True)
    assert registry.ok("artifact", "list", "-o", "csv").out.startswith("artifact,type,state,")
    for words in (["-l", "x"], ["--filter", "nonsense=1"], ["--at", "yesterday-ish"], ["--limit", "0"]):
        assert registry("artifact", "list", *words).status == 2


def test_two_processes_that_write_at_once_lose_nothing(registry: Shell) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(lambda number: library(registry, f"org.acme/part-{number}"), range(6)):
            pass
    assert len(registry.ok("artifact", "list", "-q").out.splitlines()) == 6
    assert registry.ok("audit", "verify", "-o", "json").data["ok"] is True


@pytest.mark.skipif(
    os.geteuid() == 0 and not Path("/usr/bin/unshare").exists(), reason="root writes everywhere"
)
def test_a_home_that_cannot_be_written_refuses_changes_and_answers_questions(registry: Shell) -> None:
    library(registry)
    database = registry.home / "data" / "storage-sql" / "registry.db"
    before = database.read_bytes()
    if os.geteuid() == 0:
        home = registry.home
        inside = f"mount --bind {home} {home} && mount -o remount,ro,bind {home} && exec "
        words = [
            sys.executable,
            "-m",
            "hyperhost.cli.main",
            "artifact",
            "publish",
            "org.acme/auth",
            "-o",
            "json",
        ]
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", inside + '"$@"', "sh", *words],
            env=registry.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if "unshare" in done.stderr or "mount" in done.stderr:
            pytest.skip(f"no mounts here: {done.stderr.strip()[:100]}")
        status, message = done.returncode, done.stderr
    else:
        database.chmod(0o400)
        database.parent.chmod(0o500)
        failed = registry("artifact", "publish", "org.acme/auth", "-o", "json")
        database.parent.chmod(0o700)
        status, message = failed.status, failed.err
    error = json.loads(message.strip().splitlines()[-1])
    assert status == 1
    assert error["code"] in ("HH-STORAGE", "HH-HOME")
    assert error["hint"]
    assert database.read_bytes() == before


def test_showing_an_artifact_imports_nothing_that_it_does_not_use(registry: Shell) -> None:
    library(registry)
    program = (
        "import sys; from hyperhost.cli.main import main\n"
        "heavy = {'wasmtime', 'rich', 'yaml', 'jinja2', 'nacl', 'jsonschema_rs', 'obstore', 'cryptography'}\n"
        "try: main(['artifact', 'get', 'org.acme/auth', '-q'])\n"
        "finally: print(*sorted(heavy & set(sys.modules)), 'end')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=registry.environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "end"
