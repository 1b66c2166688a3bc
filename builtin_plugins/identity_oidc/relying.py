"""The client of one provider: the authorization code flow with PKCE, and what has to hold of its answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

from hyperhost.contracts import LoginStart, Principal
from hyperhost.jose import IssuerKeys, TokenError, fetch_json, principal_of, verify_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .settings import Provider

__all__ = ["RelyingParty"]

_SECOND: Final = 1_000_000
_FLOW_US: Final = 600 * _SECOND
_MOST_FLOWS: Final = 1_000
_MAX_AGE_S: Final = 600
_DISCOVERED_US: Final = 3_600 * _SECOND
_QUERY_MAX: Final = 8_192
_HASHES: Final = {"RS256": hashlib.sha256, "ES256": hashlib.sha256, "EdDSA": hashlib.sha512}
"""For ``at_hash``: the hash of the signature; Ed25519 has SHA-512."""


@dataclass(frozen=True, slots=True)
class _Flow:
    """A login that was begun.

    Attributes:
        state: What has to come back, so that nobody's answer is slipped in (login CSRF).
        nonce: What has to be in the ID token, so that none is used twice.
        verifier: Proves to the provider that who redeems the code began the login (PKCE, RFC 7636).
        redirect_uri: Where the browser is sent.
        until_us: Until when it can be ended.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str
    until_us: int


class RelyingParty:
    """Sends people to a provider, and says who came back. Any number of threads may use one.

    Args:
        provider: The provider.
        clock: Microseconds since 1970.
    """

    def __init__(self, provider: Provider, clock: Callable[[], int]) -> None:
        self._provider = provider
        self._clock = clock
        self._flows: OrderedDict[str, _Flow] = OrderedDict()
        self._lock = threading.Lock()
        self._metadata: Mapping[str, Any] = {}
        self._metadata_us = 0
        self._keys: IssuerKeys | None = None

    def start(self, redirect_uri: str) -> LoginStart:
        """Begin a login.

        Raises:
            TokenError: ``fetch`` or ``provider``: the provider does not answer as it has to.
        """
        metadata = self._discovered()
        flow_id, state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
        flow = _Flow(state, nonce, verifier, redirect_uri, self._clock() + _FLOW_US)
        with self._lock:
            while len(self._flows) >= _MOST_FLOWS:
                self._flows.popitem(last=False)
            self._flows[flow_id] = flow
        query = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(dict.fromkeys(["openid", *self._provider.scopes])),
            "state": state,
            "nonce": nonce,
            "code_challenge": _encoded(hashlib.sha256(verifier.encode("ascii")).digest()),
            "code_challenge_method": "S256",
        }
        endpoint = metadata["authorization_endpoint"]
        return LoginStart(f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", flow_id)

    def has(self, flow_id: str) -> bool:
        """Whether a login was begun here, and not ended."""
        return flow_id in self._flows

    def finish(self, flow_id: str, query: str) -> Principal:
        """Who came back; a login can be ended once, however that goes.

        Args:
            flow_id: Id of the login.
            query: Of the address that the browser came back to.

        Raises:
            TokenError: something does not hold; ``rule`` says what.
        """
        with self._lock:
            flow = self._flows.pop(flow_id, None)
        if flow is None or self._clock() >= flow.until_us:
            raise TokenError("flow", "no such login was begun, or it took too long")
        metadata = self._discovered()
        code = self._code(flow, query, metadata)
        answer = self._redeemed(flow, code, metadata)
        claims, algorithm = self._claims(answer["id_token"])
        self._check(claims, algorithm, flow, answer.get("access_token"))
        return principal_of(claims, f"oidc:{self._provider.name}", self._provider.rules, "oidc")

    def _code(self, flow: _Flow, query: str, metadata: Mapping[str, Any]) -> str:
        """The code in what the browser came back with (RFC 6749 section 4.1.2, RFC 9207)."""
        try:
            given = (
                parse_qs(query, strict_parsing=True, max_num_fields=20) if len(query) <= _QUERY_MAX else {}
            )
        except ValueError:
            given = {}
        if any(len(values) != 1 for values in given.values()):
            raise TokenError("form", "the provider's answer has something twice")
        said = {key: values[0] for key, values in given.items()}
        if not hmac.compare_digest(said.get("state", "").encode("utf-8"), flow.state.encode("ascii")):
            raise TokenError("state", "the answer belongs to another login")
        issuer = said.get("iss")
        is_promised = metadata.get("authorization_response_iss_parameter_supported") is True
        if (issuer is None and is_promised) or issuer not in (None, self._provider.issuer):
            raise TokenError("issuer", "the answer comes from another provider")
        if "error" in said:
            words = said["error"][:40]
            raise TokenError("denied", f"the provider says {words!r}")
        if not said.get("code"):
            raise TokenError("form", "the provider's answer has no code")
        return said["code"]

    def _redeemed(self, flow: _Flow, code: str, metadata: Mapping[str, Any]) -> Mapping[str, Any]:
        """Tokens for a code."""
        provider = self._provider
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.redirect_uri,
            "client_id": provider.client_id,
            "code_verifier": flow.verifier,
        }
        headers = {}
        if provider.client_secret_env:
            secret = os.environ.get(provider.client_secret_env, "")
            if not secret:
                raise TokenError("client", f"{provider.client_secret_env} is not set")
            pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode('ascii')).decode('ascii')}"
        answer = fetch_json(metadata["token_endpoint"], form, headers)
        if not isinstance(answer, dict) or not isinstance(answer.get("id_token"), str):
            raise TokenError("form", "the provider gives no ID token")
        return answer

    def _claims(self, token: str) -> tuple[Mapping[str, Any], str]:
        assert self._keys is not None  # made with the metadata
        found = verify_token(
            token,
            issuer=self._provider.issuer,
            audience=[self._provider.client_id],
            algorithms=self._provider.algorithms,
            key=self._keys.key,
            now_us=self._clock(),
            leeway_s=self._provider.leeway_s,
            max_age_s=_MAX_AGE_S,
        )
        return found.claims, found.algorithm

    def _check(self, claims: Mapping[str, Any], algorithm: str, flow: _Flow, access_token: Any) -> None:
        """What has to hold of an ID token besides (OpenID Connect Core 1.0 sections 3.1.3.7 and 3.1.3.8)."""
        audience, party = claims["aud"], claims.get("azp")
        if isinstance(audience, list) and audience != [self._provider.client_id] and party is None:
            raise TokenError("azp", "the ID token is for several, and does not say who asked for it")
        if party not in (None, self._provider.client_id):
            raise TokenError("azp", "another client asked for the ID token")
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not hmac.compare_digest(
            nonce.encode("utf-8"), flow.nonce.encode("ascii")
        ):
            raise TokenError("nonce", "the ID token belongs to another login")
        bound = claims.get("at_hash")
        if bound is not None:
            digest = _HASHES[algorithm](str(access_token).encode("utf-8")).digest()
            if bound != _encoded(digest[: len(digest) // 2]):
                raise TokenError("at-hash", "the access token was exchanged for another one")

    def _discovered(self) -> Mapping[str, Any]:
        """What the provider says of itself; a document of another issuer is not taken (mix-up)."""
        now = self._clock()
        with self._lock:
            if self._metadata and now - self._metadata_us < _DISCOVERED_US:
                return self._metadata
        issuer = self._provider.issuer
        found = fetch_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if not isinstance(found, dict) or found.get("issuer") != issuer:
            raise TokenError("provider", f"{urlsplit(issuer).hostname} says that it is somebody else")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            address = found.get(name)
            if not isinstance(address, str) or not address.startswith(("https://", "http://")):
                raise TokenError("provider", f"the provider has no {name}")
            if issuer.startswith("https://") and not address.startswith("https://"):
                raise TokenError("provider", f"{name} of the provider is not protected by TLS")
        with self._lock:
            if self._keys is None or found["jwks_uri"] != self._metadata.get("jwks_uri"):
                self._keys = IssuerKeys(found["jwks_uri"], self._clock)
            self._metadata, self._metadata_us = found, now
        return found


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
