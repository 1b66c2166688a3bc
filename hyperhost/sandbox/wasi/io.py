"""``wasi:io``: errors, polling and byte streams.

These are plumbing. They act only on resources that another interface handed out under its own
check, so they need no grant of their own, but the gate counts and times them like all others.
Nothing here waits except for a clock: every stream of this host is ready at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar, Final

from hyperhost.errors import TrapError
from hyperhost.sandbox.call import Call
from hyperhost.sandbox.interface import Err, HostInterface, hostfunction
from hyperhost.sandbox.wasi.codes import error_code
from hyperhost.sandbox.wasi.handles import Resource, drop, state_of

__all__ = [
    "CLOSED",
    "MAX_CHUNK",
    "ErrorInterface",
    "InputStream",
    "IoError",
    "OutputStream",
    "PollInterface",
    "Pollable",
    "StreamsInterface",
    "wait_until",
]

MAX_CHUNK: Final = 256 * 1024
"""Most bytes one call reads or writes; a guest that wants more asks again."""

CLOSED: Final = ("closed", None)
"""The case of ``stream-error`` for a stream that has ended."""

_SLICE_S: Final = 0.05


class IoError(Resource):
    """What went wrong with a stream.

    Args:
        message: For a person.
        code: Case of ``wasi:filesystem``'s ``error-code``, if a file was at fault.
    """

    noun = "error"

    def __init__(self, message: str, code: str | None = None) -> None:
        self.message = message
        self.code = code


class Pollable(Resource):
    """Something to wait for: a moment of the monotonic clock.

    Args:
        when_ns: The moment; 0 has always passed.
    """

    noun = "pollable"

    def __init__(self, when_ns: int = 0) -> None:
        self.when_ns = when_ns


class InputStream(Resource):
    """Bytes to read; this one has none and is closed, others override :meth:`read`."""

    noun = "input-stream"
    failed = False

    def read(self, call: Call, length: int) -> bytes:
        """Up to ``length`` bytes, at least one unless ``length`` is 0.

        Raises:
            Err: ``closed``, at the end.
            OSError: the read failed.
        """
        raise Err(CLOSED)


class OutputStream(Resource):
    """A place to write bytes to; this one discards them, others override :meth:`write`."""

    noun = "output-stream"
    failed = False

    def write(self, call: Call, data: bytes) -> None:
        """Write all of ``data``.

        Raises:
            OSError: the write failed.
        """


def wait_until(call: Call, when_ns: int) -> None:
    """Return at ``when_ns`` of the monotonic clock.

    Raises:
        DeadlineError: the call's deadline came first.
    """
    clock = call.services.clock
    while (left_ns := when_ns - clock.monotonic_ns()) > 0:
        clock.sleep(min(left_ns / 1e9, call.remaining_s(), _SLICE_S))


class ErrorInterface(HostInterface):
    """``wasi:io/error``."""

    name: ClassVar[str] = "wasi:io/error"
    typed: ClassVar[bool] = False
    always: ClassVar[bool] = True
    resources: Mapping[str, Callable[[Call, int], None]] = {"error": drop}

    @hostfunction(requires="", unprivileged=True, name="[method]error.to-debug-string")
    def to_debug_string(self, call: Call, error: int) -> str:
        """The error in words."""
        return state_of(call).handles.get(error, IoError).message


class PollInterface(HostInterface):
    """``wasi:io/poll``. Waiting ends at the call's deadline at the latest."""

    name: ClassVar[str] = "wasi:io/poll"
    typed: ClassVar[bool] = False
    always: ClassVar[bool] = True
    resources: Mapping[str, Callable[[Call, int], None]] = {"pollable": drop}

    @hostfunction(requires="", unprivileged=True, name="[method]pollable.ready")
    def ready(self, call: Call, pollable: int) -> bool:
        """Whether waiting would be over at once."""
        when_ns = state_of(call).handles.get(pollable, Pollable).when_ns
        return when_ns <= call.services.clock.monotonic_ns()

    @hostfunction(requires="", unprivileged=True, name="[method]pollable.block")
    def block(self, call: Call, pollable: int) -> None:
        """Wait.

        Raises:
            DeadlineError: the call's deadline came first.
        """
        wait_until(call, state_of(call).handles.get(pollable, Pollable).when_ns)

    @hostfunction(requires="", unprivileged=True, name="poll")
    def poll(self, call: Call, pollables: Sequence[int]) -> list[int]:
        """Wait for the first of several; the positions of those that are ready.

        Raises:
            TrapError: there is nothing to wait for.
            DeadlineError: the call's deadline came first.
        """
        if not pollables:
            raise TrapError("the component polled an empty list, which WASI forbids")
        handles = state_of(call).handles
        moments = [handles.get(pollable, Pollable).when_ns for pollable in pollables]
        wait_until(call, min(moments))
        now_ns = call.services.clock.monotonic_ns()
        return [index for index, when_ns in enumerate(moments) if when_ns <= now_ns]


@contextmanager
def _open_stream(call: Call, *streams: InputStream | OutputStream) -> Iterator[None]:
    """Refuse streams that failed before; turn an ``OSError`` into ``last-operation-failed``."""
    if any(stream.failed for stream in streams):
        raise Err(CLOSED)
    try:
        yield
    except (OSError, OverflowError) as caught:
        for stream in streams:
            stream.failed = True
        code = error_code(caught)
        handle = state_of(call).handles.allocate(IoError(f"{code}: {caught}", code))
        raise Err(("last-operation-failed", handle)) from caught


def _input(call: Call, handle: int) -> InputStream:
    return state_of(call).handles.get(handle, InputStream)


def _output(call: Call, handle: int) -> OutputStream:
    return state_of(call).handles.get(handle, OutputStream)


class StreamsInterface(HostInterface):
    """``wasi:io/streams``. The blocking functions never wait, because no stream is ever busy."""

    name: ClassVar[str] = "wasi:io/streams"
    typed: ClassVar[bool] = False
    always: ClassVar[bool] = True
    resources: Mapping[str, Callable[[Call, int], None]] = {"input-stream": drop, "output-stream": drop}

    # --- input-stream -------------------------------------------------------------------------

    @hostfunction(requires="", unprivileged=True, name="[method]input-stream.read")
    def read(self, call: Call, stream: int, length: int) -> bytes:
        """Up to ``length`` bytes; a call never returns more than :data:`MAX_CHUNK`."""
        source = _input(call, stream)
        with _open_stream(call, source):
            return source.read(call, min(length, MAX_CHUNK))

    @hostfunction(requires="", unprivileged=True, name="[method]input-stream.blocking-read")
    def blocking_read(self, call: Call, stream: int, length: int) -> bytes:
        """Like :meth:`read`."""
        return self.read(call, stream, length)

    @hostfunction(requires="", unprivileged=True, name="[method]input-stream.skip")
    def skip(self, call: Call, stream: int, length: int) -> int:
        """Read and forget; the number of bytes passed over."""
        return len(self.read(call, stream, length))

    @hostfunction(requires="", unprivileged=True, name="[method]input-stream.blocking-skip")
    def blocking_skip(self, call: Call, stream: int, length: int) -> int:
        """Like :meth:`skip`."""
        return self.skip(call, stream, length)

    @hostfunction(requires="", unprivileged=True, name="[method]input-stream.subscribe")
    def subscribe_input(self, call: Call, stream: int) -> int:
        """A pollable that is ready."""
        _input(call, stream)
        return state_of(call).handles.allocate(Pollable())

    # --- output-stream ------------------------------------------------------------------------

    @hostfunction(requires="", unprivileged=True, name="[method]output-stream.check-write")
    def check_write(self, call: Call, stream: int) -> int:
        """How many bytes the next write may have."""
        with _open_stream(call, _output(call, stream)):
            return MAX_CHUNK

    @hostfunction(requires="", unprivileged=True, name="[method]output-stream.write")
    def write(self, call: Call, stream: int, contents: bytes) -> None:
        """Write all of ``contents``.

        Raises:
            TrapError: ``contents`` is longer than check-write allows.
        """
        sink = _output(call, stream)
        if len(contents) > MAX_CHUNK:
            raise TrapError(f"the component wrote {len(contents)} bytes, check-write allows {MAX_CHUNK}")
        with _open_stream(call, sink):
            sink.write(call, contents)

    @hostfunction(requires="", unprivileged=True, name="[method]output-stream.blocking-write-and-flush")
    def blocking_write_and_flush(self, call: Call, stream: int, contents: bytes) -> None:
        """Like :meth:`write`; nothing is held back that a flush could push on."""
        self.write(call, stream, contents)

    @hostfunction(requires="", unprivileged=True, name="[method]output-stream.flush")
    def flush(self, call: Call, stream: int) -> None:
        """Does nothing to an open stream; lines for the log still wait for their end."""
        with _open_stream(call, _output(call, stream)):
            return

    @hostfunction(requires="", unprivileged=True, name="[method]output-stream.blocking-flush")
    def blocking_flush(self, call: Call, stream: int) -> None:
        """Like :meth:`flush`."""
        self.flush(call, stream)

    @hostfunction(requires="", unprivileged=True, name="[method]output-stream.subscribe")
    def subscribe_output(self, call: Call, stream: int) -> int:
        """A pollable that is ready."""
        _output(call, stream)
        return state_of(call).handles.allocate(Pollable())

    @hostfunction(requires="", unprivileged=True, name="[method]output-stream.write-zeroes")
    def write_zeroes(self, call: Call, stream: int, length: int) -> None:
        """Write ``length`` zero bytes.

        Raises:
            TrapError: ``length`` is more than check-write allows.
            HostBytesLimitError: they count like bytes the guest passed, and are too many.
        """
        if length > MAX_CHUNK:
            raise TrapError(f"the component wrote {length} zeroes at once; check-write allows {MAX_CHUNK}")
        call.charge_bytes(length)
        self.write(call, stream, bytes(length))

    @hostfunction(
        requires="", unprivileged=True, name="[method]output-stream.blocking-write-zeroes-and-flush"
    )
    def blocking_write_zeroes_and_flush(self, call: Call, stream: int, length: int) -> None:
        """Like :meth:`write_zeroes`."""
        self.write_zeroes(call, stream, length)

    @hostfunction(requires="", unprivileged=True, name="[method]output-stream.splice")
    def splice(self, call: Call, stream: int, source: int, length: int) -> int:
        """Move up to ``length`` bytes from ``source``; the number moved.

        Raises:
            HostBytesLimitError: they count like bytes the guest passed, and are too many.
        """
        sink, origin = _output(call, stream), _input(call, source)
        with _open_stream(call, sink):
            with _open_stream(call, origin):
                data = origin.read(call, min(length, MAX_CHUNK))
            call.charge_bytes(len(data))
            sink.write(call, data)
        return len(data)

    @hostfunction(requires="", unprivileged=True, name="[method]output-stream.blocking-splice")
    def blocking_splice(self, call: Call, stream: int, source: int, length: int) -> int:
        """Like :meth:`splice`."""
        return self.splice(call, stream, source, length)
