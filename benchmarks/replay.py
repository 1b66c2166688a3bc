"""Replay of a recorded call against the call itself, both warm and in one process.

A replay answers host calls from memory and compares every argument with what was recorded. Like the
call it makes a fresh instance: ``instances="per-call"``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from common import Row, interleave, main, ratio_row, repeat
from guests import ASK_THE_TIME, ECHO_TEXT
from specs import TEXT, Hooks, component_host

from hyperhost import Host
from hyperhost.host.recorder import Recorder
from hyperhost.host.replay import Replayer


def measure() -> list[Row]:
    """The rows of this benchmark."""
    return [
        _row("replay, echo of 150 bytes", ECHO_TEXT, lambda host: host.hook.echo(text=TEXT)),
        _row("replay, 50 host calls", ASK_THE_TIME, lambda host: host.hook.spin(rounds=50), "clock"),
    ]


def _row(what: str, guest: str, call: Callable[[Host], object], *grants: str) -> Row:
    with component_host(guest, grants=grants) as host, tempfile.TemporaryDirectory() as directory:
        package = Path(directory) / "guest.wat"
        package.write_text(guest)
        with Recorder(host, "guest-0") as recorder:
            call(host)
        with Replayer(recorder.recording(), package, specs=[Hooks]) as replayer:
            assert replayer.run().same
            timing = interleave(
                {"call": repeat(lambda: call(host)), "replay": repeat(replayer.run)}, rounds=15, calls=500
            )
    return ratio_row(what, timing, "replay", "call", 2.0, note="peer: the call that was recorded")


if __name__ == "__main__":
    main(measure)
