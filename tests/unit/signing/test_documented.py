"""``docs/signing.md`` lists every operation on keys as it describes itself, and its example runs."""

from __future__ import annotations

import json
from pathlib import Path

from signing_hosts import signing_host

PAGE = (Path(__file__).parents[3] / "docs" / "signing.md").read_text(encoding="utf-8")


def test_every_operation_on_keys_is_listed_as_it_describes_itself() -> None:
    rows = []
    with signing_host() as signing:
        for name, info in signing.operations.offered().items():
            if info.group != "keys":
                continue
            schema = json.loads(info.arguments_schema_json)
            names = [f"`{key}`{'' if key in schema['required'] else '?'}" for key in schema["properties"]]
            arguments = ", ".join(names) or "none"
            rows.append(f"| `{name}` | {info.summary.rstrip('.')} | {arguments} | `{info.permission}` |")
    assert [line for line in PAGE.splitlines() if line.startswith("| `key_")] == rows
