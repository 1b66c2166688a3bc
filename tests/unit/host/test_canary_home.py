"""A canary in a home directory: installed beside the other, seen by every process, complete or not at all."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from cli_deciding import Asked, files, never, no
from cli_guests import GUESTS, KEY, OTHER_KEY, lone, packed
from wat import KV_SET, Guest, run

from hyperhost.errors import (
    CanaryError,
    GrantError,
    InstallError,
    LockFileError,
    PluginNotFoundError,
    TrapError,
    UpgradeApprovalError,
)
from hyperhost.host.decisions import Decision, grant_required
from hyperhost.host.home import Home, open_host
from hyperhost.host.lockfile import LockFile
from hyperhost.host.populate import settle_canary
from hyperhost.host.rollout import Rollout
from hyperhost.sandbox.services import own_store

TRIPLE = Guest([run("(i64.mul (local.get $n) (i64.const 3))")])
KEEPS = Guest(
    [run("(call $set (i32.const 1024) (i32.const 1) (i32.const 1025) (i32.const 3)) (local.get $n)")],
    [KV_SET],
    core='(data (i32.const 1024) "k456")',
)


@pytest.fixture
def work(home: Home) -> Rollout:
    return Rollout(home)


@pytest.fixture(autouse=True)
def triple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GUESTS, "triple", TRIPLE)
    monkeypatch.setitem(GUESTS, "keeps", KEEPS)


@pytest.fixture
def started(work: Rollout, tmp_path: Path) -> Rollout:
    work.install(packed(tmp_path / "old"), grant_required)
    work.canary("scan", packed(tmp_path / "new", "triple", version="1.1.0"), "50%", never)
    return work


def numbers(home: Home, calls: int = 4) -> list[int]:
    with open_host(home) as host:
        return [host.hook.run(n=1) for _ in range(calls)]


def trapping(work: Rollout, tmp_path: Path) -> None:
    work.install(packed(tmp_path / "old"), grant_required)
    work.canary("scan", packed(tmp_path / "new", "trap", version="1.1.0"), 0.5, never)


# --- beginning, changing, ending --------------------------------------------------------------------


def test_it_is_installed_beside_the_other(home: Home, started: Rollout) -> None:
    entry = started.entry("scan")
    assert entry.canary is not None
    assert (entry.version, entry.canary.entry.version, entry.canary.share) == ("1.0.0", "1.1.0", 0.5)
    assert all(started.directory(each).is_dir() for each in (entry, entry.canary.entry))
    assert numbers(home) == [2, 3, 2, 3]
    started.install(packed(home.path.parent / "other", id="other"), grant_required)  # which tidies up
    assert started.directory(entry.canary.entry).is_dir()


def test_single_calls_of_many_processes_are_divided_evenly(home: Home, started: Rollout) -> None:
    started.canary("scan", None, 0.25, never)
    assert [number for _ in range(8) for number in numbers(home, 1)] == [2, 2, 2, 3, 2, 2, 2, 3]


def test_what_is_new_is_asked_as_in_any_upgrade(work: Rollout, tmp_path: Path) -> None:
    work.install(packed(tmp_path / "old", required=[("kv", "r")]), grant_required)
    asks = [("kv", "r"), ("env:HOME", "r")]
    new = packed(tmp_path / "new", version="1.1.0", required=asks)
    before = files(work.home)
    with pytest.raises(UpgradeApprovalError, match=r"so 1\.0\.0 keeps running"):
        work.canary("scan", new, 0.1, no)
    assert files(work.home) == before
    ask = Asked(Decision(True, ("env:HOME",)))
    entry = work.canary("scan", new, 0.1, ask).entry
    assert ask.question.changes == ("new: read the environment variable HOME",)
    assert entry.granted == ("kv",)
    assert entry.canary is not None
    assert entry.canary.entry.granted == ("env:HOME", "kv")


def test_the_share_is_changed_by_naming_it_again(started: Rollout, tmp_path: Path) -> None:
    assert started.canary("scan", None, "20%", never).entry.canary.share == 0.2  # type: ignore[union-attr]
    again = started.canary("scan", tmp_path / "new", 0.3, never, promote_after=9)
    assert again.entry.canary is not None
    assert (again.entry.canary.share, again.entry.canary.promote_after) == (0.3, 9)
    assert started.canary("scan", None, 0.3, never).changed is False


def test_promoting(home: Home, started: Rollout) -> None:
    before = started.entry("scan")
    entry = started.promote("scan").entry
    assert (entry.version, entry.canary, entry.state) == ("1.1.0", None, "active")
    assert not started.directory(before).exists()
    assert numbers(home) == [3, 3, 3, 3]


def test_rolling_back(home: Home, started: Rollout) -> None:
    canary = started.entry("scan").canary
    assert canary is not None
    entry = started.rollback("scan").entry
    assert (entry.version, entry.canary) == ("1.0.0", None)
    assert not started.directory(canary.entry).exists()
    assert numbers(home) == [2, 2, 2, 2]
    with started.state() as state:
        [record] = state.faults("scan")
    assert (record.code, record.version) == ("HH-CANARY", "1.1.0")
    assert record.message == "version 1.1.0, which answered 50 % of the calls, was rolled back by command"


def test_what_is_refused(started: Rollout, tmp_path: Path) -> None:
    third = packed(tmp_path / "third", "clock", version="1.2.0", required=[("clock", "r")])
    for action in (
        lambda: started.canary("scan", third, 0.1, grant_required),
        lambda: started.upgrade("scan", third, grant_required),
    ):
        with pytest.raises(
            CanaryError, match=r"has a canary: version 1\.1\.0 answers 50 % of the calls"
        ) as found:
            action()
        assert "--promote, or: hyperhost plugin upgrade scan --rollback" in found.value.hint
    started.rollback("scan")
    for action in (started.promote, started.rollback):
        with pytest.raises(CanaryError, match="has no canary"):
            action("scan")
    with pytest.raises(CanaryError, match="is this very package already"):
        started.canary("scan", tmp_path / "old", 0.1, never)
    with pytest.raises(CanaryError, match="is no share"):
        started.canary("scan", third, "200%", never)
    with pytest.raises(InstallError, match=r"version 0\.9\.0 is older than 1\.0\.0"):
        started.canary("scan", packed(tmp_path / "older", version="0.9.0"), 0.1, never)
    older = started.canary("scan", tmp_path / "older", 0.1, never, force=True).entry.canary
    assert older is not None
    assert older.entry.version == "0.9.0"
    started.rollback("scan")
    started.deactivate("scan")
    with pytest.raises(CanaryError, match="is not active"):
        started.canary("scan", third, 0.1, grant_required)
    with pytest.raises(PluginNotFoundError):
        started.canary("scam", third, 0.1, grant_required)


def test_a_native_plugin_cannot_have_one(work: Rollout, tmp_path: Path) -> None:
    work.install(packed(tmp_path / "old", "native"), lambda question: Decision(True))
    with pytest.raises(CanaryError, match="is a native plugin"):
        work.canary("scan", packed(tmp_path / "new", "native", version="1.1.0"), 0.1, never)
    work.install(packed(tmp_path / "c", id="comp"), grant_required)
    with pytest.raises(CanaryError, match="is a native plugin"):
        work.canary(
            "comp",
            packed(tmp_path / "n", "native", id="comp", version="1.1.0"),
            0.1,
            lambda question: Decision(True),
        )


def test_a_lone_component_and_another_publisher(home: Home, work: Rollout, tmp_path: Path) -> None:
    work.install(lone("double", tmp_path / "scan.wasm"), grant_required)
    canary = work.canary("scan", lone("triple", tmp_path / "scan-next.wasm"), 0.5, never).entry.canary
    assert canary is not None
    assert numbers(home, 2) == [2, 3]
    assert work.promote("scan").entry.version == canary.entry.version
    signed = packed(tmp_path / "signed", id="signed", required=[("kv", "r")], key=KEY)
    work.install(signed, grant_required)
    other = packed(tmp_path / "other", id="signed", version="1.1.0", required=[("kv", "r")], key=OTHER_KEY)
    with pytest.raises(UpgradeApprovalError, match="publisher changed"):
        work.canary("signed", other, 0.1, no)


# --- life beside other operations -------------------------------------------------------------------


def test_grants_and_revocations_bind_both_versions(work: Rollout, tmp_path: Path) -> None:
    asks = [("kv", "r"), ("random", "r")]
    work.install(packed(tmp_path / "old", required=asks), grant_required)
    new = packed(tmp_path / "new", version="1.1.0", required=[("kv", "r")], optional=[("clock", "r")])
    work.canary("scan", new, 0.5, grant_required)
    entry = work.revoke("scan", ["kv"]).entry
    assert entry.canary is not None
    assert (entry.granted, entry.canary.entry.granted) == (("random",), ())
    entry = work.grant("scan", ["clock", "kv"]).entry
    assert entry.canary is not None
    assert (entry.granted, entry.canary.entry.granted) == (("kv", "random"), ("clock", "kv"))
    with pytest.raises(GrantError, match="never asked for it"):
        work.grant("scan", ["env:HOME"])
    (work.directory(entry.canary.entry) / "plugin.wasm").write_bytes(b"broken")
    entry = work.revoke("scan", ["kv"]).entry  # a broken canary does not keep a revocation up
    assert entry.canary is not None
    assert (entry.granted, entry.canary.entry.granted) == (("random",), ("clock",))


def test_switching_off_pauses_it_and_uninstalling_removes_both(home: Home, started: Rollout) -> None:
    started.deactivate("scan")
    with open_host(home) as host:
        assert "scan" not in host.plugins
    started.activate("scan")
    assert numbers(home, 2) == [2, 3]
    entry = started.entry("scan")
    assert entry.canary is not None
    started.uninstall("scan", purge=True)
    assert not any(started.directory(each).exists() for each in (entry, entry.canary.entry))
    with started.state() as state:
        assert (state.stats("scan"), state.since_mark("scan")) == ([], {})


def test_data_belong_to_the_plugin_and_are_not_rolled_back(home: Home, work: Rollout, tmp_path: Path) -> None:
    work.install(packed(tmp_path / "old", "keep", required=[("kv", "r")]), grant_required)
    work.canary(
        "scan", packed(tmp_path / "new", "keeps", version="1.1.0", required=[("kv", "r")]), 0.5, never
    )
    numbers(home, 2)
    work.rollback("scan")
    with work.state() as state:
        assert state.kv.get(own_store("scan"), "k") == b"456"


def test_one_that_was_altered_does_not_run_and_the_other_goes_on(home: Home, started: Rollout) -> None:
    canary = started.entry("scan").canary
    assert canary is not None
    (started.directory(canary.entry) / "plugin.wasm").write_bytes(GUESTS["clock"].binary())
    with open_host(home) as host:
        plugin = host.plugin("scan")
        assert isinstance(plugin.canary_failure, GrantError)
        assert "was altered since it was installed" in str(plugin.canary_failure)
        assert (plugin.canary_state, plugin.state, host.hook.run(n=1)) == (None, "active", 2)
    with pytest.raises(GrantError, match="was altered"):
        started.promote("scan")
    assert started.rollback("scan").entry.canary is None


def test_one_whose_files_are_gone_does_not_run(home: Home, started: Rollout) -> None:
    import shutil

    canary = started.entry("scan").canary
    assert canary is not None
    shutil.rmtree(started.directory(canary.entry))
    assert numbers(home, 3) == [2, 2, 2]


# --- by itself --------------------------------------------------------------------------------------


def test_a_rollback_is_written_down_for_the_next_process(home: Home, work: Rollout, tmp_path: Path) -> None:
    trapping(work, tmp_path)
    with open_host(home) as host, open_host(home) as other:
        for _ in range(8):
            with contextlib.suppress(TrapError):
                host.hook.run(n=1)
        host._canaries.wait()
        assert host.plugin("scan").canary_state is None
        assert other.plugin("scan").canary_state is not None  # it learns of it when it loads plugins again
    assert work.entry("scan").canary is None
    assert work.entry("scan").version == "1.0.0"
    assert numbers(home) == [2, 2, 2, 2]
    with work.state() as state:
        records = state.faults("scan")
    assert sorted(record.code for record in records) == ["HH-CANARY", *["HH-TRAP"] * 3]
    assert {record.version for record in records} == {"1.1.0"}


def test_faults_of_many_short_processes_add_up(home: Home, work: Rollout, tmp_path: Path) -> None:
    trapping(work, tmp_path)
    answered = []
    for _ in range(10):
        try:
            answered += numbers(home, 1)
        except TrapError:
            answered.append(0)
    assert answered == [2, 0, 2, 0, 2, 0, 2, 2, 2, 2]
    assert work.entry("scan").canary is None


@pytest.mark.parametrize(
    ("slow_ms", "faults", "words"),
    [
        (50.0, 0, "the p95 of run is"),
        (1.0, 6, "10.0% of 60 calls of 1.1.0 faulted, and 0.0% of 60"),
        (1.0, 1, ""),
    ],
)
def test_figures_of_many_processes_add_up(
    home: Home, started: Rollout, slow_ms: float, faults: int, words: str
) -> None:
    with started.state() as state:
        for number in range(60):
            state.record_call("scan", "run", "ok", 1.0, "1.0.0")
            state.record_call("scan", "run", "HH-TRAP" if number < faults else "ok", slow_ms, "1.1.0")
    with open_host(home) as host:
        assert (host.plugin("scan").canary_state is None) is bool(words)
        assert words in " ".join(fault.message for fault in host.faults)
    assert (started.entry("scan").canary is None) is bool(words)


def test_what_was_counted_before_it_began_is_not_compared(home: Home, work: Rollout, tmp_path: Path) -> None:
    work.install(packed(tmp_path / "old"), grant_required)
    with work.state() as state:
        for _ in range(60):
            state.record_call("scan", "run", "ok", 1.0, "1.0.0")
            state.record_call("scan", "run", "HH-TRAP", 99.0, "1.1.0")  # an earlier attempt
    work.canary("scan", packed(tmp_path / "new", "triple", version="1.1.0"), 0.5, never)
    with open_host(home) as host:
        state_now = host.plugin("scan").canary_state
        assert state_now is not None
        assert (state_now.calls, state_now.stable_calls) == (0, 0)


def test_faults_of_an_earlier_canary_do_not_count_against_the_next(
    home: Home, work: Rollout, tmp_path: Path
) -> None:
    trapping(work, tmp_path)
    for _ in range(3):
        with open_host(home) as host, contextlib.suppress(TrapError):
            [host.hook.run(n=1) for _ in range(2)]
    with open_host(home) as host:
        host._canaries.wait()
    assert work.entry("scan").canary is None
    work.canary("scan", packed(tmp_path / "new", "triple", version="1.1.0"), 0.5, never)
    assert numbers(home) == [2, 3, 2, 3]
    assert work.entry("scan").canary is not None


def test_faults_of_a_canary_do_not_quarantine_the_plugin(home: Home, work: Rollout, tmp_path: Path) -> None:
    (home.path / "hyperhost.toml").write_text(
        (home.path / "hyperhost.toml").read_text() + "[canary]\nfaults = 50\n[quarantine]\nfaults = 2\n"
    )
    work = Rollout(home)
    trapping(work, tmp_path)
    with open_host(home) as host:
        for _ in range(12):
            with contextlib.suppress(TrapError):
                host.hook.run(n=1)
        assert host.plugin("scan").state == "active"
    with open_host(home) as host:
        assert host.plugin("scan").state == "active"
    assert work.release("scan").changed is False


def test_a_promotion_by_itself_is_written_down(home: Home, started: Rollout) -> None:
    (home.path / "hyperhost.toml").write_text(
        (home.path / "hyperhost.toml").read_text() + '[canary]\nfloor = "1s"\n'
    )
    started.canary("scan", None, 0.5, never, promote_after=3)
    assert numbers(home, 6) == [2, 3, 2, 3, 2, 3]
    entry = started.entry("scan")
    assert (entry.version, entry.canary) == ("1.1.0", None)
    assert numbers(home, 2) == [3, 3]


def test_an_end_that_cannot_be_written_binds_all_the_same(
    home: Home, work: Rollout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trapping(work, tmp_path)
    monkeypatch.setattr(LockFile, "_write", refuse)
    with open_host(home) as host:
        for _ in range(8):
            with contextlib.suppress(TrapError):
                host.hook.run(n=1)
        host._canaries.wait()
        assert host.hook.run(n=1) == 2
        assert {fault.code for fault in host.faults} == {"HH-TRAP", "HH-CANARY", "HH-LOCK"}
    monkeypatch.undo()
    with open_host(home) as host:  # the next process comes to the same end
        assert host.plugin("scan").canary_state is None
    assert work.entry("scan").canary is None


def refuse(lock: LockFile, text: str) -> None:
    raise LockFileError("No space left on device")


# --- all or nothing ---------------------------------------------------------------------------------


def test_a_crash_before_the_lock_file_leaves_the_old_version(
    home: Home, work: Rollout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.install(packed(tmp_path / "old"), grant_required)
    monkeypatch.setattr(LockFile, "_write", refuse)
    new = packed(tmp_path / "new", "triple", version="1.1.0")
    with pytest.raises(LockFileError):
        work.canary("scan", new, 0.5, never)
    monkeypatch.undo()
    assert work.entry("scan").canary is None
    assert numbers(home, 3) == [2, 2, 2]
    [left] = [path for path in (home.plugins_dir / "scan").iterdir() if path.name.startswith("1.1.0")]
    work.install(packed(tmp_path / "other", id="other"), grant_required)
    assert not left.exists()


@pytest.mark.parametrize("operation", ["promote", "rollback"])
def test_a_crash_while_it_ends_leaves_both(
    home: Home, started: Rollout, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    before = files(home)
    monkeypatch.setattr(LockFile, "_write", refuse)
    with pytest.raises(LockFileError):
        getattr(started, operation)("scan")
    monkeypatch.undo()
    assert files(home) == before
    assert numbers(home) == [2, 3, 2, 3]


def test_the_end_of_another_canary_is_not_written_down(home: Home, started: Rollout) -> None:
    from hyperhost.host.canary import Verdict

    settle_canary(home, "scan", "sha256:another", Verdict("rolled back", "late"))
    settle_canary(home, "gone", "sha256:another", Verdict("rolled back", "late"))
    assert started.entry("scan").canary is not None


def test_a_handle_ends_an_installed_one_for_good(home: Home, started: Rollout) -> None:
    with open_host(home) as host:
        host.plugin("scan").promote()
        assert host.hook.run(n=1) == 3
    assert (started.entry("scan").version, started.entry("scan").canary) == ("1.1.0", None)
