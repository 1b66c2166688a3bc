"""The solver against ``nab-resolver`` on graphs with an answer, hard conflicts, and ``uv`` to compare.

Both get the same graph in their own form before the clock starts: HyperHost constraints as text, the
peer ranges of integers, so that HyperHost's time includes reading 50,000 constraints. ``uv`` gets wheels
that hold metadata only, in a directory, and starts as a process of its own.
"""

from __future__ import annotations

import base64
import hashlib
import random
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from common import Row, interleave, main, ratio_row

from builtin_plugins.resolution import solve
from hyperhost.errors import ResolutionError

VERSIONS, NEEDS, ROOTS = 20, 5, 10
SMALL = 150
TEXTS = [f"{number // 5 + 1}.{number % 5}.0" for number in range(VERSIONS)]

Graph = list[list[dict[int, tuple[int, int]]]]


def reaching(packages: int) -> Graph:
    """Each version needs others from some version on; the newest of everything is an answer."""
    rng = random.Random(5)

    def needs(package: int) -> dict[int, tuple[int, int]]:
        others = rng.sample(range(packages), NEEDS)
        return {other: (rng.randrange(VERSIONS), VERSIONS - 1) for other in others if other != package}

    return [[needs(package) for _ in range(VERSIONS)] for package in range(packages)]


def majors(packages: int) -> Graph:
    """Old versions need old ones and new versions need new ones, each of later packages."""
    rng = random.Random(6)

    def needs(package: int, version: int) -> dict[int, tuple[int, int]]:
        later = range(package + 1, min(packages, package + 51))
        span = (VERSIONS // 2, VERSIONS - 1) if version >= VERSIONS // 2 else (0, VERSIONS // 2 - 1)
        return dict.fromkeys(rng.sample(later, min(NEEDS, len(later))), span)

    return [[needs(package, version) for version in range(VERSIONS)] for package in range(packages)]


def index_of(graph: Graph) -> dict[str, dict[str, dict[str, str]]]:
    """A graph as HyperHost reads it."""
    return {
        f"p{package}": {
            TEXTS[version]: {
                f"p{other}": f">={TEXTS[low]} <={TEXTS[high]}" for other, (low, high) in needs.items()
            }
            for version, needs in enumerate(versions)
        }
        for package, versions in enumerate(graph)
    }


def peer_of(graph: Graph) -> Callable[[], object]:
    """A graph as ``nab-resolver`` reads it, solved when called."""
    from nab_resolver.ranges import Range
    from nab_resolver.resolver import BaseProvider, Resolver

    ranges = [
        [{other: Range.between(low, high + 1) for other, (low, high) in needs.items()} for needs in versions]
        for versions in graph
    ]

    class Provider(BaseProvider[int, int]):
        def choose_version(self, package: int, version_range: Any) -> int | None:
            return next((v for v in range(VERSIONS - 1, -1, -1) if v in version_range), None)

        def has_satisfying_version(self, package: int, version_range: Any) -> bool:
            return self.choose_version(package, version_range) is not None

        def get_dependencies(self, package: int, version: int) -> Any:
            return ranges[package][version]

        def prioritize(self, package: int, version_range: Any, conflicts: Any, *rest: Any) -> Any:
            return -conflicts.get(package, 0), package

        def widen_decision(self, package: int, version: int) -> None:
            return None

    return lambda: Resolver(Provider()).resolve({root: Range.full() for root in range(ROOTS)})


def compared(what: str, graph: Graph) -> Row:
    """One graph, both solvers in turns. The bound is on time that passed; the note has processor time."""
    index, roots, peer = index_of(graph), {f"p{root}": "*" for root in range(ROOTS)}, peer_of(graph)
    processor: dict[str, list[float]] = {"hyperhost": [], "nab": []}

    def timed(name: str, call: Callable[[], object]) -> Callable[[int], None]:
        def run(count: int) -> None:
            for _ in range(count):
                began = time.process_time()
                call()
                processor[name].append(time.process_time() - began)

        return run

    timing = interleave(
        {"hyperhost": timed("hyperhost", lambda: solve(roots, index)), "nab": timed("nab", peer)},
        rounds=5,
        calls=1,
    )
    ours, theirs = (median(processor[name][1:]) for name in ("hyperhost", "nab"))
    chosen = len(solve(roots, index).versions)
    note = f"{chosen:,} packages; the peer is nab-resolver; median of processor time {ours / theirs:.2f}"
    return ratio_row(what, timing, "hyperhost", "nab", 0.5, unit="ms", note=note)


def hard() -> Row:
    """Two packages of which every pair of versions conflicts, each pair by another way."""
    versions = [f"{number}.0.0" for number in range(1, 31)]
    index: dict[str, Any] = {
        "a": {version: {"x": f"={version}", "y": "*"} for version in versions},
        "b": {version: {"y": f"={version}", "x": "*"} for version in versions},
        "x": {version: {"z": "=1.0.0"} for version in versions},
        "y": {version: {"z": "=2.0.0"} for version in versions},
        "z": {"1.0.0": {}, "2.0.0": {}},
    }
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        try:
            solve({"a": "*", "b": "*"}, index)
        except ResolutionError:
            best = min(best, time.perf_counter() - began)
    return Row("two packages, 900 pairs, none fits", best * 1000, None, "ms", best * 1000, 100, "under")


def wheel(folder: Path, name: str, version: str, needs: dict[str, str]) -> None:
    """A wheel without a module."""
    info = f"{name}-{version}.dist-info"
    requires = "".join(f"Requires-Dist: {other}{spec}\n" for other, spec in needs.items())
    files = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{info}/RECORD,,\n"
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)


def with_uv() -> Row:
    """A smaller graph, because 200,000 wheels take longer to write than to resolve."""
    what = f"uv, {SMALL} packages"
    uv = shutil.which("uv")
    if uv is None:
        return Row(what, error="there is no command uv; pip install uv")
    graph = majors(SMALL)
    index, roots = index_of(graph), {f"p{root}": "*" for root in range(ROOTS)}
    with tempfile.TemporaryDirectory() as folder:
        for name, versions in index.items():
            for version, needs in versions.items():
                wheel(Path(folder), name, version, {n: c.replace(" ", ",") for n, c in needs.items()})
        asked = Path(folder, "roots.in")
        asked.write_text("\n".join(roots))
        command = [uv, "pip", "compile", "-q", "--offline", "--no-index", "--find-links", folder, str(asked)]

        def run(count: int) -> None:
            for _ in range(count):
                subprocess.run(command, check=True, capture_output=True)

        timing = interleave(
            {"hyperhost": lambda count: [solve(roots, index) for _ in range(count)] and None, "uv": run},
            rounds=3,
            calls=1,
        )
    note = "for comparison: uv's time includes its start and reading the metadata of wheels"
    return ratio_row(what, timing, "hyperhost", "uv", None, unit="ms", note=note)


def measure() -> list[Row]:
    """All rows."""
    size = 10_000
    return [
        compared(f"{size:,} packages x 20, ranges up to the newest", reaching(size)),
        compared(f"{size:,} packages x 20, two generations", majors(size)),
        hard(),
        with_uv(),
    ]


if __name__ == "__main__":
    main(measure)
