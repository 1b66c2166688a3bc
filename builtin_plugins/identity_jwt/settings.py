"""What ``[plugins.identity-jwt.config]`` may say: a table for each issuer, ``issuers.NAME``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hyperhost.errors import ConfigError
from hyperhost.jose import TOKEN_ALGORITHMS, ClaimRules, checked_claims

__all__ = ["Issuer", "read_settings"]

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)
_KNOWN: Final = {
    "issuer": str,
    "audience": list,
    "algorithms": list,
    "keys": str,
    "secret_env": str,
    "leeway_s": int,
    "max_age_s": int,
    "roles_claim": str,
    "roles": dict,
}
_LEEWAY_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who may issue tokens.

    Attributes:
        name: Short name; ids of principals begin with ``jwt:NAME:``.
        issuer: What tokens say in ``iss``, exactly.
        audience: One of these has to be in ``aud``.
        algorithms: Those that are taken: ``HS256`` alone, or some of ``RS256``, ``ES256``, ``EdDSA``.
        keys: Address or file of the public keys (JWKS).
        secret_env: Variable of the environment with the secret of HS256.
        leeway_s: How far clocks may differ.
        max_age_s: How long ago a token may have been issued; 0 for as long as it holds.
        rules: Which roles a claim gives.
    """

    name: str
    issuer: str
    audience: list[str]
    algorithms: list[str]
    keys: str
    secret_env: str
    leeway_s: int
    max_age_s: int
    rules: ClaimRules


def read_settings(config: Mapping[str, Any]) -> dict[str, Issuer]:
    """Issuers by what their tokens say in ``iss``.

    Raises:
        ConfigError: something is unknown, missing or contradicts itself.
    """
    for key in config:
        if key != "issuers":
            raise ConfigError(f"config key {key!r} is unknown", hint="known is issuers")
    found: dict[str, Issuer] = {}
    for name, table in config.get("issuers", {}).items():
        issuer = _issuer(name, checked_claims(table, f"issuers.{name}", _KNOWN, _NEEDED))
        if issuer.issuer in found:
            raise ConfigError(
                f"two issuers are {issuer.issuer!r}", hint="their tokens could not be told apart"
            )
        found[issuer.issuer] = issuer
    return found


_NEEDED: Final = ("issuer", "audience", "algorithms")


def _issuer(name: str, table: dict[str, Any]) -> Issuer:
    where = f"issuers.{name}"
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: the name is not in kebab-case", hint="it becomes a part of ids")
    algorithms = table["algorithms"]
    for each in algorithms:
        if each not in TOKEN_ALGORITHMS:
            known = ", ".join(TOKEN_ALGORITHMS)
            raise ConfigError(f"{where}.algorithms has {each!r}", hint=f"known are {known}")
    is_shared = "HS256" in algorithms
    if is_shared and len(algorithms) > 1:
        raise ConfigError(
            f"{where}.algorithms mixes HS256 with others",
            hint="a public key could be taken for the secret; make two issuers",
        )
    if bool(table.get("secret_env")) != is_shared or bool(table.get("keys")) == is_shared:
        raise ConfigError(
            f"{where} needs {'secret_env' if is_shared else 'keys'}, and nothing else of the two",
            hint="HS256 has a secret, the other algorithms have public keys",
        )
    leeway = table.get("leeway_s", 30)
    if not 0 <= leeway <= _LEEWAY_MAX:
        raise ConfigError(f"{where}.leeway_s is {leeway}", hint=f"give 0 to {_LEEWAY_MAX}")
    return Issuer(
        name,
        table["issuer"],
        table["audience"],
        algorithms,
        table.get("keys", ""),
        table.get("secret_env", ""),
        leeway,
        table.get("max_age_s", 0),
        ClaimRules(table.get("roles_claim", ""), table.get("roles", {})),
    )
