"""Reading TOML that anybody may have written: what would take all memory is refused before it is parsed."""

from __future__ import annotations

import tracemalloc

import pytest

import hyperhost
from hyperhost.errors import HyperHostError, TomlError
from hyperhost.host.manifest import Manifest
from hyperhost.host.tomlread import MAX_KEY_PARTS


def key(parts: int, dot: str = ".") -> str:
    return dot.join("a" * parts)


@pytest.mark.parametrize(
    "text",
    [
        f"{key(65)} = 1",
        f"[{key(65)}]",
        f"[[{key(65)}]]",
        f"x = {{ b = 1, {key(65)} = 1 }}",
        f"x = [1, {{ {key(65)} = 1 }}]",
        f"{key(65, ' . ')} = 1",
        ".".join(["'a.b'", '"c\\".d"', *"a" * 63]) + " = 1",
        f'x = """a " \\""" b"""""\n{key(65)} = 1',
        f"x = '''a ' b'''''\n{key(65)} = 1",
        f"x = 'a\\'\n{key(65)} = 1",
        f'# a " comment\r\n{key(65)} = 1',
    ],
)
def test_a_key_of_too_many_parts_is_refused_wherever_it_stands(text: str) -> None:
    with pytest.raises(TomlError, match="more than 64 dotted parts") as caught:
        hyperhost.read_toml(f"ok = 1\n{text}\n")
    assert caught.value.line == 2 + text[: text.index("a.a") if "a.a" in text else 0].count("\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"x = '{key(99)}'", key(99)),
        (f'x = "{key(99)}"', key(99)),
        (f'x = """\n{key(99)} = 1"""', f"{key(99)} = 1"),
        (f"x = '''{key(99)}'''''", f"{key(99)}''"),
        (f"x = 1 # {key(99)}", 1),
        (f"x = [{'1.5, ' * 99}]", [1.5] * 99),
        (f'x = 1\n"{key(99)}" = 1', 1),
    ],
)
def test_dots_that_part_no_keys_do_not_count(text: str, value: object) -> None:
    assert hyperhost.read_toml(text)["x"] == value


def test_a_key_of_as_many_parts_as_there_may_be_is_read() -> None:
    found = hyperhost.read_toml(f"[{key(MAX_KEY_PARTS)}]\n{key(MAX_KEY_PARTS)} = 1".encode())
    depth = 0
    while isinstance(found, dict):
        found, depth = found["a"], depth + 1
    assert (found, depth) == (1, 2 * MAX_KEY_PARTS)


@pytest.mark.parametrize(
    ("data", "words", "line"),
    [
        ("a = 1\nb = = 2\n", "Invalid value", 2),
        ("a = 1\nb = [", "Invalid value", 2),
        (b"a = 1\nb = '\xff'\n", "no UTF-8 at byte 11", 2),
        ("a = " + "[" * 100_000, "nested too deeply", 0),
        ("a = " + "9" * 10_000, "a number is too long", 0),
        (f"a = '{key(99)}\n", "Expected", 2),
        ("é" * 501, "it has 1,002 bytes", 0),
    ],
)
def test_whatever_is_wrong_is_one_kind_of_error_with_its_line(
    data: str | bytes, words: str, line: int
) -> None:
    with pytest.raises(TomlError, match=words) as caught:
        hyperhost.read_toml(data, max_bytes=1_000 if words.startswith("it has") else None)
    assert caught.value.line == line


def test_a_manifest_of_a_few_bytes_does_not_take_all_memory() -> None:
    text = f"[plugin]\nid = 'acme'\n[config.defaults]\n{key(4_000)} = 1\n"
    tracemalloc.start()
    try:
        with pytest.raises(HyperHostError, match="line 4 has more than 64 dotted parts"):
            Manifest.parse(text)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 << 20  # tomllib alone takes 60 MB for this, of 8 kB
