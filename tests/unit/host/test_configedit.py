"""Keys are added to ``hyperhost.toml``, and what a person wrote stays."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hyperhost.errors import ConfigError
from hyperhost.host.configedit import added, write_config

WANTED = {"storage": "storage-sql"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", '[providers]\nstorage = "storage-sql"\n'),
        ("# mine\n", '# mine\n\n[providers]\nstorage = "storage-sql"\n'),
        ("[providers]", '[providers]\nstorage = "storage-sql"'),
        ("[ providers ]  # who\na = 'b'\n", "[ providers ]  # who\nstorage = \"storage-sql\"\na = 'b'\n"),
        ('[providers]\nstorage = "mine"\n', '[providers]\nstorage = "mine"\n'),
    ],
)
def test_keys_are_added_where_they_belong(text: str, result: str) -> None:
    assert added(text, "providers", WANTED) == result


def test_a_header_inside_of_a_text_is_no_header() -> None:
    text = 'a = """\n[providers]\n"""\n'
    with pytest.raises(ConfigError, match="nothing can be added to providers") as caught:
        added(text, "providers", WANTED)
    assert 'storage = "storage-sql"' in caught.value.hint


@pytest.mark.parametrize("text", ['providers = { search = "a" }\n', 'providers.search = "a"\n'])
def test_a_table_in_another_form_is_left_to_the_person(text: str) -> None:
    with pytest.raises(ConfigError, match="nothing can be added"):
        added(text, "providers", WANTED)


@pytest.mark.parametrize("value", ['a"b\\c', "ü\n\x7f", "\U0001f600"])
def test_any_text_is_written_so_that_it_reads_the_same(value: str) -> None:
    assert (
        tomllib.loads(added("", "plugins.a.config", {"url": value}))["plugins"]["a"]["config"]["url"] == value
    )


def test_a_configuration_that_would_be_wrong_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "hyperhost.toml"
    file.write_text("# mine\n")
    with pytest.raises(ConfigError, match="nonsense"):
        write_config(file, "nonsense = 1\n")
    assert [path.name for path in tmp_path.iterdir()] == ["hyperhost.toml"]
    assert file.read_text() == "# mine\n"
