"""JSON Web Tokens from outside: keys of who issues them, and the checks before anything in one is believed.

    keys = IssuerKeys("https://id.acme.example/keys", clock)
    found = verify_token(
        token, issuer="https://id.acme.example", audience=["hyperhost"], algorithms=["EdDSA"],
        key=keys.key, now_us=clock(),
    )
    who = principal_of(found.claims, "jwt:acme", ClaimRules("groups", {"staff": "publisher"}), "jwt")

The built-in plugins ``identity-jwt`` and ``identity-oidc`` are made of it, and a plugin of one's own may be.
"""

from __future__ import annotations

from hyperhost.jose.claims import ClaimRules, checked_claims, principal_of
from hyperhost.jose.keys import IssuerKeys, TokenError, fetch_json, shared_secret
from hyperhost.jose.tokens import TOKEN_ALGORITHMS, VerifiedToken, unverified_issuer, verify_token

__all__ = [
    "TOKEN_ALGORITHMS",
    "ClaimRules",
    "IssuerKeys",
    "TokenError",
    "VerifiedToken",
    "checked_claims",
    "fetch_json",
    "principal_of",
    "shared_secret",
    "unverified_issuer",
    "verify_token",
]
