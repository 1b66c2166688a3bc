"""What artifacts, namespaces and the registry were at a time, and what changed between two."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from audit_hosts import audited_host, draft

import hyperhost
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.contracts import OperationCall
from hyperhost.errors import InvalidInputError, NotFoundError
from hyperhost.host.operations import LOCAL_OWNER, typed


class Clock:
    """Runs operations at moments of its own: one second after the other, long ago."""

    def __init__(self, host: hyperhost.Host) -> None:
        self.host = host
        self.now = 1_700_000_000_000_000

    def run(self, operation: str, **arguments: Any) -> Any:
        self.now += 1_000_000
        call = OperationCall(operation, LOCAL_OWNER, json.dumps(arguments), "", self.now)
        try:
            return json.loads(self.host.hook.operation_run(call=call).result_json)
        except hyperhost.errors.RefusalError as refusal:
            raise typed(refusal) from refusal


@pytest.fixture(params=["memory", "sqlite"])
def clock(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clock]:
    storage = None if request.param == "memory" else StorageSql(f"sqlite:///{tmp_path}/registry.db")
    with audited_host(None, storage=storage) as (host, _):
        yield Clock(host)


def names(page: dict[str, Any]) -> list[str]:
    return sorted(f"{each['artifact']['name']}@{each['artifact']['version']}" for each in page["items"])


def every(clock: Clock, operation: str, **arguments: Any) -> list[str]:
    """The names on all pages."""
    found, token = [], ""
    for _ in range(100):
        page = clock.run(operation, page={"size": 2, "token": token}, **arguments)
        assert len(page["items"]) <= 2
        found += names(page)
        token = page["next_token"]
        if not token:
            return sorted(found)
    raise AssertionError("the pages do not end")


def test_an_artifact_is_shown_as_it_was(clock: Clock) -> None:
    clock.run("create", draft=draft("auth", metadata={"description": "first"}))
    created = clock.now
    clock.run("update", artifact="org.acme/auth", edit={"metadata": {"description": "second"}})
    updated = clock.now
    clock.run("publish", artifact="org.acme/auth")
    clock.run("tag", artifact="org.acme/auth", tag="beta")
    tagged = clock.now
    clock.run("untag", name="org.acme/auth", tag="beta")
    clock.run("yank", artifact="org.acme/auth", reason="broken")

    def at(moment: int) -> dict[str, Any]:
        return clock.run("artifact_at", artifact="org.acme/auth@1.0.0", at_us=moment)

    assert at(created)["artifact"]["metadata"]["description"] == "first"
    found = at(updated)
    assert found["artifact"]["metadata"]["description"] == "second"
    assert (found["kind"], found["since_us"], found["actor"]) == ("updated", updated, "local:owner")
    assert (at(tagged)["tags"], at(tagged)["yanked"]) == (["beta"], None)
    assert (at(clock.now)["tags"], at(clock.now)["yanked"]) == ([], "broken")
    assert at(tagged)["artifact"]["state"] == "published"
    with pytest.raises(NotFoundError, match=r"there was no artifact org\.acme/auth@1\.0\.0 at 2023-"):
        at(created - 1)


def test_what_is_deleted_is_still_found_in_the_past(clock: Clock) -> None:
    first = clock.run("create", draft=draft("auth"))["artifact"]["id"]
    there = clock.now
    clock.run("delete", artifact="org.acme/auth@1.0.0")
    gone = clock.now
    second = clock.run("create", draft=draft("auth"))["artifact"]["id"]
    for reference in ("org.acme/auth@1.0.0", "org.acme/auth", first):
        assert clock.run("artifact_at", artifact=reference, at_us=there)["artifact"]["id"] == first
        with pytest.raises(NotFoundError, match="there was no artifact"):
            clock.run("artifact_at", artifact=reference, at_us=gone)
    found = clock.run("artifact_at", artifact="org.acme/auth@1.0.0", at_us=clock.now)
    assert found["artifact"]["id"] == second


def test_a_tag_and_a_bare_name_mean_what_they_meant_then(clock: Clock) -> None:
    for version in ("1.0.0", "2.0.0"):
        clock.run("create", draft=draft("auth", version=version))
        clock.run("publish", artifact=f"org.acme/auth@{version}")
    clock.run("tag", artifact="org.acme/auth@1.0.0", tag="beta")
    early = clock.now
    clock.run("tag", artifact="org.acme/auth@2.0.0", tag="beta")
    late = clock.now
    clock.run("yank", artifact="org.acme/auth@2.0.0", reason="broken")

    def version(reference: str, moment: int) -> str:
        return clock.run("artifact_at", artifact=reference, at_us=moment)["artifact"]["version"]

    assert version("org.acme/auth@beta", early) == "1.0.0"
    assert version("org.acme/auth@beta", late) == "2.0.0"
    assert version("org.acme/auth", late) == "2.0.0"
    assert version("org.acme/auth", clock.now) == "1.0.0"


def test_a_namespace_is_shown_as_it_was(clock: Clock) -> None:
    clock.run("namespace_create", path="org.acme", edit={"description": "old"})
    for name in ("a", "b", "c"):
        clock.run("create", draft=draft(name))
    clock.run("create", draft=draft("d", namespace="org.acme.team"))
    clock.run("create", draft=draft("e", namespace="org.acme-other"))
    then = clock.now
    clock.run("namespace_update", path="org.acme", edit={"description": "new"})
    for reference in ("org.acme/a", "org.acme/b", "org.acme.team/d"):
        clock.run("delete", artifact=reference)
    clock.run("create", draft=draft("f"))

    assert every(clock, "namespace_at", namespace="org.acme", at_us=then) == ["a@1.0.0", "b@1.0.0", "c@1.0.0"]
    below = every(clock, "namespace_at", namespace="org.acme", at_us=then, descendants=True)
    assert below == ["a@1.0.0", "b@1.0.0", "c@1.0.0", "d@1.0.0"]
    assert every(clock, "namespace_at", namespace="org.acme", at_us=clock.now) == ["c@1.0.0", "f@1.0.0"]
    assert len(every(clock, "registry_at", at_us=then)) == 5
    assert len(every(clock, "registry_at", at_us=clock.now)) == 3

    def description(moment: int) -> str:
        found = clock.run("namespace_at", namespace="org.acme", at_us=moment)["namespace"]
        return str(found and found["description"])

    assert (description(then), description(clock.now), description(then - 10**9)) == ("old", "new", "None")


def test_the_history_of_an_artifact_says_when_who_and_which_fields(clock: Clock) -> None:
    clock.run("create", draft=draft("auth", labels={"team": "a"}))
    clock.run("update", artifact="org.acme/auth", edit={"labels": {"team": "b", "tier": "1"}})
    updated = clock.now
    clock.run("publish", artifact="org.acme/auth")
    clock.run("promote", artifact="org.acme/auth", channel="edge")
    clock.run("create", draft=draft("auth", version="2.0.0"))
    clock.run("tag", artifact="org.acme/auth@2.0.0", tag="beta")
    changes = clock.run("artifact_history", artifact="org.acme/auth@1.0.0")
    assert [each["kind"] for each in changes] == ["created", "updated", "published", "channels"]
    assert (changes[1]["at_us"], changes[1]["actor"]) == (updated, "local:owner")
    assert changes[1]["fields"] == [
        {"path": "labels.team", "before": "a", "after": "b"},
        {"path": "labels.tier", "before": None, "after": "1"},
    ]
    assert {"path": "state", "before": "draft", "after": "published"} in changes[2]["fields"]
    assert changes[3]["fields"] == [{"path": "channels", "before": [], "after": ["edge"]}]
    later = clock.run("artifact_history", artifact="org.acme/auth@1.0.0", after=changes[1]["seq"], limit=1)
    assert later == [changes[2]]


def test_the_history_of_a_deleted_artifact_stays(clock: Clock) -> None:
    clock.run("create", draft=draft("auth"))
    clock.run("delete", artifact="org.acme/auth")
    changes = clock.run("artifact_history", artifact="org.acme/auth@1.0.0")
    assert [each["kind"] for each in changes] == ["created", "deleted"]


def test_a_diff_says_what_came_went_and_changed(clock: Clock) -> None:
    clock.run("namespace_create", path="org.acme")
    for name in ("a", "b", "c", "z"):
        clock.run("create", draft=draft(name))
    first = clock.now
    clock.run("delete", artifact="org.acme/a")
    clock.run("publish", artifact="org.acme/b")
    clock.run("tag", artifact="org.acme/b", tag="beta")
    clock.run("create", draft=draft("d"))
    clock.run("create", draft=draft("e"))
    clock.run("delete", artifact="org.acme/e")
    clock.run("namespace_update", path="org.acme", edit={"owner": "user:bob"})
    last = clock.now
    clock.run("update", artifact="org.acme/c", edit={"labels": {"x": "y"}})

    found = clock.run("diff", namespace="org.acme", start_us=first, end_us=last)
    while found["next_token"]:
        more = clock.run(
            "diff",
            namespace="org.acme",
            start_us=first,
            end_us=last,
            page={"size": 2, "token": found["next_token"]},
        )
        for key in ("added", "removed", "changed"):
            more[key] += found[key]
        found = more
    assert found["added"] == ["org.acme/d@1.0.0"]
    assert found["removed"] == ["org.acme/a@1.0.0"]
    [changed] = found["changed"]
    assert changed["artifact"] == "org.acme/b@1.0.0"
    paths = {each["path"] for each in changed["fields"]}
    assert {"state", "tags"} <= paths
    assert {"path": "owner", "before": "local:owner", "after": "user:bob"} in found["namespace"]

    one = clock.run("diff", artifact="org.acme/c", start_us=last, end_us=clock.now)
    assert one["changed"][0]["fields"] == [{"path": "labels.x", "before": None, "after": "y"}]
    nothing = clock.run("diff", artifact="org.acme/c", start_us=last, end_us=last)
    assert (nothing["added"], nothing["removed"], nothing["changed"]) == ([], [], [])


def test_secrets_are_masked_in_the_past_and_their_change_is_seen(clock: Clock) -> None:
    def config(value: str) -> dict[str, Any]:
        return {"format": "json", "values": {"password": value, "port": 1}, "sensitive": ["password"]}

    clock.run("create", draft=draft("conf", type="config", manifest=config("hunter2-acme")))
    created = clock.now
    clock.run("update", artifact="org.acme/conf", edit={"manifest": config("hunter3-acme")})
    answers = [
        clock.run("artifact_at", artifact="org.acme/conf", at_us=created),
        clock.run("artifact_history", artifact="org.acme/conf"),
        clock.run("diff", artifact="org.acme/conf", start_us=created, end_us=clock.now),
    ]
    assert "-acme" not in json.dumps(answers)
    assert [each["path"] for each in answers[1][1]["fields"]] == ["manifest.values.password"]


@pytest.mark.parametrize(
    ("arguments", "field", "rule"),
    [
        ({}, "at", "missing"),
        ({"at": "now", "at_us": 5}, "at", "missing"),
        ({"at": "soon"}, "at", "moment"),
        ({"at": "2023-01-01T00:00:00"}, "at", "moment"),
        ({"at": "2999-01-01"}, "at", "future"),
        ({"at_us": -1}, "at", "range"),
        ({"at": "now", "page": {"size": 0}}, "page.size", "range"),
        ({"at": "now", "page": {"size": 5, "token": "gone7:"}}, "page.token", "token"),
    ],
)
def test_bad_moments_and_pages_are_refused(
    clock: Clock, arguments: dict[str, Any], field: str, rule: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        clock.run("registry_at", **arguments)
    assert (caught.value.field, caught.value.rule) == (field, rule)
    assert caught.value.hint or rule in ("future", "range")


def test_an_end_before_the_start_is_refused(clock: Clock) -> None:
    with pytest.raises(InvalidInputError, match="the start lies behind the end"):
        clock.run("diff", start="1 hour ago", end="2 hours ago")


def test_one_artifact_costs_its_own_changes(tmp_path: Path) -> None:
    with audited_host(None, storage=StorageSql(f"sqlite:///{tmp_path}/registry.db")) as (host, operations):
        operations.run("create", draft=draft("auth"))
        text = (
            host.hook.storage_list_log(log="history", subject="", after=0, until_us=None, limit=1)
            .items[0]
            .data_json
        )
        from hyperhost.contracts import LogWrite

        for start in range(0, 30_000, 10_000):
            items = [LogWrite(text, 1, f"other-{number}") for number in range(start, start + 10_000)]
            host.hook.storage_append_logs(log="history", items=items)
        started = time.perf_counter()
        operations.run("artifact_at", artifact="org.acme/auth", at="now")
        assert time.perf_counter() - started < 0.5


def test_a_yank_and_its_end_are_called_what_they_are(clock: Clock) -> None:
    clock.run("create", draft=draft("auth"))
    clock.run("publish", artifact="org.acme/auth")
    clock.run("yank", artifact="org.acme/auth", reason="broken")
    clock.run("unyank", artifact="org.acme/auth@1.0.0")
    changes = clock.run("artifact_history", artifact="org.acme/auth")
    assert [each["kind"] for each in changes] == ["created", "published", "yanked", "unyanked"]
    assert [(each["before"], each["after"]) for each in changes[-1]["fields"]] == [("broken", None)]
