"""What the markers on a test say; every mistake in one is named before the test runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import pytest

from hyperhost.capabilities.grammar import Capability, Grammar
from hyperhost.contracts.limits import Limits
from hyperhost.errors import CapabilitySyntaxError, GrantError
from hyperhost.sdk.facts import with_fuel

__all__ = ["Marks", "granted", "read_marks"]


@dataclass(frozen=True, slots=True)
class Marks:
    """The markers of one test.

    Attributes:
        grants: Arguments of ``grants``; ``None`` without it.
        denied: Arguments of ``denied``.
        limits: Arguments of ``limits``, by the names of :class:`hyperhost.Limits`.
        config: Arguments of ``plugin_config``.
    """

    grants: tuple[str, ...] | None = None
    denied: tuple[str, ...] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)

    def limited(self, limits: Limits, size: int) -> Limits:
        """The limits of a component of ``size`` bytes whose manifest says ``limits``."""
        try:
            return with_fuel(limits, size, dict(self.limits))
        except ValueError as error:
            _wrong("limits", str(error))


def read_marks(item: pytest.Item) -> Marks:
    """The markers on a test, on its class and on its module; the nearest one prevails, name by name."""
    grants: tuple[str, ...] | None = None
    denied: list[str] = []
    limits: dict[str, Any] = {}
    config: dict[str, Any] = {}
    if (mark := item.get_closest_marker("grants")) is not None:
        grants = _texts(mark)
    for mark in reversed(list(item.iter_markers("denied"))):
        if not (words := _texts(mark)):
            _wrong("denied", 'say what is denied: @pytest.mark.denied("http")')
        denied += words
    for mark in reversed(list(item.iter_markers("limits"))):
        if mark.args:
            _wrong("limits", '@pytest.mark.limits(deadline_ms=50, memory="4MiB") takes names and values')
        limits |= {name.removesuffix("_ms"): value for name, value in mark.kwargs.items()}
    for mark in reversed(list(item.iter_markers("plugin_config"))):
        if len(mark.args) > 1 or not all(isinstance(each, Mapping) for each in mark.args):
            _wrong("plugin_config", '@pytest.mark.plugin_config({"key": 1}) takes one dictionary')
        config |= {**(mark.args[0] if mark.args else {}), **mark.kwargs}
    return Marks(grants, tuple(denied), limits, config)


def granted(marks: Marks, asked: Iterable[Capability], grammar: Grammar) -> list[str] | None:
    """What the markers leave of what a plugin asks for; ``None`` when they say nothing about it."""
    asked = list(asked)
    if marks.grants is None and not marks.denied:
        return None
    listed = ", ".join(each.text for each in asked) or "nothing"
    if marks.grants is not None:
        for text in marks.grants:
            wanted = _parsed("grants", text, grammar)
            if all(each.meet(wanted) is None for each in asked):
                _wrong("grants", f"{text!r} is nothing that plugin.toml asks for; it asks for {listed}")
        asked_texts = list(marks.grants)
    else:
        asked_texts = [each.text for each in asked]
    kept = [grammar.parse(text) for text in asked_texts]
    for word in marks.denied:
        left = [each for each in kept if not _names(word, each, grammar)]
        if len(left) == len(kept):
            near = difflib.get_close_matches(word, [each.kind for each in kept], 1)
            more = f"did you mean {near[0]!r}?" if near else f"it asks for {listed}"
            _wrong("denied", f"{word!r} is nothing that the plugin would hold; {more}")
        kept = left
    return [each.text for each in kept]


def _names(word: str, capability: Capability, grammar: Grammar) -> bool:
    """Whether ``word`` stands for the capability: its kind, its text, or something wider."""
    if word in (capability.kind, capability.text):
        return True
    try:
        return grammar.parse(word).covers(capability)
    except CapabilitySyntaxError:
        return False


def _texts(mark: pytest.Mark) -> tuple[str, ...]:
    if mark.kwargs or not all(isinstance(each, str) for each in mark.args):
        _wrong(mark.name, f'@pytest.mark.{mark.name}("log", "env:HOME") takes capabilities as text')
    return tuple(mark.args)


def _parsed(mark: str, text: str, grammar: Grammar) -> Capability:
    try:
        return grammar.parse(text)
    except (CapabilitySyntaxError, GrantError) as error:
        _wrong(mark, str(error))


def _wrong(mark: str, words: str) -> NoReturn:
    raise pytest.fail.Exception(f"marker {mark}: {words}", pytrace=False) from None
