"""Python: componentize-py puts CPython and the author's modules into one component.

The author writes a class ``Plugin`` with methods named like the hooks, as a native plugin has them.
A small entry module (:mod:`.python_entry`) makes of it what componentize-py looks for.
"""

from __future__ import annotations

import ast
import json
import keyword
import re
import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.errors import BuildError, CompileError, ToolchainError
from hyperhost.sdk.languages import determinism
from hyperhost.sdk.languages.undeclared import undeclared
from hyperhost.sdk.names import nearest
from hyperhost.sdk.toolchain import run
from hyperhost.sdk.world import WORLD

if TYPE_CHECKING:
    from hyperhost.sdk.project import Project
    from hyperhost.sdk.world import World

__all__ = ["TOOLCHAIN", "Python"]

MODULE: Final = "hyperhost_guest"
_ENTRY: Final = "hyperhost_entry"
_SETTINGS: Final = "hyperhost_settings"
_UNUSED: Final = ("componentize_py_async_support", "poll_loop.py", "componentize_py_runtime.pyi")
_WASI_KINDS: Final = frozenset({"fs.read", "fs.write", "content:read"})
_PROBLEM: Final = re.compile(r"hyperhost-problem:([0-9a-f]*):")
_NOISE: Final = re.compile(r"\n+Stack backtrace:.*", re.DOTALL)
_OUTCOMES: Final = ("Err", "Ok", "Result", "Some")
_IMPORTED_OUTCOMES: Final = re.compile(r"^from componentize_py_types import .*\n", re.MULTILINE)
_REFUSE: Final = '''

def refuse(reason: str, rule: str = "") -> Err[Refusal]:
    """What to raise to refuse: ``raise refuse("too large", "size")``."""
    return Err(Refusal(reason, rule))
'''


class Python:
    """See :class:`hyperhost.sdk.toolchain.Toolchain`."""

    language = "python"

    def require(self, project: Project) -> Mapping[str, str]:
        """The version of componentize-py.

        Raises:
            ToolchainError: it is not installed beside HyperHost.
        """
        try:
            return {"componentize-py": version("componentize-py")}
        except PackageNotFoundError as error:
            raise ToolchainError(
                "Python plugins are built by componentize-py, which is not installed",
                plugin=project.manifest.id,
                hint="install it with: python -m pip install componentize-py",
            ) from error

    def bindings(self, project: Project, world: World, directory: Path) -> None:
        """Write the package ``hyperhost_guest`` for editors and type checkers.

        Raises:
            BuildError: componentize-py cannot make it.
        """
        done = run(
            [*_tool(), *_world_arguments(directory), "bindings", directory],
            cwd=directory,
            environment={"RUST_BACKTRACE": "0", "RUST_LIB_BACKTRACE": "0"},
        )
        if done.returncode:
            raise BuildError(f"componentize-py cannot make bindings: {_plain(done.stderr)}")
        for name in _UNUSED:
            path = directory / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        _add_short_names(directory / MODULE)

    def compile(self, project: Project, world: World, bindings: Path, out: Path) -> tuple[str, ...]:
        """Write the component to ``out``.

        Raises:
            CompileError: the source does not run, lacks a hook, or has one with other parameters.
            UndeclaredImportError: it imports an interface that ``plugin.toml`` does not ask for.
        """
        source = project.source
        if not source.stem.isidentifier() or keyword.iskeyword(source.stem) or source.suffix != ".py":
            raise CompileError(f"{source.name} is no module's name", hint="name it plugin.py, for example")
        files = _reads_files(project)
        scratch = out.parent
        staged, entry = scratch / "source", scratch / "entry"
        determinism.stage(project.directory, staged)
        modules = staged / source.parent.relative_to(project.directory)
        entry.mkdir()
        shutil.copyfile(Path(__file__).with_name("python_entry.py"), entry / f"{_ENTRY}.py")
        _write_settings(entry / f"{_SETTINGS}.py", project, world, bindings, stubbed=not files)
        paths = [modules, entry, *([staged / "vendor"] if (staged / "vendor").is_dir() else [])]
        done = run(
            [
                *_tool(),
                *("-q", *_world_arguments(bindings), "componentize", *([] if files else ["--stub-wasi"])),
                *(part for path in paths for part in ("-p", path)),
                *("-o", out, _ENTRY),
            ],
            cwd=scratch,
            environment=determinism.sealed_environment(scratch),
        )
        if done.returncode:
            raise _failure(done.stderr, project)
        return _notes(done.stderr)


def _tool() -> list[str | Path]:
    return [sys.executable, "-I", Path(__file__).with_name("python_tool.py")]


def _world_arguments(directory: Path) -> list[str | Path]:
    return ["-d", directory / "wit", "-w", WORLD, "--world-module", MODULE]


def _reads_files(project: Project) -> bool:
    """Whether it asks for files, which reach Python through WASI.

    Raises:
        BuildError: it does, and would not load: Python's WASI imports sockets too, and nobody has them.
    """
    asked = {capability.kind for capability in project.manifest.requested}
    if not asked & _WASI_KINDS:
        return False
    if not project.manifest.stub_denied:
        raise BuildError(
            f"asks for {min(asked & _WASI_KINDS)}, and with files Python imports what no plugin is granted",
            hint="add to plugin.toml: [runtime] stub_denied = true",
        )
    return True


def _public_names(path: Path) -> list[str]:
    """Types that a generated module defines: classes, and unions of them."""
    if not path.is_file():
        return []
    found = []
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ClassDef):
            found.append(statement.name)
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            found.append(statement.targets[0].id)
    return found


def _interfaces(package: Path) -> list[str]:
    """The interface modules, in order of their names."""
    modules = (path.stem for path in (package / "imports").glob("*.py"))
    return sorted(name for name in modules if name not in ("__init__", "types"))


def _add_short_names(package: Path) -> None:
    """Let everything be imported from ``hyperhost_guest``; :mod:`.python_entry` does the same inside."""
    names = _public_names(package / "imports" / "types.py")
    lines = [f"from .imports import {name} as {name}" for name in _interfaces(package)]
    lines += [f"from .imports.types import {name} as {name}" for name in names]
    init = package / "__init__.py"
    outcomes = "".join(f"from componentize_py_types import {name} as {name}\n" for name in _OUTCOMES)
    made = _IMPORTED_OUTCOMES.sub(outcomes, init.read_text(encoding="utf-8"))
    text = "\n".join([made.rstrip(), "", "", *lines, "", "World = HyperhostGuest", ""])
    init.write_text(text + (_REFUSE if "Refusal" in names else ""), encoding="utf-8", newline="\n")
    (package / "py.typed").touch()


def _write_settings(path: Path, project: Project, world: World, bindings: Path, *, stubbed: bool) -> None:
    shown = project.source.parent.relative_to(project.directory).as_posix()
    facts: dict[str, Any] = {
        "MODULE": MODULE,
        "SOURCE": project.source.stem,
        "SHOWN": "" if shown == "." else f"{shown}/",
        "STUBBED": stubbed,
        "RANDOM": any(capability.kind == "random" for capability in project.manifest.requested),
        "HOOKS": {world.hook_names[name]: len(kind.parameters) for name, kind in world.hooks.items()},
        "TYPES": _public_names(bindings / MODULE / "imports" / "types.py"),
        "INTERFACES": _interfaces(bindings / MODULE),
    }
    path.write_text("".join(f"{name} = {value!r}\n" for name, value in facts.items()), encoding="utf-8")


def _failure(said: str, project: Project) -> BuildError:
    """What went wrong, from what the entry module or else the tool says."""
    found = _PROBLEM.search(said)
    if found is None:
        return CompileError(f"componentize-py failed: {_plain(said)}")
    facts = json.loads(bytes.fromhex(found[1]))
    source = project.source.relative_to(project.directory).as_posix()
    kind, name = facts["kind"], facts.get("name", "")
    if kind == "import":
        return undeclared(name, project, facts["text"])
    if kind == "raised":
        return CompileError(f"{source} cannot be imported:\n{facts['text']}")
    if kind == "class":
        near = nearest("Plugin", facts["names"]) or next(iter(facts["names"]), None)
        return CompileError(
            f"{source} has no class Plugin", hint=f"rename {near}" if near else "write: class Plugin:"
        )
    hook = project.hooks[name]
    wanted = f"{name}({', '.join(['self', *(each for each, _, _ in hook.function.parameters)])})"
    if kind == "hook":
        near = nearest(name, [each for each in facts["names"] if each not in project.hooks])
        return CompileError(
            f"class Plugin of {source} has no method for the hook {name!r}",
            hint=f"rename {near}" if near else f"write: def {wanted}",
            hook=name,
        )
    place = f"{source}, line {facts['line']}"
    if kind == "async":
        return CompileError(f"{place}: a hook is a plain function, without async and yield", hook=name)
    return CompileError(
        f"{place}: {name}{facts['found']} does not take the hook's parameters",
        hint=f"write: def {wanted}",
        hook=name,
    )


def _plain(said: str) -> str:
    """What a Rust program says, without its stack and the chain behind it."""
    lines = [line for line in _NOISE.sub("", said).splitlines() if not line.startswith("not sealed: ")]
    return "\n".join(lines).strip() or "it does not say why"


def _notes(said: str) -> tuple[str, ...]:
    sealed = determinism.library() is not None and "not sealed: " not in said
    return () if sealed else (determinism.NOT_REPRODUCIBLE,)


TOOLCHAIN: Final = Python()
