"""Projects in C and Zig for tests: on disk, with hooks of any types."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from node import link_packages

import hyperhost
from hyperhost.hookspecs import hookspec
from hyperhost.host.host import Host
from hyperhost.host.manifest import HookEntry
from hyperhost.sandbox.interface import HostInterface
from hyperhost.sdk.build import generate
from hyperhost.sdk.languages.jco import PACKAGE
from hyperhost.sdk.project import Project, open_project
from hyperhost.sdk.toolchain import toolchain

_MANIFEST = """\
[plugin]
id = "acme-native"
name = "Native"
version = "1.0.0"
description = "For tests"
license = "MIT"
component = "plugin.wasm"
hooks = [{hooks}]

[build]
language = "{language}"
source = "{source}"
"""


def need_zig() -> None:
    """Skip the test when the compiler is not installed."""
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("needs ziglang: python -m pip install ziglang")


def native_project(
    directory: Path,
    text: str,
    *,
    hooks: Sequence[str] = ("artifact_validate",),
    language: str = "c",
    more: str = "",
    node: bool = True,
) -> Path:
    """Write a project.

    Args:
        directory: Where; made when it is not there.
        text: The source.
        hooks: Hooks that ``plugin.toml`` names.
        language: ``c`` or ``zig``.
        more: More of ``plugin.toml``.
        node: Give it the npm package of the component tools.
    """
    directory.mkdir(parents=True, exist_ok=True)
    source = f"plugin.{language}"
    names = ", ".join(f'"{hook}"' for hook in hooks)
    manifest = _MANIFEST.format(hooks=names, language=language, source=source)
    (directory / "plugin.toml").write_text(manifest + more, encoding="utf-8")
    (directory / source).write_text(text, encoding="utf-8")
    if node and not (directory / "node_modules").exists():
        link_packages(directory, PACKAGE)
    return directory


def typed(name: str, parameters: Mapping[str, Any], result: Any, leading: str = "self") -> Callable[..., Any]:
    """A function without body, with these annotations."""
    scope: dict[str, Any] = {}
    exec(f"def {name}({', '.join([leading, *parameters])}): ...", scope)
    made: Callable[..., Any] = scope[name]
    made.__qualname__ = f"Specs.{name}"
    made.__annotations__ = {**parameters, "return": result}
    return made


def spec_class(hooks: Mapping[str, tuple[Mapping[str, Any], Any]], raises: Any = None) -> type:
    """A class of hookspecs: name → parameters and result of each."""
    return type(
        "Specs",
        (),
        {
            name: hookspec(firstresult=True, raises=raises)(typed(name, parameters, result))
            for name, (parameters, result) in hooks.items()
        },
    )


def project_for(
    directory: Path,
    text: str,
    specs: type,
    *,
    language: str = "c",
    interfaces: Sequence[HostInterface] = (),
) -> Project:
    """A project whose hooks are those of ``specs``, whatever they are, and which may use ``interfaces``."""
    native_project(directory, text, language=language)
    project = open_project(directory)
    with Host("test", specs=[specs], interfaces=interfaces) as host:
        hooks = host.hooks()
    manifest = dataclasses.replace(project.manifest, hooks=tuple(HookEntry(name) for name in hooks))
    return dataclasses.replace(
        project,
        manifest=manifest,
        hooks=hooks,
        specs=(specs,),
        interfaces=tuple(interfaces),
        offered=tuple(interfaces),
    )


def build_native(project: Project, scratch: Path) -> bytes:
    """The component of a project, built as ``hyperhost plugin build`` does, without the check."""
    world = generate(project)
    scratch.mkdir(parents=True, exist_ok=True)
    out = scratch / "plugin.wasm"
    toolchain(project.plan.language).compile(project, world, project.bindings, out)
    return out.read_bytes()


class Loaded:
    """A host with one plugin in it; leave it with ``close``."""

    def __init__(self, project: Project, component: bytes, grants: Sequence[str] = ()) -> None:
        self.host = hyperhost.Host("test", specs=list(project.specs), interfaces=list(project.offered))
        package = project.package(component)
        self.host.load(package, grants=list(grants))

    def __enter__(self) -> hyperhost.Host:
        return self.host

    def __exit__(self, *_: object) -> None:
        self.host.close()
