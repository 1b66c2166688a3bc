"""What a language has to bring to be one that plugins are written in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from hyperhost.errors import BuildError, ToolchainError

if TYPE_CHECKING:
    from hyperhost.sdk.project import Project
    from hyperhost.sdk.world import World

__all__ = ["Toolchain", "node_package", "run", "toolchain"]

_TIMEOUT_S: Final = 600
"""A compiler that takes longer hangs: the slowest seen, Rust with an empty cache, takes two minutes."""


class Toolchain(Protocol):
    """How one language becomes a component.

    Attributes:
        language: As in ``build.language`` of ``plugin.toml``.
    """

    language: str

    def require(self, project: Project) -> Mapping[str, str]:
        """The version of each tool that a build uses, by its name.

        Raises:
            ToolchainError: one is missing; one sentence that says what to install.
        """

    def bindings(self, project: Project, world: World, directory: Path) -> None:
        """Write what an editor and a type checker need; ``directory`` holds ``wit/`` already.

        Raises:
            BuildError: it cannot be done.
        """

    def compile(self, project: Project, world: World, bindings: Path, out: Path) -> tuple[str, ...]:
        """Write the component to ``out``, which is in a directory of its own.

        Nothing is written into the project.

        Returns:
            What a person should know, each a sentence without a full stop.

        Raises:
            CompileError: the source is wrong; the compiler's own words, with the author's line numbers.
            UndeclaredImportError: it uses a capability that ``plugin.toml`` does not ask for.
        """


def toolchain(language: str) -> Toolchain:
    """The toolchain of a language that :data:`hyperhost.host.manifest.LANGUAGES` names."""
    return cast("Toolchain", import_module(f"hyperhost.sdk.languages.{language}").TOOLCHAIN)


def run(
    command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a tool to its end and capture what it says; there is no shell in between.

    Args:
        command: Program and arguments.
        cwd: Where to run it.
        environment: Added to the environment of this process.

    Raises:
        ToolchainError: it cannot be started.
        BuildError: it ran for ten minutes.
    """
    try:
        return subprocess.run(  # noqa: S603 - a list of arguments made here, no shell
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{command[0]} did not end within {_TIMEOUT_S} s", hint="try again") from error
    except OSError as error:
        raise ToolchainError(
            f"{command[0]} cannot be started: {error.strerror or error}", hint="install it again"
        ) from error


def node_package(project: Path, name: str) -> Path | None:
    """The directory of an npm package as Node finds it from ``project``: there, or further up."""
    for place in (project, *project.parents):
        found = place / "node_modules" / name
        if (found / "package.json").is_file():
            return found
    return None
