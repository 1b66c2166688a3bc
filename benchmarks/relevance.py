"""Which mode and engine puts first what a person meant: nDCG@10 on 100 judged queries.

``relevance.json`` holds the queries: names, descriptions in other words, and misspellings. What the engines
put among their first ten was judged by reading name and description: 3 is what was meant, 2 does the same,
1 has to do with it, and what is not named is 0. The corpus is a sample of the packages of Debian, the same on
every machine with its index: each eighth name, and all whose name holds that of a judged one. Embedding it
takes four minutes once; vectors are kept in the directory ``RELEVANCE_CACHE`` (by default in that for
temporary files).

``--pool`` prints the hits that were not judged yet.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from common import Row, main
from corpus import artifacts

import hyperhost
from builtin_plugins.embed_minilm.plugin import EmbedMinilm
from builtin_plugins.operations.plugin import Operations
from builtin_plugins.search.plugin import SearchOperations
from builtin_plugins.search_semantic.plugin import SearchSemantic
from builtin_plugins.search_sql.plugin import SearchSql
from builtin_plugins.search_whoosh.plugin import SearchWhoosh
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.contracts import Artifact, ArtifactWrite, PutMode

JUDGED = Path(__file__).with_name("relevance.json")
CACHE = Path(os.environ.get("RELEVANCE_CACHE", Path(tempfile.gettempdir()) / "hyperhost-relevance"))
DEPTH = 10
_EIGHTH = 8


def judged() -> list[dict[str, Any]]:
    """The queries: ``query``, ``kind`` and ``grades``, by name of a package."""
    found: list[dict[str, Any]] = json.loads(JUDGED.read_text(encoding="utf-8"))["queries"]
    return found


def sample() -> list[Artifact]:
    """The artifacts that are searched."""
    stems = json.loads(JUDGED.read_text(encoding="utf-8"))["stems"]
    graded = {name for each in judged() for name in each["grades"]}
    return [
        each
        for each in artifacts()
        if zlib.crc32(each.name.encode()) % _EIGHTH == 0
        or each.name in graded
        or any(stem in each.name for stem in stems)
    ]


def engines() -> dict[str, object]:
    """Engines that search by words, by name."""
    found: dict[str, object] = {"whoosh": SearchWhoosh(), "FTS5": SearchSql()}
    if find_spec("tantivy") and find_spec("builtin_plugins.search_tantivy.plugin"):
        from builtin_plugins.search_tantivy.plugin import SearchTantivy

        found["tantivy"] = SearchTantivy()
    return found


@contextmanager
def registry(engine: object, name: str, items: list[Artifact]) -> Iterator[hyperhost.Operations]:
    """A registry that holds the sample; indexes lie in the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with hyperhost.Host("relevance", home=CACHE) as host:
        for plugin, plugin_id in (
            (StorageMemory(), "storage"),
            (Operations(), "operations"),
            (SearchOperations(), "search"),
            (engine, f"search-{name.lower()}"),
            (EmbedMinilm(), "embed-minilm"),
            (SearchSemantic(), "search-semantic"),
        ):
            host.register(plugin, plugin_id)
        written = [ArtifactWrite(each, "") for each in items]
        host.hook.storage_put_artifacts(items=written, mode=PutMode.CREATE)
        end = items[-1]
        host.hook.storage_append_log(log="history", subject=end.id, data_json="{}", at_us=len(items))
        run = hyperhost.Operations(host)
        host.hook.semantic_catch_up()
        yield run


def first(run: hyperhost.Operations, query: str, mode: str) -> list[str]:
    """Names of the first hits."""
    hits = run.run("search", query=query, mode=mode, size=DEPTH)["hits"]
    return [hit["artifact"]["name"] for hit in hits]


def ndcg(names: list[str], grades: dict[str, int]) -> float:
    """Normalised discounted cumulative gain of the first ten; a grade ``g`` gains ``2^g - 1``."""
    best = sorted(grades.values(), reverse=True)[:DEPTH]

    def gain(ordered: list[int]) -> float:
        return sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(ordered))

    return gain([grades.get(name, 0) for name in names]) / gain(best) if gain(best) else 0.0


def answers(items: list[Artifact]) -> tuple[dict[str, list[list[str]]], dict[str, float]]:
    """The first hits of each query by engine and mode, and how many milliseconds a query took."""
    found: dict[str, list[list[str]]] = {}
    took: dict[str, float] = {}
    queries = [each["query"] for each in judged()]
    for name, engine in engines().items():
        with registry(engine, name, items) as run:
            modes = {name: "keyword", f"hybrid, {name}": "hybrid"}
            if "semantic" not in found:
                modes["semantic"] = "semantic"
            for what, mode in modes.items():
                first(run, queries[0], mode)
                began = time.perf_counter()
                found[what] = [first(run, query, mode) for query in queries]
                took[what] = (time.perf_counter() - began) * 1000 / len(queries)
    return found, took


def measure() -> list[Row]:
    """The rows."""
    items, queries = sample(), judged()
    found, took = answers(items)
    kinds = list(dict.fromkeys(each["kind"] for each in queries))
    values = {
        what: [ndcg(names, each["grades"]) for names, each in zip(lists, queries, strict=True)]
        for what, lists in found.items()
    }
    best_alone = max(statistics.mean(each) for what, each in values.items() if not what.startswith("hybrid"))
    rows = []
    for what, each in sorted(values.items(), key=lambda pair: -statistics.mean(pair[1])):
        of_kind: dict[str, list[float]] = {kind: [] for kind in kinds}
        for value, said in zip(each, queries, strict=True):
            of_kind[said["kind"]].append(value)
        parts = ", ".join(f"{kind} {statistics.mean(part):.3f}" for kind, part in of_kind.items())
        mean, unjudged = statistics.mean(each), 0
        for names, query in zip(found[what], queries, strict=True):
            unjudged += sum(name not in query["grades"] and name not in query["zero"] for name in names)
        hybrid = what.startswith("hybrid")
        rows.append(
            Row(
                f"{what}, nDCG@10",
                mean,
                best_alone if hybrid else None,
                "",
                mean / best_alone if hybrid else mean,
                1.0 if hybrid else None,
                "at least",
                None,
                f"{parts}; {len(items):,} records, {unjudged} hits unjudged, {took[what]:.0f} ms a query",
            )
        )
    return rows


def pool() -> None:
    """Print what is to be judged."""
    items, queries = sample(), judged()
    about = {each.name: each.metadata.description for each in items}
    found, _ = answers(items)
    for number, query in enumerate(queries):
        known = {*query["grades"], *query["zero"]}
        names = dict.fromkeys(name for lists in found.values() for name in lists[number])
        new = [name for name in names if name not in known]
        if new:
            print(f"## {number} {query['query']}")
            for name in new:
                print(f"{name}\t{about[name][:90]}")


if __name__ == "__main__":
    if "--pool" in sys.argv:
        argparse.ArgumentParser(description=__doc__).parse_known_args()
        pool()
    else:
        main(measure)
