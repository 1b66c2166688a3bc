"""The vectors follow the store: by its history, like the index of words, but behind it.

Embedding a text takes ten milliseconds. A search brings the vectors up to date when there is little to do;
the rest is done in the background, and ``semantic_catch_up`` waits for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import EmbeddingModel, SearchDocument
from hyperhost.errors import RefusalError
from hyperhost.query.following import History, changed_artifact, document_of, documents, mark_of

from .failures import embedding
from .vectors import Kept, Reached, Vectors, digest_of

if TYPE_CHECKING:
    import hyperhost

__all__ = ["FEW", "Following", "text_of"]

FEW: Final = 100
"""Texts that a search embeds before it is answered: a second of time."""
_TOGETHER: Final = 64
_BODY: Final = 600
"""Characters of a body that count: what follows no longer fits what the model reads."""


class Following:
    """Brings vectors to where the store is.

    Args:
        context: What the host says of itself.
        vectors: Them.

    Attributes:
        stopped: Set, it ends what is going on soon.
        looking: Whether all artifacts are looked at, not only those that have changed.
    """

    def __init__(self, context: hyperhost.PluginContext, vectors: Vectors) -> None:
        self._context = context
        self._hook: Any = context.hook
        self._history = History(context.hook)
        self._vectors = vectors
        self.stopped = threading.Event()
        self.looking = False

    def behind(self) -> int:
        """How many changes the vectors have not seen."""
        reached = self._vectors.reached()
        return max(0, self._history.end() - (reached.sequence if reached.mark else 0))

    def is_new(self) -> bool:
        """Whether there is anything that the vectors have not seen."""
        with embedding():
            model: EmbeddingModel = self._hook.embed_model()
        reached = self._vectors.reached()
        if reached.model != model.id or not self._known(reached):
            return True
        return bool(self._history.after(reached.sequence)[0])

    def catch_up(self, most: int | None = None) -> bool:
        """Embed what has changed.

        Args:
            most: Texts at most; ``None`` for all.

        Returns:
            Whether the vectors are where the store is.

        Raises:
            RefusalError: nothing embeds, or the store cannot be read.
        """
        with embedding():
            model: EmbeddingModel = self._hook.embed_model()
        left = _Left(most)
        while not self.stopped.is_set():
            reached = self._vectors.reached()
            if reached.model != model.id:
                if reached.model:
                    said = (
                        f"the vectors are of the model {reached.model}; they are made again with {model.id}"
                    )
                    self._context.log("info", said)
                self._vectors.begin(Reached(model=model.id, dimension=model.dimension), empty=True)
                continue
            if not self._known(reached):
                self.looking = True
                try:
                    done = self._everything(reached, left)
                finally:
                    self.looking = False
                if not done:
                    return False
                continue
            entries, more = self._history.after(reached.sequence)
            if not entries:
                return True
            ids = dict.fromkeys(filter(None, map(changed_artifact, entries)))
            found = {each: document_of(self._hook, each, entries[-1].seq) for each in ids}
            there = [document for document in found.values() if document is not None]
            gone = [each for each, document in found.items() if document is None]
            end = Reached(entries[-1].seq, mark_of(entries[-1]), model.id, model.dimension, _now_us())
            if not self._embed(there, gone, end, reached, left):
                return False
            if not more:
                return True
        return False

    def _known(self, reached: Reached) -> bool:
        """Whether the vectors reflect this store."""
        return bool(reached.mark) and reached.mark == (self._history.mark(reached.sequence) or "empty")

    def _everything(self, reached: Reached, left: _Left) -> bool:
        """Look at all artifacts; those whose texts were embedded already cost next to nothing.

        Returns:
            Whether all were.
        """
        end = self._history.end()
        mark = self._history.mark(end) or "empty"
        if reached.mark:
            said = "the vectors reflect another store; all texts are looked at again"
            self._context.log("info", said)
            self._vectors.begin(Reached(model=reached.model, dimension=reached.dimension), empty=False)
            reached = self._vectors.reached()
        seen: set[str] = set()
        for batch in documents(self._hook, end):
            if not self._embed(batch, [], reached, reached, left):
                return False
            seen.update(each.artifact.id for each in batch)
        now = Reached(end, mark, reached.model, reached.dimension, _now_us())
        return self._vectors.write([], self._vectors.unseen(seen), now, reached)

    def _embed(
        self, there: Iterable[SearchDocument], gone: list[str], end: Reached, since: Reached, left: _Left
    ) -> bool:
        """Embed those of which the text is another one than before, and say how far it is then.

        Returns:
            Whether all could be; what was embedded is kept in any case.
        """
        import numpy as np

        texts = {document.artifact.id: text_of(document) for document in there}
        known = self._vectors.digests(texts)
        new = [(each, text, digest_of(text)) for each, text in texts.items()]
        new = [row for row in new if known.get(row[0]) != row[2]]
        for first in range(0, len(new), _TOGETHER):
            if self.stopped.is_set() or not left.take(len(new[first : first + _TOGETHER])):
                return False
            part = new[first : first + _TOGETHER]
            with embedding():
                found = self._hook.embed_text(texts=[text for _, text, _ in part])
            block = np.asarray(found, np.float16)
            if block.shape != (len(part), since.dimension) or not np.isfinite(block).all():
                raise RefusalError(
                    f"what embeds gave {block.shape} numbers for {len(part)} texts of {since.dimension} each",
                    "semantic.unavailable",
                    hint="select another provider of the service embed",
                )
            rows = [Kept(row[0], row[2], vector.tobytes()) for row, vector in zip(part, block, strict=True)]
            if not self._vectors.write(rows, [], since, since):
                return True  # another process went on; the caller looks where it is now
        self._vectors.write([], gone, end, since)
        return True


class _Left:
    """How many texts may still be embedded."""

    def __init__(self, most: int | None) -> None:
        self._most = most

    def take(self, count: int) -> bool:
        if self._most is None:
            return True
        self._most -= count
        return self._most >= 0


class Background:
    """A thread that catches up when changes pause.

    Args:
        work: Catches up; whatever it raises ends its turn.
        pause_s: How long changes have to pause.
    """

    def __init__(self, work: Callable[[], object], pause_s: float = 0.3) -> None:
        self._work = work
        self._pause_s = pause_s
        self._news = threading.Event()
        self._stopped = threading.Event()
        self._told = 0.0
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def tell(self) -> None:
        """Something has changed."""
        self._told = time.monotonic()
        self._news.set()
        with self._starting:
            if self._thread is None and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._run, name="search-semantic", daemon=True)
                self._thread.start()

    def stop(self, wait_s: float = 10.0) -> None:
        """End the thread."""
        with self._starting:
            self._stopped.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(wait_s)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._news.wait()
            while not self._stopped.is_set() and (rest := self._told + self._pause_s - time.monotonic()) > 0:
                self._stopped.wait(rest)
            if self._stopped.is_set():
                return
            self._news.clear()
            self._work()


def text_of(document: SearchDocument) -> str:
    """What of an artifact is embedded: its name as words, what it says of itself, its tags and keywords."""
    artifact = document.artifact
    metadata = artifact.metadata
    name = " ".join(artifact.name.replace("-", " ").replace("_", " ").split())
    about = f"{name}: {metadata.description}"
    marks = ", ".join(dict.fromkeys([*metadata.keywords, *metadata.tags]))
    return "\n".join(filter(None, (about, marks, document.body[:_BODY])))


def _now_us() -> int:
    return time.time_ns() // 1000
