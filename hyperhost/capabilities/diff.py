"""What an upgrade changes in permissions, in words; who has to approve it follows from that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hyperhost.capabilities.grammar import Capability

__all__ = ["PermissionDiff", "compare"]


@dataclass(frozen=True, slots=True)
class PermissionDiff:
    """The difference between what two versions of a plugin ask for.

    Attributes:
        added: New capabilities that have nothing in common with what was asked before.
        removed: Old capabilities of which nothing is asked any more.
        wider: Pairs (old, new): the new one allows something that nothing asked before did.
        narrower: Pairs (old, new): the new one lies within the old one, which is gone.
        old_publisher: Verified key id of the old package, empty when it was not signed.
        new_publisher: The same for the new package.
    """

    added: tuple[Capability, ...]
    removed: tuple[Capability, ...]
    wider: tuple[tuple[Capability, Capability], ...]
    narrower: tuple[tuple[Capability, Capability], ...]
    old_publisher: str = ""
    new_publisher: str = ""

    @property
    def needs_approval(self) -> bool:
        """Whether a person has to agree: more is asked, or someone else asks it."""
        return bool(self.added or self.wider) or self.old_publisher != self.new_publisher

    def sentences(self) -> list[str]:
        """The changes for a person, those that need approval first; empty when there are none."""
        words = []
        if self.old_publisher != self.new_publisher:
            words.append(_publisher_words(self.old_publisher, self.new_publisher))
        words += [f"new: {capability.describe()}" for capability in self.added]
        words += [f"wider: {new.describe()} (was: {old.describe()})" for old, new in self.wider]
        words += [f"narrower: {new.describe()} (was: {old.describe()})" for old, new in self.narrower]
        words += [f"no longer: {capability.describe()}" for capability in self.removed]
        return words


def compare(
    old_asked: Iterable[Capability],
    new_asked: Iterable[Capability],
    old_publisher: str = "",
    new_publisher: str = "",
) -> PermissionDiff:
    """What changes when a plugin that asked ``old_asked`` asks ``new_asked`` instead.

    Args:
        old_asked: Capabilities of the version installed.
        new_asked: Capabilities of the version to come.
        old_publisher: Verified key id of the installed package, empty when it is not signed.
        new_publisher: The same for the package to come.
    """
    old, new = _ordered(old_asked), _ordered(new_asked)
    added: list[Capability] = []
    wider: list[tuple[Capability, Capability]] = []
    narrower: list[tuple[Capability, Capability]] = []
    for ask in new:
        if not any(held.covers(ask) for held in old):
            near = next((held for held in old if held.meet(ask) is not None), None)
            if near is None:
                added.append(ask)
            else:
                wider.append((near, ask))
    # A partial overlap is a widening whatever else it is, so it is listed once, as that.
    widened = {held.text for held, _ in wider}
    removed: list[Capability] = []
    for held in old:
        if any(ask.covers(held) for ask in new) or held.text in widened:
            continue
        within = [ask for ask in new if held.covers(ask)]
        narrower += [(held, ask) for ask in within]
        if not within:
            removed.append(held)
    return PermissionDiff(
        tuple(added), tuple(removed), tuple(wider), tuple(narrower), old_publisher, new_publisher
    )


def _ordered(capabilities: Iterable[Capability]) -> list[Capability]:
    by_text = {capability.text: capability for capability in capabilities}
    return [by_text[text] for text in sorted(by_text)]


def _publisher_words(old: str, new: str) -> str:
    if not new:
        return f"no longer signed (was signed by {old})"
    if not old:
        return f"now signed by {new} (was not signed)"
    return f"publisher changed from {old} to {new}"
