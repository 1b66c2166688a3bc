"""One call of an operation on roles or tokens while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.contracts import AccessRequest, Principal, Resource
from hyperhost.offering import Asked

from .deciding import is_trusted

if TYPE_CHECKING:
    import hyperhost
    from hyperhost.contracts import OperationCall

    from .deciding import Decider
    from .store import Store
    from .tokens import Tokens

__all__ = ["Desk"]


class Desk(Asked):
    """What an operation may use.

    Args:
        call: What is asked.
        context: What the host says of itself.
        decider: What decides.
        tokens: What knows tokens.
        at_us: When.
    """

    def __init__(
        self,
        call: OperationCall,
        context: hyperhost.PluginContext,
        decider: Decider,
        tokens: Tokens,
        at_us: int,
    ) -> None:
        super().__init__(call, context.hook)
        self.trusted = context.trusted
        self.at_us = at_us  # not as the call says it: what expires is judged by it
        self.decider = decider
        self.tokens = tokens

    @property
    def store(self) -> Store:
        """What is kept."""
        return self.decider.store

    def may(self, permission: str, namespace: str = "") -> bool:
        """Whether the principal may do something with everything, or with everything in a namespace."""
        if is_trusted(self.principal):
            return True
        everything = Resource(permission.partition(":")[0], namespace=namespace, owner="-", name="*")
        request = AccessRequest(self.principal, "", permission, everything, self.at_us)
        return self.decider.decide(request).allowed

    def resource(self, kind: str, reference: str, principal: Principal) -> Resource | None:
        """What a reference means for a principal; see ``access_resource``."""
        found: Resource | None = self.trusted.access_resource(
            principal=principal, kind=kind, reference=reference
        )
        return found
