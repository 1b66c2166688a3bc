"""Run the tests of a project: pytest in a process of its own, with the Python that runs HyperHost."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import IO, Final
from xml.etree import ElementTree

from hyperhost.errors import ToolchainError

__all__ = ["NO_TESTS", "USAGE", "TestRun", "plugin_arguments", "run_tests"]

USAGE: Final = 4
"""pytest's exit status when its arguments are wrong."""

NO_TESTS: Final = 5
"""pytest's exit status when it found no test."""

_MODULE: Final = "hyperhost.testing.plugin"


@dataclass(frozen=True, slots=True)
class TestRun:
    """What came of a run.

    Attributes:
        status: pytest's exit status.
        tests: How many tests there were.
        failures: How many failed.
        errors: How many could not be run, or not be cleaned up after.
        skipped: How many were skipped.
        seconds: How long they took.
    """

    __test__ = False  # pytest takes it for tests otherwise

    status: int
    tests: int = 0
    failures: int = 0
    errors: int = 0
    skipped: int = 0
    seconds: float = 0.0


def plugin_arguments() -> list[str]:
    """What makes pytest load the fixtures where it would not find them by itself.

    That is where HyperHost runs from a checkout, or where plugins are not loaded by entry point.
    """
    found = any(each.value == _MODULE for each in entry_points(group="pytest11"))
    return [] if found and not os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") else ["-p", _MODULE]


def run_tests(
    directory: Path, arguments: Sequence[str], *, output: IO[str] | None = None, counted: bool = False
) -> TestRun:
    """Run pytest in ``directory``.

    Args:
        directory: Of the project.
        arguments: For pytest.
        output: Where it writes; the standard output of this process when not given.
        counted: Whether to count tests; all figures but the status are 0 otherwise.

    Raises:
        ToolchainError: pytest is not installed.
    """
    if importlib.util.find_spec("pytest") is None:
        raise ToolchainError("testing needs pytest", hint="python -m pip install 'hyperhost[sdk]'")
    with tempfile.TemporaryDirectory(prefix="hyperhost-test-") as scratch:
        report = Path(scratch, "report.xml")
        counting = [f"--junit-xml={report}"] if counted else []
        command = [sys.executable, "-m", "pytest", *plugin_arguments(), *counting, *arguments]
        process = subprocess.Popen(command, cwd=directory, stdout=output)  # noqa: S603 - no shell
        try:
            status = process.wait()
        except BaseException:
            _end(process)
            raise
        return _counted(status, report)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C reached pytest, too: let it print its summary, and do not leave it behind."""
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _counted(status: int, report: Path) -> TestRun:
    try:
        suite = ElementTree.parse(report).getroot().find("testsuite")  # noqa: S314 - see above
    except (OSError, ElementTree.ParseError):
        suite = None
    if suite is None:
        return TestRun(status)
    figures = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
    return TestRun(status, **figures, seconds=float(suite.get("time", "0")))
