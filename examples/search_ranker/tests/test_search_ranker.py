"""The ranker in a host; run with ``hyperhost plugin test``."""

from __future__ import annotations

from hyperhost.contracts import Highlight, RankAdjustment, SearchHit, SearchRequest
from hyperhost.testing import PluginUnderTest


def hit(artifact: str, field: str, text: str) -> SearchHit:
    return SearchHit(artifact, 1.0, [Highlight(field, text, 0, 4)])


def ranked(plugin: PluginUnderTest, *hits: SearchHit) -> list[RankAdjustment]:
    adjustments: list[RankAdjustment] = plugin.hook.search_rerank(
        request=SearchRequest("auth"), hits=list(hits)
    )
    return adjustments


def test_a_name_that_is_the_query_counts_most(plugin: PluginUnderTest) -> None:
    found = ranked(plugin, hit("a1", "name", "oauth-helper"), hit("a2", "name", "Auth"))
    assert {each.artifact_id: each.boost for each in found} == {"a1": 0.25, "a2": 1.0}
    assert found[1].reason == "its name is what was searched for"


def test_a_text_that_mentions_it_stays_where_it_is(plugin: PluginUnderTest) -> None:
    assert ranked(plugin, hit("a1", "description", "Does auth.")) == []


def test_a_thousand_hits_fit_into_one_call(plugin: PluginUnderTest) -> None:
    hits = [hit(f"a{number}", "name", "auth") for number in range(1000)]
    assert len(ranked(plugin, *hits)) == 1000
