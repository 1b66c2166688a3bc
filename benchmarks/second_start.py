"""The second start with an 18 MB Python component: from ``Host(…)`` to the first hook's result.

The component is built once by componentize-py and kept, with a home whose compile cache knows
it, in a directory of the user under the system's directory for temporary files. Every figure
comes from new processes that time themselves; the median of several is compared with the bound.

HyperHost imports its modules, and wasmtime, when they are first used. In the first row, which has
the bound, every module that such a start uses is imported before the clock starts. The second row
is for information: only ``import hyperhost`` comes before the clock, so it contains all lazy
imports. It cannot reach the bound: the first row and the import of wasmtime, which is printed
beside it, exceed it together. Neither contains the start of Python.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import ROOT, Row, main

ROUNDS = 15
_WIT = """
package benchmark:plugin@1.0.0;
world plugin { export echo: func(text: string) -> string; }
"""
_GUEST = """
import wit_world

class WitWorld(wit_world.WitWorld):
    def echo(self, text: str) -> str:
        return text
"""


def measure() -> list[Row]:
    """The rows of this benchmark."""
    try:
        directory = _prepared()
    except (OSError, subprocess.CalledProcessError) as caught:
        reason = f"the guest cannot be built, is componentize-py installed? {caught}"
        return [Row("second start, 18 MB component", unit="ms", bound=50, better="under", error=reason)]
    _child(directory, "plain")  # fills the cache, and the system's own
    modules = _child(directory, "plain")["modules"]
    runs: dict[str, list[dict[str, float]]] = {"imported": [], "plain": [], "parts": []}
    for _ in range(ROUNDS):
        for mode, found in runs.items():
            found.append(_child(directory, mode, modules)["ms"])
    size = (directory / "guest.wasm").stat().st_size / 1e6
    parts = {name: statistics.median(run[name] for run in runs["parts"]) for name in runs["parts"][0]}
    shown = ", ".join(f"{name} {value:.1f}" for name, value in parts.items())
    return [
        _row("second start, modules imported", runs["imported"], 50, f"{size:.1f} MB; in ms: {shown}"),
        _row(
            "second start, lazy imports included",
            runs["plain"],
            None,
            "only `import hyperhost` before the clock starts; "
            f"`import wasmtime.component` alone takes {_wasmtime_ms():.0f} ms",
        ),
    ]


def _wasmtime_ms() -> float:
    """Median time of importing wasmtime's component API in a new process."""
    code = (
        "import time; t = time.perf_counter(); import wasmtime.component; "
        "print((time.perf_counter() - t) * 1000)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in range(5)]
    return statistics.median(float(run.stdout) for run in runs)


def _row(what: str, runs: list[dict[str, float]], bound: float | None, note: str) -> Row:
    totals = [run["total"] for run in runs]
    median = statistics.median(totals)
    note = f"median of {len(totals)} processes, best {min(totals):.1f} ms; {note}"
    return Row(what, median, None, "ms", median, bound, "under", note=note)


def _prepared() -> Path:
    """The directory with the guest, built when it is not there."""
    directory = Path(tempfile.gettempdir()) / f"hyperhost-benchmarks-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.stat().st_uid != os.getuid():
        raise OSError(f"{directory} belongs to somebody else")
    guest = directory / "guest.wasm"
    if not guest.exists():
        tool = shutil.which(
            "componentize-py", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        )
        if tool is None:
            raise OSError("componentize-py is not on the path")
        with tempfile.TemporaryDirectory(dir=directory) as build:
            (Path(build) / "wit").mkdir()
            (Path(build) / "wit" / "world.wit").write_text(_WIT)
            (Path(build) / "app.py").write_text(_GUEST)
            command = [
                tool,
                "-d",
                "wit",
                "-w",
                "plugin",
                "componentize",
                "--stub-wasi",
                "app",
                "-o",
                "guest.wasm",
            ]
            subprocess.run(command, cwd=build, check=True, stdout=subprocess.DEVNULL)
            (Path(build) / "guest.wasm").replace(guest)
    (directory / "home").mkdir(exist_ok=True)
    return directory


def _child(directory: Path, mode: str, modules: list[str] | None = None) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).resolve()), "--child", str(directory), mode]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, env=environment, input=json.dumps(modules or []), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# --- in the child ---------------------------------------------------------------------------------


def start(directory: Path, mode: str) -> None:
    """Start once and print what it took, in milliseconds, as JSON."""
    import contextlib
    import importlib

    modules = json.load(sys.stdin)
    if mode != "plain":
        for name in modules:
            with contextlib.suppress(ModuleNotFoundError):  # C extensions register modules that no file holds
                importlib.import_module(name)
    import hyperhost

    class Echo:
        """The hook."""

        @hyperhost.hookspec(firstresult=True)
        def echo(self, text: str) -> str:
            """Give back the text."""

    parts = _instrument() if mode == "parts" else {}
    started = time.perf_counter()
    host = hyperhost.Host("benchmarks", specs=[Echo], home=directory / "home")
    made = time.perf_counter()
    host.load(directory / "guest.wasm")
    answer = host.hook.echo(text="hello")
    ended = time.perf_counter()
    assert answer == "hello"
    host.close()
    figures = {"total": ended - started}
    if parts:
        rest = ended - made - sum(parts.values())
        figures = {"Host()": made - started, **parts, "rest": rest, **figures}
    used = sorted(name for name in sys.modules if not name.startswith("_") and name != "__main__")
    print(json.dumps({"ms": {name: value * 1000 for name, value in figures.items()}, "modules": used}))


def _instrument() -> dict[str, float]:
    """Have the steps of a start timed; returns where their seconds will appear."""
    import wasmtime.component as wc

    from hyperhost.host import component as host_component
    from hyperhost.host import package
    from hyperhost.sandbox import cache, engine, linker, runtime

    parts: dict[str, float] = {}

    def timed(holder: Any, attribute: str, name: str) -> None:
        parts[name] = 0.0
        inner: Callable[..., Any] = getattr(holder, attribute)

        def outer(*arguments: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return inner(*arguments, **options)
            finally:
                parts[name] += time.perf_counter() - started

        setattr(holder, attribute, staticmethod(outer) if attribute == "deserialize_file" else outer)

    timed(package, "open_package", "read and digest")
    timed(engine.Sandbox, "engine", "engine")
    timed(cache.CompileCache, "find", "cache check")
    timed(wc.Component, "deserialize_file", "deserialise")
    timed(host_component, "_exports", "types of exports")
    timed(linker, "link", "link")
    timed(runtime.ComponentRuntime, "_instantiate", "instantiate")
    timed(runtime.ComponentRuntime, "_enter", "first call")
    return parts


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        start(Path(sys.argv[2]), sys.argv[3])
    else:
        main(measure)
