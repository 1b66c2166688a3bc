"""What of a recording is secret, and the placeholders that stand for it.

:func:`secrets_of` is the one place that decides, host function by host function, which values are
secret. A value that is secret in one place is masked in every place of the recording. Placeholders
have the length of what they stand for, so that a replay moves as many bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from hyperhost.sandbox.revealed import forms_of

__all__ = ["Mask", "Secrets", "config_secrets", "header_secrets", "secrets_of"]

_CREDENTIAL_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "x-auth-token", "cookie", "set-cookie"}
)
_LEAST_WITHIN: Final = 4
"""Bytes of the shortest secret that is looked for within longer texts; shorter ones are in everything."""

_MAX_SCHEMA_DEPTH: Final = 32


class Secrets:
    """The secrets of one host call.

    Attributes:
        answered: Those that the host answered: a replay answers their placeholders instead.
        given: Those that the guest passed: a replay of the guest may pass anything in their place.
    """

    def __init__(self, answered: Iterable[str | bytes] = (), given: Iterable[str | bytes] = ()) -> None:
        self.answered = list(answered)
        self.given = list(given)


def secrets_of(interface: str, function: str, arguments: Sequence[Any] | None, answer: Any) -> Secrets:
    """The secret values among arguments and answer of one host call.

    Args:
        interface: Full name of the interface, with or without its version.
        function: WIT name of the function.
        arguments: Values as the host function got them; ``None`` when they were not read.
        answer: What it answered, without the ``(is_ok, …)`` of a result; ``None`` when it did not.
    """
    base = interface.partition("@")[0]
    package, _, name = base.partition("/")
    if name == "secrets" or package.startswith("secrets:"):
        return Secrets(_leaves(answer))
    if base == "hyperhost:host/env":
        return Secrets(_leaves(answer))
    if (base, function) == ("wasi:cli/environment", "get-environment"):
        return Secrets(value for _, value in answer or ())
    if base == "hyperhost:host/http":
        request = arguments[0] if arguments else None
        return Secrets(
            header_secrets(getattr(answer, "headers", ())), header_secrets(getattr(request, "headers", ()))
        )
    return Secrets()


def header_secrets(headers: Iterable[tuple[str, str]]) -> list[str]:
    """The secret parts of HTTP headers that carry credentials; names and schemes are none."""
    found: list[str] = []
    for name, value in headers:
        kind = name.strip().lower()
        if kind not in _CREDENTIAL_HEADERS:
            continue
        if kind == "set-cookie":
            parts = [value.partition(";")[0].partition("=")[2].strip()]
        elif kind == "cookie":
            parts = [pair.partition("=")[2].strip() for pair in value.split(";")]
        elif kind.endswith("authorization") and " " in value.strip():
            parts = [value.strip().partition(" ")[2].strip()]
        else:
            parts = [value]
        if any(len(part.encode()) < _LEAST_WITHIN for part in parts):
            parts.append(value)  # too short to be looked for within it
        found += parts
    return found


def config_secrets(schema: Mapping[str, Any], config: Any) -> list[str]:
    """Values of a configuration that its schema calls sensitive: ``writeOnly``, or ``format: password``."""
    return [_scalar(leaf) for leaf in _sensitive(schema, schema, config, 0)]


def _sensitive(root: Any, schema: Any, value: Any, depth: int) -> Iterator[Any]:
    if not isinstance(schema, Mapping) or depth > _MAX_SCHEMA_DEPTH:
        return
    if schema.get("writeOnly") is True or schema.get("format") == "password":
        yield from _scalars(value)
        return
    for inner in _alternatives(root, schema):
        yield from _sensitive(root, inner, value, depth + 1)
    if isinstance(value, Mapping):
        properties = schema.get("properties")
        known = properties if isinstance(properties, Mapping) else {}
        patterns = schema.get("patternProperties")
        others = list(patterns.values()) if isinstance(patterns, Mapping) else []
        for key, item in value.items():
            rest = [*others, schema.get("additionalProperties")]
            for inner in [known[key]] if key in known else rest:
                yield from _sensitive(root, inner, item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _sensitive(root, schema.get("items"), item, depth + 1)


def _alternatives(root: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    for key in ("allOf", "anyOf", "oneOf"):
        branches = schema.get(key)
        yield from branches if isinstance(branches, list | tuple) else ()
    for key in ("if", "then", "else"):
        yield schema.get(key)
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        found = root
        for part in reference[1:].strip("/").split("/") if reference != "#" else ():
            part = part.replace("~1", "/").replace("~0", "~")
            found = found.get(part) if isinstance(found, Mapping) else None
        yield found


def _scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _scalars(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _scalars(item)
    elif value is not None and not isinstance(value, bool):
        yield value


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _leaves(value: Any) -> Iterator[str | bytes]:
    """Texts and bytes anywhere within a value."""
    if isinstance(value, str | bytes):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from _leaves(getattr(value, name))


class Mask:
    """Replaces secrets by placeholders, wherever they stand.

    Args:
        answered: Secrets that the host answered, and those of the configuration.
        given: Secrets that the guest passed.

    Attributes:
        free: Placeholders of ``given``: a replay may come to something else in their place.
        used: How many texts were changed.
    """

    def __init__(self, answered: Iterable[str | bytes], given: Iterable[str | bytes]) -> None:
        self.used = 0
        self.free: list[str] = []
        self._whole: dict[bytes, bytes] = {}
        number = 0
        for free, secrets in ((False, answered), (True, given)):
            for secret in secrets:
                raw = secret if isinstance(secret, bytes) else secret.encode("utf-8", "surrogatepass")
                if not raw or raw in self._whole:
                    continue
                number += 1
                for form in _forms(raw):
                    placeholder = _placeholder(form, number)
                    self._whole.setdefault(form, placeholder)
                    if free and len(form) >= _LEAST_WITHIN:
                        self.free.append(placeholder.decode("ascii"))
        within = [form for form in self._whole if len(form) >= _LEAST_WITHIN]
        self._within = sorted(within, key=len, reverse=True)  # the longest first: one may hold another

    def text(self, text: str) -> str:
        """``text`` with placeholders for what is secret in it; as many UTF-8 bytes."""
        if not self._whole:
            return text
        raw = text.encode("utf-8", "surrogatepass")
        masked = self.data(raw)
        return text if masked is raw else masked.decode("utf-8", "replace")

    def data(self, data: bytes) -> bytes:
        """``data`` with placeholders for what is secret in it; as many bytes."""
        known = self._whole.get(data)
        if known is not None:
            self.used += 1
            return known
        masked = data
        for secret in self._within:
            if secret in masked:
                masked = masked.replace(secret, self._whole[secret])
        if masked == data:
            return data
        self.used += 1
        return masked

    def plain(self, value: Any) -> Any:
        """JSON data with every text in it masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.plain(item) for item in value]
        if value is None or isinstance(value, bool):
            return value
        masked = self.text(str(value))
        return value if masked == str(value) and isinstance(value, int | float) else masked


def _forms(raw: bytes) -> list[bytes]:
    """A secret as it is, and as other programs write it where it is text."""
    forms = [raw]
    with suppress(UnicodeDecodeError):
        forms += [form.encode("utf-8", "surrogatepass") for form in forms_of(raw.decode("utf-8"))]
    return list(dict.fromkeys(form for form in forms if form))


def _placeholder(secret: bytes, number: int) -> bytes:
    """Text of the same length, different for each secret as far as there is room; digits for a number."""
    length = len(secret)
    if secret.isdigit():
        digit = b"1" if secret != b"1" * length else b"2"
        return digit * length
    tail = str(number).encode("ascii")
    return b"*" * length if length <= len(tail) else b"*" * (length - len(tail)) + tail
