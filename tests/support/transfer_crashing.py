"""A program that runs operations of a registry in children of its own, so that they begin without delay.

It reads lines ``HOME KILL-AFTER OPERATION ARGUMENTS-AS-JSON`` and answers with how the child ended and how
many seconds that took. It kills the child after so many seconds, unless that is negative.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from registries import registry  # noqa: E402 - found by the path above

OPENED_LATE = (
    "builtin_plugins.content_tiers.store",
    "builtin_plugins.registry.operations",
    "builtin_plugins.storage_sql.store",
    "builtin_plugins.transfer.operations",
)


def main() -> None:
    """Serve until the end of the input."""
    for name in OPENED_LATE:
        importlib.import_module(name)
    with registry() as warm:  # imports what is imported later still
        warm.create("x")
    os.write(1, b"ready\n")
    for line in sys.stdin:
        home, kill_after, operation, arguments = line.rstrip("\n").split(" ", 3)
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            run(Path(home), operation, json.loads(arguments))
        if float(kill_after) >= 0:
            time.sleep(float(kill_after))
            os.kill(child, signal.SIGKILL)  # nobody has waited for it, so the number is still its own
        _, status = os.waitpid(child, 0)
        os.write(1, f"{os.waitstatus_to_exitcode(status)} {time.monotonic() - began}\n".encode())


def run(home: Path, operation: str, arguments: dict[str, Any]) -> NoReturn:
    """Run one operation, and end."""
    try:
        with registry(home, "sqlite") as reg:
            reg.run(operation, **arguments)
        os._exit(0)
    except BaseException as error:
        os.write(2, f"{operation}: {error}\n".encode())
        os._exit(1)


if __name__ == "__main__":
    main()
