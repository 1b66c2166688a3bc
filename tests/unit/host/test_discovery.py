"""Plugins that pip installed: listed without importing any, loaded by name, and at fault by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_components import Small

import hyperhost
from hyperhost.errors import DuplicatePluginError, GrantError, PluginLoadError, PluginNotFoundError
from hyperhost.host.discovery import Discovered, discover

DISTS = Path(__file__).parents[2] / "fake_dists"
MODULES = ("acme_scan", "acme_raising", "acme_wheel", "acme_broken", "acme_misfit", "rival_scan")
Install = Callable[..., dict[str, Discovered]]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts fake distributions on the path; gives what is then found besides what was there before."""
    before = {item.id for item in discover()}

    def put(*names: str) -> dict[str, Discovered]:
        for name in names:
            monkeypatch.syspath_prepend(str(DISTS / name))
        return {item.id: item for item in discover() if item.id not in before}

    yield put
    for module in [name for name in sys.modules if name.partition(".")[0] in MODULES]:
        del sys.modules[module]


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    with hyperhost.Host("test", specs=[Small]) as made:
        yield made


def test_listing_tells_what_is_installed_and_imports_nothing(install: Install) -> None:
    found = install("scan", "raising", "wheel")
    assert {item.id: (item.kind, item.value, item.distribution, item.version) for item in found.values()} == {
        "secret-scan": ("native", "acme_scan:SecretScan", "acme-scan", "1.2.0"),
        "scan-module": ("native", "acme_scan", "acme-scan", "1.2.0"),
        "raising": ("native", "acme_raising:Plugin", "acme-raising", "0.1.0"),
        "wheel-scan": ("component", "acme_wheel.component", "acme-wheel", "2.0.1"),
    }
    assert list(found) == sorted(found)
    assert not [name for name in MODULES if name in sys.modules]


def test_listing_imports_nothing_in_a_fresh_program() -> None:
    program = (
        f"import sys; sys.path[:0] = {[str(DISTS / name) for name in ('scan', 'raising', 'wheel')]!r}\n"
        f"sys.path += {sys.path!r}\n"
        "import hyperhost\n"
        "with hyperhost.Host('test', specs=[]) as host:\n"
        "    ids = [item.id for item in host.discover()]\n"
        "assert {'raising', 'wheel-scan'} <= set(ids), ids\n"
        f"print(*[name for name in sys.modules if name.startswith({MODULES!r}) or name == 'wasmtime'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("\n", "")


def test_an_empty_environment_has_no_plugins(install: Install) -> None:
    assert install() == {}


def test_two_distributions_with_one_id_are_an_error_that_names_both(
    install: Install, host: hyperhost.Host
) -> None:
    with pytest.raises(DuplicatePluginError) as caught:
        install("scan", "rival")
    assert caught.value.plugin == "secret-scan"
    for words in ("acme-scan (acme_scan:SecretScan)", "rival-scan (rival_scan:Scan)"):
        assert words in caught.value.message
    assert caught.value.hint == "uninstall one of the two distributions"
    with pytest.raises(DuplicatePluginError):
        host.load_installed(["scan-module"])
    assert host.plugins == {}


def test_one_distribution_twice_on_the_path_is_one(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("scan")
    monkeypatch.setattr(sys, "path", [*sys.path, str(DISTS / "scan")])
    assert sorted(install("scan")) == ["scan-module", "secret-scan"]


def test_native_plugins_are_loaded_by_name_a_class_is_instantiated(
    install: Install, host: hyperhost.Host
) -> None:
    install("scan", "raising")
    plugins = host.load_installed(["secret-scan", "scan-module"])
    assert [(plugin.id, plugin.version, plugin.kind) for plugin in plugins] == [
        ("secret-scan", "1.2.0", "native"),
        ("scan-module", "1.2.0", "native"),
    ]
    assert host.hook.count() == [20, 10]
    assert "acme_raising" not in sys.modules


def test_a_component_wheel_is_loaded_without_importing_its_package(
    install: Install, host: hyperhost.Host
) -> None:
    found = install("wheel")["wheel-scan"]
    assert found.directory() == DISTS / "wheel" / "acme_wheel" / "component"
    (plugin,) = host.load_installed(["wheel-scan"])
    assert (plugin.id, plugin.version, plugin.kind) == ("wheel-scan", "2.0.1", "component")
    assert host.hook.count() == [30]
    assert "acme_wheel" not in sys.modules


def test_installing_grants_nothing(install: Install, host: hyperhost.Host) -> None:
    install("wheel")
    (plugin,) = host.load_installed(["wheel-scan"])
    assert (plugin.requested, plugin.granted) == (("log",), ())
    plugin.unload()
    (plugin,) = host.load_installed(["wheel-scan"], grants={"wheel-scan": ["log"]})
    assert plugin.granted == ("log",)
    plugin.unload()
    with pytest.raises(GrantError, match="never asked for it"):
        host.load_installed(["wheel-scan"], grants={"wheel-scan": ["random"]})
    assert host.plugins == {}


def test_components_are_loaded_only_when_they_are_named(
    install: Install, host: hyperhost.Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = install("scan", "wheel")
    monkeypatch.setattr("hyperhost.host.host.discover", lambda: list(found.values()))
    assert [plugin.id for plugin in host.load_installed()] == ["scan-module", "secret-scan"]


def test_an_id_that_is_not_installed(install: Install, host: hyperhost.Host) -> None:
    install("scan")
    with pytest.raises(PluginNotFoundError, match="plugin 'secret-scam': is not installed") as caught:
        host.load_installed(["scan-module", "secret-scam"])
    assert caught.value.hint == "did you mean 'secret-scan'?"
    assert host.plugins == {}
    assert "acme_scan" not in sys.modules


def test_a_plugin_whose_import_fails_names_the_distribution(install: Install, host: hyperhost.Host) -> None:
    install("raising", "scan")
    with pytest.raises(PluginLoadError) as caught:
        host.load_installed(["secret-scan", "raising"])
    assert caught.value.plugin == "raising"
    assert caught.value.message == "cannot be imported from acme_raising:Plugin: RuntimeError: imported"
    assert caught.value.hint == "reinstall or remove the distribution acme-raising"
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert list(host.plugins) == ["secret-scan"]


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        ("needs-arguments", "TypeError"),
        ("no-such-name", "AttributeError"),
        ("no-such-module", "ModuleNotFoundError: No module named 'acme_nowhere'"),
    ],
)
def test_entry_points_that_lead_to_nothing(
    install: Install, host: hyperhost.Host, plugin: str, words: str
) -> None:
    install("broken")
    with pytest.raises(PluginLoadError, match=words) as caught:
        host.load_installed([plugin])
    assert caught.value.plugin == plugin
    assert host.plugins == {}


def test_a_component_whose_directory_is_missing(install: Install, host: hyperhost.Host) -> None:
    install("hollow")
    with pytest.raises(
        PluginLoadError, match=r"acme_hollow.nothing of acme-hollow is no directory"
    ) as caught:
        host.load_installed(["hollow"])
    assert caught.value.plugin == "hollow"


def test_an_installed_plugin_that_does_not_fit_leaves_no_trace(
    install: Install, host: hyperhost.Host
) -> None:
    install("misfit")
    with pytest.raises(PluginLoadError, match="colour") as caught:
        host.load_installed(["misfit"])
    assert caught.value.plugin == "misfit"
    assert host.plugins == {}
    assert host.hook.count() == []


def test_an_installed_plugin_is_not_loaded_twice(install: Install, host: hyperhost.Host) -> None:
    install("scan")
    host.load_installed(["secret-scan"])
    with pytest.raises(DuplicatePluginError, match="is loaded from the program"):
        host.load_installed(["secret-scan"])
    assert host.hook.count() == [10]
