"""Guests that reach for more than they were granted, through every door there is."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from wasi_wat import FETCH, POLL, READ, letter, printing
from wat import ENV, KV_GET, KV_SET, LOG, RANDOM, Guest, Import, run

from hyperhost import Limits
from hyperhost.errors import (
    BadResultError,
    CapabilityDeniedError,
    DeadlineError,
    HostCallLimitError,
    HostFunctionError,
    OutputLimitError,
    QuotaError,
)


def data(content: bytes, at: int = 1024) -> str:
    return f'(data (i32.const {at}) "{"".join(f"{chr(92)}{byte:02x}" for byte in content)}")'


# --- names chosen by the guest --------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "*",
        "HO*",
        "HOME*",
        "SECRET",
        "HOME\0",
        "HOME\nlog",
        "",
        "env:HOME",
        "HOME,SECRET",
        "{name}",
        "%s",
        "\x1b[2J",
    ],
)
def test_a_variable_name_that_is_a_wildcard_or_worse(arena, name: str, monkeypatch) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    size = len(name.encode())
    guest = Guest(
        [run(f"(call $env (i32.const 1024) (i32.const {size}) (i32.const 16)) (i64.const 1)")],
        [ENV],
        core=data(name.encode()),
    )
    plugin = arena.load(guest, grants=["env:HOME"])
    with arena.ends(CapabilityDeniedError, "."):
        plugin.call("run", n=1)


def test_a_wildcard_grant_does_not_reach_further_than_its_prefix(arena, monkeypatch) -> None:
    monkeypatch.setenv("MYAPP_X", "x")
    guest = Guest(
        [run("(call $env (i32.const 1024) (i32.const 6) (i32.const 16)) (i64.const 1)")],
        [ENV],
        core=data(b"MYAPPX"),
    )
    with arena.ends(CapabilityDeniedError, "'env:MYAPPX' is not granted"):
        arena.run(guest, grants=["env:MYAPP_*"])


@pytest.mark.parametrize("name", ["other", "*", "team/../other", "", "te*", "team\0"])
def test_a_shared_store_that_was_not_granted(arena, name: str) -> None:
    shared = Import(
        "get",
        "hyperhost:host/kv-shared@1.0.0",
        "get",
        '(param "store" string) (param "key" string) (result (option (list u8)))',
        "(param i32 i32 i32 i32 i32)",
    )
    size = len(name.encode())
    guest = Guest(
        [
            run(
                f"(call $get (i32.const 1024) (i32.const {size}) (i32.const 0) (i32.const 1) (i32.const 16))"
                "(i64.const 1)"
            )
        ],
        [shared],
        core=data(name.encode()),
    )
    with arena.ends(CapabilityDeniedError, "."):
        arena.run(guest, grants=["kv:shared:team"])


def test_one_plugin_does_not_see_the_store_of_another(arena) -> None:
    body = """(call $set (i32.const 1024) (i32.const 1) (i32.const 1024) (i32.const 5)) (i64.const 1)"""
    arena.load(Guest([run(body)], [KV_SET], core=data(b"kayak")), name="victim", grants=["kv"]).call(
        "run", n=1
    )
    look = "(call $get (i32.const 1024) (i32.const 1) (i32.const 16)) (i64.load8_u (i32.const 16))"
    assert arena.run(Guest([run(look)], [KV_GET], core=data(b"k")), grants=["kv"]) == 0


def test_a_quota_that_many_calls_race_for_is_never_exceeded(arena) -> None:
    # Every call stores 100 bytes under a key of its own; 8 threads race for room for 10 of them.
    body = """(i64.store (i32.const 1024) (i64.add (local.get $n) (i64.const 0x3030303030303030)))
        (call $set (i32.const 1024) (i32.const 8) (i32.const 2048) (i32.const 92)) (i64.const 1)"""
    plugin = arena.load(Guest([run(body)], [KV_SET]), grants=["kv"], limits=Limits(kv=1000, deadline="10s"))
    plugin.quarantine = None
    stored: list[int] = []

    def store(first: int) -> None:
        for n in range(first, first + 5):
            try:
                plugin.call("run", n=n)
                stored.append(n)
            except QuotaError as error:
                assert (error.limit, error.plugin) == ("kv", "evil")  # noqa: PT017 - either outcome is right

    threads = [threading.Thread(target=store, args=(5 * index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stored) == 10


def test_a_key_that_is_empty_or_endless(arena) -> None:
    for size in (0, 100_000):
        guest = Guest(
            [run(f"(call $set (i32.const 0) (i32.const {size}) (i32.const 0) (i32.const 0)) (i64.const 1)")],
            [KV_SET],
        )
        with arena.ends(HostFunctionError, "kv.set: a key of", hint="1 to 512 bytes"):
            arena.run(guest, grants=["kv"])
        arena.host.plugin("evil").unload()


def test_more_random_bytes_than_there_are(arena, resident) -> None:
    guest = Guest([run("(call $random (i32.const -1) (i32.const 16)) (i64.const 1)")], [RANDOM])
    with resident.within(10), arena.ends(HostFunctionError, "4294967295 bytes asked for"):
        arena.run(guest, grants=["random"])


# --- what people read -----------------------------------------------------------------------------


def test_log_lines_with_escapes_and_line_breaks_stay_one_harmless_line(arena) -> None:
    line = "ok\x1b]0;title\x07\x1b[2J\r\nERROR other-plugin: forged\u2028x\u202egnp\x9b1m\x00".encode()
    guest = Guest(
        [run(f"(call $log (i32.const 1) (i32.const 1024) (i32.const {len(line)})) (i64.const 1)")],
        [LOG],
        core=data(line),
    )
    assert arena.run(guest, grants=["log"]) == 1
    (record,) = arena.host.state.logs("evil")
    assert record.message.isprintable()
    assert record.message.startswith("ok]0;title[2J ERROR other-plugin: forged")
    assert (record.plugin, record.level) == ("evil", "info")


def test_printed_lines_are_harmless_too(arena) -> None:
    body = """(local.set $out (call $get))
        (call $write (local.get $out) (i32.const 1024) (i32.const 24) (i32.const 16))
        (call $drop (local.get $out)) (i64.const 1)"""
    assert arena.run(printing(body)) == 1
    assert [(line.level, line.message) for line in arena.host.state.logs("evil")] == [
        ("info", "one[2Jtwo"),
        ("info", "INFO forged"),
    ]


def test_a_guest_that_floods_stdout(arena) -> None:
    body = """(local.set $out (call $get))
        (loop $l (call $write (local.get $out) (i32.const 1024) (i32.const 24) (i32.const 16)) (br $l))
        (i64.const 1)"""
    with arena.ends(
        OutputLimitError, "logged or printed more than 10000 bytes", hint=r"Limits\.output", limit="output"
    ):
        arena.run(printing(body), limits=Limits(output=10_000))
    assert 0 < len(arena.host.state.logs("evil", limit=10_000)) <= 10_000 // 12


def test_a_guest_that_polls_for_a_century(arena) -> None:
    started = time.monotonic()
    with arena.ends(DeadlineError, "deadline of 100 ms", limit="deadline"):
        arena.run(POLL, n=2**62, grants=["clock"], limits=Limits(deadline="100ms"))
    assert time.monotonic() - started < 5


# --- handles --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "(call $write (i32.const 77) (i32.const 0) (i32.const 1) (i32.const 16))",
            "unknown handle index 77",
        ),
        ("(call $write (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16))", "unknown handle index 0"),
        ("(call $write (i32.const -1) (i32.const 0) (i32.const 1) (i32.const 16))", "unknown handle index"),
        ("(call $drop (i32.const 3))", "unknown handle index 3"),
        (
            """(local.set $out (call $get)) (call $drop (local.get $out))
            (call $write (local.get $out) (i32.const 0) (i32.const 1) (i32.const 16))""",
            "unknown handle index",
        ),
        (
            "(local.set $out (call $get)) (call $drop (local.get $out)) (call $drop (local.get $out))",
            "handle index",
        ),
    ],
    ids=["invented", "zero", "negative", "dropped without having it", "used after drop", "dropped twice"],
)
def test_a_forged_handle(arena, body: str, words: str) -> None:
    with arena.ends(BadResultError, words):
        arena.run(printing(f"{body} (i64.const 1)"))


def test_a_guest_that_collects_handles(arena) -> None:
    from hyperhost.errors import LimitError

    with pytest.raises(LimitError, match="holds 4096 WASI resources") as caught:
        arena.run(printing("(loop $l (drop (call $get)) (br $l)) (i64.const 1)"))
    assert (caught.value.plugin, caught.value.hook) == ("evil", "run")


# --- files ----------------------------------------------------------------------------------------


@pytest.fixture
def files(arena):
    inside = arena.path / "inside"
    (inside / "deep").mkdir(parents=True)
    (inside / "file").write_text("public")
    (arena.path / "secret").write_text("secret")
    (inside / "out").symlink_to("../secret")
    (inside / "absolute").symlink_to(arena.path / "secret")
    (inside / "deep" / "up").symlink_to("../..")
    (inside / "loop").symlink_to("loop")
    os.mkfifo(inside / "pipe")
    return inside


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "deep/../../secret",
        "./../secret",
        "deep/./../../secret",
        "out",
        "absolute",
        "deep/up/secret",
        "/etc/passwd",
        "//etc/passwd",
        "loop",
        "pipe",
        "file/../../secret",
        "deep\\..\\..\\secret",
        "file\0/../../secret",
        "..",
        "",
    ],
)
def test_a_path_that_leads_out_of_the_granted_directory(arena, files, path: str) -> None:
    started = time.monotonic()
    plugin = arena.load(READ, grants=[f"fs.read:{files}"])
    assert plugin.call("text", text="file") == "public"
    answer = plugin.call("text", text=path)
    assert len(answer) == 1
    assert "secret" not in answer
    assert time.monotonic() - started < 5


def test_a_symbolic_link_that_is_swapped_in_while_the_file_is_opened(arena, files) -> None:
    plugin = arena.load(READ, grants=[f"fs.read:{files}"], limits=Limits(deadline="5s"))
    stop = threading.Event()
    (files / "door").mkdir()
    (files / "door" / "key").write_text("public")
    (arena.path / "elsewhere").mkdir()
    (arena.path / "elsewhere" / "key").write_text("secret")

    def swap() -> None:
        while not stop.is_set():
            (files / "door").rename(files / "aside")
            (files / "door").symlink_to("../elsewhere")
            (files / "door").unlink()
            (files / "aside").rename(files / "door")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        answers = {plugin.call("text", text="door/key") for _ in range(300)}
    finally:
        stop.set()
        thread.join()
    assert answers <= {
        "public",
        letter("no-entry"),
        letter("not-permitted"),
        letter("loop"),
        letter("not-directory"),
    }


def test_a_file_grant_that_is_revoked_binds_the_next_call_of_a_persistent_instance(arena, files) -> None:
    plugin = arena.load(READ, grants=[f"fs.read:{files}", "clock"], instances="persistent")
    assert plugin.call("text", text="file") == "public"
    plugin.revoke(f"fs.read:{files}")
    assert plugin.call("text", text="file") == "-"  # there is no open directory any more


# --- http -----------------------------------------------------------------------------------------


@contextmanager
def server(*answers: bytes) -> Iterator[int]:
    """A server on this machine that gives one answer after another; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)

        def serve() -> None:
            for answer in answers:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.close()
            thread.join(6)


def answer(status: str, *headers: str, body: bytes = b"") -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers])
    return head.encode() + b"\r\n\r\n" + body


def test_a_fetch_within_the_grant_works(arena) -> None:
    with server(answer("200 OK", body=b"hello")) as port:
        plugin = arena.load(FETCH, grants=[f"http:127.0.0.1:{port}"])
        assert plugin.call("text", text=f"http://127.0.0.1:{port}/") == "hello"


REFUSED_OUTRIGHT = {
    "http://2852039166/": "is no IPv4 address",
    "file:///etc/passwd": "http",
    "gopher://127.0.0.1:1/": "http",
}


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://localhost:1/",
        "http://127.0.0.1:1/",
        "http://0.0.0.0:1/",
        *REFUSED_OUTRIGHT,
    ],
)
def test_a_redirect_to_an_address_inside(arena, target: str) -> None:
    with server(answer("302 Found", f"Location: {target}")) as port:
        plugin = arena.load(FETCH, grants=[f"http:127.0.0.1:{port}"])
        if target in REFUSED_OUTRIGHT:
            assert REFUSED_OUTRIGHT[target] in plugin.call("text", text=f"http://127.0.0.1:{port}/")
        else:
            with arena.ends(CapabilityDeniedError, "is not granted|not public", hook="text"):
                plugin.call("text", text=f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "http://127.0.0.1:1/",
        "http://localhost:1/",
        "http://[::1]:1/",
        "http://10.0.0.1/",
    ],
)
def test_a_request_to_an_address_inside_needs_a_grant_for_that_very_address(arena, url: str) -> None:
    plugin = arena.load(FETCH, grants=["http:example.invalid"])
    with arena.ends(CapabilityDeniedError, "is not granted", hook="text", hint="plugin grant evil"):
        plugin.call("text", text=url)


def test_a_name_that_resolves_to_an_address_inside(make_arena) -> None:
    from hyperhost.sandbox.services import MemoryLog, Services

    class Names:
        def resolve(self, host: str, port: int, timeout_s: float) -> list[str]:
            return ["169.254.169.254"]

    arena = make_arena(services=Services(log=MemoryLog(), resolver=Names()))
    with arena.ends(CapabilityDeniedError, r"169\.254\.169\.254", hook="text"):
        arena.load(FETCH, grants=["http:metadata.example"]).call("text", text="http://metadata.example/")


def test_a_server_that_answers_without_end(arena) -> None:
    with server(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 500_000) as port:
        plugin = arena.load(
            FETCH, grants=[f"http:127.0.0.1:{port}"], limits=Limits(host_bytes=100_000, deadline="2s")
        )
        try:
            text = plugin.call("text", text=f"http://127.0.0.1:{port}/")
        except Exception as ended:
            assert getattr(ended, "limit", "") == "host_bytes"  # noqa: PT017 - either outcome is right
        else:
            assert len(text) < 200


def test_a_component_that_hides_its_calls_in_another_interface_is_counted_all_the_same(arena) -> None:
    body = "(local.set $out (call $get)) (call $drop (local.get $out))"
    with arena.ends(HostCallLimitError, "more than 5 times", limit="host_calls"):
        arena.run(printing(f"(loop $l {body} (br $l)) (i64.const 1)"), limits=Limits(host_calls=5))
