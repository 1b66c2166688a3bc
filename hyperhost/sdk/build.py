"""Make a component from source, and let it take its place only when it would load."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hyperhost.errors import BuildError, ImportDeniedError, LinkError, UndeclaredImportError
from hyperhost.sandbox.outernames import outer_names
from hyperhost.sdk.compiled import code_cache, use_cache
from hyperhost.sdk.freshness import mark_built, source_digest
from hyperhost.sdk.project import BINDINGS, open_project
from hyperhost.sdk.toolchain import toolchain
from hyperhost.sdk.world import PACKAGE, World, world_of

if TYPE_CHECKING:
    from hyperhost.sdk.project import Project

__all__ = ["Built", "build", "check", "generate"]


@dataclass(frozen=True, slots=True)
class Built:
    """A component that was built.

    Attributes:
        path: The file.
        language: Its language.
        sha256: Of its bytes, in hex, to be compared with that of another build.
        size: Bytes of the file.
        seconds: How long it took.
        tools: Version of each tool by its name.
        hooks: Python names of the hooks that it exports.
        imports: Interfaces that it imports.
        notes: What a person should know, each a sentence without a full stop.
    """

    path: Path
    language: str
    sha256: str
    size: int
    seconds: float
    tools: Mapping[str, str]
    hooks: tuple[str, ...]
    imports: tuple[str, ...]
    notes: tuple[str, ...] = ()


def build(
    directory: Path | str, *, home: Path | None = None, progress: Callable[[str], None] | None = None
) -> Built:
    """Build the plugin in ``directory``: bindings, component, and a check that a host would load it.

    Args:
        directory: Where ``plugin.toml`` is.
        home: Keeps the compiled machine code, so that the first call of the plugin does not wait for it.
        progress: Told what happens now, in a few words.

    Raises:
        ManifestError: ``plugin.toml`` is missing or wrong.
        ToolchainError: a tool is missing.
        CompileError: the source does not compile.
        UndeclaredImportError: it imports what ``plugin.toml`` does not ask for.
        SignatureMismatchError: an export does not fit its hook.
        BuildError: anything else. In every case the component that was there stays.
    """
    tell = progress or (lambda _: None)
    started = time.monotonic()
    project = open_project(directory)
    tools = toolchain(project.plan.language).require(project)
    sources = source_digest(project)  # before: what is saved while it builds makes it stale again
    tell("writing bindings")
    world = generate(project)
    tell(f"compiling {project.plan.source}")
    with tempfile.TemporaryDirectory(prefix="hyperhost-build-") as scratch:
        out = Path(scratch, "plugin.wasm")
        try:
            notes = toolchain(project.plan.language).compile(project, world, project.bindings, out)
        except BuildError as error:
            raise error.located(project.manifest.id, None) from error.__cause__
        component = out.read_bytes()
    tell("checking it")
    check(project, component, home=home)
    _replace(project.component, component)
    mark_built(project, sources)
    return Built(
        project.component,
        project.plan.language,
        hashlib.sha256(component).hexdigest(),
        len(component),
        time.monotonic() - started,
        tools,
        tuple(project.hooks),
        tuple(name for name in outer_names(component, "").needed if not name.startswith(f"{PACKAGE}/")),
        notes,
    )


def generate(project: Project) -> World:
    """Write the world and its bindings into ``bindings/``, in place of what was there.

    Raises:
        ToolchainError: a tool is missing.
        BuildError: they cannot be made or written.
    """
    world = world_of(project)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{BINDINGS}-", dir=project.directory) as scratch:
            fresh = Path(scratch, BINDINGS)
            for name, text in world.files().items():
                path = fresh / "wit" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
            toolchain(project.plan.language).bindings(project, world, fresh)
            if project.bindings.is_symlink() or project.bindings.is_file():
                raise BuildError(f"{BINDINGS} is not a directory", hint="remove it; it is generated")
            if project.bindings.exists():
                project.bindings.rename(Path(scratch, "old"))
            fresh.rename(project.bindings)
    except OSError as error:
        raise BuildError(
            f"{project.bindings} cannot be written: {error.strerror or error}", plugin=project.manifest.id
        ) from error
    return world


def check(project: Project, component: bytes, *, home: Path | None = None) -> None:
    """Load a component with everything granted that the manifest asks for; nothing of it is run.

    Raises:
        UndeclaredImportError: it imports what is outside of that.
        HyperHostError: it would not load for another reason.
    """
    asked = [capability.text for capability in project.manifest.requested]
    with project.host() as host:
        if home is not None:
            use_cache(host, code_cache(home))
        try:
            host.load(project.package(component), grants=asked).unload()
        except ImportDeniedError as error:
            raise UndeclaredImportError(
                f"{error.message}, which plugin.toml does not ask for",
                plugin=project.manifest.id,
                hint=f'add to plugin.toml: [[capabilities.required]] with name = "{error.capability}" '
                "and a reason",
            ) from error
        except LinkError as error:
            raise UndeclaredImportError(
                error.message, plugin=project.manifest.id, hint=f"use what the host offers; {error.hint}"
            ) from error


def _replace(path: Path, component: bytes) -> None:
    from hyperhost.host.outfile import staging

    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise BuildError(f"{path} is a directory", hint="name another file in plugin.component")
    with staging(path) as temporary:
        temporary.write_bytes(component)
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
