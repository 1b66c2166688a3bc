"""Formats of configs: what is read is plain data, and what is written reads back as the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builtin_plugins.registry.formats import FORMATS, read_format, write_format
from hyperhost.errors import RefusalError

TRICKY = {
    "a": "q\"uo${te}\n\\ %{if} 's' é # x",
    "l": [1, 2.5, True, {"x y": "$1"}],
    "m": {"k": {"z": "e", "for": -1}},
    "empty": {},
    "none": [],
    "tab": "\t\r\x01",
    "no": "no",
    "date": "2020-01-01",
    "number": "1e3",
    "space": " s ",
}
_texts = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\x85\ufeff\u2028\u2029"), max_size=12
)
_data = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15) | _texts,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(_texts.filter(bool), each, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("kind", ["json", "yaml", "toml", "hcl"])
def test_what_is_written_reads_back_as_the_same(kind):
    assert read_format(kind, write_format(kind, TRICKY), "values") == TRICKY


@pytest.mark.parametrize("kind", ["json", "yaml", "toml", "hcl"])
@settings(max_examples=60, deadline=None)
@given(data=st.dictionaries(_texts.filter(bool), _data, max_size=3))
def test_any_data_reads_back_as_the_same(kind, data):
    if kind == "hcl":  # its attributes have names; keys of objects may be any text
        data = {"attribute": data}
    assert read_format(kind, write_format(kind, data), "values") == data


def test_an_env_file_is_flat_and_made_of_text():
    text = write_format("env", TRICKY | {"a": "q\"uo\n\\ 's' é # x", "tab": "\t\x01", "l": [1, "$1"]})
    assert read_format("env", text, "values") == {
        "A": "q\"uo\n\\ 's' é # x",
        "L": '[1,"$1"]',
        "M_K_Z": "e",
        "M_K_FOR": "-1",
        "NONE": "[]",
        "TAB": "\t\x01",
        "NO": "no",
        "DATE": "2020-01-01",
        "NUMBER": "1e3",
        "SPACE": " s ",
    }


def test_nothing_in_an_env_file_is_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/home/alice")
    assert read_format("env", "export A=${HOME}\nB='x'\n# c\n", "values") == {"A": "${HOME}", "B": "x"}


def test_yaml_is_read_as_version_1_2():
    text = "a: no\nb: 010\nc: 0o10\nd: 2020-01-01\ne: ~\nf: .nan\n"
    expected = {"a": "no", "b": 10, "c": 8, "d": "2020-01-01", "e": None, "f": ".nan"}
    assert read_format("yaml", text, "values") == expected


def test_blocks_of_hcl_are_lists_of_objects():
    text = 'service "web" {\n  port = 80\n}\ntext = <<EOT\nhello "you"\nEOT\n'
    assert read_format("hcl", text, "values") == {"service": [{"web": {"port": 80}}], "text": 'hello "you"'}


_BOMB = "a: &a [x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("kind", "text", "rule", "words"),
    [
        ("json", '{"a": 1, "a": 2}', "json", "a key is there twice"),
        ("json", "[1]", "object", "no object at the top"),
        ("json", "{x", "json", "in line 1, column 2"),
        ("json", "[" * 100_000, "depth", "nested too deeply"),
        ("json", '{"a": NaN}', "type", "no plain data"),
        ("yaml", _BOMB, "size", "too large"),
        ("yaml", "a: &x\n  b: *x", "depth", "nested too deeply"),
        ("yaml", "[" * 5_000, "depth", "nested too deeply"),
        ("yaml", "a: !!python/object/apply:os.system [id]", "yaml", "no plain YAML in line 1"),
        ("yaml", "a: 1\na: 2", "yaml", "a key is there twice in line 2"),
        ("yaml", "1: x", "key", "is no text"),
        ("yaml", "a: 1\n---\nb: 2", "yaml", "no plain YAML in line 2"),
        ("yaml", "a: \x00", "yaml", "a character that YAML does not allow"),
        ("toml", "a = x", "toml", "at line 1, column 5"),
        ("hcl", "a = 1 + 2", "hcl", "nothing is evaluated"),
        ("hcl", 'a = "${file(\\"/etc/passwd\\")}"', "hcl", "nothing is evaluated"),
        ("hcl", "a = b.c", "hcl", "nothing is evaluated"),
        ("hcl", "a = ", "hcl", "no HCL in line 1"),
        ("hcl", "a = " + "[" * 3_000 + "]" * 3_000, "depth", "nested too deeply"),
        ("hcl", "a" * 70_000, "size", "longer than 64 KiB"),
        ("env", "A=1\n=x", "env", "line 2 is no NAME=VALUE"),
        ("env", "A=1\nA=2", "env", "is there twice"),
    ],
)
def test_what_is_no_plain_data_is_refused(kind, text, rule, words):
    with pytest.raises(RefusalError, match=words) as caught:
        read_format(kind, text, "values")
    assert caught.value.rule.endswith(f":{rule}")


@pytest.mark.parametrize("kind", FORMATS)
def test_what_cannot_be_read_is_not_repeated(kind):
    with pytest.raises(RefusalError) as caught:
        read_format(kind, '= "s3cr3t": s3cr3t: [', "values")
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("toml", {"a": [{"b": None}]}, "a.0.b is null, and TOML has no null"),
        ("env", {"a": {"b": 1}, "a_b": 2}, "two fields make the variable A_B"),
        ("env", {"1": 1}, "makes no name of a variable"),
        ("hcl", {"a b": 1}, "'a b' is no name of an attribute of HCL"),
    ],
)
def test_what_a_format_has_no_words_for_is_named_by_its_path(kind, data, words):
    with pytest.raises(RefusalError, match=words):
        write_format(kind, data)
