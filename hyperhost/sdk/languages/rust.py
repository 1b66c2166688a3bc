"""Rust: compiled by the author's own cargo, with wit-bindgen's macro reading ``bindings/wit``."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost.errors import BuildError, CompileError, ToolchainError
from hyperhost.sdk.toolchain import run

if TYPE_CHECKING:
    from hyperhost.sdk.project import Project
    from hyperhost.sdk.toolchain import Toolchain
    from hyperhost.sdk.world import World

__all__ = ["TOOLCHAIN"]

_TARGET: Final = "wasm32-wasip2"
_UNREACHABLE: Final = re.compile(
    r"failed to (?:download|get|fetch|query)|[Cc]ould not (?:resolve|connect)"
    r"|network failure|offline|spurious network"
)
_LOCK: Final = re.compile(r"lock file .* needs to be updated|cannot update the lock file")
_WARNING: Final = re.compile(r"^warning: (?!.*generated \d+ warning)(.+)\n\s*--> (\S+)", re.MULTILINE)


class Rust:
    """The toolchain of plugins in Rust."""

    language = "rust"

    def require(self, project: Project) -> Mapping[str, str]:
        """See :class:`hyperhost.sdk.toolchain.Toolchain`."""
        cargo, rustc = shutil.which("cargo"), shutil.which("rustc")
        if cargo is None or rustc is None:
            raise ToolchainError(
                f"needs {'cargo' if cargo is None else 'rustc'}, which is not on the PATH",
                hint="install Rust with rustup",
            )
        where = run([rustc, "--print", "target-libdir", "--target", _TARGET], project.directory)
        if where.returncode or not Path(where.stdout.strip()).is_dir():
            raise ToolchainError(f"needs Rust's target {_TARGET}", hint=f"rustup target add {_TARGET}")
        if not (project.directory / "Cargo.toml").is_file():
            raise BuildError(
                f"{project.directory} holds no Cargo.toml",
                hint="write one for a cdylib with wit-bindgen, as hyperhost plugin new --lang rust does",
            )
        return {tool: _version(run([path, "--version"], project.directory).stdout)
                for tool, path in (("cargo", cargo), ("rustc", rustc))}  # fmt: skip

    def bindings(self, project: Project, world: World, directory: Path) -> None:
        """Nothing more: ``wit_bindgen::generate!`` reads ``bindings/wit``, and editors expand it."""

    def compile(self, project: Project, world: World, bindings: Path, out: Path) -> tuple[str, ...]:
        """Run cargo; the component is what the target makes of a ``cdylib``."""
        target = out.parent / "target"
        locked = ["--locked"] if (project.directory / "Cargo.lock").is_file() else []
        command: list[str | Path] = [
            "cargo",
            "build",
            "--release",
            "--target",
            _TARGET,
            "--target-dir",
            target,
            "--color",
            "never",
            *locked,
        ]
        done = run(
            command,
            project.directory,
            {**_environment(project.directory, target), "CARGO_TERM_PROGRESS_WHEN": "never"},
        )
        said = done.stderr.replace(f"{project.directory}{os.sep}", "").strip()
        if done.returncode:
            raise _explained(said)
        made = sorted((target / _TARGET / "release").glob("*.wasm"))
        if len(made) != 1:
            raise BuildError(
                f"cargo made {len(made)} modules where one was expected",
                hint='Cargo.toml needs one library with crate-type = ["cdylib"]',
            )
        shutil.copyfile(made[0], out)
        notes = [f"{place}: warning: {text}" for text, place in _WARNING.findall(said)]
        if not locked:
            notes.append("Cargo.lock was not there and is now; keep it under version control")
        return tuple(notes)


def _environment(directory: Path, target: Path) -> dict[str, str]:
    """What makes the bytes the same wherever the project and cargo's own files are."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    places = ((str(target), "target"), (str(directory), "."), (str(home), "cargo"))
    flags = [f"--remap-path-prefix={place}={word}" for place, word in places]
    return {
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),
        "CARGO_INCREMENTAL": "0",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "1",
        "CARGO_PROFILE_RELEASE_DEBUG": "false",
        "CARGO_PROFILE_RELEASE_LTO": "true",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "s",
        "CARGO_PROFILE_RELEASE_STRIP": "symbols",
        "SOURCE_DATE_EPOCH": "0",
    }


def _explained(said: str) -> BuildError:
    if _LOCK.search(said):
        return BuildError(
            "Cargo.lock does not fit Cargo.toml",
            hint="run cargo update, and keep Cargo.lock under version control",
        )
    if _UNREACHABLE.search(said):
        return BuildError(
            f"cargo cannot get a crate, and there may be no network:\n{said}",
            hint="go online once and run cargo fetch; later builds need no network",
        )
    return CompileError(said or "cargo failed without a word")


def _version(said: str) -> str:
    """The number in ``cargo 1.95.0 (…)``."""
    return said.split()[1] if len(said.split()) > 1 else said.strip()


TOOLCHAIN: Toolchain = Rust()
