"""Warm ``artifact_validate`` in each language: what ``plugin new`` writes, built and called.

Every guest reports an empty description, so a whole artifact goes in and one issue comes out. The
bound is on what a component in C costs more than the same check as a native plugin, host work
included. The peer is the same check in C for Extism, with its input and output as JSON, which is
how its users pass records; its plugin is kept, too.

Needs ziglang, componentize-py and, for C, Zig and JavaScript, npm. A language whose tools are
missing is a row that says so.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import extism
from common import Row, interleave, main, repeat

from hyperhost import Host, hookimpl
from hyperhost.contracts import ArtifactChange, IssueSeverity, ValidationIssue
from hyperhost.errors import BuildError
from hyperhost.sdk.build import build
from hyperhost.sdk.new import write_project
from hyperhost.sdk.project import open_project
from hyperhost.sdk.writing.order import order
from hyperhost.testing import change

LANGUAGES = ("c", "zig", "javascript", "python", "rust")
BOUND_US = 30.0
CHANGE = change(description="", licenses=["MIT"], labels={"tier": "core"})
ISSUE = ValidationIssue(
    "description.missing", "say in one sentence what it is", IssueSeverity.MEDIUM, "metadata.description"
)

EXTISM_C = r"""
typedef unsigned char u8; typedef unsigned long long u64;
#define FROM(name) __attribute__((import_module("extism:host/env"), import_name(#name))) extern
FROM(input_length) u64 input_length(void);
FROM(input_load_u8) u8 input_load_u8(u64);
FROM(input_load_u64) u64 input_load_u64(u64);
FROM(alloc) u64 alloc_block(u64);
FROM(store_u8) void store_u8(u64, u8);
FROM(store_u64) void store_u64(u64, u64);
FROM(output_set) void output_set(u64, u64);
static u64 text[8192];
static const char wanted[] = "\"description\": \"\"";
static const char issue[] = "[{\"rule\":\"description.missing\","
  "\"message\":\"say in one sentence what it is\","
  "\"severity\":\"medium\",\"path\":\"metadata.description\"}]";
static void put(const char *from, u64 size) {
  u64 at = alloc_block(size), done = 0;
  for (; done + 8 <= size; done += 8) {
    u64 word = 0;
    for (int i = 7; i >= 0; i--) word = word << 8 | (u8)from[done + i];
    store_u64(at + done, word);
  }
  for (; done < size; done++) store_u8(at + done, (u8)from[done]);
  output_set(at, size);
}
__attribute__((export_name("artifact_validate"))) int artifact_validate(void) {
  u64 size = input_length(), done = 0;
  if (size > sizeof text) return 1;
  for (; done + 8 <= size; done += 8) text[done / 8] = input_load_u64(done);
  for (; done < size; done++) ((u8 *)text)[done] = input_load_u8(done);
  const u64 length = sizeof wanted - 1;
  for (u64 at = 0; at + length <= size; at++) {
    u64 same = 0;
    while (same < length && ((char *)text)[at + same] == wanted[same]) same++;
    if (same == length) { put(issue, sizeof issue - 1); return 0; }
  }
  put("[]", 2);
  return 0;
}
"""


class Native:
    """The same check as a native plugin."""

    @hookimpl
    def artifact_validate(self, change: ArtifactChange) -> list[ValidationIssue]:
        """Report an empty description."""
        return [] if change.artifact.metadata.description else [ISSUE]


def measure() -> list[Row]:
    """The rows of this benchmark."""
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="hyperhost-benchmark-") as scratch:
        native = stack.enter_context(Host("native"))
        native.register(Native())
        competitors = {"native": lambda: native.hook.artifact_validate(change=CHANGE)[0]}
        missing: dict[str, str] = {}
        for language in LANGUAGES:
            try:
                host = stack.enter_context(_host(language, Path(scratch, language)))
            except (BuildError, OSError, subprocess.SubprocessError) as error:
                missing[language] = str(error).splitlines()[0]
                continue
            competitors[language] = lambda hook=host.hook: hook.artifact_validate(change=CHANGE)[0]
        competitors["extism"] = _extism(Path(scratch))
        for name, function in competitors.items():
            assert function() == [ISSUE], name
        slow = {"python": 200, "javascript": 1_000}
        timing = interleave(
            {name: repeat(function) for name, function in competitors.items()},
            rounds=15,
            calls={name: slow.get(name, 2_000) for name in competitors},
        )
    rows = []
    for name in (*LANGUAGES, "extism"):
        if name == "rust" and name in missing:  # its target is no part of what a test machine has
            print(f"rust is left out: {missing[name]}", file=sys.stderr)
            continue
        if name in missing:
            rows.append(Row(f"validate in {name}, over native", error=missing[name]))
            continue
        over, middle = ((part(name) - part("native")) * 1e6 for part in (timing.best, timing.median))
        notes = [f"native {timing.best('native') * 1e6:.1f} µs", "peer: Extism, C, records as JSON"]
        rows.append(
            Row(
                f"validate in {'C for Extism' if name == 'extism' else name}, over native",
                timing.best(name) * 1e6,
                timing.best("extism") * 1e6,
                "µs",
                over,
                BOUND_US if name == "c" else None,
                "under",
                middle,
                "; ".join(notes),
            )
        )
    return rows


@contextmanager
def _host(language: str, directory: Path) -> Iterator[Host]:
    """A host with a plugin as ``plugin new`` writes it, its instance kept."""
    write_project(order(f"acme-{language}", language, ["artifact_validate"]), directory)
    if (directory / "package.json").exists():
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund"], cwd=directory, check=True, capture_output=True
        )
    component = build(directory).path.read_bytes()
    with Host(language) as host:
        host.load(open_project(directory).package(component), instances="pooled")
        yield host


def _extism(directory: Path) -> Callable[[], list[ValidationIssue]]:
    source, module = directory / "extism.c", directory / "extism.wasm"
    source.write_text(EXTISM_C)
    subprocess.run(
        [
            *(sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-freestanding", "-Os", "-nostdlib"),
            *("-Wl,--no-entry", "-o", str(module), str(source)),
        ],
        check=True,
        capture_output=True,
    )
    plugin = extism.Plugin(module.read_bytes())

    def call() -> list[ValidationIssue]:
        text = json.dumps(dataclasses.asdict(CHANGE))
        found = json.loads(bytes(plugin.call("artifact_validate", text)))
        return [
            ValidationIssue(each["rule"], each["message"], IssueSeverity(each["severity"]), each["path"])
            for each in found
        ]

    return call


if __name__ == "__main__":
    main(measure)
