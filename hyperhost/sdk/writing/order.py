"""What somebody wants to be written, checked before anything is."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperhost.errors import BuildError, ConfigError
from hyperhost.hookspecs import KERNEL_SPECS
from hyperhost.host.host import Host
from hyperhost.host.manifest import LANGUAGES
from hyperhost.host.populate import import_specs
from hyperhost.host.specs import read_specs
from hyperhost.sdk.names import nearest, unknown_hook
from hyperhost.sdk.writing.naming import check_name

if TYPE_CHECKING:
    from hyperhost.capabilities.grammar import Capability
    from hyperhost.host.specs import HookInfo

__all__ = ["DEFAULT_HOOK", "Order", "order"]

DEFAULT_HOOK = "artifact_validate"

_OBJECT = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[A-Za-z_]\w*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Order:
    """A project to be written.

    Attributes:
        name: Id of the plugin.
        language: One of :data:`hyperhost.host.manifest.LANGUAGES`; Python when it is native.
        hooks: What it answers, in the order given.
        capabilities: What it asks for.
        specs: Hookspec classes of other host programs, as ``package.module:Class``.
        interfaces: Host interfaces of other host programs, in the same form.
        foreign: The classes that ``specs`` names.
        native: It runs in the host's own Python, without a sandbox.
    """

    name: str
    language: str
    hooks: tuple[HookInfo, ...]
    capabilities: tuple[Capability, ...] = ()
    specs: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    foreign: tuple[Any, ...] = ()
    native: bool = False


def order(
    name: str,
    language: str = "python",
    hooks: Sequence[str] = (),
    capabilities: Sequence[str] = (),
    *,
    specs: Sequence[str] = (),
    interfaces: Sequence[str] = (),
    native: bool = False,
) -> Order:
    """Check what is wanted.

    Args:
        name: Id of the plugin.
        language: What to write it in.
        hooks: Names in Python's or WIT's spelling; when none is given, the first of ``specs``, or
            ``artifact_validate``.
        capabilities: What it asks for, as in ``plugin.toml``.
        specs: Hookspec classes of other host programs.
        interfaces: Host interfaces of other host programs.
        native: For the host's own Python, without a sandbox.

    Raises:
        BuildError: a name, language or hook that cannot be; says what would be right.
        CapabilitySyntaxError: a capability that does not parse.
        ConfigError: specs or interfaces that cannot be imported.
    """
    if language not in LANGUAGES:
        near = nearest(language.lower(), LANGUAGES)
        hint = f"did you mean {near!r}?" if near else f"languages are {', '.join(LANGUAGES)}"
        raise BuildError(f"there is no language {language!r}", hint=hint)
    check_name(name, language, native=native)
    if native and (language != "python" or capabilities):
        what = "is written in Python" if language != "python" else "has no sandbox, so it is granted nothing"
        option = "--lang" if language != "python" else "--capability"
        raise BuildError(f"a native plugin {what}", hint=f"leave out {option}, or --native")
    foreign = _imported(specs)
    offered = [each() if isinstance(each, type) else each for each in _imported(interfaces)]
    with Host("sdk", specs=[*KERNEL_SPECS, *foreign], interfaces=offered) as host:
        known = host.hooks()
        asked = tuple(dict.fromkeys(host.grammar.parse(text) for text in capabilities))
    first = _first(foreign[0]) if foreign else DEFAULT_HOOK
    found = _hooks(hooks or [first], known)
    return Order(name, language, found, asked, tuple(specs), tuple(interfaces), tuple(foreign), native)


def _imported(names: Sequence[str]) -> list[Any]:
    for name in names:
        if not _OBJECT.fullmatch(name):
            raise ConfigError(
                f"{name!r} is not the name of a class",
                hint="write package.module:Class, as in acme_inbox.contract:Inbox",
            )
    if names and (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # last, so that no file lying about here replaces a module of Python's
    return import_specs(names)


def _first(spec: Any) -> str:
    """The hook that is declared first."""
    hooks = read_specs(spec)
    names: list[str] = [*vars(spec), *hooks]
    return next(name for name in names if name in hooks)


def _hooks(names: Sequence[str], known: dict[str, HookInfo]) -> tuple[HookInfo, ...]:
    found: dict[str, HookInfo] = {}
    for name in names:
        spelled = name.replace("-", "_")
        if spelled not in known:
            raise unknown_hook(name, known)
        if spelled in found:
            raise BuildError(f"the hook {spelled!r} is named twice", hint="name it once")
        found[spelled] = known[spelled]
    return tuple(found.values())
