"""What the plugin is made of, put together."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import OperationCall, OperationOutcome
from hyperhost.offering import OperationTable

from . import administering, handling
from .deciding import Decider
from .desk import Desk
from .guard import Guard, lines_from
from .keyfile import RootKey
from .permissions import LINES
from .tokens import Tokens

if TYPE_CHECKING:
    import hyperhost

__all__ = ["Office", "table"]

_QUIET: Final = frozenset(
    (
        *("artifact:read", "artifact:rate", "config:render", "config:reveal", "template:generate"),
        *("content:write", "namespace:read", "key:read", "trust:read", "audit:read", "role:read"),
        "administration:read",
    )
)
"""Permissions whose operations change nothing that decisions are made from."""


@cache
def table() -> OperationTable:
    """All operations, in the order in which help shows them."""
    return OperationTable([administering, handling])


class Office:
    """Guard, decider, tokens and operations of one host.

    Args:
        context: What the host says of itself.
    """

    def __init__(self, context: hyperhost.PluginContext) -> None:
        hook, trusted = context.hook, context.trusted
        self._context = context
        self.decider = Decider(hook, trusted, context.clock)
        root = RootKey(context.data / "token.key" if context.home is not None else None)
        self.tokens = Tokens(
            self.decider.store, root, context.clock, lambda each: trusted.access_lookup(principal_id=each)
        )
        self.decider.tokens = self.tokens
        self.guard = Guard(hook, trusted, context.clock, lines_from(context.config.get("operations", {})))
        self._table = table()

    def run(self, call: OperationCall) -> OperationOutcome | None:
        """Run an operation, if it is one of these.

        Raises:
            RefusalError: an argument is wrong, or it must not happen.
        """
        if call.operation not in self._table.operations:
            return None
        context = self._context
        desk = Desk(call, context, self.decider, self.tokens, context.clock())
        return self._table.run(call, desk)

    def now_us(self) -> int:
        """The time by which everything here is judged."""
        return self._context.clock()

    def settle(self, call: OperationCall) -> None:
        """Forget what was known, after an operation that may have changed who may do what."""
        line = LINES.get(call.operation)
        if line is None or line.permission not in _QUIET:
            self.decider.forget()
