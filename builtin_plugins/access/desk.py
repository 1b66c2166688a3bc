"""One call of an operation on roles or tokens while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import AccessRequest, Principal, Resource

from .deciding import is_trusted

if TYPE_CHECKING:
    from pluggy import HookRelay

    from hyperhost.contracts import OperationCall

    from .deciding import Decider
    from .store import Store
    from .tokens import Tokens

__all__ = ["Desk"]


class Desk:
    """What an operation may use.

    Args:
        call: What is asked.
        hook: The host's hooks.
        decider: What decides.
        tokens: What knows tokens.
        at_us: When.

    Attributes:
        target: What it is about, for the audit log.
        namespace: Its namespace.
        details: More, for the audit log; without secrets.
    """

    def __init__(
        self, call: OperationCall, hook: HookRelay, decider: Decider, tokens: Tokens, at_us: int
    ) -> None:
        self.principal = call.principal
        self.decider = decider
        self.tokens = tokens
        self.at_us = at_us
        self.target = ""
        self.namespace = ""
        self.details: dict[str, Any] = {}
        self._hook = hook

    @property
    def store(self) -> Store:
        """What is kept."""
        return self.decider.store

    def about(self, target: str, namespace: str = "", **details: Any) -> None:
        """Say what the call is about, for the audit log."""
        self.target, self.namespace = target, namespace
        self.details |= details

    def may(self, permission: str, namespace: str = "") -> bool:
        """Whether the principal may do something with everything, or with everything in a namespace."""
        if is_trusted(self.principal):
            return True
        everything = Resource(permission.partition(":")[0], namespace=namespace, owner="-", name="*")
        return self.decider.decide(
            AccessRequest(self.principal, "", permission, everything, self.at_us)
        ).allowed

    def resource(self, kind: str, reference: str, principal: Principal) -> Resource | None:
        """What a reference means for a principal; see ``access_resource``."""
        found: Resource | None = self._hook.access_resource(
            principal=principal, kind=kind, reference=reference
        )
        return found

    @contextmanager
    def unit(self) -> Iterator[None]:
        """A unit of work around a block; undone as a whole when the block raises."""
        self._hook.storage_begin(write=True)
        try:
            yield
        except BaseException:
            self._hook.storage_end(commit=False)
            raise
        self._hook.storage_end(commit=True)
