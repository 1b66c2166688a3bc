"""JavaScript: componentize-qjs puts QuickJS and the author's modules into one component.

The author writes an ES module that exports functions named like the hooks in camelCase, and imports
the host's functions from modules with the names of its interfaces.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from hyperhost.errors import BuildError, CompileError, ToolchainError
from hyperhost.sandbox.types import Result
from hyperhost.sdk.languages import determinism, unsigned
from hyperhost.sdk.languages.dts import camel, declarations
from hyperhost.sdk.languages.undeclared import undeclared
from hyperhost.sdk.names import nearest
from hyperhost.sdk.toolchain import node_package, run
from hyperhost.sdk.world import WORLD

if TYPE_CHECKING:
    from hyperhost.sdk.project import Project
    from hyperhost.sdk.world import World

__all__ = ["TOOLCHAIN", "JavaScript"]

PACKAGE: Final = "componentize-qjs"
_HERE: Final = Path(__file__).parent
_ENTRY: Final = "hyperhost_entry.js"
_CONSOLE: Final = "hyperhost_console.js"
_MEMORIES: Final = 3
"""QuickJS has one, and each of the two modules that stand in for WASI an empty one."""
_NO_FILES: Final = "JavaScript reaches no files: the capability {} is of no use to it"

_PROBLEM: Final = re.compile(r"hyperhost-problem:([^:\s]*):")
_UNRESOLVED: Final = re.compile(r"Error resolving module '([^']+)' from '/?([^']+)'")
_NO_EXPORT: Final = re.compile(r"Could not find export '([^']+)' in module '([^']+)'")
_PLACE: Final = re.compile(r"\(?/([^\s()]+?):(\d+):(\d+)\)?")
_CHAIN: Final = re.compile(r"^.*?(?:Failed to [a-z]+ [^:]*: )+(?:Error: )?", re.DOTALL)


class JavaScript:
    """See :class:`hyperhost.sdk.toolchain.Toolchain`."""

    language = "javascript"

    def require(self, project: Project) -> Mapping[str, str]:
        """The versions of Node and componentize-qjs.

        Raises:
            ToolchainError: one of them is not installed.
        """
        done = run([_node(project), "--version"], cwd=project.directory)
        package = json.loads((_package(project) / "package.json").read_text(encoding="utf-8"))
        return {"node": done.stdout.strip().removeprefix("v"), PACKAGE: str(package["version"])}

    def bindings(self, project: Project, world: World, directory: Path) -> None:
        """Write ``plugin.d.ts`` for editors and for TypeScript."""
        (directory / "plugin.d.ts").write_text(declarations(world), encoding="utf-8", newline="\n")

    def compile(self, project: Project, world: World, bindings: Path, out: Path) -> tuple[str, ...]:
        """Write the component to ``out``.

        Raises:
            CompileError: the source does not run, or lacks a hook.
            UndeclaredImportError: it imports an interface that ``plugin.toml`` does not ask for.
        """
        if project.source.suffix not in (".js", ".mjs"):
            raise CompileError(f"{project.plan.source} is not a JavaScript module", hint="name it plugin.js")
        if project.manifest.limits.memories < _MEMORIES:
            raise BuildError(
                f"JavaScript components have {_MEMORIES} memories, and plugin.toml asks for "
                f"{project.manifest.limits.memories}",
                hint=f"add to plugin.toml: [limits] with memories = {_MEMORIES}",
            )
        scratch = out.parent
        staged = scratch / "source"
        determinism.stage(project.directory, staged)
        _copy_dependencies(project.directory, staged)
        _write_entry(project, world, staged)
        done = run(
            [
                *(_node(project), _HERE / "javascript_tool.mjs", _package(project).resolve()),
                *(bindings / "wit", WORLD, staged / _ENTRY, staged, out),
            ],
            cwd=scratch,
            environment={**determinism.sealed_environment(scratch), "NODE_OPTIONS": ""},
        )
        if done.returncode:
            raise _failure(done.stderr, project, world)
        return tuple(_notes(project))


def _node(project: Project) -> str:
    found = shutil.which("node")
    if found is None:
        raise ToolchainError(
            "JavaScript plugins are built by Node.js, which is not installed",
            plugin=project.manifest.id,
            hint="install Node.js 20 or later, so that `node` is on the path",
        )
    return found


def _package(project: Project) -> Path:
    found = node_package(project.directory, PACKAGE)
    if found is None:
        listed = (project.directory / "package.json").is_file()
        command = "npm install" if listed else f"npm install --save-dev {PACKAGE}"
        raise ToolchainError(
            f"JavaScript plugins are built by {PACKAGE}, which is not installed",
            plugin=project.manifest.id,
            hint=f"run `{command}` in {project.directory}",
        )
    return found


def _copy_dependencies(directory: Path, staged: Path) -> None:
    """Copy the packages that ``package.json`` names as dependencies, and those that these need.

    Raises:
        CompileError: one is not installed.
    """
    waiting = _dependencies(directory / "package.json")
    while waiting:
        name = waiting.pop()
        target = staged / "node_modules" / name
        if target.exists():
            continue
        found = node_package(directory, name)
        if found is None:
            raise CompileError(
                f"package.json names {name}, which is not installed", hint=f"run `npm install` in {directory}"
            )
        shutil.copytree(found, target, ignore=shutil.ignore_patterns(".*"), symlinks=False)
        waiting += _dependencies(found / "package.json")


def _dependencies(path: Path) -> list[str]:
    if not path.is_file():
        return []
    try:
        named = json.loads(path.read_text(encoding="utf-8")).get("dependencies", {})
    except (ValueError, AttributeError) as error:
        raise CompileError(f"{path.name} is no JSON object: {error}") from error
    return sorted(name for name in named if name != PACKAGE)


def _write_entry(project: Project, world: World, staged: Path) -> None:
    """Write the module that the component begins with: it wraps the author's hooks."""
    log = next((name for name in world.imports if name.startswith("hyperhost:host/log@")), None)
    write = f'import {{ write }} from "{log}";' if log else "const write = () => {};"
    console = (_HERE / "javascript_console.js").read_text(encoding="utf-8")
    (staged / _CONSOLE).write_text(f"{write}\n{console}", encoding="utf-8")
    lines = [f'import "./{_CONSOLE}";', f'import * as plugin from "./{project.plan.source}";']
    lines.append((_HERE / "javascript_entry.js").read_text(encoding="utf-8"))
    for name, function in world.hooks.items():
        refuses = "true" if isinstance(function.result, Result) else "false"
        mended = f"{unsigned.arguments(function)}, {unsigned.result(function)}"
        lines.append(f'export const {camel(name)} = hook("{camel(name)}", {refuses}, {mended});')
    (staged / _ENTRY).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _failure(said: str, project: Project, world: World) -> BuildError:
    """What went wrong, from what the entry module or else the tool says."""
    source = project.plan.source
    if found := _PROBLEM.search(said):
        facts = json.loads(unquote(found[1]))
        return _missing_hook(facts["name"], facts["names"], project, world)
    if found := _UNRESOLVED.search(said):
        return _unresolved(found[1], found[2], project, world)
    words = _CHAIN.sub("", said.strip())
    if found := _NO_EXPORT.search(said):
        names = [camel(name) for name in world.imports.get(found[2], ())]
        near = nearest(found[1], names) or ", ".join(names)
        return CompileError(f"{source}: {found[0]}", hint=f"did you mean {near}?" if near else "")
    place = next((each for each in _PLACE.finditer(words) if each[1] not in (_ENTRY, _CONSOLE)), None)
    frames = [
        line.replace("(/", "(").replace("at /", "at ") for line in words.splitlines() if _ENTRY not in line
    ]
    if place is None:
        return CompileError(f"{source}: {chr(10).join(frames)}")
    kind = "SyntaxError: " if "Failed to declare" in said else ""
    first, *others = frames
    excerpt = _excerpt(project.directory / place[1], int(place[2]), int(place[3]))
    return CompileError("\n".join([f"{place[1]}:{place[2]}:{place[3]}: {kind}{first}", *excerpt, *others]))


def _missing_hook(name: str, names: list[str], project: Project, world: World) -> CompileError:
    hook, function = next((hook, each) for hook, each in world.hooks.items() if camel(hook) == name)
    known = {camel(each) for each in world.hooks}
    near = nearest(name, [each for each in names if each not in known])
    wanted = ", ".join(camel(each) for _, each, _ in function.parameters)
    return CompileError(
        f"{project.plan.source} exports no function {name} for the hook {world.hook_names[hook]!r}",
        hint=f"rename {near}" if near else f"write: export function {name}({wanted}) {{ … }}",
        hook=world.hook_names[hook],
    )


def _unresolved(module: str, importer: str, project: Project, world: World) -> BuildError:
    if ":" not in module or module.startswith(("node:", "file:", "http:", "https:")):
        return CompileError(
            f"{importer} imports {module!r}, which is not there",
            hint="imports are files of the project, dependencies of package.json, or the host's interfaces",
        )
    base = module.partition("@")[0]
    for name in world.imports:
        if name.partition("@")[0] == base:
            return CompileError(f"{importer} imports {module!r}", hint=f"write it in full: {name!r}")
    return undeclared(module, project)


def _excerpt(path: Path, line: int, column: int) -> Iterator[str]:
    """The author's line and a mark below the place."""
    try:
        text = path.read_text(encoding="utf-8").splitlines()[line - 1]
    except (OSError, IndexError, UnicodeDecodeError):
        return
    yield f"    {text}"
    yield f"    {' ' * (column - 1)}^"


def _notes(project: Project) -> Iterator[str]:
    asked = {capability.kind for capability in project.manifest.requested}
    for kind in sorted(asked & {"fs.read", "fs.write", "content:read"}):
        yield _NO_FILES.format(kind)
    if determinism.library() is None:
        yield determinism.NOT_REPRODUCIBLE


TOOLCHAIN: Final = JavaScript()
