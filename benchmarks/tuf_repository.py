"""A TUF repository of 100,000 targets: what a refresh costs a client, and a publish the registry.

Half of the targets are versions of artifacts, half are the indexes that say which of them there are.
"""

from __future__ import annotations

import functools
import hashlib
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from common import Row, main
from tuf.api.metadata import TargetFile

from builtin_plugins.trust_tuf.client import TrustedClient
from builtin_plugins.trust_tuf.indexes import index_target, write_index
from builtin_plugins.trust_tuf.keeper import Keeper
from hyperhost.contracts import TrustSource

TARGETS = 100_000
ROUNDS = 15


class Quiet(SimpleHTTPRequestHandler):
    """Any web server does; this one says nothing."""

    def log_message(self, *_: object) -> None:
        pass


def target(number: int) -> TargetFile:
    """What is signed of one artifact, as long as it really is."""
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    custom = {
        "id": digest[:36],
        "type": "library",
        "dependencies": [{"artifact": "org.acme/base", "constraint": "^1.0.0", "type": "runtime"}],
        "record": digest,
    }
    return TargetFile(number, {"sha256": digest}, f"org.acme/package-{number}/1.0.0", {"custom": custom})


def index(number: int) -> tuple[str, bytes]:
    """Path and content of the index of an artifact with one version, as long as it really is."""
    made = target(number)
    record = {
        "id": made.custom["id"],
        "name": f"package-{number}",
        "namespace": "org.acme",
        "type": "library",
        "version": "1.0.0",
        "content_hash": f"sha256:{made.hashes['sha256']}",
        "metadata": {"description": "It is what it is. " * 10, "licenses": ["MIT"], "tags": ["a", "b"]},
        "dependencies": made.custom["dependencies"],
        "manifest_sha256": None,
    }
    entry = {"version": "1.0.0", "record": record, "manifest": None, "bundle": None}
    artifact = f"org.acme/package-{number}"
    return f"{artifact}/index.json", write_index(artifact, {"1.0.0": entry})


def timed(act: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Milliseconds of each run, sorted."""
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        act()
        found.append((time.perf_counter() - started) * 1000)
    return sorted(found)


def in_turns(*acts: Callable[[], object]) -> list[list[float]]:
    """Milliseconds of each run of each act, sorted; whatever disturbs one of them disturbs the others."""
    found: list[list[float]] = [[] for _ in acts]
    for _ in range(ROUNDS):
        for act, times in zip(acts, found, strict=True):
            times += timed(act, 1)
    return [sorted(times) for times in found]


def row(what: str, times: list[float], bound: float | None, note: str) -> Row:
    """A row of a time by itself, as the bound is one."""
    best, median = times[0], times[len(times) // 2]
    return Row(what, best, None, "ms", best, bound, "under", median, note)


def measure() -> list[Row]:
    """The rows of this benchmark."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        keeper = Keeper(place / "tuf", place / "tuf.key")
        keeper.create()
        with keeper.edit() as repository:
            numbers = range(TARGETS // 2)
            repository.change({each.path: each for each in map(target, numbers)})
            repository.change({path: index_target(path, data) for path, data in map(index, numbers)})
        server = ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Quiet, directory=str(keeper.store.directory))
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            return _rows(keeper, place, f"http://127.0.0.1:{server.server_port}/")
        finally:
            server.shutdown()
            server.server_close()


def _rows(keeper: Keeper, place: Path, url: str) -> list[Row]:
    source = TrustSource(str(place / "trusted"), url)
    TrustedClient.begin(source.metadata_dir, (keeper.store.directory / "1.root.json").read_bytes())

    def refresh() -> None:
        with TrustedClient(source) as client:
            client.refresh()

    def find() -> None:
        with TrustedClient(source) as client:
            assert client.find("org.acme/package-7/1.0.0") is not None

    numbers = iter(range(TARGETS, 2 * TARGETS))

    def publish(registry: Keeper, *, indexed: bool = True) -> None:
        number = next(numbers)
        made = target(number)
        with registry.edit() as repository:
            repository.change({made.path: made})
            path, data = index(number)
            extra = registry.shelve(repository, path, data) if indexed else index_target(path, data)
            repository.change({path: extra})

    refresh()
    unchanged = timed(refresh)
    find()
    found = timed(find)
    plain, warm = in_turns(lambda: publish(keeper, indexed=False), lambda: publish(keeper))
    keeper.keys._key()

    def publish_anew() -> None:
        another = Keeper(keeper.store.directory.parent, keeper.keys.unlock)
        another.keys = keeper.keys  # deriving the sealing key is slow on purpose, and done once in a process
        publish(another)

    cold = timed(publish_anew)
    return [
        row(
            f"refresh, unchanged, {TARGETS:,} targets",
            unchanged,
            150,
            "over loopback; a new client each time",
        ),
        row("the same, and one target looked up", found, None, "its bin is known already"),
        row("publish of one version with its index", warm, None, "four or five files, durable"),
        Row(
            "the same, to a publish of two targets",
            warm[0],
            plain[0],
            "ms",
            warm[0] / plain[0],
            2.0,
            "at most",
            warm[ROUNDS // 2] / plain[ROUNDS // 2],
            "which signs as many bins and keeps no index",
        ),
        row("the same, by a process that begins", cold, None, "reads the snapshot, the delegation and a bin"),
    ]


if __name__ == "__main__":
    main(measure)
