"""Laws that hold for every capability: what covering, meeting and parsing mean together."""

from __future__ import annotations

import posixpath

from hypothesis import given
from hypothesis import strategies as st

from hyperhost.capabilities import Capability, GrantSet, compare, intersect
from hyperhost.errors import CapabilityDeniedError, CapabilitySyntaxError

LABEL = st.sampled_from(["a", "b", "api", "x-1"])
SEGMENT = st.sampled_from(
    ["v1", "v2", "a", "%2e", "..", ".", "~x", "%7Ex", "ä", "@s%2fn", "a b".replace(" ", "%20")]
)
HOST = st.one_of(
    st.lists(LABEL, min_size=1, max_size=3).map(lambda labels: ".".join([*labels, "acme", "test"])),
    st.sampled_from(["*.acme.test", "*.api.acme.test", "127.0.0.1", "[::1]", "[2001:db8::1]"]),
)
METHODS = st.one_of(
    st.just(""),
    st.just("#*"),
    st.lists(st.sampled_from(["GET", "HEAD", "POST", "PUT"]), min_size=1, unique=True).map(
        lambda names: "#" + ",".join(names)
    ),
)
HTTP = st.builds(
    lambda host, port, path, methods: f"http:{host}{port}{''.join('/' + part for part in path)}{methods}",
    HOST,
    st.sampled_from(["", ":80", ":443", ":8080"]),
    st.lists(SEGMENT, max_size=4),
    METHODS,
)
PATH = st.lists(st.sampled_from(["data", "in", "out", "x", ".", ""]), max_size=4).map(
    lambda p: "/" + "/".join(p)
)
ENV = st.builds(
    lambda name, star: f"env:{name}{star}",
    st.sampled_from(["A", "AB", "ABC", "B_1"]),
    st.sampled_from(["", "*"]),
)
TEXT = st.one_of(
    st.sampled_from(
        ["log", "config", "clock", "random", "kv", "content:read", "kv:shared:a", "kv:shared:b", "env:*"]
    ),
    ENV,
    PATH.map(lambda path: f"fs.read:{path}"),
    PATH.map(lambda path: f"fs.write:{path}"),
    HTTP,
)
CAPABILITY = TEXT.map(Capability.parse)


@given(TEXT)
def test_canonical_text_is_a_fixed_point(text: str) -> None:
    capability = Capability.parse(text)
    assert Capability.parse(capability.text).text == capability.text


@given(CAPABILITY)
def test_covering_is_reflexive(one: Capability) -> None:
    assert one.covers(one)
    assert one.meet(one) == one
    assert one.describe()


@given(CAPABILITY, CAPABILITY, CAPABILITY)
def test_covering_is_transitive(one: Capability, two: Capability, three: Capability) -> None:
    if one.covers(two) and two.covers(three):
        assert one.covers(three)


@given(CAPABILITY, CAPABILITY)
def test_covering_both_ways_means_equal(one: Capability, two: Capability) -> None:
    assert (one.covers(two) and two.covers(one)) == (one == two)


@given(CAPABILITY, CAPABILITY, CAPABILITY)
def test_the_meet_allows_exactly_what_both_allow(one: Capability, two: Capability, need: Capability) -> None:
    met = one.meet(two)
    assert met == two.meet(one)
    assert (one.covers(need) and two.covers(need)) == (met is not None and met.covers(need))


@given(st.lists(CAPABILITY, max_size=4), st.lists(CAPABILITY, max_size=4), CAPABILITY)
def test_the_effective_set_allows_what_is_asked_and_granted(
    asked: list[Capability], granted: list[Capability], need: Capability
) -> None:
    effective = intersect(asked, granted)
    expected = any(a.covers(need) for a in asked) and any(g.covers(need) for g in granted)
    assert any(capability.covers(need) for capability in effective) == expected
    assert not any(a is not b and a.covers(b) for a in effective for b in effective)


@given(st.lists(CAPABILITY, min_size=1, max_size=4), CAPABILITY)
def test_require_agrees_with_covers(held: list[Capability], need: Capability) -> None:
    grants = GrantSet("p", held, held)
    for _ in range(2):
        try:
            grants.require(need.text)
        except CapabilityDeniedError:
            allowed = False
        else:
            allowed = True
        assert allowed == grants.covers(need) == any(capability.covers(need) for capability in held)


@given(st.lists(CAPABILITY, max_size=4), st.lists(CAPABILITY, max_size=4))
def test_an_upgrade_needs_approval_exactly_when_it_asks_for_more(
    old: list[Capability], new: list[Capability]
) -> None:
    more = any(not any(held.covers(ask) for held in old) for ask in new)
    assert compare(old, new).needs_approval == more


@given(
    st.text(max_size=40), st.sampled_from(["", "env:", "fs.read:/", "http:", "http:a.test/", "kv:shared:"])
)
def test_any_text_is_parsed_or_refused_with_the_one_typed_error(text: str, prefix: str) -> None:
    try:
        capability = Capability.parse(prefix + text)
    except CapabilitySyntaxError:
        return
    assert Capability.parse(capability.text) == capability


@given(st.lists(st.sampled_from(["v1", "admin", "..", ".", "%2e%2E", ".%2e"]), max_size=6))
def test_no_spelling_of_a_path_leaves_the_granted_one(parts: list[str]) -> None:
    request = Capability.parse("http:api.acme.test/" + "/".join(parts))
    reached = posixpath.normpath(
        "/" + "/".join(part.replace("%2e", ".").replace("%2E", ".") for part in parts)
    )
    inside = reached == "/v1" or reached.startswith("/v1/")
    assert Capability.parse("http:api.acme.test/v1").covers(request) == inside
