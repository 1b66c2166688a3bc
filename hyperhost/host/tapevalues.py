"""JSON for what a recording holds: the values of a hook, and those of host calls.

Values of a hook have the forms of :mod:`hyperhost.host.jsonvalues`. Values of host calls have the same
forms in WIT's spelling, as their types come from the component: fields, enum cases and flags by
their WIT names, ``{"ok": …}`` or ``{"err": …}`` for a result, the number for a handle. Bytes that are
plain text are written as ``{"text": "…"}``, which people can read.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from typing import Any, Final, Protocol

from hyperhost.errors import BadArgumentError, RecordingError
from hyperhost.host.jsonvalues import from_json
from hyperhost.host.jsonwords import names, shown
from hyperhost.sandbox import types as wit

__all__ = ["Leaves", "Writer", "read_value"]

_MAX_HANDLE: Final = 2**32 - 1


class Leaves(Protocol):
    """What becomes of the texts and bytes within values."""

    def text(self, text: str) -> str:
        """What to write instead of ``text``; as many UTF-8 bytes."""
        ...

    def data(self, data: bytes) -> bytes:
        """What to write instead of ``data``; as many bytes."""
        ...


class _AsTheyAre:
    def text(self, text: str) -> str:
        return text

    def data(self, data: bytes) -> bytes:
        return data


class Writer:
    """Makes JSON data of values.

    Args:
        spelling: ``python`` for hooks, ``wit`` for host calls.
        leaves: Changes texts and bytes on the way; nothing does when not given.
    """

    def __init__(self, spelling: str, leaves: Leaves | None = None) -> None:
        self._wit = spelling == "wit"
        self._leaves: Leaves = leaves or _AsTheyAre()

    def value(self, kind: wit.WitType | None, value: Any) -> Any:
        """JSON data for a value of type ``kind``; ``None`` for no value."""
        if kind is None:
            return None
        return _WRITERS[type(kind)](self, kind, value)

    def _prim(self, kind: wit.Prim, value: Any) -> Any:
        if kind.name in ("string", "char"):
            return self._leaves.text(value) if kind.name == "string" else value
        if isinstance(value, float) and not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return value

    def _list(self, kind: wit.List, value: Any) -> Any:
        if kind.is_bytes:
            return _bytes(self._leaves.data(bytes(value)))
        return [self.value(kind.element, item) for item in value]

    def _map(self, kind: wit.Map, value: Any) -> Any:
        return {self._leaves.text(key): self.value(kind.value, item) for key, item in value.items()}

    def _option(self, kind: wit.Option, value: Any) -> Any:
        if value is None or not isinstance(kind.inner, wit.Option | wit.Result):
            return None if value is None else self.value(kind.inner, value)
        return [self.value(kind.inner, value)]  # an option within an option: null would be either

    def _tuple(self, kind: wit.Tuple, value: Any) -> Any:
        return [self.value(each, item) for each, item in zip(kind.elements, value, strict=True)]

    def _record(self, kind: wit.Record, value: Any) -> Any:
        get: Callable[[str], Any] = (
            value.__getitem__ if isinstance(value, dict) else lambda name: getattr(value, name)
        )
        return {
            (field.name if self._wit else field.attribute): self.value(field.type, get(field.attribute))
            for field in kind.fields
        }

    def _enum(self, kind: wit.Enum, value: Any) -> Any:
        spelled = kind.cases if self._wit else names(kind)
        return spelled[kind.values.index(value)]

    def _flags(self, kind: wit.Flags, value: Any) -> Any:
        spelled = kind.flags if self._wit else names(kind)
        return [name for name, member in zip(spelled, kind.members, strict=True) if member in value]

    def _variant(self, kind: wit.Variant, value: Any) -> Any:
        for case, payload, python in kind.cases:
            if python is not None and type(value) is python:
                return {case: self.value(payload, value)}
            if python is None and isinstance(value, tuple) and value[0] == case:
                return {case: self.value(payload, value[1])}
        raise TypeError(f"{value!r} is no case of {kind.name}")

    def _result(self, kind: wit.Result, value: Any) -> Any:
        is_ok, inner = value
        return {"ok": self.value(kind.ok, inner)} if is_ok else {"err": self.value(kind.err, inner)}

    def _resource(self, kind: wit.Resource, value: Any) -> Any:
        return value


def _bytes(data: bytes) -> dict[str, str]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if all(character.isprintable() or character in "\n\t" for character in text):
        return {"text": text}
    return {"base64": base64.b64encode(data).decode("ascii")}


_WRITERS: Final[dict[type, Callable[[Writer, Any, Any], Any]]] = {
    wit.Prim: Writer._prim,
    wit.List: Writer._list,
    wit.Map: Writer._map,
    wit.Option: Writer._option,
    wit.Tuple: Writer._tuple,
    wit.Record: Writer._record,
    wit.Enum: Writer._enum,
    wit.Flags: Writer._flags,
    wit.Variant: Writer._variant,
    wit.Result: Writer._result,
    wit.Resource: Writer._resource,
}


def read_value(kind: wit.WitType | None, data: Any, path: str) -> Any:
    """The value of a host call that ``data`` stands for, of a type as the component declares it.

    Args:
        kind: Its type; ``None`` for no value.
        data: JSON data.
        path: Where it stands in the recording, for errors.

    Raises:
        RecordingError: it does not fit the type.
    """
    if kind is None:
        if data is None:
            return None
        raise _misfit(data, path)
    reader = _READERS.get(type(kind))
    if reader is not None and not (isinstance(kind, wit.List) and kind.is_bytes):
        return reader(kind, data, path)
    try:
        return from_json(kind, data, path)
    except BadArgumentError as caught:
        raise RecordingError(caught.message, hint=f"the recording was altered; {caught.hint}") from None


def _misfit(data: Any, path: str) -> RecordingError:
    return RecordingError(
        f"{path} is {shown(data)}, which does not fit the component's type",
        hint="the recording was altered, or is of another component",
    )


def _read_resource(kind: wit.Resource, data: Any, path: str) -> int:
    if isinstance(data, int) and not isinstance(data, bool) and 0 <= data <= _MAX_HANDLE:
        return data
    raise _misfit(data, path)


def _read_list(kind: wit.List, data: Any, path: str) -> list[Any]:
    if not isinstance(data, list):
        raise _misfit(data, path)
    return [read_value(kind.element, item, f"{path}[{index}]") for index, item in enumerate(data)]


def _read_option(kind: wit.Option, data: Any, path: str) -> Any:
    if data is None or not isinstance(kind.inner, wit.Option | wit.Result):
        return None if data is None else read_value(kind.inner, data, path)
    if isinstance(data, list) and len(data) == 1:
        return read_value(kind.inner, data[0], path)
    raise _misfit(data, path)


def _read_tuple(kind: wit.Tuple, data: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(data, list) or len(data) != len(kind.elements):
        raise _misfit(data, path)
    pairs = enumerate(zip(kind.elements, data, strict=True))
    return tuple(read_value(each, item, f"{path}[{index}]") for index, (each, item) in pairs)


def _read_record(kind: wit.Record, data: Any, path: str) -> dict[str, Any]:
    if not isinstance(data, dict) or set(data) != {field.name for field in kind.fields}:
        raise _misfit(data, path)
    return {
        field.attribute: read_value(field.type, data[field.name], f"{path}.{field.name}")
        for field in kind.fields
    }


def _read_variant(kind: wit.Variant, data: Any, path: str) -> tuple[str, Any]:
    if isinstance(data, dict) and len(data) == 1:
        [(name, inner)] = data.items()
        for case, payload, _ in kind.cases:
            if case == name:
                return case, read_value(payload, inner, f"{path}.{name}")
    raise _misfit(data, path)


def _read_result(kind: wit.Result, data: Any, path: str) -> tuple[bool, Any]:
    if not isinstance(data, dict) or set(data) not in ({"ok"}, {"err"}):
        raise _misfit(data, path)
    is_ok = "ok" in data
    side = "ok" if is_ok else "err"
    return is_ok, read_value(kind.ok if is_ok else kind.err, data[side], f"{path}.{side}")


_READERS: Final[dict[type, Callable[[Any, Any, str], Any]]] = {
    wit.Resource: _read_resource,
    wit.List: _read_list,
    wit.Option: _read_option,
    wit.Tuple: _read_tuple,
    wit.Record: _read_record,
    wit.Variant: _read_variant,
    wit.Result: _read_result,
}
