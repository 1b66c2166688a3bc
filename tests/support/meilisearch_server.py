"""A server that speaks the part of Meilisearch's documented API that the plugin uses, over real HTTP.

No Meilisearch was at hand where these tests were written. The stub is strict: it refuses what it does not
know, carries tasks out one after the other in a thread of its own, and can be told to misbehave.
"""

from __future__ import annotations

import json
import queue
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from meilisearch_index import ApiError, Index

__all__ = ["KEY", "Meilisearch", "meilisearch"]

KEY = "made-up-key-4711"
"""The key that the server takes."""
_UID = re.compile(r"[A-Za-z0-9_-]{1,400}")

Raw = tuple[int, dict[str, str], bytes]
"""What a server that misbehaves answers: status, headers, body."""


class Meilisearch:
    """What the server holds.

    Attributes:
        url: Its address.
        indexes: By name.
        requests: Method, path and body of every request, in order.
        headers: The headers of the last one.
        answer: Answers instead of the server when it returns something.
        fails: Says which task fails: by its type and index.
        held: Tasks wait while it is cleared.
    """

    def __init__(self) -> None:
        self.url = ""
        self.indexes: dict[str, Index] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.headers: dict[str, str] = {}
        self.answer: Callable[[str, str], Raw | None] = lambda method, path: None
        self.fails: Callable[[str, str], bool] = lambda kind, index: False
        self.held = threading.Event()
        self.held.set()
        self._tasks: list[dict[str, Any]] = []
        self._queue: queue.Queue[tuple[int, Callable[[], None]] | None] = queue.Queue()
        self._lock = threading.Lock()

    def asked(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        """One request of somebody who may."""
        self.requests.append((method, path, body))
        self.headers = headers
        given = headers.get("authorization")
        if given is None:
            raise ApiError(401, "missing_authorization_header", "The Authorization header is missing.")
        if given != f"Bearer {KEY}":
            raise ApiError(403, "invalid_api_key", "The provided API key is invalid.")
        parts = [part for part in urlsplit(path).path.split("/") if part]
        with self._lock:
            return self._answered(method, parts, body)

    def _answered(self, method: str, parts: list[str], body: Any) -> tuple[int, Any]:
        match method, parts:
            case "GET", ["tasks", number]:
                if int(number) >= len(self._tasks):
                    raise ApiError(404, "task_not_found", f"Task `{number}` not found.")
                return 200, dict(self._tasks[int(number)])
            case "GET", ["indexes"]:
                names = sorted(self.indexes)
                return 200, {"results": [{"uid": name} for name in names], "total": len(names)}
            case "POST", ["indexes"]:
                if not _UID.fullmatch(body["uid"]):
                    raise ApiError(400, "invalid_index_uid", "no uid")
                return self._task("indexCreation", body["uid"], lambda: self._create(**body))
            case "POST", ["swap-indexes"]:
                return self._task("indexSwap", "", lambda: self._swap(body))
            case "POST", ["multi-search"]:
                return 200, self._multi(body)
            case "DELETE", ["indexes", uid]:
                return self._task("indexDeletion", uid, lambda: self._delete(uid))
            case "PATCH", ["indexes", uid, "settings"]:
                return self._task("settingsUpdate", uid, lambda: self._made(uid).set(body))
            case "POST", ["indexes", uid, "documents"]:
                return self._task("documentAdditionOrUpdate", uid, lambda: self._made(uid).put(body))
            case "POST", ["indexes", uid, "documents", "delete-batch"]:
                return self._task("documentDeletion", uid, lambda: self._there(uid).remove(body))
            case "GET", ["indexes", uid]:
                return 200, {"uid": uid, "primaryKey": self._there(uid).key}
            case "GET", ["indexes", uid, "stats"]:
                return 200, {"numberOfDocuments": len(self._there(uid).documents), "isIndexing": False}
            case "GET", ["indexes", uid, "documents", artifact_id]:
                found = self._there(uid).documents.get(artifact_id)
                if found is None:
                    raise ApiError(404, "document_not_found", f"Document `{artifact_id}` not found.")
                return 200, found
            case "POST", ["indexes", uid, "facet-search"]:
                return 200, self._there(uid).facet_search(body)
        raise ApiError(404, "not_found", "there is no such route")

    def _multi(self, body: dict[str, Any]) -> dict[str, Any]:
        queries, federation = body["queries"], body.get("federation")
        if federation is None:
            return {
                "results": [
                    {"indexUid": q["indexUid"], **self._there(q["indexUid"]).search(q)} for q in queries
                ]
            }
        best: dict[tuple[str, str], tuple[float, int, dict[str, Any]]] = {}
        for place, asked in enumerate(queries):
            for name in ("limit", "offset", "page", "hitsPerPage", "facets"):
                if name in asked:
                    raise ApiError(
                        400, "invalid_multi_search_query_pagination", f"`{name}` in a federated query"
                    )
            index, weight = self._there(asked["indexUid"]), asked["federationOptions"]["weight"]
            if not weight >= 0:
                raise ApiError(400, "invalid_multi_search_weight", "the weight is negative")
            for document, score in index.ranked(asked):
                key = asked["indexUid"], str(document[index.key or "id"])
                if key not in best or best[key][0] < weight * score:
                    best[key] = weight * score, place, index.shown(asked, document, score)
        ordered = sorted(best.items(), key=lambda each: (-each[1][0], each[1][1]))
        hits = [
            {
                **shown,
                "_federation": {"indexUid": uid, "queriesPosition": place, "weightedRankingScore": score},
            }
            for (uid, _), (score, place, shown) in ordered
        ]
        begin, limit = federation.get("offset", 0), federation.get("limit", 20)
        return {
            "hits": hits[begin : begin + limit],
            "limit": limit,
            "offset": begin,
            "estimatedTotalHits": len(hits),
        }

    def _task(self, kind: str, uid: str, work: Callable[[], None]) -> tuple[int, Any]:
        number = len(self._tasks)
        self._tasks.append(
            {"uid": number, "indexUid": uid or None, "status": "enqueued", "type": kind, "error": None}
        )
        self._queue.put((number, work))
        return 202, {"taskUid": number, "indexUid": uid or None, "status": "enqueued", "type": kind}

    def carry_out(self) -> None:
        """Tasks one after the other, until ``stop``."""
        while (next_ := self._queue.get()) is not None:
            number, work = next_
            self.held.wait()
            with self._lock:
                task = self._tasks[number]
                try:
                    if self.fails(task["type"], task["indexUid"] or ""):
                        raise ApiError(500, "no_space_left_on_device", f"no space left; the key is {KEY}")
                    work()
                    task["status"] = "succeeded"
                except ApiError as error:
                    task |= {"status": "failed", "error": {"message": error.message, "code": error.code}}

    def stop(self) -> None:
        """End the thread that carries tasks out."""
        self.held.set()
        self._queue.put(None)

    def _create(self, uid: str, primaryKey: str | None = None) -> None:
        if uid in self.indexes:
            raise ApiError(409, "index_already_exists", f"Index `{uid}` already exists.")
        self.indexes[uid] = Index(primaryKey)

    def _delete(self, uid: str) -> None:
        self._there(uid)
        del self.indexes[uid]

    def _swap(self, pairs: list[dict[str, list[str]]]) -> None:
        names = [name for pair in pairs for name in pair["indexes"]]
        if len(set(names)) != len(names):
            raise ApiError(400, "invalid_swap_duplicate_index_found", "an index is swapped twice")
        for name in names:
            self._there(name)
        for pair in pairs:
            one, other = pair["indexes"]
            self.indexes[one], self.indexes[other] = self.indexes[other], self.indexes[one]

    def _there(self, uid: str) -> Index:
        if uid not in self.indexes:
            raise ApiError(404, "index_not_found", f"Index `{uid}` not found.")
        return self.indexes[uid]

    def _made(self, uid: str) -> Index:
        """What is written to an index that is not there makes it."""
        return self.indexes.setdefault(uid, Index(None))


@contextmanager
def meilisearch() -> Iterator[Meilisearch]:
    """A running server."""
    held = Meilisearch()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body together; apart they wait for each other
        disable_nagle_algorithm = True

        def answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(size)
            other = held.answer(self.command, self.path)
            if other is not None:
                self.send(*other)
                return
            try:
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, data = held.asked(self.command, self.path, json.loads(raw) if raw else None, headers)
            except ApiError as error:
                status, data = (
                    error.status,
                    {"message": error.message, "code": error.code, "type": "invalid_request"},
                )
            self.send(status, {"Content-Type": "application/json"}, json.dumps(data).encode())

        do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = answer

        def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # whoever asked has gone

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A caller that went away is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    held.url = f"http://127.0.0.1:{server.server_address[1]}"
    threads = [
        threading.Thread(target=server.serve_forever, args=(0.01,)),
        threading.Thread(target=held.carry_out),
    ]
    for thread in threads:
        thread.start()
    try:
        yield held
    finally:
        held.stop()
        server.shutdown()
        server.server_close()
        for thread in threads:
            thread.join(10)
