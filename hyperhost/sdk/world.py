"""The WIT world of one plugin: the hooks and capabilities that its ``plugin.toml`` names, nothing else."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import CONTRACT_VERSION
from hyperhost.sandbox.interface import HostInterface
from hyperhost.sandbox.linker import host_types
from hyperhost.sandbox.types import Function
from hyperhost.sandbox.wit import distinct, export_world, interface, named_types

if TYPE_CHECKING:
    from hyperhost.host.specs import HookInfo
    from hyperhost.sdk.project import Project

__all__ = ["PACKAGE", "WORLD", "World", "world_for", "world_of"]

PACKAGE: Final = "hyperhost:plugin"
"""WIT package of every plugin's world; its own name would make no difference to a host."""

WORLD: Final = "plugin"


@dataclass(frozen=True, slots=True)
class World:
    """What a component exports and imports.

    Attributes:
        hooks: WIT name → type of each export, types of one name being equal.
        hook_names: WIT name → Python name of each export.
        imports: Full name of each imported interface → WIT name → type of its functions.
        docs: Docstrings by the WIT name of an export, or by ``INTERFACE FUNCTION`` of an import.
        version: Version of the contract.
    """

    hooks: Mapping[str, Function]
    hook_names: Mapping[str, str]
    imports: Mapping[str, Mapping[str, Function]]
    docs: Mapping[str, str]
    version: str = CONTRACT_VERSION

    def files(self) -> dict[str, str]:
        """The text of each WIT file by its path in a directory of WIT."""
        found = {"world.wit": f"package {PACKAGE}@{self.version};\n\n{self._own()}\n"}
        for package, version, body in self._dependencies():
            name = package.replace(":", "-")
            found[f"deps/{name}/{name}.wit"] = f"package {package}@{version};\n\n{body}\n"
        return found

    def text(self) -> str:
        """The same as one document, in which the other packages are nested."""
        nested = [
            f"package {package}@{version} {{\n{textwrap.indent(body, '  ')}\n}}"
            for package, version, body in self._dependencies()
        ]
        return "\n\n".join([f"package {PACKAGE}@{self.version};", self._own(), *nested]) + "\n"

    def _own(self) -> str:
        types = named_types(self.hooks.values())
        parts = [interface("types", {}, types)] if types else []
        parts.append(export_world(WORLD, self.hooks, imports=self.imports, docs=self.docs))
        return "\n\n".join(parts)

    def _dependencies(self) -> list[tuple[str, str, str]]:
        """Package, version and body of each other package."""
        bodies: dict[tuple[str, str], list[str]] = {}
        for full, functions in self.imports.items():
            base, _, version = full.partition("@")
            package, _, short = base.partition("/")
            docs = {name: self.docs.get(f"{full} {name}", "") for name in functions}
            bodies.setdefault((package, version), []).append(interface(short, functions, docs=docs))
        return [(package, version, "\n\n".join(parts)) for (package, version), parts in bodies.items()]


def world_of(project: Project) -> World:
    """The world of a project."""
    return world_for(project.hooks.values(), project.interfaces)


def world_for(hooks: Iterable[HookInfo], interfaces: Iterable[HostInterface]) -> World:
    """The world of a plugin that answers these hooks and uses these interfaces, in this order."""
    hooks = tuple(hooks)
    exports = {info.wit_name: info.function for info in hooks}
    docs = {info.wit_name: info.doc for info in hooks}
    imports = {}
    for each in interfaces:
        full = each.name if "@" in each.name else f"{each.name}@1.0.0"
        imports[full] = host_types(each)
        docs |= {f"{full} {name}": doc for name, doc in _docs_of(each).items()}
    return World(distinct(exports), {info.wit_name: info.name for info in hooks}, imports, docs)


def _docs_of(each: HostInterface) -> dict[str, str]:
    return {name: inspect.getdoc(function.body) or "" for name, function in each.functions().items()}
