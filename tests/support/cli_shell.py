"""Runs ``hyperhost`` as a person or a script does: a process of its own, a home of its own."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_forks import forks_for

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = Path(__file__).resolve().parents[1] / "support"
TIMEOUT_S = 60


def zig_cache() -> str:
    """Where zig keeps what it has compiled of the C library: not with one test, but for all of them."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return os.environ.get("ZIG_GLOBAL_CACHE_DIR") or str(cache / "zig")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs ``hyperhost`` with a home that is not there yet."""

    def __init__(self, directory: Path) -> None:
        self.home = directory / "home"
        self.environ = {
            **{key: value for key, value in os.environ.items() if not key.startswith("HYPERHOST")},
            "HYPERHOST_HOME": str(self.home),
            "XDG_CACHE_HOME": str(directory / "cache"),
            "ZIG_GLOBAL_CACHE_DIR": zig_cache(),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(SUPPORT)]),
            "PYTHONWARNINGS": "error",
            "NO_COLOR": "1",
            "COLUMNS": "100",
            "TERM": "dumb",
        }

    def __call__(self, *words: str, stdin: str = "") -> Done:
        if forks := forks_for(self.environ):
            done = Done(*forks.run(words, self.environ, stdin, TIMEOUT_S))
            assert "Traceback" not in done.err, done.err
            return done
        ended = subprocess.run(
            [sys.executable, "-m", "hyperhost.cli.main", *words],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environ,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        return Done(ended.returncode, ended.stdout, ended.stderr)

    def ok(self, *words: str, stdin: str = "") -> Done:
        done = self(*words, stdin=stdin)
        assert done.status == 0, done.err
        return done

    def on_terminal(self, answers: list[str], *words: str) -> tuple[int, str]:
        """Run on a terminal, and answer its questions in order. Returns the status and what was shown."""
        pid, terminal = pty.fork()
        if pid == 0:  # pragma: no cover - the child
            os.execve(
                sys.executable,
                [sys.executable, "-m", "hyperhost.cli.main", *words],
                {**self.environ, "TERM": "xterm"},
            )
        shown, waiting, give_up = b"", list(answers), time.monotonic() + 60
        try:
            while time.monotonic() < give_up:
                if not select.select([terminal], [], [], 1)[0]:
                    continue
                try:
                    data = os.read(terminal, 65536)
                except OSError:  # Linux says so when the other side is closed
                    break
                if not data:
                    break
                shown += data
                if shown.endswith((b"[y/N] ", b"]: ")) and waiting:
                    os.write(terminal, waiting.pop(0).encode() + b"\n")
        finally:
            os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()
