from __future__ import annotations

import pytest

from hyperhost.capabilities import Capability, Grammar
from hyperhost.errors import CapabilitySyntaxError


def covers(held: str, needed: str) -> bool:
    return Capability.parse(held).covers(Capability.parse(needed))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("log", "log"),
        ("env:APP_*", "env:APP_*"),
        ("env:*", "env:*"),
        ("kv:shared:team-notes", "kv:shared:team-notes"),
        ("fs.read:/data//in/./x/", "fs.read:/data/in/x"),
        ("fs.read:/", "fs.read:/"),
        ("content:read", "content:read"),
        ("http:API.acme.test.", "http:api.acme.test"),
        ("http:api.acme.test/v1/../admin/#post,get", "http:api.acme.test/admin#GET,POST"),
        ("http:api.acme.test/#HEAD,GET", "http:api.acme.test"),
        ("http:api.acme.test#*,GET", "http:api.acme.test#*"),
        ("http:bücher.example/ä/%7e%2fx", "http:xn--bcher-kva.example/%C3%A4/~%2Fx"),
        ("http:[2001:DB8:0::1]:8080/a", "http:[2001:db8::1]:8080/a"),
        ("http:[::ffff:127.0.0.1]", "http:127.0.0.1"),
        ("http:\uff11\uff12\uff17.0.0.1", "http:127.0.0.1"),
    ],
)
def test_text_becomes_canonical_and_stays_so(text: str, canonical: str) -> None:
    parsed = Capability.parse(text)
    assert parsed.text == str(parsed) == canonical
    assert Capability.parse(canonical) == parsed
    assert hash(Capability.parse(canonical)) == hash(parsed)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lgo", "did you mean 'log'"),
        ("fs:/data", "did you mean 'fs.read:/PATH'"),
        ("content:write", "did you mean 'content:read'"),
        ("https:api.acme.test", "did you mean 'http:HOST"),
        ("zzz", "kinds are clock, config"),
        ("", "unknown kind ''"),
        ("log:x", "'log' takes no target"),
        ("kv:mine", "'kv' takes no target"),
        ("env", "lacks its target"),
        ("env:", "write it as 'env:NAME'"),
        ("kv:shared", "write it as 'kv:shared:NAME'"),
        ("env:A*B", "at most one '*' at the end"),
        ("env:1A", "no variable name"),
        ("env:A\n", "no variable name"),
        ("secrets", "write it as 'secrets:NAME'"),
        ("secrets:../x", "no name of a secret"),
        ("secrets:a*b", "no name of a secret"),
        ("secrets:a\n", "no name of a secret"),
        ("secrets:" + "a" * 201, "no name of a secret"),
        ("kv:shared:Notes", "no kebab-case name"),
        ("kv:shared:" + "a" * 65, "at most 64 characters"),
        ("fs.read:data", "no absolute path"),
        ("fs.read:/data/../etc", "'..' component"),
        ("fs.read:~/x", "write the absolute path"),
        ("fs.read:/data/*", "leave out '/*'"),
        ("fs.read:/da\0ta", "control characters"),
        ("http:*", "every host there is"),
        ("http:*:443", "every host there is"),
        ("http:*.com", "whole top-level domain"),
        ("http:a.*.com", "'*' only as its first label"),
        ("http:https://api.acme.test", "has a scheme"),
        ("http://api.acme.test", "has a scheme"),
        ("http:user@api.acme.test", "names a user"),
        ("http:api.acme.test/v1?x=1", "has a query"),
        ("http:api.acme.test:0", "not between 1 and 65535"),
        ("http:api.acme.test:65536", "not between 1 and 65535"),
        ("http:api.acme.test:", "not between 1 and 65535"),
        ("http:api.acme.test#", "no list of methods"),
        ("http:api.acme.test#GET,", "no list of methods"),
        ("http:-a.test", "no host name"),
        ("http:a..test", "no host name"),
        ("http:a/%zz", "begins no valid escape"),
        ("http:[fe80::1%eth0]", "without a zone"),
        ("http:[::1", "no IPv6 address"),
        ("http:::1", "in brackets"),
        ("http:*.0.0.1", "no IPv4 address"),
        ("log" + "x" * 5000, "the most is 4096"),
    ],
)
def test_malformed_text_is_refused_with_the_right_form(text: str, words: str) -> None:
    with pytest.raises(CapabilitySyntaxError) as caught:
        Capability.parse(text)
    assert words in str(caught.value)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(CapabilitySyntaxError, match="a capability is text, not 3"):
        Capability.parse(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("held", "needed", "expected"),
    [
        ("log", "log", True),
        ("log", "clock", False),
        ("env:APP_*", "env:APP_HOME", True),
        ("env:APP_*", "env:APP_X_*", True),
        ("env:APP_*", "env:APP", False),
        ("env:APP_HOME", "env:APP_*", False),
        ("env:*", "env:HOME", True),
        ("secrets:db-*", "secrets:db-password", True),
        ("secrets:db-*", "secrets:db-*", True),
        ("secrets:db", "secrets:db-password", False),
        ("secrets:db-password", "secrets:db-*", False),
        ("secrets:*", "env:HOME", False),
        ("kv", "kv:shared:notes", False),
        ("kv:shared:notes", "kv:shared:notes2", False),
        ("fs.read:/data", "fs.read:/data/in", True),
        ("fs.read:/data", "fs.read:/database", False),
        ("fs.read:/data/in", "fs.read:/data", False),
        ("fs.read:/", "fs.read:/etc", True),
        ("fs.write:/data", "fs.read:/data", False),
        ("http:api.acme.test", "http:api.acme.test:443/v1/x#GET", True),
        ("http:api.acme.test", "http:api.acme.test:8443/", False),
        ("http:api.acme.test:443", "http:api.acme.test", False),
        ("http:api.acme.test", "http:api.acme.test:80#POST", False),
        ("http:api.acme.test#*", "http:api.acme.test:80#POST", True),
        ("http:api.acme.test#GET,POST", "http:api.acme.test#*", False),
        ("http:api.acme.test/v1", "http:api.acme.test/v1/", True),
        ("http:api.acme.test/v1", "http:api.acme.test/v10", False),
        ("http:api.acme.test/v1", "http:api.acme.test", False),
        ("http:api.acme.test/%7Eme", "http:api.acme.test/~me/x", True),
        ("http:*.acme.test", "http:api.acme.test", True),
        ("http:*.acme.test", "http:acme.test", False),
        ("http:*.acme.test", "http:a.b.acme.test", False),
        ("http:*.acme.test", "http:evilacme.test", False),
        ("http:127.0.0.1", "http:[::ffff:7f00:1]", True),
    ],
)
def test_covering(held: str, needed: str, expected: bool) -> None:
    assert covers(held, needed) is expected


@pytest.mark.parametrize(
    "path",
    [
        "/v1/../admin",
        "/v1/%2e%2e/admin",
        "/v1/.%2E/admin",
        "/v1/x/../../admin",
        "//v1/x",
    ],
)
def test_dot_segments_cannot_leave_a_granted_path(path: str) -> None:
    assert not covers("http:api.acme.test/v1", f"http:api.acme.test{path}")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/..%2fadmin",
        "/v1/..%5cadmin",
        "/v1/..\\admin",
        "/v1/%252e%252e/admin",
        "/v1/%25252525252e%25252525252e/admin",
        "/v1/..;/admin",
        "/v1/..%00/admin",
        "/v1/%c0%ae%c0%ae/admin",
        "/v1//../admin",
    ],
)
def test_paths_that_servers_read_differently_are_refused(path: str) -> None:
    with pytest.raises(CapabilitySyntaxError, match=r"hides|mixes|no valid escape"):
        Capability.parse(f"http:api.acme.test{path}")


def test_an_escaped_slash_without_dots_is_an_ordinary_character() -> None:
    assert covers("http:registry.acme.test/@scope%2Fname", "http:registry.acme.test/@scope%2fname/-/x.tgz")
    assert not covers("http:registry.acme.test/@scope", "http:registry.acme.test/@scope%2fname")


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "2130706433", "0177.0.0.1", "1.2.3.4.5", "0x7f000001"])
def test_disguised_addresses_are_refused(host: str) -> None:
    with pytest.raises(CapabilitySyntaxError, match="four decimal numbers"):
        Capability.parse(f"http:{host}")


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("fs.read:/data", "fs.read:/data/in", "fs.read:/data/in"),
        ("fs.read:/data", "fs.read:/etc", None),
        ("env:APP_*", "env:*", "env:APP_*"),
        ("http:*.acme.test:443/v1#GET,POST", "http:api.acme.test#POST,PUT", "http:api.acme.test:443/v1#POST"),
        ("http:a.test#GET", "http:a.test#POST", None),
        ("http:a.test:80", "http:a.test:443", None),
        ("http:a.test#*", "http:a.test#*", "http:a.test#*"),
        ("http:a.test/x", "http:a.test/y", None),
        ("http:a.test", "http:b.test", None),
        ("log", "clock", None),
        ("log", "log", "log"),
    ],
)
def test_what_two_capabilities_have_in_common(one: str, other: str, common: str | None) -> None:
    for first, second in ((one, other), (other, one)):
        met = Capability.parse(first).meet(Capability.parse(second))
        assert (met and met.text) == common


def test_a_registered_kind_is_exact_or_everything() -> None:
    grammar = Grammar()
    grammar.register("weather", describe="ask for the weather in {target}")
    paris, everywhere = grammar.parse("weather:Paris"), grammar.parse("weather:*")
    assert everywhere.covers(paris)
    assert not paris.covers(everywhere)
    assert not paris.covers(grammar.parse("weather:Paris-Nord"))
    assert paris.describe() == "ask for the weather in Paris"
    assert everywhere.describe() == "ask for the weather in anything"
    assert Capability.parse("weather:Paris", grammar) == paris


def test_a_registered_kind_stays_on_its_own_grammar() -> None:
    Grammar().register("weather", describe="x")
    for parse in (Capability.parse, Grammar().parse):
        with pytest.raises(CapabilitySyntaxError, match="unknown kind 'weather'"):
            parse("weather:Paris")


def test_a_registered_kind_may_take_no_target_and_may_have_two_words() -> None:
    grammar = Grammar()
    grammar.register("beep", describe=lambda target: f"beep{target}", target_required=False)
    grammar.register("events:publish", describe="publish {target}")
    assert grammar.parse("beep").describe() == "beep"
    assert grammar.parse("events:publish:orders").describe() == "publish orders"
    with pytest.raises(CapabilitySyntaxError, match="takes no target"):
        grammar.parse("beep:x")
    with pytest.raises(CapabilitySyntaxError, match="did you mean 'events:publish:TARGET'"):
        grammar.parse("events:publsh:orders")
    assert [kind.name for kind in grammar.kinds if kind.name in ("beep", "events:publish")] == [
        "beep",
        "events:publish",
    ]


def test_registering_twice_is_harmless_and_differently_is_refused() -> None:
    grammar = Grammar()
    grammar.register("weather", describe="x")
    grammar.register("weather", describe="x")
    with pytest.raises(CapabilitySyntaxError, match="there is a kind 'weather' already"):
        grammar.register("weather", describe="y")
    with pytest.raises(CapabilitySyntaxError, match="there is a kind 'log' already"):
        grammar.register("log", describe="y", target_required=False)
    with pytest.raises(CapabilitySyntaxError, match="cannot be a kind"):
        grammar.register("Weather", describe="y")


def test_a_guest_cannot_choose_a_target_that_reads_as_another_kind() -> None:
    grammar = Grammar()
    grammar.register("mesh:call", describe="x")
    with pytest.raises(CapabilitySyntaxError, match="could be read as a target of 'mesh:call'"):
        grammar.register("mesh", describe="x")
    with pytest.raises(CapabilitySyntaxError, match="could be read as a target of 'env'"):
        grammar.register("env:secret", describe="x")


@pytest.mark.parametrize("target", [" Paris", "Par\nis", "Paris\u200b"])
def test_targets_that_only_look_equal_are_refused(target: str) -> None:
    grammar = Grammar()
    grammar.register("weather", describe="x")
    with pytest.raises(CapabilitySyntaxError, match="unprintable"):
        grammar.parse(f"weather:{target}")


def test_the_memory_of_parsed_texts_is_bounded() -> None:
    grammar = Grammar()
    for number in range(10_000):
        grammar.parse(f"env:V{number}")
    assert len(grammar._seen) <= 4096
