"""Makes the helpers in ``tests/support`` importable by every test; runs many tests on all processors."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

pytest_plugins = ["pytester"]  # only the first conftest may name plugins

MOST_WORKERS = 8
FEW_FILES = 8
"""So few files are tested where they are: a worker takes seconds to start, and a debugger wants none."""
_BYTECODE = pytest.StashKey[tempfile.TemporaryDirectory[str]]()


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Without ``-n``: a worker for each processor, if there is enough to do."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # a worker comes by here as well, with the same arguments: it would start workers, and so on
    options = config.option
    if not config.pluginmanager.hasplugin("xdist") or options.numprocesses is not None or options.tx:
        return
    if options.usepdb or options.trace or options.collectonly or options.capture == "no":
        return
    if len(_files(config)) > FEW_FILES:
        options.numprocesses = min(_processors(), MOST_WORKERS)
        if options.dist == "no":
            options.dist = "worksteal"  # each begins with neighbours, which share fixtures


def _files(config: pytest.Config) -> set[Path]:
    """Files with tests that the command line asks for."""
    found: set[Path] = set()
    for word in config.args:
        path = config.invocation_params.dir / word.partition("::")[0]
        found.update(path.rglob("test_*.py") if path.is_dir() else [path])
    return found


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pytest_configure(config: pytest.Config) -> None:
    """Where Python is told to keep no bytecode, the many processes of the tests share some of this run."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", "") and "PYTHONPYCACHEPREFIX" not in os.environ:
        config.stash[_BYTECODE] = tempfile.TemporaryDirectory(prefix="hyperhost-tests-bytecode-")
        os.environ["PYTHONPYCACHEPREFIX"] = config.stash[_BYTECODE].name


def pytest_unconfigure(config: pytest.Config) -> None:
    """Bytecode of this run goes with it."""
    if (kept := config.stash.get(_BYTECODE, None)) is not None:
        os.environ.update(PYTHONDONTWRITEBYTECODE="1")
        del os.environ["PYTHONPYCACHEPREFIX"]
        kept.cleanup()
