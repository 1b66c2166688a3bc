from __future__ import annotations

import contextlib
import threading

import pytest

from hyperhost.capabilities import Capability, Grammar, GrantSet
from hyperhost.errors import CapabilityDeniedError, CapabilitySyntaxError, GrantError


def texts(capabilities: tuple[Capability, ...]) -> list[str]:
    return [capability.text for capability in capabilities]


def test_effective_is_what_was_asked_and_granted() -> None:
    grants = GrantSet(
        "scan",
        ["log", "fs.read:/data", "http:*.acme.test#GET,POST", "clock", "env:APP_HOME"],
        ["log", "fs.read:/data/in", "http:api.acme.test/v1#POST,PUT", "env:*"],
    )
    assert texts(grants.effective) == [
        "env:APP_HOME",
        "fs.read:/data/in",
        "http:api.acme.test/v1#POST",
        "log",
    ]
    assert texts(grants.granted) == ["env:*", "fs.read:/data/in", "http:api.acme.test/v1#POST,PUT", "log"]
    assert grants.covers("fs.read:/data/in/x")
    assert not grants.covers(Capability.parse("fs.read:/data"))
    assert grants.has_kind("fs.read")
    assert not grants.has_kind("clock")


def test_effective_lists_nothing_that_another_entry_covers() -> None:
    grants = GrantSet("scan", ["fs.read:/data", "fs.read:/data/in"], ["fs.read:/data", "fs.read:/data/in/x"])
    assert texts(grants.effective) == ["fs.read:/data"]


def test_a_denial_names_plugin_hook_capability_and_the_command_that_grants_it() -> None:
    grants = GrantSet("scan", ["http:api.acme.test#*"])
    with pytest.raises(CapabilityDeniedError) as caught:
        grants.require("http:api.acme.test:443/v1#POST", hook="check_text")
    assert (caught.value.plugin, caught.value.hook) == ("scan", "check_text")
    assert "capability 'http:api.acme.test:443/v1#POST' is not granted" in str(caught.value)
    assert "hyperhost plugin grant scan 'http:api.acme.test:443/v1#POST'" in caught.value.hint


def test_a_denial_of_what_was_never_asked_says_so() -> None:
    with pytest.raises(CapabilityDeniedError, match="its manifest does not ask for it") as caught:
        GrantSet("scan", ["log"], ["log"]).require("clock")
    assert "hyperhost plugin grant scan clock" in caught.value.hint


def test_text_that_a_guest_made_unreadable_is_denied() -> None:
    with pytest.raises(CapabilityDeniedError, match="what cannot be understood is refused"):
        GrantSet("scan", ["env:*"], ["env:*"]).require("env:A B")


def test_granting_what_was_never_asked_is_refused() -> None:
    with pytest.raises(GrantError, match="never asked for it") as caught:
        GrantSet("scan", ["log", "clock"], ["kv"])
    assert caught.value.hint == "it asks for: log, clock"
    grants = GrantSet("scan", [])
    with pytest.raises(GrantError, match="it asks for: nothing"):
        grants.grant("log")


def test_without_a_manifest_exactly_the_grants_hold() -> None:
    grants = GrantSet("bare", None, ["http:api.acme.test"])
    grants.require("http:api.acme.test:80/x#GET")
    with pytest.raises(CapabilityDeniedError, match="to allow it: hyperhost plugin grant bare kv"):
        grants.require("kv")


def test_revocation_binds_the_very_next_check() -> None:
    grants = GrantSet("scan", ["log"], ["log"])
    grants.require("log")
    grants.revoke("log")
    with pytest.raises(CapabilityDeniedError):
        grants.require("log")
    grants.grant("log")
    grants.require("log")


def test_revoking_takes_every_grant_within() -> None:
    grants = GrantSet("scan", ["fs.read:/data"], ["fs.read:/data/a", "fs.read:/data/b"])
    grants.revoke("fs.read:/data")
    assert grants.effective == ()


def test_revoking_part_of_a_wider_grant_is_refused_and_changes_nothing() -> None:
    grants = GrantSet("scan", ["fs.read:/"], ["fs.read:/data", "fs.read:/data/in/x"])
    with pytest.raises(GrantError, match="cannot be revoked alone") as caught:
        grants.revoke("fs.read:/data/in")
    assert "hyperhost plugin revoke scan fs.read:/data" in caught.value.hint
    assert texts(grants.granted) == ["fs.read:/data", "fs.read:/data/in/x"]


def test_revoking_what_is_not_granted_is_an_error() -> None:
    with pytest.raises(GrantError, match=r"'log' is not granted \(granted: kv\)"):
        GrantSet("scan", ["log", "kv"], ["kv"]).revoke("log")


def test_learn_mode_denies_everything_and_records_it() -> None:
    grants = GrantSet("scan", None, ["log"], learning=True)
    seen: list[str] = []
    grants.observer = seen.append
    for text in ("log", "fs.read:/data/./x", "fs.read:/data", "log"):
        with pytest.raises(CapabilityDeniedError):
            grants.require(text)
    assert seen == ["log", "fs.read:/data/x", "fs.read:/data", "log"]
    assert texts(grants.reached) == ["fs.read:/data", "log"]
    assert grants.effective == ()
    assert not grants.has_kind("log")


def test_the_observer_hears_denials_only() -> None:
    grants = GrantSet("scan", ["log", "kv"], ["log"])
    seen: list[str] = []
    grants.observer = seen.append
    grants.require("log")
    with pytest.raises(CapabilityDeniedError):
        grants.require("kv")
    assert seen == ["kv"]


def test_registered_kinds_come_from_the_grammar_given() -> None:
    grammar = Grammar()
    grammar.register("weather", describe="ask for the weather in {target}")
    grants = GrantSet("scan", ["weather:*"], ["weather:Paris"], grammar=grammar)
    grants.require("weather:Paris")
    with pytest.raises(CapabilityDeniedError):
        grants.require("weather:Rome")
    with pytest.raises(CapabilitySyntaxError):
        GrantSet("scan", ["weather:*"])


def test_the_memory_of_decisions_is_bounded() -> None:
    grants = GrantSet("scan", ["env:*"], ["env:*"])
    for number in range(10_000):
        grants.require(f"env:V{number}")
    assert len(grants._state.allowed) <= 4096


def test_decisions_of_other_threads_cannot_outlive_a_revocation() -> None:
    grants = GrantSet("scan", ["env:*"], ["env:*"])
    stop = threading.Event()

    def reach() -> None:
        while not stop.is_set():
            for number in range(5):
                with contextlib.suppress(CapabilityDeniedError):
                    grants.require(f"env:V{number}")

    threads = [threading.Thread(target=reach) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(100):
            grants.revoke("env:*")
            for number in range(5):
                with pytest.raises(CapabilityDeniedError):
                    grants.require(f"env:V{number}")
            grants.grant("env:*")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
