"""A component out of a core module, by jco's component tools (an npm package, run with Node)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost.errors import BuildError, ToolchainError
from hyperhost.sdk.toolchain import node_package, run
from hyperhost.sdk.world import WORLD

if TYPE_CHECKING:
    from hyperhost.sdk.project import Project
    from hyperhost.sdk.world import World

__all__ = ["PACKAGE", "componentize", "require_jco"]

PACKAGE: Final = "@bytecodealliance/jco-transpile"
_SCRIPT: Final = Path(__file__).with_name("component.mjs")


def require_jco(project: Project) -> Mapping[str, str]:
    """Versions of Node and of jco's component tools.

    Raises:
        ToolchainError: one of them is missing.
    """
    node = shutil.which("node")
    if node is None:
        raise ToolchainError(
            "needs Node.js, which is not on the PATH",
            hint="install Node.js 20 or later from your system's packages",
        )
    found = node_package(project.directory, PACKAGE)
    if found is None:
        there = (project.directory / "package.json").is_file()
        raise ToolchainError(
            f"needs {PACKAGE}",
            hint=f"run `npm install` in {project.directory}"
            if there
            else f"run `npm install --save-dev {PACKAGE}` in {project.directory}",
        )
    version = json.loads((found / "package.json").read_text(encoding="utf-8")).get("version", "")
    return {
        "node": run([node, "--version"], project.directory).stdout.strip().lstrip("v"),
        PACKAGE: str(version),
    }


def componentize(project: Project, world: World, core: Path, out: Path) -> None:
    """Wrap a core module as a component of the world.

    Args:
        project: Whose ``node_modules`` are searched.
        world: What the component exports and imports.
        core: The module.
        out: Where the component goes; other files may be written beside it.

    Raises:
        ToolchainError: a tool is missing.
        BuildError: the module does not fit the world; in the words of the component tools.
    """
    require_jco(project)
    wit = out.with_suffix(".wit")
    wit.write_text(world.text(), encoding="utf-8", newline="\n")
    package = node_package(project.directory, PACKAGE)
    done = run([shutil.which("node") or "node", _SCRIPT, str(package), core, wit, WORLD, out], out.parent)
    if done.returncode or not out.is_file():
        said = done.stderr.strip() or f"Node ended with status {done.returncode}"
        raise BuildError(
            f"cannot be made a component: {said}",
            hint="build it again after `npm install`, with the newest tools",
        )
