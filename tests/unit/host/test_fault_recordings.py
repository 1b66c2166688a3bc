"""Faults are recorded by themselves: in memory, in the home, and each for its own plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from oracle import Oracle, Probe, oracle_guest
from wat import Guest, run

import hyperhost
from hyperhost import replay
from hyperhost.errors import HyperHostError
from hyperhost.host.recorder import Recorder


@pytest.fixture
def host() -> Iterator[hyperhost.Host]:
    with hyperhost.Host("t", specs=[Probe]) as host:
        yield host


def test_a_fault_keeps_its_recording_in_memory(host, tmp_path: Path) -> None:
    package = Guest([run("unreachable")]).write(tmp_path / "guest.wasm")
    host.load(package)
    with pytest.raises(HyperHostError):
        host.hook.run(n=9)
    recording = host.faults[-1].recording
    assert recording.document["arguments"] == {"n": 9}
    assert host.faults[-1].kept.path is None
    assert replay(recording, package, specs=[Probe]).same


def test_a_fault_keeps_its_recording_in_the_home(tmp_path: Path) -> None:
    package = Guest([run("unreachable")]).write(tmp_path / "guest.wasm")
    with hyperhost.Host("t", specs=[Probe], home=tmp_path / "home") as host:
        host.load(package)
        with pytest.raises(HyperHostError):
            host.hook.run(n=9)
        path = host.faults[-1].kept.path
        assert path.parent == tmp_path / "home" / "recordings"
        assert host.faults[-1].recording.plugin == "guest"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert replay(path, package, specs=[Probe]).same


def test_a_host_keeps_recordings_where_it_is_told(tmp_path: Path) -> None:
    package = Guest([run("unreachable")]).write(tmp_path / "guest.wasm")
    with hyperhost.Host("t", specs=[Probe], recordings=tmp_path / "kept") as host:
        host.load(package)
        with pytest.raises(HyperHostError):
            host.hook.run(n=9)
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_refusals_and_wrong_arguments_are_no_faults_to_record(host, tmp_path: Path) -> None:
    host.load(Guest([run("(local.get $n)")]).write(tmp_path / "guest.wasm"))
    with pytest.raises(HyperHostError):
        host.hook.run(n="x")
    assert host.faults == ()


def test_the_recordings_of_two_threads_do_not_mix(host, tmp_path: Path) -> None:
    import threading

    plugin = host.load(Guest([run("(local.get $n)")]).write(tmp_path / "guest.wasm"))
    stop = threading.Event()

    def others() -> None:
        while not stop.is_set():
            plugin.call("run", n=-1)

    thread = threading.Thread(target=others)
    thread.start()
    try:
        for n in range(50):
            with Recorder(host, "guest") as recorder:
                plugin.call("run", n=n)
            assert recorder.recording().document["arguments"] == {"n": n}
    finally:
        stop.set()
        thread.join()


def test_a_fault_that_a_host_function_ran_into_is_recorded_for_its_own_plugin_only(tmp_path: Path) -> None:
    class Relay(Oracle):
        @hyperhost.hostfunction(requires="oracle", error=str)
        def ask(self, call: hyperhost.Call, n: int) -> int:
            found: int = broken.call("run", n=n)
            return found

    with hyperhost.Host("t", specs=[Probe], interfaces=[Relay()]) as host:
        broken = host.load(Guest([run("unreachable")]).write(tmp_path / "broken.wasm"))
        asking = host.load(oracle_guest("(i64.const 0)").write(tmp_path / "asking.wasm"), grants=["oracle"])
        with Recorder(host, "asking") as recorder, pytest.raises(HyperHostError):
            asking.call("run", n=3)
        [fault] = host.faults
        assert fault.recording.plugin == "broken"
        assert "_hyperhost_tape" not in vars(fault.error)
        assert recorder.recording().plugin == "asking"
    outcome = replay(recorder.recording(), tmp_path / "asking.wasm", specs=[Probe])
    assert (outcome.same, outcome.error.code) == (True, "HH-TRAP")
