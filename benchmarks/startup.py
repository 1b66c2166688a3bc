"""What starting costs: whole processes against ``python -c pass``, medians of runs in turns.

Counted is processor time, which other programs on the machine disturb less than they do the clock. Modules
are compiled before, as pip does when it installs them.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from common import ROOT, Row, main

ROUNDS = 31
BARE = [sys.executable, "-c", "pass"]
CLI = [sys.executable, "-m", "hyperhost.cli.main"]


def measure() -> list[Row]:
    """The rows of this benchmark."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory) / "home"
        environment = {
            **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": str(Path(directory) / "compiled"),
            "HYPERHOST_HOME": str(home),
        }
        rows = [
            _row(environment, "import hyperhost", [sys.executable, "-c", "import hyperhost"], 60),
            _row(
                environment,
                "from hyperhost import Host",
                [sys.executable, "-c", "from hyperhost import Host, Limits, hookimpl, hookspec"],
                None,
                "the public names are imported when first used; this uses those of a usual program",
            ),
            _row(environment, "hyperhost --help", [*CLI, "--help"], 250),
        ]
        try:
            _fill(environment)
        except subprocess.CalledProcessError as caught:
            reason = f"no registry could be made: {caught.stderr.strip()}"
            return [*rows, Row("hyperhost artifact get", bound=400, better="under", unit="ms", error=reason)]
        get = _row(environment, "hyperhost artifact get", [*CLI, "artifact", "get", "org.acme/auth"], 400)
        return [*rows, get, *_completions(environment, home)]


def _fill(environment: Mapping[str, str]) -> None:
    """A registry with one artifact, in SQLite."""
    for words in (
        "registry init",
        "namespace create org.acme",
        "artifact create --name org.acme/auth --type library --version 1.0.0",
    ):
        subprocess.run([*CLI, *words.split()], env=environment, capture_output=True, text=True, check=True)


def _completions(environment: Mapping[str, str], home: Path) -> list[Row]:
    """The Tab key: after a change, when the names are read anew, and once they are known."""

    def forget() -> None:
        shutil.rmtree(home / "cache", ignore_errors=True)

    def pressed(typed: str) -> dict[str, str]:
        asked = {"COMP_WORDS": f"hyperhost artifact get {typed}", "COMP_CWORD": "3"}
        return {**environment, "_HYPERHOST_COMPLETE": "complete_bash", **asked}

    return [
        _row(pressed("org.acme/"), "Tab: names of artifacts, after a change", CLI, 250, before=forget),
        _row(pressed("or"), "Tab: namespaces, after a change", CLI, 250, before=forget),
        _row(pressed("org.acme/"), "Tab: names of artifacts, again", CLI, None, "from what was kept"),
    ]


def _row(
    environment: Mapping[str, str],
    what: str,
    command: list[str],
    bound: float | None,
    note: str = "",
    before: Callable[[], None] = lambda: None,
) -> Row:
    before()
    first = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if first.returncode or not (first.stdout or "-c" in command):
        reason = (first.stderr.strip().splitlines() or [f"status {first.returncode}, nothing printed"])[-1]
        return Row(what, bound=bound, better="under", unit="ms", error=reason)
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(ROUNDS):
        before()
        for name, arguments in (("bare", BARE), ("ours", command)):
            started = _used()
            subprocess.run(arguments, env=environment, stdout=subprocess.DEVNULL, check=True)
            times[name].append((_used() - started) * 1000)
    bare, ours = statistics.median(times["bare"]), statistics.median(times["ours"])
    best = min(times["ours"]) - min(times["bare"])
    note = note or "over bare Python; medians of whole processes, processor time"
    return Row(what, ours, bare, "ms", ours - bare, bound, "under", note=f"{note}; least {best:.0f} ms")


def _used() -> float:
    """Seconds of processor time of all processes that were started and have ended."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


if __name__ == "__main__":
    main(measure)
