"""A registry whose database is gone: every command says so, and a backup brings it back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cli_shell import Done, Shell


def library(shell: Shell, name: str, *more: str) -> None:
    shell.ok("artifact", "create", "--name", name, "--type", "library", "--version", "1.0.0", *more)


def error(done: Done) -> Any:
    return json.loads(done.err)


@pytest.mark.parametrize("how", ["removed", "emptied"])
def test_a_lost_database_is_told_and_a_backup_brings_everything_back(
    registry: Shell, tmp_path: Path, how: str
) -> None:
    library(registry, "org.acme/auth")
    backup = registry.ok("registry", "backup", str(tmp_path / "backups"), "-o", "json").data["path"]
    directory = registry.home / "data" / "storage-sql"
    for path in directory.glob("registry.db*"):
        path.unlink()
    if how == "emptied":
        (directory / "registry.db").touch()
    (tmp_path / "none").write_bytes(b"no backup")
    for words in (
        ("artifact", "list"),
        ("artifact", "create", "--name", "org.acme/new", "--type", "library", "--version", "1.0.0"),
        ("registry", "init"),
        ("registry", "info"),
        ("registry", "migrate"),
        ("artifact", "create", "--name", "org.acme/new", "--type", "library", "--version", "2.0.0"),
        ("artifact", "create", "--name", "org.acme/new", "--type", "library", "--version", "3.0.0"),
    ):
        failed = registry(*words, "-o", "json")
        assert (failed.status, error(failed)["code"], error(failed)["rule"]) == (
            1,
            "HH-STORAGE",
            "storage.lost",
        )
        assert "hyperhost registry restore BACKUP" in error(failed)["hint"]
    status = registry("registry", "status", "-o", "json")
    assert status.status == 1
    assert [row["status"] for row in status.data if row["check"] == "storage"] == ["broken"]
    assert registry("registry", "restore", str(tmp_path / "none")).status == 1
    assert error(registry("artifact", "list", "-o", "json"))["rule"] == "storage.lost", "it is lost, still"
    registry.ok("registry", "restore", backup)
    [row] = registry.ok("artifact", "list", "-o", "json").data
    assert row["artifact"] == "org.acme/auth@1.0.0"
    assert registry.ok("audit", "verify", "-o", "json").data["ok"] is True


def test_a_slash_behind_the_target_of_a_download_means_a_directory(registry: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"bytes")
    library(registry, "org.acme/auth", "--content", str(tmp_path / "a.bin"))
    target = tmp_path / "new" / "dl"
    got = registry.ok("artifact", "download", "org.acme/auth", "--to", f"{target}/", "-o", "json").data
    assert got["file"] == str(target / "auth-1.0.0")
    assert (target / "auth-1.0.0").read_bytes() == b"bytes"
    again = registry("artifact", "download", "org.acme/auth", "--to", f"{target}/")
    assert (again.status, "is there already" in again.err) == (1, True)
    no_directory = registry(
        "artifact", "download", "org.acme/auth", "--to", f"{tmp_path / 'a.bin'}/", "-o", "json"
    )
    assert (no_directory.status, error(no_directory)["code"]) == (1, "HH-STORAGE")
    assert (tmp_path / "a.bin").read_bytes() == b"bytes"


def test_a_content_that_is_no_regular_file_is_refused_and_a_dash_is_standard_input(
    registry: Shell, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    words = ("artifact", "create", "--name", "org.acme/auth", "--type", "library", "--version", "1.0.0")
    for path in ("/dev/zero", str(tmp_path / "pipe"), str(tmp_path)):
        refused = registry(*words, "--content", path, "-o", "json")
        assert (refused.status, error(refused)["field"], error(refused)["rule"]) == (1, "content", "file")
        assert "is no regular file" in error(refused)["message"]
    both = registry("artifact", "create", "-", *words[2:], "--content", "-", "-o", "json", stdin="{}")
    assert (error(both)["field"], error(both)["rule"]) == ("content", "either")
    registry.ok(*words, "--content", "-", stdin="piped")
    registry.ok("artifact", "download", "org.acme/auth", "--to", str(tmp_path / "got"))
    assert (tmp_path / "got").read_text() == "piped"
