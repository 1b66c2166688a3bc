"""``docs/resolution.md`` lists every operation as it describes itself, and what it shows is read."""

from __future__ import annotations

import json
import re
from pathlib import Path

from resolution_hosts import resolving

from builtin_plugins.resolution.operations import table
from builtin_plugins.resolution.project import read_project

PAGE = (Path(__file__).parents[3] / "docs" / "resolution.md").read_text(encoding="utf-8")


def test_every_operation_is_listed_as_it_describes_itself() -> None:
    rows = []
    for info in table().infos():
        schema = json.loads(info.arguments_schema_json)
        names = [f"`{key}`{'' if key in schema['required'] else '?'}" for key in schema["properties"]]
        row = [f"`{info.name}`", info.summary.rstrip("."), ", ".join(names), f"`{info.permission}`"]
        rows.append(f"| {' | '.join(row)} |")
    section = PAGE.partition("\n## Operations\n")[2].partition("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("| `")] == rows


def test_the_project_and_the_configuration_that_it_shows_are_read() -> None:
    project, config = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    read = read_project(project)
    assert [each.artifact for each in read.dependencies] == ["org.acme/log", "org.acme/db"]
    assert read.request().sources == ["acme", ""]
    with resolving(config=config.partition("\n")[2]) as run:
        assert run.run("dependency_resolve", subject={})["versions"] == []
