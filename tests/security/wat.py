"""Writes hostile components as text, so that no toolchain is needed to have one.

Every component made here has the same three parts: a core module ``libc`` with a memory and an
allocator, the host functions it imports, lowered, and a core module ``main`` with the hooks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from wasmtime import wat2wasm

BUMP = """(func (export "realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32)
   (result i32) (local $at i32)
   (local.set $at (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
   (global.set $top (i32.add (local.get $at) (local.get $size)))
   (if (i32.gt_u (global.get $top) (i32.mul (memory.size) (i32.const 65536)))
    (then (drop (memory.grow (i32.add (i32.div_u (local.get $size) (i32.const 65536)) (i32.const 1))))))
   (local.get $at))"""
"""An honest allocator: hands out what follows, and never takes anything back."""


def realloc(body: str) -> str:
    """An allocator that does ``body`` and nothing else."""
    return f"""(func (export "realloc") (param $old i32) (param $had i32) (param $align i32)
   (param $size i32) (result i32) {body})"""


@dataclass(frozen=True)
class Hook:
    """One exported hook.

    Attributes:
        name: In kebab-case.
        type: Its type as component text: ``(param "n" s64) (result s64)``.
        core: Parameters, result, locals and body of the core function behind it.
        post: The same of its post-return function; empty for none.
        options: Further options of ``canon lift``.
    """

    name: str
    type: str
    core: str
    post: str = ""
    options: str = ""

    def defined(self) -> str:
        post = f'(func (export "{self.name}-post") {self.post})' if self.post else ""
        return f'(func (export "{self.name}") {self.core}) {post}'

    def lifted(self) -> str:
        post = f'(post-return (core func $main "{self.name}-post"))' if self.post else ""
        return f"""(func (export "{self.name}") {self.type}
   (canon lift (core func $main "{self.name}") (memory $memory) (realloc $realloc) {post} {self.options}))"""


@dataclass(frozen=True)
class Import:
    """One imported function.

    Attributes:
        name: What the core module calls it: ``$log``.
        interface: Full name of the host interface.
        function: Name of the function in it.
        type: Its type as component text.
        core: Its core type: ``(param i32 i32 i32)``.
        types: Types that the instance declares before it.
    """

    name: str
    interface: str
    function: str
    type: str
    core: str
    types: str = ""


LEVEL = """(type $level-type (enum "debug" "info" "warning" "error"))
  (export "level" (type $level (eq $level-type)))"""
LOG = Import(
    "log",
    "hyperhost:host/log@1.0.0",
    "write",
    '(param "level" $level) (param "message" string)',
    "(param i32 i32 i32)",
    LEVEL,
)
SLEEP = Import("sleep", "hyperhost:host/clock@1.0.0", "sleep", '(param "ms" u32)', "(param i32)")
NOW = Import("now", "hyperhost:host/clock@1.0.0", "now", "(result u64)", "(result i64)")
ENV = Import(
    "env",
    "hyperhost:host/env@1.0.0",
    "get",
    '(param "name" string) (result (option string))',
    "(param i32 i32 i32)",
)
CONFIG = Import("config", "hyperhost:host/config@1.0.0", "all", "(result string)", "(param i32)")
RANDOM = Import(
    "random",
    "hyperhost:host/random@1.0.0",
    "bytes",
    '(param "count" u32) (result (list u8))',
    "(param i32 i32)",
)
KV_SET = Import(
    "set",
    "hyperhost:host/kv@1.0.0",
    "set",
    '(param "key" string) (param "value" (list u8))',
    "(param i32 i32 i32 i32)",
)
KV_GET = Import(
    "get",
    "hyperhost:host/kv@1.0.0",
    "get",
    '(param "key" string) (result (option (list u8)))',
    "(param i32 i32 i32)",
)


@dataclass(frozen=True)
class Guest:
    """A component to be written.

    Attributes:
        hooks: What it exports.
        imports: What it imports.
        core: Further definitions of the core module: functions, globals, data, a start function.
        types: Component types, exported or not, before the hooks.
        memory: Limits of its memory in pages: ``1`` or ``1 4``.
        realloc: Its allocator.
        before: Component text in front of everything.
    """

    hooks: Iterable[Hook]
    imports: Iterable[Import] = ()
    core: str = ""
    types: str = ""
    memory: str = "2"
    realloc: str = field(default=BUMP, repr=False)
    before: str = ""

    def text(self) -> str:
        """The component as text."""
        instances: dict[str, list[Import]] = {}
        for each in self.imports:
            instances.setdefault(each.interface, []).append(each)
        declared, lowered = "", ""
        for number, (interface, functions) in enumerate(instances.items()):
            types = dict.fromkeys(each.types for each in functions)
            members = "".join(f'\n  (export "{f.function}" (func {f.type}))' for f in functions)
            declared += f'\n (import "{interface}" (instance $i{number} {" ".join(types)}{members}))'
            for each in functions:
                lowered += f"""
 (core func ${each.name} (canon lower (func $i{number} "{each.function}")
  (memory $memory) (realloc $realloc)))"""
        wanted = [each for functions in instances.values() for each in functions]
        given = " ".join(f'(export "{each.name}" (func ${each.name}))' for each in wanted)
        taken = "\n  ".join(f'(import "host" "{i.name}" (func ${i.name} {i.core}))' for i in wanted)
        defined = "\n  ".join(hook.defined() for hook in self.hooks)
        lifted = "\n ".join(hook.lifted() for hook in self.hooks)
        return f"""(component {self.before} {declared}
 (core module $libc-module
  (memory (export "memory") {self.memory})
  (global $top (mut i32) (i32.const 4096))
  {self.realloc})
 (core instance $libc (instantiate $libc-module))
 (alias core export $libc "memory" (core memory $memory))
 (alias core export $libc "realloc" (core func $realloc)){lowered}
 (core module $main-module
  {taken}
  (import "libc" "memory" (memory 0))
  (import "libc" "realloc" (func $alloc (param i32 i32 i32 i32) (result i32)))
  {self.core}
  {defined})
 (core instance $main (instantiate $main-module
  (with "libc" (instance $libc)) (with "host" (instance {given}))))
 {self.types}
 {lifted})"""

    @staticmethod
    def compiled(text: str) -> bytes:
        """The component that is written as ``text``."""
        return bytes(wat2wasm(text))

    def binary(self) -> bytes:
        """The component."""
        return self.compiled(self.text())

    def write(self, path: Path) -> Path:
        """Write the component to ``path``, which is returned."""
        path.write_bytes(self.binary())
        return path


# --- hooks that most guests are made of; ``Probe`` in conftest.py declares them --------------------

NUMBER = '(param "n" s64) (result s64)'
TEXT = '(param "text" string) (result string)'


def run(body: str, *, post: str = "", options: str = "") -> Hook:
    """The hook ``run(n: int) -> int``; ``$n`` is its argument."""
    return Hook("run", NUMBER, f"(param $n i64) (result i64) {body}", post, options)


def text(body: str, *, post: str = "") -> Hook:
    """The hook ``text(text: str) -> str``; ``$at`` and ``$length`` are its argument."""
    return Hook("text", TEXT, f"(param $at i32) (param $length i32) (result i32) {body}", post)


ECHO = text(
    "(i32.store (i32.const 16) (local.get $at)) (i32.store (i32.const 20) (local.get $length)) (i32.const 16)"
)
"""Answers with what it was asked."""
DOUBLE = run("(i64.mul (local.get $n) (i64.const 2))")
"""Answers with twice its argument."""
GOOD = Guest([DOUBLE, ECHO])
"""A plugin that means no harm."""


def answering(name: str, type_: str, memory: bytes) -> Guest:
    """A guest whose hook ``name()`` answers with a value laid out in ``memory``, which begins at 1024."""
    escaped = "".join(f"\\{byte:02x}" for byte in memory)
    return Guest(
        [Hook(name, f"(result {type_})", "(result i32) (i32.const 1024)")],
        core=f'(data (i32.const 1024) "{escaped}")',
    )
