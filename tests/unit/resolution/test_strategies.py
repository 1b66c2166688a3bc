"""How one of several possible versions is chosen."""

from __future__ import annotations

import pytest
from resolution_hosts import Remote, answer, chosen, publish, resolving

import hyperhost
from hyperhost.contracts import Candidate
from hyperhost.errors import NotFoundError, RefusalError
from hyperhost.hookspecs import hookimpl

LOG = "org.acme/log"
VERSIONS = {
    "1.0.0": {"dependencies": {}, "published_at_us": 50, "download_count": 7},
    "1.1.0": {"dependencies": {}, "published_at_us": 90, "download_count": 9},
    "1.2.0": {"dependencies": {}, "published_at_us": 90, "download_count": 1},
    "1.3.0": {"dependencies": {}, "published_at_us": 10, "download_count": 9},
    "2.0.0-rc.1": {"dependencies": {}, "published_at_us": 99, "download_count": 99},
}


@pytest.mark.parametrize(
    ("strategy", "version"),
    [("highest", "1.3.0"), ("lowest", "1.0.0"), ("newest", "1.2.0"), ("most-downloaded", "1.3.0")],
)
def test_each_strategy_chooses_by_its_own_measure_and_equals_by_version(strategy: str, version: str) -> None:
    with resolving(Remote("near", {LOG: VERSIONS})) as run:
        assert chosen(run, "log", sources=["near"], strategy=strategy) == {"log": version}


def test_what_is_locked_is_before_every_strategy() -> None:
    with resolving(Remote("near", {LOG: VERSIONS})) as run:
        for strategy in ("highest", "lowest", "newest", "most-downloaded"):
            found = chosen(run, "log", sources=["near"], strategy=strategy, locked={LOG: "1.2.0"})
            assert found == {"log": "1.2.0"}


class Fixed:
    """A strategy that has its answers ready."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.offered: list[list[str]] = []

    @hookimpl
    def resolution_choose(self, strategy: str, candidates: list[Candidate]) -> str | None:
        if strategy != "fixed":
            return None
        self.offered.append([each.version for each in candidates])
        return self.answers.pop(0)


def test_a_plugin_answers_for_a_strategy_of_its_own() -> None:
    fixed = Fixed("1.0.0")
    with resolving(fixed) as run:
        for version in ("1.0.0", "1.1.0", "2.0.0"):
            publish(run, "log", version)
        assert chosen(run, "log ^1", strategy="fixed") == {"log": "1.0.0"}
        assert fixed.offered == [["1.1.0", "1.0.0"]]


def test_a_strategy_is_asked_again_with_fewer_when_its_choice_leads_nowhere() -> None:
    fixed = Fixed("2.0.0", "1.0.0", "1.0.0", "1.0.0")
    with resolving(fixed) as run:
        publish(run, "log", "1.0.0", {"core": "^1"})
        publish(run, "log", "2.0.0", {"core": "^9"})
        publish(run, "core", "1.0.0")
        assert chosen(run, "log", strategy="fixed") == {"log": "1.0.0", "core": "1.0.0"}
        assert fixed.offered[0] == ["2.0.0", "1.0.0"]


@pytest.mark.parametrize("version", ["2.0.0", "9.9.9", ""])
def test_a_strategy_that_chooses_what_was_not_offered_ends_the_resolution(version: str) -> None:
    with resolving(Fixed(version)) as run:
        for each in ("1.0.0", "1.1.0", "2.0.0"):
            publish(run, "log", each)
        with pytest.raises(RefusalError, match="the strategy 'fixed' chose") as caught:
            answer(run, "log ^1", strategy="fixed")
        assert (caught.value.rule, "unasked" in caught.value.reason) == ("unavailable:strategy", True)


@pytest.mark.parametrize("strategy", ["manual", "cheapest", ""])
def test_a_strategy_that_nobody_answers_for_is_refused_with_those_that_are_built_in(
    run: hyperhost.Operations, strategy: str
) -> None:
    publish(run, "log")
    with pytest.raises(RefusalError, match=f"nobody answers for the strategy '{strategy}'") as caught:
        answer(run, "log", strategy=strategy)
    assert caught.value.rule == "missing:strategy"
    assert caught.value.hint.startswith("built in are highest, lowest, newest, most-downloaded")


def test_a_strategy_is_given_by_name_to_an_operation(run: hyperhost.Operations) -> None:
    publish(run, "log", "1.0.0")
    publish(run, "log", "1.1.0")
    found = run.run("dependency_resolve", subject={"artifact": LOG, "strategy": "lowest"})
    assert found["versions"][0]["version"] == "1.0.0"
    with pytest.raises(NotFoundError, match="nobody answers"):
        run.run("dependency_resolve", subject={"artifact": LOG, "strategy": "cheapest"})
