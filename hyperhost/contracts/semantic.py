"""Contract types of searching by meaning: what turns text into vectors, and how far their index is."""

from __future__ import annotations

from dataclasses import dataclass

from hyperhost.contracts.types import S64, U32, U64

__all__ = ["EmbeddingModel", "SemanticState"]


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """What turns text into vectors.

    Attributes:
        id: Names the model and its version; vectors of two ids cannot be compared.
        dimension: Numbers of one vector.
    """

    id: str
    dimension: U32


@dataclass(frozen=True, slots=True)
class SemanticState:
    """How far an index of vectors is.

    Attributes:
        documents: Artifacts in it.
        sequence: The last change of the store that it reflects.
        behind: Changes of the store that it has not seen.
        updated_at_us: When it last changed; 0 when it never did.
        rebuilding: Everything is being embedded anew.
        model: Id of the model that made its vectors; empty when there are none.
    """

    documents: U64 = 0
    sequence: U64 = 0
    behind: U64 = 0
    updated_at_us: S64 = 0
    rebuilding: bool = False
    model: str = ""
