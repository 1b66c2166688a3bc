"""``docs/registry.md`` lists every operation, and ``docs/errors.md`` every class of refusal."""

from __future__ import annotations

import json
from pathlib import Path

from registry_hosts import operations_on

DOCS = Path(__file__).parents[3] / "docs"


def test_every_operation_is_listed_as_it_describes_itself() -> None:
    rows = []
    with operations_on() as run:
        for name, info in run.offered().items():
            schema = json.loads(info.arguments_schema_json)
            names = [f"`{key}`{'' if key in schema['required'] else '?'}" for key in schema["properties"]]
            arguments = ", ".join(names) or "none"
            rows.append(f"| `{name}` | {info.summary.rstrip('.')} | {arguments} | `{info.permission}` |")
    page = (DOCS / "registry.md").read_text(encoding="utf-8").partition("\n## Operations\n")[2]
    assert [line for line in page.splitlines() if line.startswith("| `")] == rows
