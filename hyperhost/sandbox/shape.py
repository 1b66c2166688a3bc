"""What a component would grow to, read from its binary before anything is compiled or run.

Components nest, and instantiating one instantiates what it holds: a file of 2 KB can describe
millions of instances, and every instance of a core module takes host memory that no memory limit
covers (for its imports, functions and globals). Compiling resolves all of them, so they are
counted here first. Only the outline is read: section headers, and the few items that instantiate.
The counts are upper bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hyperhost.errors import ComponentTooLargeError, CorruptComponentError

__all__ = ["MAX_INSTANCES", "MAX_STATE_BYTES", "check_shape"]

MAX_INSTANCES: Final = 10_000
"""Instances of modules and components that one component makes."""

MAX_STATE_BYTES: Final = 64 * 1024**2
"""Host memory for the imports, functions, globals and tables of all core instances."""

_MAX_DEPTH: Final = 64
_MAX_ITEMS: Final = 500_000
_MODULE_STATE: Final = {2: 32, 3: 32, 4: 32, 5: 32, 6: 16}
"""Bytes of state per item of a core module's section: imports, functions, tables, memories, globals."""

_CORE_MODULE, _CORE_INSTANCE, _COMPONENT, _INSTANCE, _ALIAS, _IMPORT = 1, 2, 4, 5, 6, 10
_SORT_COMPONENT: Final = 4


def check_shape(data: bytes, source: str) -> None:
    """Check that a component stays within what one may describe.

    Args:
        data: The component's bytes, header included.
        source: What to call it in errors.

    Raises:
        ComponentTooLargeError: it describes too many instances, or too much state in them.
        CorruptComponentError: its sections do not add up.
    """
    outline = _Outline(data, source)
    try:
        components, modules = outline.component(8, len(data), 0)
    except (IndexError, ValueError):
        raise CorruptComponentError(
            f"{source} is not a valid component: its sections do not add up",
            hint="it may be truncated; fetch or build it again",
        ) from None
    instances = components + modules
    if instances > MAX_INSTANCES:
        raise outline.too_large(f"would make up to {_number(instances)} instances", f"{MAX_INSTANCES:,}")
    if modules * outline.heaviest > MAX_STATE_BYTES:
        raise outline.too_large(
            f"would make up to {modules:,} instances of up to {outline.heaviest:,} bytes",
            f"{MAX_STATE_BYTES >> 20} MiB together",
        )


def _number(count: int) -> str:
    return f"{count:,}" if count < 10**12 else "more than a trillion"


class _Outline:
    """Walks through sections; what it has seen so far."""

    def __init__(self, data: bytes, source: str) -> None:
        self._data = data
        self._source = source
        self._items = 0
        #: Bytes of state of the largest core module.
        self.heaviest = 0
        self._largest = 1, 0

    def too_large(self, what: str, most: str) -> ComponentTooLargeError:
        """The error for a component that describes too much."""
        return ComponentTooLargeError(
            f"{self._source} {what}, the most accepted is {most}", hint="build it with fewer nested parts"
        )

    def component(self, at: int, end: int, depth: int) -> tuple[int, int]:
        """How many instances of components, itself included, and of core modules it makes."""
        if depth > _MAX_DEPTH:
            raise self.too_large("nests components deeper", f"{_MAX_DEPTH}")
        components, modules = 1, 0
        for kind, start, stop in self._parts(at, end):
            if kind == _CORE_MODULE:
                self.heaviest = max(self.heaviest, self._module_state(start, stop))
            elif kind == _COMPONENT:
                # Only what is defined before can be instantiated, so the largest so far is the bound.
                inner = self.component(start + 8, stop, depth + 1)
                self._largest = max(self._largest[0], inner[0]), max(self._largest[1], inner[1])
            elif kind == _CORE_INSTANCE:
                modules += self._instantiations(start, core=True)
            elif kind == _INSTANCE:
                parts = self._instantiations(start, core=False)
                components += parts * self._largest[0]
                modules += parts * self._largest[1]
            elif kind == _ALIAS:
                self._each(start, self._alias)
            elif kind == _IMPORT:
                self._each(start, self._import)
        return components, modules

    def _module_state(self, at: int, end: int) -> int:
        return sum(
            _MODULE_STATE[kind] * self._leb(start)[0]
            for kind, start, _ in self._parts(at + 8, end)
            if kind in _MODULE_STATE
        )

    def _parts(self, at: int, end: int) -> list[tuple[int, int, int]]:
        """Kind, start and end of each section."""
        found = []
        while at < end:
            kind = self._data[at]
            size, start = self._leb(at + 1)
            at = start + size
            if at > end:
                raise ValueError(at)
            found.append((kind, start, at))
            self._read(1)
        return found

    def _read(self, items: int) -> None:
        self._items += items
        if self._items > _MAX_ITEMS:
            raise self.too_large("has more sections, imports and instances", f"{_MAX_ITEMS:,}")

    def _instantiations(self, at: int, *, core: bool) -> int:
        """How many items of a section instantiate something; the others only group what is there."""
        count, at = self._leb(at)
        made = 0
        self._read(count)
        for _ in range(count):
            grouping, at = self._data[at], at + 1
            if not grouping:
                made += 1
                at = self._leb(at)[1]
            items, at = self._leb(at)
            self._read(items)
            for _ in range(items):
                at = self._name(at) if core or not grouping else self._extern_name(at)
                at = self._leb(at + (1 if core or self._data[at] else 2))[1]
        return made

    def _each(self, at: int, read: Callable[[int], int]) -> None:
        count, at = self._leb(at)
        self._read(count)
        for _ in range(count):
            at = read(at)

    def _alias(self, at: int) -> int:
        sort, at = self._data[at], at + 1
        if sort == 0:
            at += 1  # which sort of core item
        target, at = self._data[at], at + 1
        if target == 2:  # of an enclosing component: count and index
            return self._leb(self._leb(at)[1])[1]
        if sort == _SORT_COMPONENT:
            raise self._passed()
        return self._name(self._leb(at)[1])

    def _import(self, at: int) -> int:
        at = self._extern_name(at)
        sort, at = self._data[at], at + 1
        if sort == _SORT_COMPONENT:
            raise self._passed()
        if sort == 0:
            at += 1
        elif sort in (2, 3):
            bound, at = self._data[at], at + 1
            if sort == 3 and bound == 1:
                return at  # a new resource type has no index
        return self._leb(at)[1]

    def _passed(self) -> ComponentTooLargeError:
        return self.too_large(
            "passes components between its parts, so its size cannot be known", "no such component"
        )

    def _extern_name(self, at: int) -> int:
        form = self._data[at]
        at = self._name(at + 1)
        return self._name(at) if form == 2 else at  # followed by a suffix of its version

    def _name(self, at: int) -> int:
        length, at = self._leb(at)
        return at + length

    def _leb(self, at: int) -> tuple[int, int]:
        """An unsigned number of at most 5 bytes, and where it ends."""
        value = shift = 0
        while True:
            byte = self._data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7
            if shift > 28:
                raise ValueError(at)
