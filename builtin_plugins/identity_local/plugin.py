"""Hook implementations of local identities; the work is in the other modules."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import (
    AccessGrant,
    Credential,
    CredentialKind,
    OperationCall,
    OperationInfo,
    OperationOutcome,
    Principal,
    PrincipalKind,
    Resource,
)
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl
from hyperhost.offering.written import written_operations

if TYPE_CHECKING:
    import hyperhost

    from .desk import Desk
    from .settings import Settings

__all__ = ["IdentityLocal"]

_FIRST: Final = 100
"""Before plugins that were installed: none of them is shown what these credentials are."""
_OWN: Final = AccessGrant("identity", allow=["identity:own"])


class IdentityLocal:
    """Users with passwords, API keys and sessions."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._settings: Settings | None = None
        self._desk: Desk | None = None
        self._starting = threading.Lock()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Read the settings."""
        from .settings import read_settings

        self._settings = read_settings(context.config)
        self._context = context

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        """See the hookspec."""
        return list(written_operations(__file__).values())

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        if call.operation not in written_operations(__file__):
            return None
        from .work import Work, table

        return table().run(call, Work(call, self._open()))

    @hookimpl(priority=_FIRST)
    def access_authenticate(self, credential: Credential) -> Principal | None:
        """See the hookspec."""
        if credential.kind is CredentialKind.PASSWORD:
            from .entrance import by_password

            return by_password(self._open(), credential)
        if credential.kind in (CredentialKind.API_KEY, CredentialKind.SESSION):
            return self._open().issuer.principal(credential)
        return None

    @hookimpl(priority=_FIRST)
    def access_keep_password(self, password: str, proof: Credential | None) -> str:
        """See the hookspec."""
        proved = ""
        desk = self._open()
        if proof is not None:
            from .entrance import by_password

            if proof.kind is not CredentialKind.PASSWORD:
                raise RefusalError("a password is proved by a password", "invalid:proof:kind")
            proved = by_password(desk, proof).id.removeprefix("user:")
        return desk.passwords.keep(password, proved)

    @hookimpl(priority=_FIRST)
    def access_lookup(self, principal_id: str) -> Principal | None:
        """See the hookspec."""
        kind, _, name = principal_id.partition(":")
        if kind != "user":
            return None
        from .entrance import known

        return known(self._open(), name)

    @hookimpl
    def access_grants(self, principal: Principal, resource: Resource) -> list[AccessGrant]:
        """See the hookspec: everybody may look after their own keys and sessions."""
        if resource.kind != "registry" or principal.kind is PrincipalKind.TOKEN:
            return []
        return [_OWN]

    def _open(self) -> Desk:
        context, settings = self._context, self._settings
        if context is None or settings is None:
            raise RefusalError(
                "identities need a host", "state:identity", hint="register IdentityLocal with a host"
            )
        with self._starting:
            if self._desk is None:
                from .desk import Desk

                self._desk = Desk.made(context, settings)
            return self._desk
