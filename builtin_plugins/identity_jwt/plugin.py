"""Hook implementations of JWT logins."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import Credential, CredentialKind, Principal
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    import hyperhost
    from hyperhost.jose import IssuerKeys

    from .settings import Issuer

__all__ = ["IdentityJwt"]


class IdentityJwt:
    """Lets in who shows a JSON Web Token of an issuer that the configuration names."""

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._issuers: dict[str, Issuer] = {}
        self._keys: dict[str, IssuerKeys] = {}
        self._lock = threading.Lock()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Read the settings; without issuers nothing is imported."""
        if context.config:
            from .settings import read_settings

            self._issuers = read_settings(context.config)
        self._context = context

    @hookimpl(priority=100)
    def access_authenticate(self, credential: Credential) -> Principal | None:
        """See the hookspec."""
        if credential.kind is not CredentialKind.JWT or not self._issuers or self._context is None:
            return None
        from hyperhost.jose import TokenError

        try:
            return self._principal(credential.secret, self._context.clock())
        except TokenError as error:
            raise RefusalError(
                str(error), f"unauthenticated:jwt:{error.rule}", hint="get a new token from its issuer"
            ) from None

    @hookimpl
    def access_lookup(self, principal_id: str) -> Principal | None:
        """See the hookspec; of those that others vouch for nothing is known but that they may exist."""
        kind, _, rest = principal_id.partition(":")
        name, _, subject = rest.partition(":")
        names = {issuer.name for issuer in self._issuers.values()}
        return Principal(principal_id) if kind == "jwt" and subject and name in names else None

    def _principal(self, token: str, now_us: int) -> Principal:
        from hyperhost.jose import TokenError, principal_of, unverified_issuer, verify_token

        issuer = self._issuers.get(unverified_issuer(token))
        if issuer is None:
            raise TokenError("issuer", "nobody is known who issued the token")
        found = verify_token(
            token,
            issuer=issuer.issuer,
            audience=issuer.audience,
            algorithms=issuer.algorithms,
            key=lambda key_id, algorithm: self._key(issuer, key_id, algorithm),
            now_us=now_us,
            leeway_s=issuer.leeway_s,
            max_age_s=issuer.max_age_s or None,
        )
        return principal_of(found.claims, f"jwt:{issuer.name}", issuer.rules, "jwt")

    def _key(self, issuer: Issuer, key_id: str | None, algorithm: str) -> Any:
        from hyperhost.jose import IssuerKeys, shared_secret

        if issuer.secret_env:
            return shared_secret(os.environ.get(issuer.secret_env, ""))
        assert self._context is not None  # tokens are read after the start only
        with self._lock:
            if issuer.name not in self._keys:
                self._keys[issuer.name] = IssuerKeys(issuer.keys, self._context.clock)
        return self._keys[issuer.name].key(key_id, algorithm)
