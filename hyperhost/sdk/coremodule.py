"""What a core module imports, read from its binary: nothing is compiled or run."""

from __future__ import annotations

from typing import Final

from hyperhost.errors import BuildError

__all__ = ["core_imports"]

_HEADER: Final = b"\0asm\x01\0\0\0"
_IMPORTS: Final = 2
_FUNCTION, _TABLE, _MEMORY, _GLOBAL, _TAG = range(5)


def core_imports(data: bytes) -> tuple[tuple[str, str], ...]:
    """Module and name of each import, in the order of the binary.

    Raises:
        BuildError: it is no core module, or its sections do not add up.
    """
    if not data.startswith(_HEADER):
        raise BuildError("the linker wrote no core module", hint="build it again")
    at = len(_HEADER)
    try:
        while at < len(data):
            section = data[at]
            size, at = _number(data, at + 1)
            if section == _IMPORTS:
                return _read(data, at)
            at += size
    except (IndexError, ValueError) as error:
        raise BuildError("the linker wrote a core module whose sections do not add up") from error
    return ()


def _read(data: bytes, at: int) -> tuple[tuple[str, str], ...]:
    count, at = _number(data, at)
    found = []
    for _ in range(count):
        module, at = _name(data, at)
        name, at = _name(data, at)
        found.append((module, name))
        at = _described(data, at)
    return tuple(found)


def _described(data: bytes, at: int) -> int:
    """Where the description of an import ends."""
    kind, at = data[at], at + 1
    if kind == _FUNCTION:
        return _number(data, at)[1]
    if kind == _GLOBAL:
        return at + 2
    if kind == _TAG:
        return _number(data, at + 1)[1]
    if kind not in (_TABLE, _MEMORY):
        raise ValueError(kind)
    at += kind == _TABLE  # its element type
    limits, at = data[at], at + 1
    for _ in range(2 if limits & 1 else 1):
        at = _number(data, at)[1]
    return at


def _name(data: bytes, at: int) -> tuple[str, int]:
    size, at = _number(data, at)
    return data[at : at + size].decode("utf-8"), at + size


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
