"""What looks like a secret, in texts and in manifests. Says of what kind and where, never what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

__all__ = ["leaks_in_data", "leaks_in_text"]

_KINDS: Final = (
    ("private-key", re.compile(r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY-----")),
    ("aws-access-key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("github-token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})")),
    ("gitlab-token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20}")),
    ("slack-token", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10}")),
    ("google-key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}")),
    ("payment-key", re.compile(r"\b[rs]k_live_[0-9A-Za-z]{20}")),
    ("package-token", re.compile(r"\b(?:npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{20})")),
    (
        "json-web-token",
        re.compile(
            r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10}"
        ),
    ),
)
"""Kinds that are known by their form."""

_ADDRESS: Final = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@'\"]{0,100}:([^\s@/'\"]{3,200})@")
_CALLED: Final = (
    r"(?:[A-Za-z0-9_.-]{0,40}[_.-])?"
    r"(?:pass(?:word|phrase|wd)|secret(?:[_-]?key)?|(?:access|auth|api|bearer)[_-]?(?:token|key)|token|private[_-]?key)"
)
_KEY: Final = re.compile(_CALLED, re.I)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ASSIGNED: Final = re.compile(
    rf"(?<![A-Za-z0-9_.-]){_CALLED}[\"']?\s{{0,4}}(?::|=>|=)\s{{0,4}}(?:\"([^\"\n]{{6,400}})\"|'([^'\n]{{6,400}})'|([^\s\"'#,;{{}}\[\]()]{{6,400}}))",
    re.I,
)
_LEAST: Final = 6
_PLACEHOLDER: Final = re.compile(
    r"\$\{|\$[A-Z_]|\{\{|\{%|<%|%\(|^<.*>$|^\*+$|^x+$|^\.+$|^(?:change-?me|example|placeholder|redacted|null|none|true|false)$"
    r"|^(?:env|vault|secret|secrets|file|ref|os|process)[.:(\[]",
    re.I,
)
_NAMES_ONLY: Final = ("secrets", "env", "sensitive", "schema", "parameters")
"""Keys of a config's or a template's manifest that name secrets, or describe values, and hold none."""
_MOST: Final = 100
_DEPTH: Final = 64


def leaks_in_text(text: str, place: str) -> Iterator[tuple[str, str]]:
    """Kind and place of what looks like a secret in a text; the place is the line.

    The first hundred are told. Every expression takes time linear in the text: where one could begin at
    many places of a run, it begins at the first of them only.
    """
    for kind, where in islice(_found(text), _MOST):
        yield kind, f"{place} line {text.count(chr(10), 0, where) + 1}"


def leaks_in_data(data: Any, place: str = "manifest") -> Iterator[tuple[str, str]]:
    """Kind and place of what looks like a secret in JSON data; the place is the dotted path."""
    if isinstance(data, dict):
        data = {key: value for key, value in data.items() if key not in _NAMES_ONLY}
    yield from _walked(data, place, "", 0)


def _walked(data: Any, place: str, key: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEPTH:
        yield "too-deep", place
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from _walked(value, f"{place}.{_word(name)}", str(name), depth + 1)
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _walked(value, f"{place}[{index}]", key, depth + 1)
    elif isinstance(data, str):
        kinds = {kind for kind, _ in _found(data)}
        if not kinds and _is_called_so(key) and _is_literal(data):
            kinds = {"password"}
        for kind in sorted(kinds):
            yield kind, place


def _found(text: str) -> Iterator[tuple[str, int]]:
    for kind, expression in _KINDS:
        for match in expression.finditer(text):
            yield kind, match.start()
    for match in _ADDRESS.finditer(text):
        if not _PLACEHOLDER.search(match[1]):
            yield "address-with-password", match.start()
    for match in _ASSIGNED.finditer(text):
        if _is_literal(match[1] or match[2] or match[3]):
            yield "password", match.start()


def _is_called_so(key: str) -> bool:
    return _KEY.fullmatch(_CAMEL.sub("_", key)) is not None


def _is_literal(value: str) -> bool:
    return len(value) >= _LEAST and _PLACEHOLDER.search(value) is None


def _word(name: Any) -> str:
    """A key for a message; one that is itself no plain word is not repeated."""
    text = str(name)
    return text if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", text) and not any(_found(text)) else "…"
