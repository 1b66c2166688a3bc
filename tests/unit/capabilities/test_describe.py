from __future__ import annotations

import pytest

from hyperhost.capabilities import Capability
from hyperhost.capabilities.describe import cannot, describe, duration_words, size_words
from hyperhost.contracts.limits import Limits


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fs.read:/data/in", "read files under /data/in"),
        ("fs.write:/out", "write files under /out"),
        ("http:api.acme.test/v1", "make GET and HEAD requests to api.acme.test under /v1"),
        ("http:api.acme.test#*", "make any requests to api.acme.test"),
        (
            "http:*.acme.test:8443#DELETE,GET,POST",
            "make DELETE, GET and POST requests to any host directly under acme.test on port 8443",
        ),
        ("http:api.acme.test#POST", "make POST requests to api.acme.test"),
        ("env:HOME", "read the environment variable HOME"),
        ("env:APP_*", "read environment variables beginning with APP_"),
        ("secrets:db/password", "read the secret db/password"),
        ("secrets:db-*", "read secrets whose names begin with db-"),
        ("secrets:*", "read all secrets"),
        ("env:*", "read all environment variables"),
        ("kv", "keep up to 1 MiB of its own data"),
        ("kv:shared:notes", "read and change the data store notes, shared with other plugins"),
        ("log", "write messages to its log"),
    ],
)
def test_words_for_a_person(text: str, words: str) -> None:
    assert describe(Capability.parse(text), Limits()) == words


def test_without_limits_no_quota_is_named() -> None:
    assert describe(Capability.parse("kv")) == "keep its own data"


def test_a_plugin_with_nothing_can_do_nothing() -> None:
    assert cannot([], Limits()) == [
        "connect to the network",
        "read or change any file",
        "read environment variables",
        "read secrets",
        "see the data of other plugins",
        "keep data of its own",
        "read its configuration",
        "tell the time",
        "draw random numbers",
        "write messages to its log",
        "start other programs",
        "use more than 64 MiB of memory",
        "run longer than 1 s per call",
    ]


def test_what_is_granted_is_not_listed_as_impossible() -> None:
    held = ["http:a.test", "fs.read:/data", "env:*", "kv", "kv:shared:x", "config", "clock", "random", "log"]
    assert cannot([Capability.parse(text) for text in held], Limits(deadline="50ms")) == [
        "connect to anything else on the network",
        "read any other file",
        "change any file",
        "read secrets",
        "see the data of other plugins beyond the stores it shares",
        "start other programs",
        "use more than 64 MiB of memory",
        "run longer than 50 ms per call",
    ]
    assert "read other environment variables" in cannot([Capability.parse("env:A")], Limits())
    assert "read other secrets" in cannot([Capability.parse("secrets:a-*")], Limits())
    assert "read secrets" not in ", ".join(cannot([Capability.parse("secrets:*")], Limits()))
    assert "change any other file" in cannot([Capability.parse("fs.write:/out")], Limits())


def test_sizes_and_durations() -> None:
    assert [size_words(n) for n in (1, 12, 1536, 1 << 20, 3 << 30)] == [
        "1 byte",
        "12 bytes",
        "1.5 KiB",
        "1 MiB",
        "3 GiB",
    ]
    assert [duration_words(n) for n in (0.5, 50, 1500, 120_000)] == ["0.5 ms", "50 ms", "1.5 s", "2 min"]
