"""Install, upgrade, remove and grant: complete, or the home is as it was."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_guests import GUESTS, KEY, OTHER_KEY, SPECS, lone, packed

from hyperhost.errors import (
    BadArgumentError,
    CapabilitySyntaxError,
    CorruptComponentError,
    DependencyError,
    GrantError,
    ImportDeniedError,
    InstallError,
    LockFileError,
    ManifestError,
    PluginLoadError,
    PluginNotFoundError,
    SignatureError,
    SignatureMismatchError,
    UpgradeApprovalError,
)
from hyperhost.host import packagestore
from hyperhost.host.decisions import Decision, Question, grant_exactly, grant_required
from hyperhost.host.home import Home, open_host
from hyperhost.host.installer import Installer
from hyperhost.host.learning import learn
from hyperhost.host.lockentry import LockEntry


@pytest.fixture
def home(tmp_path: Path) -> Home:
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    (path / "hyperhost.toml").write_text(f'[host]\nspecs = ["{SPECS}"]\n')
    return Home(path)


@pytest.fixture
def work(home: Home) -> Installer:
    return Installer(home)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


def files(home: Home) -> set[str]:
    """Packages and the lock file; caches and state are not what an install is about."""
    found = {str(path.relative_to(home.path)) for path in home.plugins_dir.rglob("*")}
    if home.lock_path.exists():
        found.add(home.lock_path.read_text())
    return found


class Asked:
    """Decides as told, and keeps what was asked."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.questions: list[Question] = []

    def __call__(self, question: Question) -> Decision:
        self.questions.append(question)
        return self.decision

    @property
    def question(self) -> Question:
        [question] = self.questions
        return question


def no(question: Question) -> Decision:
    return Decision(False)


def never(question: Question) -> Decision:
    raise AssertionError("nobody should be asked")


def call(home: Home, plugin_id: str, n: int = 21) -> int:
    with open_host(home) as host:
        plugin = host.plugin(plugin_id)
        if plugin.failure is not None:
            raise plugin.failure
        result: int = plugin.call("run", n=n)
        return result


# --- install --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["scan.wasm", "scan.wat"])
def test_a_lone_component_is_installed_and_runs(home: Home, work: Installer, tmp_path: Path, name: str) -> None:
    outcome = work.install(lone("double", tmp_path / name), grant_required)
    entry = outcome.entry
    assert (entry.id, entry.version, entry.state, entry.granted) == ("scan", "0.0.0", "active", ())
    assert home.package_of(entry) == home.plugins_dir / "scan" / f"0.0.0-{entry.digest[7:19]}" / "scan.wasm"
    assert call(home, "scan") == 42


def test_a_directory_and_an_archive_of_it_install_alike(home: Home, work: Installer, source: Path) -> None:
    packed(source, "clock", required=[("clock", "to date findings")])
    shutil.make_archive(str(source), "zip", source)
    archive = source.with_suffix(".zip").rename(source.with_suffix(".hhp"))
    first = work.install(source, grant_required).entry
    work.uninstall("scan", purge=True)
    second = work.install(archive, grant_required).entry
    assert first.digest == second.digest
    assert home.package_of(second).name == "scan.hhp"
    assert call(home, "scan") > 0


def test_the_question_holds_what_a_person_needs(work: Installer, source: Path) -> None:
    packed(
        source,
        "clock",
        required=[("clock", "to date findings")],
        optional=[("kv", "to remember them")],
        limits={"memory": "8MiB", "deadline": "20ms"},
    )
    ask = Asked(Decision(True, ("clock",)))
    work.install(source, ask)
    question = ask.question
    assert question.hooks == ("run",)
    assert [(ask.capability.text, ask.reason) for ask in question.required] == [("clock", "to date findings")]
    assert [ask.capability.text for ask in question.optional] == ["kv"]
    assert "connect to the network" in question.cannot()
    assert question.cannot()[-2:] == ["use more than 8 MiB of memory", "run longer than 20 ms per call"]


def test_yes_grants_what_is_required_and_not_what_is_optional(work: Installer, source: Path) -> None:
    packed(source, "clock", required=[("clock", "r")], optional=[("kv", "r")])
    assert work.install(source, grant_required).entry.granted == ("clock",)


def test_exact_grants_are_exact(work: Installer, source: Path) -> None:
    packed(source, "double", required=[("clock", "r")], optional=[("kv", "r"), ("env:APP_*", "r")])
    entry = work.install(source, grant_exactly(["env:APP_X", "kv"])).entry
    assert entry.granted == ("env:APP_X", "kv")
    assert entry.requested == ("clock", "env:APP_*", "kv")


@pytest.mark.parametrize(
    ("grants", "error", "words"),
    [
        (["env:HOME"], GrantError, "never asked for it"),
        (["nonsense"], CapabilitySyntaxError, "unknown kind 'nonsense'"),
        ([], ImportDeniedError, "needs the capability clock"),
    ],
)
def test_a_wrong_grant_leaves_the_home_as_it_was(
    home: Home, work: Installer, source: Path, grants: list[str], error: type[Exception], words: str
) -> None:
    packed(source, "clock", required=[("clock", "r")])
    with pytest.raises(error, match=words):
        work.install(source, grant_exactly(grants))
    assert files(home) == set()


def test_the_hint_of_a_missing_grant_is_a_flag_of_install(work: Installer, source: Path) -> None:
    packed(source, "clock", required=[("clock", "r")])
    with pytest.raises(ImportDeniedError) as caught:
        work.install(source, grant_exactly([]))
    assert "--grant clock" in caught.value.hint


def test_a_declined_install_changes_nothing(home: Home, work: Installer, source: Path) -> None:
    with pytest.raises(InstallError, match="was declined; nothing was changed"):
        work.install(packed(source), no)
    assert files(home) == set()


def test_nothing_is_asked_about_a_package_that_cannot_be_used(work: Installer, source: Path) -> None:
    packed(source, plugin={"hooks": ["annotate"]})
    with pytest.raises(SignatureMismatchError, match="does not export annotate"):
        work.install(source, never)
    packed(source, plugin={"colour": "red"})
    with pytest.raises(ManifestError, match=r"unknown key 'plugin\.colour'"):
        work.install(source, never)
    packed(source)
    (source / "plugin.wasm").write_bytes(b"\0asm")
    with pytest.raises(CorruptComponentError):
        work.install(source, never)
    with pytest.raises(PluginLoadError, match="is not there"):
        work.install(source / "nothing.wasm", never)


def test_no_home_is_made_for_an_install_that_is_declined(tmp_path: Path, source: Path) -> None:
    from hyperhost.config import Config

    home = Home(tmp_path / "new")
    with pytest.raises(InstallError):
        Installer(home, Config(specs=(SPECS,))).install(packed(source), no)
    assert not home.exists


def test_the_first_install_makes_the_home(tmp_path: Path, source: Path) -> None:
    from hyperhost.config import Config

    home = Home(tmp_path / "new")
    Installer(home, Config(specs=(SPECS,))).install(packed(source), grant_required)
    assert home.config_file.exists()
    assert (home.path.stat().st_mode & 0o777, home.plugins_dir.stat().st_mode & 0o777) == (0o700, 0o700)


def test_an_id_is_installed_once(work: Installer, source: Path) -> None:
    work.install(packed(source), grant_required)
    with pytest.raises(InstallError, match="is installed already") as caught:
        work.install(source, never)
    assert caught.value.hint == f"replace it with: hyperhost plugin upgrade scan {source}"


def test_what_a_component_without_manifest_imports_is_what_it_asks_for(work: Installer, tmp_path: Path) -> None:
    ask = Asked(Decision(False))
    with pytest.raises(InstallError):
        work.install(lone("clock", tmp_path / "clock.wasm"), ask)
    assert [item.capability.text for item in ask.question.asks] == ["clock"]
    assert ask.question.unspecified == ()


def test_what_only_a_person_can_specify_is_not_guessed(work: Installer, tmp_path: Path, home: Home) -> None:
    path = lone("env", tmp_path / "reader.wasm")
    with pytest.raises(InstallError, match="it imports env") as caught:
        work.install(path, grant_required)
    assert caught.value.hint == "say what it may reach: --grant env:NAME"
    work.install(path, grant_exactly(["env:HOME"]))
    assert call(home, "reader") == 1


def test_denied_imports_can_be_refused_when_they_are_called(home: Home, work: Installer, tmp_path: Path) -> None:
    from hyperhost.errors import CapabilityDeniedError

    entry = work.install(lone("clock", tmp_path / "clock.wasm"), grant_required, stub_denied=True).entry
    assert (entry.granted, entry.stub_denied) == ((), True)
    with pytest.raises(CapabilityDeniedError, match="was not granted"):
        call(home, "clock")


def test_a_package_that_changes_while_it_is_installed_is_refused(
    home: Home, work: Installer, source: Path
) -> None:
    packed(source)

    def change(question: Question) -> Decision:
        packed(source, "clock", required=[("clock", "r")])
        return Decision(True)

    with pytest.raises(InstallError, match="changed while it was being installed"):
        work.install(source, change)
    assert files(home) == set()


def test_a_full_disk_leaves_the_home_as_it_was(
    home: Home, work: Installer, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, chunks: Iterator[bytes]) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packagestore, "_write", full)
    with pytest.raises(InstallError, match="No space left on device"):
        work.install(packed(source), grant_required)
    assert list(home.plugins_dir.iterdir()) == []


def test_a_lock_file_that_cannot_be_written_leaves_the_old_one(
    home: Home, work: Installer, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hyperhost.host.lockfile import LockFile

    def fail(self: LockFile, text: str) -> None:
        raise LockFileError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(LockFile, "_write", fail)
        with pytest.raises(LockFileError):
            work.install(packed(source), grant_required)
    assert work.entries() == {}
    work.install(packed(source), grant_required)
    assert call(home, "scan") == 42


def test_an_install_in_the_meantime_wins(home: Home, work: Installer, source: Path) -> None:
    other = Installer(home)

    def install_first(question: Question) -> Decision:
        other.install(source, grant_required)
        return Decision(True)

    with pytest.raises(InstallError, match="changed by another process"):
        work.install(packed(source), install_first)
    assert call(home, "scan") == 42


def test_a_signature_that_does_not_fit_is_refused(work: Installer, source: Path) -> None:
    packed(source, key=KEY)
    (source / "plugin.wasm").write_bytes(GUESTS["clock"].binary())
    with pytest.raises(SignatureError):
        work.install(source, never)


def test_data_of_an_earlier_plugin_is_mentioned(home: Home, work: Installer, tmp_path: Path) -> None:
    path = lone("keep", tmp_path / "keeper.wasm")
    work.install(path, grant_required)
    assert call(home, "keeper") == 21
    work.uninstall("keeper", purge=False)
    ask = Asked(Decision(False))
    with pytest.raises(InstallError):
        work.install(path, ask)
    assert ask.question.kept_bytes == 4


# --- a package that was altered afterwards ---------------------------------------------------------


def test_an_altered_package_is_not_loaded_and_keeps_no_grant(home: Home, work: Installer, source: Path) -> None:
    entry = work.install(packed(source, "clock", required=[("clock", "r")]), grant_required).entry
    (home.package_of(entry) / "plugin.wasm").write_bytes(GUESTS["keep"].binary())
    with open_host(home) as host:
        plugin = host.plugin("scan")
        assert plugin.state == "failed"
        assert isinstance(plugin.failure, GrantError)
        assert "was altered since it was installed" in plugin.failure.message
        assert plugin.granted == ()
    with pytest.raises(GrantError, match="altered"):
        work.grant("scan", ["clock"])
    with pytest.raises(GrantError, match="altered"):
        work.activate("scan")


def test_a_package_signed_by_someone_else_afterwards_is_not_loaded(
    home: Home, work: Installer, source: Path
) -> None:
    entry = work.install(packed(source, key=KEY), grant_required).entry
    packed(home.package_of(entry), key=OTHER_KEY)
    with open_host(home) as host:
        assert isinstance(host.plugin("scan").failure, GrantError)


def test_one_failed_plugin_does_not_keep_others_from_running(home: Home, work: Installer, tmp_path: Path) -> None:
    work.install(packed(tmp_path / "good", id="good"), grant_required)
    bad = work.install(packed(tmp_path / "bad", id="bad"), grant_required).entry
    shutil.rmtree(home.package_of(bad))
    assert call(home, "good") == 42
    with open_host(home) as host:
        assert host.plugin("bad").state == "failed"


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


def test_the_old_version_keeps_running_when_more_is_declined(home: Home, work: Installer, source: Path) -> None:
    work.install(packed(source), grant_required)
    before = files(home)
    with pytest.raises(UpgradeApprovalError, match="so 1.0.0 keeps running. What it wants: new: keep its own"):
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


def test_a_lone_component_is_upgraded_from_a_file_of_any_name(home: Home, work: Installer, tmp_path: Path) -> None:
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
    assert work.upgrade("scan", packed(source, version="1.1.0", required=asks), never).entry.granted == ("random",)
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
        assert list(host.plugins) == ["base", "app"]


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


def test_a_plugin_whose_need_is_not_met_fails_and_says_so(home: Home, work: Installer, tmp_path: Path) -> None:
    work.install(packed(tmp_path / "base", id="base"), grant_required)
    work.install(packed(tmp_path / "app", id="app", dependencies={"base": "^1.0"}), grant_required)
    work.deactivate("base", force=True)
    with open_host(home) as host:
        assert isinstance(host.plugin("app").failure, DependencyError)


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


def test_an_inactive_plugin_is_not_loaded_until_it_is_activated(home: Home, work: Installer, source: Path) -> None:
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


# --- leftovers ------------------------------------------------------------------------------------


def test_what_a_dead_process_left_is_swept_away(home: Home, work: Installer, tmp_path: Path) -> None:
    import os

    work.install(packed(tmp_path / "a", id="a"), grant_required)
    orphan = home.plugins_dir / "a" / "9.9.9-0123456789ab"
    orphan.mkdir()
    old, young = home.plugins_dir / ".new-old", home.plugins_dir / ".new-young"
    for directory in (old, young):
        directory.mkdir()
    os.utime(old, (0, 0))
    work.install(packed(tmp_path / "b", id="b"), grant_required)
    assert not orphan.exists()
    assert not old.exists()
    assert young.exists()
    assert call(home, "a") == 42


def test_a_corrupt_lock_file_is_left_alone(home: Home, work: Installer, source: Path) -> None:
    home.lock_path.write_text("format = 1\n[plugins.scan]\nversion = 3\n")
    with pytest.raises(LockFileError, match=r"plugins\.lock, line"):
        work.install(packed(source), grant_required)
    assert home.lock_path.read_text().endswith("version = 3\n")


# --- learn ----------------------------------------------------------------------------------------


def test_learning_writes_down_what_was_reached_for_and_what_is_imported(work: Installer, tmp_path: Path) -> None:
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
