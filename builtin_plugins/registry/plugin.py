"""Hook implementations of the registry; the work is in the modules of each group of operations."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hyperhost.contracts import (
    AccessGrant,
    AccessPlace,
    Artifact,
    ArtifactChange,
    Candidate,
    OperationCall,
    OperationInfo,
    OperationOutcome,
    Principal,
    Resource,
    ValidationIssue,
)
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost

    from .metering import CallLimits
    from .table import Table
    from .vault import Vault
    from .work import Judged, Work

__all__ = ["Registry"]


class Registry:
    """Operations over artifacts, namespaces and versions."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._call_limits: CallLimits | None = None
        self._vault: Vault | None = None
        self._judged: Judged | None = None

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        """See the hookspec."""
        from .offered import infos

        return infos()

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        from .work import Work

        if self._context is None:
            raise RefusalError("the registry was not started by a host", "state:registry")
        table = self._table_of(call.operation)
        context, attestor = self._context, str(self._context.config.get("attest_with", ""))
        work = Work(
            call, context.hook, None, self._call_limits, self._vault, attestor=attestor, judged=self._judged
        )
        return table.run(call, work)

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

    @hookimpl
    def access_places(self, principal: Principal) -> list[AccessPlace]:
        """See the hookspec."""
        if self._context is None:
            return []
        from .seeing import places

        return list(places(self._context.hook, principal))

    def _looking(self, principal: Principal) -> Work:
        """Work for somebody about whom something is asked, and who does nothing."""
        from .work import Work

        if self._context is None:
            raise RefusalError("the registry was not started by a host", "state:registry")
        return Work(OperationCall("", principal), self._context.hook)

    @hookimpl(tryfirst=True)
    def artifact_validate(self, change: ArtifactChange) -> list[ValidationIssue]:
        """See the hookspec. Judges what other plugins write: imports, syncs, restored backups."""
        if self._judged is not None and self._judged.change is change:
            return []
        from .judging import judge
        from .work import Work

        if self._context is None:
            raise RefusalError("the registry was not started by a host", "state:registry")
        call = OperationCall("validate", Principal(change.actor), at_us=change.at_us)
        judge(Work(call, self._context.hook), change)
        return []

    @hookimpl
    def resolution_list_candidates(
        self, source: str, artifacts: list[str], principal: Principal | None = None
    ) -> list[Candidate] | None:
        """See the hookspec. Answers for the local registry, whose versions are its own."""
        if source or self._context is None:
            return None
        from .candidates import candidates

        return candidates(self._context.hook, artifacts, principal)

    @hookimpl
    def search_body(self, artifact: Artifact, manifest_json: str) -> str | None:
        """See the hookspec. The text of plugins and configs, without what is sensitive."""
        from .searchable import searchable

        return None if self._context is None else searchable(self._context.hook, artifact, manifest_json)

    def _table_of(self, operation: str) -> Table:
        """The table with an operation, made when it is first needed: its modules take a while to import."""
        from .offered import table_of

        if self._judged is None:
            from .metering import CallLimits
            from .vault import Vault
            from .work import Judged

            context = self._context
            has_home = context is not None and context.home is not None
            self._vault = Vault(partial(getattr, context, "data") if has_home else None)
            self._call_limits = CallLimits()
            self._judged = Judged()
        return table_of(operation)
