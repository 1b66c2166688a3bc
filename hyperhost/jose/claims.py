"""From what a token says of somebody to a principal, with those roles that the operator mapped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hyperhost.contracts.operations import Principal, PrincipalKind
from hyperhost.errors import ConfigError
from hyperhost.jose.keys import TokenError

__all__ = ["ClaimRules", "checked_claims", "principal_of"]

_SUBJECT: Final = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_NAME_MAX: Final = 200
_VALUES_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """Which roles a claim gives.

    Attributes:
        claim: Name of the claim, as in ``groups``; empty for none.
        roles: Role by value of the claim. A value that is not here gives nothing.
    """

    claim: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)


def principal_of(claims: Mapping[str, Any], beginning: str, rules: ClaimRules, login: str) -> Principal:
    """Who a token is about.

    Args:
        claims: Of a token that was verified.
        beginning: What the id begins with, as in ``oidc:acme``: two issuers may give one subject.
        rules: Which roles it gives.
        login: How they were let in: ``oidc`` or ``jwt``.

    Raises:
        TokenError: ``claims``: it says nobody.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise TokenError("claims", "the token does not say whom it is about")
    values = claims.get(rules.claim, []) if rules.claim else []
    listed = values if isinstance(values, list) else [values]
    given = {
        rules.roles[each] for each in listed[:_VALUES_MAX] if isinstance(each, str) and each in rules.roles
    }
    attributes = {"login": login}
    if isinstance(ends := claims.get("exp"), int | float):  # a moment, as the token was verified
        attributes["expires_at_us"] = str(int(ends) * 1_000_000)
    email = claims.get("email")
    if claims.get("email_verified") is True and isinstance(email, str) and email.isprintable():
        attributes["email"] = email[:_NAME_MAX]
    name = claims.get("name") or claims.get("preferred_username") or ""
    shown = name[:_NAME_MAX] if isinstance(name, str) and name.isprintable() else ""
    return Principal(f"{beginning}:{subject}", PrincipalKind.USER, shown, sorted(given), attributes)


def checked_claims(
    config: Any, where: str, known: Mapping[str, type], needed: tuple[str, ...]
) -> dict[str, Any]:
    """A table of a configuration, with every key known and of its type.

    Args:
        config: What was written.
        where: What it is, for a message.
        known: Type by key.
        needed: Keys that have to be there.

    Raises:
        ConfigError: it is not so.
    """
    if not isinstance(config, Mapping):
        raise ConfigError(f"{where} is no table", hint=f"write [{where}]")
    for key, value in config.items():
        if key not in known:
            raise ConfigError(f"{where}.{key} is unknown", hint=f"known are {', '.join(known)}")
        texts = isinstance(value, list) and all(isinstance(each, str) and each for each in value)
        if not isinstance(value, known[key]) or isinstance(value, bool) or (known[key] is list and not texts):
            raise ConfigError(
                f"{where}.{key} is {type(value).__name__}", hint=f"give a {known[key].__name__}"
            )
    for key in needed:
        if not config.get(key):
            raise ConfigError(f"{where}.{key} is missing", hint="see docs/identity.md")
    roles = config.get("roles", {})
    if not all(isinstance(value, str) for value in roles.values()):
        raise ConfigError(f"{where}.roles has what is no role", hint='write "value of the claim" = "role"')
    return dict(config)
