"""A version or a constraint cannot be read, or no choice of versions satisfies everything."""

from __future__ import annotations

from hyperhost.errors.base import HyperHostError
from hyperhost.errors.operations import OperationError

__all__ = [
    "ConstraintError",
    "ResolutionError",
    "VersionError",
]


class VersionError(HyperHostError, ValueError):
    """A text is no version of SemVer 2.0.0, or a version cannot be incremented as asked."""

    code = "HH-VERSION"


class ConstraintError(HyperHostError, ValueError):
    """A constraint on versions cannot be read.

    Args:
        message: What is wrong; shows the text, shortened around the place when it is long.
        position: Where, as the number of characters before it.
        expected: What could stand there.
        plugin: Id of the plugin at fault, if one is.
        hook: Name of the hook that was being called, if one was.
        hint: What the reader can do next.
    """

    code = "HH-CONSTRAINT"

    def __init__(
        self,
        message: str,
        *,
        position: int = 0,
        expected: str = "",
        plugin: str | None = None,
        hook: str | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, plugin=plugin, hook=hook, hint=hint)
        self.position = position
        self.expected = expected


class ResolutionError(OperationError):
    """No choice of versions satisfies everything that is asked for.

    Args:
        message: The conclusion, in one sentence.
        explanation: How it follows, as numbered sentences, one a line; the message when empty.
        plugin: Id of the plugin at fault, if one is.
        hook: Name of the hook that was being called, if one was.
        hint: What the reader can do next.
    """

    code = "HH-RESOLUTION"

    def __init__(
        self,
        message: str,
        *,
        explanation: str = "",
        plugin: str | None = None,
        hook: str | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, plugin=plugin, hook=hook, hint=hint)
        self.explanation = explanation or message
