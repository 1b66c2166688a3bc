"""The WIT text of a host's contract, word for word."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal

import pytest
from echo_components import annotated

import hyperhost
from hyperhost.contracts.types import F32, U8, U32
from hyperhost.errors import RefusalError
from hyperhost.sandbox.types import Function, Prim, Result, function_from_python
from hyperhost.sandbox.wit import interface, named_types, package, show, signature


class Level(enum.Enum):
    LOW = 1
    VERY_HIGH = 2


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Span:
    start: U32
    end: U32


@dataclass(frozen=True)
class Rename:
    type: str


@dataclass(frozen=True)
class Finding:
    rule: str
    span: Span | None
    level: Level
    severity: Literal["low", "high"]
    fix: Span | Rename
    rights: Rights
    labels: dict[str, str]
    data: bytes
    pair: tuple[bool, F32]


class Checks:
    @hyperhost.hookspec
    def check_text(self, path: str, text: str) -> list[Finding]: ...

    @hyperhost.hookspec(raises=RefusalError)
    def allow(self, use: Rights) -> None: ...

    @hyperhost.hookspec
    def list(self) -> None: ...


GOLDEN = """\
package guard:plugins@1.0.0;

interface types {
  flags rights { read, write }
  record refusal {
    reason: string,
    rule: string,
  }
  record span {
    start: u32,
    end: u32,
  }
  enum level { low, very-high }
  enum finding-severity { low, high }
  record rename {
    %type: string,
  }
  variant span-or-rename {
    span(span),
    rename(rename),
  }
  record finding {
    rule: string,
    span: option<span>,
    level: level,
    severity: finding-severity,
    fix: span-or-rename,
    rights: rights,
    labels: list<tuple<string, string>>,
    data: list<u8>,
    pair: tuple<bool, f32>,
  }
}

world plugin {
  use types.{rights, refusal, span, level, finding-severity, rename, span-or-rename, finding};
  export allow: func(%use: rights) -> result<_, refusal>;
  export check-text: func(path: string, text: string) -> list<finding>;
  export %list: func();
}
"""


def test_the_contract_of_a_host_program() -> None:
    with hyperhost.Host("guard", specs=[Checks]) as host:
        assert host.wit() == GOLDEN
        assert host.wit("acme:guard", "2.1.0").startswith("package acme:guard@2.1.0;")


def test_types_come_before_those_that_use_them() -> None:
    with hyperhost.Host("guard", specs=[Checks]) as host:
        lines = host.wit().splitlines()
    defined = [
        line.split()[1] for line in lines if line.endswith("{") or (line.endswith("}") and "{" in line)
    ]
    assert defined.index("span") < defined.index("span-or-rename") < defined.index("finding")


def test_a_package_without_named_types_has_no_interface() -> None:
    def ping(self, x: int) -> int: ...

    assert package("a:b", {"ping": function_from_python(ping)}, imports=["hyperhost:host/log@1.0.0"]) == (
        "package a:b@1.0.0;\n\nworld plugin {\n  import hyperhost:host/log@1.0.0;\n"
        "  export ping: func(x: s64) -> s64;\n}\n"
    )


def test_an_interface_with_a_function() -> None:
    def today(self, call, city: str) -> Span: ...

    text = interface(
        "forecast", {"today": function_from_python(annotated(today, city=str, **{"return": Span}), skip=2)}
    )
    assert text == (
        "interface forecast {\n  record span {\n    start: u32,\n    end: u32,\n  }\n"
        "  today: func(city: string) -> span;\n}"
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (None, "_"),
        (Result(None, None), "result"),
        (Result(Prim("u8"), None), "result<u8>"),
        (Result(None, Prim("string")), "result<_, string>"),
        (Result(Prim("u8"), Prim("string")), "result<u8, string>"),
    ],
    ids=str,
)
def test_results(kind: Result | None, text: str) -> None:
    assert show(kind) == text


def test_a_signature_without_parameters_and_result() -> None:
    assert signature(Function((), None)) == "func()"


def test_different_types_of_one_name_are_numbered_and_equal_ones_shared() -> None:
    def scan(self, mode: Literal["a"]) -> None: ...
    def find(self, mode: Literal["b", "c"]) -> None: ...
    def look(self, mode: Literal["b", "c"]) -> None: ...
    def seek(self, mode: Literal["d"], mode2: Literal["e"]) -> None: ...

    hooks = {function.__name__: function_from_python(function) for function in (scan, find, look, seek)}
    text = package("a:b", hooks)
    for line in (
        "  enum mode { a }",
        "  enum mode2 { b, c }",
        "  enum mode3 { d }",
        "  enum mode22 { e }",
        "  use types.{mode, mode2, mode3, mode22};",
        "  export scan: func(mode: mode);",
        "  export find: func(mode: mode2);",
        "  export look: func(mode: mode2);",
        "  export seek: func(mode: mode3, mode2: mode22);",
    ):
        assert line in text.splitlines(), text


def test_a_numbered_type_is_named_so_inside_others_too() -> None:
    inner = [annotated(lambda self, value: None, value=kind) for kind in (U8, U32)]
    hooks = {}
    for index, function in enumerate(inner):
        kind = function.__annotations__["value"]
        cls = dataclass(frozen=True)(type("Item", (), {"__annotations__": {"x": kind}}))
        function.__annotations__ = {"value": dict[str, list[cls | None]]}  # type: ignore[valid-type]
        hooks[f"hook-{'ab'[index]}"] = function_from_python(function)
    text = package("a:b", hooks)
    assert "export hook-a: func(value: list<tuple<string, list<option<item>>>>);" in text
    assert "export hook-b: func(value: list<tuple<string, list<option<item2>>>>);" in text
    assert "record item2 {\n    x: u32,\n  }" in text


def test_named_types_finds_each_once() -> None:
    def check(self, a: list[Finding], b: Finding | None, c: dict[str, Span], d: tuple[Span]) -> Rights: ...

    found = named_types([function_from_python(check)])
    assert list(found) == [
        "span",
        "level",
        "finding-severity",
        "rename",
        "span-or-rename",
        "rights",
        "finding",
    ]
