"""``hyperhost:host/http``: requests to hosts that were granted, and to nothing behind them.

Each hop is checked by itself: method, host, port and path against the grants, then every address
the name resolves to. An address that is not public passes only if it is granted *as an address*,
so that neither DNS nor a redirect leads into the operator's network. The connection goes to the
addresses that were checked; the name is not resolved again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from hyperhost.contracts import CONTRACT_VERSION
from hyperhost.contracts.types import U16, U32
from hyperhost.errors import CapabilityDeniedError
from hyperhost.sandbox.call import Call
from hyperhost.sandbox.interface import Err, HostInterface, hostfunction
from hyperhost.sandbox.interfaces.addresses import is_public
from hyperhost.sandbox.interfaces.http_url import (
    Url,
    UrlRefusedError,
    capability_text,
    check_headers,
    check_method,
    parse_url,
    redirect_url,
)
from hyperhost.sandbox.services import TransportError, WireRequest, WireResponse

__all__ = ["MAX_REDIRECTS", "HttpError", "HttpInterface", "HttpRequest", "HttpResponse"]

MAX_REDIRECTS = 5
_MAX_ADDRESSES = 8
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CREDENTIALS = frozenset({"authorization", "cookie"})

Kind = Literal["denied", "timeout", "too-large", "dns", "connect", "tls", "protocol", "redirects"]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request.

    Attributes:
        method: Letters, in any case.
        url: Absolute http or https URL, percent-encoded, without credentials.
        headers: In order. The host sets Host, Content-Length, Accept-Encoding and connection headers.
        body: Sent as it is; may be empty.
        timeout_ms: For everything together, redirects included; the call's deadline holds in any case.
    """

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes
    timeout_ms: U32 | None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The answer to the last request, after redirects.

    Attributes:
        status: 200 to 999.
        headers: In order, names in lower case.
        body: As it came, content encodings left alone.
        url: Where it came from.
    """

    status: U16
    headers: list[tuple[str, str]]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class HttpError:
    """Why there is no answer. What a grant does not allow is no such error: it ends the call.

    Attributes:
        kind: ``denied`` (never carried, whatever is granted), ``timeout``, ``too-large``, ``dns``,
            ``connect``, ``tls``, ``protocol`` (malformed on either side) or ``redirects`` (too many).
        message: For a person.
    """

    kind: Kind
    message: str


@dataclass(frozen=True, slots=True)
class _Hop:
    method: str
    url: Url
    headers: list[tuple[str, str]]
    body: bytes


class HttpInterface(HostInterface):
    """Makes HTTP/1.1 requests within grants such as ``http:api.acme.test/v1#GET,POST``."""

    name: ClassVar[str] = f"hyperhost:host/http@{CONTRACT_VERSION}"
    capability: ClassVar[str] = "http"

    def _needed(self, call: Call, request: HttpRequest) -> str:
        """The capability of the first request.

        A malformed request goes nowhere, so it needs only what lets the plugin speak HTTP at all; the
        body then answers with the error.
        """
        try:
            return capability_text(check_method(request.method), parse_url(request.url))
        except UrlRefusedError:
            held = (capability.text for capability in call.grants.effective if capability.kind == "http")
            return next(held, "http:HOST")

    @hostfunction(requires=_needed, error=HttpError)
    def fetch(self, call: Call, request: HttpRequest) -> HttpResponse:
        """Make a request and follow up to five redirects.

        Raises:
            Err: with an :class:`HttpError`, when there is no answer.
            CapabilityDeniedError: a hop, or an address behind it, is outside the grant.
            DeadlineError: the call's time is up.
            HostBytesLimitError: redirects and failed answers moved too many bytes.
        """
        try:
            check_headers(request.headers)
            hop = _Hop(
                check_method(request.method), parse_url(request.url), _sent_headers(request), request.body
            )
            remaining = _Remaining(call, request.timeout_ms)
            for _ in range(MAX_REDIRECTS + 1):
                answer, moved = _exchange(call, hop, remaining)
                following = _following(hop, answer)
                if following is None:
                    return HttpResponse(answer.status, answer.headers, answer.body, hop.url.text)
                call.charge_bytes(moved)  # the gate sees only the first request and the last answer
                hop = following
        except UrlRefusedError as error:
            raise _refused(error) from error
        except TransportError as error:
            raise Err(HttpError(error.kind, str(error))) from error
        raise Err(
            HttpError("redirects", f"more than {MAX_REDIRECTS} redirects, the last to {hop.url.text[:200]}")
        )


class _Remaining:
    """Seconds left to a fetch: those of the call, or of the request's own timeout if they are fewer."""

    def __init__(self, call: Call, timeout_ms: int | None) -> None:
        self._call = call
        self._clock = call.services.clock
        self._end_ns = None if timeout_ms is None else self._clock.monotonic_ns() + timeout_ms * 1_000_000

    def __call__(self) -> float:
        left_s = self._call.remaining_s()
        if self._end_ns is None:
            return left_s
        own_s = (self._end_ns - self._clock.monotonic_ns()) / 1e9
        if own_s <= 0:
            raise TransportError("timeout", "the request's timeout is over")
        return min(left_s, own_s)


def _exchange(call: Call, hop: _Hop, remaining: _Remaining) -> tuple[WireResponse, int]:
    """One checked exchange: the answer and the bytes it moved."""
    call.require(capability_text(hop.method, hop.url))
    request = WireRequest(
        method=hop.method,
        scheme=hop.url.scheme,
        host=hop.url.host,
        port=hop.url.port,
        target=hop.url.path + hop.url.query,
        addresses=_checked_addresses(call, hop, remaining),
        headers=hop.headers,
        body=hop.body,
        max_body=min(call.limits.output_bytes, call.limits.host_byte_count),
    )
    moved = 0

    def count(size: int) -> None:
        nonlocal moved
        moved += size

    try:
        return call.services.transport().send(request, remaining, count), moved
    except TransportError:
        call.charge_bytes(moved)
        raise


def _checked_addresses(call: Call, hop: _Hop, remaining: _Remaining) -> list[str]:
    if hop.url.is_address:
        found = [hop.url.host]
    else:
        try:
            found = call.services.resolver.resolve(hop.url.host, hop.url.port, remaining())
        except TimeoutError as error:
            remaining()
            raise TransportError("timeout", f"no address for {hop.url.host} in time") from error
        except OSError as error:
            raise TransportError("dns", f"no address for {hop.url.host}: {error}") from error
    if not found:
        raise TransportError("dns", f"no address for {hop.url.host}")
    addresses = [address.partition("%")[0] for address in found[:_MAX_ADDRESSES]]
    for address in addresses:
        if not is_public(address):
            _require_address(call, hop, address)
    return addresses


def _require_address(call: Call, hop: _Hop, address: str) -> None:
    try:
        call.require(capability_text(hop.method, hop.url, address))
    except CapabilityDeniedError as error:
        if address == hop.url.host:
            raise
        raise CapabilityDeniedError(
            f"{hop.url.host} leads to {address}, which is not a public address and not granted as one",
            plugin=call.plugin,
            hook=call.hook,
            hint=error.hint,
        ) from error


def _following(hop: _Hop, answer: WireResponse) -> _Hop | None:
    """The next hop, if the answer is a redirect."""
    location = next((value for name, value in answer.headers if name == "location"), None)
    if answer.status not in _REDIRECTS or location is None:
        return None
    url = redirect_url(hop.url, location)
    following = replace(hop, url=url)
    if answer.status in (301, 302, 303) and hop.method not in ("GET", "HEAD"):
        kept = [(name, value) for name, value in hop.headers if not name.lower().startswith("content-")]
        following = replace(following, method="GET", headers=kept, body=b"")
    if (url.scheme, url.host, url.port) != (hop.url.scheme, hop.url.host, hop.url.port):
        kept = [(name, value) for name, value in following.headers if name.lower() not in _CREDENTIALS]
        following = replace(following, headers=kept)
    return following


def _sent_headers(request: HttpRequest) -> list[tuple[str, str]]:
    """The guest's headers, with the encodings that keep a body as large as it looks."""
    headers = [(name, value) for name, value in request.headers if name.lower() != "accept-encoding"]
    if not any(name.lower() == "user-agent" for name, _ in headers):
        headers.append(("User-Agent", "hyperhost"))
    return [*headers, ("Accept-Encoding", "identity")]


def _refused(error: UrlRefusedError) -> Err[HttpError]:
    return Err(HttpError("denied" if error.denied else "protocol", str(error)))
