"""How the demo looks: at every width, without a terminal, without Unicode, with hostile file names."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from hyperhost.demo.install import Installed
from hyperhost.demo.report import Report
from hyperhost.demo.scan import Scan
from hyperhost.demo.specs import Finding
from hyperhost.demo.trials import Row, Trial
from hyperhost.errors import DeadlineError

PLUGIN = Installed(
    "secret-scan",
    "1.0.0",
    "component",
    "Finds secrets.",
    8328,
    (("write messages to its log", "to tell"),),
    ("log",),
    tuple(f"do thing {number}" for number in range(11)),
    "sha256:00",
)
TRIAL = Trial(
    "loop-stopped",
    "spins",
    "never returns",
    "stopped",
    DeadlineError("stopped", hint="wait"),
    101.5,
    ("then",),
    3,
)


def everything(
    width: int, *, encoding: str = "utf-8", terminal: bool = False, excerpt: str = "x", path: str = "a/b.py"
) -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    report = Report(Console(file=file, width=width, force_terminal=terminal or None, highlight=False))
    scan = Scan(files=2, size=3_000_000, packages={"a"}, seconds=0.5)
    scan.found = [
        (path, Finding("secret/token", 7, "high", excerpt)),
        (path, Finding("license/MIT", 1, "low", "MIT")),
    ]
    report.opening()
    report.installed([PLUGIN])
    report.scanned(scan, {"secret-scan": [Finding("secret/token", 3, "high", excerpt)]})
    report.trials_begin()
    report.trial(TRIAL, 3)
    report.summary(
        [Row("spins", "component", 1, 1, 0.1, 8 << 20), Row("idle", "native", 0, 0, 0.0, None)],
        64 << 20,
        1.25,
    )
    report.kept("/home/me/a b")
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_console_or_ends_in_blanks(width: int) -> None:
    lines = everything(width, excerpt="long " * 60, path=f"{'deep/' * 30}file.py").splitlines()
    lines = [
        line for line in lines if not line.startswith("  hyperhost plugin")
    ]  # commands to copy stay whole
    assert max(map(len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []


def test_without_a_terminal_there_is_no_colour() -> None:
    assert "\x1b" not in everything(80)
    assert "\x1b[" in everything(80, terminal=True)


def test_where_unicode_is_missing_plain_characters_do() -> None:
    text = everything(80, encoding="ascii", excerpt="gr\u00fcn\u2026", path="\u00fc/b.py")
    assert "ok     stopped" in text
    assert r"\xfc/b.py:7" in text
    assert "100,000 us" in text


def test_a_file_cannot_steer_the_terminal_or_forge_lines() -> None:
    text = everything(80, excerpt="\x1b[2Jx\ny\u202e", path="a/\x1b]0;b\x07\n.py")
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "[2Jx y" in text


def test_words_in_square_brackets_are_shown_as_they_are() -> None:
    assert "[bold]x[/bold]" in everything(80, excerpt="[bold]x[/bold]")


def test_figures_are_said_in_their_units() -> None:
    text = everything(100)
    assert "2 files of 1 package, 3.0 MB, in 0.50 s: 4 files/s, 6 MB/s" in text
    assert re.search(r"spins +1 +1 +100 ms +100,000 µs +8 MiB\n", text)
    assert re.search(r"idle +0( +-){4}\n", text)
    assert "held 64 MiB at most" in text
    assert "DeadlineError: stopped" in text
    assert "3 of 3 plugins" in text


def test_the_gravest_things_that_a_plugin_cannot_do_are_named_with_its_limits() -> None:
    text = " ".join(everything(200).split())
    assert (
        "cannot do thing 0, do thing 1, do thing 2, do thing 3, do thing 8, do thing 9, do thing 10" in text
    )


def test_a_long_path_is_cut_in_the_middle_so_that_package_and_line_stay() -> None:
    text = everything(80, path=f"package/{'deep/' * 20}file.py")
    assert "package/…/file.py:7" in text


def test_a_kept_home_is_named_in_commands_that_can_be_copied() -> None:
    assert "hyperhost plugin list --home '/home/me/a b'" in everything(60)


def test_missing_answers_are_not_passed_over_in_silence() -> None:
    file = io.StringIO()
    scan = Scan(files=1, size=1, packages={"a"}, seconds=0.1, complete=False, unanswered=2)
    Report(Console(file=file, width=80)).scanned(scan, {})
    text = " ".join(file.getvalue().split())
    assert "2 answers are missing" in text
    assert "then the time for this part was up" in text
