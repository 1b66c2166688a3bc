"""Requests to the http interface, and the errors it answers with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hyperhost.sandbox.interface import Err
from hyperhost.sandbox.interfaces.http import HttpError, HttpRequest


def request(
    url: str,
    method: str = "GET",
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
    timeout_ms: int | None = None,
) -> HttpRequest:
    return HttpRequest(method, url, headers or [], body, timeout_ms)


def failure(fetching: Callable[..., object], asked: HttpRequest) -> HttpError:
    with pytest.raises(Err) as caught:
        fetching("http.fetch", asked)
    assert isinstance(caught.value.value, HttpError)
    return caught.value.value
