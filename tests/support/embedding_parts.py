"""Plugins that turn texts into vectors, without a model: texts with words of one concept are near."""

from __future__ import annotations

import math

from hyperhost.contracts import EmbeddingModel
from hyperhost.hookspecs import hookimpl
from hyperhost.query import words

__all__ = ["CONCEPTS", "Concepts"]

CONCEPTS = (
    "login authentication authenticate signin auth people logs account password",
    "invoice invoices billing bill payment money customers",
    "picture pictures photo photos image images camera",
    "animal animals zebra zebras lion africa",
)


class Concepts:
    """The service ``embedding``: a number for each concept; other words say nothing.

    Args:
        model: Its id.
        concepts: Words of each.
    """

    def __init__(self, model: str = "concepts-1", concepts: tuple[str, ...] = CONCEPTS) -> None:
        self.model = model
        self._of = {word: place for place, line in enumerate(concepts) for word in line.split()}
        self._dimension = len(concepts)
        self.texts: list[str] = []

    @hookimpl
    def embed_model(self) -> EmbeddingModel:
        return EmbeddingModel(self.model, self._dimension)

    @hookimpl
    def embed_text(self, texts: list[str]) -> list[list[float]]:
        self.texts += texts
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        made = [0.0] * self._dimension
        for word in words(text):
            if (place := self._of.get(word)) is not None:
                made[place] += 1.0
        length = math.hypot(*made)
        return [each / length for each in made] if length else made
