"""Requests to a Meilisearch server: bounded in time and size, never redirected; no error holds the key."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from hyperhost.errors import RefusalError

if TYPE_CHECKING:
    import urllib3

    from .settings import Settings

__all__ = ["AnswerError", "Client", "garbled"]

_MOST: Final = 64 << 20
"""Bytes of one answer."""
_PIECE: Final = 1 << 16
_CONNECTIONS: Final = 8
_FIRST_WAIT_S: Final = 0.002
_LONGEST_WAIT_S: Final = 0.25
_SHOWN: Final = 200
"""Characters of a message of the server that are passed on."""
_KEY: Final = re.compile(r"[!-~]{1,512}")
_RUN: Final = "see that the server runs and that [plugins.search-meilisearch.config] url is its address"


class AnswerError(Exception):
    """The server refuses a request.

    Attributes:
        code: Its own name for that, such as ``index_not_found``.
        reason: Its words, cut, and without the key.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


def garbled(what: str) -> RefusalError:
    """The refusal of an answer that is not what Meilisearch is documented to answer."""
    return RefusalError(f"the answer of the search server {what}", "search.answer", hint=_RUN)


class Client:
    """One server. Any thread may use it.

    Args:
        settings: Where it is.
        key: Gives the API key; empty for none. Asked again when the server does not take it.
    """

    def __init__(self, settings: Settings, key: Callable[[], str]) -> None:
        import urllib3

        self._base = settings.url.rstrip("/")
        self._place = urlsplit(settings.url).netloc
        self._timeout_s = settings.timeout_s
        self._task_timeout_s = settings.task_timeout_s
        self._read_key = key
        self._key: str | None = None
        # No retries: they would follow redirects, and say the same thing twice to a server in trouble.
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=_CONNECTIONS, retries=False)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request.

        Args:
            method: Of HTTP.
            path: Behind the address of the server.
            body: Sent as JSON; ``None`` for no body.

        Returns:
            The answer, read from JSON; ``None`` where there is none.

        Raises:
            AnswerError: the server refuses it.
            RefusalError: rule ``search.unavailable`` (it does not answer, or fails), ``search.key`` or
                ``search.answer`` (what it answers is not what Meilisearch answers).
        """
        status, raw = self._sent(method, path, body)
        if status in (401, 403):
            self._key = None
            raise RefusalError(
                f"the search server at {self._place} does not take the key",
                "search.key",
                hint="it needs search, documents.*, indexes.*, settings.*, tasks.get and stats.get",
            )
        if 300 <= status < 400:
            raise self._away("answers with a redirect, which is not followed")
        if status >= 500 or status == 429:
            raise self._away(f"answers with status {status}")
        data = self._parsed(raw) if raw else None
        if status >= 400:
            told = data if isinstance(data, dict) else {}
            code = told.get("code")
            if not isinstance(code, str):
                raise garbled(f"has status {status} and no error code")
            raise AnswerError(self._plain(code), self._plain(str(told.get("message", ""))))
        return data

    def tell(self, method: str, path: str, body: Any = None) -> int:
        """A request that the server carries out later; the number of its task."""
        data = self.ask(method, path, body)
        number = data.get("taskUid") if isinstance(data, dict) else None
        if type(number) is not int or number < 0:
            raise garbled("names no task")
        return number

    def wait(self, tasks: Iterable[int], *, fine: str = "") -> None:
        """Until the server has carried out some tasks.

        Args:
            tasks: Their numbers.
            fine: Code of an error that is none here.

        Raises:
            RefusalError: as ``ask``; and rule ``search.task``: one has failed.
        """
        latest = time.monotonic() + self._task_timeout_s
        for number in tasks:
            pause = _FIRST_WAIT_S
            while True:
                try:
                    task = self.ask("GET", f"/tasks/{number}")
                except AnswerError as error:
                    raise garbled(f"about task {number} is {error.code}") from None
                status = task.get("status") if isinstance(task, dict) else None
                if status == "succeeded":
                    break
                if status in ("failed", "canceled"):
                    self._failed(task, status, fine)
                    break
                if status not in ("enqueued", "processing"):
                    raise garbled("says nothing about a task")
                if time.monotonic() > latest:
                    raise self._away(
                        f"has not carried out what it was told within {self._task_timeout_s} seconds"
                    )
                time.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_WAIT_S)

    def close(self) -> None:
        """Let go of connections."""
        self._pool.clear()

    def _failed(self, task: dict[str, Any], status: str, fine: str) -> None:
        error = task.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        if fine and code == fine:
            return
        reason = self._plain(str(error.get("message", ""))) if isinstance(error, dict) else ""
        raise RefusalError(
            f"the search server has not done what it was told: {status}, {reason or 'without a reason'}",
            "search.task",
            hint="its log says more; afterwards: hyperhost search --rebuild",
        )

    def _sent(self, method: str, path: str, body: Any) -> tuple[int, bytes]:
        import urllib3

        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        key = self._known_key()
        if key:
            headers["Authorization"] = f"Bearer {key}"
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            # Half of a character, which Python lets through, is none in UTF-8.
            data = json.dumps(body, ensure_ascii=False, allow_nan=False).encode(errors="replace")
        try:
            answer = self._pool.request(
                method,
                self._base + path,
                body=data,
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=min(5, self._timeout_s), read=self._timeout_s),
            )
            whole = False
            try:
                raw = self._body(answer)
                whole = True
            finally:
                if whole:
                    answer.release_conn()
                else:
                    answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._away(f"does not answer ({type(error).__name__})") from None
        return answer.status, raw

    def _body(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        """What is answered, in a time that counts from the first byte."""
        pieces, size = [], 0
        latest = time.monotonic() + self._timeout_s
        while piece := answer.read1(_PIECE, decode_content=False):
            pieces.append(piece)
            size += len(piece)
            if size > _MOST:
                raise garbled(f"is longer than {_MOST:,} bytes")
            if time.monotonic() > latest:
                raise self._away("takes too long with its answer")
        return b"".join(pieces)

    def _known_key(self) -> str:
        if self._key is None:
            key = self._read_key()
            if key and not _KEY.fullmatch(key):
                raise RefusalError(
                    "the key for the search server is none",
                    "search.key",
                    hint="up to 512 letters, digits and signs, without spaces",
                )
            self._key = key
        return self._key

    def _parsed(self, raw: bytes) -> Any:
        try:
            return json.loads(raw)
        except (ValueError, RecursionError):
            raise garbled("is no JSON") from None

    def _away(self, what: str) -> RefusalError:
        return RefusalError(f"the search server at {self._place} {what}", "search.unavailable", hint=_RUN)

    def _plain(self, text: str) -> str:
        """Words of the server as one line; a server that repeats the key does not get it printed."""
        if self._key:
            text = text.replace(self._key, "…")
        text = "".join(each if each.isprintable() else " " for each in text[: 4 * _SHOWN])
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
