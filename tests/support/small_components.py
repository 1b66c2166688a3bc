"""Small components written as text: one core module, hooks with plain numbers, one host function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import wasmtime
from echo_components import MEMORY

import hyperhost
from hyperhost.contracts.types import U32
from hyperhost.errors import RefusalError

MEET = "test:meet/host@1.0.0"


@dataclass(frozen=True)
class Hook:
    """One exported hook.

    Attributes:
        name: In kebab-case.
        type: Its type as component text: ``(param "n" s64) (result s64)``.
        core: Parameters, result, locals and body of the core function behind it.
        free: Body of its post-return function.
    """

    name: str
    type: str
    core: str
    free: str = "(global.set $heap (i32.const 4096))"

    @property
    def text(self) -> str:
        """The core functions."""
        returned = (
            "(param i32)"
            if "(result i32)" in self.core
            else "(param i64)"
            if "(result i64)" in self.core
            else ""
        )
        return f"""
    (func (export "{self.name}") {self.core})
    (func (export "{self.name}-free") {returned} {self.free})"""

    @property
    def lifted(self) -> str:
        """The component function."""
        return f"""
  (func (export "{self.name}") {self.type} (canon lift (core func $i "{self.name}")
    (memory (core memory $i "mem")) (realloc (core func $i "realloc"))
    (post-return (core func $i "{self.name}-free"))))"""


def component(hooks: Iterable[Hook], *, core: str = "", meets: bool = False) -> bytes:
    """A component with these hooks.

    Args:
        hooks: The hooks.
        core: More definitions of the core module, after its memory.
        meets: It imports ``meet: func(n: s64) -> s64`` of :data:`MEET`, in the core module ``$meet``.
    """
    hooks = list(hooks)
    imported = f'(import "{MEET}" (instance $host (export "meet" (func (param "n" s64) (result s64)))))'
    lowered = '(core func $meet (canon lower (func $host "meet")))'
    given = '(with "h" (instance (export "meet" (func $meet))))'
    text = f"""
(component
  {imported if meets else ""} {lowered if meets else ""}
  (core module $m
    {'(import "h" "meet" (func $meet (param i64) (result i64)))' if meets else ""}
    {MEMORY} {core} {"".join(hook.text for hook in hooks)})
  (core instance $i (instantiate $m {given if meets else ""}))
  {"".join(hook.lifted for hook in hooks)})"""
    return bytes(wasmtime.wat2wasm(text))


COUNT = Hook(
    "count",
    "(result s64)",
    "(result i64) (global.set $calls (i64.add (global.get $calls) (i64.const 1))) (global.get $calls)",
)
"""How often this instance was called; needs the global :data:`CALLS`."""
CALLS = "(global $calls (mut i64) (i64.const 0))"
SPIN = Hook("spin", "(result s64)", "(result i64) (loop $l (br $l)) (i64.const 0)")
"""Never ends."""
WORK = Hook(
    "work",
    '(param "n" s64) (result s64)',
    """(param $n i64) (result i64) (local $sum i64)
      (loop $more
        (local.set $sum (i64.add (local.get $sum) (local.get $n)))
        (local.set $n (i64.sub (local.get $n) (i64.const 1)))
        (br_if $more (i64.gt_s (local.get $n) (i64.const 0))))
      (local.get $sum)""",
)
"""1 + 2 + … + n, in n rounds."""
TRAP = Hook("trap", "(result s64)", "(result i64) unreachable")
"""Traps."""
MEETS = Hook("meet", '(param "n" s64) (result s64)', "(param i64) (result i64) (call $meet (local.get 0))")
"""Calls the host function ``meet``; the component must be made with ``meets``."""
GROW = Hook(
    "grow",
    '(param "n" s64) (result s64)',
    """(param $n i64) (result i64)
      (loop $more
        (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
        (local.set $n (i64.sub (local.get $n) (i64.const 1)))
        (br_if $more (i64.gt_s (local.get $n) (i64.const 0))))
      (i64.extend_i32_u (memory.size))""",
)
"""Takes n pages more, one by one, or traps."""
EVERYTHING = (COUNT, SPIN, WORK, TRAP, GROW)


def answering(number: int, *hooks: str) -> bytes:
    """A component whose hooks all answer with ``number``, whatever the parameters."""
    return component([Hook(hook, "(result s64)", f"(result i64) (i64.const {number})") for hook in hooks])


def write_plugin(
    folder: Path, data: bytes, *, version: str = "1.0.0", hooks: str = "", more: str = ""
) -> Path:
    """A directory with ``plugin.toml`` and the component; its name is the plugin's id."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plugin.wasm").write_bytes(data)
    listed = f"hooks = [{hooks}]" if hooks else ""
    head = f'[plugin]\nid = "{folder.name}"\nversion = "{version}"\ncomponent = "plugin.wasm"\n{listed}\n'
    (folder / "plugin.toml").write_text(head + more, encoding="utf-8")
    return folder


class Small:
    """Hookspecs of the hooks above, and some that differ in what a fault or a first answer means."""

    @hyperhost.hookspec
    def count(self) -> int: ...

    @hyperhost.hookspec
    def spin(self) -> int: ...

    @hyperhost.hookspec
    def work(self, n: int) -> int: ...

    @hyperhost.hookspec
    def trap(self) -> int: ...

    @hyperhost.hookspec
    def meet(self, n: int) -> int: ...

    @hyperhost.hookspec
    def grow(self, n: int) -> int: ...

    @hyperhost.hookspec
    def fail(self, kind: U32) -> int: ...

    @hyperhost.hookspec(on_fault="skip")
    def observe(self, n: int) -> int: ...

    @hyperhost.hookspec(firstresult=True)
    def first(self, n: int) -> int: ...

    @hyperhost.hookspec(raises=RefusalError)
    def judge(self, n: int) -> int: ...

    @hyperhost.hookspec(service="store", firstresult=True)
    def store_read(self, n: int) -> int: ...

    @hyperhost.hookspec(service="store", firstresult=True)
    def store_write(self, n: int) -> int: ...


class Meeting(hyperhost.HostInterface):
    """A host function that does what ``body`` does.

    Args:
        body: Called with the running call and the number that the guest gave.
    """

    name = MEET
    capability = "meet"
    target_required = False

    def __init__(self, body=lambda call, n: n) -> None:
        self._body = body

    @hyperhost.hostfunction(requires="meet")
    def meet(self, call: hyperhost.Call, n: int) -> int:
        """Run the body."""
        return self._body(call, n)
