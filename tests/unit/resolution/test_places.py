"""Where a name comes from: sources, pins, registries that fail or lie, and how often they are asked."""

from __future__ import annotations

import pytest
from resolution_hosts import Remote, answer, chosen, publish, resolving, root

from hyperhost.contracts import Candidate
from hyperhost.errors import RefusalError

LOG = "org.acme/log"
BOTH = ["near", "far"]


def near(*versions: str, **more: dict[str, object]) -> Remote:
    return Remote("near", {LOG: {version: {} for version in versions}, **more})


def test_the_first_source_that_knows_a_name_provides_all_its_versions() -> None:
    first, second = near("1.0.0"), Remote("far", {LOG: {"9.0.0": {}}, "org.acme/db": {"1.0.0": {LOG: "*"}}})
    with resolving(first, second) as run:
        found = answer(run, "db", sources=BOTH)
        assert {each.artifact: (each.version, each.source) for each in found.versions} == {
            LOG: ("1.0.0", "near"),
            "org.acme/db": ("1.0.0", "far"),
        }


def test_dependency_confusion_a_higher_version_in_a_later_registry_does_not_replace_ours() -> None:
    ours, public = Remote("ours", {LOG: {"1.0.0": {}}}), Remote("public", {LOG: {"99.0.0": {}}})
    with resolving(ours, public) as run:
        assert chosen(run, "log", sources=["ours", "public"]) == {"log": "1.0.0"}
        with pytest.raises(RefusalError, match="which no version matches") as caught:
            answer(run, "log ^99", sources=["ours", "public"])
        assert caught.value.rule == "unresolvable"


def test_without_sources_only_the_local_registry_is_asked() -> None:
    remote = near("9.0.0")
    with resolving(remote) as run:
        publish(run, "log", "1.0.0")
        assert chosen(run, "log") == {"log": "1.0.0"}
        assert remote.calls == []
        assert chosen(run, "log", sources=["near", ""]) == {"log": "9.0.0"}
        assert chosen(run, "log", sources=["", "near"]) == {"log": "1.0.0"}


@pytest.mark.parametrize(
    ("pins", "source"),
    [
        ({LOG: "far"}, "far"),
        ({"org.acme/*": "far"}, "far"),
        ({"org.acme.*": "far"}, "far"),
        ({"org.*": "far"}, "far"),
        ({"*": "far"}, "far"),
        ({"*": "far", "org.acme.*": "near"}, "near"),
        ({"org.*": "far", "org.acme.*": "near"}, "near"),
        ({"org.acme.*": "far", "org.acme/*": "near"}, "near"),
        ({"org.acme/*": "far", LOG: "near"}, "near"),
        ({"org.acm.*": "far"}, "near"),
        ({"org.acme/lo": "far", "org.acme.log/*": "far"}, "near"),
    ],
)
def test_the_longest_pin_that_fits_decides(pins: dict[str, str], source: str) -> None:
    with resolving(near("1.0.0"), Remote("far", {LOG: {"2.0.0": {}}})) as run:
        assert [each.source for each in answer(run, "log", sources=BOTH, pins=pins).versions] == [source]


def test_a_pinned_name_never_falls_through_when_its_registry_does_not_know_it() -> None:
    with resolving(near(), Remote("far", {LOG: {"2.0.0": {}}})) as run:
        with pytest.raises(RefusalError, match=r"org\.acme/log, which does not exist") as caught:
            answer(run, "log", sources=BOTH, pins={LOG: "near"})
        assert caught.value.rule == "unresolvable"


@pytest.mark.parametrize(
    "error", [RuntimeError("boom"), RefusalError("closed for today", "unavailable:acme")]
)
@pytest.mark.parametrize("pins", [{LOG: "near"}, {}])
def test_nothing_falls_through_when_a_registry_fails(error: Exception, pins: dict[str, str]) -> None:
    first, second = near(), Remote("far", {LOG: {"2.0.0": {}}})
    first.error = error
    with resolving(first, second) as run:
        with pytest.raises(RefusalError, match="the registry 'near'") as caught:
            answer(run, "log", sources=BOTH, pins=pins)
        assert caught.value.rule.startswith("unavailable:")
        assert second.calls == []


def test_a_registry_that_nobody_can_read_is_no_empty_one() -> None:
    with resolving() as run:
        publish(run, "log")
        with pytest.raises(RefusalError, match="no plugin can read the registry 'gone'") as caught:
            answer(run, "log", sources=["gone", ""])
        assert caught.value.rule == "missing:source"


def test_two_roots_pin_one_name_to_two_registries_and_are_refused() -> None:
    with resolving(near("1.0.0")) as run:
        with pytest.raises(
            RefusalError, match="pinned to the registry 'near' and to the registry 'far'"
        ) as caught:
            answer(run, root("log", registry="near"), root("log", registry="far"))
        assert caught.value.rule == "conflict:registry"


def test_a_root_pins_its_own_name() -> None:
    with resolving(near("1.0.0")) as run:
        publish(run, "log", "2.0.0")
        assert chosen(run, root("log", registry="near")) == {"log": "1.0.0"}


def test_a_configured_pin_cannot_be_moved_by_a_request() -> None:
    with resolving(
        near("1.0.0"), Remote("evil", {LOG: {"9.0.0": {}}}), config='pins = {"org.*" = "near"}'
    ) as run:
        assert chosen(run, "log", pins={LOG: "evil"}, sources=["evil"]) == {"log": "1.0.0"}
        with pytest.raises(RefusalError, match="pinned to the registry 'near' and to the registry 'evil'"):
            answer(run, root("log", registry="evil"))


def test_configured_sources_count_where_a_request_names_none() -> None:
    with resolving(near("1.0.0"), config='sources = ["near"]') as run:
        assert chosen(run, "log") == {"log": "1.0.0"}


def test_a_need_that_names_another_registry_makes_its_version_unusable_and_says_so() -> None:
    index = {
        "org.acme/app": {
            "1.0.0": {LOG: "*"},
            "2.0.0": {LOG: {"constraint": "*", "registry": "evil"}},
        },
        LOG: {"1.0.0": {}},
    }
    with resolving(Remote("near", index), Remote("evil", {LOG: {"9.0.0": {}}})) as run:
        assert chosen(run, "app", sources=["near"]) == {"app": "1.0.0", "log": "1.0.0"}
        with pytest.raises(RefusalError) as caught:
            answer(run, "app ^2", sources=["near"])
        assert (
            "org.acme/app 2.0.0 needs org.acme/log from the registry 'evil', "
            "which comes from the registry 'near' here" in caught.value.reason
        )
        assert "only a pin of yours can change that" in caught.value.reason
        assert chosen(run, "app", sources=["near"], pins={LOG: "evil"}) == {"app": "2.0.0", "log": "9.0.0"}


@pytest.mark.parametrize("pin", ["", "/*", ".*", "org*", "org.*/x", "*/log"])
def test_what_is_no_pin_is_refused(pin: str) -> None:
    with resolving() as run:
        with pytest.raises(RefusalError, match="is no pin") as caught:
            answer(run, "log", pins={pin: "near"})
        assert caught.value.rule == "invalid:pins:pattern"


def test_an_index_that_lies_about_what_was_asked_is_refused() -> None:
    class Unasked(Remote):
        def candidate(self, name: str, version: str) -> Candidate:
            return Candidate("org.acme/other", version)

    with resolving(Unasked("near", {LOG: {"1.0.0": {}}})) as run:
        with pytest.raises(RefusalError, match=r"'near' answered about org\.acme/other, unasked") as caught:
            answer(run, "log", sources=["near"])
        assert caught.value.rule == "unavailable:source"


def test_an_index_that_lists_a_version_twice_is_refused() -> None:
    class Twice(Remote):
        def candidate(self, name: str, version: str) -> Candidate:
            return Candidate(name, "1.0.0", content_hash=f"sha256:{version}")

    twice = Twice("near", {LOG: {"1.0.0": {}, "2.0.0": {}}})
    with (
        resolving(twice) as run,
        pytest.raises(RefusalError, match=r"'near' lists org\.acme/log 1\.0\.0 twice"),
    ):
        answer(run, "log", sources=["near"])


def test_an_index_that_lists_what_is_no_version_is_refused() -> None:
    class Odd(Remote):
        def candidate(self, name: str, version: str) -> Candidate:
            return Candidate(name, "latest")

    with resolving(Odd("near", {LOG: {"1.0.0": {}}})) as run:
        with pytest.raises(RefusalError, match="lists what is no version") as caught:
            answer(run, "log", sources=["near"])
        assert caught.value.rule == "unavailable:source"


def test_a_chain_costs_a_question_for_each_link_and_none_twice() -> None:
    chain = {f"org.acme/n{i}": {"1.0.0": {f"org.acme/n{i + 1}": "*"}} for i in range(40)}
    remote = Remote("near", {**chain, "org.acme/n40": {"1.0.0": {}}})
    with resolving(remote) as run:
        assert len(chosen(run, "n0", sources=["near"])) == 41
        # Each answer is needed to ask for the next; nothing is asked twice.
        assert len(remote.calls) == 41
        assert sum(map(len, remote.calls)) == 41


def test_a_wide_graph_costs_a_question_for_each_of_its_levels() -> None:
    leaves = {f"org.acme/leaf{i}": {"1.0.0": {}} for i in range(300)}
    middle = {
        f"org.acme/mid{i}": {
            v: {f"org.acme/leaf{i * 10 + j}": "*" for j in range(10)} for v in ("1.0.0", "1.1.0")
        }
        for i in range(30)
    }
    top = {"org.acme/top": {"1.0.0": dict.fromkeys(middle, "*")}}
    remote = Remote("near", {**leaves, **middle, **top})
    with resolving(remote) as run:
        assert len(chosen(run, "top", sources=["near"])) == 331
        assert [len(names) for names in remote.calls] == [1, 30, 300]


def test_no_name_is_asked_for_twice_whatever_the_solver_tries() -> None:
    index = {
        "org.acme/a": {f"{i}.0.0": {"org.acme/b": f"^{i}", "org.acme/c": "*"} for i in range(1, 9)},
        "org.acme/b": {f"{i}.0.0": {"org.acme/c": f"^{9 - i}"} for i in range(1, 9)},
        "org.acme/c": {f"{i}.0.0": {"org.acme/b": "^3"} for i in range(1, 9)},
    }
    remote = Remote("near", index)
    with resolving(remote) as run:
        assert chosen(run, "a", sources=["near"]) == {"a": "3.0.0", "b": "3.0.0", "c": "6.0.0"}
        assert sorted(name for names in remote.calls for name in names) == sorted(index)


def test_what_is_locked_is_read_with_one_question() -> None:
    chain = {f"org.acme/n{i}": {"1.0.0": {f"org.acme/n{i + 1}": "*"}, "2.0.0": {}} for i in range(20)}
    remote = Remote("near", {**chain, "org.acme/n20": {"1.0.0": {}}})
    with resolving(remote) as run:
        locked = {f"org.acme/n{i}": "1.0.0" for i in range(21)}
        assert len(chosen(run, "n0", sources=["near"], locked=locked)) == 21
        assert [len(names) for names in remote.calls] == [21]


def test_the_lowest_versions_are_looked_ahead_for_where_they_will_be_chosen() -> None:
    index = {
        "org.acme/a": {"1.0.0": {"org.acme/b": "*"}, "2.0.0": {"org.acme/x": "*"}},
        "org.acme/b": {"1.0.0": {"org.acme/c": "*"}, "2.0.0": {"org.acme/x": "*"}},
        "org.acme/c": {"1.0.0": {}},
        "org.acme/x": {"1.0.0": {}},
    }
    remote = Remote("near", index)
    with resolving(remote) as run:
        assert chosen(run, "a", sources=["near"], strategy="lowest") == {
            "a": "1.0.0",
            "b": "1.0.0",
            "c": "1.0.0",
        }
        assert remote.calls == [["org.acme/a"], ["org.acme/b"], ["org.acme/c"]]
