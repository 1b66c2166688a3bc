"""A plugin that somebody is writing: a directory with ``plugin.toml`` and source."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.errors import BuildError, ManifestError
from hyperhost.hookspecs import KERNEL_SPECS
from hyperhost.host.host import Host
from hyperhost.host.manifest import BuildPlan, Manifest
from hyperhost.host.manifest_reader import read_plan
from hyperhost.host.package import MANIFEST_NAME, Package
from hyperhost.host.populate import import_specs
from hyperhost.sandbox.interfaces import builtin_interfaces
from hyperhost.sdk.names import unknown_hook

if TYPE_CHECKING:
    from hyperhost.host.specs import HookInfo
    from hyperhost.sandbox.interface import HostInterface

__all__ = ["BINDINGS", "Project", "interfaces_for", "open_project"]

BINDINGS: Final = "bindings"
"""Directory of a project for everything that is generated; not under version control, not packed."""


@dataclass(frozen=True, slots=True)
class Project:
    """An opened project.

    Attributes:
        directory: Where ``plugin.toml`` is; absolute.
        manifest: What ``plugin.toml`` says.
        plan: Its table ``[build]``.
        hooks: The hooks that it answers, by Python name, in the order of ``plugin.toml``.
        interfaces: The typed host interfaces that its capabilities stand for, in order of their names.
        specs: All hookspecs of the host program it is written for.
        offered: Interfaces of other host programs that ``[build] interfaces`` names.
    """

    directory: Path
    manifest: Manifest
    plan: BuildPlan
    hooks: Mapping[str, HookInfo]
    interfaces: tuple[HostInterface, ...]
    specs: tuple[Any, ...]
    offered: tuple[HostInterface, ...]

    @property
    def source(self) -> Path:
        """The author's file."""
        return self.directory / self.plan.source

    @property
    def component(self) -> Path:
        """The file that a build writes."""
        return self.directory / (self.manifest.component or "plugin.wasm")

    @property
    def bindings(self) -> Path:
        """Directory of everything that is generated."""
        return self.directory / BINDINGS

    @contextmanager
    def host(self, home: Path | None = None, **options: Any) -> Iterator[Host]:
        """A host like the one that the plugin is for, without plugins.

        Args:
            home: Keeps compiled components there; in memory when not given.
            options: For :class:`hyperhost.Host`.
        """
        with Host("sdk", specs=self.specs, interfaces=self.offered, home=home, **options) as host:
            yield host

    def package(self, component: bytes) -> Package:
        """The plugin as it would be packed with these bytes of a component; it needs no other plugin."""
        sha256 = hashlib.sha256(component).hexdigest()
        manifest = dataclasses.replace(self.manifest, dependencies={})
        return Package(manifest, component, f"sha256:{sha256}", "", self.component, sha256)


def open_project(directory: Path | str) -> Project:
    """The project in ``directory``.

    Raises:
        ManifestError: ``plugin.toml`` is missing or wrong.
        BuildError: it has no table ``[build]``, names no hook, one that does not exist, or specs or
            interfaces that cannot be imported.
    """
    directory = Path(directory).resolve()
    path = directory / MANIFEST_NAME
    if not path.is_file():
        raise ManifestError(
            f"{directory} holds no {MANIFEST_NAME}",
            hint="name the directory of a plugin, or make one with: hyperhost plugin new NAME",
        )
    text = path.read_bytes()
    specs, offered = _contract(read_plan(text), directory)
    with Host("sdk", specs=specs, interfaces=offered) as host:
        manifest = Manifest.parse(text, grammar=host.grammar)
        known = host.hooks()
    plan = _plan(manifest, directory)
    interfaces = interfaces_for(manifest, offered)
    hooks = _hooks(manifest, known)
    return Project(directory, manifest, plan, hooks, interfaces, tuple(specs), tuple(offered))


def interfaces_for(manifest: Manifest, offered: Iterable[HostInterface] = ()) -> tuple[HostInterface, ...]:
    """The typed host interfaces that the capabilities of a manifest stand for, in order of their names.

    Args:
        manifest: What asks.
        offered: Interfaces of another host program, beside HyperHost's own.
    """
    kinds = {capability.kind for capability in manifest.requested}
    typed = [each for each in (*builtin_interfaces(), *offered) if each.typed]
    return tuple(sorted((each for each in typed if _stands_for(each, kinds)), key=lambda each: each.name))


def _plan(manifest: Manifest, directory: Path) -> BuildPlan:
    if manifest.native is not None:
        raise BuildError(
            "is a native plugin, which needs no build",
            plugin=manifest.id,
            hint="install it with pip, and run its tests with pytest",
        )
    if manifest.build is None:
        raise BuildError(
            f"{MANIFEST_NAME} does not say how to build it",
            plugin=manifest.id,
            hint='add a table [build] with, for example, language = "python" and source = "plugin.py"',
        )
    if not (directory / manifest.build.source).is_file():
        raise BuildError(
            f"build.source is {manifest.build.source!r}, which is not there",
            plugin=manifest.id,
            hint="write it, or name another file with the path from the top of the project",
        )
    return manifest.build


def _contract(plan: BuildPlan | None, directory: Path) -> tuple[list[Any], list[HostInterface]]:
    if plan is None:
        return list(KERNEL_SPECS), []
    for place in (str(directory), str(Path.cwd())):
        if (plan.specs or plan.interfaces) and place not in sys.path:
            sys.path.append(place)  # last, so that no file lying about here replaces a module of Python's
    specs = [*KERNEL_SPECS, *import_specs(plan.specs)]
    offered = [each() if isinstance(each, type) else each for each in import_specs(plan.interfaces)]
    return specs, offered


def _hooks(manifest: Manifest, known: Mapping[str, HookInfo]) -> dict[str, HookInfo]:
    if not manifest.hook_names:
        raise BuildError(
            f"{MANIFEST_NAME} names no hook",
            plugin=manifest.id,
            hint='add, for example, hooks = ["artifact_validate"]; hyperhost hooks lists them all',
        )
    for name in manifest.hook_names:
        if name not in known:
            raise unknown_hook(name, known, manifest.id)
    return {name: known[name] for name in manifest.hook_names}


def _stands_for(interface: HostInterface, kinds: set[str]) -> bool:
    wanted = interface.capability
    return interface.always or bool(kinds & ({wanted} if isinstance(wanted, str) else set(wanted)))
