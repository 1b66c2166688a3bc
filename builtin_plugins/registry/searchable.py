"""What of an artifact's content is searched: what plugins and configs say, nothing that is sensitive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import Artifact, ArtifactType

from .masking import MASK, masked_manifest

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["searchable"]

_MOST: Final = 64 << 10
"""Bytes of a content that are looked at."""
_LONGEST: Final = 20_000


def searchable(hook: HookRelay, artifact: Artifact, manifest_json: str) -> str | None:
    """The text of a plugin or a config.

    Of a config the names and values of its manifest, masked as they are shown; of a plugin those, and its
    content where that is text.
    """
    if artifact.type not in (ArtifactType.PLUGIN, ArtifactType.CONFIG):
        return None
    parts: list[str] = []
    if manifest_json:
        parts += _texts(masked_manifest(artifact.type, json.loads(manifest_json)))
    if artifact.type is ArtifactType.PLUGIN and artifact.content is not None:
        parts.append(_text_of(hook, artifact.content.hash))
    return "\n".join(parts)[:_LONGEST] or None


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield str(key)
            yield from _texts(value)
    elif isinstance(data, list):
        for item in data:
            yield from _texts(item)
    elif isinstance(data, str) and data != MASK:
        yield data


def _text_of(hook: HookRelay, content_hash: str) -> str:
    """The beginning of a content; empty when it is no text."""
    data: bytes | None = hook.content_read(content_hash=content_hash, offset=0, length=_MOST)
    if not data or b"\0" in data:
        return ""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        # A character may be cut off at the end of what was read; anything else is no text.
        return data[: error.start].decode() if error.start > len(data) - 4 else ""
