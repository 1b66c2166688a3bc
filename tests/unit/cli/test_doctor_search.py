"""``hyperhost doctor`` says when a registry has grown out of its search engine."""

from __future__ import annotations

import dataclasses
import importlib.util
from typing import Any

import pytest

import hyperhost
from builtin_plugins.search_whoosh.plugin import SearchWhoosh
from hyperhost.cli import doctor
from hyperhost.contracts import SearchIndexState


class Grown(SearchWhoosh):
    """Whoosh with an index that says it has so many documents."""

    def __init__(self, documents: int) -> None:
        super().__init__()
        self.documents = documents

    @hyperhost.hookimpl
    def search_status(self) -> SearchIndexState:
        return dataclasses.replace(SearchIndexState(), documents=self.documents)


def test_how_many_artifacts_are_indexed_is_asked_of_the_engine() -> None:
    with hyperhost.Host("doctor") as host:
        assert doctor._indexed(host) == 0  # nothing answers, which is said elsewhere
        host.register(Grown(12_345), "search-whoosh")
        assert doctor._indexed(host) == 12_345


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize("chosen", [True, False])
def test_the_advice_is_what_is_left_to_do(
    installed: bool, chosen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec

    def found(name: str, package: str | None = None) -> Any:
        return (installed or None) if name == "tantivy" else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", found)
    finding = doctor._too_slow(63_000, chosen)
    assert (finding.check, finding.status) == ("search", "note")
    assert "63,000 artifacts are many for search-whoosh" in finding.detail
    assert ("pip install 'hyperhost[fast]'" in finding.hint) is not installed
    assert ('remove search = "search-whoosh"' in finding.hint) is chosen
    assert "builds the other index" in finding.hint
