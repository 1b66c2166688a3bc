"""``hyperhost plugin upgrade --canary`` and what other commands say while a canary runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_guests import GUESTS, packed
from cli_shell import Shell
from wat import Guest, run

TRIPLE = Guest([run("(i64.mul (local.get $n) (i64.const 3))")])


@pytest.fixture(autouse=True)
def triple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GUESTS, "triple", TRIPLE)


@pytest.fixture
def old(shell: Shell, tmp_path: Path) -> Shell:
    shell.ok("plugin", "install", str(packed(tmp_path / "old")), "--yes")
    return shell


@pytest.fixture
def new(tmp_path: Path) -> str:
    return str(packed(tmp_path / "new", "triple", version="1.1.0"))


def call(shell: Shell) -> int:
    done = shell("plugin", "call", "scan", "run", "--json", '{"n": 1}')
    return int(done.data) if done.status == 0 else 0


def test_a_canary_from_beginning_to_end(old: Shell, new: str) -> None:
    done = old.ok("plugin", "upgrade", "scan", new, "--canary", "50%")
    assert "scan 1.1.0 answers 50 % of the calls, 1.0.0 the rest" in done.err
    assert [call(old) for _ in range(4)] == [2, 3, 2, 3]

    listed = old.ok("plugin", "list", "--filter", "id=scan", "-o", "json").data[0]
    canary = listed["canary"]
    assert (listed["version"], canary["version"], canary["share"], canary["error"]) == (
        "1.0.0",
        "1.1.0",
        0.5,
        None,
    )
    assert canary["since"].endswith("Z")
    assert "1.0.0 + 1.1.0 for 50 %" in old.ok("plugin", "list").out
    assert "1.1.0 for 50 % of the calls since 20" in old.ok("plugin", "show", "scan").out
    assert old.ok("plugin", "permissions", "scan", "-o", "json").data["canary"]["version"] == "1.1.0"
    assert "its canary, version 1.1.0" in old.ok("plugin", "permissions", "scan").err
    [finding] = [each for each in old.ok("doctor", "-o", "json").data if each["check"] == "canary of scan"]
    assert finding["status"] == "note"
    assert "--promote" in finding["hint"]

    rows = old.ok("plugin", "stats", "scan", "-o", "json").data
    assert [(row["version"], row["hook"], row["calls"], row["faults"]) for row in rows] == [
        ("1.0.0", "run", 2, 0),
        ("1.1.0", "run", 2, 0),
    ]
    assert {"mean_ms", "p50_ms", "p95_ms", "max_ms"} <= set(rows[0])

    changed = old.ok("plugin", "upgrade", "scan", "--canary", "0.25", "-o", "json").data
    assert (changed["canary"]["share"], changed["changed"]) == (0.25, True)
    assert "upgraded scan from 1.0.0 to 1.1.0" in old.ok("plugin", "upgrade", "scan", "--promote").err
    assert call(old) == 3
    assert old.ok("plugin", "show", "scan", "-o", "json").data["canary"] is None


def test_a_package_alone_says_which_plugin_it_is_for(old: Shell, new: str) -> None:
    assert "scan 1.1.0 answers 10 % of the calls" in old.ok("plugin", "upgrade", new, "--canary", "10%").err
    done = old.ok("plugin", "upgrade", "scan", "--rollback")
    assert "dropped scan 1.1.0; 1.0.0 answers every call" in done.err
    [record] = old.ok("plugin", "logs", "scan", "-o", "json").data
    assert (record["code"], record["level"], record["version"]) == ("HH-CANARY", "warning", "1.1.0")
    assert "upgraded scan from 1.0.0 to 1.1.0" in old.ok("plugin", "upgrade", new).err


def test_more_permissions_are_asked_for_first(old: Shell, tmp_path: Path) -> None:
    wider = str(packed(tmp_path / "new", version="1.1.0", required=[("kv", "to remember")]))
    done = old("plugin", "upgrade", "scan", wider, "--canary", "10%", "-o", "json")
    assert done.status == 1
    assert "HH-UPGRADE" in done.err
    assert "new: keep its own data" in done.err
    assert old.ok("plugin", "show", "scan", "-o", "json").data["canary"] is None
    status, shown = old.on_terminal(["y"], "plugin", "upgrade", "scan", wider, "--canary", "10%")
    assert (status, "keep its own data" in shown) == (0, True)
    assert old.ok("plugin", "show", "scan", "-o", "json").data["canary"]["granted"] == ["kv"]


def test_one_that_faults_is_dropped_by_itself(old: Shell, tmp_path: Path) -> None:
    bad = str(packed(tmp_path / "bad", "trap", version="1.1.0"))
    old.ok("plugin", "upgrade", "scan", bad, "--canary", "50%")
    assert [call(old) for _ in range(8)] == [2, 0, 2, 0, 2, 0, 2, 2]
    assert old.ok("plugin", "show", "scan", "-o", "json").data["canary"] is None
    records = old.ok("plugin", "logs", "scan", "-o", "json").data
    [rollback] = [record for record in records if record["code"] == "HH-CANARY"]
    assert "version 1.1.0, which answered 50 % of the calls, was rolled back by itself" in rollback["message"]
    rows = {row["version"]: row for row in old.ok("plugin", "stats", "scan", "-o", "json").data}
    assert (rows["1.1.0"]["faults"], rows["1.1.0"]["outcomes"]) == (3, {"HH-TRAP": 3})


@pytest.mark.parametrize("share", ["0", "0%", "100%", "200%", "x", "10", "-1", "nan", ""])
def test_a_share_that_is_none_is_a_mistake_of_the_command(old: Shell, new: str, share: str) -> None:
    done = old("plugin", "upgrade", "scan", new, f"--canary={share}")
    assert done.status == 2
    assert "share" in done.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--promote", "--rollback"], "exclude each other"),
        (["--canary", "10%", "--promote"], "exclude each other"),
        (["--promote-after", "5"], "goes with --canary"),
        (["--promote", "NEW"], "takes the id of the plugin and no package"),
        (["--canary", "10%", "--promote-after", "0"], "greater than or"),
    ],
)
def test_options_that_contradict_each_other(old: Shell, new: str, words: list[str], says: str) -> None:
    done = old("plugin", "upgrade", "scan", *(new if word == "NEW" else word for word in words))
    assert done.status == 2
    assert says in " ".join(done.err.replace("│", " ").split())


def test_what_has_no_canary_cannot_be_promoted(old: Shell, tmp_path: Path) -> None:
    for option in ("--promote", "--rollback"):
        done = old("plugin", "upgrade", "scan", option)
        assert done.status == 1
        assert "error: plugin 'scan': has no canary" in done.err
    done = old("plugin", "upgrade", "scan", str(tmp_path / "old"), "--canary", "10%")
    assert (done.status, "is this very package already" in done.err) == (1, True)


def test_a_broken_canary_is_told_by_doctor(old: Shell, new: str) -> None:
    old.ok("plugin", "upgrade", "scan", new, "--canary", "50%")
    for path in (old.home / "plugins" / "scan").glob("1.1.0-*/plugin.wasm"):
        path.write_bytes(b"altered")
    assert [call(old) for _ in range(3)] == [2, 2, 2]
    done = old("doctor", "-o", "json")
    assert done.status == 1
    [finding] = [each for each in done.data if each["check"] == "canary of scan"]
    assert finding["status"] == "broken"
    assert "was altered since it was installed" in finding["detail"]
    assert finding["hint"].endswith("--rollback")
    assert "was altered" in old.ok("plugin", "list").err


def test_the_lock_file_is_checked(old: Shell, new: str) -> None:
    old.ok("plugin", "upgrade", "scan", new, "--canary", "50%")
    lock = old.home / "plugins.lock"
    lock.write_text(lock.read_text().replace("share = 0.5", "share = 1.5"))
    done = old("plugin", "call", "scan", "run", "--json", '{"n": 1}')
    assert done.status == 1
    assert "canary: 1.5 is no share" in done.err
