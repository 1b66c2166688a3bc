"""The one way in: a front end shows a credential, and gets the principal whose operations it runs."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts.access import Credential, CredentialKind, LoginStart
from hyperhost.contracts.operations import Principal, PrincipalKind
from hyperhost.errors import AuthenticationError, NotFoundError, OperationError, RefusalError
from hyperhost.host.operations import Operations, typed
from hyperhost.host.trusted import TrustedHooks

if TYPE_CHECKING:
    from hyperhost.host.host import Host

__all__ = ["authenticate", "credential_of", "keep_password", "start_login"]

_SEEN: Final = ("ip", "user_agent")
"""Attributes that are what the front end saw, or nothing; no proof may claim them."""


def authenticate(host: Host, credential: Credential) -> Principal:
    """Who shows a credential, with what the front end saw of them.

    Args:
        host: A host with plugins that know credentials, and one that decides on access.
        credential: What is shown.

    Raises:
        AuthenticationError: nobody knows it, or it does not hold; or no plugin decides on access, so that
            nobody can be let in.
    """
    if "access" not in host.providers:
        raise AuthenticationError(
            "nobody can be let in, as no plugin decides on what they may do",
            hint="activate the plugin 'access'",
        )
    try:
        found: Principal | None = _natives(host, "access_authenticate")(credential=credential)
    except RefusalError as refusal:
        error = _refused(refusal)
        _record(host, credential, error)
        raise error from refusal
    if found is None:
        raise _wrong("the credential is not one of this registry", "unknown", "log in anew")
    if found.kind is PrincipalKind.SYSTEM or found.id.startswith(("local:", "system:")) or not found.id:
        raise _wrong(
            "a credential cannot stand for the registry itself", "impostor", "it is a plugin's fault"
        )
    seen = {key: credential.attributes[key] for key in _SEEN if key in credential.attributes}
    proved = {key: value for key, value in found.attributes.items() if key not in _SEEN}
    return dataclasses.replace(found, attributes=proved | seen)


def credential_of(token: str, attributes: dict[str, str] | None = None) -> Credential:
    """A token, as one is given in ``Authorization: Bearer``, as the kind that it has the form of.

    Args:
        token: An API key, a session, a JWT or a capability token.
        attributes: What the front end saw: ``ip``, ``user_agent``.
    """
    kind = CredentialKind.CAPABILITY
    if token.startswith("hhk_"):
        kind = CredentialKind.API_KEY
    elif token.startswith("hhs_"):
        kind = CredentialKind.SESSION
    elif token.startswith("eyJ") and token.count(".") in (2, 4):  # {" in base64
        kind = CredentialKind.JWT
    return Credential(kind, token, attributes=dict(attributes or {}))


def keep_password(host: Host, password: str, proof: Credential | None = None) -> str:
    """A handle for a new password, which an operation is given in its place; see ``access_keep_password``.

    Args:
        host: A host with a plugin that keeps passwords.
        password: The new password.
        proof: Name and old password of whoever changes their own.

    Raises:
        InvalidInputError: it must not be used.
        AuthenticationError: the proof does not hold.
        OperationError: no plugin keeps passwords.
    """
    try:
        handle: str | None = _natives(host, "access_keep_password")(password=password, proof=proof)
    except RefusalError as refusal:
        error = typed(refusal)
        if proof is not None and isinstance(error, AuthenticationError):
            _record(host, proof, error)
        raise error from refusal
    if handle is None:
        raise OperationError("no plugin keeps passwords", hint="activate the plugin 'identity-local'")
    return handle


def start_login(host: Host, provider: str, redirect_uri: str) -> LoginStart:
    """Where to send the browser of somebody who logs in elsewhere; see ``access_login_start``.

    Args:
        host: A host with a plugin that knows the provider.
        provider: Its name in the configuration; empty for the only one.
        redirect_uri: Where the browser is sent afterwards.

    Raises:
        NotFoundError: no plugin knows the provider.
        OperationError: it does not answer, or not as it has to.
    """
    try:
        start: LoginStart | None = _natives(host, "access_login_start")(
            provider=provider, redirect_uri=redirect_uri
        )
    except RefusalError as refusal:
        raise typed(refusal) from refusal
    if start is None:
        raise NotFoundError(
            f"there is no provider {provider[:80]!r}",
            hint="name it in [plugins.identity-oidc.config.providers]",
        )
    return start


def _natives(host: Host, name: str) -> Any:
    """A hook of the native plugins. A component is not shown a password, and vouches for nobody."""
    return getattr(TrustedHooks(host._roster.manager), name)


def _record(host: Host, credential: Credential, error: AuthenticationError) -> None:
    """Have the audit log tell of a failure.

    Failures while somebody is locked out are not told one by one: anybody could fill the log with them. A
    name is told if there is or was somebody of that name; else it may be a password in the wrong place.
    """
    if error.rule == "locked":
        return
    target = f"user:{credential.name}"
    try:
        known = host.hook.access_lookup(principal_id=target) is not None if credential.name else False
    except RefusalError:
        known = True
    arguments = {"target": target if known else "unknown", "kind": credential.kind.value, "rule": error.rule}
    seen = {key: value for key, value in credential.attributes.items() if key in _SEEN}
    caller = Principal("system:entrance", PrincipalKind.SYSTEM, attributes=seen)
    with contextlib.suppress(OperationError):  # it ends in a refusal, which is what is recorded
        Operations(host, caller).run("authentication_failed", **arguments)


def _refused(refusal: RefusalError) -> AuthenticationError:
    _, _, rest = refusal.rule.partition(":")
    field, _, rule = rest.rpartition(":")
    error = AuthenticationError(refusal.reason, plugin=refusal.plugin, hook=refusal.hook, hint=refusal.hint)
    error.field, error.rule = field, rule or refusal.rule
    return error


def _wrong(reason: str, rule: str, hint: str) -> AuthenticationError:
    error = AuthenticationError(reason, hint=hint)
    error.field, error.rule = "credential", rule
    return error
