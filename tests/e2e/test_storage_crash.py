"""``kill -9`` at any moment: what was acknowledged is there, and nothing is half done."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import storage_crashing
from storage_crashing import BULK, artifact

from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.contracts import ArtifactQuery, ArtifactWrite, NamespaceUsage, PageRequest, PutMode

PROGRAM = Path(storage_crashing.__file__)
KILLS, SECONDS = 60, 55.0
MIGRATION_KILLS = 8


def run_and_kill(url: str, after_s: float, chance: random.Random) -> int:
    """Let the program write, kill it; the last number that it acknowledged, 0 for none."""
    process = subprocess.Popen([sys.executable, str(PROGRAM), url], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(chance.uniform(0, after_s))
    process.send_signal(signal.SIGKILL)
    said = process.stdout.read()
    process.stdout.close()
    assert process.wait(30) == -signal.SIGKILL, "it must not have ended by itself"
    whole = said[: said.rfind(b"\n") + 1].split()
    return int(whole[-1]) if whole else 0


def check(storage: StorageSql, acknowledged: int, seen: int) -> int:
    """Everything acknowledged is there, the last round wholly or not at all; number of rounds."""
    last = int(storage.storage_get_record("state", "last") or 0)
    assert acknowledged <= last <= max(acknowledged, seen) + 1_000_000
    page = storage.storage_list_log("audit", "", 2 * seen, None, 10_000)
    assert [entry.seq for entry in page.items] == list(range(2 * seen + 1, 2 * last + 1)), "a gap in the log"
    assert [(e.subject, e.data_json) for e in page.items] == [
        (str(n), word) for n in range(seen + 1, last + 1) for word in ('"begin"', '"end"')
    ]
    for number in range(seen + 1, last + 1):
        assert storage.storage_get_artifact(f"part-{number:08}") == artifact(number)
        assert storage.storage_get_manifest(f"part-{number:08}") == f'{{"n":{number}}}'
        assert storage.storage_get_record("rounds", f"{number:08}") == str(number)
    assert storage.storage_get_artifact(f"part-{last + 1:08}") is None
    assert storage.storage_get_record("rounds", f"{last + 1:08}") is None
    bulks = last // 7 * BULK
    grown = (last - 1) // 7 * BULK if last else 0
    assert storage.storage_usage().artifacts == last + bulks
    assert storage.storage_namespace_usage("org") == NamespaceUsage(last + bulks, last + bulks + 2 * grown)
    assert storage.storage_count_artifacts(ArtifactQuery(labels={"parity": "1"})) == len(
        [n for n in range(1, last + 1) if n % 2]
    ) + sum(n % 2 for r in range(7, last + 1, 7) for n in range(r * 100, r * 100 + BULK))
    return last


def integrity(path: Path) -> str:
    import sqlite3

    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def test_after_kill_9_at_random_moments_all_that_was_acknowledged_is_there(tmp_path: Path) -> None:
    chance = random.Random()
    path = tmp_path / "registry.db"
    began, seen, kills = time.monotonic(), 0, 0
    while kills < KILLS or time.monotonic() - began < SECONDS / 4:
        acknowledged = run_and_kill(f"sqlite:///{path}", 0.12, chance)
        kills += 1
        storage = StorageSql(f"sqlite:///{path}")
        try:
            assert acknowledged == 0 or acknowledged > seen
            seen = check(storage, acknowledged or seen, seen)
        finally:
            storage.plugin_stop()
        assert time.monotonic() - began < 110, f"only {kills} kills in 110 seconds"
    assert integrity(path) == "ok"
    assert seen > KILLS, "the program got hardly anywhere"


def test_a_migration_that_is_killed_can_be_begun_again(tmp_path: Path) -> None:
    chance = random.Random()
    path = tmp_path / "registry.db"
    storage = StorageSql(f"sqlite:///{path}")
    writes = [ArtifactWrite(artifact(number)) for number in range(5000)]
    storage.storage_put_artifacts(writes, PutMode.CREATE)
    storage.plugin_stop()
    StorageSql(f"sqlite:///{path}").migrate(to=1)
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); "
        "from builtin_plugins.storage_sql.plugin import StorageSql; "
        "print('ready', flush=True); StorageSql(sys.argv[1]).migrate(); print('done', flush=True)"
    )
    killed = 0
    for _ in range(MIGRATION_KILLS):
        arguments = [sys.executable, "-c", code, f"sqlite:///{path}", str(PROGRAM.parents[2])]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0.02, 0.5))
        process.kill()
        if b"done" in process.stdout.read():
            process.wait()
            StorageSql(f"sqlite:///{path}").migrate(to=1)
        else:
            killed += process.wait() != 0
        process.stdout.close()
    storage = StorageSql(f"sqlite:///{path}")
    try:
        assert storage.storage_count_artifacts(ArtifactQuery()) == 5000
        page = storage.storage_list_artifacts(ArtifactQuery(labels={"parity": "1"}), PageRequest(3))
        assert page.items == [artifact(1), artifact(3), artifact(5)]
    finally:
        storage.plugin_stop()
    assert killed
    assert integrity(path) == "ok"
