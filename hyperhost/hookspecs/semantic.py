"""Hooks of searching by meaning: the service ``embed``, and the service ``semantic`` that uses it.

``embed`` turns text into vectors; texts that mean similar things have vectors that point into similar
directions. ``semantic`` keeps the vectors of all artifacts and finds the nearest. Each has one provider
(``[providers]`` in ``hyperhost.toml``), and all of its hooks are gates. Rules of refusals:

==========================  ====================================================================
``embedding.unavailable``   the model, or a library that it needs, is not installed
``semantic.unavailable``    the same of the index; or the service ``embed`` is not answered
``semantic.busy``           another process embeds everything at the moment
==========================  ====================================================================
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.search import SearchHit
from hyperhost.contracts.semantic import EmbeddingModel, SemanticState
from hyperhost.contracts.types import F32, U32
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["SemanticHooks"]


class SemanticHooks(Protocol):
    """The services ``embed`` and ``semantic``."""

    @hookspec(service="embed", firstresult=True, raises=RefusalError)
    def embed_model(self) -> EmbeddingModel:
        """Say which model answers ``embed_text``, without reading it.

        A fault ends what was asked for.

        Returns:
            The model. Whoever keeps vectors makes them anew when its id is another one.

        Raises:
            RefusalError: rule ``embedding.unavailable``.

        Example:
            ```python
            from hyperhost.contracts import EmbeddingModel
            from hyperhost.hookspecs import hookimpl

            class Lengths:
                @hookimpl
                def embed_model(self) -> EmbeddingModel:
                    return EmbeddingModel("lengths-1", 2)

            host.register(Lengths())
            assert host.hook.embed_model().dimension == 2
            ```
        """
        ...

    @hookspec(service="embed", firstresult=True, raises=RefusalError)
    def embed_text(self, texts: list[str]) -> list[list[F32]]:
        """Turn texts into vectors.

        The same text always gives the same vector, whatever stands beside it. A fault ends what was
        asked for.

        Args:
            texts: At most 1,000, of any length; of a long one the beginning counts.

        Returns:
            A vector for each text, in the same order: of as many numbers as ``embed_model`` says, and of
            length 1, or 0 for a text that says nothing.

        Raises:
            RefusalError: rule ``embedding.unavailable``.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Vowels:
                @hookimpl
                def embed_text(self, texts: list[str]) -> list[list[float]]:
                    return [[1.0, 0.0] if "a" in text else [0.0, 1.0] for text in texts]

            host.register(Vowels())
            assert host.hook.embed_text(texts=["auth", "login"]) == [[1.0, 0.0], [0.0, 1.0]]
            ```
        """
        ...

    @hookspec(service="semantic", firstresult=True, raises=RefusalError)
    def semantic_search(self, text: str, size: U32, among: list[str]) -> list[SearchHit]:
        """Find the artifacts whose texts mean most nearly what a text says.

        What was changed a moment ago may be missing: it is embedded in the background. The answer may
        hold artifacts that are gone, or that a principal may not see: whoever asks leaves those out. A
        fault ends the search.

        Args:
            text: What is looked for, in words.
            size: Hits at most, 1 to 1,000.
            among: Ids to choose from, at most 1,000; empty for all artifacts.

        Returns:
            The nearest first. The score is the cosine of both vectors; hits whose texts have nothing to
            do with it, as the provider judges, are left out.

        Raises:
            RefusalError: rule ``semantic.unavailable`` or ``embedding.unavailable``.

        Example:
            ```python
            from hyperhost.contracts import SearchHit
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def semantic_search(self, size: int, among: list[str]) -> list[SearchHit]:
                    nearest = [SearchHit("a1", 0.8), SearchHit("a2", 0.5)]
                    return [hit for hit in nearest if not among or hit.artifact_id in among][:size]

            host.register(Fixed())
            [hit] = host.hook.semantic_search(text="log people in", size=5, among=["a2"])
            assert hit.artifact_id == "a2"
            ```
        """
        ...

    @hookspec(service="semantic", firstresult=True, raises=RefusalError)
    def semantic_status(self) -> SemanticState:
        """Say how far the index of vectors is.

        A fault ends the operation that asked.

        Returns:
            Its size, its model, and the last change of the store that it reflects.

        Raises:
            RefusalError: rule ``semantic.unavailable``.

        Example:
            ```python
            from hyperhost.contracts import SemanticState
            from hyperhost.hookspecs import hookimpl

            class Empty:
                @hookimpl
                def semantic_status(self) -> SemanticState:
                    return SemanticState(documents=0, behind=3)

            host.register(Empty())
            assert host.hook.semantic_status().behind == 3
            ```
        """
        ...

    @hookspec(service="semantic", firstresult=True, raises=RefusalError)
    def semantic_catch_up(self) -> SemanticState:
        """Bring the index to where the store is now, and return when it is there.

        It answers meanwhile. A fault ends the operation that asked; what was embedded until then is kept.

        Returns:
            How far it is then.

        Raises:
            RefusalError: rule ``semantic.unavailable``, ``embedding.unavailable`` or ``semantic.busy``.

        Example:
            ```python
            from hyperhost.contracts import SemanticState
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def semantic_catch_up(self) -> SemanticState:
                    return SemanticState(documents=7, model="lengths-1")

            host.register(Fixed())
            assert host.hook.semantic_catch_up().documents == 7
            ```
        """
        ...
