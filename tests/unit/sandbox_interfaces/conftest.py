"""A real call, real grants and real servers for the tests of host interfaces."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hyperhost.capabilities.grants import GrantSet
from hyperhost.contracts.limits import Limits
from hyperhost.errors import CapabilityDeniedError
from hyperhost.sandbox.call import Budget, Call
from hyperhost.sandbox.interfaces import builtin_interfaces
from hyperhost.sandbox.services import Services


class Guest:
    """Calls host functions as the gate does: what it requires is checked, then the body runs."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self._interfaces = {each.name.partition("@")[0]: each.functions() for each in builtin_interfaces()}

    def __call__(self, function: str, *arguments: Any) -> Any:
        interface, _, name = function.partition(".")
        found = self._interfaces[f"hyperhost:host/{interface}"][name]
        self.call.begin_host_call()
        needed = found.requires(self.call, *arguments)
        if not needed and not found.unprivileged:
            raise CapabilityDeniedError("names no capability")
        for capability in needed:
            self.call.require(capability)
        return found.body(self.call, *arguments)


@pytest.fixture
def services() -> Iterator[Services]:
    made = Services()
    yield made
    made.close()


@pytest.fixture
def guest(services: Services) -> Callable[..., Guest]:
    """Makes guests: ``guest("log", "kv", plugin="scan", deadline="2s")``."""

    def make(
        *grants: str,
        plugin: str = "scan",
        config: dict[str, object] | None = None,
        services: Services = services,
        **limits: Any,
    ) -> Guest:
        limits.setdefault("deadline", "5s")
        return Guest(
            Call(
                plugin,
                "check_text",
                Budget(Limits(**limits)),
                GrantSet(plugin, None, grants),
                config or {},
                services,
                {},
            )
        )

    return make


class Server:
    """An HTTP server on 127.0.0.1; ``answer`` decides what a request gets, ``seen`` keeps requests."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: reply(handler, 200, b"hello")
        server = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                headers = {name.lower(): value for name, value in self.headers.items()}
                server.seen.append((self.command, self.path, headers, body))
                server.answer(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any

            def log_message(self, *arguments: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # clients that hang up are what these tests are about

        self._server = Quiet(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def answer() -> Callable[..., None]:
    return reply


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(tls: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


class RawServer:
    """Accepts connections on 127.0.0.1 and hands each to ``talk`` on a thread of its own."""

    def __init__(self, talk: Callable[[socket.socket], None]) -> None:
        self._talk = talk
        self.connections = 0
        self.stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.02)
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                accepted, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            accepted.settimeout(10)
            self._threads.append(threading.Thread(target=self._serve, args=(accepted,)))
            self._threads[-1].start()

    def _serve(self, accepted: socket.socket) -> None:
        with accepted, contextlib.suppress(OSError):  # the client may hang up
            self._talk(accepted)

    def close(self) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()


@pytest.fixture
def serve_raw() -> Iterator[Callable[..., RawServer]]:
    servers: list[RawServer] = []

    def start(talk: Callable[[socket.socket], None]) -> RawServer:
        servers.append(RawServer(talk))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for the name registry.test, with its key, in one PEM file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, pem = folder / "key.pem", folder / "both.pem"
    command = f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=registry.test".split()
    command += ["-addext", "subjectAltName=DNS:registry.test"]
    command += ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    subprocess.run([*command, "-keyout", key, "-out", pem], check=True, capture_output=True)
    pem.write_text(pem.read_text() + key.read_text())
    return pem
