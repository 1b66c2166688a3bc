"""``call --record`` on one machine, ``replay`` on another, and the test that is made of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_guests import SPECS, packed
from cli_shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A command line with a home where ``clock`` and ``trap`` are installed."""
    shell = Shell(tmp_path / "here")
    shell.home.parent.mkdir()
    shell.ok("init")
    (shell.home / "hyperhost.toml").write_text(f'[host]\nspecs = ["{SPECS}"]\n')
    clock = packed(tmp_path / "clock", "clock", id="clock", required=[("clock", "to tell the time")])
    shell.ok("plugin", "install", str(clock), "--yes")
    shell.ok("plugin", "install", str(packed(tmp_path / "trap", "trap", id="trap")), "--yes")
    return shell


@pytest.fixture
def other(tmp_path: Path) -> Shell:
    """Another machine: a home of its own, with the same hookspecs and nothing installed."""
    other = Shell(tmp_path / "there")
    other.home.parent.mkdir()
    other.ok("init")
    (other.home / "hyperhost.toml").write_text(f'[host]\nspecs = ["{SPECS}"]\n')
    return other


def test_a_recorded_call_replays_here(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "call.json"
    done = shell.ok("plugin", "call", "clock", "run", "--json", '{"n": 1}', "--record", str(file))
    assert "recorded in" in done.err
    assert file.stat().st_mode & 0o777 == 0o600
    assert shell.ok("plugin", "replay", str(file)).out == "same result\n"
    data = shell.ok("plugin", "replay", str(file), "-o", "json").data
    assert data == {
        "same": True,
        "difference": None,
        "plugin": "clock",
        "version": "1.0.0",
        "hook": "run",
        "calls": 1,
        "result": json.loads(done.out),
        "error": None,
        "notes": [],
        "written": [],
    }


def test_a_recorded_fault_is_written_and_replays(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "call.json"
    done = shell("plugin", "call", "trap", "run", "--json", '{"n": 1}', "--record", str(file))
    assert (done.status, "unreachable" in done.err) == (1, True)
    done = shell.ok("plugin", "replay", str(file))
    assert done.out == "same error: HH-TRAP: trapped: wasm `unreachable` instruction executed\n"


def test_every_fault_leaves_a_recording_and_says_where(shell: Shell) -> None:
    done = shell("plugin", "call", "trap", "run", "--json", '{"n": 7}')
    [file] = (shell.home / "recordings").iterdir()
    assert f"recorded; replay it with: hyperhost plugin replay {file}" in done.err
    assert shell.ok("plugin", "replay", str(file)).out.startswith("same error: HH-TRAP")
    as_data = shell("plugin", "call", "trap", "run", "--json", '{"n": 7}', "-o", "json")
    assert json.loads(as_data.err)["code"] == "HH-TRAP"


def test_a_recording_replays_on_another_machine(shell: Shell, other: Shell, tmp_path: Path) -> None:
    file = tmp_path / "call.json"
    shell.ok("plugin", "call", "clock", "run", "--json", '{"n": 1}', "--record", str(file))
    moved = other.home.parent / "moved.json"
    file.rename(moved)
    shutil.copytree(tmp_path / "clock", other.home.parent / "package")
    shutil.rmtree(tmp_path / "clock")
    shutil.rmtree(shell.home)

    done = other("plugin", "replay", str(moved))
    assert done.status == 1
    assert "recorded was version 1.0.0 (sha256:" in done.err
    assert "--package" in done.err
    package = str(other.home.parent / "package")
    assert other.ok("plugin", "replay", str(moved), "--package", package).out == "same result\n"
    other.ok("plugin", "install", package, "--yes")
    assert other.ok("plugin", "replay", str(moved)).out == "same result\n"


def test_a_recording_of_another_version_is_refused_and_both_are_named(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "call.json"
    shell.ok("plugin", "call", "clock", "run", "--json", '{"n": 1}', "--record", str(file))
    newer = packed(
        tmp_path / "newer", "double", id="clock", version="2.0.0", required=[("clock", "for the time")]
    )
    shell.ok("plugin", "upgrade", "clock", str(newer), "--yes")
    done = shell("plugin", "replay", str(file))
    assert done.status == 1
    assert "recorded was version 1.0.0 (sha256:" in done.err
    assert "installed is version 2.0.0 (sha256:" in done.err
    done = shell("plugin", "replay", str(file), "--plugin", "clock", "--force")
    assert done.status == 1
    assert done.out.startswith("different: result: recorded is ")
    assert "another component" in done.err


def test_a_test_is_made_of_a_recording(shell: Shell, tmp_path: Path) -> None:
    file, tests = tmp_path / "call.json", tmp_path / "tests"
    tests.mkdir()
    shell.ok("plugin", "call", "clock", "run", "--json", '{"n": 1}', "--record", str(file))
    data = shell.ok("plugin", "replay", str(file), "--to-test", str(tests), "-o", "json").data
    assert [Path(path).name for path in data["written"]] == [
        "test_replay_clock_run.py",
        "test_replay_clock_run.json",
        "test_replay_clock_run.wasm",
    ]
    assert passes(shell, tests)
    again = shell("plugin", "replay", str(file), "--to-test", str(tests))
    assert again.status == 1
    assert "is there already" in again.err


def test_a_test_with_a_package_follows_the_package(shell: Shell, tmp_path: Path) -> None:
    file, tests = tmp_path / "call.json", tmp_path / "tests"
    tests.mkdir()
    shell("plugin", "call", "trap", "run", "--json", '{"n": 1}', "--record", str(file))
    options = ["--package", str(tmp_path / "trap"), "--to-test", str(tests / "test_trap.py")]
    shell.ok("plugin", "replay", str(file), *options)
    assert sorted(path.name for path in tests.iterdir()) == ["test_trap.json", "test_trap.py"]
    assert "'../trap'" in (tests / "test_trap.py").read_text()
    assert passes(shell, tests)
    packed(tmp_path / "trap", "double", id="trap")
    assert not passes(shell, tests)


def passes(shell: Shell, tests: Path) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tests), str(tests)],
        capture_output=True,
        text=True,
        env={**shell.environ, "HYPERHOST_HOME": os.devnull},
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode == 0


def test_no_test_is_written_that_would_fail(shell: Shell, tmp_path: Path) -> None:
    file, tests = tmp_path / "call.json", tmp_path / "tests"
    tests.mkdir()
    shell.ok("plugin", "call", "clock", "run", "--json", '{"n": 1}', "--record", str(file))
    file.write_text(json.dumps({**json.loads(file.read_text()), "end": {"result": 5}}))
    done = shell("plugin", "replay", str(file), "--to-test", str(tests))
    assert (done.status, list(tests.iterdir())) == (1, [])
    assert "no test was written" in done.err


def test_a_damaged_recording_is_refused(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "call.json"
    file.write_text("{")
    done = shell("plugin", "replay", str(file))
    assert (done.status, done.out) == (1, "")
    assert "call.json is no recording" in done.err


def test_nothing_is_called_that_could_not_be_recorded(shell: Shell, tmp_path: Path) -> None:
    done = shell(
        "plugin", "call", "trap", "run", "--json", '{"n": 1}', "--record", str(tmp_path / "no" / "x")
    )
    assert done.status == 1
    assert "nothing was called" in done.err
    assert not (shell.home / "recordings").exists()


def test_purging_a_plugin_removes_its_recordings_and_no_others(shell: Shell, tmp_path: Path) -> None:
    shell.ok("plugin", "install", str(packed(tmp_path / "other", "trap", id="trap-run")), "--yes")
    for plugin in ("trap", "trap-run"):
        assert shell("plugin", "call", plugin, "run", "--json", '{"n": 1}').status == 1
    shell.ok("plugin", "uninstall", "trap", "--purge")
    [left] = (shell.home / "recordings").iterdir()
    assert "-trap-run-run-" in left.name
