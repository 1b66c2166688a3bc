from __future__ import annotations

import pytest

from hyperhost.capabilities import Capability
from hyperhost.capabilities.http import request_text


def test_a_request_is_covered_by_its_grant() -> None:
    text = request_text("POST", "api.acme.test", 443, "/v1/x")
    assert text == "http:api.acme.test:443/v1/x#POST"
    assert Capability.parse("http:api.acme.test/v1#POST").covers(Capability.parse(text))


def test_a_hash_in_the_path_cannot_choose_the_method() -> None:
    text = request_text("DELETE", "api.acme.test", 443, "/v1#GET")
    assert not Capability.parse("http:api.acme.test").covers(Capability.parse(text))


def test_a_path_without_slash_gets_one_and_double_slashes_stay() -> None:
    assert request_text("GET", "a.test", 80, "x") == "http:a.test:80/x#GET"
    assert request_text("GET", "a.test", 80, "//v1") == "http:a.test:80//v1#GET"


@pytest.mark.parametrize(
    ("method", "host"),
    [("GET", "a.test/x"), ("GET#*", "a.test"), ("GET", "*.a.test"), ("GET,POST", "a.test")],
)
def test_text_that_would_change_the_meaning_is_refused(method: str, host: str) -> None:
    with pytest.raises(ValueError, match="is no method and host"):
        request_text(method, host, 80)
