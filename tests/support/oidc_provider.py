"""A provider of OpenID Connect, small and real: a process of its own that tests start and log in with.

    python oidc_provider.py       # prints its issuer, and serves until its standard input ends

It follows OpenID Connect Core and RFC 7636: it checks the client, the redirect address, the code (once) and
the verifier. Whoever asks is ``sub`` "248289761001" without being asked for anything. POST /test/next tells
it to be dishonest once: a JSON object, see :class:`Provider`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "hyperhost", "s3cret/of+the client"
SUBJECT = "248289761001"


class Provider:
    """What the provider knows.

    Attributes:
        next: How to be dishonest the next time: ``claims`` (put over those of the ID token, ``null`` removes
            one), ``alg``, ``key`` (``"other"``: one that is not published; ``"public"``: HS256 with the
            public key), ``state``, ``iss``, ``error``, ``configuration`` (put over the discovery document),
            ``answer`` (put over that of the token endpoint).
    """

    def __init__(self) -> None:
        self.issuer = ""
        self.keys = [RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})]
        self.codes: dict[str, dict[str, str]] = {}
        self.next: dict[str, Any] = {}
        self.requests: list[str] = []

    def rotate(self) -> None:
        """Sign with a new key, and publish no other."""
        self.keys = [
            RSAKey.generate_key(2048, {"kid": f"k{secrets.token_hex(4)}", "use": "sig", "alg": "RS256"})
        ]

    def configuration(self) -> dict[str, Any]:
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return found | self.next.pop("configuration", {})

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent; raises ``ValueError`` for a request that is none."""
        if query["client_id"] != CLIENT or query["response_type"] != "code":
            raise ValueError("client or response type")
        if query["code_challenge_method"] != "S256" or "openid" not in query["scope"].split():
            raise ValueError("PKCE or scope")
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        answer = {"code": code, "state": query["state"], "iss": self.issuer}
        if "error" in self.next:
            answer = {"error": self.next.pop("error"), "state": query["state"], "iss": self.issuer}
        for name in ("state", "iss"):
            if name in self.next:
                answer[name] = self.next.pop(name)
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        """Tokens for a code; raises ``ValueError`` when something does not hold."""
        kind, _, pair = authorization.partition(" ")
        client, _, secret = base64.b64decode(pair).decode().partition(":")
        if kind != "Basic" or (unquote_plus(client), unquote_plus(secret)) != (CLIENT, SECRET):
            raise ValueError("client")
        asked = self.codes.pop(form["code"])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        if challenge.decode().rstrip("=") != asked["code_challenge"]:
            raise ValueError("verifier")
        if form["redirect_uri"] != asked["redirect_uri"] or form["grant_type"] != "authorization_code":
            raise ValueError("redirect address")
        access = secrets.token_urlsafe(16)
        half = base64.urlsafe_b64encode(hashlib.sha256(access.encode()).digest()[:16]).decode().rstrip("=")
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": SUBJECT,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "at_hash": half,
            "name": "Alice Example",
            "email": "alice@acme.example",
            "email_verified": True,
            "groups": ["staff", "admin"],
        } | self.next.pop("claims", {})
        claims = {name: value for name, value in claims.items() if value is not None}
        answer = {"access_token": access, "token_type": "Bearer", "id_token": self._signed(claims)}
        return answer | self.next.pop("answer", {})

    def _signed(self, claims: dict[str, Any]) -> str:
        key, which = self.keys[0], self.next.pop("key", "")
        header = {"alg": self.next.pop("alg", "RS256"), "kid": key.kid}
        if header["alg"] == "none" or which == "public":
            signing = ".".join(_encoded(json.dumps(each).encode()) for each in (header, claims))
            mac = hmac.digest(key.as_pem(private=False), signing.encode(), "sha256")
            return f"{signing}.{_encoded(mac) if which == 'public' else ''}"
        if which == "other":
            return jwt.encode(header, claims, RSAKey.generate_key(2048))
        return jwt.encode(header, claims, key)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Handler(BaseHTTPRequestHandler):
    """Serves one provider."""

    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.provider.requests.append(parts.path)
        if parts.path == "/.well-known/openid-configuration":
            self._json(self.provider.configuration())
        elif parts.path == "/keys":
            self._json(KeySet(self.provider.keys).as_dict(private=False))
        elif parts.path == "/authorize":
            try:
                address = self.provider.authorize(query)
            except (KeyError, ValueError) as error:
                self._json({"error": str(error)}, 400)
                return
            self.send_response(302)
            self.send_header("Location", address)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._json({}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/test/next":
            self.provider.next = json.loads(body)
            self._json({})
        elif self.path == "/test/rotate":
            self.provider.rotate()
            self._json({})
        elif self.path == "/token":
            form = {key: values[0] for key, values in parse_qs(body).items()}
            try:
                self._json(self.provider.token(form, self.headers.get("Authorization", "")))
            except (KeyError, ValueError) as error:
                self._json({"error": "invalid_grant", "error_description": str(error)}, 400)
        else:
            self._json({}, 404)

    def _json(self, data: Any, status: int = 200) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is declared
        """Nothing."""


def main() -> None:
    """Serve until the standard input ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.provider = Provider()
    Handler.provider.issuer = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{Handler.provider.issuer}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
