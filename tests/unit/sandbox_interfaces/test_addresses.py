"""Which addresses are public, and the resolver's threads."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from hyperhost.sandbox.interfaces import resolver
from hyperhost.sandbox.interfaces.addresses import is_public
from hyperhost.sandbox.interfaces.resolver import SystemResolver

PUBLIC = """
1.1.1.1 93.184.215.14 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 192.167.1.1 2606:4700::1111
::ffff:1.1.1.1 64:ff9b::1.1.1.1 2002:101:101::1 2606:4700::5efe:101:101
"""


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public(address):
    assert is_public(address)


NOT_PUBLIC = """
0.0.0.0 0.1.2.3 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.255
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.0.1
198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
255.255.255.255 :: ::1 ::1.1.1.1 fe80::1 fe80::1%lo fec0::1 fc00::1 fdff::1 ff02::1 100::1
2001:db8::1 2001::1 2001:2::1 3fff::1 5f00::1 ::ffff:10.0.0.1 ::ffff:0:127.0.0.1
64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1:: 2002:a9fe:a9fe::1 2606:4700::5efe:a00:1
2606:4700::200:5efe:127.0.0.1 localhost 1.1.1 1.1.1.1/32 0x1.1.1.1 [::1]
"""


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_not_public(address):
    assert not is_public(address)


@pytest.fixture
def resolving():
    made = SystemResolver()
    yield made
    made.close()


def test_system_resolver_knows_localhost(resolving):
    assert set(resolving.resolve("localhost", 80, 5)) <= {"127.0.0.1", "::1"}


def test_resolver_threads_are_reused_and_end_on_close(resolving):
    before = threading.active_count()
    for _ in range(10):
        resolving.resolve("127.0.0.1", 80, 5)
    assert threading.active_count() == before + 1
    resolving.close()
    assert threading.active_count() == before
    assert resolving.resolve("127.0.0.1", 80, 5) == ["127.0.0.1"]


def test_resolver_threads_end_when_idle(resolving, monkeypatch):
    monkeypatch.setattr(resolver, "_IDLE_S", 0.02)
    before = threading.active_count()
    resolving.resolve("127.0.0.1", 80, 5)
    time.sleep(0.2)
    assert threading.active_count() == before
    assert resolving.resolve("127.0.0.1", 80, 5) == ["127.0.0.1"]


@pytest.mark.parametrize("name", ["a" * 64 + ".test", "\udcff.test", "a..test", "x\x00y"])
def test_names_that_cannot_exist_are_os_errors(resolving, name):
    with pytest.raises(OSError):
        resolving.resolve(name, 80, 5)


def test_hanging_questions_cost_at_most_four_threads(resolving, monkeypatch):
    release = threading.Event()

    def hang(*arguments, **keywords):
        release.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    before = threading.active_count()
    for _ in range(8):
        with pytest.raises(TimeoutError, match="in time"):
            resolving.resolve("slow.test", 80, 0.02)
    assert threading.active_count() == before + resolver.MAX_THREADS
    release.set()
    assert resolving.resolve("slow.test", 80, 5) == ["192.0.2.1"]
