"""The demo's native plugin: what it finds, what it leaves alone, and that it cannot be upset."""

from __future__ import annotations

import pytest

from hyperhost.demo.native import DangerousCalls
from hyperhost.demo.specs import Finding


def found(text: str, path: str = "a.py") -> list[tuple[str, int, str]]:
    return [(f.rule, f.line, f.severity) for f in DangerousCalls().check_text(path, text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("eval(x)", ("danger/eval", 1, "medium")),
        ("exec(compile(a, b, c))", ("danger/exec", 1, "medium")),
        ("import pickle\npickle.loads(data)", ("danger/pickle", 2, "medium")),
        ("import pickle\npickle.load(file)", ("danger/pickle", 2, "medium")),
        ("import pickle as p\np.loads(data)", ("danger/pickle", 2, "medium")),
        ("from pickle import loads\nloads(data)", ("danger/pickle", 2, "medium")),
        ("from pickle import loads as read\n\nread(data)", ("danger/pickle", 3, "medium")),
        ("import yaml\nyaml.load(text)", ("danger/yaml-load", 2, "high")),
        ("import yaml\nyaml.load(text, Loader=yaml.Loader)", ("danger/yaml-load", 2, "high")),
        ("import yaml\nyaml.load(text, yaml.UnsafeLoader)", ("danger/yaml-load", 2, "high")),
        ("import subprocess\nsubprocess.run(command, shell=True)", ("danger/shell", 2, "high")),
        ("from subprocess import Popen as P\nP(f'rm {x}', shell=True)", ("danger/shell", 2, "high")),
        ("import subprocess\nsubprocess.run('ls | wc', shell=True)", ("danger/shell", 2, "low")),
        ("import os\nos.system('ls ' + name)", ("danger/shell", 2, "high")),
        ("import os\nos.system('clear')", ("danger/shell", 2, "low")),
    ],
)
def test_a_dangerous_call_is_found_under_whatever_name_it_was_imported(
    text: str, expected: tuple[str, int, str]
) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "eval('1 + 1')",
        "model.eval(x)",
        "def eval(x): ...",
        "cursor.exec(sql)",
        "# eval(x)",
        "'eval(x)'",
        "import yaml\nyaml.load(text, Loader=yaml.SafeLoader)",
        "import yaml\nyaml.load(text, yaml.CSafeLoader)",
        "import yaml\nyaml.safe_load(text)",
        "import subprocess\nsubprocess.run(['ls'])",
        "import subprocess\nsubprocess.run(command, shell=False)",
        "import pickle\npickle.dumps(value)",
        "from .pickle import loads\nloads(data)",
        "",
    ],
)
def test_a_harmless_look_alike_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_findings_come_in_the_order_of_their_lines_with_the_line_as_excerpt() -> None:
    text = "import yaml\ndef f():\n    if x:\n        eval(x)\nyaml.load(y)\nexec(z)\n"
    assert DangerousCalls().check_text("a.py", text) == [
        Finding("danger/eval", 4, "medium", "eval(x)"),
        Finding("danger/yaml-load", 5, "high", "yaml.load(y)"),
        Finding("danger/exec", 6, "medium", "exec(z)"),
    ]


def test_an_excerpt_is_cut_and_findings_of_one_text_are_limited() -> None:
    [finding] = DangerousCalls().check_text("a.py", f"eval({'x' * 500})")
    assert len(finding.excerpt) == 60
    assert len(found("eval(x)\n" * 500)) == 100


@pytest.mark.parametrize(
    "text",
    [
        "eval(x",
        "eval(x)\n\x00",
        "eval(x)\n" + "(" * 5_000,
        "eval(x)\n" + "-" * 50_000 + "1",
        "eval(x)\n" + "[" * 90 + "]" * 90 + "\nprint 'python 2'",
        "eval(x)\n\ud800",
    ],
    ids=["unfinished", "null byte", "too deep", "too long a chain", "old syntax", "lone surrogate"],
)
def test_text_that_this_python_cannot_read_gives_no_finding_and_no_error(text: str) -> None:
    assert found(text) == []


def test_odd_escapes_in_the_text_warn_nobody(recwarn: pytest.WarningsRecorder) -> None:
    assert found("eval(x)\npattern = '\\d'\n1 is 1\n") == [("danger/eval", 1, "medium")]
    assert not recwarn.list


def test_text_that_is_large_or_no_python_is_passed_over() -> None:
    assert found("eval(x)\n" + "#" * 300_000) == []
    assert found("eval(x)", "notes.txt") == []


def test_the_excerpt_is_the_line_that_python_counts_not_the_one_that_splitlines_counts() -> None:
    [finding] = DangerousCalls().check_text("a.py", "x = 1\n\x0c\ny = 2\neval(x)\n")
    assert (finding.line, finding.excerpt) == (4, "eval(x)")
