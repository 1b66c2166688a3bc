"""Several processes write one audit log, and are killed: one chain, and nothing acknowledged is missing."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import audit_hosts
import pytest
from audit_hosts import audited_host

KILLS = int(os.environ.get("HYPERHOST_KILLS", "8"))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path / "home"
        return
    directory = Path(tempfile.mkdtemp(dir=memory))
    yield directory / "home"
    shutil.rmtree(directory)


def writing(home: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, audit_hosts.__file__, str(home), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_that_write_at_once_make_one_chain(home: Path) -> None:
    with audited_host(home) as (_, operations):
        operations.run("list")
    processes = [writing(home, name, 40) for name in ("a", "b")]
    acknowledged = [process.communicate(timeout=100)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    with audited_host(home) as (_, operations):
        found = operations.run("audit_verify")
        changes = [
            each["changes"]["items"][0]["id"] for each in operations.run("audit_list", limit=1000)["items"]
        ]
    assert (found["ok"], found["entries"], found["head"]) == (True, 80, found["last"])
    assert sorted(changes) == sorted(acknowledged[0] + acknowledged[1])


def test_killed_at_any_moment_the_log_is_good_and_tells_of_all_that_was_acknowledged(home: Path) -> None:
    with audited_host(home) as (_, operations):
        operations.run("list")
    chance = random.Random(7)
    acknowledged: list[str] = []
    for number in range(KILLS):
        process = writing(home, f"n{number}", 100_000)
        assert process.stdout is not None
        acknowledged.append(process.stdout.readline().strip())
        time.sleep(chance.random() * 0.1)
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate(timeout=30)
        acknowledged += [line for line in rest.splitlines() if len(line) == 36]
    with audited_host(home) as (_, operations):
        found = operations.run("audit_verify")
        assert (found["ok"], found["problems"]) == (True, [])
        told: set[str] = set()
        token = ""
        while True:
            page = operations.run("audit_list", limit=1000, token=token)
            told.update(each["changes"]["items"][0]["id"] for each in page["items"] if each["changes"])
            token = page["next_token"]
            if not token:
                break
        there: list[str] = []
        token = ""
        while True:
            listed = operations.run("list", page={"size": 1000, "token": token})
            there += [each["id"] for each in listed["items"]]
            token = listed["next_token"]
            if not token:
                break
    assert set(acknowledged) <= told
    assert sorted(told) == sorted(there)
