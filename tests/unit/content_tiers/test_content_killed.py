"""A process that is killed while it uploads: what was acknowledged is there, and nothing by half."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

from content_hosts import content_host
from content_suite import download, listed

import hyperhost

PROGRAM = Path(__file__).parents[2] / "support" / "content_crashing.py"
ROUNDS = 12


def kill_somewhere(home: Path, seed: int) -> list[str]:
    """What the process said before it was killed."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), str(home), str(seed)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        said: list[str] = []
        reader = threading.Thread(target=lambda: said.extend(process.stdout or ()))
        reader.start()
        time.sleep(random.Random(seed).uniform(0.0, 0.6))
        process.kill()
        reader.join()
    return [line.strip() for line in said if line.endswith("\n")]


def test_what_was_acknowledged_is_there_and_nothing_is_half(tmp_path: Path) -> None:
    kept: set[str] = set()
    for seed in range(ROUNDS):
        removed = set()
        for line in kill_somewhere(tmp_path, seed):
            if line.startswith("-"):
                removed.add(line[1:])
                kept.discard(line[1:])
            else:
                kept.add(line)
        with content_host(tmp_path) as host:
            found = listed(host.hook)
            unsaid = set(found) - kept
            lost = kept - set(found)
            assert len(unsaid | lost) <= 1, "one may be stored or removed and not yet acknowledged"
            kept = set(found)
            for name in found:
                data = download(host.hook, name)
                assert f"sha256:{hashlib.sha256(data).hexdigest()}" == name
            items = host.hook.content_list(after="", limit=10_000).items
            totals = host.hook.content_usage()
            assert sum(total.contents for total in totals) == len(items)
            assert sum(total.content_bytes for total in totals) == sum(item.size for item in items)
    assert len(kept) > ROUNDS
    check_nothing_is_left(tmp_path)


def check_nothing_is_left(home: Path) -> None:
    """What killed processes left behind goes with the next collection, and uploads after a day."""
    spool = home / "data/content-tiers/uploads"
    for path in spool.iterdir():
        os.utime(path, (0, 0))
    with content_host(home) as host:
        operations = hyperhost.Operations(host)
        removed = operations.run("content_collect", grace_s=0)["removed"]
        assert removed > ROUNDS
        upload = host.hook.content_open(algorithm="sha256")
        host.hook.content_append(upload=upload, data=bytes(20_000))
        host.hook.content_abort(upload=upload)
    assert [path for path in (home / "data/content-tiers").rglob("*") if path.is_file()] == []


def test_two_processes_may_upload_and_remove_the_same(tmp_path: Path) -> None:
    with content_host(tmp_path):
        pass
    running = [
        subprocess.Popen(
            [sys.executable, str(PROGRAM), str(tmp_path), "7", "40"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ends = [process.communicate(timeout=100) for process in running]
    assert [process.returncode for process in running] == [0, 0], ends
    acknowledged = {line for out, _ in ends for line in out.split()[1:]}
    kept = {line for line in acknowledged if not line.startswith("-") and f"-{line}" not in acknowledged}
    with content_host(tmp_path) as host:
        found = set(listed(host.hook))
        assert kept <= found
        assert len(kept) > 20
        for name in found:
            assert f"sha256:{hashlib.sha256(download(host.hook, name)).hexdigest()}" == name
        assert sum(total.contents for total in host.hook.content_usage()) == len(found)
