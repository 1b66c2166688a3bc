"""Hook implementations of access; the work is in the other modules.

The wrapper stands inside of the audit log (priority 10), which records what is refused here, and outside
of policies (30).
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Generator
from typing import TYPE_CHECKING

from hyperhost.contracts import (
    AccessDecision,
    AccessRequest,
    Credential,
    CredentialKind,
    OperationCall,
    OperationInfo,
    OperationOutcome,
    Principal,
    Resource,
)
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl
from hyperhost.offering.written import written_operations

from .deciding import is_trusted

if TYPE_CHECKING:
    import hyperhost

    from .office import Office

__all__ = ["Access"]


class Access:
    """Decides who may do what, and keeps roles and capability tokens."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._office: Office | None = None
        self._starting = threading.Lock()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        """See the hookspec."""
        return list(written_operations(__file__).values())

    @hookimpl(specname="operation_run", wrapper=True, priority=20)
    def around(
        self, call: OperationCall
    ) -> Generator[None, OperationOutcome | None, OperationOutcome | None]:
        """See the hookspec."""
        if not is_trusted(call.principal):
            self._open().guard.check(call)
        try:
            outcome = yield
            if outcome is None and call.operation in written_operations(__file__):
                outcome = self._open().run(call)
        finally:
            if self._office is not None:
                self._office.settle(call)
        return outcome

    @hookimpl
    def access_decide(self, request: AccessRequest) -> AccessDecision:
        """See the hookspec."""
        return (self._office or self._open()).decider.decide(request)

    @hookimpl
    def access_visible(self, principal: Principal, resources: list[Resource]) -> list[bool]:
        """See the hookspec."""
        return self._open().decider.visible(principal, resources)

    @hookimpl(specname="access_resource", wrapper=True)
    def owned(self) -> Generator[None, Resource | None, Resource | None]:
        """What a token made belongs to who issued it, whoever asks."""
        found = yield
        if found is None or not found.owner.startswith("token:"):
            return found
        return dataclasses.replace(found, owner=self._open().decider.behind(found.owner))

    @hookimpl
    def access_authenticate(self, credential: Credential) -> Principal | None:
        """See the hookspec."""
        if credential.kind is not CredentialKind.CAPABILITY:
            return None
        return self._open().tokens.authenticate(credential)

    @hookimpl
    def search_restrict(self, principal: Principal) -> str:
        """See the hookspec."""
        if is_trusted(principal):
            return ""
        from .finding import restriction

        office = self._open()
        return restriction(office.decider, principal, office.now_us())

    def _open(self) -> Office:
        """All that works here, made when it is first needed: its modules take a while to import."""
        if self._office is not None:
            return self._office
        context = self._context
        if context is None:
            raise RefusalError(
                "access was not started by a host", "state:access", hint="register it with a host"
            )
        with self._starting:
            if self._office is None:
                from .office import Office

                self._office = Office(context)
            return self._office
