"""The strategy in a host; run with ``hyperhost plugin test``."""

from __future__ import annotations

from builtin_plugins.resolution.plugin import Resolution
from hyperhost.contracts import Candidate, Dependency, ResolutionRequest
from hyperhost.hookspecs import hookimpl
from hyperhost.testing import PluginUnderTest


def chosen(plugin: PluginUnderTest, strategy: str = "proven", **downloads: int) -> str | None:
    """What it chooses among ``v2=10`` and the like, the highest first."""
    candidates = [
        Candidate("org.acme/auth", f"{name[1:]}.0.0", download_count=count)
        for name, count in downloads.items()
    ]
    version: str | None = plugin.hook.resolution_choose(strategy=strategy, candidates=candidates)
    return version


def test_the_highest_version_that_many_use_is_chosen(plugin: PluginUnderTest) -> None:
    assert chosen(plugin, v4=12, v3=1000, v2=90_000) == "3.0.0"


def test_without_one_it_is_the_version_that_most_use(plugin: PluginUnderTest) -> None:
    assert chosen(plugin, v4=12, v3=20, v2=20) == "3.0.0"


def test_other_strategies_are_left_to_other_plugins(plugin: PluginUnderTest) -> None:
    assert chosen(plugin, strategy="newest", v4=12, v3=1000) is None


class Shelf:
    """A registry with three versions; the highest needs what there is not."""

    @hookimpl
    def resolution_list_candidates(self, source: str, artifacts: list[str]) -> list[Candidate]:
        """All of them, whatever is asked for."""
        gone = [Dependency("org.acme/gone")]
        return [
            Candidate("org.acme/auth", "4.0.0", gone, download_count=5_000),
            Candidate("org.acme/auth", "3.0.0", download_count=12),
            Candidate("org.acme/auth", "2.0.0", download_count=1_000),
        ] * ("org.acme/auth" in artifacts)


def test_a_resolution_chooses_by_it_and_comes_back_when_that_leads_nowhere(plugin: PluginUnderTest) -> None:
    plugin.host.register(Resolution(), "resolution")
    plugin.host.register(Shelf())
    request = ResolutionRequest([Dependency("org.acme/auth")], strategy="proven")
    [found] = plugin.host.hook.resolution_resolve(request=request).versions
    assert found.version == "2.0.0"
