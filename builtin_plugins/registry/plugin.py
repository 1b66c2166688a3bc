"""Hook implementations of the registry; the work is in the modules of each group of operations."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hyperhost.contracts import (
    AccessGrant,
    OperationCall,
    OperationInfo,
    OperationOutcome,
    Principal,
    Resource,
)
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost

    from .metering import CallLimits
    from .table import Table
    from .vault import Vault
    from .work import Work

__all__ = ["Registry"]


class Registry:
    """Operations over artifacts, namespaces and versions."""

    def __init__(self) -> None:
        self._table: Table | None = None
        self._context: hyperhost.PluginContext | None = None
        self._call_limits: CallLimits | None = None
        self._vault: Vault | None = None

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        """See the hookspec."""
        return [known.info for known in self._operations().operations.values()]

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        from .work import Work

        if self._context is None:
            raise RefusalError("the registry was not started by a host", "state:registry")
        table = self._operations()
        context, attestor = self._context, str(self._context.config.get("attest_with", ""))
        return table.run(call, Work(call, context.hook, None, self._call_limits, self._vault, attestor))

    @hookimpl
    def access_resource(self, principal: Principal, kind: str, reference: str) -> Resource | None:
        """See the hookspec."""
        if not kind.startswith(("artifact", "namespace")):
            return None
        from .seeing import resource

        return resource(self._looking(principal), kind, reference)

    @hookimpl
    def access_grants(self, principal: Principal, resource: Resource) -> list[AccessGrant]:
        """See the hookspec."""
        if not resource.namespace:
            return []
        from .seeing import grants

        return grants(self._looking(principal), resource)

    def _looking(self, principal: Principal) -> Work:
        """Work for somebody about whom something is asked, and who does nothing."""
        from .work import Work

        if self._context is None:
            raise RefusalError("the registry was not started by a host", "state:registry")
        return Work(OperationCall("", principal), self._context.hook)

    def _operations(self) -> Table:
        """The table, made when it is first needed: its modules take a while to import."""
        if self._table is None:
            from .metering import CallLimits
            from .operations import table
            from .vault import Vault

            context = self._context
            has_home = context is not None and context.home is not None
            self._vault = Vault(partial(getattr, context, "data") if has_home else None)
            self._call_limits = CallLimits()
            self._table = table()
        return self._table
