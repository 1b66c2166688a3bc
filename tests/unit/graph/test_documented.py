"""``docs/graph.md`` lists every operation as it describes itself, and the weights as they are."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from builtin_plugins.graph.operations import table
from builtin_plugins.graph.settings import PARTS, weights_of

PAGE = (Path(__file__).parents[3] / "docs" / "graph.md").read_text(encoding="utf-8")


def test_every_operation_is_listed_as_it_describes_itself() -> None:
    rows = []
    for info in table().infos():
        schema = json.loads(info.arguments_schema_json)
        names = [f"`{key}`{'' if key in schema['required'] else '?'}" for key in schema["properties"]]
        row = [f"`{info.name}`", info.summary.rstrip("."), ", ".join(names), f"`{info.permission}`"]
        rows.append(f"| {' | '.join(row)} |")
    section = PAGE.partition("\n## Operations\n")[2].partition("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("| `")] == rows


def test_the_weights_and_the_configuration_are_those_of_the_code() -> None:
    section = PAGE.partition("\n## What is alike\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \| ([0-9.]+) \|", section, re.MULTILINE)
    assert {name: float(weight) for name, weight in listed} == PARTS
    [config] = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    given = tomllib.loads(config)["plugins"]["graph"]["config"]
    assert weights_of(given)["content"] > weights_of(given)["usage"] > weights_of(given)["metadata"]
