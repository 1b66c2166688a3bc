"""Projects of plugins that need no compiler: their source is component text."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import wasmtime

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "security"))

from wat import ENV, KV_GET, KV_SET, LOG, NOW, RANDOM, SLEEP, Guest, Import, run

from hyperhost.errors import CompileError

HTTP_TYPES = """
  (type $headers (list (tuple string string)))
  (type $request-type (record (field "method" string) (field "url" string) (field "headers" $headers)
    (field "body" (list u8)) (field "timeout-ms" (option u32))))
  (export "http-request" (type $request (eq $request-type)))
  (type $response-type (record (field "status" u16) (field "headers" $headers) (field "body" (list u8))
    (field "url" string)))
  (export "http-response" (type $response (eq $response-type)))
  (type $kind-type (enum "denied" "timeout" "too-large" "dns" "connect" "tls" "protocol" "redirects"))
  (export "http-error-kind" (type $kind (eq $kind-type)))
  (type $error-type (record (field "kind" $kind) (field "message" string)))
  (export "http-error" (type $error (eq $error-type)))"""
FETCH = Import(
    "fetch",
    "hyperhost:host/http@1.0.0",
    "fetch",
    '(param "request" $request) (result (result $response (error $error)))',
    f"(param {' '.join(['i32'] * 11)})",
    HTTP_TYPES,
)
URL = "https://api.acme.test/v1/x?token=sesame-open"

# What `run` does depends on its argument; anything else is doubled.
CASES = {
    1: "(call $log (i32.const 1) (i32.const 1024) (i32.const 5)) (return (i64.const 1))",
    2: "(return (call $now))",
    3: "(call $sleep (i32.const 60000)) (return (call $now))",
    4: "(call $random (i32.const 4) (i32.const 16)) "
    "(return (i64.extend_i32_u (i32.load8_u (i32.load (i32.const 16)))))",
    5: "(call $env (i32.const 1040) (i32.const 4) (i32.const 16)) "
    "(if (i32.eqz (i32.load8_u (i32.const 16))) (then (return (i64.const -1)))) "
    "(return (i64.extend_i32_u (i32.load8_u (i32.load (i32.const 20)))))",
    6: "(call $set (i32.const 1048) (i32.const 1) (i32.const 1049) (i32.const 3)) (return (i64.const 6))",
    7: "(call $get (i32.const 1048) (i32.const 1) (i32.const 16)) "
    "(if (i32.eqz (i32.load8_u (i32.const 16))) (then (return (i64.const -1)))) "
    "(return (i64.extend_i32_u (i32.load8_u (i32.load (i32.const 20)))))",
    8: "unreachable",
    9: "(loop $on (br $on))",
    10: f"(call $fetch (i32.const 1056) (i32.const 3) (i32.const 1060) (i32.const {len(URL)}) "
    "(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64)) "
    "(if (i32.load8_u (i32.const 64)) "
    "(then (return (i64.sub (i64.const -1) (i64.extend_i32_u (i32.load8_u (i32.const 68))))))) "
    "(return (i64.extend_i32_u (i32.load16_u (i32.const 68))))",
}
MEMORY = f'(data (i32.const 1024) "hello") (data (i32.const 1040) "HOME") (data (i32.const 1048) "k123") \
(data (i32.const 1056) "GET") (data (i32.const 1060) "{URL}")'


def source(factor: int = 2) -> str:
    """Component text of the plugin; it multiplies by ``factor`` where it does nothing else."""
    tests = "\n".join(
        f"(if (i64.eq (local.get $n) (i64.const {number})) (then {body}))" for number, body in CASES.items()
    )
    rest = f"(i64.mul (local.get $n) (i64.const {factor}))"
    imports = [LOG, NOW, SLEEP, RANDOM, ENV, KV_SET, KV_GET, FETCH]
    return Guest([run(f"{tests} {rest}")], imports, core=MEMORY).text()


SPECS = '''
"""Hooks of a host program."""

import hyperhost
from hyperhost.errors import RefusalError


class Numbers:
    """The hooks."""

    @hyperhost.hookspec(firstresult=True)
    def run(self, n: int) -> int:
        """Make another number of a number."""
'''
ASKED = ("log", "clock", "random", "env:HOME", "kv", "http:api.acme.test")


def manifest(plugin: str = "acme-numbers", *, more: str = "", asked: Sequence[str] = ASKED) -> str:
    asks = "\n".join(f'[[capabilities.required]]\nname = "{each}"\nreason = "to try it"' for each in asked)
    return (
        f'[plugin]\nid = "{plugin}"\nversion = "0.1.0"\nhooks = ["run"]\n'
        '[build]\nlanguage = "c"\nsource = "plugin.c"\nspecs = ["acme_numbers:Numbers"]\n'
        f"{more}\n{asks}\n"
    )


def make_project(
    directory: Path,
    plugin: str = "acme-numbers",
    *,
    built: bool = True,
    factor: int = 2,
    tests: str = "",
    **options: Any,
) -> Path:
    """A project; ``built`` leaves its component there as a build does."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "plugin.toml").write_text(manifest(plugin, **options), encoding="utf-8")
    (directory / "acme_numbers.py").write_text(SPECS, encoding="utf-8")
    (directory / "plugin.c").write_text(source(factor), encoding="utf-8")
    if tests:
        (directory / "tests").mkdir(exist_ok=True)
        (directory / "tests" / "test_it.py").write_text(textwrap.dedent(tests), encoding="utf-8")
    if built:
        from hyperhost.sdk.freshness import mark_built, source_digest
        from hyperhost.sdk.project import open_project

        project = open_project(directory)
        project.component.write_bytes(wasmtime.wat2wasm(source(factor)))
        mark_built(project, source_digest(project))
    return directory


class TextToolchain:
    """Takes component text for the language; says what is wrong with it as a compiler does."""

    language = "c"

    def require(self, project: Any) -> Mapping[str, str]:
        return {"wat": "1.0"}

    def bindings(self, project: Any, world: Any, directory: Path) -> None:
        (directory / "plugin.h").write_text("/* nothing */\n", encoding="utf-8")

    def compile(self, project: Any, world: Any, bindings: Path, out: Path) -> tuple[str, ...]:
        try:
            out.write_bytes(wasmtime.wat2wasm(project.source.read_text(encoding="utf-8")))
        except wasmtime.WasmtimeError as error:
            raise CompileError(f"plugin.c: {error}", hint="mend it") from error
        return ()


def text_toolchain() -> ModuleType:
    """A module to stand in place of ``hyperhost.sdk.languages.c``."""
    module = ModuleType("hyperhost.sdk.languages.c")
    module.TOOLCHAIN = TextToolchain()  # type: ignore[attr-defined]
    return module


def install() -> None:
    """Take component text for C in this process; for processes of the command line."""
    sys.modules["hyperhost.sdk.languages.c"] = text_toolchain()
