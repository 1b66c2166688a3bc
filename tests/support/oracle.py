"""Hooks, a host interface of a program's own and guests that ask it, for tests of recordings."""

from __future__ import annotations

import cli_guests  # noqa: F401 - puts tests/security on the path
from wat import Guest, Import, run

import hyperhost
from hyperhost.errors import RefusalError

CONFIRM = Import(
    "ask",
    "acme:oracle/answers@1.0.0",
    "ask",
    '(param "n" s64) (result (result s64 (error string)))',
    "(param i64 i32)",
)
"""A host function of the program's own, which answers, says no, or breaks."""


class Probe:
    @hyperhost.hookspec(firstresult=True)
    def run(self, n: int) -> int: ...

    @hyperhost.hookspec(firstresult=True)
    def text(self, text: str) -> str: ...

    @hyperhost.hookspec(firstresult=True, raises=RefusalError)
    def decide(self, n: int) -> int: ...


class Oracle(hyperhost.HostInterface):
    name = "acme:oracle/answers@1.0.0"
    capability = "oracle"
    target_required = False
    asked = 0

    @hyperhost.hostfunction(requires="oracle", error=str)
    def ask(self, call: hyperhost.Call, n: int) -> int:
        self.asked += 1
        if n == 1:
            raise hyperhost.Err("ask again later")
        if n == 2:
            raise RuntimeError("the oracle broke")
        return n * 10 + self.asked


def oracle_guest(answer: str) -> Guest:
    return Guest([run(f"(call $ask (local.get $n) (i32.const 16)) {answer}")], [CONFIRM])
