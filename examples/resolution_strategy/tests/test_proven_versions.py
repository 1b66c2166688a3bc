"""The strategy in a host; run with ``hyperhost plugin test``."""

from __future__ import annotations

from hyperhost.contracts import Candidate
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
