"""What is written as an env file says the same to shells and to python-dotenv, and runs in neither."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builtin_plugins.registry.formats import read_format, write_format
from hyperhost.errors import RefusalError

SHELLS = [name for name in ("sh", "bash") if shutil.which(name)]
NASTY = {
    "a quote and a command": "'; touch ran #",
    "an escaped quote and a command": "\\'; touch ran #",
    "a command in backquotes": "`touch ran`",
    "a command in dollars": "$(touch ran)",
    "a command behind a double quote": '"; touch ran; "',
    "a double quote behind a quote": "it's \"; touch ran #",
    "a line of its own": "x\ntouch ran\n",
    "a line behind a quote": "'\ntouch ran\n",
    "a line continued": "it's\\\ntouch ran",
    "a background job": "x & touch ran",
    "a variable without braces": "$HOME",
    "a path of Windows": "C:\\new\\table",
    "exclamation": "it's !! and !x",
    "tilde": "~root:~",
    "comment": "a #b",
    "space": " x ",
    "text": "é\u2028\t\x01",
    "both quotes": "'\"",
}


def seen_by(shell: str, text: str, names: list[str], directory: Path) -> list[str]:
    """Values of variables after a shell has read the file."""
    (directory / "file.env").write_bytes(text.encode())
    words = " ".join(f'"${name}"' for name in names)
    script = f". ./file.env && printf '%s\\0' {words}"
    done = subprocess.run([shell, "-c", script], cwd=directory, capture_output=True, check=True, timeout=30)
    assert done.stderr == b""
    assert [path.name for path in directory.iterdir()] == ["file.env"]
    return [value.decode() for value in done.stdout.split(b"\0")[:-1]]


def check(values: dict[str, str], directory: Path) -> None:
    written: dict[str, str] = {}
    refused: list[tuple[str, str]] = []
    for name, value in values.items():
        try:
            write_format("env", {name: value})
        except RefusalError as refusal:
            refused.append((name, refusal.rule))
        else:
            written[name] = value
    assert refused == [(name, f"invalid:{name}:env") for name, _ in refused]
    text = write_format("env", written)
    assert read_format("env", text, "values") == written
    assert dict(dotenv_values(stream=io.StringIO(text))) == written
    for shell in SHELLS if written else ():
        assert seen_by(shell, text, list(written), directory) == list(written.values())


def test_nothing_of_a_value_is_run_by_a_shell_that_reads_the_file(tmp_path: Path) -> None:
    check({f"V{number}": value for number, value in enumerate(NASTY.values())}, tmp_path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(
        st.text("'\"\\$`{}!#~ ;&|<>()*?\n\r\tax=é", max_size=12) | st.text(max_size=8),
        min_size=1,
        max_size=40,
    )
)
def test_any_value_is_read_alike_or_refused(tmp_path: Path, values: list[str]) -> None:
    check({f"V{number}": value for number, value in enumerate(values)}, tmp_path)


@pytest.mark.parametrize(
    "value", ["it's $5", "'`id`", "${HOME}", "a\r\nb", "ends in \\", "zero \0", "half \ud800", '\\"']
)
def test_a_value_without_a_safe_form_is_refused_by_its_path_and_not_repeated(value: str) -> None:
    with pytest.raises(RefusalError, match=r"a\.b has no form in an env file") as caught:
        write_format("env", {"a": {"b": value}})
    assert caught.value.rule == "invalid:a.b:env"
    assert value not in str(caught.value)


@pytest.mark.parametrize("value", ["it's", "a\\b", "$5", "`", 'say "x"', "two\nlines"])
def test_a_value_with_one_kind_of_quote_has_a_form(value: str, tmp_path: Path) -> None:
    assert read_format("env", write_format("env", {"A": value}), "values") == {"A": value}
    check({"A": value}, tmp_path)
