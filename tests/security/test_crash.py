"""The process is killed while it writes: what was acknowledged is there, what was not leaves no trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import hyperhost
from hyperhost.host.lockfile import LockFile

ROOT = Path(hyperhost.__file__).parent.parent

WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from hyperhost.host.lockfile import LockEntry, LockFile
lock = LockFile(Path(sys.argv[1]) / "plugins.lock")
for number in range(1, 100_000):
    with lock.update() as entries:
        for index in range(20):
            entries[f"plugin-{index}"] = LockEntry(f"plugin-{index}", f"{number}.0.0", "sha256:" + "ab" * 32)
    print(number, flush=True)
"""

STORER = """
import sys, hyperhost
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from wat import KV_SET, Guest, run

class Spec:
    @hyperhost.hookspec(firstresult=True)
    def run(self, n: int) -> int: ...

body = '''(i64.store (i32.const 1024) (local.get $n))
  (call $set (i32.const 2048) (i32.const 3) (i32.const 1024) (i32.const 8)) (local.get $n)'''
guest = Guest([run(body)], [KV_SET], core='(data (i32.const 2048) "key")')
home = Path(sys.argv[1])
home.mkdir(exist_ok=True)
host = hyperhost.Host("t", specs=[Spec], home=home / "home")
plugin = host.load(guest.write(home / "counter.wasm"), grants=["kv"])
for number in range(1, 100_000):
    plugin.call("run", n=number)
    print(number, flush=True)
"""


def killed(code: str, *arguments: Path, after: int) -> int:
    """Run a program, kill it after it printed ``after`` numbers; the last number it printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        last = 0
        for line in process.stdout:
            last = int(line)
            if last >= after:
                time.sleep(0.003)
                process.send_signal(signal.SIGKILL)
                break
        return int(([*process.stdout.read().split()] or [last])[-1])


def test_a_crash_while_plugins_lock_is_written(tmp_path: Path) -> None:
    for after in (1, 5, 23):
        home = tmp_path / f"home{after}"
        last = killed(WRITER, home, after=after)
        entries = LockFile(home / "plugins.lock").read()
        assert len(entries) == 20
        (version,) = {entry.version for entry in entries.values()}  # one state, never a mixture of two
        assert int(version.partition(".")[0]) in (last, last + 1)
        with LockFile(home / "plugins.lock").update() as entries:  # the dead process holds no lock
            del entries["plugin-0"]
        assert len(LockFile(home / "plugins.lock").read()) == 19


def test_a_crash_after_a_plugin_stored_something(tmp_path: Path) -> None:
    last = killed(STORER, tmp_path, Path(__file__).parent, after=10)
    from hyperhost.host.state import open_state
    from hyperhost.sandbox.services import own_store

    state = open_state(tmp_path / "home" / "state.db")
    try:
        stored = state.kv.get(own_store("counter"), "key")
    finally:
        state.close()
    assert stored is not None
    assert int.from_bytes(stored, "little") in (last, last + 1)
