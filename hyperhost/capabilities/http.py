"""The scope of ``http:HOST[:PORT][/PATH][#METHOD,METHOD]``.

Requests and grants are brought to one form before they are compared, and what different servers
would read differently is refused outright: a check that reads ``/v1/..%2fadmin`` as harmless
while the server reads it as ``/admin`` would be no check.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from hyperhost.capabilities.scopes import Scope

__all__ = ["DEFAULT_METHODS", "HttpScope", "parse_http", "request_text"]

DEFAULT_METHODS: Final = frozenset({"GET", "HEAD"})
DEFAULT_PORTS: Final = frozenset({80, 443})

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_METHOD = re.compile(r"[A-Z]{1,32}")
# C0 and C1 begin no UTF-8 character; old servers decode "%c0%ae" as '.' all the same.
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})|%[Cc][01]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True, slots=True)
class HttpScope:
    """Where requests may go.

    Attributes:
        host: ASCII name in lower case, an address (IPv6 in brackets), or ``*.`` and a name, which
            stands for exactly one more label.
        port: The only port, or ``None`` for 80 and 443.
        path: Segments that a request's path must begin with.
        methods: The methods, or ``None`` for all.
    """

    host: str
    port: int | None
    path: tuple[str, ...]
    methods: frozenset[str] | None

    @property
    def text(self) -> str:
        """Canonical text: defaults left out, methods in order."""
        port = "" if self.port is None else f":{self.port}"
        path = "/" + "/".join(self.path) if self.path else ""
        methods = "#*" if self.methods is None else "#" + ",".join(sorted(self.methods))
        return f"{self.host}{port}{path}" + ("" if self.methods == DEFAULT_METHODS else methods)

    @property
    def ports(self) -> frozenset[int]:
        """The ports allowed."""
        return DEFAULT_PORTS if self.port is None else frozenset({self.port})

    def covers(self, other: Scope) -> bool:
        """Whether each request that ``other`` allows is allowed by this scope."""
        return (
            isinstance(other, HttpScope)
            and _host_covers(self.host, other.host)
            and other.ports <= self.ports
            and other.path[: len(self.path)] == self.path
            and (self.methods is None or (other.methods is not None and other.methods <= self.methods))
        )

    def meet(self, other: Scope) -> Scope | None:
        """The requests both scopes allow."""
        if not isinstance(other, HttpScope) or not (ports := self.ports & other.ports):
            return None
        if _host_covers(self.host, other.host):
            host = other.host
        elif _host_covers(other.host, self.host):
            host = self.host
        else:
            return None
        shorter, longer = sorted((self.path, other.path), key=len)
        if longer[: len(shorter)] != shorter:
            return None
        if self.methods is None or other.methods is None:
            methods = self.methods if other.methods is None else other.methods
        elif not (methods := self.methods & other.methods):
            return None
        return HttpScope(host, None if ports == DEFAULT_PORTS else next(iter(ports)), longer, methods)


def _host_covers(pattern: str, host: str) -> bool:
    if not pattern.startswith("*."):
        return pattern == host
    # No address ends in letters as a wildcard's name does, so "*.0.0.1" cannot come up here.
    return host == pattern or host.partition(".")[2] == pattern[2:]


def parse_http(text: str) -> HttpScope:
    """The scope written as ``HOST[:PORT][/PATH][#METHOD,METHOD]``.

    Raises:
        ValueError: not of this form, or open to more than one reading.
    """
    if any(ch <= " " or ch == "\x7f" or "\ud800" <= ch <= "\udfff" for ch in text):
        raise ValueError(f"{text!r} has spaces, control characters or invalid Unicode")
    if _SCHEME.match(text):
        raise ValueError(f"{text!r} has a scheme; leave it out, as in 'http:api.acme.test/v1'")
    address, hash_sign, methods = text.partition("#")
    authority, slash, path = address.partition("/")
    if "?" in address:
        raise ValueError(f"{text!r} has a query; capabilities end at the path, so leave out '?' and the rest")
    if "@" in authority:
        raise ValueError(f"{text!r} names a user; leave out everything up to '@'")
    host, port = _split_port(authority)
    return HttpScope(
        _parse_host(host),
        None if port is None else _parse_port(port),
        _parse_path(path) if slash else (),
        _parse_methods(methods) if hash_sign else DEFAULT_METHODS,
    )


def request_text(method: str, host: str, port: int, path: str = "/") -> str:
    """The capability that one concrete request needs, for :meth:`GrantSet.require`.

    Args:
        method: The method, as it will be sent.
        host: Host name or address, as in a URL (IPv6 in brackets).
        port: The port connected to.
        path: The path as it will be sent, percent-encoded, without the query.

    Raises:
        ValueError: a host or method whose text would change the meaning of the capability.
    """
    if set("/#?@,*") & set(host) or set("#,*") & set(method):
        raise ValueError(f"{method!r} {host!r} is no method and host")
    # A '#' in the path would end it, so it travels as the escape that a URL would need anyway.
    path = path.replace("#", "%23")
    return f"http:{host}:{port}{path if path.startswith('/') else '/' + path}#{method}"


def _split_port(authority: str) -> tuple[str, str | None]:
    if authority.startswith("["):
        host, bracket, rest = authority.partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{authority!r} is no IPv6 address and port; write '[2001:db8::1]:8080'")
        return host + "]", rest[1:] if rest else None
    if authority.count(":") > 1:
        raise ValueError(
            f"{authority!r} has several ':'; write an IPv6 address in brackets, as in '[2001:db8::1]'"
        )
    host, colon, port = authority.partition(":")
    return host, port if colon else None


def _parse_port(text: str) -> int:
    if not _PORT.fullmatch(text) or int(text) > 65535:
        raise ValueError(f"port {text!r} is not between 1 and 65535")
    return int(text)


def _parse_host(text: str) -> str:
    if text == "*":
        raise ValueError("'*' would be every host there is; name the host, or its domain as in '*.acme.test'")
    if text.startswith("["):
        return _parse_v6(text[1:-1])
    wildcard, name = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    name = _to_ascii(name)
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(
            f"{text!r} is no host name; write it as in 'api.acme.test', with '*' only as its first label"
        )
    if _NUMERIC.fullmatch(labels[-1]):
        # Resolvers read 127.1, 0x7f.1 and 2130706433 as 127.0.0.1. Only the plain form passes.
        return wildcard + _parse_v4(text, wildcard)
    if wildcard and len(labels) < 2:
        raise ValueError(f"{text!r} would be a whole top-level domain; name at least two labels after '*'")
    return wildcard + name


def _to_ascii(name: str) -> str:
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise ValueError(f"{name!r} is no international host name") from error
    name = name.lower()
    return name[:-1] if name.endswith(".") else name


def _parse_v4(text: str, wildcard: str) -> str:
    import ipaddress

    try:
        if wildcard:
            raise ValueError("wildcard address")
        return str(ipaddress.IPv4Address(_to_ascii(text)))
    except ValueError:
        raise ValueError(
            f"{text!r} is no IPv4 address; write four decimal numbers, as in '192.0.2.7'"
        ) from None


def _parse_v6(text: str) -> str:
    import ipaddress

    try:
        if "%" in text:
            raise ValueError("zone")
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise ValueError(
            f"'[{text}]' is no IPv6 address; write it as in '[2001:db8::1]', without a zone"
        ) from None
    # An IPv4-mapped address is connected to over IPv4, so it must be granted as one.
    return str(address.ipv4_mapped) if address.ipv4_mapped else f"[{address.compressed}]"


def _parse_methods(text: str) -> frozenset[str] | None:
    methods = [method.strip().upper() for method in text.split(",")]
    if "*" in methods:
        return None
    if not all(_METHOD.fullmatch(method) for method in methods):
        raise ValueError(f"'#{text}' is no list of methods; write '#GET,POST', or '#*' for all")
    return frozenset(methods)


def _parse_path(path: str) -> tuple[str, ...]:
    """Segments in RFC 3986 normal form: sections 6.2.2.1 to 6.2.2.3."""
    if _BAD_PERCENT.search(path):
        raise ValueError(f"'/{path}' has a '%' that begins no valid escape; write '%25' for the sign itself")
    segments = [_normal_segment(segment) for segment in path.split("/")]
    if any(_hides_dots(segment) for segment in segments):
        raise ValueError(
            f"'/{path}' hides '.', '..' or a zero byte behind an escape; write the path it leads to"
        )
    dots = any(segment in (".", "..") for segment in segments)
    if dots and "" in segments[:-1]:
        # Some servers merge "//" before they follow "..", some after; the two end in different places.
        raise ValueError(f"'/{path}' mixes empty segments with '.' or '..'; write the path it leads to")
    if dots:
        segments = _without_dots(segments)
    while segments and segments[-1] == "":
        segments.pop()
    return tuple(segments)


def _normal_segment(segment: str) -> str:
    def escape(match: re.Match[str]) -> str:
        char = chr(int(match[1], 16))
        return char if char in _UNRESERVED else match[0].upper()

    return quote(_ESCAPE.sub(escape, segment), safe="%:@!$&'()*+,;=~\\")


def _hides_dots(segment: str) -> bool:
    """Whether a server that decodes more than once, or splits on more than '/', would see dots."""
    if segment in (".", ".."):
        return False
    for _ in range(4):
        decoded = unquote(segment)
        if decoded == segment:
            break
        segment = decoded
    else:
        return True
    return "\0" in segment or any(
        part.partition(";")[0].strip() in (".", "..") for part in re.split(r"[/\\]", segment)
    )


def _without_dots(segments: list[str]) -> list[str]:
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return kept
