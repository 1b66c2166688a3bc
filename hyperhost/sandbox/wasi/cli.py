"""``wasi:cli``: environment, exit, standard streams; there is never a terminal.

Standard output and error need no grant: they are the plugin's log under another name, counted
against ``Limits.output``. Standard input is always at its end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from hyperhost.errors import SandboxError
from hyperhost.sandbox.call import Call
from hyperhost.sandbox.interface import HostInterface, hostfunction
from hyperhost.sandbox.interfaces.log import one_line
from hyperhost.sandbox.revealed import Revealed
from hyperhost.sandbox.services import LogSink
from hyperhost.sandbox.wasi.handles import drop, state_of
from hyperhost.sandbox.wasi.io import InputStream, OutputStream

__all__ = [
    "EnvironmentInterface",
    "ExitInterface",
    "StderrInterface",
    "StdinInterface",
    "StdoutInterface",
    "TerminalInputInterface",
    "TerminalOutputInterface",
    "TerminalStderrInterface",
    "TerminalStdinInterface",
    "TerminalStdoutInterface",
]

MAX_LINE: Final = 8 * 1024
"""Longest line of output in bytes; a longer one is logged in pieces."""

_LINES_PER_LOOK: Final = 128
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


# --- environment and exit ---------------------------------------------------------------------


class EnvironmentInterface(HostInterface):
    """``wasi:cli/environment``: the granted variables, and nothing about how the host was started."""

    name: ClassVar[str] = "wasi:cli/environment"
    capability: ClassVar[str] = "env"
    typed: ClassVar[bool] = False

    @hostfunction(requires="", unprivileged=True)
    def get_environment(self, call: Call) -> list[tuple[str, str]]:
        """Names and values of the variables that grants cover; bytes that are not UTF-8 become U+FFFD.

        The answer is made from the grants themselves, so it asks for none: without any it is empty.
        """
        if not call.grants.has_kind("env"):
            return []
        return [
            (name, value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
            for name, value in sorted(call.services.environ.items())
            if _VARIABLE.fullmatch(name) and call.grants.covers(f"env:{name}")
        ]

    @hostfunction(requires="", unprivileged=True)
    def get_arguments(self, call: Call) -> list[str]:
        """Always empty."""
        return []

    @hostfunction(requires="", unprivileged=True)
    def initial_cwd(self, call: Call) -> None:
        """Always none: a component has no working directory."""


class ExitInterface(HostInterface):
    """``wasi:cli/exit``: ends the instance, which is a fault, for a hook ends by returning."""

    name: ClassVar[str] = "wasi:cli/exit"
    typed: ClassVar[bool] = False
    always: ClassVar[bool] = True

    @hostfunction(requires="", unprivileged=True)
    def exit(self, call: Call, status: tuple[bool, None]) -> None:
        """End the instance with success or failure.

        Raises:
            SandboxError: always.
        """
        self._end(call, 0 if status[0] else 1)

    @hostfunction(requires="", unprivileged=True)
    def exit_with_code(self, call: Call, status_code: int) -> None:
        """End the instance with a status.

        Raises:
            SandboxError: always.
        """
        self._end(call, status_code)

    def _end(self, call: Call, status: int) -> None:
        raise SandboxError(
            f"the component called exit({status})",
            plugin=call.plugin,
            hook=call.hook,
            hint="a hook ends by returning; its log may say why it gave up",
        )


# --- standard streams -------------------------------------------------------------------------


class LineBuffer:
    """Collects output until a line is whole, then logs it. Empty lines are left out.

    Attributes:
        level: Level of the log lines.
    """

    level = "info"

    def __init__(self) -> None:
        self._pending = bytearray()
        self._target: tuple[LogSink, str, str] | None = None
        self._revealed: Revealed | None = None

    def write(self, call: Call, data: bytes) -> None:
        """Take ``data``; whole lines are logged, the rest waits for its end.

        Raises:
            OutputLimitError: everything logged or printed in this call is over ``Limits.output``.
            DeadlineError: the call's deadline came while there were still lines to log.
        """
        call.charge_output(len(data))
        self._target = (call.services.log, call.plugin, call.hook)
        self._revealed = call.services.revealed
        *whole, rest = data.split(b"\n")
        for index, line in enumerate(whole):
            if index % _LINES_PER_LOOK == 0:
                call.remaining_s()
            self._pending += line
            self.finish()
        self._pending += rest
        if len(self._pending) >= MAX_LINE:
            self.finish()

    def finish(self) -> None:
        """Log what waits, as one line, or as several when it is long."""
        pending, self._pending = bytes(self._pending), bytearray()
        if self._target is None:
            return
        sink, plugin, hook = self._target
        if self._revealed is not None:  # before it is cut into lines, which could cut a secret in two
            pending = self._revealed.value(plugin, pending)
        for start in range(0, len(pending), MAX_LINE):
            line = one_line(pending[start : start + MAX_LINE].decode("utf-8", "replace")).rstrip()
            if line:
                sink.write(plugin, hook, self.level, line)

    def close(self) -> None:
        """Log what waits."""
        self.finish()


class ErrorLineBuffer(LineBuffer):
    """A :class:`LineBuffer` for standard error."""

    level = "warning"


class LogStream(OutputStream):
    """An output stream that ends in the plugin's log; dropping it ends the line.

    Args:
        buffer: Where its bytes go, shared with the other streams of the same name.
    """

    def __init__(self, buffer: LineBuffer) -> None:
        self._buffer = buffer

    def write(self, call: Call, data: bytes) -> None:
        """Log the lines in ``data``.

        Raises:
            OutputLimitError: everything logged or printed in this call is over ``Limits.output``.
        """
        self._buffer.write(call, data)

    def close(self) -> None:
        """End the line."""
        self._buffer.finish()


class StdinInterface(HostInterface):
    """``wasi:cli/stdin``."""

    name: ClassVar[str] = "wasi:cli/stdin"
    typed: ClassVar[bool] = False
    always: ClassVar[bool] = True

    @hostfunction(requires="", unprivileged=True)
    def get_stdin(self, call: Call) -> int:
        """A stream that is at its end."""
        return state_of(call).handles.allocate(InputStream())


class StdoutInterface(HostInterface):
    """``wasi:cli/stdout``: lines of level ``info`` in the plugin's log."""

    name: ClassVar[str] = "wasi:cli/stdout"
    typed: ClassVar[bool] = False
    always: ClassVar[bool] = True

    @hostfunction(requires="", unprivileged=True)
    def get_stdout(self, call: Call) -> int:
        """The stream."""
        state = state_of(call)
        return state.handles.allocate(LogStream(state.part("stdout", LineBuffer)))


class StderrInterface(HostInterface):
    """``wasi:cli/stderr``: lines of level ``warning`` in the plugin's log."""

    name: ClassVar[str] = "wasi:cli/stderr"
    typed: ClassVar[bool] = False
    always: ClassVar[bool] = True

    @hostfunction(requires="", unprivileged=True)
    def get_stderr(self, call: Call) -> int:
        """The stream."""
        state = state_of(call)
        return state.handles.allocate(LogStream(state.part("stderr", ErrorLineBuffer)))


# --- terminals --------------------------------------------------------------------------------


class TerminalInputInterface(HostInterface):
    """``wasi:cli/terminal-input``: a resource type of which there is never one."""

    name: ClassVar[str] = "wasi:cli/terminal-input"
    typed: ClassVar[bool] = False
    always: ClassVar[bool] = True
    resources: Mapping[str, Callable[[Call, int], None]] = {"terminal-input": drop}


class TerminalOutputInterface(HostInterface):
    """``wasi:cli/terminal-output``: a resource type of which there is never one."""

    name: ClassVar[str] = "wasi:cli/terminal-output"
    typed: ClassVar[bool] = False
    always: ClassVar[bool] = True
    resources: Mapping[str, Callable[[Call, int], None]] = {"terminal-output": drop}


class TerminalStdinInterface(HostInterface):
    """``wasi:cli/terminal-stdin``."""

    name: ClassVar[str] = "wasi:cli/terminal-stdin"
    typed: ClassVar[bool] = False
    always: ClassVar[bool] = True

    @hostfunction(requires="", unprivileged=True)
    def get_terminal_stdin(self, call: Call) -> None:
        """Always none."""


class TerminalStdoutInterface(HostInterface):
    """``wasi:cli/terminal-stdout``."""

    name: ClassVar[str] = "wasi:cli/terminal-stdout"
    typed: ClassVar[bool] = False
    always: ClassVar[bool] = True

    @hostfunction(requires="", unprivileged=True)
    def get_terminal_stdout(self, call: Call) -> None:
        """Always none."""


class TerminalStderrInterface(HostInterface):
    """``wasi:cli/terminal-stderr``."""

    name: ClassVar[str] = "wasi:cli/terminal-stderr"
    typed: ClassVar[bool] = False
    always: ClassVar[bool] = True

    @hostfunction(requires="", unprivileged=True)
    def get_terminal_stderr(self, call: Call) -> None:
        """Always none."""
