"""What tests of canaries share: small versions of one plugin, and calls of them."""

from __future__ import annotations

import threading
from pathlib import Path

from small_components import Hook, answering, write_plugin

import hyperhost

POLICY = hyperhost.CanaryPolicy(faults=3, calls=20, floor="1s")
"""Durations decide nothing, as other processes may slow the tests down."""
TRAPS = Hook("count", "(result s64)", "(result i64) unreachable")
SLOW = Hook(
    "count",
    "(result s64)",
    """(result i64) (local $n i32) (local.set $n (i32.const 40000000))
      (loop $more (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (i64.const 2)""",
)


def says(number: int, *hooks: str) -> bytes:
    return answering(number, *(hooks or ("count",)))


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "hyperhost-canary"]


def package(tmp_path: Path, data: bytes, version: str = "2.0.0", **more: str) -> Path:
    return write_plugin(tmp_path / f"new-{version}" / "scan", data, version=version, **more)


def answers(host: hyperhost.Host, calls: int) -> list[int]:
    return [host.hook.count()[0] for _ in range(calls)]
