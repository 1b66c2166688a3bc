"""Zig: compiled by the ``ziglang`` wheel around the same C glue, wrapped by jco's component tools."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost.errors import CompileError
from hyperhost.sdk.cbindings import c_bindings
from hyperhost.sdk.languages.c import write_c
from hyperhost.sdk.languages.jco import componentize, require_jco
from hyperhost.sdk.languages.zigcc import CPU, compile_glue, link, own_words, require_zig, run_zig
from hyperhost.sdk.zigbindings import zig_bindings

if TYPE_CHECKING:
    from hyperhost.sdk.project import Project
    from hyperhost.sdk.toolchain import Toolchain
    from hyperhost.sdk.world import World

__all__ = ["TOOLCHAIN"]

_RUNTIME: Final = Path(__file__).with_name("zig_runtime") / "runtime.zig"
_MISSING: Final = re.compile(r"error: hyperhost: missing (\w+)")
_FLAGS: Final = (
    "-target",
    "wasm32-freestanding",
    f"-mcpu={CPU}",
    "-O",
    "ReleaseSafe",
    "-fstrip",
    "-freference-trace=0",
    "--color",
    "off",
)


class Zig:
    """The toolchain of plugins in Zig."""

    language = "zig"

    def require(self, project: Project) -> Mapping[str, str]:
        """See :class:`hyperhost.sdk.toolchain.Toolchain`."""
        return {**require_zig(), **require_jco(project)}

    def bindings(self, project: Project, world: World, directory: Path) -> None:
        """Write ``plugin.zig`` and what goes with it."""
        write_c(world, directory)
        made = zig_bindings(world)
        (directory / "plugin.zig").write_text(made.plugin, encoding="utf-8", newline="\n")
        (directory / "plugin_main.zig").write_text(made.main, encoding="utf-8", newline="\n")
        shutil.copyfile(_RUNTIME, directory / _RUNTIME.name)

    def compile(self, project: Project, world: World, bindings: Path, out: Path) -> tuple[str, ...]:
        """Compile, link and wrap."""
        scratch, source = out.parent, project.plan.source
        below = os.path.relpath(bindings, project.directory).replace(os.sep, "/")
        modules = (
            *("--dep", "plugin", "--dep", "author", f"-Mroot={below}/plugin_main.zig"),
            *("--dep", "plugin", f"-Mauthor={source}", f"-Mplugin={below}/plugin.zig"),
        )
        command = ["build-obj", *_FLAGS, f"-femit-bin={scratch / 'plugin.o'}", *modules]
        done = run_zig(command, project.directory, scratch)
        if done.returncode:
            raise _explained(own_words(done.stderr, project.directory, scratch), source, world)
        compile_glue(bindings, scratch / "glue.o")
        core = scratch / "core.wasm"
        notes = link([scratch / "plugin.o", scratch / "glue.o"], core, c_bindings(world).hooks, source)
        componentize(project, world, core, out)
        return notes


def _explained(said: str, source: str, world: World) -> CompileError:
    """The compiler's words, and what the hooks' functions should look like where that is the trouble."""
    declarations = zig_bindings(world).declarations
    if missing := _MISSING.findall(said):
        return CompileError(
            "\n".join(
                f"{source} defines no {name}; it should have: {declarations[name]}" for name in missing
            ),
            hint="define it with pub, or take its hook out of plugin.toml",
        )
    if "plugin_main.zig:" in said:
        wanted = [text for name, text in declarations.items() if re.search(rf"\b{name}\b", said)]
        return CompileError(
            "\n".join([said, *(f"the hook is: {text}" for text in wanted or declarations.values())]),
            hint="write the function with these parameters and this result",
        )
    return CompileError(said or f"{source} does not compile")


TOOLCHAIN: Toolchain = Zig()
