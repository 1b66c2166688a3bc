"""The tier of objects: a bucket of anything that speaks S3.

Every upload has a key of its own, ``ab/cd/ALGORITHM-HEX.UNIQUE``, which is written once and in no
other place than the index. So a key that the index does not know, and will not get to know any
more, may be removed without looking at what others do meanwhile. ``KEY.digests`` lies beside it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from hyperhost.errors import RefusalError

from .digests import PIECE, check_list, cut, is_hash
from .failures import corrupt, on_disk
from .index import Entry
from .settings import Settings
from .uploads import Upload

if TYPE_CHECKING:
    from obstore.store import S3Store

__all__ = ["Objects"]

_DIGESTS: Final = ".digests"
_PART: Final = 8 << 20
_PARTS_MAX: Final = 9_000
"""S3 takes at most 10,000 parts."""
_AT_ONCE: Final = 2
_RECORDED_WITHIN_S: Final = 12 * 3600
_LEFT_AFTER_S: Final = 24 * 3600
"""Twice the other, so that clocks may differ by hours."""
_LISTS_KEPT: Final = 16


class Objects:
    """The tier.

    Args:
        settings: Which bucket, and how long a request may take.
    """

    name: Final = "objects"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._opened: S3Store | None = None
        self._lists: OrderedDict[str, bytes] = OrderedDict()
        self._base = f"s3://{settings.bucket}/"

    def prepare(self, content_hash: str, upload: Upload) -> str:
        """Send an upload; the place that it has.

        Raises:
            RefusalError: ``content.unavailable``.
        """
        import obstore

        assert upload.path is not None
        upload.sent_at = time.time()
        key = self._key(content_hash, upload.id)
        part = max(_PART, -(-upload.hasher.size // _PARTS_MAX))
        with on_disk():
            file = upload.path.open("rb")
        with file, self._s3():
            obstore.put(self._store, key + _DIGESTS, upload.hasher.digests)
            obstore.put(self._store, key, file, chunk_size=part, max_concurrency=_AT_ONCE)
        return self._base + key

    def settle(self, place: str, upload: Upload) -> None:
        """Return if a sent upload may still be recorded. Within a unit of work.

        Raises:
            RefusalError: it took so long that it may have been taken for a leftover.
        """
        if time.time() - upload.sent_at > _RECORDED_WITHIN_S:
            raise RefusalError(
                f"sending {place} took more than 12 hours", "content.unavailable", hint="upload it again"
            )

    def intact(self, content_hash: str, entry: Entry) -> bool:
        """Whether a content is there in its size, with its list of digests."""
        import obstore

        key = self._known(entry)
        with self._lock:
            self._lists.pop(key, None)
        try:
            with self._s3(content_hash):
                self._list(content_hash, entry, key)
                return bool(obstore.head(self._store, key)["size"] == entry.size)
        except RefusalError as error:
            if error.rule != "content.corrupt":
                raise
            return False

    def read(self, content_hash: str, entry: Entry, offset: int, length: int) -> bytes:
        """A part of a content, verified.

        Raises:
            RefusalError: ``content.corrupt`` or ``content.unavailable``.
        """
        import obstore

        key = self._known(entry)
        first, end = offset // PIECE, min(offset + length, entry.size)
        if end <= offset:
            return b""
        start, stop = first * PIECE, min(-(-end // PIECE) * PIECE, entry.size)
        with self._s3(content_hash):
            digests = self._list(content_hash, entry, key)
            data = bytes(obstore.get_range(self._store, key, start=start, end=stop))
        if len(data) != stop - start:
            raise corrupt(content_hash, self.name, "the object has another size")
        return cut(content_hash, self.name, digests, data, first, offset, end - offset)

    def remove(self, place: str) -> None:
        """Remove an object and its digests, if they are there.

        Raises:
            RefusalError: ``content.unavailable``.
        """
        import obstore

        if not place.startswith(self._base):
            return  # of a bucket that was configured before
        key = place.removeprefix(self._base)
        for each in (key, key + _DIGESTS):
            with self._s3():
                try:
                    obstore.delete(self._store, each)
                except FileNotFoundError:
                    continue

    def found(self) -> Iterator[set[tuple[str, str]]]:
        """Hash and place of every object that is old enough to be a leftover, in parts.

        Raises:
            RefusalError: ``content.unavailable``.
        """
        import obstore

        with self._s3():
            pages = iter(obstore.list(self._store, self._settings.prefix or None, chunk_size=1000))
        while True:
            with self._s3():
                page = next(pages, None)
            if page is None:
                return
            yield {
                self._named(each["path"])
                for each in page
                if _age_s(each["last_modified"]) > _LEFT_AFTER_S and self._is_ours(each["path"])
            }

    @property
    def _store(self) -> S3Store:
        with self._lock:
            if self._opened is None:
                self._opened = _connect(self._settings)
            return self._opened

    def _key(self, content_hash: str, unique: str) -> str:
        algorithm, _, digest = content_hash.partition(":")
        prefix = f"{self._settings.prefix}/" if self._settings.prefix else ""
        return f"{prefix}{digest[:2]}/{digest[2:4]}/{algorithm}-{digest}.{unique}"

    def _named(self, key: str) -> tuple[str, str]:
        key = key.removesuffix(_DIGESTS)
        algorithm, _, digest = key.rpartition("/")[2].partition(".")[0].rpartition("-")
        return f"{algorithm}:{digest}", self._base + key

    def _is_ours(self, key: str) -> bool:
        """Whether a key looks like one that was made here; others in the bucket are left alone."""
        content_hash, place = self._named(key)
        unique = place.rpartition(".")[2]
        return is_hash(content_hash) and place == self._base + self._key(content_hash, unique)

    def _known(self, entry: Entry) -> str:
        if not entry.place.startswith(self._base):
            raise RefusalError(
                f"the content lies at {entry.place}, and the bucket in use is {self._settings.bucket}",
                "content.unavailable",
                hint="set bucket in [plugins.content-tiers.config] back, or upload the content again",
            )
        return entry.place.removeprefix(self._base)

    def _list(self, content_hash: str, entry: Entry, key: str) -> bytes:
        """The digests of the pieces; those read last are kept, as each piece needs them."""
        import obstore

        with self._lock:
            known = self._lists.get(key)
            if known is not None:
                self._lists.move_to_end(key)
                return known
        digests = bytes(obstore.get(self._store, key + _DIGESTS).bytes())
        check_list(content_hash, self.name, digests, entry.root, entry.size)
        with self._lock:
            self._lists[key] = digests
            while len(self._lists) > _LISTS_KEPT:
                self._lists.popitem(last=False)
        return digests

    @contextmanager
    def _s3(self, content_hash: str = "") -> Iterator[None]:
        """Turn failures of requests in a block into refusals."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, FileNotFoundError, PermissionError) as error:
            raise self._refusal(error, content_hash) from error

    def _refusal(self, error: Exception, content_hash: str) -> RefusalError:
        settings, text = self._settings, str(error)
        where = f"bucket {settings.bucket} at {settings.endpoint or 'AWS, ' + settings.region}"
        kind = type(error).__name__
        if "NoSuchBucket" in text:
            return _unavailable(f"there is no {where}", "make it, or correct bucket")
        if kind in ("PermissionDeniedError", "UnauthenticatedError", "PermissionError"):
            return _unavailable(
                f"{where} denies access: {_code(text)}",
                "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what they may do",
            )
        if content_hash and isinstance(error, FileNotFoundError):
            return corrupt(content_hash, self.name, "an object of it is missing")
        if content_hash and "InvalidRange" in text:
            return corrupt(content_hash, self.name, "the object has another size")
        return _unavailable(
            f"{where} does not answer: {_code(text)}", "check endpoint and network; try again"
        )


def _connect(settings: Settings) -> S3Store:
    """A client; credentials come from the environment, as for every program that uses S3."""
    from obstore.store import S3Store

    limit = timedelta(seconds=settings.timeout_s)
    options: dict[str, Any] = {"endpoint": settings.endpoint} if settings.endpoint else {}
    return S3Store(
        settings.bucket,
        region=settings.region,
        checksum_algorithm="SHA256",  # the server refuses what was altered on the way
        virtual_hosted_style_request=not settings.endpoint,
        client_options={
            "allow_http": settings.allow_http,
            "timeout": limit,
            "connect_timeout": min(limit, timedelta(seconds=5)),
        },
        retry_config={"max_retries": 3, "retry_timeout": limit},
        **options,
    )


def _unavailable(reason: str, hint: str) -> RefusalError:
    return RefusalError(reason, "content.unavailable", hint=hint)


def _code(text: str) -> str:
    """The part of an answer of S3 that says what is wrong."""
    _, found, rest = text.partition("<Code>")
    if found:
        return rest.partition("</Code>")[0][:80]
    line = text.partition("\n")[0]
    return line.rpartition(" - ")[2][:200] or "no reason given"


def _age_s(at: datetime) -> float:
    return time.time() - at.timestamp()
