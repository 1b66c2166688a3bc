"""Record and replay: a replay does what the call did, from the recording alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import Oracle, Probe, oracle_guest
from wasi_wat import FETCH, POLL, READ, printing
from wat import LOG, NOW, RANDOM, SLEEP, Guest, Hook, run

import hyperhost
from hyperhost import Limits, Recording, replay
from hyperhost.errors import (
    DeadlineError,
    HostFunctionError,
    HyperHostError,
    RecordingComponentError,
    RecordingError,
    RefusalError,
    ReplayMismatchError,
)
from hyperhost.host.recorder import Recorder
from hyperhost.host.replay import Replayer
from hyperhost.sandbox.services import MemoryLog, Services


@pytest.fixture
def oracle() -> Oracle:
    return Oracle()


@pytest.fixture
def host(oracle: Oracle) -> Iterator[hyperhost.Host]:
    services = Services(log=MemoryLog(), environ={"HOME": "/home/acme"})
    with hyperhost.Host("t", specs=[Probe], interfaces=[oracle], services=services) as host:
        yield host


class Recorded:
    """A call of a guest, recorded, and the file of its component."""

    def __init__(
        self, host: hyperhost.Host, path: Path, guest: Guest | str, hook: str = "run", /, **arguments: Any
    ) -> None:
        options = {
            key: arguments.pop(key) for key in ("grants", "limits", "instances", "before") if key in arguments
        }
        before = options.pop("before", 0)
        self.package = path / "guest.wasm"
        self.package.write_bytes(guest.binary() if isinstance(guest, Guest) else Guest.compiled(guest))
        plugin = host.load(self.package, **options)
        self.result: Any = None
        self.error: HyperHostError | None = None
        for _ in range(before):
            plugin.call(hook, **arguments)
        with Recorder(host, "guest") as recorder:
            try:
                self.result = plugin.call(hook, **arguments)
            except HyperHostError as caught:
                self.error = caught
        self.recording = Recording.parse(recorder.recording().to_bytes())
        plugin.unload()

    @property
    def document(self) -> Any:
        return json.loads(self.recording.to_bytes())

    def altered(self, **parts: Any) -> Recording:
        return Recording.parse(json.dumps({**self.document, **parts}).encode())

    def replay(self, recording: Recording | None = None, **options: Any) -> Any:
        return replay(recording or self.recording, self.package, specs=[Probe], **options)


@pytest.fixture
def recorded(host: hyperhost.Host, tmp_path: Path) -> Any:
    def make(guest: Guest | str, hook: str = "run", /, **arguments: Any) -> Recorded:
        return Recorded(host, tmp_path, guest, hook, **arguments)

    return make


# --- what a call did comes again ------------------------------------------------------------------


def test_the_time_of_the_recording_is_told_again(recorded) -> None:
    call = recorded(Guest([run("(call $now)")], [NOW]), n=1, grants=["clock"])
    outcome = call.replay()
    assert (outcome.same, outcome.result, outcome.calls) == (True, call.result, 1)
    assert call.document["calls"] == [
        {"interface": "hyperhost:host/clock@1.0.0", "function": "now", "arguments": [], "answer": call.result}
    ]


def test_random_bytes_come_again(recorded) -> None:
    guest = Guest(
        [run("(call $random (i32.const 8) (i32.const 16)) (i64.load (i32.load (i32.const 16)))")], [RANDOM]
    )
    call = recorded(guest, n=1, grants=["random"])
    assert call.replay().result == call.result


def test_a_replay_waits_for_nothing(recorded) -> None:
    call = recorded(
        Guest([run("(call $sleep (i32.const 300)) (local.get $n)")], [SLEEP]), n=7, grants=["clock"]
    )
    with Replayer(call.recording, call.package, specs=[Probe]) as replayer:
        replayer.run()
        started = time.perf_counter()
        assert replayer.run().same
        assert time.perf_counter() - started < 0.15


def test_a_replay_asks_nobody(recorded, oracle: Oracle) -> None:
    call = recorded(oracle_guest("(i64.load (i32.const 24))"), n=5, grants=["oracle"])
    asked = oracle.asked
    assert call.replay().result == call.result == 51
    assert oracle.asked == asked


def test_a_host_functions_no_comes_again(recorded) -> None:
    call = recorded(oracle_guest("(i64.extend_i32_u (i32.load8_u (i32.const 16)))"), n=1, grants=["oracle"])
    assert call.document["calls"][0]["err"] == "ask again later"
    assert call.replay().result == call.result == 1


def test_a_file_is_read_again_without_the_file(recorded, tmp_path: Path) -> None:
    directory = tmp_path / "open"
    directory.mkdir()
    (directory / "note").write_text("it was here")
    call = recorded(READ, "text", text="note", grants=[f"fs.read:{directory}"])
    assert call.result == "it was here"
    (directory / "note").unlink()
    directory.rmdir()
    outcome = call.replay()
    assert (outcome.same, outcome.result, outcome.calls) == (True, "it was here", 3)


def test_an_error_code_of_wasi_comes_again(recorded, tmp_path: Path) -> None:
    call = recorded(READ, "text", text="missing", grants=[f"fs.read:{tmp_path}"])
    assert call.document["calls"][1]["err"] == "no-entry"
    assert call.replay().result == call.result


def test_streams_and_handles_are_given_out_again(recorded) -> None:
    body = """(local.set $out (call $get))
   (call $write (local.get $out) (i32.const 1024) (i32.const 3) (i32.const 16)) (call $drop (local.get $out))
   (local.set $out (call $get)) (call $drop (local.get $out)) (local.get $n)"""
    call = recorded(printing(body), n=4)
    assert call.document["calls"][1]["arguments"][1] == {"text": "one"}
    assert call.replay().same


def test_a_poll_is_over_at_once(recorded) -> None:
    call = recorded(POLL, n=10_000_000, grants=["clock"])
    assert call.replay().result == 1


def test_a_failed_request_fails_again_without_a_network(recorded) -> None:
    call = recorded(FETCH, "text", text="http://acme.invalid:1/x", grants=["http:acme.invalid:1"])
    outcome = call.replay()
    assert (outcome.same, outcome.result) == (True, call.result)
    assert set(call.document["calls"][0]["err"]) == {"kind", "message"}


def test_a_recording_holds_what_it_needs_and_no_path(recorded, tmp_path: Path) -> None:
    call = recorded(Guest([run("(call $now)")], [NOW]), n=1, grants=["clock"], limits=Limits(fuel=1_000_000))
    document = call.document
    assert document["format"] == "hyperhost-recording/1"
    assert document["plugin"]["digest"] == "sha256:" + document["plugin"]["component"]
    assert (document["hook"], document["arguments"]) == ("run", {"n": 1})
    assert document["instances"] == {"mode": "per-call", "reused": False}
    assert document["limits"]["memory"] == "64MiB"
    assert document["granted"] == ["clock"]
    assert document["fuel"] > 0
    assert str(tmp_path) not in json.dumps(document)


# --- errors come again ----------------------------------------------------------------------------


def test_a_trap_comes_again(recorded) -> None:
    call = recorded(Guest([run("unreachable")]), n=1)
    outcome = call.replay()
    assert (outcome.same, outcome.error.code, outcome.result) == (True, "HH-TRAP", None)


def test_another_trap_is_another_error(recorded) -> None:
    call = recorded(Guest([run("unreachable")]), n=1)
    end = call.document["end"]
    end["error"]["message"] = "trapped: integer divide by zero"
    outcome = call.replay(call.altered(end=end))
    assert not outcome.same
    assert "integer divide by zero" in outcome.difference


def test_a_broken_host_function_breaks_again(recorded, oracle: Oracle) -> None:
    call = recorded(oracle_guest("(i64.const 0)"), n=2, grants=["oracle"])
    assert isinstance(call.error, HostFunctionError)
    assert call.document["calls"][0]["ended"] is True
    assert call.replay().error.message == call.error.message


def test_a_refusal_is_an_answer_that_comes_again(recorded) -> None:
    guest = Guest(
        [Hook("decide", DECISION, "(param i64) (result i32) (i32.const 1024)")],
        types=REFUSAL,
        core='(data (i32.const 1024) "\\01\\00\\00\\00\\00\\00\\00\\00\\20\\04\\00\\00\\05\\00\\00\\00'
        '\\25\\04\\00\\00\\04\\00\\00\\00") (data (i32.const 1056) "neverrule")',
    )
    call = recorded(guest, "decide", n=1)
    assert isinstance(call.error, RefusalError)
    assert call.document["end"]["error"]["rule"] == "rule"
    outcome = call.replay()
    assert (outcome.same, outcome.error.reason) == (True, "never")
    end = call.document["end"]
    end["error"]["rule"] = "other"
    assert call.replay(call.altered(end=end)).difference == 'rule: recorded is "other", came "rule"'


REFUSAL = """(type $refusal' (record (field "reason" string) (field "rule" string)))
 (export $refusal "refusal" (type $refusal'))"""
DECISION = '(param "n" s64) (result (result s64 (error $refusal)))'


def test_a_revoked_capability_is_denied_again(host, tmp_path: Path) -> None:
    package = Guest([run("(call $now)")], [NOW]).write(tmp_path / "guest.wasm")
    plugin = host.load(package, grants=["clock"])
    plugin.revoke("clock")
    with pytest.raises(HyperHostError), Recorder(host, "guest") as recorder:
        plugin.call("run", n=1)
    outcome = replay(recorder.recording(), package, specs=[Probe])
    assert (outcome.same, outcome.error.code) == (True, "HH-DENIED")


def test_a_guest_that_spins_is_stopped_again(recorded) -> None:
    call = recorded(Guest([run("(loop $l (br $l)) (i64.const 0)")]), n=1, limits=Limits(deadline="60ms"))
    outcome = call.replay()
    assert outcome.same
    assert isinstance(outcome.error, DeadlineError)


def test_a_guest_that_asks_the_time_until_its_deadline_is_stopped_again(recorded) -> None:
    guest = Guest([run("(loop $l (drop (call $now)) (br $l)) (i64.const 0)")], [NOW])
    limits = Limits(deadline="50ms", host_calls=1_000_000)
    call = recorded(guest, n=1, grants=["clock"], limits=limits)
    assert call.replay().same


def test_a_deadline_within_a_host_function_comes_again_at_once(recorded) -> None:
    guest = Guest([run("(call $sleep (i32.const 5000)) (local.get $n)")], [SLEEP])
    call = recorded(guest, n=1, grants=["clock"], limits=Limits(deadline="150ms"))
    assert isinstance(call.error, DeadlineError)
    assert call.replay().same


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"host_calls": 3}, "HH-LIMIT-HOST-CALLS"),
        ({"fuel": 5_000}, "HH-LIMIT-FUEL"),
        ({"host_bytes": 200}, "HH-LIMIT-HOST-BYTES"),
        ({"output": 100}, "HH-LIMIT-OUTPUT"),
    ],
)
def test_a_limit_is_hit_again(recorded, limits: dict[str, Any], code: str) -> None:
    body = "(loop $l (call $log (i32.const 1) (i32.const 1024) (i32.const 20)) (br $l)) (i64.const 0)"
    call = recorded(Guest([run(body)], [LOG]), n=1, grants=["log"], limits=Limits(deadline="5s", **limits))
    assert call.error.code == code
    outcome = call.replay()
    assert (outcome.same, outcome.error.code) == (True, code)


def test_more_time_is_given_where_no_deadline_was_recorded(recorded) -> None:
    call = recorded(Guest([run("(local.get $n)")]), n=1)
    limits = {**call.document["limits"], "deadline": 0.001}
    assert call.replay(call.altered(limits=limits)).same


# --- differences ----------------------------------------------------------------------------------

LOGS = Guest(
    [run("(call $log (i32.const 1) (i32.const 1024) (i32.const 5)) (local.get $n)")],
    [LOG],
    core='(data (i32.const 1024) "hello")',
)


def test_another_argument_of_a_host_call_is_named(recorded) -> None:
    call = recorded(LOGS, n=1, grants=["log"])
    calls = call.document["calls"]
    calls[0]["arguments"][1] = "other"
    with pytest.raises(ReplayMismatchError) as caught:
        call.replay(call.altered(calls=calls))
    assert caught.value.message == (
        "host call #1, hyperhost:host/log@1.0.0 write: "
        'argument \'message\': recorded is "other", came "hello"'
    )
    assert (caught.value.plugin, caught.value.hook) == ("guest", "run")


def test_another_function_is_named(recorded) -> None:
    call = recorded(LOGS, n=1, grants=["log"])
    calls = [{**call.document["calls"][0], "function": "erase"}]
    with pytest.raises(ReplayMismatchError, match=r"host call #1 is .*log@1.0.0 write; recorded is .* erase"):
        call.replay(call.altered(calls=calls))


def test_a_host_call_too_many_is_named(recorded) -> None:
    call = recorded(LOGS, n=1, grants=["log"])
    with pytest.raises(ReplayMismatchError, match=r"host call #1 is .* write; the recording has 0"):
        call.replay(call.altered(calls=[]))


def test_a_host_call_too_few_is_named(recorded) -> None:
    call = recorded(LOGS, n=1, grants=["log"])
    with pytest.raises(
        ReplayMismatchError, match=r"ended after 1 host calls; recorded is host call #2, .* write"
    ):
        call.replay(call.altered(calls=call.document["calls"] * 2))


def test_another_result_is_shown(recorded) -> None:
    call = recorded(LOGS, n=1, grants=["log"])
    outcome = call.replay(call.altered(end={"result": 2}))
    assert (outcome.same, outcome.difference) == (False, "result: recorded is 2, came 1")


def test_another_component_is_refused_and_both_are_named(recorded, tmp_path: Path) -> None:
    call = recorded(LOGS, n=1, grants=["log"])
    other = Guest([run("(local.get $n)")]).write(tmp_path / "guest2.wasm")
    with pytest.raises(RecordingComponentError) as caught:
        replay(call.recording, other, specs=[Probe])
    assert call.recording.component in caught.value.message
    assert "guest2 0.0.0" in caught.value.message
    assert "--force" in caught.value.hint
    with pytest.raises(ReplayMismatchError) as forced:
        replay(call.recording, other, specs=[Probe], force=True)
    assert "another component" in forced.value.hint


def test_a_hook_that_nobody_declares_is_named(recorded) -> None:
    call = recorded(LOGS, n=1, grants=["log"])
    with pytest.raises(RecordingError, match="'run' is none of this host"):
        replay(call.recording, call.package)


# --- instances that were used before --------------------------------------------------------------

COUNTS = Guest(
    [run("(global.set $calls (i64.add (global.get $calls) (i64.const 1))) (global.get $calls)")],
    core="(global $calls (mut i64) (i64.const 0))",
)


def test_what_earlier_calls_left_is_not_in_a_recording_which_says_so(recorded) -> None:
    call = recorded(COUNTS, n=1, instances="pooled", before=2)
    assert call.document["instances"] == {"mode": "pooled", "reused": True}
    outcome = call.replay()
    assert (outcome.same, outcome.difference) == (False, "result: recorded is 3, came 1")
    assert outcome.notes == (
        "the recorded instance (pooled) had answered earlier calls; "
        "what they left in it is not in the recording",
    )


def test_the_first_call_of_a_pooled_instance_is_whole(recorded) -> None:
    call = recorded(COUNTS, n=1, instances="pooled")
    assert not call.recording.reused
    assert call.replay().same
