"""C: compiled by the ``ziglang`` wheel, wrapped by jco's component tools."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost.errors import CompileError, UndeclaredImportError
from hyperhost.sandbox.interfaces import builtin_interfaces
from hyperhost.sdk.cbindings import CFunction, c_bindings, scope_of
from hyperhost.sdk.languages.jco import componentize, require_jco
from hyperhost.sdk.languages.zigcc import RUNTIME, compile_c, compile_glue, link, require_zig

if TYPE_CHECKING:
    from hyperhost.sdk.project import Project
    from hyperhost.sdk.toolchain import Toolchain
    from hyperhost.sdk.world import World

__all__ = ["TOOLCHAIN", "undeclared_interface", "write_c"]

_WARNING: Final = re.compile(r"^\S+:\d+:\d+: warning: .*$", re.MULTILINE)
_UNKNOWN: Final = re.compile(r"undeclared (?:function|identifier) '(\w+)'")


class C:
    """The toolchain of plugins in C."""

    language = "c"

    def require(self, project: Project) -> Mapping[str, str]:
        """See :class:`hyperhost.sdk.toolchain.Toolchain`."""
        return {**require_zig(), **require_jco(project)}

    def bindings(self, project: Project, world: World, directory: Path) -> None:
        """Write ``plugin.h`` and what goes with it."""
        write_c(world, directory)

    def compile(self, project: Project, world: World, bindings: Path, out: Path) -> tuple[str, ...]:
        """Compile, link and wrap; the compiler's warnings are the notes."""
        hooks = c_bindings(world).hooks
        include = os.path.relpath(bindings, project.directory)
        source, scratch = project.plan.source, out.parent
        # The header is read whether the author includes it or not, so no signature goes unchecked.
        forced = ("-include", f"{include}/plugin.h")
        try:
            warned = compile_c(
                source, scratch / "plugin.o", cwd=project.directory, include=include, extra=forced
            )
        except CompileError as error:
            raise _explained(error, project, hooks) from None
        compile_glue(bindings, scratch / "glue.o")
        core = scratch / "core.wasm"
        notes = link([scratch / "plugin.o", scratch / "glue.o"], core, hooks, source)
        componentize(project, world, core, out)
        return (*_WARNING.findall(warned), *notes)


def write_c(world: World, directory: Path) -> None:
    """Write header, glue and runtime into ``directory``."""
    made = c_bindings(world)
    (directory / "plugin.h").write_text(made.header, encoding="utf-8", newline="\n")
    (directory / "plugin_glue.c").write_text(made.glue, encoding="utf-8", newline="\n")
    for path in sorted(RUNTIME.iterdir()):
        shutil.copyfile(path, directory / path.name)


def _explained(error: CompileError, project: Project, hooks: Mapping[str, CFunction]) -> CompileError:
    """The same error with what it does not say: both signatures, or the capability that is missing."""
    for name, hook in hooks.items():
        if f"conflicting types for '{name}'" in error.message:
            return CompileError(
                f"{error.message}\n{name} does not fit its hook; plugin.h declares: {hook.one_line};",
                hint="write it with the parameters that plugin.h declares",
            )
    for name in _UNKNOWN.findall(error.message):
        if (capability := undeclared_interface(name, project)) is not None:
            raise UndeclaredImportError(
                f"{error.message}\n{name} needs the capability {capability}, "
                "which plugin.toml does not ask for",
                hint=f'add to plugin.toml: [[capabilities.required]] with name = "{capability}" and a reason',
            ) from None
    return error


def undeclared_interface(name: str, project: Project) -> str | None:
    """The capability that a host function needs which the bindings do not have, or ``None``."""
    for each in (*builtin_interfaces(), *project.offered):
        if each.name not in {known.name for known in project.interfaces}:
            functions = {f"{scope_of(each.name)}_{word.replace('-', '_')}" for word in each.functions()}
            if name in functions:
                kind = each.capability
                return kind if isinstance(kind, str) else kind[0]
    return None


TOOLCHAIN: Toolchain = C()
