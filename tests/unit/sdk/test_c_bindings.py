"""Values of every type survive the way into C and back, and C code has the memory of one call only."""

from __future__ import annotations

import dataclasses
import enum
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
from c_echo import Echo
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from native_projects import Loaded, build_native, need_zig, project_for, spec_class
from node import node_packages
from random_types import same, samples

from hyperhost.contracts.types import F32, S8, S16, S32, U8, U16, U32, U64
from hyperhost.hookspecs import KERNEL_SPECS
from hyperhost.host.specs import read_specs
from hyperhost.sandbox.interfaces import builtin_interfaces
from hyperhost.sandbox.linker import host_types
from hyperhost.sandbox.wit import distinct
from hyperhost.sdk.cbindings import c_bindings
from hyperhost.sdk.languages.c import write_c
from hyperhost.sdk.languages.jco import PACKAGE
from hyperhost.sdk.languages.zigcc import compile_glue
from hyperhost.sdk.world import World


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    need_zig()
    node_packages(PACKAGE)


# --- the types ------------------------------------------------------------------------------------


class Wide(enum.Flag):
    """Thirty-two flags fill the whole of a core value."""

    A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13, A14, A15 = (1 << bit for bit in range(16))
    B0, B1, B2, B3, B4, B5, B6, B7, B8, B9, B10, B11, B12, B13, B14, B15 = (1 << bit for bit in range(16, 32))


Many = enum.Enum("Many", [f"CASE{index}" for index in range(300)])  # its number takes two bytes


@dataclass(frozen=True)
class Small:
    """Two core values."""

    flag: bool
    ratio: F32


@dataclass(frozen=True)
class Number:
    """Shares its core value with an f32 and an address."""

    number: U64


@dataclass(frozen=True)
class Texts:
    """Shares two core values with a bool, an f32 and a u64."""

    texts: list[str]
    half: float


@dataclass(frozen=True)
class Large:
    """More core values than are passed one by one."""

    a: str
    b: str
    c: list[int]
    d: dict[str, str]
    e: Small | None
    f: tuple[U8, U64, U16]
    g: bytes
    h: str | None
    int_: S32
    default: S16


LARGE = Large(
    "ä", "", [1, -1], {"k": "v", "": "w"}, Small(True, 0.5), (255, 2**64 - 1, 7), b"\0\xff", None, -1, -2
)
VALUES = [
    (bool, True, False),
    (U8, 255, 0),
    (S8, -128, 127),
    (S16, -(2**15), 5),
    (U16, 2**16 - 1, 0),
    (S32, -(2**31), 1),
    (U32, 2**32 - 1, 1),
    (int, -(2**63), 2**63 - 1),
    (U64, 2**64 - 1, 2**63),
    (F32, -0.0, math.inf),
    (float, 5e-324, math.nan),
    (Annotated[str, "char"], "\U0010ffff", "\0"),
    (str, "a\0b\U0001f600", ""),
    (bytes, bytes(range(256)), b""),
    (list[str], ["a", "", "b"], []),
    (list[tuple[U8, U64]], [(1, 2), (3, 4)], [(5, 6)]),
    (dict[str, Small], {"a": Small(True, 1.5)}, {"b": Small(False, -1.5), "": Small(True, 0.0)}),
    (tuple[U8, F32, str], (1, 2.5, "x"), (2, -0.0, "")),
    (Literal["low", "very-high"], "very-high", "low"),
    (Many, Many.CASE299, Many.CASE0),
    (Wide, Wide.A0 | Wide.B15, Wide(0)),
    (Small | Number | Texts, Number(2**64 - 1), Texts(["x"], 0.1)),
    (list[Small | Number | Texts], [Small(True, 3.5), Number(9)], [Texts([], math.inf)]),
    (tuple[U8 | None, F32 | None], (None, 1.5), (3, None)),
    (Large, LARGE, LARGE),
    (list[Large | None], [LARGE, None], []),
    (list[bytes | None] | None, [b"x", None], []),
]


def test_values_of_every_shape_cross_c_and_the_host_unchanged(tmp_path: Path) -> None:
    echo = Echo(tmp_path, [kind for kind, _, _ in VALUES])
    with echo.loaded:
        for index, (kind, x, y) in enumerate(VALUES):
            for way, answer in enumerate(echo.round_trips(index, x, y)):
                assert same(answer, x), (kind, way)
            refusal = echo.refused(index, x)
            assert (refusal.reason, refusal.rule) == ("no", "test")


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # what fails is a program of hundreds of lines; a smaller one says no more
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(samples(), min_size=12, max_size=12), st.data())
def test_values_of_random_types_cross_c_and_the_host_unchanged(
    tmp_path_factory: pytest.TempPathFactory, kinds: list, data: st.DataObject
) -> None:
    echo = Echo(tmp_path_factory.mktemp("echo"), [kind.annotation for kind in kinds])
    with echo.loaded:
        for index, kind in enumerate(kinds):
            x, y = data.draw(kind.values), data.draw(kind.values)
            for answer in echo.round_trips(index, x, y):
                # A hook that answers None lets the next plugin answer, and there is none.
                assert same(answer, x) or (x is None and answer in (None, [])), kind.annotation


def test_every_hook_and_host_function_of_the_kernel_has_a_header_that_compiles(tmp_path: Path) -> None:
    infos = {info.wit_name: info for spec in KERNEL_SPECS for info in read_specs(spec).values()}
    imports = {each.name: host_types(each) for each in builtin_interfaces() if each.typed}
    hooks = distinct({name: info.function for name, info in infos.items()})
    docs = {name: info.doc for name, info in infos.items()}
    world = World(hooks, {name: info.name for name, info in infos.items()}, imports, docs)
    write_c(world, tmp_path)
    # The glue asserts the size, alignment and every offset of each type.
    out = tmp_path / "glue.o"
    compile_glue(tmp_path, out)
    assert out.stat().st_size > 10_000
    header = c_bindings(world).header
    assert "/** Any of these" not in header
    assert " * Judge a change before it is made.\n" in header
    assert "Example" not in header
    assert "bool artifact_validate(const plugin_artifact_change *change," in header


# --- names ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class String:
    """A type whose name C code has already."""

    int: str
    errno: bool
    template: U8


def test_names_that_mean_something_in_c_are_spelled_otherwise(tmp_path: Path) -> None:
    specs = spec_class(
        {
            "remove": ({"register": String, "plugin_string": str, "result": str}, str),
            "clock_gettime": ({"int": int}, int),
        }
    )
    source = """
        void hook_remove(const plugin_string_2 *register_, plugin_string plugin_string_, plugin_string result,
                         plugin_string *result_2) {
          *result_2 = plugin_string_format("%.*s%.*s%.*s%d%u", (int)register_->int_.len, register_->int_.ptr,
            (int)plugin_string_.len, plugin_string_.ptr, (int)result.len, result.ptr, register_->errno_,
            register_->template_);
        }
        int64_t hook_clock_gettime(int64_t int_) { return int_ + 1; }
    """
    project = project_for(
        tmp_path, "#include <errno.h>\n#include <stdio.h>\n#include <time.h>\n" + source, specs
    )
    with Loaded(project, build_native(project, tmp_path / "out")) as host:
        assert host.hook.remove(register=String("a", True, 7), plugin_string="b", result="c") == "abc17"
        assert host.hook.clock_gettime(int=41) == 42


# --- memory ---------------------------------------------------------------------------------------

GROWS = """
#include "plugin.h"
int64_t fill_up(plugin_string text, plugin_list_string list) {
  plugin_alloc(text.len * 3);
  plugin_list_string copy = {0}, other = {0};
  for (size_t i = 0; i < 100; i++) {
    *plugin_list_string_push(&copy) = plugin_string_format("%zu", i);
    *plugin_list_string_push(&other) = text;
  }
  for (size_t i = 0; i < 100; i++)
    if (!plugin_string_equal(copy.ptr[i], plugin_string_format("%zu", i)) || other.ptr[i].len != text.len)
      return -1;
  size_t had = list.len;
  plugin_list_string mine = list;
  *plugin_list_string_push(&mine) = text; /* the host's list is copied, not written behind */
  if (list.len != had || (had && mine.ptr == list.ptr) || mine.len != had + 1) return -2;
  return (int64_t)__builtin_wasm_memory_size(0);
}
"""


def test_an_instance_that_lives_on_does_not_grow_over_a_hundred_thousand_calls(tmp_path: Path) -> None:
    specs = spec_class({"fill_up": ({"text": str, "list": list[str]}, int)})
    project = project_for(tmp_path, GROWS, specs)
    component = build_native(project, tmp_path / "out")
    project = dataclasses.replace(
        project, manifest=dataclasses.replace(project.manifest, instances="persistent")
    )
    with Loaded(project, component) as host:
        large = "x" * 40_000
        first = max(host.hook.fill_up(text=large, list=["a", "b", "c"]) for _ in range(5))
        assert 5 < first < 20
        fill = host.hook.fill_up
        for _ in range(100_000):
            fill(text="x", list=["a"])
        assert host.hook.fill_up(text=large, list=["a"]) == first


# --- text -----------------------------------------------------------------------------------------

FORMATS = ["%d", "%5d", "%-5d|", "%05d", "%+d", "% d", "%.3d", "%x", "%X", "%08x", "%o", "%i"]
LONG = re.compile("(?=[dixXo])")
FLOATS = ["%f", "%.0f", "%.2f", "%+.1f", "%010.3f", "%-12.1f|", "%.20f"]


def test_format_writes_what_printf_writes(tmp_path: Path) -> None:
    cases = "".join(
        f'case {index}: *result = plugin_string_format("{LONG.sub("ll", text)}", n); break;'
        for index, text in enumerate(FORMATS)
    )
    floats = "".join(
        f'case {index}: *result = plugin_string_format("{text}", x); break;'
        for index, text in enumerate(FLOATS)
    )
    source = f"""
        void write_int(uint8_t which, int64_t n, plugin_string *result) {{
          switch (which) {{ {cases.replace(", n)", ", (long long)n)")} }}
        }}
        void write_float(uint8_t which, double x, plugin_string *result) {{ switch (which) {{ {floats} }} }}
        void write_text(plugin_string s, plugin_string *result) {{
          *result = plugin_string_format("[%.*s|%6s|%-6s|%c|%%]", (int)s.len, s.ptr, plugin_string_c(s), "ab",
                                         'z');
        }}
    """
    specs = spec_class(
        {
            "write_int": ({"which": U8, "n": int}, str),
            "write_float": ({"which": U8, "x": float}, str),
            "write_text": ({"s": str}, str),
        }
    )
    project = project_for(tmp_path, source, specs)
    with Loaded(project, build_native(project, tmp_path / "out")) as host:
        for which, text in enumerate(FORMATS):
            for n in (0, 1, 42, 123456789) if text[-1] in "xXo" else (0, 1, -42, 2**63 - 1, -(2**63)):
                assert host.hook.write_int(which=which, n=n) == text % n, (text, n)
        for which, text in enumerate(FLOATS):
            for x in (
                0.0,
                -0.0,
                0.5,
                1.5,
                2.5,
                0.1,
                9.995,
                999.999,
                -1e-9,
                1e22,
                1.7976931348623157e308,
                5e-324,
            ):
                assert host.hook.write_float(which=which, x=x) == text % x, (text, x)
            assert host.hook.write_float(which=which, x=math.nan).strip(" |+") == "nan"
        assert host.hook.write_text(s="abc") == "[abc|   abc|ab    |z|%]"


HELPERS = """
bool text_helpers(plugin_string s) {
  return plugin_string_is(s, "a.tar.gz") && !plugin_string_is(s, "a.tar") &&
    plugin_string_from(plugin_string_c(s)).len == 8 && plugin_string_from(NULL).len == 0 &&
    strlen(plugin_string_c(s)) == 8 && !strcmp(plugin_string_c(s), "a.tar.gz") &&
    plugin_string_starts_with(s, plugin_string_lit("a.t")) &&
    plugin_string_ends_with(s, plugin_string_lit(".gz")) &&
    !plugin_string_ends_with(plugin_string_lit("z"), s) &&
    plugin_string_find(s, plugin_string_lit("ar"), 0) == 3 &&
    plugin_string_find(s, plugin_string_lit("."), 2) == 5 &&
    plugin_string_find(s, plugin_string_lit("q"), 0) == -1 &&
    plugin_string_is(plugin_string_slice(s, 2, 5), "tar") && plugin_string_slice(s, 99, 100).len == 0 &&
    plugin_string_equal(plugin_string_slice(s, 6, 99), plugin_string_lit("gz")) &&
    memchr(s.ptr, 't', s.len) == s.ptr + 2 && strchr(plugin_string_c(s), 'q') == NULL &&
    strrchr(plugin_string_c(s), '.')[1] == 'g' && strstr(plugin_string_c(s), "tar") != NULL &&
    strncmp("abc", "abd", 2) == 0 && memcmp("abc", "abd", 3) < 0;
}
"""


def test_text_helpers_and_the_simplest_of_string_h_need_no_c_library(tmp_path: Path) -> None:
    specs = spec_class({"text_helpers": ({"s": str}, bool)})
    project = project_for(tmp_path, "#include <string.h>\n" + HELPERS, specs)
    component = build_native(project, tmp_path / "out")
    assert len(component) < 12_000
    with Loaded(project, component) as host:
        assert host.hook.text_helpers(s="a.tar.gz") is True
