"""The network of a plugin under test: answers that a test gives, or that were recorded.

It takes the place of resolver and transport, below everything that the host checks. Grants, limits,
redirects and addresses are judged as always; only the wire is not there.
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

from hyperhost.sandbox.interfaces.http_url import Url, check_method, parse_url
from hyperhost.sandbox.interfaces.resolver import SystemResolver
from hyperhost.sandbox.services import (
    HttpTransport,
    Resolver,
    TransportError,
    TransportFault,
    WireRequest,
    WireResponse,
)
from hyperhost.testing.httpfile import Exchange, read_exchanges, url_fits, write_exchanges

__all__ = ["FakeHttp", "SentRequest"]

_PUBLIC: Final = "1.2.3.4"
"""What every name resolves to; nobody connects to it."""

_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request that the plugin made, as it would have gone out.

    Attributes:
        method: In upper case.
        url: Without the default port.
        headers: In order.
        body: As it is.
    """

    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case, or ``None``."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)

    def json(self) -> Any:
        """The body as JSON data."""
        return jsonlib.loads(self.body)

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


@dataclass(slots=True)
class _Known:
    """Answers to one request, in order; the last one stays."""

    method: str
    url: str
    fits: Callable[[str], bool]
    answers: list[WireResponse | TransportError] = field(default_factory=list)

    def take(self) -> WireResponse | TransportError:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class FakeHttp:
    """Answers a plugin's requests.

    Attributes:
        requests: Every request that passed the host's checks, in order, redirects included.
    """

    def __init__(self, *, recording: bool = False, directory: Path | None = None) -> None:
        self.requests: list[SentRequest] = []
        self._known: list[_Known] = []
        self._addresses: dict[str, list[str]] = {}
        self._recording = recording
        self._directory = directory or Path()
        self._file: Path | None = None
        self._made: list[Exchange] = []
        self._live: tuple[HttpTransport, Resolver] | None = None

    # --- for tests ------------------------------------------------------------------------------

    def answer(
        self,
        method: str,
        url: str,
        *,
        status: int = 200,
        json: Any = _NOTHING,
        body: bytes | str = b"",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        error: TransportFault | None = None,
    ) -> None:
        """Answer requests for ``url``; several answers to one are given in order, and the last one stays.

        Args:
            method: ``GET`` and so on; ``*`` is any.
            url: Absolute. Without a query it stands for every query; ``*`` at its end is any rest.
            status: 200 to 599.
            json: Data for the body, with the header ``Content-Type: application/json``.
            body: The body, if it is not JSON; text is sent as UTF-8.
            headers: Headers of the answer.
            error: No answer, but ``timeout``, ``dns``, ``connect``, ``tls`` or ``protocol``.

        Raises:
            ValueError: not a method, URL or status that a server could see or send.
        """
        given: WireResponse | TransportError
        if error is not None:
            given = TransportError(error, f"{error}, as the test has it")
        else:
            if not 200 <= status <= 599:
                raise ValueError(f"a server does not answer with the status {status}")
            sent = list(headers.items() if isinstance(headers, Mapping) else headers)
            if json is not _NOTHING:
                body = jsonlib.dumps(json)
                if not any(name.lower() == "content-type" for name, _ in sent):
                    sent.append(("content-type", "application/json"))
            data = body.encode() if isinstance(body, str) else bytes(body)
            given = WireResponse(status, [(name.lower(), value) for name, value in sent], data)
        method = method if method == "*" else check_method(method)
        text = parse_url(url.removesuffix("*")).text + ("*" if url.endswith("*") else "")
        self._entry(method, text, partial(_fits, text)).answers.append(given)

    def resolves(self, host: str, *addresses: str) -> None:
        """Have ``host`` lead to these addresses, or to none; to a public one otherwise."""
        self._addresses[host.lower()] = list(addresses)

    def record(self, file: str | Path) -> None:
        """Answer from what was recorded in ``file``; with ``--record-http``, go out and record it there.

        Args:
            file: JSON, with the path from the directory of the test. Values of headers that carry
                credentials, of such parameters in URLs, and of the fixture ``env`` are masked in it.
        """
        self._file = self._directory / file
        if self._recording:
            from hyperhost.sandbox.interfaces.http_transport import SocketTransport

            self._live = (SocketTransport(), SystemResolver())
            return
        if not self._file.is_file():
            pytest.fail(
                f"there is no recording {self._file}\nhint: make it with: pytest --record-http", pytrace=False
            )
        for each in read_exchanges(self._file):
            entry = self._entry(each.method, each.url, partial(url_fits, each.url))
            entry.answers.append(each.answer)

    def close(self, secrets: Sequence[str] = ()) -> None:
        """Write what was recorded, with ``secrets`` masked."""
        if self._live is not None:
            resolver = self._live[1]
            if isinstance(resolver, SystemResolver):
                resolver.close()
        if self._file is not None and self._live is not None and self._made:
            write_exchanges(self._file, self._made, secrets)

    # --- for the host ---------------------------------------------------------------------------

    def resolve(self, host: str, port: int, timeout_s: float) -> list[str]:
        """Addresses of ``host`` (see :class:`hyperhost.sandbox.services.Resolver`).

        Raises:
            OSError: it has none.
        """
        if self._live is not None:
            return self._live[1].resolve(host, port, timeout_s)
        found = self._addresses.get(host, [_PUBLIC])
        if not found:
            raise OSError("the test says that there is none")
        return list(found)

    def send(
        self, request: WireRequest, remaining_s: Callable[[], float], moved: Callable[[int], None]
    ) -> WireResponse:
        """Answer ``request`` (see :class:`hyperhost.sandbox.services.HttpTransport`).

        Raises:
            TransportError: the answer is an error, or larger than the limits allow.
        """
        path, mark, query = request.target.partition("?")
        url = Url(request.scheme, request.host, request.port, path, mark + query).text
        sent = SentRequest(request.method, url, tuple(request.headers), request.body)
        self.requests.append(sent)
        if self._live is not None:
            return self._record(sent, request, remaining_s, moved)
        remaining_s()
        given = self._answer_to(sent)
        if isinstance(given, TransportError):
            raise TransportError(given.kind, str(given))
        moved(len(request.body) + len(given.body))
        if len(given.body) > request.max_body:
            raise TransportError("too-large", f"{request.host} sent a body over {request.max_body:,} bytes")
        return WireResponse(given.status, list(given.headers), given.body)

    def _record(
        self,
        sent: SentRequest,
        request: WireRequest,
        remaining_s: Callable[[], float],
        moved: Callable[[int], None],
    ) -> WireResponse:
        assert self._live is not None
        try:
            answer = self._live[0].send(request, remaining_s, moved)
        except TransportError as error:
            self._made.append(Exchange(sent.method, sent.url, tuple(sent.headers), error))
            raise
        self._made.append(Exchange(sent.method, sent.url, tuple(sent.headers), answer))
        return answer

    def _entry(self, method: str, url: str, fits: Callable[[str], bool]) -> _Known:
        for known in self._known:
            if (known.method, known.url) == (method, url):
                return known
        self._known.append(_Known(method, url, fits))
        return self._known[-1]

    def _answer_to(self, sent: SentRequest) -> WireResponse | TransportError:
        fitting = [
            known for known in self._known if known.method in (sent.method, "*") and known.fits(sent.url)
        ]
        if not fitting:
            self._unanswered(sent)
        # The most exact one: a given query before any, a whole URL before a beginning.
        return max(fitting, key=lambda known: (not known.url.endswith("*"), len(known.url))).take()

    def _unanswered(self, sent: SentRequest) -> NoReturn:
        known = "\n".join(f"  {each.method} {each.url}" for each in self._known) or "  none"
        pytest.fail(
            f"the plugin sent a request that the test does not answer: {sent}\nanswers there are:\n{known}\n"
            f'hint: http.answer("{sent.method}", "{sent.url}", json=…)',
            pytrace=False,
        )


def _fits(url: str, sent: str) -> bool:
    if url.endswith("*"):
        return sent.startswith(url[:-1])
    return sent == url or ("?" not in url and sent.partition("?")[0] == url)
