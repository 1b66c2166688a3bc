"""What must not be chosen: yanked, archived, drafts, too young, for another host, what a plugin excludes."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from registry_hosts import draft
from resolution_hosts import Remote, answer, chosen, publish, resolving, root

import hyperhost
from hyperhost.contracts import Candidate, Exclusion
from hyperhost.errors import InvalidInputError, RefusalError
from hyperhost.hookspecs import hookimpl

LOG = "org.acme/log"
DAY_US = 86_400_000_000


@pytest.fixture
def logs(run: hyperhost.Operations) -> hyperhost.Operations:
    """With 1.0.0 and 1.1.0 of a library, the higher one yanked."""
    publish(run, "log", "1.0.0")
    publish(run, "log", "1.1.0")
    run.run("yank", artifact=f"{LOG}@1.1.0", reason="leaks memory")
    return run


def test_a_yanked_version_is_not_chosen_anew(logs: hyperhost.Operations) -> None:
    assert chosen(logs, "log") == {"log": "1.0.0"}
    with pytest.raises(RefusalError) as caught:
        answer(logs, "log >1.0.0")
    assert "org.acme/log 1.1.0 is yanked (leaks memory)" in caught.value.reason


@pytest.mark.parametrize("exact", ["=1.1.0", "1.1.0", " = 1.1.0"])
def test_a_yanked_version_is_chosen_by_a_root_that_names_it(logs: hyperhost.Operations, exact: str) -> None:
    found = answer(logs, root(f"log {exact}"))
    assert found.versions[0].version == "1.1.0"
    assert found.warnings == ["org.acme/log 1.1.0 was yanked: leaks memory"]


def test_a_yanked_version_is_kept_when_it_is_locked_and_left_by_an_upgrade(
    logs: hyperhost.Operations,
) -> None:
    locked = {LOG: "1.1.0"}
    assert chosen(logs, "log", locked=locked) == {"log": "1.1.0"}
    assert chosen(logs, "log", locked=locked, upgrade=[LOG]) == {"log": "1.0.0"}
    assert chosen(logs, "log", locked=locked, upgrade=["*"]) == {"log": "1.0.0"}


@pytest.mark.parametrize("declared", ["=1.1.0", "1.1.0"])
def test_what_an_artifact_needs_exactly_does_not_bring_back_what_is_yanked(
    logs: hyperhost.Operations, declared: str
) -> None:
    publish(logs, "app", needs={"log": declared})
    with pytest.raises(RefusalError, match=r"1\.1\.0 is yanked \(leaks memory\)"):
        answer(logs, "app")


def test_an_archived_version_is_not_chosen_anew_and_kept_when_locked(run: hyperhost.Operations) -> None:
    publish(run, "log", "1.0.0")
    publish(run, "log", "1.1.0")
    run.run("archive", artifact=f"{LOG}@1.1.0")
    assert chosen(run, "log") == {"log": "1.0.0"}
    assert chosen(run, "log", locked={LOG: "1.1.0"}) == {"log": "1.1.0"}
    run.run("archive", artifact=f"{LOG}@1.0.0")
    with pytest.raises(RefusalError, match="archived"):
        answer(run, "log")


def test_a_draft_is_never_chosen_whoever_names_it(run: hyperhost.Operations) -> None:
    run.run("create", draft=draft("log", "1.0.0"))
    for request in ({}, {"locked": {LOG: "1.0.0"}}):
        with pytest.raises(RefusalError, match=r"org\.acme/log =1\.0\.0, which does not exist"):
            answer(run, "log =1.0.0", **request)


def test_a_deprecated_version_is_chosen_with_a_warning_that_names_its_replacement(
    run: hyperhost.Operations,
) -> None:
    publish(run, "log")
    run.run(
        "deprecate",
        artifact=f"{LOG}@1.0.0",
        reason="unmaintained",
        replacement="org.acme/journal",
    )
    found = answer(run, "log")
    assert found.warnings == ["org.acme/log 1.0.0 is deprecated: unmaintained; use org.acme/journal"]


def aged(**days: float) -> Remote:
    """A registry with versions ``v1`` and so on of the library, each published some days ago."""
    now_us = time.time_ns() // 1000
    return Remote(
        "near",
        {
            LOG: {
                f"{name[1:]}.0.0": {"dependencies": {}, "published_at_us": now_us - int(age * DAY_US)}
                for name, age in days.items()
            }
        },
    )


AGE = 'sources = ["near"]\nminimum_age = "3d"\n'


def test_a_release_that_is_too_young_is_not_chosen_anew() -> None:
    with resolving(aged(v1=30, v2=3.1, v3=2.9), config=AGE) as run:
        assert chosen(run, "log") == {"log": "2.0.0"}
        with pytest.raises(RefusalError) as caught:
            answer(run, "log ^3")
        assert "org.acme/log 3.0.0 was published less than 3d ago" in caught.value.reason


def test_a_young_release_is_chosen_when_it_is_locked_or_named() -> None:
    with resolving(aged(v1=30, v3=1), config=AGE) as run:
        assert chosen(run, "log", locked={LOG: "3.0.0"}) == {"log": "3.0.0"}
        assert chosen(run, "log =3.0.0") == {"log": "3.0.0"}


@pytest.mark.parametrize(("pattern", "excepted"), [("org.acme/*", True), (LOG, True), ("org.acme/l", False)])
def test_some_names_may_be_younger(pattern: str, excepted: bool) -> None:
    with resolving(aged(v1=30, v3=1), config=f'{AGE}minimum_age_except = ["{pattern}"]') as run:
        assert chosen(run, "log") == {"log": "3.0.0" if excepted else "1.0.0"}


def test_a_release_without_a_time_is_not_too_young() -> None:
    with resolving(Remote("near", {LOG: {"1.0.0": {}}}), config=AGE) as run:
        assert chosen(run, "log") == {"log": "1.0.0"}


@pytest.mark.parametrize(
    ("config", "rule"),
    [
        ('minimum_age = "soon"', "invalid:config.minimum_age:duration"),
        ("minimum_age = 3", "invalid:config.minimum_age:duration"),
        ('minimum_age_except = "x"', "invalid:config.minimum_age_except:type"),
        ("sources = [1]", "invalid:config.sources:type"),
        ("pins = []", "invalid:config.pins:type"),
        ('pins = {"a*" = "x"}', "invalid:pins:pattern"),
        ("minimal_age = 1", "invalid:config.minimal_age:unknown"),
    ],
)
def test_a_configuration_that_means_nothing_is_refused(config: str, rule: str) -> None:
    with resolving(config=config) as run:
        with pytest.raises(RefusalError) as caught:
            answer(run)
        assert caught.value.rule == rule


def test_a_plugin_for_another_hyperhost_is_not_chosen(run: hyperhost.Operations) -> None:
    for version, constraint in (("1.0.0", f"^{hyperhost.__version__}"), ("2.0.0", ">=77")):
        manifest = {"runtime": "wasm", "entry_point": "scan.wasm", "host_constraint": constraint}
        publish(run, "scan", version, type="plugin", manifest=manifest)
    assert chosen(run, "scan") == {"scan": "1.0.0"}
    with pytest.raises(RefusalError) as caught:
        answer(run, "scan =2.0.0")
    words = f"org.acme/scan 2.0.0 needs HyperHost >=77, and this is {hyperhost.__version__}"
    assert words in caught.value.reason


def test_a_host_constraint_that_is_none_is_refused_where_it_is_written(run: hyperhost.Operations) -> None:
    manifest = {"runtime": "wasm", "entry_point": "scan.wasm", "host_constraint": "^one"}
    with pytest.raises(InvalidInputError) as caught:
        publish(run, "scan", type="plugin", manifest=manifest)
    assert (caught.value.field, caught.value.rule) == ("manifest.host_constraint", "range")


def test_a_host_constraint_that_cannot_be_read_is_not_met() -> None:
    said = {"dependencies": {}, "host_constraint": "one day"}
    remote = Remote("near", {LOG: {"1.0.0": said}})
    with resolving(remote) as run, pytest.raises(RefusalError, match="needs HyperHost one day"):
        answer(run, "log", sources=["near"])


class Policy:
    """Excludes as a function says."""

    def __init__(self, judge: Callable[[Candidate], Exclusion | None]) -> None:
        self.judge = judge
        self.asked: list[list[str]] = []

    @hookimpl
    def resolution_filter(self, candidates: list[Candidate]) -> list[Exclusion]:
        self.asked.append([f"{each.artifact} {each.version}" for each in candidates])
        return [found for each in candidates if (found := self.judge(each))]


def test_what_a_policy_excludes_is_not_chosen_and_its_reason_is_in_the_explanation() -> None:
    policy = Policy(
        lambda each: Exclusion(each.version, "under review until May") if each.version > "1" else None
    )
    with resolving(policy) as run:
        publish(run, "log", "0.9.0")
        publish(run, "log", "1.1.0")
        publish(run, "app", "0.1.0", {"log": "*"})
        assert chosen(run, "app") == {"app": "0.1.0", "log": "0.9.0"}
        assert sorted(policy.asked) == [
            ["org.acme/app 0.1.0"],
            ["org.acme/log 1.1.0", "org.acme/log 0.9.0"],
        ]
        with pytest.raises(RefusalError) as caught:
            answer(run, "log ^1")
        assert "org.acme/log 1.1.0 is excluded (under review until May)" in caught.value.reason


def test_a_policy_is_stronger_than_a_lock_and_than_a_root_that_names_the_version() -> None:
    with resolving(Policy(lambda each: Exclusion(each.version, "", "licence.gpl"))) as run:
        publish(run, "log")
        with pytest.raises(RefusalError, match=r"is excluded \(licence\.gpl\)"):
            answer(run, "log =1.0.0", locked={LOG: "1.0.0"})


def test_a_policy_that_speaks_of_other_versions_changes_nothing() -> None:
    with resolving(Policy(lambda each: Exclusion("7.7.7", "no"))) as run:
        publish(run, "log")
        assert chosen(run, "log") == {"log": "1.0.0"}


def test_a_policy_that_faults_ends_the_resolution() -> None:
    def judge(each: Candidate) -> None:
        raise RuntimeError("the list of licences is gone")

    with resolving(Policy(judge)) as run:
        publish(run, "log")
        with pytest.raises(Exception, match="the list of licences is gone"):
            answer(run, "log")
