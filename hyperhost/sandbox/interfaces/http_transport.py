"""One HTTP/1.1 exchange over a connection to an address that was checked beforehand.

Built on ``http.client``, which parses, over a socket that is ours: it connects to the given
addresses only, and before each wait it asks how much time is left. A server that sends one byte
a second therefore holds nobody longer than the deadline. Neither proxies nor ``.netrc`` are read.

Imported at the first request only: ``http.client`` and ``ssl`` load slowly.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final, cast

from hyperhost.sandbox.interfaces.http_url import Url
from hyperhost.sandbox.services import TransportError, WireRequest, WireResponse

__all__ = ["SocketTransport"]

MAX_HEAD: Final = 64 * 1024
_CHUNK: Final = 64 * 1024
_MIN_TIMEOUT_S: Final = 0.001  # a timeout of 0 would make the socket non-blocking
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class SocketTransport:
    """Carries requests over sockets, one connection each.

    Args:
        tls: Context for https; by default one that trusts what the operating system trusts.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls

    def send(
        self, request: WireRequest, remaining_s: Callable[[], float], moved: Callable[[int], None]
    ) -> WireResponse:
        """Make one exchange (see :class:`hyperhost.sandbox.services.HttpTransport`).

        The body of a redirect is not read; its place is empty in the answer.

        Raises:
            TransportError: the exchange failed.
        """
        opened = _connect(request, remaining_s)
        try:
            if request.scheme == "https":
                opened = self._wrap(opened, request, remaining_s)
            return _exchange(_Stream(opened, remaining_s, moved), request)
        except TimeoutError as error:
            remaining_s()
            raise TransportError("timeout", f"{request.host} did not answer in time") from error
        except http.client.LineTooLong as error:
            raise TransportError("too-large", f"{request.host} sent an overlong header line") from error
        except (http.client.HTTPException, OSError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise TransportError("protocol", f"exchange with {request.host} broke off: {reason}") from error
        finally:
            opened.close()

    def _wrap(
        self, plain: socket.socket, request: WireRequest, remaining_s: Callable[[], float]
    ) -> socket.socket:
        context = self._tls
        if context is None:
            context = ssl.create_default_context()
            context.set_alpn_protocols(["http/1.1"])
            self._tls = context
        plain.settimeout(max(remaining_s(), _MIN_TIMEOUT_S))
        try:
            return context.wrap_socket(plain, server_hostname=request.host)
        except TimeoutError:
            raise
        except (OSError, ValueError) as error:  # SSLError is an OSError
            raise TransportError("tls", f"no trusted connection to {request.host}: {error}") from error


def _connect(request: WireRequest, remaining_s: Callable[[], float]) -> socket.socket:
    failure: OSError | None = None
    for position, address in enumerate(request.addresses):
        opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            # An address that swallows packets must leave time for the ones after it.
            share_s = remaining_s() / (len(request.addresses) - position)
            opened.settimeout(max(share_s, _MIN_TIMEOUT_S))
            opened.connect((address, request.port))
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            opened.close()
            failure = error
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    remaining_s()
    kind: Any = "timeout" if isinstance(failure, TimeoutError) else "connect"
    raise TransportError(kind, f"no connection to {request.host} port {request.port}: {failure}")


def _exchange(stream: _Stream, request: WireRequest) -> WireResponse:
    connection = http.client.HTTPConnection("unused")
    connection.sock = cast("Any", stream)
    url = Url(request.scheme, request.host, request.port, "/", "")
    connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", url.authority)
    for name, value in request.headers:
        connection.putheader(name, value)
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(request.body)))
    connection.putheader("Connection", "close")
    connection.endheaders(request.body or None)
    with connection.getresponse() as response:
        if response.status < 200:
            raise TransportError(
                "protocol", f"{request.host} answered with the interim status {response.status}"
            )
        headers = [(name.lower(), _unfolded(value)) for name, value in response.getheaders()]
        body = b""
        if response.status not in REDIRECTS or response.headers["location"] is None:
            stream.expect_body(request.max_body)
            body = _read_body(response, request)
        return WireResponse(response.status, headers, body)


def _read_body(response: http.client.HTTPResponse, request: WireRequest) -> bytes:
    too_large = TransportError("too-large", f"{request.host} sent a body over {request.max_body:,} bytes")
    if (response.length or 0) > request.max_body:
        raise too_large
    body = bytearray()
    while chunk := response.read(_CHUNK):
        body += chunk
        if len(body) > request.max_body:
            raise too_large
    if response.length:  # read() in pieces does not notice an early end by itself
        raise TransportError("protocol", f"{request.host} ended the body {response.length:,} bytes early")
    return bytes(body)


def _unfolded(value: str) -> str:
    return " ".join(part.strip() for part in value.splitlines()) if "\n" in value or "\r" in value else value


class _Stream:
    """What ``http.client`` takes for its socket: each wait is bounded, each byte is counted."""

    def __init__(
        self, opened: socket.socket, remaining_s: Callable[[], float], moved: Callable[[int], None]
    ) -> None:
        self._socket = opened
        self._remaining_s = remaining_s
        self._moved = moved
        self._allowance = MAX_HEAD

    def expect_body(self, max_body: int) -> None:
        """Allow for a body of ``max_body`` bytes and the overhead of reasonable chunks."""
        self._allowance += 2 * max_body

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._socket.settimeout(max(self._remaining_s(), _MIN_TIMEOUT_S))
            sent = self._socket.send(view[:_CHUNK])
            self._moved(sent)
            view = view[sent:]

    def receive_into(self, buffer: memoryview) -> int:
        self._socket.settimeout(max(self._remaining_s(), _MIN_TIMEOUT_S))
        received = self._socket.recv_into(buffer)
        self._moved(received)
        self._allowance -= received
        if self._allowance < 0:
            raise TransportError("too-large", "the server sent more headers or framing than is accepted")
        return received

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Raw(self))

    def close(self) -> None:
        """Nothing: ``http.client`` closes before the body is read; the transport closes the real socket."""


class _Raw(io.RawIOBase):
    """The reading side of a :class:`_Stream`, as the buffered reader wants it."""

    def __init__(self, stream: _Stream) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` with what has arrived, waiting for at least one byte."""
        return self._stream.receive_into(memoryview(buffer))
