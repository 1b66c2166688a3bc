"""``kill -9`` at any moment of export, import, backup and restore: nothing is half done."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import transfer_crashing
from registries import Reg, registry

from hyperhost.contracts import Artifact, ArtifactQuery, ArtifactType, ArtifactWrite, PutMode

KILLS = 12
"""For each of the four operations."""
ARTIFACTS = 3000


class Crashing:
    """The program, and its children to kill."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, transfer_crashing.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.said() == "ready"
        self.chance = random.Random()
        self.longest: dict[str, float] = {}

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def run(self, home: Path, operation: str, *, kill: bool, **arguments: Any) -> int:
        """Run an operation, and kill it at a random moment; how it ended."""
        assert self.process.stdin is not None
        after = self.chance.uniform(0, self.longest[operation]) if kill else -1
        print(home, after, operation, json.dumps(arguments), file=self.process.stdin, flush=True)
        status, seconds = self.said().split()
        if not kill:
            self.longest[operation] = float(seconds)
        return int(status)


@pytest.fixture(scope="module")
def crashing() -> Iterator[Crashing]:
    made = Crashing()
    yield made
    assert made.process.stdin is not None
    assert made.process.stdout is not None
    made.process.stdin.close()
    made.process.wait(60)
    made.process.stdout.close()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a registry with something in it."""
    home = tmp_path_factory.mktemp("full")
    with registry(home, "sqlite") as reg:
        contents = [
            reg.hook.content_stat(content_hash=reg.upload(os.urandom(200_000) + bytes([n]))) for n in range(8)
        ]
        items = [
            ArtifactWrite(
                Artifact(
                    f"0192f3a0-7bcd-7000-8000-{n:012x}",
                    "org.acme",
                    f"part-{n}",
                    ArtifactType.LIBRARY,
                    "1.0.0",
                    content=contents[n // 400] if n % 400 == 0 else None,
                ),
                json.dumps({"n": n}),
            )
            for n in range(ARTIFACTS)
        ]
        reg.hook.storage_put_artifacts(items=items, mode=PutMode.CREATE)
        for n in range(20):
            reg.run("tag", artifact=items[n].artifact.id, tag="good")
    return home


def exported(reg: Reg, path: Path) -> bytes:
    reg.run("export", target=str(path))
    return path.read_bytes()


def test_an_export_is_the_old_file_or_the_whole_new_one(
    crashing: Crashing, full: Path, tmp_path: Path
) -> None:
    target = tmp_path / "x"
    assert crashing.run(full, "export", kill=False, target=str(target)) == 0
    whole = target.read_bytes()
    ends = []
    for _ in range(KILLS):
        target.write_bytes(b"old")
        ends.append(crashing.run(full, "export", kill=True, target=str(target)))
        assert target.read_bytes() in (b"old", whole)
    assert -signal.SIGKILL in ends


def test_an_import_has_done_whole_chunks_and_goes_on(crashing: Crashing, full: Path, tmp_path: Path) -> None:
    source = tmp_path / "x"
    with registry(full, "sqlite") as reg:
        whole = exported(reg, source)
    assert crashing.run(tmp_path / "first", "import", kill=False, source=str(source)) == 0
    ends, home, number = [], tmp_path / "0", 0
    for kill in range(KILLS):
        ends.append(crashing.run(home, "import", kill=True, source=str(source)))
        with registry(home, "sqlite") as reg:
            count = reg.hook.storage_count_artifacts(query=ArtifactQuery())
            assert count in (0, 1000, 2000, ARTIFACTS)
            entries = reg.hook.storage_list_log(
                log="history", subject="", after=0, until_us=None, limit=10_000
            )
            assert len(entries.items) in (count, count + 20)
            if count == ARTIFACTS or kill == KILLS - 1:
                report = reg.run("import", source=str(source))
                assert report["created"] == ARTIFACTS - count
                assert report["conflicts"] == 0
                assert exported(reg, tmp_path / "y") == whole
                number += 1
                home = tmp_path / str(number)
    assert -signal.SIGKILL in ends


def test_every_backup_that_is_there_is_a_whole_one(crashing: Crashing, full: Path, tmp_path: Path) -> None:
    directory = tmp_path / "backups"
    ends = [crashing.run(full, "backup", kill=n > 0, directory=str(directory)) for n in range(KILLS + 1)]
    with registry() as reg:
        found = reg.run("backup_list", directory=str(directory))
        assert len(found) >= 1 + ends[1:].count(0)
        for each in found:
            assert reg.run("backup_verify", path=each["path"])["artifacts"] == ARTIFACTS
    assert -signal.SIGKILL in ends


def test_a_restore_has_replaced_everything_or_nothing(crashing: Crashing, full: Path, tmp_path: Path) -> None:
    home, states, paths = tmp_path / "home", {}, {}
    with registry(full, "sqlite") as reg:
        paths["full"] = reg.run("backup", directory=str(tmp_path / "1"))["path"]
        states["full"] = exported(reg, tmp_path / "x")
    with registry(home, "sqlite") as reg:
        reg.create("mine", content_hash=reg.upload(b"mine" * 10_000))
        paths["mine"] = reg.run("backup", directory=str(tmp_path / "2"))["path"]
        states["mine"] = exported(reg, tmp_path / "x")
    assert crashing.run(home, "backup_restore", kill=False, path=paths["full"], force=True) == 0
    ends, now = [], "full"
    for _ in range(KILLS):
        other = "mine" if now == "full" else "full"
        ends.append(crashing.run(home, "backup_restore", kill=True, path=paths[other], force=True))
        with registry(home, "sqlite") as reg:
            found = exported(reg, tmp_path / "x")
            assert found in (states["full"], states["mine"])
            assert ends[-1] != 0 or found == states[other]
            now = next(name for name, state in states.items() if state == found)
            log = reg.hook.storage_list_log(
                log="history", subject="", after=0, until_us=None, limit=10_000
            ).items
            assert len(log) == {"mine": 1, "full": 20}[now]
    assert -signal.SIGKILL in ends
