"""What one plugin may do right now: the meeting point of what it asked and what was granted.

A :class:`GrantSet` is consulted before each host function runs, from any thread. A change makes a
new immutable state with an empty memory of decisions, so a decision taken from an old state can
never be remembered by the new one: a revocation binds the very next check.
"""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from hyperhost.capabilities.grammar import Capability, Grammar
from hyperhost.errors import CapabilityDeniedError, CapabilitySyntaxError, GrantError

__all__ = ["GrantSet", "change_grants", "intersect", "still_asked"]

_REMEMBERED: Final = 4096
_REACHED: Final = 10_000


def intersect(asked: Iterable[Capability], granted: Iterable[Capability]) -> tuple[Capability, ...]:
    """What both lists allow, without capabilities that another one covers, in the order of their texts."""
    granted = tuple(granted)
    met = {
        common.text: common for ask in asked for grant in granted if (common := ask.meet(grant)) is not None
    }
    return _without_covered(met.values())


def still_asked(asked: Iterable[Capability] | None, granted: Iterable[Capability]) -> tuple[Capability, ...]:
    """The grants that have something in common with what is asked for; all when nothing can be asked for."""
    if asked is None:
        return tuple(granted)
    asked = tuple(asked)
    return tuple(grant for grant in granted if any(ask.meet(grant) is not None for ask in asked))


def change_grants(sets: Sequence[GrantSet], change: Callable[[GrantSet, str], None], capability: str) -> None:
    """Grant or revoke in each of several sets where that can be done: those of the versions of one plugin.

    Args:
        sets: What each version holds.
        change: ``GrantSet.grant`` or ``GrantSet.revoke``.
        capability: What to grant or revoke.

    Raises:
        GrantError: it can be done in none of them, or a part of it would stay granted in one that
            holds something wider; nothing was changed.
        CapabilitySyntaxError: the text is no capability.
    """
    fitting, problems = [], []
    for each in sets:
        attempt = each.copy()
        try:
            change(attempt, capability)
        except GrantError as error:
            if change is GrantSet.revoke and attempt.touches(capability):
                raise
            problems.append(error)
        else:
            fitting.append(each)
    if not fitting:
        raise problems[0]
    for each in fitting:
        change(each, capability)


def _without_covered(capabilities: Iterable[Capability]) -> tuple[Capability, ...]:
    by_text = {capability.text: capability for capability in capabilities}
    kept = [
        capability
        for capability in by_text.values()
        if not any(other is not capability and other.covers(capability) for other in by_text.values())
    ]
    return tuple(sorted(kept, key=lambda capability: capability.text))


class _State:
    """One unchanging effective set, with the texts that were found to be allowed by it."""

    __slots__ = ("allowed", "by_kind", "effective", "granted")

    def __init__(self, granted: tuple[Capability, ...], effective: tuple[Capability, ...]) -> None:
        self.granted = granted
        self.effective = effective
        self.by_kind: dict[str, list[Capability]] = {}
        for capability in effective:
            self.by_kind.setdefault(capability.kind, []).append(capability)
        self.allowed: set[str] = set()

    def covers(self, capability: Capability) -> bool:
        return any(held.covers(capability) for held in self.by_kind.get(capability.kind, ()))


class GrantSet:
    """The permissions of one plugin. Safe to use from several threads.

    Args:
        plugin_id: Whose permissions these are.
        requested: What the plugin asks for; ``None`` when it has no manifest to ask with, in which
            case exactly what is granted holds.
        granted: What the operator granted. A grant may be narrower or wider than the request; only
            what both allow takes effect.
        grammar: Grammar for texts; the built-in one when not given.
        learning: Learn mode: nothing is allowed, and everything reached for is recorded.

    Attributes:
        plugin_id: As above.
        requested: As above.
        learning: As above.
        observer: Called with the canonical text of each denied capability, if set. It runs on the
            thread of the call and must not raise.

    Raises:
        GrantError: something granted has nothing in common with anything requested.
        CapabilitySyntaxError: a text is no capability.
    """

    def __init__(
        self,
        plugin_id: str,
        requested: Iterable[Capability | str] | None,
        granted: Iterable[Capability | str] = (),
        *,
        grammar: Grammar | None = None,
        learning: bool = False,
    ) -> None:
        self.plugin_id = plugin_id
        self.learning = learning
        self.observer: Callable[[str], None] | None = None
        self._grammar = grammar or Grammar()
        self.requested: tuple[Capability, ...] | None = (
            None if requested is None else tuple(self._parsed(each) for each in requested)
        )
        self._lock = threading.Lock()
        self._reached: dict[str, Capability] = {}
        grants = tuple(self._parsed(each) for each in granted)
        for capability in grants:
            self._check_asked(capability)
        self._state = self._made(grants)

    @property
    def granted(self) -> tuple[Capability, ...]:
        """What the operator granted, in the order of the texts, without duplicates."""
        return self._state.granted

    @property
    def effective(self) -> tuple[Capability, ...]:
        """What the plugin may do, in the order of the texts; none of them covers another."""
        return self._state.effective

    @property
    def reached(self) -> tuple[Capability, ...]:
        """In learn mode, what the plugin reached for (at most 10,000), none covering another."""
        with self._lock:
            return _without_covered(self._reached.values())

    def grant(self, capability: Capability | str) -> None:
        """Grant ``capability``; the next check obeys.

        Raises:
            GrantError: the plugin never asked for anything of it.
            CapabilitySyntaxError: the text is no capability.
        """
        capability = self._parsed(capability)
        self._check_asked(capability)
        with self._lock:
            self._state = self._made((*self._state.granted, capability))

    def revoke(self, capability: Capability | str) -> None:
        """Take back ``capability`` and every grant within it; the next check obeys.

        Raises:
            GrantError: nothing of it is granted, or a wider grant would keep allowing part of it.
                Nothing has changed then.
            CapabilitySyntaxError: the text is no capability.
        """
        capability = self._parsed(capability)
        with self._lock:
            kept = tuple(held for held in self._state.granted if not capability.covers(held))
            wider = [held.text for held in kept if held.meet(capability) is not None]
            if wider:
                command = f"hyperhost plugin revoke {self.plugin_id} {shlex.quote(wider[0])}"
                raise GrantError(
                    f"{capability.text!r} cannot be revoked alone, because {wider[0]!r} is granted",
                    plugin=self.plugin_id,
                    hint=f"revoke that grant as a whole: {command}",
                )
            if len(kept) == len(self._state.granted):
                raise GrantError(
                    f"{capability.text!r} is not granted",
                    plugin=self.plugin_id,
                    hint=f"granted: {_listed(self._state.granted)}",
                )
            self._state = self._made(kept)

    def copy(self) -> GrantSet:
        """Another set that holds the same now."""
        return GrantSet(
            self.plugin_id, self.requested, self.granted, grammar=self._grammar, learning=self.learning
        )

    def touches(self, capability: Capability | str) -> bool:
        """Whether anything granted has something in common with this."""
        parsed = self._parsed(capability)
        return any(held.meet(parsed) is not None for held in self._state.granted)

    def carry(self, old: GrantSet) -> None:
        """Hold what ``old`` holds now, as far as this plugin asks for any of it."""
        with old._lock, self._lock:
            self._state = self._made(still_asked(self.requested, old._state.granted))

    def covers(self, capability: Capability | str) -> bool:
        """Whether the plugin may do this now. Neither recorded nor reported to the observer.

        Raises:
            CapabilitySyntaxError: the text is no capability.
        """
        return self._state.covers(self._parsed(capability))

    def has_kind(self, kind: str) -> bool:
        """Whether anything of this kind is allowed, for example ``"fs.read"``."""
        return kind in self._state.by_kind

    def suggestion(self, kinds: Sequence[str]) -> str:
        """What to grant so that something of one of these kinds is allowed.

        What the plugin asks for, if it asks for any of them; else the form of the first (``env:NAME``).
        """
        for ask in self.requested or ():
            if ask.kind in kinds:
                return ask.text
        return next((known.form for known in self._grammar.kinds if known.name == kinds[0]), kinds[0])

    def require(self, text: str, hook: str | None = None) -> None:
        """Return if the capability written as ``text`` is allowed; a repeated text costs a set lookup.

        Args:
            text: A capability for the one thing about to be done, for example ``env:HOME``.
            hook: Name of the hook being called, for the error.

        Raises:
            CapabilityDeniedError: it is not, or ``text`` is no capability at all (guests choose
                part of it, so a malformed one is theirs). The hint is the granting command.
        """
        state = self._state
        if text not in state.allowed:
            self._decide(state, text, hook)

    def _decide(self, state: _State, text: str, hook: str | None) -> None:
        try:
            capability = self._grammar.parse(text)
        except CapabilitySyntaxError as error:
            raise CapabilityDeniedError(
                f"{error.message}; what cannot be understood is refused",
                plugin=self.plugin_id,
                hook=hook,
                hint=error.hint,
            ) from error
        if state.covers(capability):
            if len(state.allowed) >= _REMEMBERED:
                state.allowed.clear()
            state.allowed.add(text)
            return
        if self.learning:
            with self._lock:
                if len(self._reached) < _REACHED:
                    self._reached[capability.text] = capability
        if self.observer is not None:
            self.observer(capability.text)
        raise CapabilityDeniedError(
            f"capability {capability.text!r} is not granted",
            plugin=self.plugin_id,
            hook=hook,
            hint=self._granting(capability),
        )

    def _granting(self, capability: Capability) -> str:
        command = f"hyperhost plugin grant {self.plugin_id} {shlex.quote(capability.text)}"
        if self.requested is None or any(ask.covers(capability) for ask in self.requested):
            return f"to allow it: {command}"
        return f"its manifest does not ask for it; once it does: {command}"

    def _made(self, granted: Iterable[Capability]) -> _State:
        by_text = {capability.text: capability for capability in granted}
        ordered = tuple(by_text[text] for text in sorted(by_text))
        if self.learning:
            return _State(ordered, ())
        return _State(ordered, intersect(ordered if self.requested is None else self.requested, ordered))

    def _check_asked(self, capability: Capability) -> None:
        if self.requested is None or any(ask.meet(capability) is not None for ask in self.requested):
            return
        raise GrantError(
            f"{capability.text!r} cannot be granted, because the plugin never asked for it",
            plugin=self.plugin_id,
            hint=f"it asks for: {_listed(self.requested)}",
        )

    def _parsed(self, capability: Capability | str) -> Capability:
        return self._grammar.parse(capability) if isinstance(capability, str) else capability


def _listed(capabilities: Iterable[Capability]) -> str:
    return ", ".join(capability.text for capability in capabilities) or "nothing"
