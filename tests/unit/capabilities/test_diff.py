from __future__ import annotations

from hyperhost.capabilities import Capability, PermissionDiff, compare


def diff(old: list[str], new: list[str], was: str = "", now: str = "") -> PermissionDiff:
    return compare([Capability.parse(t) for t in old], [Capability.parse(t) for t in new], was, now)


def test_an_unchanged_request_needs_nobody() -> None:
    same = diff(["log", "fs.read:/data"], ["fs.read:/data", "log"])
    assert not same.needs_approval
    assert same.sentences() == []


def test_something_new_needs_approval() -> None:
    new = diff(["log"], ["log", "http:api.acme.test"])
    assert new.needs_approval
    assert new.sentences() == ["new: make GET and HEAD requests to api.acme.test"]


def test_something_dropped_needs_none() -> None:
    dropped = diff(["log", "fs.read:/data"], ["log"])
    assert not dropped.needs_approval
    assert dropped.sentences() == ["no longer: read files under /data"]


def test_a_narrower_request_needs_none() -> None:
    narrower = diff(["fs.read:/data"], ["fs.read:/data/in"])
    assert not narrower.needs_approval
    assert narrower.sentences() == ["narrower: read files under /data/in (was: read files under /data)"]


def test_a_wider_request_needs_approval() -> None:
    wider = diff(["fs.read:/data/in"], ["fs.read:/data"])
    assert wider.needs_approval
    assert wider.sentences() == ["wider: read files under /data (was: read files under /data/in)"]


def test_one_more_method_is_wider_even_where_another_is_dropped() -> None:
    wider = diff(["http:a.test#GET,PUT"], ["http:a.test#GET,POST"])
    assert wider.needs_approval
    assert wider.sentences() == [
        "wider: make GET and POST requests to a.test (was: make GET and PUT requests to a.test)"
    ]


def test_another_publisher_needs_approval() -> None:
    assert diff([], [], "ed25519:aa", "ed25519:bb").sentences() == [
        "publisher changed from ed25519:aa to ed25519:bb"
    ]
    assert diff([], [], "ed25519:aa", "").sentences() == ["no longer signed (was signed by ed25519:aa)"]
    assert diff([], [], "", "ed25519:bb").sentences() == ["now signed by ed25519:bb (was not signed)"]
    assert diff([], [], "", "ed25519:bb").needs_approval
