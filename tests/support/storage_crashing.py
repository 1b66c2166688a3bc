"""A program that writes to a store and says on its standard output what was acknowledged.

``python storage_crashing.py URL`` goes on after the last entry of the log until it is killed. Each
round is one unit of work: an artifact, a record, a counter and two entries of a log, every seventh
time a bulk of artifacts that are replaced in the next round.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.contracts import (
    Artifact,
    ArtifactActivity,
    ArtifactType,
    ArtifactWrite,
    ContentInfo,
    PutMode,
)

BULK = 5


def artifact(number: int, name: str = "part", size: int = 1) -> Artifact:
    """An artifact of one byte in a namespace of its round's last digit."""
    return Artifact(
        id=f"{name}-{number:08}",
        namespace=f"org.acme.n{number % 10}",
        name=f"{name}-{number}",
        type=ArtifactType.LIBRARY,
        version="1.0.0",
        labels={"parity": str(number % 2)},
        content=ContentInfo("sha256:00", size),
        activity=ArtifactActivity(created_at_us=number, updated_at_us=number),
    )


def write_round(storage: StorageSql, number: int) -> None:
    """One unit of work."""
    storage.storage_begin(True)
    storage.storage_append_log("audit", str(number), '"begin"', number)
    storage.storage_put_artifact(artifact(number), f'{{"n":{number}}}', PutMode.CREATE)
    storage.storage_put_record("rounds", f"{number:08}", str(number), PutMode.CREATE)
    storage.storage_put_record("state", "last", str(number), None)
    if number % 7 == 0:
        bulk = [ArtifactWrite(artifact(number * 100 + n, "bulk")) for n in range(BULK)]
        storage.storage_put_artifacts(bulk, PutMode.CREATE)
    if number % 7 == 1 and number > 1:
        bulk = [ArtifactWrite(artifact((number - 1) * 100 + n, "bulk", 3)) for n in range(BULK)]
        storage.storage_put_artifacts(bulk, PutMode.REPLACE)
    storage.storage_append_log("audit", str(number), '"end"', number)
    assert storage.storage_end(True)


def main() -> None:
    """Write until killed."""
    storage = StorageSql(sys.argv[1], busy_timeout_ms=30_000)
    number = int(storage.storage_get_record("state", "last") or 0)
    os.write(1, b"ready\n")
    while True:
        number += 1
        write_round(storage, number)
        os.write(1, b"%d\n" % number)


if __name__ == "__main__":
    main()
