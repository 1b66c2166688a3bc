"""The network of all-MiniLM-L6-v2, computed with numpy: a BERT of six layers, the mean of its last one.

A search that is asked on the command line lives for a second; importing torch and transformers takes seven.
The weights are mapped from the file of the package, so that processes share them.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["Network"]

_EPSILON: Final = 1e-12


class Network:
    """The network.

    Args:
        place: The directory of the model: ``config.json`` and ``model.safetensors``.

    Attributes:
        dimension: Numbers of one vector.

    Raises:
        OSError: a file is not there.
        ValueError: a file is not one of such a model.
        KeyError: the same.
    """

    def __init__(self, place: Path) -> None:
        config: dict[str, Any] = json.loads((place / "config.json").read_bytes())
        if config["model_type"] != "bert" or config["hidden_act"] != "gelu":
            raise ValueError(f"{place / 'config.json'} describes another kind of network")
        self.dimension: int = config["hidden_size"]
        self._heads: int = config["num_attention_heads"]
        self._weights = _weights(place / "model.safetensors")
        self._layers: int = config["num_hidden_layers"]

    def vectors(self, tokens: NDArray[np.int64], mask: Floats) -> Floats:
        """The vector of each text, of length 1.

        Args:
            tokens: Numbers of tokens, a row for each text, filled up with anything.
            mask: 1 where there is a token, 0 where the row is filled up.
        """
        import numpy as np

        weights = self._weights
        length = tokens.shape[1]
        state = weights["embeddings.word_embeddings.weight"][tokens]
        state = state + weights["embeddings.position_embeddings.weight"][:length]
        state += weights["embeddings.token_type_embeddings.weight"][0]
        state = self._normal(state, "embeddings.LayerNorm")
        hidden = (1.0 - mask)[:, None, None, :] * np.float32(-1e9)
        for number in range(self._layers):
            layer = f"encoder.layer.{number}"
            seen = self._attention(state, hidden, layer)
            seen = self._linear(seen, f"{layer}.attention.output.dense")
            state = self._normal(state + seen, f"{layer}.attention.output.LayerNorm")
            wide = _gelu(self._linear(state, f"{layer}.intermediate.dense"))
            narrow = self._linear(wide, f"{layer}.output.dense")
            state = self._normal(state + narrow, f"{layer}.output.LayerNorm")
        mean = (state * mask[:, :, None]).sum(1) / np.maximum(mask.sum(1, keepdims=True), 1e-9)
        found: Floats = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), _EPSILON)
        return found.astype(np.float32, copy=False)

    def _attention(self, state: Floats, hidden: Floats, layer: str) -> Floats:
        import numpy as np

        count, length, width = state.shape
        size = width // self._heads

        def apart(part: str) -> Floats:
            made = self._linear(state, f"{layer}.attention.self.{part}")
            return made.reshape(count, length, self._heads, size).transpose(0, 2, 1, 3)

        scores = apart("query") @ apart("key").swapaxes(-1, -2)
        scores *= np.float32(1 / math.sqrt(size))
        scores += hidden
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(-1, keepdims=True)
        mixed = (scores @ apart("value")).transpose(0, 2, 1, 3).reshape(count, length, width)
        return mixed.astype(np.float32, copy=False)

    def _linear(self, state: Floats, name: str) -> Floats:
        made: Floats = state.reshape(-1, state.shape[-1]) @ self._weights[f"{name}.weight"].T
        made += self._weights[f"{name}.bias"]
        return made.reshape(*state.shape[:-1], -1)

    def _normal(self, state: Floats, name: str) -> Floats:
        import numpy as np

        made: Floats = state - state.mean(-1, keepdims=True, dtype=np.float32)
        made /= np.sqrt((made * made).mean(-1, keepdims=True, dtype=np.float32) + np.float32(_EPSILON))
        made *= self._weights[f"{name}.weight"]
        made += self._weights[f"{name}.bias"]
        return made


def _gelu(values: Floats) -> Floats:
    """``x * Φ(x)``, with the error function to 1.5e-7 (Abramowitz and Stegun, 7.1.26)."""
    import numpy as np

    scaled = np.abs(values) * np.float32(math.sqrt(0.5))
    part = 1 / (1 + np.float32(0.3275911) * scaled)
    series = np.full_like(part, 1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series *= part
        series += np.float32(factor)
    series *= part
    scaled *= -scaled
    np.exp(scaled, out=scaled)
    series *= scaled
    half = np.float32(0.5) * series  # half of what lies outside on both sides
    return values * np.where(values >= 0, 1 - half, half)


def _weights(file: Path) -> dict[str, Floats]:
    """The tensors of a file, mapped. The format: the size of a JSON header, the header, the numbers.

    Raises:
        ValueError: it is cut off, or is no such file.
    """
    import numpy as np

    mapped = np.memmap(file, np.uint8, mode="r")
    size = int(mapped[:8].view("<u8")[0])
    if size > len(mapped) - 8:
        raise ValueError(f"{file} is cut off")
    header: dict[str, Any] = json.loads(mapped[8 : 8 + size].tobytes())
    found: dict[str, Floats] = {}
    for name, said in header.items():
        if name == "__metadata__" or said["dtype"] != "F32":
            continue
        first, after = said["data_offsets"]
        part = mapped[8 + size + first : 8 + size + after]
        if len(part) != after - first:
            raise ValueError(f"{file} is cut off")
        found[name] = part.view("<f4").reshape(said["shape"])
    return found
