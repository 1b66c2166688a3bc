"""The tiers together: what is kept where, found through the index, and removed from both."""

from __future__ import annotations

import dataclasses
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import ContentInfo, ContentPage, StoredContent
from hyperhost.errors import HomeError, PluginStateError, RefusalError

from .digests import is_hash, whole
from .failures import corrupt, on_disk
from .files import FILES, Files
from .index import Entry, Index
from .objects import Objects
from .settings import Settings
from .uploads import APPEND_MAX, Upload, Uploads, discard, remove_forgotten

if TYPE_CHECKING:
    from hyperhost import PluginContext

    from .collecting import Batch

__all__ = ["Store"]

_LIST_MAX: Final = 10_000
_USED_EVERY_US: Final = 60_000_000
"""How exactly it is known when a content was last uploaded."""


class Store:
    """All contents of one host.

    Args:
        context: What the plugin was given.
        settings: Limits and bucket.

    Attributes:
        index: Which contents there are.
        uploads: What is being uploaded.
        leaving: What collections of this process are about to remove, by their tokens.
    """

    def __init__(self, context: PluginContext, settings: Settings) -> None:
        self._context = context
        self._settings = settings
        self._lock = threading.Lock()
        self._spool: Path | None = None
        self._bucket: Objects | None = None
        self._removed: set[tuple[str, str]] = set()
        self.leaving: dict[str, Batch] = {}
        self.index = Index(context.hook)
        self.uploads = Uploads(self._uploads_directory, settings.inline_below, settings.max_bytes)

    def commit(self, upload_id: str, expected_hash: str) -> ContentInfo:
        """End an upload and keep its bytes, unless they are kept already.

        Raises:
            RefusalError: ``content.hash``, ``content.missing``, ``content.full``, ``content.unavailable``.
        """
        upload = self.uploads.end(upload_id)
        try:
            content_hash = upload.hasher.hash
            if expected_hash and expected_hash != content_hash:
                raise RefusalError(
                    f"the bytes have the hash {content_hash}, not {expected_hash[:140]}",
                    "content.hash",
                    hint="upload them again; they were altered on the way, or are others",
                )
            known = self.index.get(content_hash)
            if known is not None and self._intact(content_hash, known):
                used = self._use(content_hash)
                if used is not None:
                    return _info(content_hash, used)
            return _info(content_hash, self._keep(content_hash, upload, known))
        finally:
            discard(upload)

    def stat(self, content_hash: str) -> ContentInfo | None:
        """Size and place of a content; within a writing unit no collection takes it any more."""
        entry = self.index.get(content_hash) if is_hash(content_hash) else None
        if entry is not None and entry.leaving and self._is_writing():
            self.index.put(content_hash, dataclasses.replace(entry, leaving=""), entry)
        return None if entry is None else _info(content_hash, entry)

    def read(self, content_hash: str, offset: int, length: int) -> bytes | None:
        """A verified piece of a content.

        Raises:
            RefusalError: ``content.size``, ``content.corrupt``, ``content.unavailable``.
        """
        if length > APPEND_MAX:
            raise RefusalError(
                f"{length} bytes are too many at once", "content.size", hint="ask for at most 4 MiB"
            )
        entry = self.index.get(content_hash) if is_hash(content_hash) else None
        while entry is not None:
            try:
                return self._read(content_hash, entry, offset, length)
            except RefusalError as error:
                # Removed or replaced since the index was read? Then what was found is no damage.
                before, entry = entry, self.index.get(content_hash)
                if error.rule != "content.corrupt":
                    raise
                if entry == before:
                    self._mark_damaged(content_hash, entry)
                    raise
        return None

    def delete(self, content_hash: str) -> bool:
        """Remove a content; whether it was there.

        Raises:
            RefusalError: ``content.full`` or ``content.unavailable``: it is gone, its bytes not yet.
        """
        if not is_hash(content_hash):
            return False
        with self.index.unit():
            entry = self.index.get(content_hash)
            if entry is None:
                return False
            self.forget(content_hash, entry)
        self.clear()
        return True

    def page(self, after: str, limit: int) -> ContentPage:
        """Contents in the order of their hashes."""
        limit = max(1, min(limit, _LIST_MAX))
        items: list[StoredContent] = []
        for content_hash, entry in self.index.behind(after):
            if len(items) == limit:
                return ContentPage(items, more=True)
            items.append(StoredContent(content_hash, entry.size, entry.tier, entry.at))
        return ContentPage(items)

    def forget(self, content_hash: str, entry: Entry) -> None:
        """Take a content out of the index, within a unit of work; :meth:`clear` removes its bytes."""
        self.index.delete(content_hash, entry)
        if entry.tier == "inline":
            self.index.hook.storage_delete_content(content_hash=content_hash)
        else:
            with self._lock:
                self._removed.add((content_hash, entry.place))

    def clear(self) -> None:
        """Remove the bytes of what was forgotten, once that is durable.

        Within a unit of work nothing happens: it may yet be undone.

        Raises:
            RefusalError: ``content.full`` or ``content.unavailable``; they are tried again the next time.
        """
        with self._lock:
            removed = set(self._removed)
        if removed:
            self._remove_unknown(removed)

    def clear_quietly(self, *, leftovers: bool = False) -> None:
        """As :meth:`clear`, and what fails is written to the log: the next time may do."""
        try:
            self.clear()
            if leftovers:
                self.clear_leftovers()
        except RefusalError as error:
            self._context.log("warning", f"some bytes of removed contents are still there: {error}")

    def clear_leftovers(self) -> None:
        """Remove bytes that have no entry: of commits that did not end, of units that were undone.

        Raises:
            RefusalError: ``content.full`` or ``content.unavailable``.
        """
        tiers: list[Files | Objects] = []
        if self._context.home is not None:
            tiers.append(self._files())
        if self._settings.bucket:
            tiers.append(self._objects)
        for tier in tiers:
            for places in tier.found():
                self._remove_unknown(places)

    def _remove_unknown(self, places: set[tuple[str, str]]) -> None:
        unknown = []
        with self.index.unit() as outermost:
            if not outermost:
                return
            for content_hash, place in places:
                entry = self.index.get(content_hash)
                if entry is not None and entry.place == place:
                    continue
                if place.startswith(FILES):  # in here, where nobody can be about to give it an entry
                    self._files().remove(place)
                else:
                    unknown.append(place)
        for place in unknown:
            self._objects.remove(place)
        with self._lock:
            self._removed -= places

    def _keep(self, content_hash: str, upload: Upload, damaged: Entry | None) -> Entry:
        size = upload.hasher.size
        tier = None if upload.buffer is not None else self._tier(size)
        place = tier.prepare(content_hash, upload) if tier is not None else ""
        root = _root(upload) if tier is not None else ""
        now = time.time_ns() // 1000  # sending it may have taken hours
        entry = Entry(size, tier.name if tier is not None else "inline", place, root, now, now)
        with self.index.unit():
            before = self.index.get(content_hash)
            if before is None or (damaged is not None and before.at == damaged.at):
                if tier is not None:
                    tier.settle(place, upload)
                else:
                    self._keep_inline(content_hash, upload, before)
                self.index.put(content_hash, entry, before)
                stale = before
            else:  # another was faster
                stale, entry = entry, before
            if stale is not None and stale.tier != "inline" and stale.place != entry.place:
                with self._lock:
                    self._removed.add((content_hash, stale.place))
        self.clear_quietly()
        return entry

    def _keep_inline(self, content_hash: str, upload: Upload, before: Entry | None) -> None:
        assert upload.buffer is not None
        hook = self.index.hook
        if before is not None:
            hook.storage_delete_content(content_hash=content_hash)
        hook.storage_put_content(content_hash=content_hash, data=bytes(upload.buffer))

    def _use(self, content_hash: str) -> Entry | None:
        """Note that a content was uploaded again; ``None`` when it was removed meanwhile."""
        now = time.time_ns() // 1000
        with self.index.unit():
            entry = self.index.get(content_hash)
            if entry is not None and (entry.leaving or now - entry.used > _USED_EVERY_US):
                entry = dataclasses.replace(entry, used=now, leaving="")
                self.index.put(content_hash, entry, entry)
        return entry

    def _is_writing(self) -> bool:
        """Whether this thread is in a unit of work that writes."""
        with self.index.unit(write=False) as outermost:
            if outermost:
                return False
            try:
                with self.index.unit():
                    return True
            except RefusalError as error:
                if error.rule != "storage.unit":
                    raise
                return False

    def _read(self, content_hash: str, entry: Entry, offset: int, length: int) -> bytes:
        if offset >= entry.size or not length:
            return b""
        if entry.tier == "inline":
            return self._inline(content_hash, entry)[offset : offset + length]
        tier = self._files() if entry.tier == "files" else self._objects
        return tier.read(content_hash, entry, offset, length)

    def _mark_damaged(self, content_hash: str, entry: Entry) -> None:
        """Remember damage, so that the next upload replaces even what it does not read."""
        marked = dataclasses.replace(entry, damaged=True)
        if marked == entry:
            return
        try:
            with self.index.unit():
                if self.index.get(content_hash) == entry:
                    self.index.put(content_hash, marked, entry)
        except RefusalError as error:
            self._context.log("warning", f"damage of content {content_hash} was not noted: {error}")

    def _inline(self, content_hash: str, entry: Entry) -> bytes:
        data: bytes | None = self.index.hook.storage_get_content(
            content_hash=content_hash, offset=0, length=entry.size + 1
        )
        if data is None:
            raise corrupt(content_hash, "inline", "its bytes are missing")
        if not whole(content_hash, data):
            raise corrupt(content_hash, "inline", "its bytes were altered")
        return data

    def _intact(self, content_hash: str, entry: Entry) -> bool:
        if entry.damaged:
            return False
        if entry.tier == "files":
            return self._files().intact(content_hash, entry)
        if entry.tier == "objects":
            return self._objects.intact(content_hash, entry)
        try:
            self._inline(content_hash, entry)
        except RefusalError as error:
            if error.rule != "content.corrupt":
                raise
            return False
        return True

    def _tier(self, size: int) -> Files | Objects:
        if self._settings.bucket and size >= self._settings.files_below:
            return self._objects
        return self._files()

    @property
    def _objects(self) -> Objects:
        with self._lock:
            if self._bucket is None:
                if not self._settings.bucket:
                    raise RefusalError(
                        "the content lies in a bucket, and none is configured",
                        "content.unavailable",
                        hint="set bucket in [plugins.content-tiers.config]",
                    )
                self._bucket = Objects(self._settings)
            return self._bucket

    def _files(self) -> Files:
        return Files(self._data() / "files")

    def _uploads_directory(self) -> Path:
        with self._lock:
            if self._spool is None:
                place = self._data() / "uploads"
                with on_disk():
                    place.mkdir(mode=0o700, exist_ok=True)
                remove_forgotten(place)
                self._spool = place
            return self._spool

    def _data(self) -> Path:
        try:
            return self._context.data
        except (HomeError, PluginStateError) as error:
            raise RefusalError(
                f"contents of {self._settings.inline_below} bytes and more need a directory: {error}",
                "content.full",
                hint=error.hint,
            ) from error


def _root(upload: Upload) -> str:
    import hashlib

    return hashlib.sha256(upload.hasher.digests).hexdigest()


def _info(content_hash: str, entry: Entry) -> ContentInfo:
    return ContentInfo(content_hash, entry.size, entry.uri)
