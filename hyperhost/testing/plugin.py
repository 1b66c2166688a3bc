"""The pytest plugin: fixtures, markers and options for tests of plugins.

pytest loads this module in every run on a machine where HyperHost is installed, so it imports
nothing but pytest; what the fixtures need is imported when a test uses one. It asserts nothing:
PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from hyperhost.host.host import Host
    from hyperhost.sdk.project import Project
    from hyperhost.testing.bench import Bench, Shop
    from hyperhost.testing.fakes import FakeClock, FakeRandom, StoreView
    from hyperhost.testing.recorded_http import FakeHttp
    from hyperhost.testing.under_test import PluginUnderTest

__all__ = [
    "clock",
    "env",
    "host_factory",
    "http",
    "hyperhost_host",
    "hyperhost_project",
    "hyperhost_specs",
    "kv",
    "plugin",
    "plugin_object",
    "random_bytes",
]

_MARKERS = (
    'grants(*capabilities): grant the plugin under test exactly these, as in grants("log", "env:HOME")',
    'denied(*capabilities): grant it everything it asks for but these, as in denied("http")',
    'limits(**limits): limits of a call, as in limits(deadline_ms=50, memory="4MiB")',
    "plugin_config(values): configuration of the plugin under test, laid over its defaults",
    "http_recording(file): answer its requests from a recording; --record-http makes it",
)
_BENCH = pytest.StashKey["Bench"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("hyperhost", "plugins of HyperHost")
    group.addoption(
        "--no-build",
        action="store_true",
        dest="hyperhost_no_build",
        help="test the component as it is, without building it when its source has changed",
    )
    group.addoption(
        "--record-http",
        action="store_true",
        dest="hyperhost_record_http",
        help="let plugins under test go out where a test uses a recording, and record that",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    for line in _MARKERS:
        config.addinivalue_line("markers", line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the plugin logged, and what its last call took, when a test fails."""
    report = yield
    bench = item.stash.get(_BENCH, None)
    if bench is not None and report.failed:
        report.sections += bench.report()
    return report


@pytest.fixture(scope="session")
def _hyperhost_shop(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    from hyperhost.testing.bench import Shop

    scratch = tmp_path_factory.mktemp("hyperhost")
    return Shop(scratch, build=not pytestconfig.getoption("hyperhost_no_build"))


@pytest.fixture
def _hyperhost_bench(request: pytest.FixtureRequest, _hyperhost_shop: Shop) -> Iterator[Bench]:
    from hyperhost.testing.bench import Bench
    from hyperhost.testing.marks import read_marks
    from hyperhost.testing.recorded_http import FakeHttp

    item: pytest.Item = request.node
    recording = bool(request.config.getoption("hyperhost_record_http"))
    fake = FakeHttp(recording=recording, directory=item.path.parent)
    bench = item.stash[_BENCH] = Bench(_hyperhost_shop, read_marks(item), fake)
    try:
        if (mark := item.get_closest_marker("http_recording")) is not None:
            if len(mark.args) != 1 or mark.kwargs:
                pytest.fail("marker http_recording: name one file", pytrace=False)
            fake.record(mark.args[0])
        yield bench
    finally:
        bench.close()


@pytest.fixture
def hyperhost_project(request: pytest.FixtureRequest, _hyperhost_shop: Shop) -> Project | None:
    """The project under test: the nearest ``plugin.toml`` with ``[build]``; ``None`` without one."""
    from hyperhost.testing.bench import built_project

    return built_project(_hyperhost_shop, request.node.path)


@pytest.fixture
def hyperhost_specs() -> list[Any] | None:
    """Hookspecs of the host. Override it for a host program of your own; ``None``: the project's."""
    return None


@pytest.fixture
def plugin_object() -> object | None:
    """The object of a native plugin. Override it to test one; ``None``: the project's component."""
    return None


@pytest.fixture
def host_factory(
    _hyperhost_bench: Bench, hyperhost_project: Project | None, hyperhost_specs: list[Any] | None
) -> Callable[..., Host]:
    """Makes hosts with the project's hookspecs; takes what :class:`hyperhost.Host` takes."""

    def make(**options: Any) -> Host:
        options.setdefault("specs", hyperhost_specs)
        return _hyperhost_bench.host(hyperhost_project, **options)

    return make


@pytest.fixture
def hyperhost_host(host_factory: Callable[..., Host]) -> Host:
    """A host with the project's hookspecs and no plugin but the one under test."""
    return host_factory()


@pytest.fixture
def plugin(
    request: pytest.FixtureRequest,
    _hyperhost_bench: Bench,
    hyperhost_project: Project | None,
    hyperhost_host: Host,
    plugin_object: object | None,
) -> PluginUnderTest:
    """The plugin under test, built if its source has changed, loaded and granted all that it asks for.

    Markers change that: ``grants``, ``denied``, ``limits``, ``plugin_config``.
    """
    from hyperhost.testing.bench import native_directory

    if plugin_object is not None:
        return _hyperhost_bench.register(plugin_object, hyperhost_host)
    if hyperhost_project is not None:
        return _hyperhost_bench.load(hyperhost_project, hyperhost_host)
    return _hyperhost_bench.load_native(native_directory(request.node.path), hyperhost_host)


@pytest.fixture
def http(_hyperhost_bench: Bench) -> FakeHttp:
    """The network: ``http.answer("GET", "https://api.acme.test/v1", json={})``, ``http.requests``."""
    return _hyperhost_bench.http


@pytest.fixture
def clock(_hyperhost_bench: Bench) -> FakeClock:
    """The clock, standing still: ``clock.set(datetime)``, ``clock.advance(60)``; sleeping moves it.

    Deadlines are not measured with it, but in wall time.
    """
    return _hyperhost_bench.clock.freeze()


@pytest.fixture
def random_bytes(_hyperhost_bench: Bench) -> FakeRandom:
    """Random bytes, the same in every run: ``random_bytes.seed(7)``, ``random_bytes.next(b"…")``."""
    return _hyperhost_bench.random.seed(0)


@pytest.fixture
def env(_hyperhost_bench: Bench) -> dict[str, str]:
    """Environment variables of the host, as the plugin sees them; empty unless a test sets some."""
    return _hyperhost_bench.environ


@pytest.fixture
def secrets(_hyperhost_bench: Bench) -> dict[str, str]:
    """Secrets that the plugin can be granted; none unless a test sets some. What it says is masked."""
    return _hyperhost_bench.secrets


@pytest.fixture
def kv(request: pytest.FixtureRequest, _hyperhost_bench: Bench) -> StoreView:
    """The plugin's key-value store: ``kv["seen"] = b"1"``, ``kv.shared("scores")``."""
    from hyperhost.testing.bench import plugin_id
    from hyperhost.testing.fakes import StoreView

    return StoreView(_hyperhost_bench.stores, plugin_id(request.node.path))
