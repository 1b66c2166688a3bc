"""Small content, by its hash, in a table of its own."""

from __future__ import annotations

import hashlib
from typing import Final

from hyperhost.contracts import ContentInfo, NamespaceUsage, StorageTotals
from hyperhost.errors import RefusalError

from .database import Database
from .scopes import CONTENTS, EVERYTHING, Delta, tree
from .statements import Statements

__all__ = ["Contents"]

_DIGESTS: Final = {"sha256": hashlib.sha256, "sha3-512": hashlib.sha3_512}
_OFFSET_MAX: Final = 2**31 - 2
"""SQL counts bytes of a content in 31 bits; no content that it keeps is larger."""


class Contents:
    """The table ``content``, and the counters."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._sql = statements

    def stat(self, content_hash: str) -> ContentInfo | None:
        """How large a content is."""
        row = self._database.one(self._sql.stat_content, (content_hash,))
        return None if row is None else ContentInfo(content_hash, row[0])

    def get(self, content_hash: str, offset: int, length: int) -> bytes | None:
        """A piece of a content."""
        start = min(offset, _OFFSET_MAX)
        row = self._database.one(
            self._sql.get_content, (start + 1, min(length, _OFFSET_MAX - start), content_hash)
        )
        return None if row is None else bytes(row[0] or b"")  # of nothing SQLite gives NULL

    def put(self, content_hash: str, data: bytes) -> bool:
        """Keep a content; whether it is new."""
        algorithm, _, digest = content_hash.partition(":")
        if algorithm not in _DIGESTS:
            raise RefusalError(
                f"hash algorithm {algorithm!r} is not one of {', '.join(_DIGESTS)}", "storage.hash"
            )
        if _DIGESTS[algorithm](data).hexdigest() != digest:
            raise RefusalError(f"the content does not have the hash {content_hash}", "storage.hash")
        with self._database.writing():
            row = (content_hash, len(data), bytes(data))
            if not self._database.execute(self._sql.insert_content, row).rowcount:
                return False
            self._database.add_to_scopes({CONTENTS: Delta(1, 0, len(data))})
            return True

    def delete(self, content_hash: str) -> bool:
        """Remove a content; whether there was one."""
        with self._database.writing():
            row = self._database.one(self._sql.stat_content, (content_hash,))
            if row is None:
                return False
            self._database.execute(self._sql.delete_content, (content_hash,))
            self._database.add_to_scopes({CONTENTS: Delta(-1, 0, -row[0])})
            return True

    def totals(self) -> StorageTotals:
        """How much there is, from the counters."""
        with self._database.reading():
            artifacts = self._database.one(self._sql.get_scope, EVERYTHING)
            contents = self._database.one(self._sql.get_scope, CONTENTS)
        return StorageTotals(
            artifacts[1] if artifacts else 0, contents[1] if contents else 0, contents[3] if contents else 0
        )

    def namespace(self, namespace: str) -> NamespaceUsage:
        """How much lies in a namespace and below it, from the counters."""
        row = self._database.one(self._sql.get_scope, tree(namespace))
        return NamespaceUsage(row[1], row[3]) if row else NamespaceUsage()
