"""Audit, export, import, sync, backup, points in time, and completion, from the command line."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_shell import Shell
from installed import installed_shell

from builtin_plugins.audit.export import verify_export


def library(shell: Shell, name: str = "org.acme/auth", *more: str) -> None:
    shell.ok("artifact", "create", "--name", name, "--type", "library", "--version", "1.0.0", *more)


@pytest.fixture
def other(registry: Shell, registry_template: Path, tmp_path: Path) -> Shell:
    """A second registry."""
    shell = installed_shell(tmp_path / "other", registry_template / "site")
    shell.ok("registry", "init")
    return shell


def test_the_audit_log_says_who_did_what_and_is_verified(registry: Shell, tmp_path: Path) -> None:
    library(registry)
    registry.ok("artifact", "publish", "org.acme/auth")
    rows = registry.ok("audit", "list", "-o", "json").data
    assert [(row["seq"], row["operation"], row["who"], row["outcome"]) for row in rows] == [
        (2, "publish", "local:owner", "ok"),
        (1, "create", "local:owner", "ok"),
    ]
    assert registry.ok("audit", "show", "1", "-o", "json").data["target"] == "org.acme/auth@1.0.0"
    file = tmp_path / "audit.jsonl"
    told = registry.ok("audit", "export", str(file), "-o", "json").data
    first, *entries, last = file.read_text().splitlines()
    assert json.loads(first)["format"] == "hyperhost-audit-1"
    assert json.loads(last) == {"entries": len(entries), "format": "hyperhost-audit-1", "last": told["last"]}
    assert verify_export(file, told["last"]).ok
    assert registry.ok("audit", "verify", "--head", told["last"], "-o", "json").data["ok"] is True
    with contextlib.closing(
        sqlite3.connect(registry.home / "data" / "storage-sql" / "registry.db")
    ) as database:
        changed = (
            "UPDATE log_entry SET data = replace(data, 'publish', 'rate') WHERE log = 'audit' AND seq = 2"
        )
        assert database.execute(changed).rowcount == 1
        database.commit()
    broken = registry("audit", "verify", "-o", "json")
    assert (broken.status, broken.data["ok"]) == (1, False)
    assert {problem["seq"] for problem in broken.data["problems"]} == {2}


def test_a_file_of_the_audit_log_is_verified_and_what_was_done_to_it_named(
    registry: Shell, other: Shell, tmp_path: Path
) -> None:
    for number in range(3):
        library(registry, f"org.acme/part-{number}")
    file = tmp_path / "audit.jsonl"
    told = registry.ok("audit", "export", str(file), "-o", "json").data
    words = ("audit", "verify", "--file", str(file), "-o", "json")
    found = other.ok(*words, "--head", told["last"]).data
    assert (found["ok"], found["entries"], found["last"]) == (True, 3, told["last"])
    first, one, two, three, last = file.read_text().splitlines()
    for kind, seq, lines in (
        ("altered", 2, [first, one, two.replace("part-1", "part-7"), three, last]),
        ("removed", 2, [first, one, three, last]),
        ("inserted", 3, [first, one, two, three, last, one]),
        ("moved", 2, [first, one, three, two, last]),
        ("truncated", 4, [first, one, two, three]),
    ):
        file.write_text("\n".join(lines) + "\n")
        broken = other(*words)
        assert (broken.status, broken.data["ok"]) == (1, False), kind
        assert (kind, seq) in {(each["kind"], each["seq"]) for each in broken.data["problems"]}, kind
    assert "truncated: the file has no end" in other(*words[:-2]).out
    for text in ("acme", None):
        if text is not None:
            file.write_text(text)
        else:
            file.unlink()
        refused = other(*words)
        assert (refused.status, json.loads(refused.err)["code"]) == (1, "HH-INVALID")
    assert registry.ok("audit", "verify", "-o", "json").data["ok"], "the log itself was not touched"


def test_what_is_exported_is_imported_elsewhere_once(registry: Shell, other: Shell, tmp_path: Path) -> None:
    content = tmp_path / "auth.bin"
    content.write_bytes(b"x" * 50_000)
    library(registry, "org.acme/auth", "--content", str(content))
    registry.ok("version", "tag", "org.acme/auth", "latest")
    file = tmp_path / "all.hhe"
    assert registry.ok("export", str(file), "-o", "json").data["artifacts"] == 1
    assert registry("export", str(file)).status == 1
    first = other.ok("import", str(file), "-o", "json").data
    assert (first["created"], first["contents"], first["issues"]) == (1, 1, [])
    again = other.ok("import", str(file), "-o", "json").data
    assert (again["created"], again["unchanged"]) == (0, 1)
    target = tmp_path / "got"
    other.ok("artifact", "download", "org.acme/auth@latest", "--to", str(target))
    assert target.read_bytes() == content.read_bytes()
    file.write_bytes(file.read_bytes()[:-700])
    damaged = other("import", str(file))
    assert (damaged.status, "hint:" in damaged.err) == (1, True)


def test_two_registries_are_brought_to_one_state_and_conflicts_are_told(
    registry: Shell, other: Shell
) -> None:
    library(registry, "org.acme/here")
    library(other, "org.acme/there")
    registry.ok("sync", str(other.home))
    for shell in (registry, other):
        assert shell.ok("artifact", "list", "-q").out == "org.acme/here@1.0.0\norg.acme/there@1.0.0\n"
    registry.ok("artifact", "update", "org.acme/here", "--description", "mine")
    other.ok("artifact", "update", "org.acme/here", "--description", "yours")
    told = registry("sync", str(registry.home), str(other.home), "-o", "json")
    assert told.status == 1
    [conflict] = told.data["conflicts"]
    registry.ok("sync", str(other.home), "--resolve", f"{conflict['key']}=target")
    row = registry.ok("artifact", "get", "org.acme/here", "-o", "json").data
    assert row["metadata"]["description"] == "yours"


def test_a_backup_brings_back_what_was_lost(registry: Shell, tmp_path: Path) -> None:
    library(registry)
    key, place = tmp_path / "key", tmp_path / "backups"
    registry.ok("registry", "backup", "--make-key", str(key))
    made = registry.ok("registry", "backup", str(place), "--key", str(key), "-o", "json").data
    assert (made["artifacts"], made["encrypted"]) == (1, True)
    assert len(registry.ok("registry", "backup", str(place), "--list", "-o", "json").data) == 1
    registry.ok("artifact", "delete", "org.acme/auth", "--yes")
    library(registry, "org.acme/new")
    refused = registry("registry", "restore", made["path"], "--key", str(key))
    assert (refused.status, "not empty" in refused.err) == (1, True)
    asked = registry("registry", "restore", made["path"], "--key", str(key), "--force")
    assert (asked.status, "--yes" in asked.err) == (1, True)
    assert registry("registry", "restore", made["path"], "--force", "--yes").status == 1
    registry.ok("registry", "restore", made["path"], "--key", str(key), "--force", "--yes")
    assert registry.ok("artifact", "list", "-q").out == "org.acme/auth@1.0.0\n"
    assert registry.ok("audit", "verify", "-o", "json").data["ok"] is True


def test_the_past_can_be_looked_at_and_compared(registry: Shell) -> None:
    library(registry)
    registry.ok("artifact", "update", "org.acme/auth", "--description", "before")
    between = registry.ok("artifact", "get", "org.acme/auth", "-o", "json").data["updated_at"]
    time.sleep(0.01)
    registry.ok("artifact", "update", "org.acme/auth", "--description", "after")
    library(registry, "org.acme/new")
    then = registry.ok("artifact", "get", "org.acme/auth", "--at", between, "-o", "json").data
    assert then["metadata"]["description"] == "before"
    assert registry.ok("artifact", "list", "--at", between, "-q").out == "org.acme/auth@1.0.0\n"
    lain = registry.ok("namespace", "get", "org.acme", "--at", between, "-o", "json").data
    assert lain["artifacts"] == ["org.acme/auth@1.0.0"]
    found = registry.ok("registry", "diff", between, "-o", "json").data
    assert found["added"] == ["org.acme/new@1.0.0"]
    assert [field["path"] for field in found["changed"][0]["fields"]] == ["metadata.description"]
    assert registry.ok("registry", "diff", between, "-o", "csv").out.splitlines() == [
        "change,artifact,path,before,after",
        "added,org.acme/new@1.0.0,,,",
        "changed,org.acme/auth@1.0.0,metadata.description,before,after",
    ]


def test_a_template_generates_its_files_or_none(registry: Shell, tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text(
        'name = "org.acme/site"\ntype = "template"\nversion = "1.0.0"\n[manifest]\nengine = "jinja2"\n'
        '[[manifest.parameters]]\nname = "who"\nrequired = true\n'
        '[[manifest.outputs]]\npath = "{{ who }}.txt"\ncontent = "hello {{ who }}"\n'
    )
    registry.ok("artifact", "create", str(file))
    target = tmp_path / "made"
    words = ["artifact", "generate", "org.acme/site", "--to", str(target), "--set"]
    made = registry.ok(*words, "who=world", "-o", "json").data
    assert made["written"] == [str(target / "world.txt")]
    assert (target / "world.txt").read_text() == "hello world"
    assert registry(*words, "who=world").status == 1
    assert registry(*words, "who=../../escaped", "--force").status == 1
    assert not (tmp_path.parent / "escaped.txt").exists()


def test_the_registry_says_how_it_is(registry: Shell) -> None:
    library(registry)
    info = registry.ok("registry", "info", "-o", "json").data
    assert (info["artifacts"], info["providers"]["storage"]) == (1, "storage-sql")
    rows = registry.ok("registry", "status", "-o", "json").data
    assert {row["status"] for row in rows} == {"ok"}
    assert registry.ok("registry", "migrate", "-o", "json").data == {"done": []}


def complete(shell: Shell, words: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "hyperhost.cli.main"],
        env={
            **shell.environ,
            "_HYPERHOST_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_the_tab_key_knows_names_versions_and_tags(registry: Shell) -> None:
    library(registry)
    library(registry, "org.acme.deep/other")
    registry.ok("version", "tag", "org.acme/auth", "stable")
    registry.ok("namespace", "create", "org.zeta")
    assert complete(registry, "hyperhost artifact get org.") == [
        "org.acme.deep/",
        "org.acme/",
        "org.zeta/",
    ]
    assert complete(registry, "hyperhost artifact get org.acme/a") == ["org.acme/auth"]
    assert complete(registry, "hyperhost artifact get -n org.acme a") == ["auth"]
    assert complete(registry, "hyperhost artifact get org.acme/auth@") == [
        "org.acme/auth@1.0.0",
        "org.acme/auth@stable",
    ]
    assert complete(registry, "hyperhost version untag org.acme/auth s") == ["stable"]
    assert complete(registry, "hyperhost namespace get org.z") == ["org.zeta"]
    library(registry, "org.acme/added")
    assert complete(registry, "hyperhost artifact get org.acme/a") == ["org.acme/added", "org.acme/auth"]
    entries = len(registry.ok("audit", "list", "-o", "json").data)
    assert entries == 5, "what the Tab key asks is not recorded"


def test_the_tab_key_opens_no_registry_for_what_it_knows(registry: Shell) -> None:
    library(registry)
    words = "hyperhost artifact get org.acme/a"
    assert complete(registry, words) == ["org.acme/auth"]
    program = (
        "import sys; from hyperhost.cli.main import main\n"
        "try: main([])\n"
        "finally: print({'pluggy', 'peewee', 'hyperhost.host.host'} & set(sys.modules) or 'light')"
    )
    environ = {"_HYPERHOST_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "3"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**registry.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["org.acme/auth", "light"]


def test_the_tab_key_is_silent_where_there_is_nothing(registry_template: Path, tmp_path: Path) -> None:
    shell = installed_shell(tmp_path, registry_template / "site")
    assert complete(shell, "hyperhost artifact get org.") == []
    shell.home.mkdir(mode=0o700)
    (shell.home / "hyperhost.toml").write_text("broken [")
    assert complete(shell, "hyperhost artifact get org.") == []


def test_a_namespace_as_it_was_tells_of_all_that_lay_in_it(registry: Shell, tmp_path: Path) -> None:
    from registries import registry as another

    with another() as large:
        for number in range(1_001):
            large.create(f"part-{number}")
        large.run("export", target=str(tmp_path / "large.hhe"))
    registry.ok("import", str(tmp_path / "large.hhe"))
    lain = registry.ok("namespace", "get", "org.acme", "--at", "now", "-o", "json").data
    assert len(set(lain["artifacts"])) == 1_001


def test_an_export_does_not_take_the_place_of_a_dangling_link(registry: Shell, tmp_path: Path) -> None:
    link = tmp_path / "all.hhe"
    link.symlink_to(tmp_path / "away" / "all.hhe")
    refused = registry("export", str(link))
    assert (refused.status, "is there already" in refused.err, link.is_symlink()) == (1, True, True)
    gone = registry("export", str(tmp_path / "away" / "all.hhe"))
    assert (gone.status, gone.err.startswith(f"error: {tmp_path}")) == (1, True), "no word about hooks"


def test_a_decision_that_meets_nothing_is_told(registry: Shell, tmp_path: Path) -> None:
    other = tmp_path / "other"
    registry.ok("registry", "init", "--home", str(other))
    done = registry.ok("sync", str(other), "--resolve", "org.acme/misspelt@1.0.0=source")
    assert "warning: --resolve org.acme/misspelt@1.0.0: nothing of that name" in done.err


def test_a_template_whose_files_cannot_be_written_creates_no_artifact(
    registry: Shell, tmp_path: Path
) -> None:
    draft = {
        "name": "org.acme/both",
        "type": "template",
        "version": "1.0.0",
        "manifest": {
            "engine": "jinja2",
            "outputs": [
                {"path": "a.txt", "content": "x"},
                {"path": "org.acme/made@1.0.0", "kind": "artifact", "content": '{"type": "library"}'},
            ],
        },
    }
    (tmp_path / "both.json").write_text(json.dumps(draft))
    registry.ok("artifact", "create", str(tmp_path / "both.json"))
    place = tmp_path / "out"
    place.mkdir()
    (place / "a.txt").write_text("mine")
    generate = ("artifact", "generate", "org.acme/both", "--to", str(place))
    refused = registry(*generate)
    assert (refused.status, "nothing was written" in refused.err) == (1, True)
    assert registry.ok("artifact", "list", "-q").out == "org.acme/both@1.0.0\n"
    made = registry.ok(*generate, "--force", "-o", "json").data
    assert (len(made["created"]), (place / "a.txt").read_text()) == (1, "x")
    (place / "a.txt").write_text("mine")
    again = registry(*generate, "--force")  # now it is the artifact that is there
    assert (again.status, "exists already" in again.err, (place / "a.txt").read_text()) == (1, True, "mine")
