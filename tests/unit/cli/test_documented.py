"""``docs/cli.md`` names every command and every key of its JSON, and the example configuration is valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hyperhost.cli.lazy import GROUPS
from hyperhost.cli.main import build
from hyperhost.cli.offered import BUILT_IN
from hyperhost.cli.plugin.rows import entry_row
from hyperhost.config import read_config
from hyperhost.host.lockentry import LockEntry

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")


def test_every_command_is_listed_and_no_other() -> None:
    listed = re.findall(r"^\| `hyperhost ([a-z -]+)` \|", PAGE, re.MULTILINE)
    top = [name for name in BUILT_IN if name not in GROUPS]
    inner = [f"{name} {command}" for name, (group, _) in GROUPS.items() for command in group.modules]
    assert sorted(listed) == sorted([*top, "hooks show", *inner])


def test_the_names_that_plugins_cannot_take_are_those_of_the_program() -> None:
    assert sorted(build().commands) == sorted(BUILT_IN)


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group, (cls, _) in GROUPS.items() for name in cls.modules]
)
def test_every_command_of_a_group_has_help_of_its_own(group: str, name: str) -> None:
    command = GROUPS[group][0](name=group).get_command(None, name)
    assert command.name == name
    assert command.help


def test_the_keys_of_an_operations_json_are_listed() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `plugin install`, `upgrade`"))
    keys = re.findall(r"`(\w+)`", row.rpartition(" | ")[2] or row.split("|")[2])
    assert keys == [*entry_row(LockEntry("a", "1.0.0", "")), "changed", "notes"]


def test_the_example_configuration_is_valid() -> None:
    text = PAGE.partition("```toml\n")[2].partition("```")[0]
    config = read_config(text.encode(), Path("hyperhost.toml"))
    assert config.plugin("secret-scan").limits == {"deadline": "200ms"}
