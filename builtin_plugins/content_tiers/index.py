"""The index: which contents there are, in records of the storage provider.

A content is there if and only if it has a record; bytes without one are leftovers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import ContentTotals, PageRequest, RecordPage
from hyperhost.contracts.codec import from_data
from hyperhost.errors import RefusalError

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["TIERS", "Entry", "Index"]

TIERS: Final = ("inline", "files", "objects")
_ENTRIES: Final = "content-tiers-index"
_TOTALS: Final = "content-tiers-totals"
_PAGE: Final = 1000
_HEX: Final = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Entry:
    """One content.

    Attributes:
        size: Bytes.
        tier: Where it is.
        place: Where in the tier; empty for inline.
        root: SHA-256 of the list of digests of its pieces, hex; empty for inline.
        at: When it was stored, in microseconds since 1970.
        used: When it was last uploaded; collecting goes by this.
        damaged: Reading it found that it is not what was stored; uploading it again replaces it.
        leaving: A collection, by a random token, that is about to remove it unless somebody uses it.
    """

    size: int
    tier: str
    place: str
    root: str
    at: int
    used: int
    damaged: bool = False
    leaving: str = ""

    @property
    def uri(self) -> str | None:
        """Where it is, for people; ``None`` in the database."""
        return self.place or None


class Index:
    """Records of contents.

    Args:
        hook: The host's hooks.
    """

    def __init__(self, hook: HookRelay) -> None:
        self.hook = hook

    @contextmanager
    def unit(self, *, write: bool = True) -> Iterator[bool]:
        """A unit of work around a block; says whether it is the outermost of this thread."""
        outermost = self.hook.storage_begin(write=write)
        try:
            yield bool(outermost)
        except BaseException:
            self.hook.storage_end(commit=False)
            raise
        self.hook.storage_end(commit=True)

    def get(self, content_hash: str) -> Entry | None:
        """The entry of a content."""
        text = self.hook.storage_get_record(collection=_ENTRIES, key=content_hash)
        return None if text is None else _parse(content_hash, text)

    def put(self, content_hash: str, entry: Entry, before: Entry | None) -> None:
        """Write an entry, within a unit of work; ``before`` is what it replaces."""
        data = asdict(entry)
        if not entry.leaving:
            del data["leaving"]
        text = json.dumps(data, separators=(",", ":"))
        self.hook.storage_put_record(collection=_ENTRIES, key=content_hash, data_json=text, mode=None)
        if before is None or (before.tier, before.size) != (entry.tier, entry.size):
            if before is not None:
                self._count(before, -1)
            self._count(entry, 1)

    def delete(self, content_hash: str, entry: Entry) -> None:
        """Remove an entry, within a unit of work."""
        if self.hook.storage_delete_record(collection=_ENTRIES, key=content_hash):
            self._count(entry, -1)

    def totals(self) -> list[ContentTotals]:
        """What each tier keeps; kept up to date with each change, so nothing is counted here."""
        return [ContentTotals(tier, *self._total(tier)) for tier in TIERS]

    def all(self) -> Iterator[tuple[str, Entry]]:
        """Every entry, in the order of the hashes."""
        return self._under("", "")

    def behind(self, after: str) -> Iterator[tuple[str, Entry]]:
        """Every entry whose hash sorts behind a text, in the order of the hashes."""
        for prefix in _prefixes(after):
            yield from self._under(prefix, after)

    def _under(self, prefix: str, after: str) -> Iterator[tuple[str, Entry]]:
        token = ""
        while True:
            page: RecordPage = self.hook.storage_list_records(
                collection=_ENTRIES, prefix=prefix, page=PageRequest(_PAGE, token)
            )
            for record in page.items:
                if record.key > after:
                    yield record.key, _parse(record.key, record.data_json)
            token = page.next_token
            if not token:
                return

    def _total(self, tier: str) -> tuple[int, int]:
        text = self.hook.storage_get_record(collection=_TOTALS, key=tier)
        if text is None:
            return 0, 0
        contents, size = json.loads(text)
        return int(contents), int(size)

    def _count(self, entry: Entry, sign: int) -> None:
        contents, size = self._total(entry.tier)
        text = json.dumps([contents + sign, size + sign * entry.size])
        self.hook.storage_put_record(collection=_TOTALS, key=entry.tier, data_json=text, mode=None)


def _parse(content_hash: str, text: str) -> Entry:
    try:
        return from_data(Entry, json.loads(text))
    except (ValueError, RecursionError) as error:
        raise RefusalError(
            f"the index entry of content {content_hash} is damaged",
            "content.corrupt",
            hint="restore the database from a backup",
        ) from error


def _prefixes(after: str) -> Iterator[str]:
    """Beginnings that together cover all hashes behind a text and few before it, in order.

    Pages of records can be asked for by what keys begin with, and not from a key on.
    """
    if not after:
        yield ""
        return
    for head in ("sha256:", "sha3-512:"):
        if not after.startswith(head):
            if head > after:
                yield head
            continue
        digits = after[len(head) : len(head) + 2]
        yield head + digits
        for length in range(len(digits), 0, -1):
            for digit in _HEX:
                if digit > digits[length - 1]:
                    yield head + digits[: length - 1] + digit
