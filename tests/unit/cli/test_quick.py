"""Values that pass by typer's own conversion are what it would have made of them."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from hyperhost.cli.quick import quickened


class Form(StrEnum):
    TABLE = "table"
    JSON = "json"


def seen(words: list[str], *, quick: bool, environ: dict[str, str] | None = None) -> tuple[Any, ...] | str:
    """What the command is given; the message where it is not called."""
    app, found = typer.Typer(add_completion=False, pretty_exceptions_enable=False), []

    @app.command()
    def run(
        name: str,
        file: Annotated[Path | None, typer.Option()] = None,
        there: Annotated[Path | None, typer.Option(exists=True, dir_okay=False)] = None,
        form: Annotated[Form | None, typer.Option()] = None,
        loose: Annotated[Form, typer.Option(case_sensitive=False)] = Form.TABLE,
        limit: Annotated[int, typer.Option(min=1, max=100)] = 50,
        label: Annotated[list[str] | None, typer.Option()] = None,
        flag: Annotated[bool | None, typer.Option("--flag/--no-flag")] = None,
        upper: Annotated[str, typer.Option(callback=lambda value: value.upper(), envvar="ACME_UPPER")] = "a",
    ) -> None:
        found.append((name, file, there, form, loose, limit, label, flag, upper))

    command = typer.main.get_command(app)
    if quick:
        assert quickened(quickened(command)) is command
    try:
        command.main(args=words, prog_name="acme", standalone_mode=False)
    except Exception as error:
        return f"{type(error).__name__}: {getattr(error, 'message', error)}"
    return found[0]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["a"],
        ["", "--upper", ""],
        ["a", "b"],
        ["a", "--file", "nowhere/at/all/"],
        ["a", "--file", "."],
        ["a", "--file", ""],
        ["a", "--file", "\0"],
        ["a", "--there", "nowhere"],
        ["a", "--there", "."],
        ["a", "--form", "json"],
        ["a", "--form", "JSON"],
        ["a", "--form", "xml"],
        ["a", "--loose", "JSON"],
        ["a", "--limit", "7"],
        ["a", "--limit", "700"],
        ["a", "--limit", "x"],
        ["a", "--label", "x", "--label", "y"],
        ["a", "--flag"],
        ["a", "--no-flag"],
        ["a", "--upper", "ü"],
        ["--nonsense"],
    ],
)
def test_values_are_those_of_typer(words: list[str]) -> None:
    plain = seen(words, quick=False)
    quick = seen(words, quick=True)
    assert quick == plain
    if not isinstance(plain, str):
        assert [type(each) for each in quick] == [type(each) for each in plain]


def test_the_environment_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_UPPER", "loud")
    found = seen(["a"], quick=True)
    assert found == seen(["a"], quick=False)
    assert found[-1] == "LOUD"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "closed"
    file.touch(0o000)
    found = seen(["a", "--file", str(file)], quick=True)
    assert isinstance(found, str)
    assert found == seen(["a", "--file", str(file)], quick=False)
