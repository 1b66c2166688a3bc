"""Recordings that were altered, swapped, blown up or aimed at something else than they say."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import Arena, Probe
from wat import ENV, GOOD, LOG, NOW, RANDOM, Guest, run

import hyperhost
from hyperhost import Limits, Recording, replay
from hyperhost.errors import HyperHostError, RecordingComponentError, RecordingError
from hyperhost.host import recordings
from hyperhost.host.package import open_package
from hyperhost.host.recorder import Recorder
from hyperhost.host.recordingfile import MAX_BYTES
from hyperhost.host.recordings import Recordings
from hyperhost.host.replaytest import write_test

CLOCK = Guest([run("(call $now)")], [NOW])
TRAPS = Guest([run("unreachable")])


@pytest.fixture
def made(arena: Arena) -> tuple[dict[str, Any], Path]:
    """The document of a sound recording, and the package it is of."""
    package = arena.put(CLOCK, "clock")
    plugin = arena.host.load(package, grants=["clock"])
    with Recorder(arena.host, "clock") as recorder:
        plugin.call("run", n=1)
    plugin.unload()
    document = json.loads(recorder.recording().to_bytes())
    assert replay(parsed(document), package, specs=[Probe]).same
    return document, package


def parsed(document: Any) -> Recording:
    return Recording.parse(json.dumps(document).encode(), "call.json")


def refused(document: Any, words: str) -> None:
    with pytest.raises(RecordingError, match=words) as caught:
        parsed(document)
    assert type(caught.value) is RecordingError
    assert caught.value.hint


# --- files that are no recording ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no recording"),
        (b"\x00asm\x01", "is no recording"),
        (b"\xff\xfe", "is no recording"),
        (b"[]", "it holds"),
        (b"null", "it holds null"),
        (b"{}", "format is null"),
        (b'{"format": 1}', "format is 1"),
        (b'{"format": "hyperhost-recording/2"}', "this version reads hyperhost-recording/1"),
        (b'{"format": "hyperhost-recording/1"}', "recorded is missing"),
        (b'{"a": 1, "a": 2}', "a key stands in it twice"),
        (b'{"a": NaN}', "no JSON number"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" * 500 + b"]" * 500, "nested too deeply"),
        (b'{"a": ' * 900 + b"1" + b"}" * 900, "nested too deeply"),
        (b'{"a": 1' + b"0" * 5000 + b"}", "is no recording"),
    ],
)
def test_a_file_that_is_no_recording(data: bytes, words: str) -> None:
    with pytest.raises(RecordingError, match=words):
        Recording.parse(data)


def test_a_recording_cut_off_anywhere_is_refused(made) -> None:
    data = json.dumps(made[0]).encode()
    for end in range(0, len(data) - 1, 7):
        with pytest.raises(RecordingError):
            Recording.parse(data[:end])


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(RecordingError, match="larger than 64 MiB"):
        Recording.read(path)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RecordingError, match="no regular file"):
        Recording.read(tmp_path / "pipe")
    with pytest.raises(RecordingError, match="cannot be read"):
        Recording.read(tmp_path)
    with pytest.raises(RecordingError, match="cannot be read"):
        Recording.read(tmp_path / "missing")
    with pytest.raises(RecordingError, match="cannot be read"):
        Recording.read("a\0b")


# --- parts of the wrong form ----------------------------------------------------------------------

WRONG = [None, 0, -1, 1.5, True, "", "x" * 300, [], [[]], {}, {"a": {}}]


def test_every_part_refuses_every_wrong_form(made) -> None:
    document, package = made
    for path in paths_of(document):
        for value in WRONG:
            with contextlib.suppress(HyperHostError):  # or it makes no difference; nothing else may happen
                replay(parsed(replaced(document, path, value)), package, specs=[Probe])


def test_every_missing_part_is_named(made) -> None:
    document, _ = made
    for key in set(document) - {"fuel"}:
        rest = {name: value for name, value in document.items() if name != key}
        refused(rest, "format is null" if key == "format" else f"{key} is missing")


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += paths_of(item, (*path, key))
    return found


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    copy = json.loads(json.dumps(document))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copy


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [
        ("hook", "run; import os", "hook is"),
        ("hook", "../../x", "hook is"),
        ("plugin", {"id": "../../etc"}, "plugin.version is missing"),
        ("calls", [{}], r"calls\[0\].interface is missing"),
        (
            "calls",
            [{"interface": "", "function": "x", "arguments": []}],
            r"calls\[0\] is \[\], expected one of",
        ),
        ("calls", [{"interface": "", "function": "x", "answer": 1, "ok": 1}], "expected one of answer"),
        ("end", {"result": 1, "error": {}}, "either result or error"),
        ("end", {"error": {"code": 1, "message": "", "hint": ""}}, "end.error.code is 1"),
        ("limits", {"deadline": "for ever"}, "limits: 'for ever' is not a duration"),
        ("limits", {"wings": 2}, "unknown limit 'wings'"),
        ("fuel", True, "fuel is true"),
        ("surprise", 1, "surprise"),
    ],
)
def test_a_part_of_the_wrong_form_is_named(made, part: str, value: Any, words: str) -> None:
    refused({**made[0], part: value}, words)


def test_a_plugin_id_that_is_a_path_is_refused(made) -> None:
    for name in ("../x", "a/b", "A", "a\n", ""):
        refused({**made[0], "plugin": {**made[0]["plugin"], "id": name}}, "plugin.id is")


@pytest.mark.parametrize("answer", [None, -1, 2**64, "1", 1.5, {"ok": 1}, []])
def test_an_answer_that_is_not_of_the_functions_type_is_named(made, answer: Any) -> None:
    document, package = made
    document["calls"][0]["answer"] = answer
    with pytest.raises(RecordingError, match=r"calls\[0\].answer"):
        replay(parsed(document), package, specs=[Probe])


def test_an_argument_of_the_hook_that_is_not_of_its_type_is_named(made) -> None:
    document, package = made
    for value, words in (({"n": "x"}, "arguments.n"), ({}, "argument 'n', which the component takes")):
        with pytest.raises(RecordingError, match=words):
            replay(parsed({**document, "arguments": value}), package, specs=[Probe])


# --- a replay reaches nothing ---------------------------------------------------------------------


def test_a_recording_grants_nothing(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a component calls in a replay is answered by the file or not at all, whatever the file claims."""
    monkeypatch.setenv("TOKEN", "of-this-machine")
    body = """(call $env (i32.const 1024) (i32.const 5) (i32.const 16))
    (i64.extend_i32_u (i32.load (i32.const 24)))"""
    package = arena.put(Guest([run(body)], [ENV], core='(data (i32.const 1024) "TOKEN")'), "reads")
    plugin = arena.host.load(package, grants=["env:TOKEN"])
    with Recorder(arena.host, "reads") as recorder:
        assert plugin.call("run", n=1) == len("of-this-machine")
    document = json.loads(recorder.recording().to_bytes())
    document["granted"] = ["env:*", "fs.write:/"]
    document["calls"][0]["answer"] = "four"
    document["end"]["result"] = 4
    assert replay(parsed(document), package, specs=[Probe]).same
    with pytest.raises(RecordingError, match="the recording has 0"):
        replay(parsed({**document, "calls": []}), package, specs=[Probe])


def test_a_recording_that_allows_itself_everything_is_held_to_a_deadline(made, monkeypatch) -> None:
    monkeypatch.setattr("hyperhost.host.replay._MOST_DEADLINE_MS", 100.0)
    monkeypatch.setattr("hyperhost.host.replay._LEAST_DEADLINE_MS", 100.0)
    document, package = made
    spins = package.with_name("spins.wasm")
    Guest([run("(loop $l (br $l)) (i64.const 0)")]).write(spins)
    document["limits"]["deadline"] = "1000h"
    outcome = replay(parsed(document), spins, specs=[Probe], force=True)
    assert outcome.error is not None
    assert outcome.error.code == "HH-LIMIT-DEADLINE"


def test_a_component_that_was_swapped_is_not_run(made) -> None:
    document, package = made
    package.write_bytes(GOOD.binary())
    with pytest.raises(RecordingComponentError, match=r"recorded was version 0\.0\.0"):
        replay(parsed(document), package, specs=[Probe])


def test_a_recording_imports_no_module(made, monkeypatch: pytest.MonkeyPatch) -> None:
    document, package = made
    imported: list[str] = []
    monkeypatch.setattr("importlib.import_module", lambda name, *rest: imported.append(name))
    with pytest.raises(RecordingError, match="is none of this host"):
        replay(parsed({**document, "hook": "os_system"}), package)
    assert imported == []


# --- what a plugin makes the host keep ------------------------------------------------------------


def test_a_plugin_that_faults_for_ever_fills_no_disk(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "MAX_FILES", 5)
    arena.load(TRAPS)
    directory = arena.home / "recordings"
    paths = []
    for n in range(12):
        arena.host.plugin("evil").release()
        with pytest.raises(HyperHostError):
            arena.host.plugin("evil").call("run", n=n)
        paths.append(arena.host.faults[-1].kept.path)
    assert sorted(directory.iterdir()) == sorted(paths[-5:])
    assert arena.host.faults[0].recording is None
    assert arena.host.faults[-1].recording.document["arguments"] == {"n": 11}


def test_recordings_together_stay_below_their_limit(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "MAX_TOTAL_BYTES", 6000)
    arena.load(TRAPS)
    for n in range(12):
        arena.host.plugin("evil").release()
        with pytest.raises(HyperHostError):
            arena.host.plugin("evil").call("run", n=n)
    files = list((arena.home / "recordings").iterdir())
    assert 1 < len(files) < 12
    assert sum(path.stat().st_size for path in files) <= 6000


def test_recordings_in_memory_are_as_few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(recordings, "MAX_FILES", 3)
    package = TRAPS.write(tmp_path / "evil.wasm")
    with hyperhost.Host("t", specs=[Probe]) as host:
        plugin = host.load(package)
        for n in range(9):
            plugin.release()
            with pytest.raises(HyperHostError):
                plugin.call("run", n=n)
        kept = [fault.recording for fault in host.faults]
    assert [recording is not None for recording in kept] == [False] * 6 + [True] * 3


def test_a_fault_with_huge_arguments_is_not_recorded_and_says_so(arena: Arena) -> None:
    traps = Guest([TRAPS.hooks[0], GOOD.hooks[1]])
    plugin = arena.load(
        Guest(
            [
                traps.hooks[0],
                type(GOOD.hooks[1])("text", GOOD.hooks[1].type, "(param i32 i32) (result i32) unreachable"),
            ]
        )
    )
    with pytest.raises(HyperHostError):
        plugin.call("text", text="x" * (2 << 20))
    fault = arena.host.faults[-1]
    assert fault.recording is None
    assert "over 1 MiB" in fault.kept.note
    assert not (arena.home / "recordings").exists()


def test_a_fault_after_many_bytes_of_host_calls_is_not_recorded_and_keeps_none(arena: Arena) -> None:
    body = """(loop $l (call $random (i32.const 65536) (i32.const 16)) (global.set $r (i32.add (global.get $r)
    (i32.const 1))) (br_if $l (i32.lt_u (global.get $r) (i32.const 100)))) unreachable"""
    guest = Guest([run(body)], [RANDOM], core="(global $r (mut i32) (i32.const 0))", memory="200")
    plugin = arena.load(guest, grants=["random"], limits=Limits(deadline="20s"))
    with pytest.raises(HyperHostError, match="unreachable"):
        plugin.call("run", n=1)
    assert "too many" in arena.host.faults[-1].kept.note


def test_a_directory_that_cannot_be_used_takes_nothing_from_the_fault(arena: Arena) -> None:
    (arena.home / "recordings").write_text("in the way")
    plugin = arena.load(TRAPS)
    with pytest.raises(HyperHostError, match="unreachable"):
        plugin.call("run", n=1)
    assert "cannot be made" in arena.host.faults[-1].kept.note


def test_only_recordings_are_removed_to_make_room(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "MAX_FILES", 1)
    directory = arena.home / "recordings"
    directory.mkdir()
    outside = arena.path / "outside"
    outside.write_text("mine")
    (directory / "notes.txt").write_text("mine")
    (directory / "0000000000001-evil-run-00000000.json").symlink_to(outside)
    arena.load(TRAPS)
    for _ in range(3):
        arena.host.plugin("evil").release()
        with pytest.raises(HyperHostError):
            arena.host.plugin("evil").call("run", n=1)
    assert outside.read_text() == "mine"
    assert (directory / "notes.txt").read_text() == "mine"
    assert len(list(directory.iterdir())) == 3


def test_an_answer_that_cannot_be_written_down_does_not_hide_the_fault(arena: Arena) -> None:
    store = Recordings()
    error = HyperHostError("it went wrong")
    assert store.keep(error) is None
    error.__dict__["_hyperhost_tape"] = "no tape"
    assert store.keep(error) is None


def test_log_lines_that_forge_json_stay_text(arena: Arena) -> None:
    body = "(call $log (i32.const 1) (i32.const 1024) (i32.const 13)) unreachable"
    core = '(data (i32.const 1024) "\\22}], \\22end\\22: \\1b")'
    plugin = arena.load(Guest([run(body)], [LOG], core=core), grants=["log"])
    with pytest.raises(HyperHostError):
        plugin.call("run", n=1)
    path = arena.host.faults[-1].kept.path
    assert b"\x1b" not in path.read_bytes()
    assert Recording.read(path).document["calls"][0]["arguments"][1] == '"}], "end": \x1b'


# --- names of tests -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["x.py", "test_A.py", "test_a b.py", "test_a.txt", "test_.py", "test_a'\n.py", "conftest.py", ".py"],
)
def test_a_name_that_is_no_test_is_refused(made, tmp_path: Path, name: str) -> None:
    document, package = made
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RecordingError, match="no name for a test"):
        write_test(parsed(document), open_package(package), tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_test_replaces_no_file(made, tmp_path: Path) -> None:
    document, package = made
    for suffix in (".py", ".json", ".wasm"):
        directory = tmp_path / suffix[1:]
        directory.mkdir()
        (directory / f"test_a{suffix}").write_text("mine")
        with pytest.raises(RecordingError, match="is there already"):
            write_test(parsed(document), open_package(package), directory / "test_a.py")
        assert [path.read_text() for path in directory.iterdir()] == ["mine"]


def test_hookspecs_that_are_code_are_refused(made, tmp_path: Path) -> None:
    document, package = made
    with pytest.raises(RecordingError, match="names no hookspecs"):
        write_test(parsed(document), open_package(package), tmp_path / "test_a.py", specs=["os'];import os#"])
    assert not (tmp_path / "test_a.py").exists()


def test_texts_of_a_recording_do_not_become_code(made, tmp_path: Path) -> None:
    document, package = made
    error = {"code": 'X"""\nimport os\n', "message": '"""', "hint": "'''"}
    document["end"] = {"error": error}
    [path, *_] = write_test(parsed(document), open_package(package), tmp_path / "test_a.py")
    source = path.read_text()
    assert "import os" not in source.splitlines()
    compile(source, str(path), "exec")
