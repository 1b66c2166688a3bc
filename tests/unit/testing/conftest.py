"""Projects, and runs of pytest in them."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from plugin_projects import make_project, text_toolchain

# What a run within this process imports is forgotten with it; wasmtime must not be loaded twice.
import hyperhost.sandbox.wasi
import hyperhost.sdk.build
import hyperhost.sdk.dev
import hyperhost.testing.bench
import hyperhost.testing.builders  # noqa: F401 - see above
from hyperhost.sdk.testrun import plugin_arguments

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Component text is compiled where C is asked for."""
    monkeypatch.setitem(sys.modules, "hyperhost.sdk.languages.c", text_toolchain())
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "acme_numbers", raising=False)


@pytest.fixture
def project(pytester: pytest.Pytester, compiler: None) -> Path:
    """A built project, in the directory that the run starts in."""
    return make_project(pytester.path)


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, compiler: None) -> Run:
    """Write tests and run them, as the author of the project does."""
    monkeypatch.setenv("HYPERHOST_HOME", str(tmp_path / "no-home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(tests: str, *words: str, directory: Path | None = None) -> pytest.RunResult:
        place = (directory or pytester.path) / "tests"
        place.mkdir(exist_ok=True)
        (place / f"test_{place.parent.name.replace('-', '_')}.py").write_text(textwrap.dedent(tests))
        given = [*plugin_arguments(), "--strict-markers", "-Werror", *words]
        # The others are slow; faulthandler, when it ends, takes away the signal handlers that wasmtime needs.
        for name in ("faulthandler", "cacheprovider", "hypothesispytest", "anyio"):
            given += ["-p", f"no:{name}"]
        return pytester.runpytest_inprocess(*given)

    return run
