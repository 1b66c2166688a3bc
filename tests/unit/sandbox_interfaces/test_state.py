"""state.db: what survives, what is bounded, what several processes may do at once."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hyperhost.errors import HomeError, QuotaError
from hyperhost.host import state_disk
from hyperhost.host.state import open_state
from hyperhost.host.state_disk import DiskState


def test_acknowledged_writes_are_synchronised_with_the_disk(tmp_path):
    state = DiskState(tmp_path / "state.db")

    def settings() -> None:
        found.append(
            [state._database.read(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous")]
        )

    found: list[list[object]] = []
    thread = threading.Thread(target=settings)
    thread.start()
    thread.join()
    settings()
    assert found == [["wal", 2], ["wal", 2]]
    state.close()


def test_everything_survives_a_restart(tmp_path):
    first = open_state(tmp_path / "state.db")
    first.kv.set("plugin:a", "k", b"v", owner="a", quota=100)
    first.log.write("a", "hook", "info", "line")
    first.record_call("a", "hook", "ok", 2.0)
    first.record_fault("a", "hook", "HH-TRAP", "trapped")
    first.close()
    second = open_state(tmp_path / "state.db")
    assert second.kv.get("plugin:a", "k") == b"v"
    assert second.kv.used_bytes("a") == 2
    assert [(line.plugin, line.hook, line.level, line.message) for line in second.logs("a")] == [
        ("a", "hook", "info", "line")
    ]
    assert [(fault.code, fault.message) for fault in second.faults()] == [("HH-TRAP", "trapped")]
    assert second.stats("a")[0].outcomes == {"ok": 1}
    second.close()


@pytest.mark.parametrize("home", [True, False])
def test_statistics_add_up(tmp_path, home):
    state = open_state(tmp_path / "state.db" if home else None)
    for part in range(3):  # flushed in pieces, and folded over the pending maximum
        for number in range(1, 1001):
            state.record_call("a", "scan", "ok", number / 10)
        state.record_call("a", "scan", "HH-TRAP", 1000.0)
        assert state.stats("a")[0].calls == 1001 * (part + 1)
    state.record_call("b", "scan", "ok", 0.0)
    (found,) = state.stats("a")
    assert found.outcomes == {"ok": 3000, "HH-TRAP": 3}
    assert (found.min_ms, found.max_ms) == (0.1, 1000.0)
    assert found.p50_ms == pytest.approx(50, rel=0.05)
    assert found.p95_ms == pytest.approx(95, rel=0.05)
    assert found.mean_ms == pytest.approx((50.05 * 3000 + 3000) / 3003)
    assert found.success_rate == pytest.approx(3000 / 3003)
    assert abs(found.last_ns - time.time_ns()) < 60e9
    assert [each.plugin for each in state.stats()] == ["a", "b"]
    assert state.stats("b")[0].p50_ms == 0.0
    assert state.stats("missing") == []
    state.close()


@pytest.mark.parametrize("home", [True, False])
def test_forget_removes_every_trace_of_one_plugin(tmp_path, home):
    state = open_state(tmp_path / "state.db" if home else None)
    for plugin in ("a", "b"):
        state.kv.set(f"plugin:{plugin}", "k", b"v", owner=plugin, quota=100)
        state.log.write(plugin, "h", "info", "x")
        state.record_call(plugin, "h", "ok", 1.0)
        state.record_fault(plugin, "h", "HH-TRAP", "x")
    state.forget("a")
    assert (state.logs("a"), state.faults("a"), state.stats("a"), state.kv.used_bytes("a")) == ([], [], [], 0)
    assert (len(state.logs()), len(state.faults()), len(state.stats()), state.kv.used_bytes("b")) == (
        1,
        1,
        1,
        2,
    )
    state.close()


@pytest.mark.parametrize("home", [True, False])
def test_latest_faults_and_lines_come_oldest_first(tmp_path, home):
    state = open_state(tmp_path / "state.db" if home else None)
    for number in range(5):
        state.log.write("a", "h", "info", str(number))
        state.record_fault("a", "h", "HH-TRAP", str(number))
    assert [line.message for line in state.logs("a", 2)] == ["3", "4"]
    assert [fault.message for fault in state.faults(limit=2)] == ["3", "4"]
    assert state.logs("a", 0) == state.faults("a", 0) == state.logs("a", -1) == []
    state.close()


def test_lines_and_statistics_reach_the_file_without_being_asked_for(tmp_path):
    state = open_state(tmp_path / "state.db")
    other = open_state(tmp_path / "state.db")
    state.log.write("a", "h", "info", "x")
    state.record_call("a", "h", "ok", 1.0)
    until = time.monotonic() + 10
    while not (other.logs("a") and other.stats("a")):
        assert time.monotonic() < until
        time.sleep(0.05)
    other.close()
    state.close()


def test_log_keeps_to_its_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(state_disk, "MAX_LINES", 100)
    state = open_state(tmp_path / "state.db")
    state.log.write("quiet", "h", "info", "stays")
    for number in range(500):
        state.log.write("a", "h", "info", str(number))
        if number % 50 == 0:
            state.flush()
    kept = [line.message for line in state.logs("a", 1000)]
    assert 100 <= len(kept) <= 160
    assert kept[-1] == "499"
    assert len(state.logs("quiet")) == 1
    state.close()


def test_log_keeps_to_its_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(state_disk, "MAX_LOG_BYTES", 10_000)
    state = open_state(tmp_path / "state.db")
    for _ in range(100):
        state.log.write("a", "h", "info", "x" * 1000)
        state.flush()
    assert 10 <= len(state.logs("a", 1000)) <= 12
    state.close()


def test_overlong_line_is_cut_and_says_so(tmp_path):
    state = open_state(tmp_path / "state.db")
    state.log.write("a", "h", "info", "x" * 20_000)
    assert state.logs("a")[0].message == "x" * 16384 + "… (3,616 more characters)"
    state.close()


def test_faults_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(state_disk, "MAX_FAULTS", 5)
    state = open_state(tmp_path / "state.db")
    for number in range(9):
        state.record_fault("a", "h", "HH-TRAP", str(number))
    assert [fault.message for fault in state.faults("a")] == ["4", "5", "6", "7", "8"]
    state.close()


def test_log_flood_while_the_file_is_locked_costs_bounded_memory_and_is_admitted(tmp_path, monkeypatch):
    monkeypatch.setattr(state_disk, "_MAX_PENDING_LINES", 10)
    state = open_state(tmp_path / "state.db")
    other = open_state(tmp_path / "state.db")
    assert isinstance(state, DiskState)
    with other._database.writing():
        for number in range(15):
            state.log.write("a", "h", "info", str(number))
        state.record_fault("a", "h", "HH-TRAP", "kept")
    assert [line.message for line in state.logs("a")] == [str(number) for number in range(5, 15)]
    assert "5 log lines were lost" in state.logs("hyperhost")[0].message
    assert len(state.logs()) == 11
    assert len(state.faults()) == 1
    other.close()
    state.close()


def test_file_is_readable_by_its_owner_only(tmp_path):
    state = open_state(tmp_path / "state.db")
    state.kv.set("plugin:a", "k", b"v", owner="a", quota=100)
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    state.close()
    assert [file.name for file in tmp_path.iterdir()] == ["state.db"]


def test_closing_leaves_no_thread_and_further_use_says_so(tmp_path):
    before = threading.active_count()
    state = open_state(tmp_path / "state.db")
    state.record_call("a", "h", "ok", 1.0)
    state.close()
    state.close()
    assert threading.active_count() == before
    with pytest.raises(HomeError, match="was closed"):
        state.kv.get("plugin:a", "k")
    state.record_fault("a", "h", "HH-TRAP", "too late, but harmless")


def test_connections_of_threads_that_ended_are_closed(tmp_path):
    state = open_state(tmp_path / "state.db")
    assert isinstance(state, DiskState)
    for _ in range(20):
        thread = threading.Thread(target=state.kv.get, args=("plugin:a", "k"))
        thread.start()
        thread.join()
    assert len(state._database._connections) <= 2
    state.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not a database" * 100, "not a database"),
        (b"SQLite format 3\x00" + b"\xff" * 4096, "not a database|malformed"),
    ],
)
def test_damaged_file_is_named_and_left_alone(tmp_path, content, words):
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(HomeError, match=words) as caught:
        open_state(path)
    assert str(path) in str(caught.value)
    assert caught.value.hint
    assert path.read_bytes() == content


def test_file_of_a_newer_hyperhost_is_refused(tmp_path):
    state = DiskState(tmp_path / "state.db")
    with state._database.writing() as run:
        run("PRAGMA user_version = 99")
    state.close()
    with pytest.raises(HomeError, match=r"newer HyperHost \(layout 99"):
        open_state(tmp_path / "state.db")


def test_file_of_the_first_layout_is_converted_with_what_is_in_it(tmp_path):
    path = tmp_path / "state.db"
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript("""
            CREATE TABLE kv (store TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
              owner TEXT NOT NULL, PRIMARY KEY (store, key));
            CREATE TABLE kv_usage (owner TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
            CREATE TABLE log (id INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, plugin TEXT NOT NULL,
              hook TEXT NOT NULL, level TEXT NOT NULL, message TEXT NOT NULL, size INTEGER NOT NULL);
            CREATE TABLE fault (id INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, plugin TEXT NOT NULL,
              hook TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL);
            CREATE TABLE call_outcome (plugin TEXT, hook TEXT, outcome TEXT, calls INTEGER NOT NULL,
              total_ms REAL NOT NULL, min_ms REAL NOT NULL, max_ms REAL NOT NULL, last_ns INTEGER NOT NULL,
              PRIMARY KEY (plugin, hook, outcome)) WITHOUT ROWID;
            CREATE TABLE call_bucket (plugin TEXT, hook TEXT, bucket INTEGER, calls INTEGER NOT NULL,
              PRIMARY KEY (plugin, hook, bucket)) WITHOUT ROWID;
            INSERT INTO fault VALUES (1, 5, 'a', 'scan', 'HH-TRAP', 'trapped');
            INSERT INTO call_outcome VALUES ('a', 'scan', 'ok', 3, 6.0, 1.0, 3.0, 9);
            INSERT INTO call_bucket VALUES ('a', 'scan', 8, 3);
            PRAGMA user_version = 1;
        """)
    state = open_state(path)
    state.record_call("a", "scan", "ok", 2.0, "1.1.0")
    old, new = state.stats("a")
    assert (old.version, old.calls, old.total_ms, old.last_ns) == ("", 3, 6.0, 9)
    assert (new.version, new.calls) == ("1.1.0", 1)
    [fault] = state.faults("a")
    assert (fault.code, fault.version) == ("HH-TRAP", "")
    state.close()
    open_state(path).close()


@pytest.mark.parametrize("home", [True, False])
def test_what_was_counted_since_a_mark(tmp_path, home):
    state = open_state(tmp_path / "state.db" if home else None)
    state.record_call("a", "scan", "ok", 1.0, "1.0.0")
    assert state.since_mark("a")["1.0.0", "scan"].outcomes == {"ok": 1}
    state.mark("a")
    assert state.since_mark("a") == {}
    state.record_call("a", "scan", "ok", 1.0, "1.0.0")
    state.record_call("a", "scan", "HH-TRAP", 1.0, "1.1.0")
    state.record_call("b", "scan", "ok", 1.0, "1.0.0")
    found = state.since_mark("a")
    assert {key: figures.outcomes for key, figures in found.items()} == {
        ("1.0.0", "scan"): {"ok": 1},
        ("1.1.0", "scan"): {"HH-TRAP": 1},
    }
    assert [sum(figures.buckets.values()) for figures in found.values()] == [1, 1]
    assert found["1.0.0", "scan"].last_ok_ns > 0
    state.close()


@pytest.mark.parametrize("path", ["missing/state.db", "."])
def test_unusable_path_is_named(tmp_path, path):
    with pytest.raises(HomeError, match="directory"):
        open_state(tmp_path / path)


def test_use_after_a_fork_is_refused(tmp_path):
    program = """
import os, pathlib, sys
from hyperhost.errors import HomeError
from hyperhost.host.state import open_state

state = open_state(pathlib.Path(sys.argv[1]))
child = os.fork()
if child == 0:
    try:
        state.kv.get("plugin:a", "k")
    except HomeError as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
state.kv.set("plugin:a", "k", b"parent", owner="a", quota=100)
state.close()
"""
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "state.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "opened before a fork (open the Host in the child process)" in run.stdout


def _open_and_count(path: Path, name: str) -> None:
    state = open_state(path)
    for _ in range(20):
        while True:
            old = state.kv.get("shared:n", "count")
            new = str(int(old or b"0") + 1).encode()
            if state.kv.swap("shared:n", "count", old, new, owner=name, quota=100):
                break
        state.record_call("a", "h", "ok", 1.0)
    state.close()


def _fill(path: Path, name: str) -> None:
    state = open_state(path)
    for number in range(30):
        try:
            state.kv.set("plugin:a", f"{name}{number:02}", b"x" * 7, owner="a", quota=100)
        except QuotaError:
            break
    state.close()


@pytest.mark.parametrize("work", [_open_and_count, _fill])
def test_processes_started_at_once_share_one_file(tmp_path, work):
    path = tmp_path / "state.db"
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=work, args=(path, f"w{number}")) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
        worker.close()
    state = open_state(path)
    if work is _open_and_count:
        assert state.kv.get("shared:n", "count") == b"60"
        assert state.stats("a")[0].calls == 60
    else:
        assert state.kv.used_bytes("a") == 99  # nine entries of 4 + 7 bytes; a tenth would be over
    state.close()


def test_killed_process_loses_no_acknowledged_write(tmp_path):
    program = (
        "import sys, pathlib\n"
        "from hyperhost.host.state import open_state\n"
        "state = open_state(pathlib.Path(sys.argv[1]))\n"
        "for number in range(1_000_000):\n"
        "    state.kv.set('plugin:a', f'k{number}', b'v', owner='a', quota=10**9)\n"
        "    print(number, flush=True)\n"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "state.db")], stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    acknowledged = [worker.stdout.readline() for _ in range(50)]
    worker.send_signal(signal.SIGKILL)
    acknowledged += worker.stdout.readlines()
    worker.stdout.close()
    worker.wait()
    state = open_state(tmp_path / "state.db")
    numbers = [int(line) for line in acknowledged if line.endswith("\n")]
    assert len(numbers) >= 50
    for number in numbers:
        assert state.kv.get("plugin:a", f"k{number}") == b"v"
    keys = state.kv.keys("plugin:a", "", 10**6)
    assert state.kv.used_bytes("a") == sum(len(key) + 1 for key in keys)
    state.close()


def test_importing_state_does_not_import_peewee():
    program = "import sys, hyperhost.host.state; sys.exit('peewee' in sys.modules or 'ssl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
