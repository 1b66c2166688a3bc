"""``docs/identity.md`` lists every operation and setting as they describe themselves."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from builtin_plugins.identity_local.settings import Settings
from builtin_plugins.identity_local.work import table

PAGE = (Path(__file__).parents[3] / "docs" / "identity.md").read_text(encoding="utf-8")


def test_every_operation_is_listed_as_it_describes_itself() -> None:
    rows = []
    for info in table().infos():
        schema = json.loads(info.arguments_schema_json)
        names = [f"`{key}`{'' if key in schema['required'] else '?'}" for key in schema["properties"]]
        permission = f"`{info.permission}`" if info.permission else "none"
        rows.append(
            f"| `{info.name}` | {info.summary.rstrip('.')} | {', '.join(names) or 'none'} | {permission} |"
        )
    part = PAGE.partition("## Operations")[2].partition("## Settings")[0]
    assert [line for line in part.splitlines() if line.startswith("| `")] == rows


def test_every_setting_is_listed_with_its_default() -> None:
    part = PAGE.partition("## Settings")[2]
    listed = [
        line.split("|")[1:3] for line in part.splitlines() if line.startswith("| `") and "config" not in line
    ]
    assert [(name.strip(" `"), default.strip()) for name, default in listed] == [
        (field.name, str(field.default)) for field in dataclasses.fields(Settings)
    ]
