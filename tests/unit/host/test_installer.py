"""Install: complete, or the home is as it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_deciding import Asked, call, files, never, no
from cli_guests import GUESTS, KEY, OTHER_KEY, SPECS, lone, packed

from hyperhost.errors import (
    CapabilitySyntaxError,
    CorruptComponentError,
    GrantError,
    ImportDeniedError,
    InstallError,
    LockFileError,
    ManifestError,
    PluginLoadError,
    SignatureError,
    SignatureMismatchError,
)
from hyperhost.host import packagestore
from hyperhost.host.decisions import Decision, Question, grant_exactly, grant_required
from hyperhost.host.home import Home, open_host
from hyperhost.host.installer import Installer

# --- install --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["scan.wasm", "scan.wat"])
def test_a_lone_component_is_installed_and_runs(
    home: Home, work: Installer, tmp_path: Path, name: str
) -> None:
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


def test_what_a_component_without_manifest_imports_is_what_it_asks_for(
    work: Installer, tmp_path: Path
) -> None:
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


def test_denied_imports_can_be_refused_when_they_are_called(
    home: Home, work: Installer, tmp_path: Path
) -> None:
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


def test_an_altered_package_is_not_loaded_and_keeps_no_grant(
    home: Home, work: Installer, source: Path
) -> None:
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


def test_one_failed_plugin_does_not_keep_others_from_running(
    home: Home, work: Installer, tmp_path: Path
) -> None:
    work.install(packed(tmp_path / "good", id="good"), grant_required)
    bad = work.install(packed(tmp_path / "bad", id="bad"), grant_required).entry
    shutil.rmtree(home.package_of(bad))
    assert call(home, "good") == 42
    with open_host(home) as host:
        assert host.plugin("bad").state == "failed"


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
