"""``plugin.toml`` of a new project, with the words that explain it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hyperhost.capabilities.grammar import Capability
    from hyperhost.sdk.writing.order import Order

__all__ = ["array", "listed", "manifest_text", "reason"]

_REASONS: Final[Mapping[str, str]] = {
    "log": "reports what it did",
    "config": "reads how the operator wants it to work",
    "clock": "needs the time of day",
    "random": "draws random numbers",
    "env": "reads a setting from the environment",
    "secrets": "logs in to a service that it depends on",
    "kv": "remembers what it saw in earlier calls",
    "kv:shared": "exchanges data with other plugins",
    "fs.read": "reads the files that it works on",
    "fs.write": "writes the files that it makes",
    "content:read": "looks into the content of artifacts",
    "http": "asks a service that it depends on",
}

_HEAD: Final = """\
# What the plugin is, what it answers, and what it needs. A key that nobody knows is an error.

[plugin]
id = {id}
version = "0.1.0"
description = {description}
# An SPDX expression, such as "Apache-2.0"; put its text into a file LICENSE, which is packed, too.
# license = ""
# Each hook named here is answered by one function of the source: hyperhost hooks lists them all.
hooks = {hooks}
"""

_BUILD: Final = """
# How `hyperhost plugin build` makes plugin.wasm.
[build]
language = {language}
source = {source}
"""

_NOTHING: Final = """
# It asks for nothing, so it can do nothing but answer. To write to its log, for example:
# [[capabilities.required]]
# name = "log"
# reason = "reports what it did"
"""

_ASKS: Final = """
# What it may do; the host refuses everything else. Whoever installs it reads the reasons and decides.
# What it works without belongs under [[capabilities.optional]].
"""

_LIMITS: Final = """
# What one call may use; the operator's limits prevail.
{table}[limits]
{memories}# deadline = "200ms"
# memory = "64MiB"
"""

_MEMORIES: Final = """\
# QuickJS, its code and its bindings each have a memory of their own.
memories = 3
"""

_RUNTIME: Final = """
# Rust's standard library imports parts of WASI that the code never calls. With this they may stay
# ungranted: a call of one would be refused.
[runtime]
stub_denied = true
"""


def manifest_text(order: Order, source: str) -> str:
    """The whole file.

    Args:
        order: What was asked for.
        source: The file with the code.
    """
    names = [hook.name for hook in order.hooks]
    parts = [
        _HEAD.format(
            id=_quoted(order.name),
            description=_quoted(f"Answers {listed(order)}."),
            hooks=array(names),
        ),
        _BUILD.format(language=_quoted(order.language), source=_quoted(source)),
    ]
    if order.specs:
        parts.append(
            f"# Where the hooks of another host program are declared.\nspecs = {array(order.specs)}\n"
        )
    if order.interfaces:
        parts.append(f"# What another host program offers.\ninterfaces = {array(order.interfaces)}\n")
    parts.append(_ASKS if order.capabilities else _NOTHING)
    parts += [
        f"[[capabilities.required]]\nname = {_quoted(each.text)}\nreason = {_quoted(reason(each))}\n\n"
        for each in order.capabilities
    ]
    memories = _MEMORIES if order.language == "javascript" else ""
    limits = _LIMITS.format(table="" if memories else "# ", memories=memories)
    if order.language == "rust":
        limits += _RUNTIME
    return "".join(parts).rstrip() + "\n" + limits


def reason(capability: Capability) -> str:
    """Why a plugin asks for it: one line that its author makes more precise."""
    return _REASONS.get(capability.kind, f"needs to {capability.describe()}"[:200])


def array(texts: Iterable[str]) -> str:
    """A list of texts as TOML; over several lines where it is long."""
    items = [_quoted(text) for text in texts]
    line = f"[{', '.join(items)}]"
    return line if len(line) <= 90 else "[\n" + "".join(f"  {item},\n" for item in items) + "]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def listed(order: Order) -> str:
    """The hooks in words: ``artifact_validate and search_rerank``."""
    names = [hook.name for hook in order.hooks]
    if len(names) > 3:
        return f"{', '.join(names[:3])} and {len(names) - 3} more hooks"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
