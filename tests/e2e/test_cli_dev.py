"""``hyperhost plugin dev`` and ``plugin test`` as processes: files that are saved, Ctrl-C, exit statuses."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_shell import Done, Shell
from node import link_packages
from plugin_projects import make_project, manifest, source

pytest.importorskip("watchfiles", reason="watching files needs watchfiles")


@pytest.fixture
def bare(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.environ["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    return shell


PROGRAM = "import plugin_projects; plugin_projects.install(); from hyperhost.cli.main import main; main()"
"""The command line, which takes component text for C: so no compiler is needed."""


def run(bare: Shell, *words: str, cwd: Path | None = None) -> Done:
    command = [sys.executable, "-c", PROGRAM, "plugin", *words]
    done = subprocess.run(
        command, cwd=cwd, env=bare.environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


class Loop:
    """``plugin dev --output json`` as a process; its events can be waited for."""

    def __init__(self, bare: Shell, *words: str, program: str = PROGRAM) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "plugin", "dev", "--output", "json", *words],
            env=bare.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def next(self, event: str, timeout: float = 30) -> dict[str, Any]:
        """The next event of that kind; those before it are passed over."""
        end = time.monotonic() + timeout
        while True:
            found = json.loads(self._lines.get(timeout=max(0.01, end - time.monotonic())))
            if found["event"] == event:
                return dict(found)

    def quiet(self, seconds: float) -> bool:
        """Whether nothing happens for so long."""
        try:
            self._lines.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def interrupt(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        assert self.process.stderr is not None
        errors = self.process.stderr.read()
        return self.process.wait(timeout=20), errors

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def loops() -> Iterator[list[Loop]]:
    started: list[Loop] = []
    yield started
    for each in started:
        each.close()


def test_a_saved_file_is_built_reloaded_and_called_and_a_wrong_one_leaves_the_old_version(
    bare: Shell, tmp_path: Path, loops: list[Loop]
) -> None:
    directory = make_project(tmp_path / "my project", built=False)
    loop = Loop(bare, str(directory), "--hook", "run", "--json", '{"n": 21}')
    loops.append(loop)
    loaded = loop.next("loaded")
    assert loaded["built"]["language"] == "c"
    assert loaded["again"] is False
    called = loop.next("called")
    assert (called["result"], called["error"]) == (42, None)
    assert called["fuel"] > 0
    assert called["time_ms"] > 0
    assert called["memory"] >= 65536 or sys.platform != "linux"

    (directory / "plugin.c").write_text(source(3), encoding="utf-8")
    assert loop.next("building")["files"] == ["plugin.c"]
    assert loop.next("loaded")["again"] is True
    assert loop.next("called")["result"] == 63

    (directory / "plugin.c").write_text("(component (oops))", encoding="utf-8")
    failed = loop.next("failed")["error"]
    assert failed["code"] == "HH-COMPILE"
    assert "oops" in failed["message"]

    (directory / "plugin.c").write_text(source(4), encoding="utf-8")
    assert loop.next("called")["result"] == 84

    # What a build writes, tests and hidden files are not worth another round.
    (directory / "bindings" / "plugin.h").write_text("/* changed */", encoding="utf-8")
    (directory / "plugin.wasm").touch()
    (directory / ".plugin.c.swp").write_text("x", encoding="utf-8")
    assert loop.quiet(1.0)

    status, errors = loop.interrupt()
    assert (status, errors) == (0, "")


def test_a_changed_manifest_is_loaded_with_what_it_asks_for_now(
    bare: Shell, tmp_path: Path, loops: list[Loop]
) -> None:
    directory = make_project(tmp_path / "p", built=False)
    (directory / "calls").mkdir()
    (directory / "calls" / "run.log.json").write_text('{"n": 1}', encoding="utf-8")
    loop = Loop(bare, str(directory))
    loops.append(loop)
    called = loop.next("called")
    assert called["source"] == "calls/run.log.json"
    assert called["logs"] == [{"level": "info", "message": "hello"}]
    (directory / "calls" / "run.log.json").write_text('{"n": 5}', encoding="utf-8")
    assert loop.next("called")["result"] in range(-1, 256)
    text = manifest(more='[limits]\ndeadline = "40ms"')
    (directory / "plugin.toml").write_text(text, encoding="utf-8")
    (directory / "calls" / "run.log.json").write_text('{"n": 9}', encoding="utf-8")
    while (called := loop.next("called"))["error"] is None:
        pass
    assert called["error"]["code"] == "HH-LIMIT-DEADLINE"
    assert "40 ms" in called["error"]["message"]
    assert loop.interrupt()[0] == 0


def test_once_builds_and_calls_once_and_shows_it_for_people(bare: Shell, tmp_path: Path) -> None:
    directory = make_project(tmp_path / "p", built=False)
    done = run(bare, "dev", str(directory), "--once", "--hook", "run", "--json", '{"n": 1}')
    assert done.status == 0, done.err
    assert "run (--json) → 1\n  info    hello\n" in done.out
    assert " fuel, " in done.out
    assert "built plugin.wasm" in done.err
    again = run(bare, "dev", str(directory), "--once")
    assert "acme-numbers 0.1.0 is up to date" in again.err
    assert "run (made-up arguments) → 1" in again.out


def test_once_is_denied_what_grant_leaves_out(bare: Shell, tmp_path: Path) -> None:
    directory = make_project(tmp_path / "p", built=False)
    words = ["dev", str(directory), "--once", "--grant", "clock", "--hook", "run", "--json", '{"n": 1}']
    done = run(bare, *words)
    assert done.status == 1
    assert "HH-DENIED" in done.out


def test_dev_says_what_is_wrong_with_its_options(bare: Shell, tmp_path: Path) -> None:
    directory = make_project(tmp_path / "p")
    done = run(bare, "dev", str(directory), "--json", "{}")
    assert done.status == 2
    assert "--json needs --hook" in done.err
    done = run(bare, "dev", str(directory), "--hook", "rum")
    assert done.status == 1
    assert "did you mean 'run'?" in done.err


def test_a_directory_that_is_no_project_is_refused_by_both(bare: Shell, tmp_path: Path) -> None:
    for name in ("dev", "test"):
        done = run(bare, name, str(tmp_path))
        assert done.status == 1
        assert "holds no plugin.toml" in done.err


def test_the_loop_needs_watchfiles_and_says_so_in_one_sentence(bare: Shell, tmp_path: Path) -> None:
    directory = make_project(tmp_path / "p")
    program = f"import sys; sys.modules['watchfiles'] = None; {PROGRAM}"
    command = [sys.executable, "-c", program, "plugin", "dev", str(directory)]
    done = subprocess.run(command, env=bare.environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "error: watching files needs watchfiles" in done.stderr
    assert "pip install 'hyperhost[sdk]'" in done.stderr


PASSING = "def test_double(plugin):\n    assert plugin.call('run', n=20) == {answer}\n"


def test_plugin_test_builds_runs_pytest_and_hands_its_arguments_on(bare: Shell, tmp_path: Path) -> None:
    directory = make_project(tmp_path / "my project", built=False, tests=PASSING.format(answer=40))
    done = run(bare, "test", str(directory), "--", "-q", "-k", "double")
    assert done.status == 0, done.out + done.err
    assert "1 passed" in done.out
    assert "built " in done.err
    link = tmp_path / "link"
    link.symlink_to(directory)
    (directory / "plugin.c").write_text(source(3), encoding="utf-8")
    done = run(bare, "test", "--output", "json", cwd=link)
    assert done.status == 1
    expected = {"built": True, "tests": 1, "failures": 1, "errors": 0, "skipped": 0, "pytest": 1}
    assert {name: done.data[name] for name in expected} == expected
    assert "assert 60 == 40" in done.err


def test_plugin_test_says_what_stopped_it(bare: Shell, tmp_path: Path) -> None:
    directory = make_project(tmp_path / "p")
    done = run(bare, "test", str(directory))
    assert done.status == 1
    assert "there is no test in" in done.err
    assert run(bare, "test", str(directory), "--", "--no-such-option").status == 2
    assert run(bare, "test", str(directory), "--no-such-option").status == 2
    (directory / "plugin.c").write_text("(component (oops))", encoding="utf-8")
    done = run(bare, "test", str(directory))
    assert done.status == 1
    assert "plugin.c" in done.err
    assert "oops" in done.err


def test_plugin_test_needs_pytest_and_says_so_in_one_sentence(bare: Shell, tmp_path: Path) -> None:
    directory = make_project(tmp_path / "p", tests=PASSING.format(answer=40))
    program = f"import sys; sys.modules['pytest'] = None; {PROGRAM}"
    command = [sys.executable, "-c", program, "plugin", "test", str(directory)]
    done = subprocess.run(command, env=bare.environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "error: testing needs pytest" in done.stderr


def test_no_process_is_left_behind_when_a_test_run_is_interrupted(bare: Shell, tmp_path: Path) -> None:
    sleepy = (
        "import os, pathlib, time\ndef test_long():\n    pathlib.Path('pid').write_text(str(os.getpid()))\n"
    )
    directory = make_project(tmp_path / "p", tests=sleepy + "    time.sleep(60)\n")
    command = [sys.executable, "-c", PROGRAM, "plugin", "test", str(directory)]
    process = subprocess.Popen(
        command,
        env=bare.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    pid = directory / "pid"
    end = time.monotonic() + 30
    while not (pid.is_file() and pid.read_text()) and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.wait(timeout=20) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_new_project_in_c_goes_through_the_loop_with_its_real_compiler(
    bare: Shell, tmp_path: Path, loops: list[Loop]
) -> None:
    pytest.importorskip("ziglang", reason="C is compiled by ziglang")
    directory = tmp_path / "acme-check"
    bare.ok("plugin", "new", "acme-check", "--dir", str(directory), "--lang", "c")
    wanted = json.loads((directory / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    link_packages(directory, *(f"{name}@{version}" for name, version in wanted.items()))
    loop = Loop(bare, str(directory), program="from hyperhost.cli.main import main; main()")
    loops.append(loop)
    assert loop.next("loaded", timeout=60)["built"]["language"] == "c"
    [issue] = loop.next("called")["result"]
    text = (directory / "plugin.c").read_text(encoding="utf-8")
    assert issue["message"] in text
    (directory / "plugin.c").write_text(text.replace(issue["message"], "what is it"), encoding="utf-8")
    assert loop.next("called", timeout=60)["result"][0]["message"] == "what is it"
    (directory / "plugin.c").write_text(text + "\nint broken(void) { return nothing; }\n", encoding="utf-8")
    failed = loop.next("failed", timeout=60)["error"]
    assert "plugin.c" in failed["message"]
    assert "nothing" in failed["message"]
    assert loop.interrupt() == (0, "")
