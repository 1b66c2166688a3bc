"""Secrets that plugins were given, and what stands in their place wherever a plugin says something.

A secret that a component was given is masked in its log lines, answers, refusals and errors, in this
call and in all later ones, as an instance may remember it. Recordings have placeholders of their own.
A component that means to can still say it in other words (split, encrypted): masking is against
accidents, the grant is against intent.
"""

from __future__ import annotations

import base64
import dataclasses
import html
import json
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

from hyperhost.errors import HyperHostError, RefusalError

__all__ = ["MASK", "Revealed", "forms_of", "said"]

MASK: Final = "********"
_LEAST_WITHIN: Final = 4
"""Characters of the shortest secret that is looked for within texts; shorter ones are in everything."""

_LEAST_LINE: Final = 8
"""Characters of the shortest line of a secret, such as a private key, that is masked by itself."""

_PERCENT: Final = re.compile(r"%[0-9A-F]{2}")
_SAID: Final = "_hyperhost_said"


class Revealed:
    """What each plugin was given. Any number of threads may use one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given: dict[str, dict[str, None]] = {}
        self._forms: dict[str, list[str]] = {}

    def add(self, plugin: str, secret: str) -> None:
        """Note that a plugin was given a secret."""
        with self._lock:
            given = self._given.setdefault(plugin, {})
            if secret and secret not in given:
                given[secret] = None
                forms = {form for each in given for form in forms_of(each)}
                # The longest first: one may hold another.
                self._forms[plugin] = sorted(forms, key=len, reverse=True)

    def of(self, plugin: str) -> list[str]:
        """Secrets that a plugin was given, in order."""
        return list(self._given.get(plugin, ()))

    def text(self, plugin: str, text: str) -> str:
        """A text of a plugin's with a mask for every secret that it was given."""
        forms = self._forms.get(plugin)
        if not forms or not text:
            return text
        if text in self._given[plugin]:
            return MASK
        for form in forms:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def value(self, plugin: str, value: Any) -> Any:
        """The same for every text within a value of a contract type; the value itself if that is none."""
        if plugin not in self._forms:
            return value
        return _mapped(value, lambda text: self.text(plugin, text))

    def error(self, plugin: str, error: BaseException) -> None:
        """Mask what an error says of a plugin's call, and what it was caused by."""
        if plugin not in self._forms:
            return
        seen: set[int] = set()
        found: BaseException | None = error
        while found is not None and id(found) not in seen:
            seen.add(id(found))
            if isinstance(found, HyperHostError):
                self._mask(plugin, found)
            else:
                found.args = tuple(self.value(plugin, each) for each in found.args)
            found = found.__cause__ or found.__context__

    def _mask(self, plugin: str, error: HyperHostError) -> None:
        masked = self.text(plugin, error.message), self.text(plugin, error.hint)
        rule = self.text(plugin, error.rule) if isinstance(error, RefusalError) else ""
        if masked == (error.message, error.hint) and rule == getattr(error, "rule", rule):
            return
        error.__dict__.setdefault(_SAID, (error.message, error.hint, getattr(error, "rule", "")))
        error.message, error.hint = masked
        error.args = (error.message,)
        if isinstance(error, RefusalError):
            error.reason, error.rule = error.message, rule


def said(error: HyperHostError) -> tuple[str, str, str]:
    """Message, hint and rule of an error before anything in them was masked: for who masks otherwise."""
    found: tuple[str, str, str] = error.__dict__.get(
        _SAID, (error.message, error.hint, str(getattr(error, "rule", "")))
    )
    return found


def forms_of(secret: str) -> Iterator[str]:
    """A secret as it is usually written: as text, in addresses, in Base64, in hexadecimal; and its lines.

    Most of these are the same for most secrets.
    """
    if len(secret) < _LEAST_WITHIN:
        return
    for normal in {secret, *(unicodedata.normalize(form, secret) for form in ("NFC", "NFD"))}:
        yield normal
        yield from _as_text(normal)
        yield from _as_address(normal)
        raw = normal.encode("utf-8", "surrogatepass")
        yield from (raw.hex(), raw.hex().upper())
        yield from _as_base64(raw)
    yield from (line.strip() for line in secret.splitlines() if len(line.strip()) >= _LEAST_LINE)


def _as_text(secret: str) -> Iterator[str]:
    """In JSON, in Python, in HTML."""
    for plain in (False, True):
        quoted = json.dumps(secret, ensure_ascii=plain)[1:-1]
        yield from (quoted, quoted.replace("/", "\\/"))
    for shown in (repr(secret), ascii(secret)):
        yield from (shown[1:-1], shown[1:-1].replace("\\'", "'"))
    marked = html.escape(secret)
    yield from (marked, html.escape(secret, quote=False), marked.replace("&#x27;", "&#39;"))


def _as_address(secret: str) -> Iterator[str]:
    """Percent-encoded: whole, as a path, as JavaScript does it, as a form; with large and small letters."""
    forms = [quote(secret, safe=safe, errors="replace") for safe in ("", "/", "!~*'()")]
    for form in (*forms, quote_plus(secret, errors="replace")):
        yield form
        yield _PERCENT.sub(lambda found: found[0].lower(), form)


def _as_base64(raw: bytes) -> Iterator[str]:
    """By itself, and behind something else, as in ``user:secret``: there it depends on how long that is."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode("ascii").rstrip("=")
        for before in range(3):
            text = encode(bytes(before) + raw).decode("ascii")
            # Only what depends on nothing but the secret; a character has six bits.
            yield text[-(-8 * before // 6) : 8 * (before + len(raw)) // 6]


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        changed = change(value)
        # A word of an enumeration is none of the plugin's making.
        return value if changed == value or type(value) is not str else changed
    if isinstance(value, bytes):
        text = value.decode("utf-8", "surrogateescape")
        changed = change(text)
        return value if changed == text else changed.encode("utf-8", "surrogateescape")
    if isinstance(value, list | tuple):
        items = [_mapped(item, change) for item in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else items if isinstance(value, list) else tuple(items)
    if isinstance(value, Mapping):
        pairs = [(_mapped(key, change), _mapped(item, change)) for key, item in value.items()]
        same = all(
            new[0] is old[0] and new[1] is old[1] for new, old in zip(pairs, value.items(), strict=True)
        )
        return value if same else dict(pairs)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        found = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        masked = {name: _mapped(item, change) for name, item in found.items()}
        changes = {name: item for name, item in masked.items() if item is not found[name]}
        return dataclasses.replace(value, **changes) if changes else value
    return value
