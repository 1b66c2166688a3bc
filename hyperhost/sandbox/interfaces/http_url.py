"""URLs and header fields as the http interface accepts them: strictly, so that nothing reads two ways."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from hyperhost.capabilities.http import parse_http, request_text

__all__ = [
    "Url",
    "UrlRefusedError",
    "capability_text",
    "check_headers",
    "check_method",
    "parse_url",
    "redirect_url",
]

MAX_URL = 8192
MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}

# Printable ASCII except what RFC 3986 leaves out; everything else has to be percent-encoded.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[!$-.0-;=@-Z\[\]_a-z~%]*)"
    r"(?P<path>/[!$-;=@-Z_a-z~\[\]]*)?(?:\?(?P<query>[!$-;=?@-Z_a-z~\[\]]*))?(?:\#.*)?",
    re.IGNORECASE,
)
_METHOD = re.compile(r"[A-Z]{1,32}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
_HOST_SETS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class UrlRefusedError(ValueError):
    """A URL, method or header that is not sent. ``denied`` tells policy from malformed text."""

    def __init__(self, message: str, *, denied: bool = False) -> None:
        super().__init__(message)
        self.denied = denied


@dataclass(frozen=True, slots=True)
class Url:
    """Where a request goes.

    Attributes:
        scheme: ``http`` or ``https``.
        host: Name in lower case without a trailing dot, or an address without brackets.
        port: TCP port, the scheme's own if the URL had none.
        path: Beginning with ``/``, percent-encoded.
        query: ``?`` and the rest, or empty.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def authority(self) -> str:
        """Host and port as in a Host header: IPv6 in brackets, the default port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def text(self) -> str:
        """The URL without its fragment."""
        return f"{self.scheme}://{self.authority}{self.path}{self.query}"

    @property
    def is_address(self) -> bool:
        """Whether the host is an address rather than a name."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True


def parse_url(text: str) -> Url:
    """The URL written as ``text``.

    Raises:
        UrlRefusedError: not an absolute http(s) URL, longer than 8,192 characters, with credentials,
            with characters that must be encoded, or with ``.``/``..`` in its path.
    """
    if len(text) > MAX_URL:
        raise UrlRefusedError(f"the URL has {len(text):,} characters, the most is {MAX_URL:,}")
    match = _URL.fullmatch(text)
    if match is None:
        raise UrlRefusedError(
            f"{text[:200]!r} is no absolute http or https URL; percent-encode all but printable ASCII"
        )
    authority = match["authority"]
    if "@" in authority:
        raise UrlRefusedError("the URL holds credentials; send an Authorization header", denied=True)
    path = match["path"] or "/"
    if any(_DOTS.fullmatch(segment) for segment in path.split("/")):
        raise UrlRefusedError(f"path {path[:200]!r} has '.' or '..' segments; write the path it leads to")
    scheme = match["scheme"].lower()
    host, port = _host_and_port(authority, _DEFAULT_PORTS[scheme])
    query = "" if match["query"] is None else f"?{match['query']}"
    url = Url(scheme, host, port, path, query)
    try:
        parse_http(capability_text("GET", url).partition(":")[2])
    except ValueError as error:
        raise UrlRefusedError(str(error)) from error
    return url


def capability_text(method: str, url: Url, address: str | None = None) -> str:
    """The capability a request needs, by its host or, if given, by an address instead of it."""
    host = url.host if address is None else address
    return request_text(method, f"[{host}]" if ":" in host else host, url.port, url.path)


def redirect_url(base: Url, location: str) -> Url:
    """Where a ``Location`` header leads.

    Raises:
        UrlRefusedError: the target is not a URL that could be requested, or leaves https for http.
    """
    # Servers send raw bytes now and then; http.client handed them on as Latin-1.
    encoded = quote(location.strip().encode("latin-1", "replace"), safe="%/:=&?~#+!$,;'@()*[]")
    try:
        joined = urljoin(base.text, encoded)
    except ValueError as error:
        raise UrlRefusedError(f"redirect to {encoded[:200]!r}: {error}") from error
    url = parse_url(joined)
    if base.scheme == "https" and url.scheme == "http":
        raise UrlRefusedError(f"redirect from https to {url.text[:200]} refused", denied=True)
    return url


def check_method(method: str) -> str:
    """``method`` in upper case.

    Raises:
        UrlRefusedError: not up to 32 letters, or a method that makes no request of its own.
    """
    upper = method.upper()
    if not _METHOD.fullmatch(upper):
        raise UrlRefusedError(f"{method[:40]!r} is no method")
    if upper in ("CONNECT", "TRACE"):
        raise UrlRefusedError(f"method {upper} is not carried", denied=True)
    return upper


def check_headers(headers: Sequence[tuple[str, str]]) -> None:
    """Refuse header fields that could split a request or steer the connection.

    Raises:
        UrlRefusedError: too many, too long, malformed, or one the host sets itself.
    """
    if len(headers) > MAX_HEADERS:
        raise UrlRefusedError(f"{len(headers)} headers, the most is {MAX_HEADERS}")
    if sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
        raise UrlRefusedError(f"headers over {MAX_HEADER_BYTES:,} bytes")
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise UrlRefusedError(f"{name[:40]!r} is no header name")
        if not _VALUE.fullmatch(value):
            raise UrlRefusedError(f"header {name!r} has control characters or is not Latin-1")
        if name.lower() in _HOST_SETS or name.lower().startswith("proxy-"):
            raise UrlRefusedError(f"header {name!r} is set by the host", denied=True)


def _host_and_port(authority: str, default_port: int) -> tuple[str, int]:
    if authority.startswith("["):
        host, bracket, rest = authority[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise UrlRefusedError(f"{authority[:200]!r} is no IPv6 address and port")
        port = rest[1:]
    else:
        host, _, port = authority.partition(":")
    host = host.lower().removesuffix(".")
    if not host:
        raise UrlRefusedError("the URL has no host")
    if not port:
        return host, default_port
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise UrlRefusedError(f"port {port[:20]!r} is not between 1 and 65535")
    return host, int(port)
