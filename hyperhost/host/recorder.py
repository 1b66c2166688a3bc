"""Record a call on purpose, whatever it ends in."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from hyperhost.errors import RecordingError

if TYPE_CHECKING:
    from hyperhost.host.host import Host
    from hyperhost.host.recording import Recording
    from hyperhost.sandbox.tape import Listener, Tape

__all__ = ["Recorder"]


class Recorder:
    """Records the calls of one plugin that this thread makes while the ``with`` block runs; the last counts.

    Args:
        host: The host that calls.
        plugin: Id of the component.
    """

    def __init__(self, host: Host, plugin: str) -> None:
        self._running = host.sandbox.gate.running
        self._plugin = plugin
        self._tape: Tape | None = None
        self._before: Listener | None = None
        self._depth = 0

    def __enter__(self) -> Recorder:
        self._before, self._running.listen = self._running.listen, self._listen
        self._depth = len(self._running.calls)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.listen = self._before

    def _listen(self, tape: Tape) -> None:
        # Calls made by host functions of the call end before it; they are part of its answers.
        if tape.plugin == self._plugin and len(self._running.calls) == self._depth + 1:
            self._tape = tape

    @property
    def has_recorded(self) -> bool:
        """Whether a call entered the component."""
        return self._tape is not None

    def recording(self) -> Recording:
        """The recording, with secrets masked.

        Raises:
            RecordingError: no call entered the component, or there was too much of it.
        """
        from hyperhost.host.recording import make_recording

        if self._tape is None:
            raise RecordingError(
                "no call to record: the component was not entered",
                plugin=self._plugin,
                hint="native plugins, and calls that are refused before they begin, have no recording",
            )
        try:
            return make_recording(self._tape)
        except (TypeError, ValueError, AttributeError) as error:
            raise RecordingError(
                f"the call cannot be written down: {error}",
                plugin=self._plugin,
                hint="a host function took or gave a value that is not of its type",
            ) from error
