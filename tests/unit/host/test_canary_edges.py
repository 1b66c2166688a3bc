"""Permissions of a canary, what is refused, and what else may happen to its plugin."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from canary_parts import POLICY, TRAPS, answers, package, says, threads
from small_components import MEETS, Hook, Meeting, Small, component, write_plugin

import hyperhost
from hyperhost.errors import (
    CanaryError,
    GrantError,
    ImportDeniedError,
    PluginStateError,
    SignatureMismatchError,
    TrapError,
)


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    with hyperhost.Host("test", specs=[Small], interfaces=[Meeting()], canary=POLICY) as made:
        yield made


@pytest.fixture
def scan(host: hyperhost.Host, tmp_path: Path) -> hyperhost.Plugin:
    return host.load(write_plugin(tmp_path / "old" / "scan", says(1), hooks='"count"'))


# --- grants -----------------------------------------------------------------------------------------


def asking(*names: str) -> str:
    return "".join(f'[[capabilities.optional]]\nname = "{name}"\nreason = "r"\n' for name in names)


def test_each_version_holds_its_own_grants(host: hyperhost.Host, tmp_path: Path) -> None:
    old = write_plugin(tmp_path / "old" / "scan", says(1), more=asking("kv", "log"))
    scan = host.load(old, grants=["kv", "log"])
    new = package(tmp_path, says(2), more=asking("kv", "clock"))
    state = scan.canary(new, share=0.5)
    assert (scan.granted, state.granted) == (("kv", "log"), ("kv",))  # carried over as far as asked for
    scan.grant("clock")
    assert scan.canary_state is not None
    assert (scan.granted, scan.canary_state.granted) == (("kv", "log"), ("clock", "kv"))
    scan.revoke("kv")
    assert (scan.granted, scan.canary_state.granted) == (("log",), ("clock",))
    with pytest.raises(GrantError, match="'random' cannot be granted"):
        scan.grant("random")
    scan.promote()
    assert scan.granted == ("clock",)


def test_a_revocation_never_leaves_the_canary_more(host: hyperhost.Host, tmp_path: Path) -> None:
    scan = host.load(
        write_plugin(tmp_path / "old" / "scan", says(1), more=asking("env:HOME")), grants=["env:HOME"]
    )
    scan.canary(package(tmp_path, says(2), more=asking("env:*")), share=0.5, grants=["env:*"])
    with pytest.raises(GrantError, match=r"cannot be revoked alone, because 'env:\*' is granted"):
        scan.revoke("env:HOME")
    assert scan.granted == ("env:HOME",)  # nothing was changed by halves
    scan.revoke("env:*")
    assert scan.canary_state is not None
    assert (scan.granted, scan.canary_state.granted) == ((), ())


def test_a_version_that_needs_more_does_not_start(host: hyperhost.Host, tmp_path: Path) -> None:
    scan = host.load(write_plugin(tmp_path / "old" / "scan", says(1)))
    needs = '[[capabilities.required]]\nname = "meet"\nreason = "r"\n'
    new = package(tmp_path, component([MEETS], meets=True), more=needs)
    with pytest.raises(ImportDeniedError, match="meet"):
        scan.canary(new, share=0.5)
    assert (scan.canary_state, answers(host, 4)) == (None, [1] * 4)


# --- what is refused, and what else may happen ------------------------------------------------------


@pytest.mark.parametrize("share", [0, 1, 1.5, -0.1, float("nan"), "x", "200%", "10", "", True])
def test_a_share_that_is_none_is_refused(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path, share: object
) -> None:
    with pytest.raises(CanaryError, match="share"):
        scan.canary(package(tmp_path, says(2)), share=share)  # type: ignore[arg-type]
    assert scan.canary_state is None


def test_what_cannot_be_a_canary_is_refused(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path
) -> None:
    with pytest.raises(CanaryError, match="runs this very package"):
        scan.canary(scan.source, share=0.5)
    for action in (scan.promote, scan.rollback, lambda: scan.canary(share=0.5)):
        with pytest.raises(CanaryError, match="has no canary"):
            action()
    scan.canary(package(tmp_path, says(2)), share=0.5)
    with pytest.raises(CanaryError, match=r"has a canary: version 2\.0\.0"):
        scan.canary(package(tmp_path, says(3), "3.0.0"), share=0.5)
    with pytest.raises(CanaryError, match=r"has a canary: version 2\.0\.0"):
        scan.reload()
    other = Hook("count", "(result string)", "(result i32) unreachable")
    scan.rollback()
    with pytest.raises(SignatureMismatchError):
        scan.canary(package(tmp_path, component([other]), "4.0.0"), share=0.5)
    with pytest.raises(CanaryError, match="promoted after 0 calls"):
        scan.canary(package(tmp_path, says(2)), share=0.5, promote_after=0)


def test_a_native_plugin_cannot_have_one(host: hyperhost.Host, tmp_path: Path) -> None:
    class Native:
        plugin_id = "native"

        @hyperhost.hookimpl
        def count(self) -> int:
            return 1

    plugin = host.register(Native())
    with pytest.raises(CanaryError, match="native plugin: Python imports one version"):
        plugin.canary(package(tmp_path, says(2)), share=0.5)


def test_a_quarantined_plugin_has_nothing_to_compare_with(host: hyperhost.Host, tmp_path: Path) -> None:
    scan = host.load(write_plugin(tmp_path / "old" / "scan", component([TRAPS])))
    for _ in range(5):
        with pytest.raises(TrapError):
            host.hook.count()
    with pytest.raises(PluginStateError, match="is quarantined, so there is nothing to compare"):
        scan.canary(package(tmp_path, says(2)), share=0.5)


def test_a_canary_outlives_being_switched_off_and_on(
    host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path
) -> None:
    scan.canary(package(tmp_path, says(2)), share=0.5)
    scan.deactivate()
    assert host.hook.count() == []
    scan.activate()
    assert answers(host, 4) == [1, 2, 1, 2]
    scan.deactivate()
    scan.promote()
    scan.activate()
    assert answers(host, 2) == [2, 2]


def test_unloading_takes_both(host: hyperhost.Host, scan: hyperhost.Plugin, tmp_path: Path) -> None:
    scan.canary(package(tmp_path, says(2)), share=0.5)
    trial = scan.trial
    assert trial is not None
    scan.unload()
    assert host.hook.count() == []
    assert scan.canary_state is None
    assert trial.fresh.runtime is not None
    assert trial.fresh.runtime._finished
    with pytest.raises(PluginStateError, match="is unloaded"):
        scan.rollback()


def test_closing_the_host_waits_for_an_end_that_is_being_carried_out(tmp_path: Path) -> None:
    host = hyperhost.Host("test", specs=[Small], canary=POLICY)
    scan = host.load(write_plugin(tmp_path / "old" / "scan", says(1)))
    scan.canary(package(tmp_path, component([TRAPS])), share=0.5)
    for _ in range(6):
        with contextlib.suppress(TrapError):
            host.hook.count()
    host.close()
    assert threads() == []
    assert [fault.code for fault in host.faults].count("HH-CANARY") == 1
