"""Uploads contents until it is killed, and says of each when it was acknowledged.

python content_crashing.py HOME SEED
"""

from __future__ import annotations

import itertools
import random
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]


def main() -> None:
    from content_hosts import content_host

    chance = random.Random(int(sys.argv[2]))
    rounds = range(int(sys.argv[3])) if len(sys.argv) > 3 else itertools.count()
    with content_host(Path(sys.argv[1])) as host:
        say("ready")
        for _ in rounds:
            data = chance.randbytes(chance.choice([10, 5_000, 15_000, 300_000, 2_000_000]))
            name = upload(host.hook, data)
            say(name)
            if chance.random() < 0.2:
                assert upload(host.hook, data) == name
                host.hook.content_delete(content_hash=name)
                say(f"-{name}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def upload(hook: Any, data: bytes) -> str:
    upload_id = hook.content_open(algorithm="sha256")
    for start in range(0, len(data), 100_000):
        hook.content_append(upload=upload_id, data=data[start : start + 100_000])
    return str(hook.content_commit(upload=upload_id, expected_hash="").hash)


if __name__ == "__main__":
    main()
