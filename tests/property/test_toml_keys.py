"""What is in strings and comments never hides a key that is too long, and never makes one."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hyperhost
from hyperhost.errors import TomlError
from hyperhost.host.tomlread import MAX_KEY_PARTS

DOTS = ".a" * (MAX_KEY_PARTS + 6)
PIECES = st.lists(
    st.sampled_from([DOTS, "'", '"', '""', "''", "\\\\", '\\"', "#", "=", "[", " ", "é"]), max_size=6
)
FORMS = ['"{}"', "'{}'", '"""{}"""', "'''{}'''", '"""\n{}\n"""', "'''\n{}\n'''", "1 # {}", "['x', 1.5] # {}"]


@st.composite
def lines(draw: st.DrawFn) -> str:
    """One or more lines that tomllib reads, whose key takes a number."""
    text = f"k%d = {draw(st.sampled_from(FORMS)).format(''.join(draw(PIECES)))}"
    return text if _reads(text.replace("%d", "0")) else "k%d = 1"


def _reads(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


@given(
    st.lists(lines(), max_size=8),
    st.integers(0, 8),
    st.sampled_from(["x{} = 1", "x = {{ y{} = 1 }}", "[x{}]"]),
)
def test_a_long_key_is_found_behind_whatever_stands_before_it(
    all_lines: list[str], at: int, form: str
) -> None:
    text = [line.replace("%d", str(index)) for index, line in enumerate(all_lines)]
    sound = "\n".join(text) + "\n"
    assert hyperhost.read_toml(sound) == tomllib.loads(sound)
    long = "\n".join([*text[:at], form.format(DOTS), *text[at:]])
    with pytest.raises(TomlError, match="dotted parts"):
        hyperhost.read_toml(long)
