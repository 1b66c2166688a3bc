"""The nearest vectors, by a graph (HNSW): a part of the index that can be made of the vectors at any time.

It lies on disk so that a process need not make it, with the digest that the file of the vectors knows: one
that is damaged, cut off, or of other vectors is not read but made again. What was removed stays in it
until it is; its number is not found among the vectors any more.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .vectors import Vectors

__all__ = ["Graph"]

_BATCH: Final = 2000
_LINKS: Final = 16
_EFFORT_ADDING: Final = 96
_EFFORT: Final = 96
"""Nodes that are looked at for each question: of the ten nearest of 60,000, nine to ten are found."""
_UNSAVED: Final = 1000
"""Vectors that may be added before the file is written again."""


class Graph:
    """The graph of the vectors of one file.

    Args:
        vectors: Them.
        place: Where its own file lies; ``None`` for nowhere.
        dimension: Numbers of one vector.
        say: Told when a file cannot be used.
    """

    def __init__(
        self, vectors: Vectors, place: Path | None, dimension: int, say: Callable[[str], None]
    ) -> None:
        self._vectors = vectors
        self._place = place
        self._dimension = dimension
        self._turn = threading.Lock()
        self._index, self._top = self._read(say)
        self._saved = self._top

    def nearest(self, vector: NDArray[np.float32], size: int) -> list[tuple[str, float]]:
        """The artifacts whose vectors are nearest, with the cosine.

        Args:
            vector: Of length 1.
            size: How many.
        """
        with self._turn:
            self._catch_up()
            there, live = len(self._index), self._vectors.count()
            wanted = size
            while True:
                found: Any = self._index.search(vector, min(wanted, there)) if there else None
                numbers = [] if found is None else found.keys.tolist()
                names = self._vectors.ids(numbers)
                if len(names) >= min(size, live) or wanted >= there:
                    break
                wanted *= 4  # many of them are gone
            distances = [] if found is None else found.distances.tolist()
        pairs = zip(numbers, distances, strict=True)
        return [(names[number], 1.0 - distance) for number, distance in pairs if number in names][:size]

    def save(self, *, anyway: bool = False) -> None:
        """Write it to disk, if much was added; what was removed is left out then.

        Args:
            anyway: If anything was added.
        """
        with self._turn:
            self._catch_up()
            added = self._top - self._saved
            if self._place is None or not added or (added < _UNSAVED and not anyway):
                return
            if len(self._index) > 1.25 * self._vectors.count() + _UNSAVED:
                self._index, self._top = self._made(), 0
                self._catch_up()
            self._write(self._place)

    def _write(self, place: Path) -> None:
        name = f"graph-{os.getpid()}-{self._top}"
        draft = place / f"{name}.part"
        try:
            self._index.save(str(draft))
            with draft.open("rb") as opened:
                os.fsync(opened.fileno())
            digest = _digest(draft)
            draft.replace(place / name)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        self._vectors.keep_graph({"file": name, "top": self._top, "digest": digest})
        self._saved = self._top
        for each in place.glob("graph-*"):
            if each.name != name and not each.name.endswith(".part"):
                each.unlink(missing_ok=True)

    def _catch_up(self) -> None:
        """Add what it has not seen."""
        import numpy as np

        while rows := self._vectors.after(self._top, _BATCH):
            good = [(number, blob) for number, blob in rows if len(blob) == 2 * self._dimension]
            if good:
                numbers = np.array([number for number, _ in good], np.uint64)
                block = np.frombuffer(b"".join(blob for _, blob in good), np.float16)
                block = block.reshape(len(good), self._dimension)
                told = block.any(axis=1)  # a text that says nothing is near to none
                self._index.add(numbers[told], block[told])
            self._top = rows[-1][0]

    def _read(self, say: Callable[[str], None]) -> tuple[Any, int]:
        said = self._vectors.graph()
        if self._place is None or said is None:
            return self._made(), 0
        from usearch.index import Index

        file = self._place / str(said.get("file", ""))
        problem = "it is another one than was written"
        with suppress(OSError, ValueError, RuntimeError, TypeError, KeyError):
            if file.is_file() and _digest(file) == said["digest"]:
                found: Any = Index.restore(str(file))
                if found is not None and found.ndim == self._dimension:
                    found.expansion_search = _EFFORT
                    return found, int(said["top"])
        say(f"the graph of vectors in {file.name} cannot be read: {problem}; it is made again")
        return self._made(), 0

    def _made(self) -> Any:
        from usearch.index import Index

        return Index(
            ndim=self._dimension,
            metric="cos",
            dtype="f16",
            connectivity=_LINKS,
            expansion_add=_EFFORT_ADDING,
            expansion_search=_EFFORT,
        )


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
