"""One JSON Web Token: checked by what the configuration says, not by what the token says (RFC 8725)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from hyperhost.jose.keys import TokenError

if TYPE_CHECKING:
    from joserfc.jwk import Key
    from joserfc.jws import JWSRegistry

__all__ = ["TOKEN_ALGORITHMS", "VerifiedToken", "unverified_issuer", "verify_token"]

TOKEN_ALGORITHMS: Final = ("HS256", "RS256", "ES256", "EdDSA")
MAX_CHARACTERS: Final = 16 << 10
_PART: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_HEADERS: Final = frozenset(("alg", "typ", "kid", "cty"))
_TYPES: Final = ("jwt", "at+jwt", "application/jwt", "application/at+jwt")
_KEY_ID_MAX: Final = 256
_LATEST_S: Final = 1 << 40


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token that was found genuine.

    Attributes:
        claims: What it says.
        algorithm: What it is signed with.
    """

    claims: Mapping[str, Any]
    algorithm: str


def verify_token(
    token: str,
    *,
    issuer: str,
    audience: Collection[str],
    algorithms: Collection[str],
    key: Callable[[str | None, str], Key],
    now_us: int,
    leeway_s: int = 30,
    max_age_s: int | None = None,
) -> VerifiedToken:
    """A token that was issued by an issuer, for one of the audiences, and holds now.

    Args:
        token: In compact form.
        issuer: ``iss`` has to be this, exactly.
        audience: One of them has to be in ``aud``.
        algorithms: Those that the configuration allows, of :data:`TOKEN_ALGORITHMS`.
        key: Gives the key for ``kid`` and algorithm, or raises :class:`TokenError`.
        now_us: The time.
        leeway_s: How far clocks may differ.
        max_age_s: How long ago it may have been issued; any time when ``None``.

    Raises:
        TokenError: it is not; ``rule`` says why: ``size``, ``form``, ``header``, ``algorithm``, ``key``,
            ``keys``, ``signature``, ``claims``, ``issuer``, ``audience``, ``expired``, ``not-yet``.
    """
    from joserfc import jws
    from joserfc.errors import JoseError

    header = _header(token)
    algorithm = header.get("alg")
    if algorithm == "Ed25519":  # RFC 9864: another name of the same thing
        algorithm = "EdDSA"
    if not isinstance(algorithm, str) or algorithm not in algorithms or algorithm not in TOKEN_ALGORITHMS:
        raise TokenError("algorithm", "the token is signed with an algorithm that is not allowed")
    used = key(_key_id(header), algorithm)
    if (used.key_type == "oct") != (algorithm == "HS256"):
        raise TokenError("algorithm", "the key is not one for this algorithm")
    try:
        found = jws.deserialize_compact(token, used, registry=_registry())
    except (JoseError, ValueError, TypeError) as error:
        raise TokenError("signature", "the signature of the token does not hold") from error
    claims = _json(found.payload)
    _check_times(claims, now_us, leeway_s, max_age_s)
    if claims.get("iss") != issuer:
        raise TokenError("issuer", "the token was issued by somebody else")
    if not set(_audience(claims)) & set(audience):
        raise TokenError("audience", "the token was issued for somebody else")
    return VerifiedToken(claims, algorithm)


def unverified_issuer(token: str) -> str:
    """``iss`` as the token has it: to choose whose keys to check it with, and for nothing else.

    Raises:
        TokenError: ``size``, ``form`` or ``claims``.
    """
    _header(token)
    issuer = _json(_decoded(token.split(".")[1])).get("iss")
    return issuer if isinstance(issuer, str) else ""


@cache
def _registry() -> JWSRegistry:
    """Algorithms of the library. Its own registry warns of the name EdDSA, which most issuers still use."""
    from joserfc.jws import JWSRegistry

    class Named(JWSRegistry):
        def get_alg(self, name: str) -> Any:
            return self.algorithms[name]

    return Named()


def _header(token: str) -> dict[str, Any]:
    """The header of a token that has the right form and asks for nothing unusual.

    ``jku``, ``x5u``, ``jwk`` and ``x5c`` would have the token bring its own key; ``crit`` and ``b64`` would
    change what is signed.
    """
    if len(token) > MAX_CHARACTERS:
        raise TokenError("size", f"the token has more than {MAX_CHARACTERS} characters")
    parts = token.split(".")
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        raise TokenError("form", "that is no signed token")
    header = _json(_decoded(parts[0]))
    unusual = sorted(set(header) - _HEADERS)
    if unusual:
        raise TokenError("header", f"the token has a header that is not taken: {unusual[0][:20]!r}")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise TokenError("header", "the token is of another type")
    return header


def _key_id(header: Mapping[str, Any]) -> str | None:
    """``kid``, which is compared with those that are known and never used to find anything."""
    key_id = header.get("kid")
    if key_id is not None and (not isinstance(key_id, str) or len(key_id) > _KEY_ID_MAX):
        raise TokenError("key", "the token names its key in an unusual way")
    return key_id


def _check_times(claims: Mapping[str, Any], now_us: int, leeway_s: int, max_age_s: int | None) -> None:
    now = now_us / 1_000_000
    expires, begins, issued = (_moment(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None:
        raise TokenError("claims", "the token never expires")
    if now >= expires + leeway_s:
        raise TokenError("expired", "the token has expired")
    if begins is not None and now < begins - leeway_s:
        raise TokenError("not-yet", "the token does not hold yet")
    if issued is not None and now < issued - leeway_s:
        raise TokenError("not-yet", "the token was issued in the future")
    if max_age_s is not None and (issued is None or now > issued + max_age_s + leeway_s):
        raise TokenError("expired", "the token was issued too long ago")


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST_S:
        raise TokenError("claims", f"{name} of the token is no time")
    return value


def _audience(claims: Mapping[str, Any]) -> list[str]:
    found = claims.get("aud")
    listed = found if isinstance(found, list) else [found]
    texts = [each for each in listed if isinstance(each, str)]
    if not texts or len(texts) != len(listed):
        raise TokenError("audience", "the token does not say whom it was issued for")
    return texts


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError) as error:
        raise TokenError("form", "that is no signed token") from error


def _json(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise TokenError("form", "a part of the token is no JSON object with each name once") from error
    if not isinstance(found, dict):
        raise TokenError("form", "a part of the token is no JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")
