"""Remove, switch, grant and learn: what is done to plugins that are installed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_deciding import Asked, call
from cli_guests import lone, packed

from hyperhost.errors import (
    BadArgumentError,
    GrantError,
    InstallError,
    PluginNotFoundError,
)
from hyperhost.host.decisions import Decision, grant_required
from hyperhost.host.home import Home, open_host
from hyperhost.host.installer import Installer
from hyperhost.host.learning import learn
from hyperhost.host.lockentry import LockEntry

# --- remove, switch, grant ------------------------------------------------------------------------


def test_uninstalling_removes_files_and_entry(home: Home, work: Installer, source: Path) -> None:
    work.install(packed(source), grant_required)
    work.uninstall("scan", purge=False)
    assert work.entries() == {}
    assert list(home.plugins_dir.iterdir()) == []
    with pytest.raises(PluginNotFoundError, match="is not installed"):
        work.uninstall("scan", purge=False)


def test_purging_forgets_what_was_stored(home: Home, work: Installer, tmp_path: Path) -> None:
    work.install(lone("keep", tmp_path / "keeper.wasm"), grant_required)
    call(home, "keeper")
    assert work.stored_bytes("keeper") == 4
    work.uninstall("keeper", purge=True)
    assert work.stored_bytes("keeper") == 0


def test_an_inactive_plugin_is_not_loaded_until_it_is_activated(
    home: Home, work: Installer, source: Path
) -> None:
    work.install(packed(source), grant_required)
    assert work.deactivate("scan").changed
    assert not work.deactivate("scan").changed
    with open_host(home) as host:
        assert "scan" not in host.plugins
    assert work.activate("scan").changed
    assert call(home, "scan") == 42


def test_revoking_what_an_import_needs_says_that_it_will_not_load(work: Installer, source: Path) -> None:
    work.install(packed(source, "clock", required=[("clock", "r")]), grant_required)
    outcome = work.revoke("scan", ["clock"])
    assert outcome.entry.granted == ()
    [note] = outcome.notes
    assert "cannot be loaded with what it is granted now" in note
    assert work.grant("scan", ["clock"]).notes == ()


def test_several_grants_are_given_all_or_none(work: Installer, source: Path) -> None:
    work.install(packed(source, optional=[("kv", "r")]), grant_required)
    with pytest.raises(GrantError, match="never asked"):
        work.grant("scan", ["kv", "env:HOME"])
    assert work.entry("scan").granted == ()
    with pytest.raises(GrantError, match="is not granted"):
        work.revoke("scan", ["kv"])


def test_a_native_plugin_is_granted_nothing(home: Home, work: Installer, source: Path) -> None:
    ask = Asked(Decision(True, ()))
    work.install(packed(source, "native", id="helper"), ask)
    assert ask.question.native
    assert ask.question.cannot() == []
    with pytest.raises(GrantError, match="may do anything"):
        work.grant("helper", ["kv"])


def test_unknown_plugins_are_named_with_the_nearest(work: Installer, source: Path) -> None:
    work.install(packed(source), grant_required)
    for operation in (work.activate, work.deactivate, work.release):
        with pytest.raises(PluginNotFoundError) as caught:
            operation("scam")
        assert caught.value.hint == "did you mean 'scan'?"


# --- learn ----------------------------------------------------------------------------------------


def test_learning_writes_down_what_was_reached_for_and_what_is_imported(
    work: Installer, tmp_path: Path
) -> None:
    with work.bench() as host:
        package = work.opened(lone("env", tmp_path / "reader.wasm"), host)
        lesson = learn(host, package, "run", {"n": 1}, package.manifest.limits)
    assert lesson.reached == ("env:HOME",)
    assert lesson.imported == ("env",)
    assert lesson.error is not None
    assert [ask.capability.text for ask in lesson.manifest.asks] == ["env:HOME"]
    assert lesson.manifest.hook_names == ("run",)


def test_learning_on_with_a_grant_answers(work: Installer, tmp_path: Path) -> None:
    with work.bench() as host:
        package = work.opened(lone("env", tmp_path / "reader.wasm"), host)
        lesson = learn(host, package, "run", {"n": 1}, package.manifest.limits, ["env:HOME"])
    assert (lesson.error, lesson.reached) == (None, ())
    assert [ask.capability.text for ask in lesson.manifest.asks] == ["env:HOME"]


def test_learning_leaves_no_trace_in_the_home(home: Home, work: Installer, tmp_path: Path) -> None:
    with work.bench() as host:
        package = work.opened(lone("keep", tmp_path / "keeper.wasm"), host)
        assert learn(host, package, "run", {"n": 1}, package.manifest.limits, ["kv"]).error is None
    with work.state() as state:
        assert (state.faults(), state.stats(), state.kv.used_bytes("keeper")) == ([], [], 0)


def test_learning_checks_its_arguments(work: Installer, tmp_path: Path) -> None:
    with work.bench() as host:
        package = work.opened(lone("double", tmp_path / "scan.wasm"), host)
        with pytest.raises(BadArgumentError, match='n is "x"'):
            learn(host, package, "run", {"n": "x"}, package.manifest.limits)


def test_an_entry_binds_id_digest_and_publisher(work: Installer, source: Path) -> None:
    entry = work.install(packed(source), grant_required).entry
    with work.bench() as host:
        package = work.opened(source, host)
    assert entry.binds(package)
    for change in ({"digest": "sha256:0"}, {"publisher": "x"}, {"id": "y"}):
        assert not _changed(entry, change).binds(package)


def _changed(entry: LockEntry, change: dict[str, str]) -> LockEntry:
    return dataclasses.replace(entry, **change)  # type: ignore[arg-type]


class Meanwhile(Installer):
    """Has another process do something while a plugin is tried."""

    def then(self, what: Callable[[], object]) -> Installer:
        self.what = what
        return self

    def _try(self, *arguments: Any) -> None:
        super()._try(*arguments)
        self.what()


def test_activating_keeps_what_was_revoked_meanwhile(home: Home, work: Installer, source: Path) -> None:
    work.install(packed(source, required=[("kv", "r")]), grant_required)
    work.deactivate("scan")
    outcome = Meanwhile(home).then(lambda: work.revoke("scan", ["kv"])).activate("scan")
    assert (outcome.entry.state, outcome.entry.granted) == ("active", ())
    assert work.entry("scan") == outcome.entry


def test_activating_does_not_bring_back_what_was_uninstalled_meanwhile(
    home: Home, work: Installer, source: Path
) -> None:
    work.install(packed(source), grant_required)
    work.deactivate("scan")
    other = Meanwhile(home).then(lambda: work.uninstall("scan", purge=False))
    with pytest.raises(InstallError, match="was changed by another process"):
        other.activate("scan")
    assert work.entries() == {}
