"""The graph on the disk, so that a program that asks one question does not read the whole store.

One file, written beside its place and renamed: a crash leaves the old one. It is a zip archive of arrays,
whose checksums find what was damaged. It holds how far in the history it is, so an old one is caught up with.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from .arrays import Matrix, Names, Segment, made

__all__ = ["DamagedError", "Snapshot", "read", "write"]

_FORMAT: Final = 1
_FILE: Final = "graph.npz"
_MATRIX: Final = ("starts", "columns", "values", "order")


class DamagedError(Exception):
    """The file cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a snapshot holds.

    Attributes:
        segment: All rows.
        names: Names of artifacts.
        marks: Marks.
        labels: Labels of dependencies.
        sequence: The last change of the store that it reflects.
        mark: Recognises that change.
        built_at_us: When the graph was last built from the whole store.
    """

    segment: Segment
    names: Names
    marks: Names
    labels: Names
    sequence: int
    mark: str
    built_at_us: int


def write(place: Path, snapshot: Snapshot) -> None:
    """Keep it.

    Raises:
        OSError: it cannot be written; the old one is still there.
    """
    segment = snapshot.segment
    head = {
        "format": _FORMAT,
        "sequence": snapshot.sequence,
        "mark": snapshot.mark,
        "built_at_us": snapshot.built_at_us,
    }
    arrays: dict[str, Any] = {
        "head": _bytes(json.dumps(head)),
        "names": _texts(snapshot.names.texts),
        "marks_texts": _texts(snapshot.marks.texts),
        "labels": _texts(snapshot.labels.texts),
        "ids": _texts(segment.ids),
        "versions": _texts(segment.versions),
        **{name: getattr(segment, name) for name in ("own", "facts", "downloads", "content")},
    }
    for name in ("needs", "marks"):
        table: Matrix = getattr(segment, name)
        arrays |= {f"{name}_{part}": getattr(table, part) for part in _MATRIX}
    beside = place / f".graph-{secrets.token_hex(6)}.part"
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - with these rights
            np.savez(file, **arrays)
        beside.replace(place / _FILE)
    finally:
        beside.unlink(missing_ok=True)


def read(place: Path) -> Snapshot | None:
    """What was kept; ``None`` when nothing was.

    Raises:
        DamagedError: it cannot be used.
    """
    try:
        file = (place / _FILE).open("rb")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamagedError(str(error)) from error
    with file:
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return _read(arrays)
        except DamagedError:
            raise
        except Exception as error:  # whatever numpy and zipfile make of a damaged file
            raise DamagedError(f"{type(error).__name__}: {error}") from error


def _read(arrays: Any) -> Snapshot:
    head = json.loads(bytes(arrays["head"]))
    if head["format"] != _FORMAT:
        raise DamagedError(f"it has the format {head['format']}, and {_FORMAT} is read here")
    names, marks = Names(_split(arrays["names"])), Names(_split(arrays["marks_texts"]))
    labels = Names(_split(arrays["labels"]))
    own, ids, versions = arrays["own"], _split(arrays["ids"]), _split(arrays["versions"])
    needs, marked = (tuple(arrays[f"{name}_{part}"] for part in _MATRIX) for name in ("needs", "marks"))
    rows = len(own)
    if (
        any(
            len(each) != rows
            for each in (ids, versions, arrays["facts"], arrays["downloads"], arrays["content"])
        )
        or not _fits(needs, rows, len(names))
        or not _fits(marked, rows, len(marks))
        or not _within(own, len(names))
        or not _within(needs[2], len(labels))
    ):
        raise DamagedError("its parts do not fit together")
    segment = made(
        own, arrays["facts"], arrays["downloads"], arrays["content"], ids, versions, needs[:3], marked[:3],
        len(names), len(marks), (needs[3], marked[3]),
    )  # fmt: skip
    return Snapshot(segment, names, marks, labels, head["sequence"], head["mark"], head["built_at_us"])


def _fits(table: Any, rows: int, width: int) -> bool:
    starts, columns, values, order = table
    return bool(
        len(starts) == rows + 1
        and starts[0] == 0
        and starts[-1] == len(columns) == len(values) == len(order)
        and (np.diff(starts) >= 0).all()
        and _within(columns, width)
        and _within(order, len(columns))
    )


def _within(numbers: Any, width: int) -> bool:
    return bool(not len(numbers) or (numbers.min() >= 0 and numbers.max() < width))


def _texts(texts: list[str]) -> Any:
    return _bytes("\0".join(texts) if texts else "\0\0")


def _split(data: Any) -> list[str]:
    text = bytes(data).decode()
    return [] if text == "\0\0" else text.split("\0")


def _bytes(text: str) -> Any:
    return np.frombuffer(text.encode(), np.uint8)
