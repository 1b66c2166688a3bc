"""What a component imports and exports, by name, read from its binary: nothing is compiled or run.

A component of many megabytes takes seconds to compile and milliseconds to skip through, section by
section. Only names are read, not types; whether they fit is found out when it is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hyperhost.errors import ComponentTooLargeError, CorruptComponentError

__all__ = ["MAX_OUTER_NAMES", "OuterName", "OuterNames", "outer_names"]

MAX_OUTER_NAMES: Final = 5_000
"""Imports, or exports; real components have dozens."""

_HEADER: Final = b"\0asm\x0d\0\x01\0"
_IMPORTS, _EXPORTS = 10, 11
_SORTS: Final = ("module", "function", "value", "type", "component", "interface")
_TYPE: Final = 3


@dataclass(frozen=True, slots=True)
class OuterName:
    """One import or export.

    Attributes:
        name: As the component spells it, with version: ``hyperhost:host/log@1.0.0``.
        kind: ``interface``, ``function``, ``type``, ``resource``, ``value``, ``module`` or ``component``.
    """

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class OuterNames:
    """Everything that a component imports and exports, in the order of its binary."""

    imports: tuple[OuterName, ...] = ()
    exports: tuple[OuterName, ...] = ()

    @property
    def needed(self) -> tuple[str, ...]:
        """Sorted names of the imports that a host has to supply; a plain type is none of them."""
        return tuple(sorted({item.name for item in self.imports if item.kind != "type"}))

    @property
    def offered(self) -> tuple[str, ...]:
        """Sorted names of the exports that can be called."""
        return tuple(sorted({item.name for item in self.exports if item.kind in ("function", "interface")}))


def outer_names(data: bytes, source: str) -> OuterNames:
    """Names at the outermost level of a component. Takes time in proportion to its sections.

    Args:
        data: The component's bytes.
        source: What to call it in errors.

    Raises:
        CoreModuleError: it is a core module.
        CorruptComponentError: it is no WebAssembly, or its sections do not add up.
        ComponentTooLargeError: it has more names than real components have.
    """
    if not data.startswith(_HEADER):
        from hyperhost.sandbox.engine import check_header

        check_header(data, source, len(data))
    reader = _Reader(data, source)
    found: dict[int, list[OuterName]] = {_IMPORTS: [], _EXPORTS: []}
    at = len(_HEADER)
    try:
        while at < len(data):
            section = data[at]
            size, start = reader.number(at + 1)
            at = start + size
            if at > len(data):
                raise ValueError(at)
            if section in found:
                read = reader.imported if section == _IMPORTS else reader.exported
                found[section] += reader.items(start, at, read, len(found[section]))
    except (IndexError, ValueError):
        raise CorruptComponentError(
            f"{source} is not a valid component: its sections do not add up",
            hint="it may be truncated; fetch or build it again",
        ) from None
    return OuterNames(tuple(found[_IMPORTS]), tuple(found[_EXPORTS]))


class _Reader:
    """Reads items of the two sections; each method takes a place and returns the one behind, too."""

    def __init__(self, data: bytes, source: str) -> None:
        self._data = data
        self._source = source

    def items(
        self, at: int, end: int, read: Callable[[int], tuple[OuterName, int]], before: int
    ) -> list[OuterName]:
        """The items of one section, which must end where it says."""
        count, at = self.number(at)
        if before + count > MAX_OUTER_NAMES:
            raise ComponentTooLargeError(
                f"{self._source} has more than {MAX_OUTER_NAMES:,} imports or exports",
                hint="no real component needs that many",
            )
        found = []
        for _ in range(count):
            item, at = read(at)
            found.append(item)
        if at != end:
            raise ValueError(at)
        return found

    def imported(self, at: int) -> tuple[OuterName, int]:
        """A name and what is expected under it."""
        name, at = self._extern_name(at)
        kind, at = self._described(at)
        return OuterName(name, kind), at

    def exported(self, at: int) -> tuple[OuterName, int]:
        """A name, the sort and index of what it stands for, and maybe its type."""
        name, at = self._extern_name(at)
        sort = self._data[at]
        kind = _SORTS[sort]
        at = self.number(at + (1 if sort else 2))[1]
        described = self._data[at]
        if described > 1:
            raise ValueError(at)
        return OuterName(name, kind), self._described(at + 1)[1] if described else at + 1

    def _described(self, at: int) -> tuple[str, int]:
        sort = self._data[at]
        kind = _SORTS[sort]
        at += 2 if sort == 0 else 1  # which sort of core item
        if kind in ("value", "type"):
            bound, at = self._data[at], at + 1
            if sort == _TYPE and bound == 1:
                return "resource", at  # a new resource type has no index
        return kind, self.number(at)[1]

    def _extern_name(self, at: int) -> tuple[str, int]:
        form = self._data[at]
        name, at = self._text(at + 1)
        if form == 2:  # followed by a suffix of its version
            at = self._text(at)[1]
        elif form > 2:
            raise ValueError(at)
        return name, at

    def _text(self, at: int) -> tuple[str, int]:
        length, at = self.number(at)
        if at + length > len(self._data):
            raise ValueError(at)
        return self._data[at : at + length].decode("utf-8"), at + length

    def number(self, at: int) -> tuple[int, int]:
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
