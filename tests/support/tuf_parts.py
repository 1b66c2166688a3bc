"""A repository of our own making, mirrors of it that can be made to lie, and clients to lie to."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tuf.api.metadata import Metadata, MetaFile, TargetFile

from builtin_plugins.trust_tuf.client import ClientLimits, TrustedClient
from builtin_plugins.trust_tuf.clock import utc_now
from builtin_plugins.trust_tuf.fetcher import BoundedFetcher
from builtin_plugins.trust_tuf.keeper import Keeper
from hyperhost.contracts import TrustSource

AUTH = "org.acme/auth/1.0.0"
MAIL = "org.acme/mail/1.0.0"


class Publisher:
    """A repository with contents, kept by the code under test, and its keys for whoever stole some.

    Args:
        folder: Where it lies.
    """

    def __init__(self, folder: Path, **options: Any) -> None:
        self.keeper = Keeper(folder / "tuf", folder / "tuf.key", **options)
        self.keeper.create()
        self.contents: dict[str, bytes] = {}

    @property
    def folder(self) -> Path:
        return self.keeper.store.directory

    @property
    def root(self) -> bytes:
        return (self.folder / "1.root.json").read_bytes()

    def publish(self, path: str, content: bytes, dependencies: Iterable[dict[str, Any]] = ()) -> TargetFile:
        record = json.dumps({"dependencies": list(dependencies)}).encode()
        custom = {
            "id": path,
            "type": "library",
            "dependencies": list(dependencies),
            "record": hashlib.sha256(record).hexdigest(),
        }
        digest = hashlib.sha256(content).hexdigest()
        target = TargetFile(len(content), {"sha256": digest}, path, {"custom": custom})
        with self.keeper.edit() as repository:
            repository.change({path: target})
        folder, _, version = path.rpartition("/")
        self.contents[f"{folder}/{digest}.{version}"] = content
        return target

    def remove(self, path: str) -> None:
        with self.keeper.edit() as repository:
            repository.change({path: None})

    def delegate(self, namespace: str, keys: int = 1, threshold: int = 1) -> None:
        with self.keeper.edit() as repository:
            repository.delegate(namespace, self.keeper.make_keys(namespace, keys), threshold)

    def rotate(self, role: str, keys: int = 1, threshold: int = 1) -> None:
        with self.keeper.edit() as repository:
            repository.rotate(role, self.keeper.make_keys(role, keys), threshold)

    def keys_of(self, role: str) -> list[str]:
        with self.keeper.view() as repository:
            return list(repository.keys_of(role)[0])

    def files(self) -> dict[str, bytes]:
        """Everything that an honest mirror has now, by path."""
        found = {f"metadata/{path.name}": path.read_bytes() for path in self.folder.glob("*.json")}
        return found | {f"targets/{name}": data for name, data in self.contents.items()}

    def forged(self, data: bytes, change: Callable[[Any], None], stolen: Iterable[str] = ()) -> bytes:
        """Metadata that was altered, and signed with stolen keys; other signatures stay as they were."""
        metadata: Metadata[Any] = Metadata.from_bytes(data)
        change(metadata.signed)
        for signer in self.keeper.keys.signers(stolen):
            metadata.sign(signer, append=True)
        return metadata.to_bytes()


class Mirror:
    """A server on this machine that shows files, or what it was told to show in their place.

    Attributes:
        files: What it shows: bytes, or a function that writes an answer of its own.
        behind: What it asks for everything else: a registry, for example.
        asked: Paths that were asked for, in order.
        sent: Bytes of endless answers that went out.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes | Callable[[BaseHTTPRequestHandler], None]] = {}
        self.behind: Callable[[str], bytes | None] = lambda path: None
        self.asked: list[str] = []
        self.sent = 0
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = unquote(self.path).removeprefix("/")
                mirror.asked.append(path)
                found = mirror.files.get(path)
                if found is None:
                    found = mirror.behind(path)
                if callable(found):
                    found(self)
                    return
                self.send_response(200 if found is not None else 404)
                self.send_header("Content-Length", str(len(found or b"")))
                self.end_headers()
                self.wfile.write(found or b"")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def show(self, files: dict[str, bytes]) -> None:
        self.files = dict(files)

    def endless(self, handler: BaseHTTPRequestHandler) -> None:
        """An answer that has no end; it stops when nobody listens any more, or after 200 MB."""
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            while self.sent < 200_000_000:
                self.sent += handler.wfile.write(bytes(100_000))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Victim:
    """A client that trusts a publisher.

    Args:
        folder: Its own.
        mirror: What it fetches from.
        root: What it trusts.
    """

    def __init__(self, folder: Path, mirror: Mirror, root: bytes) -> None:
        self.trusted_dir = folder / "trusted"
        self.downloads = folder / "downloads"
        self.mirror = mirror
        self.now: Callable[[], datetime] = utc_now
        self.limits = ClientLimits()
        self.fetcher = BoundedFetcher()
        self.trusted_dir.mkdir(parents=True)
        TrustedClient.begin(str(self.trusted_dir), root)

    def client(self) -> TrustedClient:
        """A client as a new process has it; connections of the one before are closed."""
        self.fetcher.close()
        self.fetcher = BoundedFetcher(silence_s=5)
        url = self.mirror.url
        source = TrustSource(str(self.trusted_dir), f"{url}/metadata/", f"{url}/targets/")
        return TrustedClient(source, self.limits, self.fetcher, self.now)

    def refresh(self) -> Any:
        return self.client().refresh()

    def fetch(self, path: str = AUTH) -> bytes:
        return Path(self.client().fetch(path, str(self.downloads)).file).read_bytes()

    def trusted(self) -> dict[str, bytes]:
        """What lies on its disk as trusted, by name."""
        return {path.name: path.read_bytes() for path in sorted(self.trusted_dir.glob("*.json"))}

    def installed(self) -> list[bytes]:
        return (
            [path.read_bytes() for path in sorted(self.downloads.glob("*"))]
            if self.downloads.exists()
            else []
        )


def signed_targets(folder: Path) -> dict[str, Any]:
    """All targets that the timestamp in a directory of metadata announces, by path."""
    timestamp = json.loads((folder / "timestamp.json").read_bytes())["signed"]
    snapshot = folder / f"{timestamp['meta']['snapshot.json']['version']}.snapshot.json"
    found: dict[str, Any] = {}
    for name, each in json.loads(snapshot.read_bytes())["signed"]["meta"].items():
        found |= json.loads((folder / f"{each['version']}.{name}").read_bytes())["signed"]["targets"]
    return found


@contextlib.contextmanager
def web_server(directory: Path) -> Iterator[str]:
    """A web server that hands out a directory and knows nothing else; its URL."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(directory)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def meta(data: bytes, version: int) -> MetaFile:
    """How a snapshot or a timestamp names a file."""
    return MetaFile(version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})


@contextlib.contextmanager
def running_mirror() -> Iterator[Mirror]:
    mirror = Mirror()
    try:
        yield mirror
    finally:
        mirror.close()
