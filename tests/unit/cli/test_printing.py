"""What is printed: five forms, nothing that steers a terminal, and YAML that cannot be misread."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from hyperhost.cli.filters import matching
from hyperhost.cli.output import Column, Form, Output
from hyperhost.cli.text import one_line, printable
from hyperhost.cli.yamltext import yaml_text
from hyperhost.errors import InvalidInputError, TrapError

COLUMNS = (Column("id"), Column("state"), Column("hooks", wide=True), Column("calls", right=True))
ROWS: list[dict[str, Any]] = [
    {"id": "secret-scan", "state": "active", "hooks": ["run", "check"], "calls": 1200, "extra": {"a": 1}},
    {"id": "b", "state": None, "hooks": [], "calls": 3, "extra": None},
]


def test_a_table_is_aligned_and_leaves_out_what_is_wide(capsys: pytest.CaptureFixture[str]) -> None:
    Output().rows(COLUMNS, ROWS)
    assert capsys.readouterr().out == (
        "ID           STATE   CALLS\nsecret-scan  active   1200\nb            -           3\n"
    )


def test_wide_shows_every_column_without_cutting(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**ROWS[0], "id": "x" * 300}]
    Output(Form.wide).rows(COLUMNS, rows)
    header, line = capsys.readouterr().out.splitlines()
    assert header.split() == ["ID", "STATE", "HOOKS", "CALLS"]
    assert line.startswith("x" * 300)
    assert "run, check" in line


def test_json_and_yaml_hold_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    Output(Form.json).rows(COLUMNS, ROWS)
    assert json.loads(capsys.readouterr().out) == ROWS
    Output(Form.yaml).rows(COLUMNS, ROWS)
    assert capsys.readouterr().out.splitlines()[:5] == [
        '- id: "secret-scan"',
        '  state: "active"',
        "  hooks:",
        '    - "run"',
        '    - "check"',
    ]


def test_csv_holds_the_columns_and_lists_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    Output(Form.csv).rows(COLUMNS, ROWS)
    lines = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert lines == [
        ["id", "state", "hooks", "calls"],
        ["secret-scan", "active", '["run", "check"]', "1200"],
        ["b", "", "[]", "3"],
    ]


def test_quiet_lists_show_the_first_column_only(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(quiet=True)
    out.rows(COLUMNS, ROWS)
    out.note("not said")
    assert capsys.readouterr() == ("secret-scan\nb\n", "")


def test_an_empty_list_says_so_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    Output().rows(COLUMNS, [], empty="nothing yet")
    assert capsys.readouterr() == ("", "nothing yet\n")
    Output(Form.json).rows(COLUMNS, [], empty="nothing yet")
    assert capsys.readouterr() == ("[]\n", "")


def test_errors_name_plugin_hook_and_the_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    error = TrapError("trapped", plugin="scan", hook="run", hint="see its logs")
    Output().error(error)
    assert capsys.readouterr() == ("", "error: plugin 'scan', hook 'run': trapped\nhint: see its logs\n")
    Output(Form.json).error(error)
    assert json.loads(capsys.readouterr().err) == {
        "code": "HH-TRAP",
        "message": "trapped",
        "plugin": "scan",
        "hook": "run",
        "hint": "see its logs",
    }


def test_text_of_plugins_cannot_steer_the_terminal_or_fake_lines(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "a\x1b[2Jb\rc\x9bd\u202ee\x07"
    assert printable(evil) == "a\\x1b[2Jb\\x0dc\\x9bd\\u202ee\\x07"
    assert one_line("a\nerror: b  c") == "a error: b c"
    assert one_line("x" * 600) == "x" * 499 + "…"
    for form in Form:
        Output(form).rows((Column("id"),), [{"id": evil}])
        printed = capsys.readouterr().out
        assert not set("\x1b\r\x9b\u202e\x07") & set(printed), form


def test_rich_markup_in_values_is_shown_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    Output().rows((Column("id"),), [{"id": "[red]x[/red]"}])
    assert "[red]x[/red]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null\n"),
        ([], "[]\n"),
        ({}, "{}\n"),
        ({"no": 1, "a b": True, "a.b": 1.5}, '"no": 1\n"a b": true\na.b: 1.5\n'),
        ("no", '"no"\n'),
        ([[1, 2], []], "- - 1\n  - 2\n- []\n"),
        ([{"a": {"b": [1]}}], "- a:\n    b:\n      - 1\n"),
        ("\U0001f600\x85\ud800\u2028", '"\U0001f600\\u0085\\ud800\\u2028"\n'),
        ("1\n2", '"1\\n2"\n'),
    ],
)
def test_yaml_is_block_mappings_of_json_scalars(value: object, text: str) -> None:
    assert yaml_text(value) == text


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ([], ["secret-scan", "b"]),
        (["state=active"], ["secret-scan"]),
        (["state!=active"], ["b"]),
        (["state="], ["b"]),
        (["id~SCAN"], ["secret-scan"]),
        (["hooks=check"], ["secret-scan"]),
        (["hooks!=check"], ["b"]),
        (["calls=3", "id=b"], ["b"]),
    ],
)
def test_filters_narrow_a_list_down(filters: list[str], ids: list[str]) -> None:
    assert [row["id"] for row in matching(ROWS, filters)] == ids


@pytest.mark.parametrize("text", ["state", "=x", "unknown=1", "st ate=1"])
def test_a_filter_that_cannot_hold_is_a_mistake_of_usage(text: str) -> None:
    import typer

    with pytest.raises(typer.BadParameter):
        matching(ROWS, [text])


def test_what_is_nested_is_shown_below_its_key_and_what_is_flat_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = {
        "format": "yaml",
        "schema": None,
        "values": {"db": {"host": "a, b=c"}, "ports": [1, 2]},
        "secrets": [{"path": "db.key", "name": "key"}, {"path": "x"}],
    }
    Output().record({"labels": {"team": "core", "tier": "1"}, "manifest": manifest, "none": {}})
    assert capsys.readouterr().out.splitlines() == [
        "labels    team=core, tier=1",
        "manifest  format: yaml",
        "          values:",
        "            db:",
        "              host: a, b=c",
        "            ports: 1, 2",
        "          secrets:",
        "            - path: db.key",
        "              name: key",
        "            - path: x",
    ]


def test_nothing_nested_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Output().record({"manifest": {"a\x1b[2J": {"b\nc": "d\x1b]0;x\x07\ne: f"}}})
    assert capsys.readouterr().out == "manifest  a\\x1b[2J:\n            b c: d\\x1b]0;x\\x07 e: f\n"


@pytest.mark.parametrize(
    ("field", "message", "shown"),
    [
        ("manifest.hooks[0].priority", "1001 is too much", "1001 is too much (manifest.hooks[0].priority)"),
        ("draft.type", "draft.type is unknown", "draft.type is unknown"),
        ("name", "'A' is no name", "'A' is no name"),
    ],
)
def test_an_error_names_the_field_where_its_words_do_not(
    capsys: pytest.CaptureFixture[str], field: str, message: str, shown: str
) -> None:
    error = InvalidInputError(message, plugin="registry", hook="operation_run")
    error.field = field
    Output().error(error)
    assert capsys.readouterr().err == f"error: {shown}\n"
