"""The policy in a host; run with ``hyperhost plugin test``."""

from __future__ import annotations

import pytest

from hyperhost.errors import RefusalError
from hyperhost.testing import PluginUnderTest, change


def test_an_allowed_licence_is_all_it_takes(plugin: PluginUnderTest) -> None:
    assert plugin.hook.artifact_validate(change=change("published", licenses=["MIT"])) == []


def test_nothing_is_published_without_a_licence(plugin: PluginUnderTest) -> None:
    with pytest.raises(RefusalError) as refused:
        plugin.hook.artifact_validate(change=change("published", licenses=[]))
    assert refused.value.rule == "licence.missing"
    assert refused.value.reason == "name a licence: Apache-2.0, BSD-3-Clause, MIT"


def test_one_allowed_licence_among_several_is_enough(plugin: PluginUnderTest) -> None:
    assert plugin.hook.artifact_validate(change=change("published", licenses=["GPL-2.0-only", "MIT"])) == []


def test_a_draft_is_advised_and_not_stopped(plugin: PluginUnderTest) -> None:
    issues = plugin.hook.artifact_validate(change=change("created", licenses=["GPL-2.0-only"]))
    assert [(issue.rule, issue.path) for issue in issues] == [("licence.not-allowed", "metadata.licenses")]


@pytest.mark.plugin_config({"allowed": ["GPL-2.0-only"]})
def test_the_operator_decides_what_is_allowed(plugin: PluginUnderTest) -> None:
    assert plugin.hook.artifact_validate(change=change("published", licenses=["GPL-2.0-only"])) == []
