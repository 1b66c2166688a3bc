"""A mapping that is computed as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

__all__ = ["Lazy"]

Value = TypeVar("Value")


class Lazy(Mapping[str, Value]):
    """A mapping by name that is computed entry by entry.

    Args:
        names: Those that were found so far, for suggestions.
        of: The entry of a name; ``None`` for one that is unknown.
        ahead: Reads many names at once.
    """

    def __init__(
        self,
        names: Callable[[], Sequence[str]],
        of: Callable[[str], Value | None],
        ahead: Callable[[Sequence[str]], None],
    ) -> None:
        self._names, self._of, self._ahead = names, of, ahead
        self._entries: dict[str, Value | None] = {}

    def __getitem__(self, name: str) -> Value:
        if name not in self._entries:
            self._entries[name] = self._of(name)
        entry = self._entries[name]
        if entry is None:
            raise KeyError(name)
        return entry

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __bool__(self) -> bool:
        return True  # whatever was found so far: it is never known to be empty

    def prefetch(self, names: Sequence[str]) -> None:
        """Hear what is looked up next."""
        self._ahead(names)

    def forget(self) -> None:
        """Compute the entries anew."""
        self._entries.clear()
