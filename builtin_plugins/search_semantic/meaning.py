"""The index: vectors, their graph, and what brings both to where the store is."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import SemanticState
from hyperhost.errors import RefusalError
from hyperhost.query.keeping import Lock

from .failures import busy, embedding
from .following import FEW, Following
from .graph import Graph
from .vectors import Reached, Vectors

if TYPE_CHECKING:
    import hyperhost

__all__ = ["Meaning", "remove"]

_FILE: Final = "vectors.db"
_LOCK: Final = "embedding.lock"
_WAIT_S: Final = 0.0


class Meaning:
    """The index of one home, or in memory.

    Args:
        context: What the host says of itself.

    Raises:
        sqlite3.DatabaseError: it is damaged.
    """

    def __init__(self, context: hyperhost.PluginContext) -> None:
        self._context = context
        self._hook: Any = context.hook
        self._place = context.data if context.home is not None else None
        self._vectors = Vectors(None if self._place is None else self._place / _FILE)
        self._following = Following(context, self._vectors)
        self._lock = Lock(None if self._place is None else self._place / _LOCK, "")
        self._guard = threading.Lock()
        self._graph: Graph | None = None
        self._of: tuple[str, int] = ("", 0)

    def search(self, text: str, size: int, among: list[str]) -> tuple[list[tuple[str, float]], bool]:
        """The nearest artifacts with the cosine, and whether something is left to be embedded."""
        import numpy as np

        rest = self._following.is_new() and not self._brought(FEW)
        with embedding():
            [found] = self._hook.embed_text(texts=[text])
        vector = np.asarray(found, np.float32)
        if not vector.any():
            return [], rest
        reached = self._vectors.reached()
        if len(vector) != reached.dimension:
            return [], True  # of another model than the vectors that are there
        if among:
            return self._ranked(vector, among)[:size], rest
        return self._graph_of(reached).nearest(vector, size), rest

    def state(self) -> SemanticState:
        """How far it is."""
        reached = self._vectors.reached()
        return SemanticState(
            self._vectors.count(),
            reached.sequence,
            self._following.behind(),
            reached.updated_at_us,
            self._following.looking,
            reached.model,
        )

    def catch_up(self) -> None:
        """Embed all that has changed.

        Raises:
            RefusalError: as ``semantic_catch_up``.
        """
        if self._following.is_new() and not self._brought(None):
            return
        reached = self._vectors.reached()
        if reached.dimension:
            self._graph_of(reached).save()

    def finish(self) -> SemanticState:
        """Embed all that has changed, and say how far it is then.

        Raises:
            RefusalError: as ``semantic_catch_up``.
        """
        self._take()
        try:
            self._following.catch_up()
        finally:
            self._lock.give_back()
        reached = self._vectors.reached()
        if reached.dimension:
            self._graph_of(reached).save(anyway=True)
        return self.state()

    def stop(self) -> None:
        """End what is embedded at the moment, soon."""
        self._following.stopped.set()

    def close(self) -> None:
        """Close it."""
        with self._guard:
            if self._graph is not None:
                with suppress(Exception):  # it can be made again
                    self._graph.save()
        self._vectors.close()

    def _brought(self, most: int | None) -> bool:
        """Embed so many texts at most; whether that was all. Where somebody else does it, it is not."""
        try:
            self._take()
        except RefusalError:
            return False
        try:
            return self._following.catch_up(most)
        finally:
            self._lock.give_back()

    def _take(self) -> None:
        try:
            self._lock.take(_WAIT_S)
        except RefusalError:
            raise busy() from None

    def _graph_of(self, reached: Reached) -> Graph:
        """The graph of the vectors of a model."""
        with self._guard:
            if self._graph is None or self._of != (reached.model, reached.dimension):
                self._graph = Graph(
                    self._vectors,
                    self._place,
                    reached.dimension,
                    lambda text: self._context.log("warning", text),
                )
                self._of = (reached.model, reached.dimension)
            return self._graph

    def _ranked(self, vector: Any, among: list[str]) -> list[tuple[str, float]]:
        """Some artifacts in order, each compared."""
        import numpy as np

        found = self._vectors.of(among)
        good = [(each, blob) for each, blob in found.items() if len(blob) == 2 * len(vector)]
        if not good:
            return []
        block = np.frombuffer(b"".join(blob for _, blob in good), np.float16).reshape(len(good), -1)
        scores = (block.astype(np.float32) @ vector).tolist()
        pairs = zip((each for each, _ in good), scores, strict=True)
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def remove(place: Path) -> None:
    """Remove the files of an index that is damaged."""
    for each in (_FILE, f"{_FILE}-wal", f"{_FILE}-shm"):
        (place / each).unlink(missing_ok=True)
    for graph in place.glob("graph-*"):
        graph.unlink(missing_ok=True)
