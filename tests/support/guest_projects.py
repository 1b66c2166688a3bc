"""Projects of plugins in Python and JavaScript, compiled by the real tools, each once a session."""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from node import link_packages

MANIFEST = """
[plugin]
id = "acme-echo"
version = "0.1.0"
hooks = ["echo_all", "check_more"]

[build]
language = "{language}"
source = "{source}"
specs = ["guest_contract:Echo"]

[limits]
memories = 3

[[capabilities.required]]
name = "log"
reason = "says what it does"

[[capabilities.optional]]
name = "kv"
reason = "remembers"
"""
PYTHON = """\
from hyperhost_guest import Everything, World, kv, log, refuse

from acme_words import WORDS


class Plugin(World):
    def __init__(self) -> None:
        self.greeting = WORDS[0]

    def echo_all(self, value: Everything) -> Everything:
        return value

    def check_more(self, kind: str, count: int) -> int | None:
        log.write(log.Level.DEBUG, f"{self.greeting} {kind}")
        if kind == "no":
            raise refuse("because", "r1")
        if kind == "bug":
            raise ValueError("a bug")
        if kind == "late":
            import csv
        if kind == "file":
            open("words.txt")
        if kind == "kv":
            kv.set("k", b"12")
            return len(kv.get("k") or b"")
        print("printed", kind)
        return None if kind == "none" else count
"""
JAVASCRIPT = """\
// @ts-check
/** @import { Hooks } from "hyperhost:plugin" */
import { delete as remove, get, set } from "hyperhost:host/kv@1.0.0";
import { write } from "hyperhost:host/log@1.0.0";
import { WORDS } from "./lib/words.js";

/** @type {Hooks["echoAll"]} */
export function echoAll(value) {
  /** @type {(each: any) => string} */
  const kind = (each) => (each === null ? "null" : each.constructor.name);
  const kinds = Object.entries(value).map(([name, each]) => `${name}:${kind(each)}`);
  write("info", kinds.join(" "));
  return value;
}

/** @type {Hooks["checkMore"]} */
export function checkMore(kind, count) {
  write("debug", `${WORDS[0]} ${kind}`);
  if (kind === "no") throw { reason: "because", rule: "r1" };
  if (kind === "norule") throw { reason: "because" };
  if (kind === "bug") throw new TypeError("a bug");
  if (kind === "kv") {
    set("k", new Uint8Array([1, 2]));
    const length = get("k")?.length ?? 0;
    return remove("k") ? length : null;
  }
  console.log("printed", kind, [1]);
  return kind === "none" ? null : count;
}
"""
JSCONFIG = """{"compilerOptions": {"checkJs": true, "strict": true, "noEmit": true, "target": "es2022",
"lib": ["es2023"], "module": "esnext", "moduleResolution": "bundler", "types": []},
"include": ["*.js", "bindings/*.d.ts"]}"""
COMPILE = """
import sys
from pathlib import Path
from hyperhost.sdk.build import generate
from hyperhost.sdk.project import open_project
from hyperhost.sdk.toolchain import toolchain
project = open_project(sys.argv[1])
chain = toolchain(project.plan.language)
print(*chain.compile(project, generate(project), project.bindings, Path(sys.argv[2])), sep="\\n")
"""
PACKAGES = ("componentize-qjs", "typescript")
ROOT = Path(__file__).resolve().parents[2]


def need_python_tool() -> None:
    if importlib.util.find_spec("componentize_py") is None:
        pytest.skip("componentize-py is not installed: python -m pip install componentize-py")


@functools.cache
def session_directory() -> Path:
    directory = tempfile.mkdtemp(prefix="hyperhost-guests-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return Path(directory)


def python_project(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "plugin.toml").write_text(MANIFEST.format(language="python", source="plugin.py"))
    (directory / "plugin.py").write_text(PYTHON)
    (directory / "acme_words").mkdir()
    (directory / "acme_words" / "__init__.py").write_text(
        "from pathlib import Path\nWORDS = Path(__file__).with_name('words.txt').read_text().split()\n"
    )
    (directory / "acme_words" / "words.txt").write_text("hello world\n")
    return directory


def javascript_project(directory: Path) -> Path:
    (directory / "lib").mkdir(parents=True)
    (directory / "plugin.toml").write_text(MANIFEST.format(language="javascript", source="plugin.js"))
    (directory / "plugin.js").write_text(JAVASCRIPT)
    (directory / "jsconfig.json").write_text(JSCONFIG)
    (directory / "lib" / "words.js").write_text('export const WORDS = ["hello", "world"];\n')
    link_packages(directory, *PACKAGES)
    return directory


def start_compile(project: Path, out: Path, **environment: str) -> subprocess.Popen[str]:
    """Compile in a process of its own, so that two can run at the same time."""
    out.parent.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")])
    return subprocess.Popen(
        [sys.executable, "-c", COMPILE, str(project), str(out)],
        env={**os.environ, "PYTHONPATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> list[str]:
    """The notes of a build that was started."""
    said, complained = process.communicate(timeout=110)
    assert process.returncode == 0, complained
    return said.split("\n")[:-1]


@functools.cache
def two_builds(language: str) -> tuple[Path, Path, list[str]]:
    """Two components of one source, built at the same time with everything different that may differ."""
    make = python_project if language == "python" else javascript_project
    top = session_directory() / language
    first = make(top / "one")
    second = make(top / "elsewhere and deeper" / "two")
    for path in [*second.rglob("*.py"), *second.rglob("*.js")]:
        if not path.is_symlink() and "node_modules" not in path.parts:
            os.utime(path, (1_000_000_000, 1_000_000_000))
    (second / "tests").mkdir()
    (second / "tests" / "test_plugin.py").write_text("import nothing_of_this\n")
    (second / "README.md").write_text("about it\n")
    (second / "plugin.wasm").write_bytes(b"built before")
    temporary = top / "temporary files"
    temporary.mkdir()
    one = start_compile(first, top / "out1" / "a.wasm", PYTHONHASHSEED="1", TZ="UTC", LANG="C.UTF-8")
    two = start_compile(
        second,
        top / "out 2" / "b.wasm",
        PYTHONHASHSEED="2",
        TMPDIR=str(temporary),
        TZ="Asia/Tokyo",
        LANG="C",
        HOME=str(temporary),
    )
    notes = finish(one)
    assert finish(two) == notes
    return top / "out1" / "a.wasm", top / "out 2" / "b.wasm", [note for note in notes if note]
