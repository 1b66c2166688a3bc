"""Host functions that answer from a recording: no body of a host interface runs, nothing is reached.

They are bound like all others, as :class:`~hyperhost.sandbox.gate.BoundFunction`, so counting,
deadline and byte limits hold in a replay as well. The values are those of the component's own types;
what a recording looks like outside of this process is the host's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hyperhost.errors import HyperHostError, ReplayMismatchError
from hyperhost.sandbox.compat import generic
from hyperhost.sandbox.interface import Err, HostFunction
from hyperhost.sandbox.tape import DROP, UNANSWERED
from hyperhost.sandbox.types import Function, Result

if TYPE_CHECKING:
    from hyperhost.sandbox.call import Call

__all__ = ["Playback", "Recorded", "Reread"]


@dataclass(slots=True)
class Recorded:
    """One host call of a recording.

    Attributes:
        interface: Full name of the interface; empty for the clean-up of a handle.
        function: WIT name of the function.
        arguments: As recorded; ``None`` when they could not be read.
        answer: As recorded, ``(is_ok, value)`` for a ``result``; :data:`UNANSWERED` when it ended the call.
        read: Whether both are values of the component's types yet.
    """

    interface: str
    function: str
    arguments: Any
    answer: Any
    read: bool = False

    @property
    def name(self) -> str:
        """Interface and function, as errors name them."""
        return f"{self.interface} {self.function}".strip()


Reread = Callable[[Recorded, int, Function], None]
"""Turns what is recorded of one host call, given its place and type, into values, in place.

Raises an error when it does not fit the type.
"""

Compare = Callable[[Recorded, int, Function, Sequence[Any]], str | None]
"""What differs between the recorded arguments and those that came, in words, or ``None``."""


class Playback:
    """Answers the host calls of one call, in their recorded order. Used by one thread.

    Args:
        recorded: The host calls.
        ending: Called with whether the recording has no more host calls; the error that ends the call here,
            or ``None`` to report a difference.
        reread: Makes values of what is recorded, when first needed.
        compare: Compares arguments that are not simply equal.

    Attributes:
        position: How many were answered.
    """

    def __init__(
        self,
        recorded: Sequence[Recorded],
        ending: Callable[[bool], HyperHostError | None],
        reread: Reread,
        compare: Compare,
    ) -> None:
        self._recorded = recorded
        self._ending = ending
        self._reread = reread
        self._compare = compare
        self.position = 0

    def rewind(self) -> None:
        """Begin again."""
        self.position = 0

    def function(self, interface: str, name: str, guest: Function) -> tuple[HostFunction, Function]:
        """A function that answers from the recording, and its type.

        Args:
            interface: As the component imports it.
            name: WIT name of the function.
            guest: The type the component has.
        """
        parameters = tuple((wit, wit, generic(kind)) for _, wit, kind in guest.parameters)
        kind = Function(parameters, None if guest.result is None else generic(guest.result))
        is_result = isinstance(kind.result, Result)

        def body(call: Call, *values: Any) -> Any:
            answer = self._answer(call, interface, name, kind, values)
            if not is_result:
                return answer
            is_ok, value = answer
            if is_ok:
                return value
            raise Err(value)

        return HostFunction(name, body, lambda call, *arguments: (), unprivileged=True), kind

    def drop(self, call: Call, handle: int) -> None:
        """A handle was given up: nothing to do, unless that ended the recorded call."""
        if self.position < len(self._recorded) and self._recorded[self.position].function == DROP:
            self.position += 1
            raise self._ended(call, False)

    def _answer(self, call: Call, interface: str, name: str, kind: Function, values: Sequence[Any]) -> Any:
        number = self.position + 1
        if self.position >= len(self._recorded):
            error = self._ending(True)
            if error is not None:
                raise error
            raise self._mismatch(
                call, f"host call #{number} is {interface} {name}; the recording has {number - 1}"
            )
        entry = self._recorded[self.position]
        if (entry.interface, entry.function) != (interface, name):
            raise self._mismatch(
                call, f"host call #{number} is {interface} {name}; recorded is {entry.name or 'nothing'}"
            )
        if not entry.read:
            self._reread(entry, number, kind)
            entry.read = True
        if entry.arguments is not None and entry.arguments != list(values):
            difference = self._compare(entry, number, kind, values)
            if difference is not None:
                raise self._mismatch(call, f"host call #{number}, {interface} {name}: {difference}")
        self.position = number
        if entry.answer is UNANSWERED:
            raise self._ended(call, False)
        return entry.answer

    def _ended(self, call: Call, exhausted: bool) -> HyperHostError:
        error = self._ending(exhausted)
        return error or self._mismatch(call, "the recording ends in a host call, but not with an error")

    @staticmethod
    def _mismatch(call: Call, message: str) -> ReplayMismatchError:
        return ReplayMismatchError(
            message,
            plugin=call.plugin,
            hook=call.hook,
            hint="the component, or what an earlier call left in it, differs from what was recorded",
        )
