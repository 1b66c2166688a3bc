"""The one way in: a front end shows a credential, and gets the principal whose operations it runs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from hyperhost.contracts.access import Credential
from hyperhost.contracts.operations import Principal, PrincipalKind
from hyperhost.errors import AuthenticationError, RefusalError

if TYPE_CHECKING:
    from hyperhost.host.host import Host

__all__ = ["authenticate"]

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
        found: Principal | None = host.hook.access_authenticate(credential=credential)
    except RefusalError as refusal:
        raise _refused(refusal) from refusal
    if found is None:
        raise _wrong("the credential is not one of this registry", "unknown", "log in anew")
    if found.kind is PrincipalKind.SYSTEM or found.id.startswith(("local:", "system:")) or not found.id:
        raise _wrong(
            "a credential cannot stand for the registry itself", "impostor", "it is a plugin's fault"
        )
    seen = {key: credential.attributes[key] for key in _SEEN if key in credential.attributes}
    proved = {key: value for key, value in found.attributes.items() if key not in _SEEN}
    return dataclasses.replace(found, attributes=proved | seen)


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
