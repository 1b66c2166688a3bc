"""What one test works with: projects, hosts and the fakes behind them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from hyperhost.errors import BuildError, HyperHostError
from hyperhost.host.host import Host
from hyperhost.host.package import MANIFEST_NAME
from hyperhost.host.tomlread import read_toml
from hyperhost.sandbox.services import MemoryKeyValueStore
from hyperhost.sdk.compiled import code_cache, code_home, use_cache
from hyperhost.sdk.freshness import build_if_stale
from hyperhost.sdk.project import Project, open_project
from hyperhost.testing.fakes import FakeClock, FakeRandom
from hyperhost.testing.marks import Marks, granted
from hyperhost.testing.recorded_http import FakeHttp
from hyperhost.testing.under_test import PluginUnderTest

if TYPE_CHECKING:
    from hyperhost.host.package import Package
    from hyperhost.sandbox.cache import CompileCache

__all__ = ["Bench", "Shop", "built_project", "native_directory", "plugin_id", "project_directory"]


def project_directory(path: Path) -> Path | None:
    """The nearest directory with ``plugin.toml``, from that of ``path`` upwards; ``None`` without one."""
    for place in path.parents:
        if (place / MANIFEST_NAME).is_file():
            return place
    return None


def built_project(shop: Shop, path: Path) -> Project | None:
    """The project that the test file ``path`` belongs to; ``None`` without one, or if it is native."""
    directory = project_directory(path)
    if directory is None or "native" in _plugin_table(directory):
        return None
    return shop.project(directory)


def native_directory(path: Path) -> Path:
    """The directory of the native plugin that the test file ``path`` belongs to."""
    directory = project_directory(path)
    if directory is None:
        pytest.fail(
            f"there is no {MANIFEST_NAME} in {path.parent} or above\n"
            "hint: put the test into the directory of a plugin; for a native plugin without one, "
            "override the fixture plugin_object",
            pytrace=False,
        )
    return directory


def plugin_id(path: Path) -> str:
    """Id of the plugin that the test file ``path`` belongs to."""
    return str(_plugin_table(native_directory(path)).get("id", ""))


def _plugin_table(directory: Path) -> dict[str, Any]:
    """``[plugin]`` as far as it can be read; whoever opens the project reports what is wrong with it."""
    try:
        table = read_toml((directory / MANIFEST_NAME).read_bytes()).get("plugin")
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}


class Shop:
    """What all tests of a run share: opened and built projects, and compiled machine code.

    Args:
        scratch: A directory for machine code when there is no home directory.
        build: Whether to build what is stale.
    """

    def __init__(self, scratch: Path, *, build: bool = True) -> None:
        self._home = code_home() or scratch
        self._builds = build
        self._cache: CompileCache | None = None
        self._projects: dict[Path, Project | str] = {}
        self._packages: dict[Path, Package | str] = {}

    def project(self, directory: Path) -> Project:
        """The project in ``directory``; a test that uses a wrong one fails with the reason."""
        directory = directory.resolve()
        found = self._projects.get(directory)
        if found is None:
            try:
                found = open_project(directory)
            except HyperHostError as error:
                found = _words(error)
            self._projects[directory] = found
        if isinstance(found, str):
            _fail(found)
        return found

    def package(self, project: Project) -> Package:
        """The built component of a project as a package; built once in a run if it is stale."""
        found = self._packages.get(project.directory)
        if found is None:
            found = self._packages[project.directory] = self._made(project)
        if isinstance(found, str):
            _fail(found)
        return found

    def share_cache(self, host: Host) -> None:
        """Have ``host`` compile once for all tests; everything else of it stays in memory."""
        if self._cache is None:
            self._cache = code_cache(self._home)
        use_cache(host, self._cache)

    def _made(self, project: Project) -> Package | str:
        try:
            if self._builds:
                build_if_stale(project, home=self._home)
            return project.package(project.component.read_bytes())
        except BuildError as error:
            return f"the plugin cannot be built\n{_words(error)}"
        except HyperHostError as error:
            return _words(error)
        except FileNotFoundError:
            return (
                f"{project.component} is not there\n"
                f"hint: build it with: hyperhost plugin build {project.directory}"
            )
        except OSError as error:
            return f"{project.component} cannot be read: {error.strerror or error}"


class Bench:
    """What one test uses; its parts are the fixtures.

    Args:
        shop: Shared by all tests.
        marks: The test's markers.
        http: The network.
    """

    def __init__(self, shop: Shop, marks: Marks, http: FakeHttp) -> None:
        self.shop = shop
        self.marks = marks
        self.http = http
        self.clock = FakeClock()
        self.random = FakeRandom()
        self.environ: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.stores = MemoryKeyValueStore()
        self.plugins: list[PluginUnderTest] = []
        self._open = ExitStack()

    def host(
        self, project: Project | None = None, specs: Iterable[Any] | None = None, **options: Any
    ) -> Host:
        """A host that works with this bench's fakes; closed when the test has ended.

        Args:
            project: Whose hookspecs and interfaces it has, where ``specs`` and ``options`` do not say.
            specs: Its hookspecs.
            options: For :class:`hyperhost.Host`.
        """
        if project is not None:
            specs = project.specs if specs is None else specs
            options.setdefault("interfaces", project.offered)
        host = self._open.enter_context(Host("test", specs=specs, **options))
        services = host.services
        services.kv, services.clock, services.random = self.stores, self.clock, self.random
        services.environ, services.resolver, services.http = self.environ, self.http, self.http
        services.secrets = self.secrets.get
        if host.home is None:
            self.shop.share_cache(host)
        return host

    def load(self, project: Project, host: Host) -> PluginUnderTest:
        """Load the component of ``project`` as the test's markers say."""
        package = self.shop.package(project)
        assert package.component is not None
        asked = project.manifest.requested
        kept = granted(self.marks, asked, host.grammar)
        try:
            handle = host.load(
                package,
                grants=[each.text for each in asked],
                limits=self.marks.limited(project.manifest.limits, len(package.component)),
                config=self.marks.config,
            )
        except HyperHostError as error:
            _fail(_words(error))
        # Linked with everything and then cut down: so the gate says what exactly the plugin reached for.
        if kept is not None and handle.grants is not None:
            for each in handle.grants.granted:
                handle.revoke(each.text)
            for text in kept:
                handle.grant(text)
        return self._watched(PluginUnderTest(host, handle))

    def load_native(self, directory: Path, host: Host) -> PluginUnderTest:
        """Load the native plugin that a ``plugin.toml`` names."""
        try:
            handle = host.load(directory)
        except HyperHostError as error:
            _fail(_words(error))
        return self._watched(PluginUnderTest(host, handle))

    def register(self, plugin: object, host: Host) -> PluginUnderTest:
        """Register a native plugin's object."""
        return self._watched(PluginUnderTest(host, host.register(plugin)))

    def report(self) -> list[tuple[str, str]]:
        """What a failed test should show: title and text of each section."""
        sections = []
        for plugin in self.plugins:
            if plugin.messages:
                sections.append((f"Log of {plugin.id}", "\n".join(plugin.messages[-100:])))
            if plugin.calls:
                last = plugin.last
                sections.append((f"Last call of {plugin.id}", f"{last.hook}: {last.outcome}, {last.words()}"))
        if self.http.requests:
            sections.append(("HTTP requests", "\n".join(str(each) for each in self.http.requests[-100:])))
        return sections

    def close(self) -> None:
        """End every host, and write what HTTP was recorded."""
        try:
            self.http.close([*self.environ.values(), *self.secrets.values()])
        finally:
            self._open.close()

    def _watched(self, plugin: PluginUnderTest) -> PluginUnderTest:
        self.plugins.append(plugin)
        return plugin


def _fail(words: str) -> NoReturn:
    raise pytest.fail.Exception(words, pytrace=False) from None


def _words(error: HyperHostError) -> str:
    where = f"plugin {error.plugin!r}: " if error.plugin else ""
    return f"{where}{error.message}" + (f"\nhint: {error.hint}" if error.hint else "")
