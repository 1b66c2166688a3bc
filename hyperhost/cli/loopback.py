"""Where a browser comes back to after a login elsewhere: a port of this machine (RFC 8252)."""

from __future__ import annotations

import secrets
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Final
from urllib.parse import urlsplit

from hyperhost.errors import AuthenticationError

__all__ = ["Listener"]

_WAIT_S: Final = 300
_QUERY_MAX: Final = 8_192
_PAGE: Final = b"<!doctype html><title>HyperHost</title><p>You can close this window.</p>"


class Listener:
    """Listens at an address that nobody can guess, until the browser has come back."""

    def __init__(self) -> None:
        self._query: str | None = None
        self._path = f"/{secrets.token_urlsafe(16)}"
        listener = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                found = parts.path == listener._path and len(parts.query) <= _QUERY_MAX
                if found and listener._query is None:
                    listener._query = parts.query
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(_PAGE) if found else 0))
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                if found:
                    self.wfile.write(_PAGE)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is declared
                """Nothing: the address holds the code."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._server.timeout = 1

    @property
    def address(self) -> str:
        """What the provider sends the browser back to."""
        return f"http://127.0.0.1:{self._server.server_port}{self._path}"

    def wait(self) -> str:
        """The query that the browser came back with.

        Raises:
            AuthenticationError: it did not, for five minutes.
        """
        latest = time.monotonic() + _WAIT_S
        while self._query is None:
            if time.monotonic() > latest:
                raise AuthenticationError("nobody came back from the login", hint="begin it anew")
            self._server.handle_request()
        return self._query

    def __enter__(self) -> Listener:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()
