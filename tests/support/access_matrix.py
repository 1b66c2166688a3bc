"""Every operation by role, visibility and ownership: what comes of it in a registry that has them all.

    PYTHONPATH=.:tests/support python -m access_matrix     # write tests/cases/access/matrix.json

The file is read and agreed to by people: it says for each operation and role six letters, for a resource
that is public, internal and private, each time first one's own and then somebody else's. ``a`` allowed,
``d`` denied, ``m`` not there for them, ``f`` left to the operation, which leaves out what they must not see.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from access_hosts import Guarded, as_who, call, guarded

from builtin_plugins.access.guard import Guard
from builtin_plugins.access.permissions import LINES, Line
from hyperhost.errors import RefusalError

__all__ = ["FILE", "ROLES", "matrix"]

FILE = Path(__file__).resolve().parents[1] / "cases" / "access" / "matrix.json"
ROLES = ("none", "user", "contributor", "maintainer", "publisher", "admin")
_ME = "user:me"
_VISIBILITIES = ("public", "internal", "private")
_ANSWERS = {"denied": "d", "missing": "m"}


def matrix() -> dict[str, dict[str, str]]:
    """The whole of it."""
    with guarded() as registry:
        _fill(registry)
        guard = Guard(registry.host.hook, registry.host.hook, registry.clock, {})
        return {
            name: {role: _row(guard, name, line, role) for role in ROLES}
            for name, line in sorted(LINES.items())
        }


def _fill(registry: Guarded) -> None:
    for visibility in _VISIBILITIES:
        for whose, who in (("own", _ME), ("other", "user:other")):
            registry.make(f"{visibility}-{whose}", who, visibility=visibility)
            path = f"org.{visibility}-{whose}"
            registry.of(who, "admin").run("namespace_create", path=path, edit={"visibility": visibility})


def _row(guard: Guard, name: str, line: Line, role: str) -> str:
    if line.filtered:
        return "ffffff"
    who = as_who(_ME) if role == "none" else as_who(_ME, role)
    found = ""
    for visibility in _VISIBILITIES:
        for whose in ("own", "other"):
            try:
                guard.check(call(who, name, json.dumps(_arguments(line, f"{visibility}-{whose}"))))
                found += "a"
            except RefusalError as refusal:
                found += _ANSWERS[refusal.rule.partition(":")[0]]
    return found


def _arguments(line: Line, which: str) -> dict[str, Any]:
    if not line.argument:
        return {}
    reference: Any = {
        "artifact": f"org.acme/{which}@1.0.0",
        "artifact-name": f"org.acme/{which}",
        "artifact-new": {"namespace": f"org.{which}", "name": "fresh"},
        "namespace": f"org.{which}",
        "namespace-new": f"org.{which}.below",
    }[line.kind]
    return {line.argument: reference}


if __name__ == "__main__":
    lines = (f"{json.dumps(name)}: {json.dumps(row)}" for name, row in matrix().items())
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
