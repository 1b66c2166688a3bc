"""The http interface against real servers on 127.0.0.1: what it carries, and what it must never do."""

from __future__ import annotations

import ssl
import time

import pytest
from http_asking import failure, request

from hyperhost.errors import CapabilityDeniedError, DeadlineError, HostBytesLimitError
from hyperhost.sandbox.interface import Err
from hyperhost.sandbox.interfaces.http_transport import SocketTransport
from hyperhost.sandbox.services import Services


class Names:
    """A resolver with a script: each name answers with its lists in turn, the last one for ever."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): lists for name, lists in answers.items()}
        self.asked: list[str] = []

    def resolve(self, host: str, port: int, timeout_s: float) -> list[str]:
        self.asked.append(host)
        if host not in self.answers:
            raise OSError("no such name")
        lists = self.answers[host]
        return lists.pop(0) if len(lists) > 1 else lists[0]


# --- what it carries --------------------------------------------------------------------------


def test_get_carries_status_headers_body_and_url(guest, serve, answer):
    server = serve()
    server.answer = lambda handler: answer(
        handler, 203, b"\x00\xff" * 10, **{"X-Kind": "a", "Content-Encoding": "gzip"}
    )
    got = guest(f"http:127.0.0.1:{server.port}")(
        "http.fetch", request(f"http://127.0.0.1:{server.port}/a%20b?q=1#part", headers=[("X-Mine", "1")])
    )
    assert (got.status, got.body) == (203, b"\x00\xff" * 10)
    assert ("x-kind", "a") in got.headers
    assert ("content-encoding", "gzip") in got.headers
    assert got.url == f"http://127.0.0.1:{server.port}/a%20b?q=1"
    ((method, path, headers, body),) = server.seen
    assert (method, path, body) == ("GET", "/a%20b?q=1", b"")
    assert headers == {
        "host": f"127.0.0.1:{server.port}",
        "x-mine": "1",
        "user-agent": "hyperhost",
        "accept-encoding": "identity",
        "connection": "close",
    }


def test_post_carries_its_body_whatever_the_case_of_the_method(guest, serve):
    server = serve()
    body = bytes(range(256)) * 1000
    guest(f"http:127.0.0.1:{server.port}/in#POST")(
        "http.fetch", request(f"HTTP://127.0.0.1:{server.port}/in", "post", [("Accept-Encoding", "br")], body)
    )
    method, _, headers, received = server.seen[0]
    assert (method, received, headers["accept-encoding"]) == ("POST", body, "identity")


def test_head_has_no_body(guest, serve):
    server = serve()
    assert (
        guest(f"http:127.0.0.1:{server.port}")(
            "http.fetch", request(f"http://127.0.0.1:{server.port}", "HEAD")
        ).body
        == b""
    )


def test_chunked_and_close_delimited_bodies_arrive_whole(guest, serve_raw):
    answers = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nabcde",
    ]
    for raw in answers:
        server = serve_raw(lambda accepted, raw=raw: (accepted.recv(4096), accepted.sendall(raw)))
        got = guest(f"http:127.0.0.1:{server.port}")(
            "http.fetch", request(f"http://127.0.0.1:{server.port}/")
        )
        assert got.body == b"abcde"


def test_neither_proxy_settings_nor_netrc_are_read(guest, serve, monkeypatch, tmp_path):
    server = serve()
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b")
    monkeypatch.setenv("HOME", str(tmp_path))
    guest(f"http:127.0.0.1:{server.port}")("http.fetch", request(f"http://127.0.0.1:{server.port}/"))
    assert "authorization" not in server.seen[0][2]


# --- outside the grant ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grant", "method", "path"),
    [
        ("http:127.0.0.1:{port}/api", "POST", "/api"),
        ("http:127.0.0.1:{port}/api", "GET", "/apix"),
        ("http:127.0.0.1:{port}/api", "GET", "/"),
        ("http:127.0.0.1:{port}/api#POST", "GET", "/api"),
        ("http:127.0.0.1:1", "GET", "/"),
        ("http:127.0.0.1", "GET", "/"),
        ("http:127.0.0.2:{port}", "GET", "/"),
    ],
)
def test_method_path_port_or_host_outside_the_grant_never_leaves(guest, serve, grant, method, path):
    server = serve()
    with pytest.raises(
        CapabilityDeniedError, match=r"capability 'http:127\.0\.0\.1:\d+.*' is not granted"
    ) as caught:
        guest(grant.format(port=server.port))(
            "http.fetch", request(f"http://127.0.0.1:{server.port}{path}", method)
        )
    assert "hyperhost plugin grant scan" in caught.value.hint
    assert server.seen == []


@pytest.mark.parametrize(
    "path",
    [
        "/api/../admin",
        "/api/%2e%2e/admin",
        "/api/.%2E/admin",
        "/api/..%2fadmin",
        "/api/%252e%252e/admin",
        "/api/..\\admin",
        "/api/..;/admin",
    ],
)
def test_path_that_leads_out_of_the_granted_one_never_leaves(guest, serve, path):
    server = serve()
    failed = failure(
        guest(f"http:127.0.0.1:{server.port}/api"), request(f"http://127.0.0.1:{server.port}{path}")
    )
    assert failed.kind == "protocol"
    assert server.seen == []


def test_ungranted_names_are_not_even_resolved(guest):
    names = Names()
    with pytest.raises(CapabilityDeniedError):
        guest("http:api.acme.test", services=Services(resolver=names))(
            "http.fetch", request("http://secret.evil.test/")
        )
    assert names.asked == []


def test_revocation_binds_the_next_hop(guest, serve, answer):
    server = serve()
    fetching = guest(f"http:127.0.0.1:{server.port}")

    def revoke_and_redirect(handler):
        fetching.call.grants.revoke(f"http:127.0.0.1:{server.port}")
        answer(handler, 302, Location="/next")

    server.answer = revoke_and_redirect
    with pytest.raises(CapabilityDeniedError):
        fetching("http.fetch", request(f"http://127.0.0.1:{server.port}/"))
    assert len(server.seen) == 1


# --- addresses behind names -------------------------------------------------------------------


def test_localhost_by_name_is_refused_although_the_name_is_granted(guest, serve):
    server = serve()
    with pytest.raises(
        CapabilityDeniedError, match=r"localhost leads to (127\.0\.0\.1|::1), which is not a public"
    ) as caught:
        guest(f"http:localhost:{server.port}")("http.fetch", request(f"http://localhost:{server.port}/"))
    assert "hyperhost plugin grant scan" in caught.value.hint
    assert server.seen == []


def test_name_with_a_private_address_passes_when_the_address_is_granted_too(guest, serve):
    server = serve()
    fetching = guest(
        f"http:registry.test:{server.port}",
        f"http:127.0.0.1:{server.port}",
        services=Services(resolver=Names(registry_test=[["127.0.0.1"]])),
    )
    fetching("http.fetch", request(f"http://REGISTRY.test.:{server.port}/"))
    assert server.seen[0][2]["host"] == f"registry.test:{server.port}"


INSIDE = """
127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1
255.255.255.255 ::1 :: fe80::1%eth0 fd00::1 ff02::1 ::ffff:127.0.0.1 64:ff9b::10.0.0.1
2002:a00:1:: ::127.0.0.1
"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_name_that_leads_to_a_non_public_address_is_refused(guest, address):
    fetching = guest(
        "http:evil.test", services=Services(resolver=Names(evil_test=[["93.184.215.14", address]]))
    )
    with pytest.raises(CapabilityDeniedError):
        fetching("http.fetch", request("http://evil.test/latest/meta-data"))


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
    ],
)
def test_other_spellings_of_loopback_need_the_same_grant(guest, serve, host):
    server = serve()
    fetching = guest("http:api.acme.test:80")
    with pytest.raises((CapabilityDeniedError, Err)) as caught:
        fetching("http.fetch", request(f"http://{host}:{server.port}/"))
    if isinstance(caught.value, Err):
        assert "is no IPv4 address" in caught.value.value.message
    else:
        assert f"'http:127.0.0.1:{server.port}#GET'" in str(caught.value)
    assert server.seen == []


def test_rebinding_the_name_after_the_check_changes_nothing(guest, serve):
    granted, inside = serve(), serve()
    names = Names(rebind_test=[["127.0.0.1"], ["127.0.0.2"], ["169.254.169.254"]])
    fetching = guest(
        f"http:rebind.test:{granted.port}",
        f"http:127.0.0.1:{granted.port}",
        services=Services(resolver=names),
    )
    assert fetching("http.fetch", request(f"http://rebind.test:{granted.port}/")).status == 200
    assert names.asked == ["rebind.test"]
    with pytest.raises(CapabilityDeniedError, match=r"rebind\.test leads to 127\.0\.0\.2"):
        fetching("http.fetch", request(f"http://rebind.test:{granted.port}/"))
    with pytest.raises(CapabilityDeniedError, match=r"leads to 169\.254\.169\.254"):
        fetching("http.fetch", request(f"http://rebind.test:{granted.port}/"))
    assert (len(granted.seen), inside.seen) == (1, [])


def test_second_address_is_tried_when_the_first_is_dead(guest, serve):
    server = serve()
    names = Names(two_test=[["127.0.0.9", "127.0.0.1"]])
    fetching = guest(
        *(f"http:{host}:{server.port}" for host in ("two.test", "127.0.0.1", "127.0.0.9")),
        services=Services(resolver=names),
    )
    assert fetching("http.fetch", request(f"http://two.test:{server.port}/")).status == 200


# --- redirects --------------------------------------------------------------------------------


def test_redirects_are_followed_within_the_grant(guest, serve, answer):
    server = serve()

    def redirect(handler):
        if handler.path == "/a/b":
            answer(handler, 303, b"ignored" * 100, Location="../c?x=\xe4 |")
        else:
            answer(handler, 200, b"there")

    server.answer = redirect
    got = guest(f"http:127.0.0.1:{server.port}#GET,POST")(
        "http.fetch",
        request(
            f"http://127.0.0.1:{server.port}/a/b",
            "POST",
            [("Content-Type", "a/b"), ("Authorization", "secret")],
            b"in",
        ),
    )
    assert (got.body, got.url) == (b"there", f"http://127.0.0.1:{server.port}/c?x=%E4%20%7C")
    method, path, headers, body = server.seen[1]
    assert (method, path, body) == ("GET", "/c?x=%E4%20%7C", b"")
    assert headers["authorization"] == "secret"
    assert not {"content-type", "content-length"} & set(headers)


def test_307_keeps_method_and_body(guest, serve, answer):
    server = serve()
    server.answer = lambda handler: (
        answer(handler, 307, Location="/b") if handler.path == "/a" else answer(handler, 200)
    )
    guest(f"http:127.0.0.1:{server.port}#PUT")(
        "http.fetch", request(f"http://127.0.0.1:{server.port}/a", "PUT", body=b"in")
    )
    assert [(seen[0], seen[1], seen[3]) for seen in server.seen] == [
        ("PUT", "/a", b"in"),
        ("PUT", "/b", b"in"),
    ]


def test_redirect_to_a_host_outside_the_grant_ends_the_call(guest, serve, answer):
    outside = serve()
    server = serve()
    server.answer = lambda handler: answer(handler, 302, Location=f"http://127.0.0.1:{outside.port}/")
    with pytest.raises(CapabilityDeniedError, match=f"http:127.0.0.1:{outside.port}"):
        guest(f"http:127.0.0.1:{server.port}")("http.fetch", request(f"http://127.0.0.1:{server.port}/"))
    assert outside.seen == []


def test_redirect_to_loopback_by_name_ends_the_call(guest, serve, answer):
    server = serve()
    server.answer = lambda handler: answer(handler, 302, Location=f"http://localhost:{server.port}/inside")
    names = Names(start_test=[["127.0.0.1"]], localhost=[["::1", "127.0.0.1"]])
    fetching = guest(
        *(f"http:{host}:{server.port}" for host in ("start.test", "127.0.0.1", "localhost")),
        services=Services(resolver=names),
    )
    with pytest.raises(CapabilityDeniedError, match="localhost leads to ::1"):
        fetching("http.fetch", request(f"http://start.test:{server.port}/"))
    assert len(server.seen) == 1


def test_credentials_stay_with_the_host_they_were_meant_for(guest, serve, answer):
    other, server = serve(), serve()
    server.answer = lambda handler: answer(handler, 302, Location=f"http://127.0.0.1:{other.port}/")
    guest(f"http:127.0.0.1:{server.port}", f"http:127.0.0.1:{other.port}")(
        "http.fetch",
        request(
            f"http://127.0.0.1:{server.port}/",
            headers=[("authorization", "a"), ("COOKIE", "b"), ("X-Kept", "c")],
        ),
    )
    headers = other.seen[0][2]
    assert not {"authorization", "cookie"} & set(headers)
    assert headers["x-kept"] == "c"


def test_endless_redirects_end_after_five(guest, serve, answer):
    server = serve()
    server.answer = lambda handler: answer(handler, 302, Location=f"/{len(server.seen)}")
    failed = failure(guest(f"http:127.0.0.1:{server.port}"), request(f"http://127.0.0.1:{server.port}/"))
    assert (failed.kind, "more than 5" in failed.message) == ("redirects", True)
    assert len(server.seen) == 6


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("ftp://127.0.0.1/", "protocol"),
        ("file:///etc/passwd", "protocol"),
        ("http://user:pass@127.0.0.1/", "denied"),
        ("http://[::1/", "protocol"),
        ("http://127.0.0.1:99999/", "protocol"),
        ("/" + "a" * 9000, "protocol"),
    ],
)
def test_redirect_to_no_usable_url_is_an_error(guest, serve, answer, location, kind):
    server = serve()
    server.answer = lambda handler: answer(handler, 302, Location=location)
    assert (
        failure(guest(f"http:127.0.0.1:{server.port}"), request(f"http://127.0.0.1:{server.port}/")).kind
        == kind
    )


def test_redirect_without_location_is_an_answer(guest, serve, answer):
    server = serve()
    server.answer = lambda handler: answer(handler, 302, b"where?")
    got = guest(f"http:127.0.0.1:{server.port}")("http.fetch", request(f"http://127.0.0.1:{server.port}/"))
    assert (got.status, got.body) == (302, b"where?")


def test_redirected_traffic_counts_towards_the_byte_limit(guest, serve, answer):
    server = serve()
    server.answer = lambda handler: answer(handler, 307, Location="/again")
    fetching = guest(f"http:127.0.0.1:{server.port}#POST", host_bytes=10_000)
    with pytest.raises(HostBytesLimitError):
        fetching("http.fetch", request(f"http://127.0.0.1:{server.port}/", "POST", body=b"x" * 4000))
    assert len(server.seen) == 3


# --- nobody there ----------------------------------------------------------------------------


def test_nobody_listening_is_a_connect_error(guest, serve):
    server = serve()
    server.close()
    server.close = lambda: None
    assert (
        failure(guest(f"http:127.0.0.1:{server.port}"), request(f"http://127.0.0.1:{server.port}/")).kind
        == "connect"
    )


def test_unknown_name_is_a_dns_error(guest):
    for names in (Names(), Names(none_test=[[]])):
        assert (
            failure(
                guest("http:none.test", services=Services(resolver=names)), request("http://none.test/")
            ).kind
            == "dns"
        )


# --- TLS --------------------------------------------------------------------------------------


@pytest.fixture
def tls_server(serve, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return serve(context)


def trusting(certificate) -> SocketTransport:
    return SocketTransport(ssl.create_default_context(cafile=str(certificate)))


def test_tls_verifies_the_name_and_not_the_address(guest, tls_server, certificate):
    names = Names(registry_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]])
    services = Services(resolver=names, http=trusting(certificate))
    port = tls_server.port
    fetching = guest(
        f"http:registry.test:{port}", f"http:other.test:{port}", f"http:127.0.0.1:{port}", services=services
    )
    assert fetching("http.fetch", request(f"https://registry.test:{port}/")).body == b"hello"
    assert tls_server.seen[0][2]["host"] == f"registry.test:{port}"
    for host in ("other.test", "127.0.0.1"):
        assert failure(fetching, request(f"https://{host}:{port}/")).kind == "tls"
    assert len(tls_server.seen) == 1


def test_tls_with_an_unknown_issuer_is_refused(guest, tls_server):
    failed = failure(
        guest(f"http:127.0.0.1:{tls_server.port}"), request(f"https://127.0.0.1:{tls_server.port}/")
    )
    assert (failed.kind, "certificate verify failed" in failed.message) == ("tls", True)


def test_tls_against_a_plain_server_is_a_tls_error(guest, serve):
    server = serve()
    failed = failure(guest(f"http:127.0.0.1:{server.port}"), request(f"https://127.0.0.1:{server.port}/"))
    assert failed.kind == "tls"


def test_redirect_from_https_to_http_is_refused(guest, tls_server, certificate, serve, answer):
    plain = serve()
    tls_server.answer = lambda handler: answer(handler, 302, Location=f"http://127.0.0.1:{plain.port}/")
    names = Names(registry_test=[["127.0.0.1"]])
    fetching = guest(
        *(
            f"http:{host}"
            for host in (
                f"registry.test:{tls_server.port}",
                f"127.0.0.1:{tls_server.port}",
                f"127.0.0.1:{plain.port}",
            )
        ),
        services=Services(resolver=names, http=trusting(certificate)),
    )
    failed = failure(fetching, request(f"https://registry.test:{tls_server.port}/"))
    assert (failed.kind, "from https to http" in failed.message) == ("denied", True)
    assert plain.seen == []


def test_dripping_tls_server_holds_nobody_past_the_deadline(guest, tls_server, certificate):
    def slowly(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.02)

    tls_server.answer = slowly
    services = Services(resolver=Names(registry_test=[["127.0.0.1"]]), http=trusting(certificate))
    fetching = guest(
        f"http:registry.test:{tls_server.port}",
        f"http:127.0.0.1:{tls_server.port}",
        services=services,
        deadline="400ms",
    )
    began = time.monotonic()
    with pytest.raises(DeadlineError):
        fetching("http.fetch", request(f"https://registry.test:{tls_server.port}/"))
    assert time.monotonic() - began < 1.5
