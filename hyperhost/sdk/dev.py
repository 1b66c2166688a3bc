"""The loop of ``hyperhost plugin dev``: build, reload into a running host, call, show.

It prints nothing: what happens is told as events, in the order in which it happens.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.errors import (
    BadArgumentError,
    BuildError,
    HyperHostError,
    PluginError,
    RefusalError,
    ToolchainError,
)
from hyperhost.host.jsonvalues import arguments_from_json, to_json
from hyperhost.host.package import MANIFEST_NAME
from hyperhost.sdk.compiled import code_cache, use_cache
from hyperhost.sdk.examples import example_arguments
from hyperhost.sdk.facts import CallFacts, observe_calls, with_fuel
from hyperhost.sdk.freshness import CALLS, build_if_stale, is_source
from hyperhost.sdk.names import unknown_hook
from hyperhost.sdk.project import Project, open_project

if TYPE_CHECKING:
    from hyperhost.host.host import Host
    from hyperhost.host.plugin import Plugin
    from hyperhost.sandbox.services import LogRecord
    from hyperhost.sdk.build import Built

__all__ = ["Building", "Called", "Dev", "Event", "Failed", "Loaded", "Planned"]


@dataclass(frozen=True, slots=True)
class Building:
    """A build begins, because these files changed; none at the start."""

    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A component was built or was up to date, and is the one that is called now.

    Attributes:
        plugin: Id.
        version: From its manifest.
        built: The build; ``None`` when the component was up to date.
        again: It took the place of one that was loaded before.
    """

    plugin: str
    version: str
    built: Built | None
    again: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """Something is wrong; what was loaded before is still called."""

    error: HyperHostError


@dataclass(frozen=True, slots=True)
class Called:
    """One call.

    Attributes:
        hook: Name of the hook.
        source: Where its arguments come from, for people.
        result: JSON data of its answer; ``None`` when it ended in an error.
        error: What it ended in; a refusal is one, too.
        logs: What it logged and printed.
        facts: What it took; ``None`` when it did not begin.
    """

    hook: str
    source: str
    result: Any
    error: HyperHostError | None
    logs: tuple[LogRecord, ...]
    facts: CallFacts | None


_MOST_LINES: Final = 1_000
"""Log lines of one call that are shown, the latest ones."""

Event = Building | Loaded | Failed | Called


@dataclass(frozen=True, slots=True)
class Planned:
    """One call to make.

    Attributes:
        hook: Name of the hook.
        source: Where its arguments come from, for people.
        data: Its arguments as JSON data; ``None`` for made-up ones.
    """

    hook: str
    source: str
    data: Any = None


class Dev:
    """A project, the host that its latest good build is loaded in, and the calls to try it with.

    Args:
        directory: Where ``plugin.toml`` is.
        tell: Told about every event.
        calls: What to call; when not given, one call for each JSON file in ``calls/``, or of each hook
            with made-up arguments.
        grants: What to grant; everything asked for when not given.
        home: Keeps compiled machine code.
        build: Builds a directory; :func:`hyperhost.sdk.build.build` when not given.

    Raises:
        ManifestError: ``plugin.toml`` is missing or wrong.
        BuildError: the project cannot be built at all: it is native, or names a hook that does not exist.
    """

    def __init__(
        self,
        directory: Path | str,
        tell: Callable[[Event], None],
        *,
        calls: Sequence[Planned] = (),
        grants: Sequence[str] | None = None,
        home: Path | None = None,
        build: Callable[..., Built] | None = None,
    ) -> None:
        self.project = open_project(directory)
        for planned in calls:
            if planned.hook not in self.project.hooks:
                raise unknown_hook(planned.hook, self.project.hooks, self.project.manifest.id)
        self._tell = tell
        self._given = tuple(calls)
        self._grants = grants
        self._home = home
        self._build = build
        self._open = ExitStack()
        self._stage = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="hyperhost-dev-")))
        self._manifest = self._component = b""
        self._host: Host | None = None
        self._host_open = ExitStack()
        self._plugin: Plugin | None = None
        self._facts: list[CallFacts] = []

    def __enter__(self) -> Dev:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the host."""
        self._host_open.close()
        self._open.close()

    def wants(self, path: Path) -> bool:
        """Whether a change of ``path`` is worth another round."""
        calls = self.project.directory / CALLS
        return is_source(self.project, path) or (path.parent == calls and path.suffix == ".json")

    def round(self, changed: Iterable[Path] = ()) -> bool:
        """Build if need be, reload if something was built, and make every call.

        Returns:
            Whether all went well; refusals are answers.

        Raises:
            ToolchainError: a tool is missing, and nothing was built yet.
        """
        sources = [path for path in changed if is_source(self.project, path)]
        names = tuple(sorted(self._shown(path) for path in sources))
        try:
            if names or self._plugin is None:
                self._tell(Building(names))
                self._refresh()
        except OSError as error:  # a file that went away between two looks, a disk that is full
            self._tell(Failed(BuildError(f"{error.filename or error}: {error.strerror or error}")))
            return False
        except HyperHostError as error:
            if isinstance(error, ToolchainError) and self._plugin is None:
                raise  # no change of a file will mend that
            self._tell(Failed(error))
            return False
        return self._call_all()

    # --- building and loading -------------------------------------------------------------------

    def _refresh(self) -> None:
        project = open_project(self.project.directory)
        built = build_if_stale(project, home=self._home, build=self._build)
        self.project = project
        manifest = (project.directory / MANIFEST_NAME).read_bytes()
        component = project.component.read_bytes()
        again = self._plugin is not None
        if not again or manifest != self._manifest:
            self._load(project, manifest, component)
        elif component != self._component:  # built here, or by somebody else in the meantime
            assert self._plugin is not None
            self._write_stage(project, manifest, component)
            self._plugin.reload()
            self._component = component
        else:
            self._tell(Loaded(project.manifest.id, project.manifest.version, None, again))
            return
        assert self._plugin is not None
        observe_calls(self._plugin, self._facts.append)
        self._tell(Loaded(project.manifest.id, project.manifest.version, built, again))

    def _load(self, project: Project, manifest: bytes, component: bytes) -> None:
        """Load into a new host: hooks, specs, grants and limits may all be others."""
        self._write_stage(project, manifest, component)
        package = dataclasses.replace(project.package(component), source=self._stage)
        with ExitStack() as opening:
            host = opening.enter_context(project.host())
            if self._home is not None:
                use_cache(host, code_cache(self._home))
            if self._host is not None:  # what the plugin stored stays
                host.services.kv = self._host.services.kv
            asked = [each.text for each in project.manifest.requested]
            plugin = host.load(
                package,
                grants=asked if self._grants is None else self._grants,
                limits=with_fuel(project.manifest.limits, len(component)),
                stub_denied=None if self._grants is None else True,
            )
            self._host_open.close()
            self._host, self._plugin = host, plugin
            self._manifest, self._component = manifest, component
            self._host_open = opening.pop_all()

    def _write_stage(self, project: Project, manifest: bytes, component: bytes) -> None:
        """The package that a reload reads: manifest and component, without the rest of the project."""
        place = self._stage / project.component.relative_to(project.directory)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(component)
        (self._stage / MANIFEST_NAME).write_bytes(manifest)

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.project.directory).as_posix()

    # --- calling --------------------------------------------------------------------------------

    def _call_all(self) -> bool:
        try:
            planned = self._planned()
        except HyperHostError as error:
            self._tell(Failed(error))
            return False
        return all([self._call(each) for each in planned])  # noqa: C419 - every call is made, whatever the first gave

    def _planned(self) -> list[Planned]:
        if self._given:
            return list(self._given)
        found = [_read_call(path, self.project) for path in sorted(self._call_files())]
        return found or [Planned(name, "made-up arguments") for name in self.project.hooks]

    def _call_files(self) -> list[Path]:
        directory = self.project.directory / CALLS
        return list(directory.glob("*.json")) if directory.is_dir() else []

    def _call(self, planned: Planned) -> bool:
        assert self._plugin is not None
        info = self.project.hooks.get(planned.hook)
        self._facts.clear()
        began = time.time_ns()
        result, problem = None, None
        try:
            if info is None:
                raise unknown_hook(planned.hook, self.project.hooks, self.project.manifest.id)
            if planned.data is None:
                arguments = example_arguments(info.function)
            else:
                arguments = arguments_from_json(info.function, planned.data, info.name)
            self._plugin.release()  # whoever mends a fault does not want to wait for the end of a quarantine
            result = to_json(self._plugin.call(info.name, **arguments), info.function.result)
        except HyperHostError as error:
            problem = error
        except Exception as error:  # noqa: BLE001 - a host interface of another program may raise anything
            problem = PluginError(f"{type(error).__name__}: {error}", hook=planned.hook)
        logs = tuple(line for line in self._plugin.logs(_MOST_LINES) if line.time_ns >= began)
        facts = self._facts[-1] if self._facts else None
        self._tell(Called(planned.hook, planned.source, result, problem, logs, facts))
        return problem is None or isinstance(problem, RefusalError)


def _read_call(path: Path, project: Project) -> Planned:
    """The call that a file in ``calls/`` describes: ``HOOK.json`` or ``HOOK.anything.json``."""
    hook = path.name.partition(".")[0].replace("-", "_")
    shown = f"{CALLS}/{path.name}"
    if hook not in project.hooks:
        raise BadArgumentError(
            f"{shown} belongs to no hook of the plugin",
            plugin=project.manifest.id,
            hint=f"name it after one of {', '.join(project.hooks)}, as in {next(iter(project.hooks))}.json",
        )
    try:
        return Planned(hook, shown, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise BadArgumentError(
            f"{shown} holds no JSON: {error}",
            plugin=project.manifest.id,
            hint="write an object with one key for each argument",
        ) from error
