"""Components made from a Python type: they hand a value back, directly or through the host.

Every value travels inside a record ``wrapper`` that also holds sixteen numbers. With those its
parameter takes more than sixteen core values and so arrives as one address in linear memory, and
its result leaves as one address too. The core code is then the identity, whatever the type.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import wasmtime
import wasmtime.component

import hyperhost
from hyperhost.contracts.types import U64
from hyperhost.errors import RefusalError
from hyperhost.host.manifest import Manifest
from hyperhost.host.package import Package
from hyperhost.sandbox.guest_types import imports
from hyperhost.sandbox.types import (
    REFUSAL,
    Enum,
    Flags,
    Function,
    List,
    Map,
    Option,
    Prim,
    Record,
    Result,
    Tuple,
    Variant,
    WitType,
    type_from_python,
)

PADS = 16
BOUNCE = "test:bounce/host@1.0.0"
CAPABILITY = "bounce"

MEMORY = """
    (memory (export "mem") 1)
    (global $heap (mut i32) (i32.const 4096))
    ;; Hands out memory upwards from 4096, growing it when needed; all is taken back after the call.
    (func $realloc (export "realloc")
      (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (local $start i32)
      (local.set $start
        (i32.and
          (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
      (global.set $heap (i32.add (local.get $start) (local.get $size)))
      (block $enough
        (loop $more
          (br_if $enough
            (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
          (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
          (br $more)))
      (if (local.get $old) (then
        (memory.copy (local.get $start) (local.get $old) (local.get $old-size))))
      (local.get $start))
    (func (export "free") (param i32) (global.set $heap (i32.const 4096)))
"""
"""A memory and an allocator for core modules of tests."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The Python side of one component: its wrapper class and its IR type."""

    cls: type
    type: Record

    def __call__(self, value: Any, *, refuse: bool = False) -> Any:
        """A wrapper around ``value``."""
        return self.cls(refuse, value)


def wrap(annotation: Any) -> Wrapped:
    """A wrapper class for values of one type; ``refuse`` comes first, so its byte is at offset 0."""
    pads = [(f"pad{index}", U64, dataclasses.field(default=index)) for index in range(PADS)]
    cls = dataclasses.make_dataclass("Wrapper", [("refuse", bool), ("value", annotation), *pads], frozen=True)
    kind = type_from_python(cls, "the wrapper")
    assert isinstance(kind, Record)
    return Wrapped(cls, kind)


# --- component text -------------------------------------------------------------------------------


class Names:
    """Type imports of one component: every record, variant, enum and flags type gets a name."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.lines: list[str] = []

    def text(self, kind: WitType) -> str:
        """A type as component text, declaring what it needs first."""
        match kind:
            case Prim(name):
                return name
            case List(element):
                return f"(list {self.text(element)})"
            case Map(value):
                return f"(list (tuple string {self.text(value)}))"
            case Option(inner):
                return f"(option {self.text(inner)})"
            case Tuple(elements):
                return f"(tuple {' '.join(map(self.text, elements))})"
            case Result(ok, err):
                first = f" {self.text(ok)}" if ok is not None else ""
                second = f" (error {self.text(err)})" if err is not None else ""
                return f"(result{first}{second})"
            case Record(fields=fields):
                return self._named(
                    "record", [f'(field "{field.name}" {self.text(field.type)})' for field in fields]
                )
            case Variant(cases=cases):
                return self._named(
                    "variant",
                    [
                        f'(case "{name}"{f" {self.text(payload)}" if payload else ""})'
                        for name, payload, _ in cases
                    ],
                )
            case Enum(cases=cases):
                return self._named("enum", [f'"{case}"' for case in cases])
            case Flags(flags=flags):
                return self._named("flags", [f'"{flag}"' for flag in flags])
        raise AssertionError(f"no component text for {kind}")

    def _named(self, word: str, parts: list[str]) -> str:
        body = f"({word} {' '.join(parts)})"
        if body not in self.known:
            name = f"t{len(self.known)}"
            self.known[body] = f"${name}"
            self.lines.append(f"  (type ${name}' {body})\n  (import \"{name}\" (type ${name} (eq ${name}')))")
        return self.known[body]


def size_and_alignment(kind: WitType) -> tuple[int, int]:
    """Bytes and alignment of a type in linear memory, as the canonical ABI lays it out."""
    match kind:
        case Prim("string") | List() | Map():
            return 8, 4
        case Prim(name):
            size = {"bool": 1, "char": 4}.get(name) or int(name[1:]) // 8
            return size, size
        case Enum(cases=cases):
            size = _discriminant(len(cases))
            return size, size
        case Flags(flags=flags):
            size = 1 if len(flags) <= 8 else 2 if len(flags) <= 16 else 4
            return size, size
        case Record(fields=fields):
            return _sequence([field.type for field in fields])
        case Tuple(elements):
            return _sequence(list(elements))
        case Option(inner):
            return _tagged([None, inner])
        case Result(ok, err):
            return _tagged([ok, err])
        case Variant(cases=cases):
            return _tagged([payload for _, payload, _ in cases])
    raise AssertionError(f"no layout for {kind}")


def _discriminant(cases: int) -> int:
    return 1 if cases <= 1 << 8 else 2 if cases <= 1 << 16 else 4


def _up(offset: int, alignment: int) -> int:
    return (offset + alignment - 1) // alignment * alignment


def _sequence(kinds: list[WitType]) -> tuple[int, int]:
    offset, most = 0, 1
    for size, alignment in map(size_and_alignment, kinds):
        offset, most = _up(offset, alignment) + size, max(most, alignment)
    return _up(offset, most), most


def _tagged(payloads: list[WitType | None]) -> tuple[int, int]:
    sizes = [size_and_alignment(payload) for payload in payloads if payload is not None]
    tag = _discriminant(len(payloads))
    alignment = max([tag, *(each[1] for each in sizes)])
    return _up(_up(tag, alignment) + max((each[0] for each in sizes), default=0), alignment), alignment


def echo_component(kind: Record) -> bytes:
    """A component with four hooks that hand back a wrapper of type ``kind``.

    ``echo`` is the identity; ``echo-via-host`` sends it through ``bounce`` of a host interface;
    ``echo-or-fail`` sends it through ``fallible``, whose answer and error are both wrappers, and notes
    in ``refuse`` which of the two it was; ``echo-or-refuse`` answers with the refusal "no thanks" of
    the rule "test" when told to.
    """
    names = Names()
    wrapper, refusal = names.text(kind), names.text(REFUSAL)
    size, alignment = size_and_alignment(kind)
    assert alignment == 8
    func = f'(param "value" {wrapper}) (result {wrapper})'
    refusing = f'(param "value" {wrapper}) (result (result {wrapper} (error {refusal})))'
    text = f"""
(component
{chr(10).join(names.lines)}
  (import "{BOUNCE}" (instance $host
    (export "bounce" (func {func}))
    (export "fallible" (func (param "value" {wrapper}) (result (result {wrapper} (error {wrapper})))))))
  (core module $memory {MEMORY}
    (data (i32.const 1024) "no thankstest"))
  (core instance $m (instantiate $memory))
  (core func $bounce (canon lower (func $host "bounce")
    (memory (core memory $m "mem")) (realloc (core func $m "realloc"))))
  (core func $fallible (canon lower (func $host "fallible")
    (memory (core memory $m "mem")) (realloc (core func $m "realloc"))))
  (core module $code
    (import "m" "mem" (memory 1))
    (import "m" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (import "h" "bounce" (func $bounce (param i32 i32)))
    (import "h" "fallible" (func $fallible (param i32 i32)))
    (func $new (param $size i32) (result i32)
      (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (local.get $size)))
    (func (export "echo") (param $value i32) (result i32) (local.get $value))
    (func (export "bounce") (param $value i32) (result i32)
      (local $answer i32)
      (local.set $answer (call $new (i32.const {size})))
      (call $bounce (local.get $value) (local.get $answer))
      (local.get $answer))
    (func (export "fallible") (param $value i32) (result i32)
      (local $answer i32)
      (local.set $answer (call $new (i32.const {size + 8})))
      (call $fallible (local.get $value) (local.get $answer))
      (i32.store8 offset=8 (local.get $answer) (i32.load8_u (local.get $answer)))
      (i32.add (local.get $answer) (i32.const 8)))
    (func (export "refuse") (param $value i32) (result i32)
      (local $answer i32)
      (local.set $answer (call $new (i32.const {max(size, 16) + 8})))
      (if (i32.load8_u (local.get $value))
        (then
          (i32.store8 (local.get $answer) (i32.const 1))
          (i32.store offset=8 (local.get $answer) (i32.const 1024))
          (i32.store offset=12 (local.get $answer) (i32.const 9))
          (i32.store offset=16 (local.get $answer) (i32.const 1033))
          (i32.store offset=20 (local.get $answer) (i32.const 4)))
        (else
          (i32.store8 (local.get $answer) (i32.const 0))
          (memory.copy (i32.add (local.get $answer) (i32.const 8)) (local.get $value) (i32.const {size}))))
      (local.get $answer)))
  (core instance $c (instantiate $code
    (with "m" (instance $m))
    (with "h" (instance (export "bounce" (func $bounce)) (export "fallible" (func $fallible))))))
{_lifted("echo", "echo", func)}
{_lifted("echo-via-host", "bounce", func)}
{_lifted("echo-or-fail", "fallible", func)}
{_lifted("echo-or-refuse", "refuse", refusing)}
)"""
    return bytes(wasmtime.wat2wasm(text))


def _lifted(export: str, core: str, func: str) -> str:
    return f"""
  (func ${export} {func}
    (canon lift (core func $c "{core}")
      (memory (core memory $m "mem")) (realloc (core func $m "realloc")) (post-return (core func $m "free"))))
  (export "{export}" (func ${export}))"""


# --- host side --------------------------------------------------------------------------------------


class NoThanks(RefusalError):
    """The refusal of ``echo_or_refuse``."""


def annotated(function: Any, **annotations: Any) -> Any:
    """Give a function the annotations of a type made at run time, and the name of a method."""
    function.__annotations__ = annotations
    function.__qualname__ = f"Made.{function.__name__}"
    return function


def specs_for(cls: type) -> type:
    """Hookspecs of the hooks that :func:`echo_component` and :func:`native_echo` implement."""

    def echo(self, value): ...
    def echo_via_host(self, value): ...
    def echo_or_fail(self, value): ...
    def echo_or_refuse(self, value): ...

    types = {"value": cls, "return": cls}
    return type(
        "EchoSpecs",
        (),
        {
            "echo": hyperhost.hookspec(annotated(echo, **types)),
            "echo_via_host": hyperhost.hookspec(annotated(echo_via_host, **types)),
            "echo_or_fail": hyperhost.hookspec(annotated(echo_or_fail, **types)),
            "echo_or_refuse": hyperhost.hookspec(raises=NoThanks)(annotated(echo_or_refuse, **types)),
        },
    )


def bounce_interface(cls: type, seen: list[Any] | None = None) -> hyperhost.HostInterface:
    """A host interface whose functions hand a wrapper back, and note it in ``seen``.

    ``fallible`` turns ``refuse`` round, so that only the guest can put it right.
    """

    def bounce(self, call, value):
        if seen is not None:
            seen.append(value)
        return value

    def fallible(self, call, value):
        if seen is not None:
            seen.append(value)
        turned = dataclasses.replace(value, refuse=not value.refuse)
        if value.refuse:
            raise hyperhost.Err(turned)
        return turned

    mark = hyperhost.hostfunction
    body = {
        "name": BOUNCE,
        "capability": CAPABILITY,
        "target_required": False,
        "bounce": mark(requires=CAPABILITY)(annotated(bounce, value=cls, **{"return": cls})),
        "fallible": mark(requires=CAPABILITY, error=cls)(annotated(fallible, value=cls, **{"return": cls})),
    }
    interface: hyperhost.HostInterface = type("Bounce", (hyperhost.HostInterface,), body)()
    return interface


class NativeEcho:
    """The native counterpart of :func:`echo_component`."""

    @hyperhost.hookimpl
    def echo(self, value):
        return value

    @hyperhost.hookimpl
    def echo_via_host(self, value):
        return value

    @hyperhost.hookimpl
    def echo_or_fail(self, value):
        return value

    @hyperhost.hookimpl
    def echo_or_refuse(self, value):
        if value.refuse:
            raise NoThanks("no thanks", "test")
        return value


def package(data: bytes | str, plugin: str = "guest") -> Package:
    """A lone component as an opened package; text is compiled."""
    compiled = bytes(wasmtime.wat2wasm(data)) if isinstance(data, str) else data
    return Package(Manifest.for_bare_component(plugin), compiled, "", "", Path(f"{plugin}.wasm"))


def char() -> Any:
    """The annotation of WIT's ``char``."""
    return Annotated[str, "char"]


def importing_component(parameters: list[tuple[str, WitType]], result: WitType | None) -> bytes:
    """A component that imports ``f`` of :data:`BOUNCE` with this type, and has nothing but its type."""
    names = Names()
    given = " ".join(f'(param "{name}" {names.text(kind)})' for name, kind in parameters)
    answer = f" (result {names.text(result)})" if result is not None else ""
    text = f"""
(component
{chr(10).join(names.lines)}
  (import "{BOUNCE}" (instance (export "f" (func {given}{answer})))))"""
    return bytes(wasmtime.wat2wasm(text))


def guest_view(function: Function) -> Function:
    """A function's type as a component has it: compiled, and read back by :class:`TypeReader`."""
    data = importing_component([(name, kind) for _, name, kind in function.parameters], function.result)
    engine = wasmtime.Engine()
    component = wasmtime.component.Component(engine, data)
    found, others = imports(component, engine)
    component.close()
    assert others == []
    return found[0].functions["f"]
