"""``kill -9`` at any moment of an operation: what was acknowledged is there, nothing is half done."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import registry_crashing
from registry_crashing import name, open_registry

from hyperhost import Operations

KILLS = 200
LONGEST_S = 0.12
"""A child is killed at a random moment of its first 120 ms of work."""


class Victim:
    """The program that is killed again and again."""

    def __init__(self, home: Path, export: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, registry_crashing.__file__, str(home), str(export)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._read() == "ready"

    def run_and_kill(self, after_s: float) -> list[str]:
        """Let a child work for a while, and kill it; the operations that it acknowledged."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        child = int(self._read().removeprefix("pid "))
        first = self._read()
        assert first.startswith("from "), first
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
        said = []
        while (line := self._read()) != "dead":
            said.append(line)
        return said

    def close(self) -> None:
        """End it."""
        self._process.communicate("end\n", timeout=30)

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.endswith("\n"), "it ended by itself, or within a line"
        return line.strip()


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A file with a few artifacts of another registry."""
    path = tmp_path / "other.export"
    with open_registry(tmp_path / "other") as host:
        run = Operations(host).run
        for number in range(10):
            draft = {
                "namespace": "lib.acme",
                "name": f"other-{number}",
                "type": "library",
                "version": "1.0.0",
            }
            run("create", draft=draft)
        run("export", target=str(path))
    return path


@pytest.fixture
def victim(tmp_path: Path, export: Path) -> Iterator[Victim]:
    found = Victim(tmp_path / "home", export)
    yield found
    found.close()


@pytest.mark.timeout(420)
def test_after_200_kills_all_that_was_acknowledged_is_there(tmp_path: Path, victim: Victim) -> None:
    chance = random.Random()
    said: list[str] = []
    for kill in range(KILLS):
        said += victim.run_and_kill(chance.uniform(0, LONGEST_S))
        if kill % 50 == 49:
            check(tmp_path / "home", said)
    check(tmp_path / "home", said)
    done = {line.partition(" ")[0] for line in said}
    assert done >= {"create", "publish", "tag", "yank", "import", "backup"}, (
        f"only {sorted(done)} were reached"
    )


def check(home: Path, said: list[str]) -> None:
    """Everything acknowledged is there, and everything that is there is whole."""
    acknowledged: dict[str, set[int]] = {}
    for line in said:
        word, _, number = line.partition(" ")
        acknowledged.setdefault(word, set()).add(int(number))
    with open_registry(home) as host:
        run = Operations(host).run
        report = run("audit_verify")
        assert report["problems"] == [], report
        there = {int(item["name"].removeprefix("part-")): item for item in everything(run, "org.acme")}
        assert set(there) == set(range(1, max(there, default=0) + 1)), "a round is missing"
        assert acknowledged.get("create", set()) <= set(there)
        published = {number for number, item in there.items() if item["state"] == "published"}
        assert acknowledged.get("publish", set()) <= published
        # Each artifact has one entry of its creation, in the history and in the audit log.
        last = max(there, default=0)
        for number in {last, last - 1, random.randint(1, max(last, 1))} & set(there):
            kinds = [change["kind"] for change in run("artifact_history", artifact=name(number))]
            assert sorted(kinds)[:1] == ["created"]
            assert kinds.count("created") == 1
            [version] = run("version_list", name=name(number).partition("@")[0])
            assert number not in acknowledged.get("tag", set()) or version["tags"] == ["stable"]
            assert number not in acknowledged.get("yank", set()) or version["yanked"]
        if acknowledged.get("import"):
            assert len(list(everything(run, "lib.acme"))) == 10
        assert run("namespace_read", path="org.acme")["usage"]["artifacts"] == len(there)
    kept = list((home / "backups").glob("*")) if acknowledged.get("backup") else []
    assert len([path for path in kept if not path.name.startswith(".")]) >= bool(acknowledged.get("backup"))


def everything(run, namespace: str) -> Iterator[dict]:
    token = ""
    while True:
        page = run("list", query={"namespace": namespace}, page={"size": 1000, "token": token})
        yield from page["items"]
        if not (token := page["next_token"]):
            return
