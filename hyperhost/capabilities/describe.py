"""Permissions in words, for the person who decides about them."""

from __future__ import annotations

from collections.abc import Iterable

from hyperhost.capabilities.grammar import Capability
from hyperhost.contracts.limits import Limits

__all__ = ["cannot", "describe", "duration_words", "size_words"]


def describe(capability: Capability, limits: Limits | None = None) -> str:
    """A phrase that completes "the plugin may …": "read files under /data/in".

    Args:
        capability: What to describe.
        limits: When given, quotas are named too: "keep up to 1 MiB of its own data".
    """
    if capability.kind == "kv" and limits is not None:
        return f"keep up to {size_words(limits.kv_bytes)} of its own data"
    return capability.describe()


def cannot(effective: Iterable[Capability], limits: Limits) -> list[str]:
    """Phrases that complete "the plugin can not …", the gravest first.

    Args:
        effective: What the plugin may do.
        limits: Its limits; memory and time are the last two phrases.
    """
    kinds: dict[str, list[Capability]] = {}
    for capability in effective:
        kinds.setdefault(capability.kind, []).append(capability)
    phrases = [_network(kinds), *_files(kinds), _environment(kinds), _secrets(kinds)]
    phrases += [_data(kinds), *_small(kinds)]
    phrases += [
        "start other programs",
        f"use more than {size_words(limits.memory_bytes * limits.memories)} of memory",
        f"run longer than {duration_words(limits.deadline_ms)} per call",
    ]
    return [phrase for phrase in phrases if phrase]


def size_words(count: int) -> str:
    """Bytes for a person: ``1 MiB``, ``1.5 KiB``, ``12 bytes``."""
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} byte{'' if count == 1 else 's'}"


def duration_words(milliseconds: float) -> str:
    """Milliseconds for a person: ``50 ms``, ``1.5 s``, ``2 min``."""
    if milliseconds < 1000:
        return f"{milliseconds:g} ms"
    if milliseconds < 120_000:
        return f"{milliseconds / 1000:g} s"
    return f"{milliseconds / 60_000:g} min"


def _network(kinds: dict[str, list[Capability]]) -> str:
    return "connect to anything else on the network" if "http" in kinds else "connect to the network"


def _files(kinds: dict[str, list[Capability]]) -> list[str]:
    reads, writes = {"fs.read", "content:read"} & set(kinds), "fs.write" in kinds
    if not reads and not writes:
        return ["read or change any file"]
    return [
        "read any other file" if reads else "read any file",
        "change any other file" if writes else "change any file",
    ]


def _environment(kinds: dict[str, list[Capability]]) -> str:
    held = kinds.get("env", [])
    if any(capability.text == "env:*" for capability in held):
        return ""
    return "read other environment variables" if held else "read environment variables"


def _secrets(kinds: dict[str, list[Capability]]) -> str:
    held = kinds.get("secrets", [])
    if any(capability.text == "secrets:*" for capability in held):
        return ""
    return "read other secrets" if held else "read secrets"


def _data(kinds: dict[str, list[Capability]]) -> str:
    if "kv:shared" in kinds:
        return "see the data of other plugins beyond the stores it shares"
    return "see the data of other plugins"


def _small(kinds: dict[str, list[Capability]]) -> list[str]:
    words = {
        "kv": "keep data of its own",
        "config": "read its configuration",
        "clock": "tell the time",
        "random": "draw random numbers",
        "log": "write messages to its log",
    }
    return [phrase for kind, phrase in words.items() if kind not in kinds]
