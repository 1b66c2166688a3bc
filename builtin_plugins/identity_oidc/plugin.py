"""Hook implementations of logins with OpenID Connect."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hyperhost.contracts import Credential, CredentialKind, LoginStart, Principal
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost

    from .relying import RelyingParty
    from .settings import Provider

__all__ = ["IdentityOidc"]


class IdentityOidc:
    """Lets in whom a provider of OpenID Connect vouches for.

    A login that was begun is known to the process that began it, and to no other.
    """

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._providers: dict[str, Provider] = {}
        self._parties: dict[str, RelyingParty] = {}
        self._lock = threading.Lock()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Read the settings; without providers nothing is imported."""
        if context.config:
            from .settings import read_settings

            self._providers = read_settings(context.config)
        self._context = context

    @hookimpl
    def access_login_start(self, provider: str, redirect_uri: str) -> LoginStart | None:
        """See the hookspec."""
        name = provider
        if not name and len(self._providers) == 1:
            name = next(iter(self._providers))
        if name not in self._providers:
            return None
        from hyperhost.jose import TokenError

        if not redirect_uri.startswith(("https://", "http://127.0.0.1:", "http://[::1]:")):
            raise RefusalError("that is no address to come back to", "invalid:redirect_uri:form")
        try:
            return self._party(name).start(redirect_uri)
        except TokenError as error:
            raise RefusalError(str(error), "state:oidc", hint=f"check the provider {name!r}") from None

    @hookimpl(priority=100)
    def access_authenticate(self, credential: Credential) -> Principal | None:
        """See the hookspec."""
        if credential.kind is not CredentialKind.OIDC or not self._providers:
            return None
        from hyperhost.jose import TokenError

        # A login that nobody began is refused by any of them.
        parties = list(self._parties.values())
        party = next((each for each in parties if each.has(credential.name)), None)
        try:
            if party is None:
                raise TokenError("flow", "no such login was begun, or it was ended already")
            return party.finish(credential.name, credential.secret)
        except TokenError as error:
            raise RefusalError(
                str(error), f"unauthenticated:oidc:{error.rule}", hint="begin the login anew"
            ) from None

    @hookimpl
    def access_lookup(self, principal_id: str) -> Principal | None:
        """See the hookspec; of those that others vouch for nothing is known but that they may exist."""
        kind, _, rest = principal_id.partition(":")
        name, _, subject = rest.partition(":")
        return Principal(principal_id) if kind == "oidc" and subject and name in self._providers else None

    def _party(self, name: str) -> RelyingParty:
        from .relying import RelyingParty

        assert self._context is not None  # there are providers after the start only
        with self._lock:
            if name not in self._parties:
                self._parties[name] = RelyingParty(self._providers[name], self._context.clock)
        return self._parties[name]
