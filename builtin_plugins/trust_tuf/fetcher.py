"""How bytes come from a mirror: bounded in length by the caller, in time and redirects here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import urllib3
from tuf.api import exceptions
from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher

__all__ = ["BoundedFetcher"]

_PIECE: Final = 256 * 1024


class BoundedFetcher(Urllib3Fetcher):
    """python-tuf's fetcher with its proxies, and with limits against a mirror that keeps a client busy.

    What is encoded on its way (gzip) is not decoded: its length is checked as it was signed, and
    nothing can grow behind the check.

    Args:
        silence_s: Seconds a mirror may say nothing, connecting included.
        grace_s: Seconds that any answer may take.
        slowest: Bytes in a second that an answer must have beyond that.
    """

    def __init__(self, silence_s: int = 15, grace_s: float = 30.0, slowest: int = 10_000) -> None:
        super().__init__(socket_timeout=silence_s, app_user_agent="hyperhost")
        self._grace_s = grace_s
        self._slowest = slowest
        self._answer: urllib3.BaseHTTPResponse | None = None

    def close(self) -> None:
        """Close the connections that were kept open."""
        self._let_go()
        for manager in self._proxy_env._pool_managers.values():
            manager.clear()

    def _fetch(self, url: str) -> Iterator[bytes]:
        self._let_go()
        try:
            response = self._proxy_env.request(
                "GET",
                url,
                preload_content=False,
                timeout=urllib3.Timeout(self.socket_timeout),
                retries=urllib3.Retry(total=3, connect=1, read=0, redirect=3, status=0, other=0),
            )
        except urllib3.exceptions.HTTPError as error:
            raise _failed(url, error) from error
        if response.status >= 400:
            response.close()
            raise exceptions.DownloadHTTPError(f"HTTP {response.status} for {url}", response.status)
        self._answer = response
        return self._pieces(url, response)

    def _let_go(self) -> None:
        """Close an answer of which somebody did not want the rest, as when it was too long."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def _pieces(self, url: str, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        """The body as it comes in. Small pieces are not waited for to become large ones."""
        until = time.monotonic() + self._grace_s
        try:
            while piece := response.read1(_PIECE, decode_content=False):
                until += len(piece) / self._slowest
                if time.monotonic() > until:
                    raise exceptions.SlowRetrievalError(f"{url} comes in too slowly")
                yield piece
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _failed(url, error) from error
        finally:
            with suppress(OSError):
                response.close()  # what was not read must not be taken for the next answer


def _failed(url: str, error: Exception) -> exceptions.DownloadError:
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, (urllib3.exceptions.TimeoutError, TimeoutError)):
        return exceptions.SlowRetrievalError(f"{url} did not answer in time")
    return exceptions.DownloadError(f"{url} cannot be read: {type(reason).__name__}")
