"""The http interface against servers that are slow, endless or wrong, and malformed requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from http_asking import failure, request

from hyperhost.errors import CapabilityDeniedError, DeadlineError, HostBytesLimitError
from hyperhost.sandbox.interfaces.http import HttpRequest
from hyperhost.sandbox.services import Services

# --- time -------------------------------------------------------------------------------------


def drip(head: bytes, drop: bytes) -> Callable[..., None]:
    def talk(accepted):
        accepted.recv(65536)
        accepted.sendall(head)
        while True:
            accepted.sendall(drop)
            time.sleep(0.02)

    return talk


DRIPS = {
    "status": (b"", b"H"),
    "header": (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"z"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nz\r\n"),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "interim": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("part", DRIPS)
def test_dripping_server_holds_nobody_past_the_deadline(guest, serve_raw, part):
    server = serve_raw(drip(*DRIPS[part]))
    began = time.monotonic()
    with pytest.raises(DeadlineError, match="deadline of 300 ms"):
        guest(f"http:127.0.0.1:{server.port}", deadline="300ms")(
            "http.fetch", request(f"http://127.0.0.1:{server.port}/")
        )
    assert 0.29 < time.monotonic() - began < 1.5


@pytest.mark.parametrize("part", ["status", "body"])
def test_dripping_server_holds_nobody_past_the_requests_own_timeout(guest, serve_raw, part):
    server = serve_raw(drip(*DRIPS[part]))
    began = time.monotonic()
    asked = request(f"http://127.0.0.1:{server.port}/", timeout_ms=200)
    assert failure(guest(f"http:127.0.0.1:{server.port}"), asked).kind == "timeout"
    assert 0.19 < time.monotonic() - began < 1.5


def test_timeout_of_nothing_is_over_at_once(guest, serve):
    server = serve()
    asked = request(f"http://127.0.0.1:{server.port}/", timeout_ms=0)
    assert failure(guest(f"http:127.0.0.1:{server.port}"), asked).kind == "timeout"


def test_server_that_reads_nothing_holds_nobody_past_the_timeout(guest, serve_raw):
    done = threading.Event()
    server = serve_raw(lambda accepted: done.wait(5))
    began = time.monotonic()
    asked = request(f"http://127.0.0.1:{server.port}/", "POST", body=b"x" * 30_000_000, timeout_ms=200)
    failed = failure(guest(f"http:127.0.0.1:{server.port}#POST", host_bytes="64MiB"), asked)
    assert failed.kind == "timeout"
    assert time.monotonic() - began < 2
    done.set()


def test_silent_tls_handshake_ends_at_the_timeout(guest, serve_raw):
    done = threading.Event()
    server = serve_raw(lambda accepted: done.wait(5))
    asked = request(f"https://127.0.0.1:{server.port}/", timeout_ms=200)
    assert failure(guest(f"http:127.0.0.1:{server.port}"), asked).kind == "timeout"
    done.set()


def test_resolver_that_hangs_ends_at_the_timeout(guest):
    class Hanging:
        def resolve(self, host: str, port: int, timeout_s: float) -> list[str]:
            time.sleep(timeout_s)
            raise TimeoutError

    fetching = guest("http:slow.test", services=Services(resolver=Hanging()))
    assert failure(fetching, request("http://slow.test/", timeout_ms=100)).kind == "timeout"
    with pytest.raises(DeadlineError):
        guest("http:slow.test", services=Services(resolver=Hanging()), deadline="100ms")(
            "http.fetch", request("http://slow.test/")
        )


# --- size -------------------------------------------------------------------------------------


def pour(head: bytes, drop: bytes) -> Callable[..., None]:
    def talk(accepted):
        accepted.recv(65536)
        accepted.sendall(head)
        while True:
            accepted.sendall(drop)

    return talk


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 65536),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"e" * 60000 + b"\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: " + b"y" * 4096 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65536),
        (b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 4096 + b"\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\nX: " + b"y" * 4096 + b"\r\n\r\n"),
    ],
    ids=["endless", "announced", "chunked", "chunk-extensions", "trailers", "header", "headers", "interim"],
)
def test_endless_answer_is_too_large(guest, serve_raw, head, drop):
    server = serve_raw(pour(head, drop))
    fetching = guest(f"http:127.0.0.1:{server.port}", output="200kB")
    failed = failure(fetching, request(f"http://127.0.0.1:{server.port}/"))
    assert failed.kind == "too-large", failed
    assert fetching.call.host_bytes < 1_000_000


def test_body_of_exactly_the_limit_passes_and_one_more_byte_does_not(guest, serve, answer):
    server = serve()
    server.answer = lambda handler: answer(handler, 200, b"x" * int(handler.path[1:]))
    fetching = guest(f"http:127.0.0.1:{server.port}", output=1000)
    assert len(fetching("http.fetch", request(f"http://127.0.0.1:{server.port}/1000")).body) == 1000
    assert failure(fetching, request(f"http://127.0.0.1:{server.port}/1001")).kind == "too-large"


def test_refused_answers_count_towards_the_byte_limit(guest, serve_raw):
    server = serve_raw(pour(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536))
    fetching = guest(f"http:127.0.0.1:{server.port}", output="50kB", host_bytes="200kB")
    failure(fetching, request(f"http://127.0.0.1:{server.port}/"))
    assert fetching.call.host_bytes > 50_000
    fetching.call.charge_bytes(199_999 - fetching.call.host_bytes)
    with pytest.raises(HostBytesLimitError):
        fetching("http.fetch", request(f"http://127.0.0.1:{server.port}/"))


def test_many_headers_are_refused(guest, serve_raw):
    raw = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X%d: y\r\n" % number for number in range(200)) + b"\r\n"
    server = serve_raw(lambda accepted: (accepted.recv(4096), accepted.sendall(raw)))
    failed = failure(guest(f"http:127.0.0.1:{server.port}"), request(f"http://127.0.0.1:{server.port}/"))
    assert (failed.kind, "100 headers" in failed.message) == ("protocol", True)


# --- malformed on either side -----------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"\x16\x03\x01\x00\x05hello",
    ],
)
def test_answer_that_is_not_http_is_a_protocol_error(guest, serve_raw, raw):
    server = serve_raw(lambda accepted: (accepted.recv(4096), accepted.sendall(raw)))
    assert (
        failure(guest(f"http:127.0.0.1:{server.port}"), request(f"http://127.0.0.1:{server.port}/")).kind
        == "protocol"
    )


def test_folded_header_cannot_smuggle_a_line_to_the_guest(guest, serve_raw):
    raw = b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n"
    server = serve_raw(lambda accepted: (accepted.recv(4096), accepted.sendall(raw)))
    got = guest(f"http:127.0.0.1:{server.port}")("http.fetch", request(f"http://127.0.0.1:{server.port}/"))
    assert ("x", "a b") in got.headers


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (request("http://127.0.0.1:{port}/\r\nX: y"), "protocol"),
        (request("http://127.0.0.1:{port}/ a"), "protocol"),
        (request("http://127.0.0.1:{port}/\N{LATIN SMALL LETTER A WITH DIAERESIS}"), "protocol"),
        (request("http://127.0.0.1:{port}/%zz"), "protocol"),
        (request("http://user:secret@127.0.0.1:{port}/"), "denied"),
        (request("http://127.0.0.1:{port}@evil.test/"), "denied"),
        (request("http://127.0.0.1:{port}\\@evil.test/"), "protocol"),
        (request("ftp://127.0.0.1:{port}/"), "protocol"),
        (request("//127.0.0.1:{port}/"), "protocol"),
        (request("http:///x"), "protocol"),
        (request("http://127.0.0.1:0/"), "protocol"),
        (request("http://127.0.0.1:+80/"), "protocol"),
        (request("http://[::1]x:{port}/"), "protocol"),
        (request("http://[::1%25eth0]:{port}/"), "protocol"),
        (request("http://127.0.0.1:{port}/" + "a" * 9000), "protocol"),
        (request(""), "protocol"),
        (request("http://127.0.0.1:{port}/", "GET\r\nX: y"), "protocol"),
        (request("http://127.0.0.1:{port}/", ""), "protocol"),
        (request("http://127.0.0.1:{port}/", "CONNECT"), "denied"),
        (request("http://127.0.0.1:{port}/", "TRACE"), "denied"),
        (request("http://127.0.0.1:{port}/", headers=[("X", "a\r\nY: b")]), "protocol"),
        (request("http://127.0.0.1:{port}/", headers=[("X", "a\nb")]), "protocol"),
        (request("http://127.0.0.1:{port}/", headers=[("X", "a\x00b")]), "protocol"),
        (request("http://127.0.0.1:{port}/", headers=[("X", "\u20ac")]), "protocol"),
        (request("http://127.0.0.1:{port}/", headers=[("X: y\r\nZ", "a")]), "protocol"),
        (request("http://127.0.0.1:{port}/", headers=[("", "a")]), "protocol"),
        (request("http://127.0.0.1:{port}/", headers=[("X ", "a")]), "protocol"),
        (request("http://127.0.0.1:{port}/", headers=[("hOst", "evil.test")]), "denied"),
        (request("http://127.0.0.1:{port}/", headers=[("Content-Length", "5")]), "denied"),
        (request("http://127.0.0.1:{port}/", headers=[("Transfer-Encoding", "chunked")]), "denied"),
        (request("http://127.0.0.1:{port}/", headers=[("Connection", "upgrade")]), "denied"),
        (request("http://127.0.0.1:{port}/", headers=[("Proxy-Authorization", "a")]), "denied"),
        (request("http://127.0.0.1:{port}/", headers=[("X", "a")] * 101), "protocol"),
        (request("http://127.0.0.1:{port}/", headers=[("X", "a" * 40_000)]), "protocol"),
    ],
)
def test_request_that_could_be_read_two_ways_never_leaves(guest, serve, asked, kind):
    server = serve()
    ported = HttpRequest(
        asked.method, asked.url.replace("{port}", str(server.port)), asked.headers, b"", None
    )
    assert failure(guest(f"http:127.0.0.1:{server.port}#*"), ported).kind == kind
    assert server.seen == []


def test_malformed_request_without_any_grant_is_denied(guest):
    with pytest.raises(CapabilityDeniedError):
        guest("log")("http.fetch", request("no url"))
