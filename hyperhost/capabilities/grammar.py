"""The language of permissions: ``log``, ``env:APP_*``, ``fs.read:/data``, ``http:api.acme.test/v1#POST``.

One grammar serves manifests, grants and run-time requests alike: a request is a capability
written for the one thing that is about to be touched, and it is allowed when a granted
capability covers it. Kinds form a table; a host program adds its own with
:meth:`Grammar.register`, on its own instance, so two hosts in one process never meet.

No kind implies another. In particular ``fs.write`` does not include ``fs.read`` of the same path:
a plugin that only delivers files has no business reading what is there.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hyperhost.capabilities.kinds import BUILTIN_KINDS, Kind, RegisteredWords
from hyperhost.capabilities.scopes import Everything, Scope, parse_target
from hyperhost.errors import CapabilitySyntaxError

__all__ = ["Capability", "Grammar", "Kind"]

MAX_TEXT: Final = 4096
"""Longest capability in characters; guests choose the text of requests, so it is bounded."""

_CACHED: Final = 4096
_KIND_NAME = re.compile(r"[a-z][a-z0-9-]*(?:[.:][a-z][a-z0-9-]*)?")
_WHOLE: Final = Everything()


@dataclass(frozen=True, slots=True)
class Capability:
    """A permission, parsed. Equal when the canonical texts are equal.

    Attributes:
        text: Canonical text; parsing it again gives an equal capability.
        kind: The kind, for example ``fs.read``.
        scope: What the kind is applied to.
        words: Phrase for a person, as in :class:`Kind`.
    """

    text: str
    kind: str = field(compare=False)
    scope: Scope = field(compare=False, repr=False)
    words: Callable[[Scope], str] = field(compare=False, repr=False)

    @staticmethod
    def parse(text: str, grammar: Grammar | None = None) -> Capability:
        """The capability written as ``text``, in the built-in grammar unless another is given.

        Raises:
            CapabilitySyntaxError: the kind is unknown or its target malformed.
        """
        return (grammar or _builtin()).parse(text)

    def covers(self, other: Capability) -> bool:
        """Whether holding this capability allows everything that ``other`` allows."""
        return self.kind == other.kind and self.scope.covers(other.scope)

    def meet(self, other: Capability) -> Capability | None:
        """What both capabilities allow, or ``None`` when that is nothing."""
        if self.kind != other.kind or (scope := self.scope.meet(other.scope)) is None:
            return None
        return Capability(_join(self.kind, scope), self.kind, scope, self.words)

    def describe(self) -> str:
        """A phrase that completes "the plugin may …"."""
        return self.words(self.scope)

    def __str__(self) -> str:
        return self.text


class Grammar:
    """A table of kinds: the built-in ones, and those that host interfaces add.

    Parsed capabilities are remembered (a bounded number of them), so that parsing a text seen
    before costs a dictionary lookup. Instances may be shared between threads.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {kind.name: kind for kind in BUILTIN_KINDS}
        self._seen: dict[str, Capability] = {}

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All kinds, in the order of their names."""
        return tuple(self._kinds[name] for name in sorted(self._kinds))

    def register(
        self, kind: str, *, describe: str | Callable[[str], str], target_required: bool = True
    ) -> None:
        """Add a kind. Registering the very same kind again is harmless.

        Args:
            kind: Lower-case name, at most one ``:`` or ``.`` inside: ``weather``, ``events:publish``.
            describe: Completes "the plugin may …". Text may hold ``{target}``; a callable gets the
                target (``"*"`` for all of them).
            target_required: Write it as ``kind:TARGET`` or ``kind:*``; otherwise as ``kind`` alone.

        Raises:
            CapabilitySyntaxError: the name is malformed, or belongs to a different kind already.
        """
        if not _KIND_NAME.fullmatch(kind):
            raise CapabilitySyntaxError(
                f"{kind!r} cannot be a kind of capability", hint="write it as 'weather' or 'events:publish'"
            )
        known = self._kinds.get(kind)
        form = f"{kind}:TARGET" if target_required else kind
        if known is not None:
            if (
                isinstance(known.words, RegisteredWords)
                and known.words.describe == describe
                and known.form == form
            ):
                return
            raise CapabilitySyntaxError(f"there is a kind {kind!r} already", hint="choose another name")
        if ambiguous := self._ambiguous(kind, target_required):
            raise CapabilitySyntaxError(
                f"the kind {kind!r} could be read as a target of {ambiguous!r}, or the other way round",
                hint="choose another name",
            )
        self._kinds[kind] = Kind(
            kind, form, RegisteredWords(describe), parse_target if target_required else None
        )

    def _ambiguous(self, kind: str, target_required: bool) -> str | None:
        """The kind that texts of the new one could be taken for: guests choose targets, never kinds."""
        outer = self._kinds.get(kind.partition(":")[0])
        if ":" in kind and outer is not None and outer.parse is not None:
            return outer.name
        if target_required:
            return next((name for name in self._kinds if name.startswith(kind + ":")), None)
        return None

    def parse(self, text: str) -> Capability:
        """The capability written as ``text``.

        Raises:
            CapabilitySyntaxError: the kind is unknown (the hint names the nearest) or the target is
                malformed (the hint shows the form).
        """
        found = self._seen.get(text)
        if found is None:
            found = self._parse(text)
            if len(self._seen) >= _CACHED:
                self._seen.clear()
            self._seen[text] = found
        return found

    def _parse(self, text: str) -> Capability:
        if not isinstance(text, str):
            raise CapabilitySyntaxError(
                f"a capability is text, not {text!r}", hint="write it as 'log' or 'env:NAME'"
            )
        if len(text) > MAX_TEXT:
            raise CapabilitySyntaxError(
                f"capability {text[:60]!r}… has {len(text)} characters", hint=f"the most is {MAX_TEXT}"
            )
        kind, target = self._split(text)
        if kind.parse is None:
            if target is not None:
                raise CapabilitySyntaxError(
                    f"capability {text!r}: {kind.name!r} takes no target", hint=f"write it as {kind.form!r}"
                )
            return Capability(kind.name, kind.name, _WHOLE, kind.words)
        if not target:
            raise CapabilitySyntaxError(
                f"capability {text!r} lacks its target", hint=f"write it as {kind.form!r}"
            )
        try:
            scope = kind.parse(target)
        except ValueError as error:
            raise CapabilitySyntaxError(
                f"capability {text!r}: {error}", hint=f"the form is {kind.form!r}"
            ) from error
        return Capability(_join(kind.name, scope), kind.name, scope, kind.words)

    def _split(self, text: str) -> tuple[Kind, str | None]:
        """The kind and the text after its colon; a kind of two words is tried before one of one."""
        head, colon, rest = text.partition(":")
        second, colon2, rest2 = rest.partition(":")
        if colon and (kind := self._kinds.get(f"{head}:{second}")):
            return kind, rest2 if colon2 else None
        if kind := self._kinds.get(head):
            return kind, rest if colon else None
        import difflib

        # Kinds of two words are near to both words together, not to the first alone.
        near = (
            [name for name in sorted(self._kinds) if head and name.startswith((head + ".", head + ":"))]
            or difflib.get_close_matches(head, self._kinds, 1)
            or difflib.get_close_matches(f"{head}:{second}", self._kinds, 1)
        )
        hint = (
            f"did you mean {self._kinds[near[0]].form!r}?"
            if near
            else f"kinds are {', '.join(sorted(self._kinds))}"
        )
        raise CapabilitySyntaxError(f"capability {text!r} has the unknown kind {head!r}", hint=hint)


def _join(kind: str, scope: Scope) -> str:
    text = scope.text
    return f"{kind}:{text}" if text else kind


@functools.cache
def _builtin() -> Grammar:
    """The grammar of built-in kinds; nothing outside this module can reach it to register more."""
    return Grammar()
