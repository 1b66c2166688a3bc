"""What happened in one call: its arguments, each host call with its answer, and how it ended.

The gate appends to a plain list while the call runs, three references for each host call, so that
a call which does not fault pays next to nothing. Only when a call faults, or somebody listens, is
a :class:`Tape` made of it; turning that into text is the host's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hyperhost.contracts.limits import Limits
    from hyperhost.sandbox.call import Call
    from hyperhost.sandbox.export import Export
    from hyperhost.sandbox.gate import BoundFunction

__all__ = [
    "DROP",
    "LISTENED_BYTES",
    "MAX_STEPS",
    "TAPE_BYTES",
    "UNANSWERED",
    "Listener",
    "Step",
    "Tape",
    "attach",
    "detach",
    "has_tape",
    "undropped",
    "unread",
]

TAPE_BYTES: Final = 4 << 20
"""Bytes through host functions that the steps of one call keep alive; a call that moves more keeps none."""

LISTENED_BYTES: Final = 64 << 20
"""The same for a call that somebody asked to record."""

MAX_STEPS: Final = 100_000
"""Host calls of one call that are kept; a call that makes more keeps none."""

UNANSWERED: Final = object()
"""Stands for the answer of a host call that ended the call."""

DROP: Final = "[drop]"
"""Name of the step for a handle whose clean-up failed."""

Step = list[Any]
"""One host call: its :class:`BoundFunction` (``None`` for a clean-up), the arguments (``None`` when they
could not be read), and the answer; ``(is_ok, value)`` where it is a ``result``."""

_ATTRIBUTE: Final = "_hyperhost_tape"


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """One finished call.

    Attributes:
        plugin: Id of the plugin.
        export: The hook, with its types.
        arguments: What it was called with, for ``export.arguments``.
        steps: The host calls in order; ``None`` when there was too much to keep.
        mode: How instances are kept: ``per-call``, ``pooled`` or ``persistent``.
        reused: The instance had answered earlier calls, whose traces in it are not on the tape.
        limits: What the call was allowed to use.
        granted: Capabilities it held at the end.
        config: The plugin's configuration.
        environ: Environment variables that its grants cover, only when ``reused``.
        about: What whoever made the runtime said of it.
        fuel: Fuel used, or ``None`` when it is not counted.
        error: What ended the call; ``None`` when nothing did, and on a tape that is attached to its error.
        result: What it returned.
        secrets: Secrets that the plugin was given, in this call or an earlier one.
    """

    plugin: str
    export: Export
    arguments: Sequence[Any]
    steps: Sequence[Step] | None
    mode: str
    reused: bool
    limits: Limits
    granted: tuple[str, ...]
    config: Mapping[str, Any]
    environ: Mapping[str, str]
    about: Any
    fuel: int | None
    error: BaseException | None
    result: Any
    secrets: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        call: Call,
        export: Export,
        arguments: Sequence[Any],
        mode: str,
        about: Any,
        fuel: int | None,
        error: BaseException | None = None,
        result: Any = None,
    ) -> Tape:
        """The tape of a call that has just ended."""
        environ: dict[str, str] = {}
        if call.reused and call.grants.has_kind("env"):
            environ = {
                name: value
                for name, value in call.services.environ.items()
                if name.isascii() and name.isidentifier() and call.grants.covers(f"env:{name}")
            }
        return cls(
            call.plugin,
            export,
            arguments,
            call.steps,
            mode,
            call.reused,
            call.limits,
            tuple(item.text for item in call.grants.effective),
            call.config,
            environ,
            about,
            fuel,
            error,
            result,
            call.services.revealed.of(call.plugin),
        )


Listener = Callable[[Tape], None]
"""Told about every call that ends in the thread that listens."""


def attach(error: BaseException, tape: Tape) -> None:
    """Leave the tape with the error that ended the call, for whoever records the fault."""
    setattr(error, _ATTRIBUTE, tape)


def has_tape(error: BaseException) -> bool:
    """Whether a tape was left with the error."""
    return _ATTRIBUTE in error.__dict__


def detach(error: BaseException) -> Tape | None:
    """Take the tape off an error; it keeps all arguments of the call alive."""
    tape = error.__dict__.pop(_ATTRIBUTE, None)
    return tape if isinstance(tape, Tape) else None


def unread(call: Call, function: BoundFunction | None) -> None:
    """Note a host call that ended the call before its arguments were read."""
    if call.steps is not None and len(call.steps) < call.host_calls:
        call.steps.append([function, None, UNANSWERED])


def undropped(call: Call, handle: int) -> None:
    """Note a handle whose clean-up ended the call."""
    if call.steps is not None:
        call.steps.append([None, [handle], UNANSWERED])
