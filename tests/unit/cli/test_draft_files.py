"""YAML, JSON and TOML as authors write them, and as an attacker would."""

from __future__ import annotations

from pathlib import Path

import pytest

from hyperhost.cli.draftfile import MAX_BYTES, read_document
from hyperhost.cli.yamlread import yaml_data
from hyperhost.errors import InvalidInputError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("2024-01-01", "2024-01-01"),
        ("1.0.0", "1.0.0"),
        ("1:30", "1:30"),
        ("0o17", 15),
        ("017", 17),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("~", None),
        ("true", True),
        ("'1'", "1"),
        ("1_000", "1_000"),
        ("<<", "<<"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = yaml_data(f"a: {text}\n")["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &a [x]\nb: [*a, *a]\n", "alias"),
        ("a: 1\na: 2\n", "twice"),
        ("1: 2\n", "no text"),
        ("a: !!python/object/apply:os.system [ls]\n", "constructor"),
        ("a: !!binary eA==\n", "constructor"),
        ("a: 1\n---\nb: 2\n", "single document"),
        ("a: [", "line 1"),
        ("\x00", "not allowed"),
    ],
)
def test_what_could_multiply_run_or_hide_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        yaml_data(text)


@pytest.mark.parametrize(
    ("name", "data", "rule"),
    [
        ("a.json", b"\xff", "encoding"),
        ("a.json", b"[" * 100_000, "syntax"),
        ("a.yaml", b"[" * 100_000, "syntax"),
        ("a.json", b'{"type": "config", "type": "theme"}', "syntax"),
        ("a.json", b'{"manifest": {"values": {"port": 1, "port": 2}}}', "syntax"),
        ("a.json", b'{"rating": NaN}', "syntax"),
        ("a.yaml", b" " * (MAX_BYTES + 1), "size"),
        ("a.ini", b"", "form"),
        ("gone.yaml", None, "file"),
        (".yaml", b"a: 1", "form"),
    ],
)
def test_bad_files_are_refused_with_file_and_rule(
    tmp_path: Path, name: str, data: bytes | None, rule: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidInputError) as caught:
        read_document(tmp_path / name)
    assert caught.value.rule == rule
    assert str(tmp_path / name) in caught.value.message
    assert caught.value.hint


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_document(tmp_path / "a.json") == {"a": 1}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", '{"a": {"b": 1, "b": 2}}', "is no JSON: the key 'b' is there twice"),
        ("a.json", '{"a": Infinity}', "is no JSON: Infinity is no number of JSON"),
        ("a.yaml", "a: 1\nb: 2\na: 3\n", "is no YAML: line 3, column 1: the key 'a' is there twice"),
        ("a.yaml", "a: [1,\n", "is no YAML: line 2, column 1: while parsing a flow node, "),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_place(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidInputError) as caught:
        read_document(tmp_path / name)
    assert words in caught.value.message
    assert "unicode string" not in caught.value.message
