"""Plugins in Zig: from source to component, and the words when something is in the way."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from native_projects import Loaded, build_native, native_project, need_zig, project_for, spec_class
from node import node_packages

from hyperhost.contracts import Artifact, ArtifactChange, ArtifactType, ChangeKind
from hyperhost.contracts.types import U8
from hyperhost.errors import CompileError, RefusalError, TrapError
from hyperhost.hookspecs import KERNEL_SPECS
from hyperhost.sdk.build import build
from hyperhost.sdk.languages.jco import PACKAGE
from hyperhost.sdk.project import open_project
from hyperhost.sdk.world import world_of
from hyperhost.sdk.zigbindings import zig_bindings

RULE = """\
const plugin = @import("plugin");

pub fn artifact_validate(
    change: *const plugin.ArtifactChange,
    refusal: *plugin.Refusal,
) ![]const plugin.ValidationIssue {
    if (change.artifact.metadata.licenses.len > 0) return &.{};
    if (change.kind == .published) return plugin.refuse(refusal, "name a license", "license.missing");
    const issues = try plugin.allocator.alloc(plugin.ValidationIssue, 1);
    issues[0] = .{
        .rule = .from("license.missing"),
        .message = plugin.format("{s} has no license", .{change.artifact.name.slice()}),
        .severity = .low,
        .path = .from("metadata.licenses"),
    };
    return issues;
}
"""
DRAFT = Artifact("a1", "org.acme", "auth", ArtifactType.LIBRARY, "1.0.0")
EVERYTHING = "".join(
    f'\n[[capabilities.required]]\nname = "{name}"\nreason = "for a test"\n'
    for name in ("log", "clock", "kv", "config", "random", "env:HOME", "http:api.acme.test")
)


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    need_zig()
    node_packages(PACKAGE)


def refused(directory: Path, text: str) -> CompileError:
    """What building this source ends with."""
    native_project(directory, text, language="zig")
    with pytest.raises(CompileError) as caught:
        build(directory)
    assert not (directory / "plugin.wasm").exists()
    assert str(directory) not in caught.value.message
    assert not list(directory.glob("**/*cache*"))
    return caught.value


def test_a_hook_in_zig_answers_and_refuses(tmp_path: Path) -> None:
    built = build(native_project(tmp_path, RULE, language="zig"))
    assert (built.language, built.imports, built.notes) == ("zig", (), ())
    project = open_project(tmp_path)
    with project.host() as host:
        host.load(project.package(project.component.read_bytes()))
        [[issue]] = host.hook.artifact_validate(change=ArtifactChange(ChangeKind.CREATED, DRAFT))
        assert (issue.rule, issue.message) == ("license.missing", "auth has no license")
        with pytest.raises(RefusalError, match="name a license"):
            host.hook.artifact_validate(change=ArtifactChange(ChangeKind.PUBLISHED, DRAFT))


def test_the_same_source_gives_the_same_bytes_in_another_directory(tmp_path: Path) -> None:
    made = [
        build(native_project(tmp_path / name, RULE, language="zig")).sha256 for name in ("one", "longer/two")
    ]
    assert made[0] == made[1]


def test_every_host_function_of_the_bindings_compiles(tmp_path: Path) -> None:
    text = (
        RULE
        + """
comptime {
    for (@typeInfo(plugin.host).@"struct".decl_names) |scope| {
        const inner = @field(plugin.host, scope);
        for (@typeInfo(inner).@"struct".decl_names) |name| _ = &@field(inner, name);
    }
}
"""
    )
    build(native_project(tmp_path, text, language="zig", more=EVERYTHING))
    assert "pub fn fetch(request_: *const HttpRequest)" in (tmp_path / "bindings" / "plugin.zig").read_text()


class Rights(enum.Flag):
    """Three flags."""

    READ, WRITE, RUN = 1, 2, 4


@dataclass(frozen=True)
class Circle:
    """One number."""

    radius: float


@dataclass(frozen=True)
class Square:
    """A number and text."""

    side: float
    name: str


SHAPES = """\
const plugin = @import("plugin");
pub fn text_back(text: []const u8) []const u8 { return text; }
const Lists = plugin.Map(plugin.List(plugin.String));
pub fn map_back(values: Lists) Lists { return values; }
pub fn maybe_text(text: *const plugin.Option(plugin.String)) ?[]const u8 {
    return if (text.get()) |it| it.slice() else null;
}
pub fn pair_back(pair: *const plugin.TupleU8F64) plugin.TupleU8F64 { return pair.*; }
pub fn number_of(values: []const i64, at: u8) i64 { return values[at]; }
pub fn shape_back(shape: *const plugin.CircleOrSquare) plugin.CircleOrSquare {
    return switch (shape.tag) {
        .circle => .{
            .tag = .square,
            .value = .{ .square = .{ .side = shape.value.circle.radius, .name = .from("was round") } },
        },
        .square => shape.*,
    };
}
pub fn rights_back(rights: plugin.Rights) plugin.Rights {
    return .{ .read = !rights.read, .run = rights.run };
}
pub fn level_back(level: plugin.Level) plugin.LevelBackResult {
    return if (level == .very_high) .low else .very_high;
}
pub fn squares_of(sides: []const f64) ![]const plugin.Square {
    const made = try plugin.allocator.alloc(plugin.Square, sides.len);
    for (sides, made) |side, *square| square.* = .{ .side = side, .name = plugin.format("{d}", .{side}) };
    return made;
}
pub fn no_answer(flag: bool) void { if (!flag) unreachable; }
"""


def test_the_shapes_of_zig_cross(tmp_path: Path) -> None:
    specs = spec_class(
        {
            "text_back": ({"text": str}, str),
            "map_back": ({"values": dict[str, list[str]]}, dict[str, list[str]]),
            "maybe_text": ({"text": str | None}, str | None),
            "pair_back": ({"pair": tuple[U8, float]}, tuple[U8, float]),
            "number_of": ({"values": list[int], "at": U8}, int),
            "shape_back": ({"shape": Circle | Square}, Circle | Square),
            "rights_back": ({"rights": Rights}, Rights),
            "level_back": ({"level": Literal["low", "very-high"]}, Literal["low", "very-high"]),
            "squares_of": ({"sides": list[float]}, list[Square]),
            "no_answer": ({"flag": bool}, None),
        }
    )
    project = project_for(tmp_path, SHAPES, specs, language="zig")
    with Loaded(project, build_native(project, tmp_path / "out")) as host:
        assert host.hook.text_back(text="ä\0") == "ä\0"
        assert host.hook.text_back(text="") == ""
        assert host.hook.map_back(values={"a": ["b", ""], "": []}) == {"a": ["b", ""], "": []}
        assert host.hook.maybe_text(text="x") == "x"
        assert host.hook.maybe_text(text=None) in (None, [])
        assert host.hook.pair_back(pair=(7, -0.5)) == (7, -0.5)
        assert host.hook.number_of(values=[1, -2], at=1) == -2
        assert host.hook.shape_back(shape=Circle(2.5)) == Square(2.5, "was round")
        assert host.hook.shape_back(shape=Square(1.0, "")) == Square(1.0, "")
        assert host.hook.rights_back(rights=Rights.RUN) == Rights.RUN | Rights.READ
        assert host.hook.level_back(level="low") == "very-high"
        assert host.hook.squares_of(sides=[1.5, 2.0]) == [Square(1.5, "1.5"), Square(2.0, "2")]
        assert host.hook.no_answer(flag=True) in (None, [])
        with pytest.raises(TrapError):
            host.hook.number_of(values=[1], at=3)


def test_a_mistake_has_the_authors_line(tmp_path: Path) -> None:
    error = refused(tmp_path, RULE.replace("licenses.len", "licences.len"))
    assert "plugin.zig:7:" in error.message
    assert "no field named 'licences'" in error.message


def test_a_missing_hook_is_named_with_its_declaration(tmp_path: Path) -> None:
    error = refused(tmp_path, 'const plugin = @import("plugin");\n')
    assert (
        "plugin.zig defines no artifact_validate; it should have: pub fn artifact_validate(change: "
        in error.message
    )


def test_another_signature_is_shown_beside_the_declared_one(tmp_path: Path) -> None:
    error = refused(tmp_path, "pub fn artifact_validate(change: u8) void { _ = change; }\n")
    assert "plugin.zig:1:5: note: function declared here" in error.message
    assert (
        "the hook is: pub fn artifact_validate(change: *const ArtifactChange, refusal: *Refusal)"
        in error.message
    )


def test_every_hook_of_the_kernel_compiles(tmp_path: Path) -> None:
    specs = type("AllSpecs", tuple(KERNEL_SPECS), {})
    project = project_for(tmp_path, "", specs, language="zig")
    made = zig_bindings(world_of(project))
    names = re.findall(r"^pub const (\w+) =", made.plugin, re.MULTILINE)
    lines = ['const plugin = @import("plugin");', *(f"const {name} = plugin.{name};" for name in names)]
    for declaration in made.declarations.values():
        unused = re.findall(r"[(,] ?(\w+): ", declaration)
        lines.append(f"{declaration} {{ {' '.join(f'_ = {name};' for name in unused)} @trap(); }}")
    project.source.write_text("\n".join(lines))
    assert len(made.declarations) > 40
    assert build_native(project, tmp_path / "out").startswith(b"\0asm")


def test_a_mistake_inside_the_standard_library_names_no_place_of_this_machine(tmp_path: Path) -> None:
    text = RULE.replace(
        "issues[0] =", 'const std = @import("std");\n    std.Thread.yield() catch {};\n    issues[0] ='
    )
    error = refused(tmp_path, text)
    assert "error: " in error.message
    assert "site-packages" not in error.message
