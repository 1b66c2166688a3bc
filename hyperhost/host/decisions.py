"""What an operator is asked before a plugin is installed or upgraded, and the answer.

Nothing here asks: a front end is given a :class:`Question` and returns a :class:`Decision`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hyperhost.capabilities.describe import cannot, duration_words, size_words
from hyperhost.capabilities.grammar import Capability
from hyperhost.contracts.limits import Limits
from hyperhost.errors import InstallError
from hyperhost.host.manifest import Ask

if TYPE_CHECKING:
    from hyperhost.capabilities.kinds import Kind
    from hyperhost.host.lockentry import LockEntry
    from hyperhost.host.package import Package

__all__ = [
    "Decide",
    "Decision",
    "Question",
    "check_specified",
    "grant_exactly",
    "grant_required",
    "wider_limits",
]


@dataclass(frozen=True, slots=True)
class Question:
    """May this be installed, and what may it do?

    Attributes:
        package: What is to be installed; its signature, if any, was verified.
        hooks: Hooks that it answers.
        asks: Capabilities to decide about. When it replaces a version, only those that are new.
        unspecified: Kinds that a component without a manifest imports but cannot ask for, as it
            cannot say which host or path it means.
        limits: What a call of it may use.
        replaces: The version installed now, if there is one.
        carried: Grants of that version that stay.
        changes: What changes in comparison with that version, in words.
        kept_bytes: Data that an earlier plugin of the same id left behind, which it will find.
    """

    package: Package
    hooks: tuple[str, ...]
    asks: tuple[Ask, ...]
    unspecified: tuple[Kind, ...] = ()
    limits: Limits = field(default_factory=Limits)
    replaces: LockEntry | None = None
    carried: tuple[Capability, ...] = ()
    changes: tuple[str, ...] = ()
    kept_bytes: int = 0

    @property
    def native(self) -> bool:
        """Whether it is Python code that runs without a sandbox."""
        return self.package.manifest.native is not None

    @property
    def required(self) -> tuple[Ask, ...]:
        """What it does not work without."""
        return tuple(ask for ask in self.asks if not ask.optional)

    @property
    def optional(self) -> tuple[Ask, ...]:
        """What it works without."""
        return tuple(ask for ask in self.asks if ask.optional)

    def cannot(self) -> list[str]:
        """Phrases that complete "it can not …", were everything granted; none for a native plugin."""
        if self.native:
            return []
        return cannot([*self.carried, *(ask.capability for ask in self.asks)], self.limits)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer.

    Attributes:
        approved: Go on.
        grants: What it is granted of what was asked, besides what is carried over.
    """

    approved: bool
    grants: tuple[str, ...] = ()


Decide = Callable[[Question], Decision]


def grant_required(question: Question) -> Decision:
    """Grant everything required and nothing optional.

    Raises:
        InstallError: a component without a manifest imports what only a person can specify.
    """
    check_specified(question)
    return Decision(True, tuple(ask.capability.text for ask in question.required))


def grant_exactly(capabilities: Iterable[str]) -> Decide:
    """A decision to grant these capabilities and no others."""
    granted = tuple(capabilities)
    return lambda question: Decision(True, granted)


def check_specified(question: Question) -> None:
    """Return if everything the plugin needs can be granted without further words.

    Raises:
        InstallError: a component without a manifest imports what only a person can specify.
    """
    if question.unspecified:
        flags = " ".join(f"--grant {shlex.quote(kind.form)}" for kind in question.unspecified)
        raise InstallError(
            "has no manifest that says what it needs exactly: it imports "
            + ", ".join(kind.name for kind in question.unspecified),
            plugin=question.package.id,
            hint=f"say what it may reach: {flags}",
        )


def wider_limits(old: Limits, new: Limits) -> list[str]:
    """What ``new`` allows beyond ``old``, in words; empty when nothing is wider."""
    found = [
        f"more: {what.format(show(after))} (was: {show(before)})"
        for what, show, before, after in _measures(old, new)
        if after > before
    ]
    if old.fuel is not None and (new.fuel is None or new.fuel > old.fuel):
        after_words = "any number of instructions" if new.fuel is None else f"{new.fuel:,} instructions"
        found.append(f"more: run {after_words} per call (was: {old.fuel:,})")
    return found


def _measures(old: Limits, new: Limits) -> list[tuple[str, Callable[[float], str], float, float]]:
    """Words, how to show a figure, and the figure in both."""
    return [
        (
            "use {} of memory",
            _size,
            old.memory_bytes * old.memories,
            new.memory_bytes * new.memories,
        ),
        ("run {} per call", duration_words, old.deadline_ms, new.deadline_ms),
        ("return or log {} per call", _size, old.output_bytes, new.output_bytes),
        ("move {} through host functions per call", _size, old.host_byte_count, new.host_byte_count),
        ("keep {} of data", _size, old.kv_bytes, new.kv_bytes),
        ("call host functions {} times per call", _count, old.host_calls, new.host_calls),
        ("run {} calls at one time", _count, old.concurrency, new.concurrency),
    ]


def _size(figure: float) -> str:
    return size_words(int(figure))


def _count(figure: float) -> str:
    return f"{int(figure):,}"
