"""Hook implementations of embedding."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hyperhost.contracts import EmbeddingModel
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    from .model import Model

__all__ = ["EmbedMinilm"]


class EmbedMinilm:
    """The service ``embed``. The model is read when it is first used."""

    def __init__(self) -> None:
        self._model: Model | None = None
        self._guard = threading.Lock()

    @hookimpl
    def embed_model(self) -> EmbeddingModel:
        """See the hookspec."""
        from .model import described

        return described()

    @hookimpl
    def embed_text(self, texts: list[str]) -> list[list[float]]:
        """See the hookspec."""
        with self._guard:
            if self._model is None:
                from .model import Model

                self._model = Model()
        return self._model.vectors(texts)
