"""``hyperhost demo --registry``: real packages, from an empty home to a verified restore. See :func:`run`."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.demo.claims import ClaimError
from hyperhost.errors import HyperHostError

if TYPE_CHECKING:
    from rich.console import Console

    from hyperhost.demo.registry_report import Report

__all__ = ["DEFAULT_LIMIT", "PROVIDERS", "run"]

DEFAULT_LIMIT: Final = 1_500
"""Packages, unless more are asked for: about fifteen seconds on a small machine."""

PROVIDERS: Final = {"storage": "storage-sql", "content": "content-tiers"}


def run(
    console: Console,
    *,
    limit: int = DEFAULT_LIMIT,
    keep: bool = False,
    emit: Callable[[Mapping[str, Any]], None] | None = None,
) -> int:
    """Run the demo. It needs no network and no answers.

    Everything happens in a temporary directory that is removed at the end, whatever happens.

    Args:
        console: Where to show it.
        limit: Packages at most.
        keep: Leave the directory in place and say where it is.
        emit: Given when a program reads the result: called once with the figures as JSON-like data,
            and nothing is shown on ``console``.

    Returns:
        Exit status: 0 when everything it claims was seen to be true, otherwise 1.
    """
    from rich.console import Console

    from hyperhost.demo.registry_report import FORMAT, Report

    report = Report(console if emit is None else Console(quiet=True))
    summary: dict[str, Any] = {"format": FORMAT, "ok": True}
    try:
        with _directory(keep) as directory:
            try:
                _show(directory, report, limit)
            finally:
                if keep:
                    summary["home"] = str(directory / "home")
                    report.kept(summary["home"])
        summary |= report.data()
    except (ClaimError, HyperHostError) as error:
        report.failed(error)
        summary = {"format": FORMAT, "ok": False, "failure": str(error), "home": summary.get("home")}
    if emit is not None:
        emit(summary)
    return 0 if summary["ok"] else 1


def _show(directory: Path, report: Report, limit: int) -> None:
    """All parts, in order."""
    from hyperhost.demo import registry_parts as parts
    from hyperhost.demo.packages import packages
    from hyperhost.host.home import Home

    started = time.perf_counter()
    with report.step("read the corpus") as step:
        source, found = packages(limit)
        step.count, step.detail = len(found), source
    report.opening(source, len(found))
    home, other = Home(directory / "home"), Home(directory / "other")
    with report.step("make two registries") as step:
        for each in (home, other):
            parts.make(each, PROVIDERS)
        step.count = 2
    with parts.opened(home) as here:
        parts.load(here, report, found)
        parts.mark(here, report, found)
        parts.render(here, report)
        parts.generate(here, report, directory)
        parts.find(here, report, found)
        with parts.opened(other) as there:
            parts.carry_over(here, there, report, directory)
        parts.back_up(here, report, directory)
        parts.audit(here, report)
    report.summary(time.perf_counter() - started)


@contextmanager
def _directory(keep: bool) -> Iterator[Path]:
    """A directory of the user's own, removed at the end unless it is to be kept."""
    path = Path(tempfile.gettempdir()).absolute() / f"hyperhost-demo-{secrets.token_hex(16)}"
    try:
        path.mkdir(mode=0o700)
        yield path
    finally:
        if not keep:
            with contextlib.suppress(OSError):
                shutil.rmtree(path, ignore_errors=True)
