"""WASI 0.2 in Python: each call of a component goes through the gate like any other host call.

wasmtime's own WASI is not used, because it would let a guest sleep past its deadline and make
calls that nobody counts. Offered are ``wasi:io``, ``wasi:clocks``, ``wasi:random``, ``wasi:cli``
and ``wasi:filesystem``, each in every 0.2 version; ``wasi:sockets`` and ``wasi:http`` never are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from hyperhost.sandbox.interface import HostInterface

__all__ = ["close_state", "denied_stub", "wasi_interfaces"]


def wasi_interfaces() -> list[HostInterface]:
    """One new object of every WASI interface, in alphabetical order of their names.

    Interfaces whose attribute ``always`` is true need no grant; the others are linked when a
    capability of the kind ``capability``, or of one of several, is granted.
    """
    from hyperhost.sandbox.wasi import cli, clocks, filesystem, io, random

    return [
        cli.EnvironmentInterface(),
        cli.ExitInterface(),
        cli.StderrInterface(),
        cli.StdinInterface(),
        cli.StdoutInterface(),
        cli.TerminalInputInterface(),
        cli.TerminalOutputInterface(),
        cli.TerminalStderrInterface(),
        cli.TerminalStdinInterface(),
        cli.TerminalStdoutInterface(),
        clocks.MonotonicClockInterface(),
        clocks.WallClockInterface(),
        filesystem.PreopensInterface(),
        filesystem.TypesInterface(),
        io.ErrorInterface(),
        io.PollInterface(),
        io.StreamsInterface(),
        random.InsecureInterface(),
        random.InsecureSeedInterface(),
        random.RandomInterface(),
    ]


def close_state(call_state: dict[str, Any]) -> None:
    """Close what an instance still holds of WASI; to be called once when its store is discarded.

    Args:
        call_state: The ``state`` its calls had. Calling this again does nothing.
    """
    from hyperhost.sandbox.wasi.handles import close_state as close

    close(call_state)


def denied_stub(import_name: str, function_name: str) -> Callable[..., Any]:
    """A host function body that refuses, for an interface that is not granted.

    See :func:`hyperhost.sandbox.wasi.stubs.denied_stub`.
    """
    from hyperhost.sandbox.wasi.stubs import denied_stub as stub

    return stub(import_name, function_name)
