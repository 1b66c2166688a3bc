"""The plugin in a host; run with ``hyperhost plugin test``."""

from __future__ import annotations

from hyperhost.testing import PluginUnderTest, change


def test_tags_are_written_in_lower_case_and_once(plugin: PluginUnderTest) -> None:
    patch = plugin.hook.artifact_transform(change=change(tags=["Auth", " web ", "auth", ""], author="Ada"))
    assert patch.metadata.tags == ["auth", "web"]
    assert patch.metadata.author == "Ada"


def test_tidy_tags_stay_as_they_are(plugin: PluginUnderTest) -> None:
    assert plugin.hook.artifact_transform(change=change(tags=["auth", "web"])) is None
