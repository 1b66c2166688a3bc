"""A program that changes a registry through its operations, to be killed at any moment.

``python registry_crashing.py HOME EXPORT`` imports everything once. For each line on its standard
input it forks a child, which opens the home and works through rounds, writing a line to its standard
output for each operation that was acknowledged. The line ``end`` stops it.

A round creates, publishes and tags an artifact, yanks the one before, every fifth time imports a
file, and every seventh time writes a backup.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from builtin_plugins.audit.plugin import Audit
from builtin_plugins.content_tiers.plugin import ContentTiers
from builtin_plugins.operations.plugin import Operations as OperationsPlugin
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_sql.plugin import StorageSql
from builtin_plugins.transfer.plugin import Transfer
from hyperhost import Host, Operations

PLUGINS = (
    (StorageSql, "storage-sql"),
    (ContentTiers, "content-tiers"),
    (Registry, "registry"),
    (OperationsPlugin, "operations"),
    (Audit, "audit"),
    (Transfer, "transfer"),
)


def open_registry(home: Path, registry: Registry | None = None) -> Host:
    """A host with a registry in a home."""
    host = Host("crashing", home=home)
    for plugin, name in PLUGINS:
        host.register(registry if registry is not None and plugin is Registry else plugin(), name)
    return host


def name(number: int) -> str:
    """Name of the artifact of a round."""
    return f"org.acme/part-{number}@1.0.0"


def rounds(home: Path, export: Path, registry: Registry) -> None:
    """Work until killed; the first line says which round is the first."""
    with open_registry(home, registry) as host:
        run = Operations(host).run
        latest = {"namespace": "org.acme", "sort": "created", "descending": True}
        page = run("list", query=latest, page={"size": 1})
        number = int(page["items"][0]["name"].removeprefix("part-")) if page["items"] else 0
        _say(f"from {number}")
        while True:
            number += 1
            draft = {"namespace": "org.acme", "name": f"part-{number}", "type": "library", "version": "1.0.0"}
            run("create", draft=draft)
            _say(f"create {number}")
            run("publish", artifact=name(number))
            _say(f"publish {number}")
            run("tag", artifact=name(number), tag="stable")
            _say(f"tag {number}")
            if number > 1 and number % 2 == 0:
                run("yank", artifact=name(number), reason="half of them are")
                _say(f"yank {number}")
            if number % 5 == 0:
                run("import", source=str(export))
                _say(f"import {number}")
            if number % 7 == 0:
                run("backup", directory=str(home / "backups"), keep={"last": 2})
                _say(f"backup {number}")


def _say(line: str) -> None:
    os.write(1, line.encode() + b"\n")


def main() -> None:
    """Fork a child for each line that is read, and wait for its end."""
    home, export = map(Path, sys.argv[1:3])
    registry = Registry()
    registry.operation_list()  # its table takes a while to make; each child has a copy
    _say("ready")
    for line in sys.stdin:
        if line.strip() == "end":
            break
        child = os.fork()
        if not child:
            rounds(home, export, registry)
            os._exit(1)
        _say(f"pid {child}")
        os.waitpid(child, 0)
        _say("dead")


if __name__ == "__main__":
    main()
