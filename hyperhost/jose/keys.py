"""Keys of an issuer of tokens (JWKS, RFC 7517), from a file or an address; read anew as they change."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import urllib3
    from joserfc.jwk import Key

__all__ = ["IssuerKeys", "TokenError", "fetch_json", "key_set", "shared_secret"]

_MAX_BYTES: Final = 256 << 10
_MAX_KEYS: Final = 100
_PIECE: Final = 64 << 10
_TIMEOUT_S: Final = 5.0
_SECOND: Final = 1_000_000
_FRESH_US: Final = 600 * _SECOND
"""Keys are read anew after ten minutes, so a key that an issuer withdrew is gone by then."""
_PAUSE_US: Final = 30 * _SECOND
"""For a key that is not known they are read anew at most this often: anybody can name one."""
_STALE_US: Final = 3_600 * _SECOND
"""Keys are used for this long while the issuer does not answer."""
_LEAST_RSA: Final = 2048
_LEAST_SECRET: Final = 32
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_ALGORITHM_OF: Final = {("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256"}


class TokenError(Exception):
    """A token or the keys for it are not what they have to be.

    Attributes:
        rule: Short name of what it breaks.
    """

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


class IssuerKeys:
    """Public keys of one issuer. Any number of threads may use one.

    Args:
        source: Path of a file, or an address.
        clock: Microseconds since 1970.
    """

    def __init__(self, source: str, clock: Callable[[], int]) -> None:
        self._source = source
        self._clock = clock
        self._keys: dict[tuple[str, str], Key] = {}
        self._read_us = self._tried_us = -(1 << 62)
        self._stamp: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def key(self, key_id: str | None, algorithm: str) -> Key:
        """The key that a token names, for an algorithm that the configuration allows.

        Args:
            key_id: ``kid`` of the token; without one there has to be exactly one key of the algorithm.
            algorithm: ``RS256``, ``ES256`` or ``EdDSA``.

        Raises:
            TokenError: ``key``: there is none, or more than one could be meant; ``keys``: they cannot be
                read.
        """
        with self._lock:
            self._refresh(force=False)
            found = self._find(key_id, algorithm)
            if found is None and self._clock() - self._tried_us >= _PAUSE_US:
                self._refresh(force=True)
                found = self._find(key_id, algorithm)
        if found is None:
            raise TokenError("key", "the issuer has no such key for this algorithm")
        return found

    def _find(self, key_id: str | None, algorithm: str) -> Key | None:
        if key_id is not None:
            return self._keys.get((key_id, algorithm))
        fitting = [key for (_, kind), key in self._keys.items() if kind == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    def _refresh(self, *, force: bool) -> None:
        now = self._clock()
        if _is_address(self._source):
            age = now - self._read_us
            if not force and (age < _FRESH_US or now - self._tried_us < _PAUSE_US):
                if self._keys and age < _STALE_US:
                    return
                if now - self._tried_us < _PAUSE_US:
                    raise TokenError("keys", "the keys of the issuer cannot be read")
            self._tried_us = now
            try:
                self._keys, self._read_us = key_set(fetch_json(self._source)), now
            except TokenError:
                if not self._keys or age >= _STALE_US:
                    raise
            return
        path = Path(self._source)
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if force or stamp != self._stamp:
                if status.st_size > _MAX_BYTES:
                    raise TokenError("keys", "the file with the keys of the issuer is too large")
                self._tried_us = now
                self._keys = key_set(_parsed(path.read_bytes()))
                self._stamp = stamp
        except OSError as error:
            raise TokenError("keys", f"{path} cannot be read: {error.strerror or error}") from error


def key_set(data: Any) -> dict[tuple[str, str], Key]:
    """Keys by id and algorithm.

    What is not meant for signatures, and kinds that are not used here, are left out. A key is for one
    algorithm.

    Raises:
        TokenError: ``keys``: it is no JWKS, has an id twice, or a key that is too weak or secret.
    """
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    listed = data.get("keys") if isinstance(data, dict) else None
    if not isinstance(listed, list) or len(listed) > _MAX_KEYS:
        raise TokenError("keys", "the issuer's keys are no key set")
    found: dict[tuple[str, str], Key] = {}
    seen: set[str] = set()
    for index, each in enumerate(listed):
        algorithm = _algorithm(each)
        if algorithm is None:
            continue
        key_id = each.get("kid", f"#{index}")
        if not isinstance(key_id, str) or key_id in seen:
            raise TokenError("keys", "the issuer has two keys of one id")
        seen.add(key_id)
        if "d" in each:
            raise TokenError("keys", "the issuer's keys are not the public ones")
        if each["kty"] == "RSA" and len(str(each.get("n"))) * 6 < _LEAST_RSA:  # six bits in a character
            raise TokenError("keys", f"a key of the issuer has fewer than {_LEAST_RSA} bits")
        try:
            key: Any = import_key({name: value for name, value in each.items() if name != "key_ops"})
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise TokenError("keys", f"a key of the issuer is damaged ({type(error).__name__})") from error
        found[key_id, algorithm] = key
    return found


def shared_secret(secret: str) -> Key:
    """The key of HS256.

    Raises:
        TokenError: ``keys``: it is too short, or something that others know: a public key.
    """
    from joserfc.jwk import OctKey

    if "-----BEGIN" in secret or secret.lstrip().startswith(("{", "ssh-", "MII")):
        raise TokenError("keys", "the shared secret is a key of another kind")
    if len(secret.encode("utf-8")) < _LEAST_SECRET:
        raise TokenError("keys", f"the shared secret has fewer than {_LEAST_SECRET} bytes")
    return OctKey.import_key(secret)


def fetch_json(url: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Any:
    """A JSON document from an address: over TLS except from this machine, of bounded size, no redirects.

    Args:
        url: The address.
        form: Sent as a form, by POST.
        headers: More headers.

    Raises:
        TokenError: ``fetch``: it does not answer, or not with that.
    """
    import urllib3

    if not _is_address(url):
        raise TokenError("fetch", "the address has to begin with https://")
    options: dict[str, Any] = {
        "headers": {"Accept": "application/json", **(headers or {})},
        "timeout": urllib3.Timeout(total=_TIMEOUT_S),
        "redirect": False,
        "retries": False,
        "preload_content": False,
    }
    if form is not None:
        options |= {"fields": form, "encode_multipart": False}
    host = urlsplit(url).hostname
    try:
        with urllib3.PoolManager(num_pools=1) as pool:
            answer = pool.request("GET" if form is None else "POST", url, **options)
            try:
                body = _body(answer)
            finally:
                answer.close()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise TokenError("fetch", f"{host} does not answer ({type(error).__name__})") from error
    if len(body) > _MAX_BYTES:
        raise TokenError("fetch", f"{host} answers with too much")
    if answer.status != 200:
        raise TokenError("fetch", f"{host} answers with status {answer.status}")
    return _parsed(body)


def _body(answer: urllib3.BaseHTTPResponse) -> bytes:
    """What is answered, up to a little more than is taken, and in a time that counts from the first byte."""
    body, latest = b"", time.monotonic() + _TIMEOUT_S
    while len(body) <= _MAX_BYTES:
        piece = answer.read1(_PIECE)
        if not piece:
            return body
        body += piece
        if time.monotonic() > latest:
            raise TokenError("fetch", "the answer takes too long")
    return body


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise TokenError("fetch", "what was read is no JSON") from error


def _algorithm(data: Any) -> str | None:
    """The algorithm that a key is used with here; ``None`` when it is not."""
    if not isinstance(data, dict) or data.get("use", "sig") != "sig":
        return None
    operations = data.get("key_ops")
    if operations is not None and (not isinstance(operations, list) or "verify" not in operations):
        return None
    kind, named = data.get("kty"), data.get("alg")
    if kind == "oct":
        raise TokenError("keys", "the issuer's keys hold a shared secret, which everybody can read")
    found = "RS256" if kind == "RSA" else _ALGORITHM_OF.get((str(kind), str(data.get("crv"))))
    names = (None, found, "Ed25519") if found == "EdDSA" else (None, found)
    return found if found is not None and named in names else None


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
