"""The notifier in a host, with a network that the test answers for; run with ``hyperhost plugin test``."""

from __future__ import annotations

import pytest

from hyperhost.testing import FakeHttp, PluginUnderTest, change, denied

URL = "https://hooks.acme.test/published"


def test_a_publication_is_posted(plugin: PluginUnderTest, http: FakeHttp) -> None:
    http.answer("POST", URL, status=204)
    plugin.hook.artifact_published(change=change("published", name="auth", description="Signs people in."))
    [sent] = http.requests
    assert (sent.method, sent.url) == ("POST", URL)
    assert sent.json() == {
        "artifact": "org.acme/auth",
        "version": "1.0.0",
        "description": "Signs people in.",
        "by": "alice",
    }
    assert plugin.messages == []


def test_what_cannot_be_delivered_is_logged(plugin: PluginUnderTest, http: FakeHttp) -> None:
    http.answer("POST", URL, status=500)
    http.answer("POST", URL, error="timeout")
    plugin.hook.artifact_published(change=change("published"))
    plugin.hook.artifact_published(change=change("published"))
    assert plugin.messages[0] == f"error: {URL} answered with the status 500"
    assert plugin.messages[1].startswith(f"error: {URL}: ")


@pytest.mark.plugin_config(url="https://elsewhere.acme.test/")
def test_it_reaches_no_other_address(plugin: PluginUnderTest, http: FakeHttp) -> None:
    with denied("http:elsewhere.acme.test"):
        plugin.hook.artifact_published(change=change("published"))
    assert http.requests == []
