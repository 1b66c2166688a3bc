"""What ``[plugins.identity-oidc.config]`` may say: a table for each provider, ``providers.NAME``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hyperhost.errors import ConfigError
from hyperhost.jose import TOKEN_ALGORITHMS, ClaimRules, checked_claims

__all__ = ["Provider", "read_settings"]

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)
_KNOWN: Final = {
    "issuer": str,
    "client_id": str,
    "client_secret_env": str,
    "algorithms": list,
    "scopes": list,
    "leeway_s": int,
    "roles_claim": str,
    "roles": dict,
}
_NEEDED: Final = ("issuer", "client_id")
_LEEWAY_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of OpenID Connect.

    Attributes:
        name: Short name; ids of principals begin with ``oidc:NAME:``.
        issuer: Its issuer, exactly as it calls itself.
        client_id: Who this registry is there.
        client_secret_env: Variable of the environment with the client's secret; empty for a public client.
        algorithms: Those that ID tokens may be signed with; never ``HS256``.
        scopes: What is asked for, besides ``openid``.
        leeway_s: How far clocks may differ.
        rules: Which roles a claim gives.
    """

    name: str
    issuer: str
    client_id: str
    client_secret_env: str
    algorithms: list[str]
    scopes: list[str]
    leeway_s: int
    rules: ClaimRules


def read_settings(config: Mapping[str, Any]) -> dict[str, Provider]:
    """Providers by name.

    Raises:
        ConfigError: something is unknown, missing or cannot be.
    """
    for key in config:
        if key != "providers":
            raise ConfigError(f"config key {key!r} is unknown", hint="known is providers")
    return {
        name: _provider(name, checked_claims(table, f"providers.{name}", _KNOWN, _NEEDED))
        for name, table in config.get("providers", {}).items()
    }


def _provider(name: str, table: dict[str, Any]) -> Provider:
    where = f"providers.{name}"
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: the name is not in kebab-case", hint="it becomes a part of ids")
    algorithms = table.get("algorithms", ["RS256"])
    for each in algorithms:
        if each not in TOKEN_ALGORITHMS or each == "HS256":
            raise ConfigError(f"{where}.algorithms has {each!r}", hint="known are RS256, ES256 and EdDSA")
    scopes = table.get("scopes", ["profile", "email"])
    if not all(_SCOPE.fullmatch(each) for each in scopes):
        raise ConfigError(f"{where}.scopes has what is no scope", hint='as in ["profile", "email"]')
    leeway = table.get("leeway_s", 30)
    if not 0 <= leeway <= _LEEWAY_MAX:
        raise ConfigError(f"{where}.leeway_s is {leeway}", hint=f"give 0 to {_LEEWAY_MAX}")
    return Provider(
        name,
        table["issuer"],
        table["client_id"],
        table.get("client_secret_env", ""),
        algorithms,
        scopes,
        leeway,
        ClaimRules(table.get("roles_claim", ""), table.get("roles", {})),
    )
