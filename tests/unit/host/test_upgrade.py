"""Upgrades ask for what is new only, and what plugins need of one another stays true."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_deciding import Asked, call, files, never, no
from cli_guests import KEY, OTHER_KEY, lone, packed

from hyperhost.errors import (
    DependencyError,
    InstallError,
    UpgradeApprovalError,
)
from hyperhost.host.decisions import Decision, grant_required
from hyperhost.host.home import Home, open_host
from hyperhost.host.installer import Installer

# --- upgrade --------------------------------------------------------------------------------------


def test_an_upgrade_that_asks_for_the_same_asks_nobody(home: Home, work: Installer, source: Path) -> None:
    asks = [("clock", "r")]
    old = work.install(packed(source, "clock", required=asks), grant_required).entry
    new = work.upgrade("scan", packed(source, "clock", version="1.1.0", required=asks), never).entry
    assert (new.version, new.granted, new.state) == ("1.1.0", ("clock",), "active")
    assert not work.directory(old).exists()
    assert call(home, "scan") > 0


def test_an_upgrade_that_asks_for_less_loses_the_rest(work: Installer, source: Path) -> None:
    work.install(packed(source, required=[("env:*", "r"), ("kv", "r")]), grant_required)
    new = work.upgrade("scan", packed(source, version="1.1.0", required=[("env:APP_X", "r")]), never).entry
    assert new.granted == ("env:APP_X",)


def test_an_upgrade_that_wants_more_asks_for_what_is_new_only(work: Installer, source: Path) -> None:
    work.install(packed(source, required=[("kv", "r")]), grant_required)
    ask = Asked(Decision(True, ("env:HOME",)))
    asks = [("kv", "r"), ("env:HOME", "to know you")]
    new = work.upgrade("scan", packed(source, version="2.0.0", required=asks), ask).entry
    assert [item.capability.text for item in ask.question.asks] == ["env:HOME"]
    assert ask.question.changes == ("new: read the environment variable HOME",)
    assert new.granted == ("env:HOME", "kv")


def test_the_old_version_keeps_running_when_more_is_declined(
    home: Home, work: Installer, source: Path
) -> None:
    work.install(packed(source), grant_required)
    before = files(home)
    with pytest.raises(
        UpgradeApprovalError, match=r"so 1\.0\.0 keeps running\. What it wants: new: keep its"
    ):
        work.upgrade("scan", packed(source, version="2.0.0", required=[("kv", "r")]), no)
    assert files(home) == before
    assert call(home, "scan") == 42


def test_wider_limits_need_approval_too(work: Installer, source: Path) -> None:
    work.install(packed(source), grant_required)
    with pytest.raises(UpgradeApprovalError, match=r"more: use 1 GiB of memory \(was: 64 MiB\)"):
        work.upgrade("scan", packed(source, version="1.1.0", limits={"memory": "1GiB"}), no)
    narrower = packed(source, version="1.1.0", limits={"memory": "8MiB", "fuel": 1_000_000})
    assert work.upgrade("scan", narrower, never).entry.limits.memory == "8MiB"


def test_another_publisher_inherits_nothing(work: Installer, source: Path) -> None:
    asks = [("clock", "r")]
    work.install(packed(source, "clock", required=asks, key=KEY), grant_required)
    ask = Asked(Decision(True, ("clock",)))
    packed(source, "clock", version="1.0.1", required=asks, key=OTHER_KEY)
    entry = work.upgrade("scan", source, ask).entry
    assert [item.capability.text for item in ask.question.asks] == ["clock"]
    assert ask.question.carried == ()
    assert ask.question.changes[0].startswith("publisher changed from ed25519:")
    assert entry.publisher != ""


def test_the_same_package_signed_anew_replaces_the_old_one(home: Home, work: Installer, source: Path) -> None:
    first = work.install(packed(source, key=KEY), grant_required).entry
    second = work.upgrade("scan", packed(source, key=OTHER_KEY), grant_required).entry
    assert first.digest == second.digest
    assert first.publisher != second.publisher
    assert call(home, "scan") == 42


def test_a_package_that_is_installed_already_changes_nothing(work: Installer, source: Path) -> None:
    work.install(packed(source), grant_required)
    assert work.upgrade("scan", source, never).changed is False


def test_an_older_version_needs_force(work: Installer, source: Path) -> None:
    work.install(packed(source, version="2.0.0"), grant_required)
    packed(source, version="1.9.9")
    with pytest.raises(InstallError, match=r"version 1\.9\.9 is older than 2\.0\.0"):
        work.upgrade("scan", source, never)
    assert work.upgrade("scan", source, never, force=True).entry.version == "1.9.9"


def test_another_plugin_is_no_upgrade(work: Installer, source: Path, tmp_path: Path) -> None:
    work.install(packed(source), grant_required)
    with pytest.raises(InstallError, match="which is the plugin 'other'"):
        work.upgrade("scan", packed(tmp_path / "other", id="other"), never)


def test_a_lone_component_is_upgraded_from_a_file_of_any_name(
    home: Home, work: Installer, tmp_path: Path
) -> None:
    work.install(lone("clock", tmp_path / "scan.wasm"), grant_required)
    entry = work.upgrade("scan", lone("double", tmp_path / "scan-v2.wasm"), never).entry
    assert (entry.id, entry.granted) == ("scan", ())
    assert call(home, "scan") == 42
    with pytest.raises(UpgradeApprovalError, match="new: tell the time"):
        work.upgrade("scan", lone("clock", tmp_path / "scan-v3.wasm"), no)


def test_what_was_revoked_stays_revoked_unless_it_is_granted_again(work: Installer, source: Path) -> None:
    asks = [("kv", "r"), ("random", "r")]
    work.install(packed(source, required=asks), grant_required)
    work.revoke("scan", ["kv"])
    assert work.upgrade("scan", packed(source, version="1.1.0", required=asks), never).entry.granted == (
        "random",
    )
    packed(source, version="1.2.0", required=asks)
    assert work.upgrade("scan", source, never, also=["kv"]).entry.granted == ("kv", "random")


def test_an_inactive_plugin_stays_inactive(work: Installer, source: Path) -> None:
    work.install(packed(source), grant_required)
    work.deactivate("scan")
    assert work.upgrade("scan", packed(source, version="1.1.0"), never).entry.state == "inactive"


# --- dependencies ---------------------------------------------------------------------------------


def test_what_is_needed_must_be_there_first(home: Home, work: Installer, tmp_path: Path) -> None:
    app = packed(tmp_path / "app", id="app", dependencies={"base": "^1.0"})
    with pytest.raises(DependencyError, match="needs plugin 'base'"):
        work.install(app, never)
    work.install(packed(tmp_path / "base", id="base"), grant_required)
    work.install(app, grant_required)
    with open_host(home) as host:
        assert [name for name in host.plugins if name in ("app", "base")] == ["base", "app"]


def test_what_is_needed_is_not_removed_switched_off_or_outgrown(work: Installer, tmp_path: Path) -> None:
    work.install(packed(tmp_path / "base", id="base"), grant_required)
    work.install(packed(tmp_path / "app", id="app", dependencies={"base": "^1.0"}), grant_required)
    with pytest.raises(DependencyError, match="is needed by 'app'"):
        work.uninstall("base", purge=True)
    with pytest.raises(DependencyError, match="is needed by 'app'"):
        work.deactivate("base")
    with pytest.raises(DependencyError, match=r"needs plugin 'base' in version \^1\.0, but 2\.0\.0"):
        work.upgrade("base", packed(tmp_path / "base", id="base", version="2.0.0"), never)
    assert work.deactivate("base", force=True).entry.state == "inactive"


def test_a_plugin_whose_need_is_not_met_fails_and_says_so(
    home: Home, work: Installer, tmp_path: Path
) -> None:
    work.install(packed(tmp_path / "base", id="base"), grant_required)
    work.install(packed(tmp_path / "app", id="app", dependencies={"base": "^1.0"}), grant_required)
    work.deactivate("base", force=True)
    with open_host(home) as host:
        assert isinstance(host.plugin("app").failure, DependencyError)


def test_a_package_that_cannot_be_moved_into_place_leaves_the_installed_one(
    home: Home, work: Installer, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = work.install(packed(source, key=KEY), grant_required).entry
    rename = Path.rename

    def full(path: Path, target: Path) -> Path:
        if path.parent == home.plugins_dir and not path.name.endswith(".old"):
            raise OSError(28, "No space left on device")
        return rename(path, target)

    # The same files signed by another key have the same digest, and so belong in the same place.
    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(InstallError, match="No space left"):
        work.upgrade("scan", packed(source, key=OTHER_KEY), lambda question: Decision(True))
    assert work.entry("scan") == entry
    assert call(home, "scan") == 42
