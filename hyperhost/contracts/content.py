"""Contract types of content: what is kept, and in which tier."""

from __future__ import annotations

from dataclasses import dataclass, field

from hyperhost.contracts.types import S64, U64

__all__ = ["ContentPage", "ContentTotals", "StoredContent"]


@dataclass(frozen=True, slots=True)
class StoredContent:
    """One content as a provider keeps it.

    Attributes:
        hash: ``algorithm:hex``.
        size: Bytes.
        tier: Where it is: ``inline``, ``files``, ``objects``, or a provider's own word.
        stored_at_us: Since when.
    """

    hash: str
    size: U64
    tier: str
    stored_at_us: S64


@dataclass(frozen=True, slots=True)
class ContentPage:
    """One part of the list of all contents.

    Attributes:
        items: In the order of their hashes.
        more: Whether there were more at the moment of asking.
    """

    items: list[StoredContent] = field(default_factory=list)
    more: bool = False


@dataclass(frozen=True, slots=True)
class ContentTotals:
    """How much one tier keeps.

    Attributes:
        tier: Its name.
        contents: Contents.
        content_bytes: Bytes of them.
    """

    tier: str
    contents: U64 = 0
    content_bytes: U64 = 0
