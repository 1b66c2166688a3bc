"""Nodes by the words of whoever asks: which one is meant, whether they may know of it, how it is shown."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hyperhost.contracts import GraphNode, GraphNodeKind
from hyperhost.offering import invalid, missing
from hyperhost.query import folded

from .records import NAMESPACE, TAG, USER
from .sight import Sight
from .view import View

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["ARTIFACT", "MARKS", "Node", "Places"]

Node = tuple[str, int]
"""A kind, ``a`` for artifacts or the letter of a mark, and the number of its name or mark."""
ARTIFACT: Final = "a"
MARKS: Final = {GraphNodeKind.NAMESPACE: NAMESPACE, GraphNodeKind.USER: USER, GraphNodeKind.TAG: TAG}
_KINDS: Final = {letter: kind for kind, letter in MARKS.items()} | {ARTIFACT: GraphNodeKind.ARTIFACT}
_MARKED: Final = {kind.value: kind for kind in MARKS}
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LOOKED_AT: Final = 5_000
"""Names that a wrong one is compared with at most."""
_JUDGED: Final = 20


class Places:
    """Nodes of a graph, for somebody.

    Args:
        hook: The host's hooks.
        view: The graph.
        sight: Who asks.
    """

    def __init__(self, hook: HookRelay, view: View, sight: Sight) -> None:
        self._hook: Any = hook
        self._view, self._sight = view, sight

    def find(self, text: str, field: str = "node") -> Node:
        """The node that a text means.

        Raises:
            RefusalError: it means none, or none that they may know of.
        """
        if not text or len(text) > 1_000:
            raise invalid(
                field, "reference", f"{text[:80]!r} names no node", "as in org.acme/auth or tag:security"
            )
        kind, colon, rest = text.partition(":")
        if colon and kind in _MARKED:
            return self._mark(_MARKED[kind], rest)
        if colon and kind == GraphNodeKind.ARTIFACT:
            text = rest
        return (ARTIFACT, self.artifact(text, field))

    def artifact(self, text: str, field: str = "artifact") -> int:
        """The number of the name that a text means: ``namespace/name``, with a version behind it, or an id.

        Raises:
            RefusalError: it means none, or none that they may know of.
        """
        name = text
        if _ID.fullmatch(text):
            found = self._hook.storage_get_artifact(artifact_id=text)
            name = f"{found.namespace}/{found.name}" if found is not None else ""
        elif "/" not in text:
            raise invalid(
                field,
                "reference",
                f"{text[:80]!r} names no artifact",
                "write namespace/name; other nodes are written namespace:…, user:… or tag:…",
            )
        else:
            namespace, _, short = text.partition("/")
            name = f"{namespace}/{short.partition('@')[0]}"
        number = self._view.name(name)
        if number is None or not self.is_known(number):
            raise missing("artifact", f"there is no artifact {_shown(text)}", self._nearest(name))
        return number

    def is_known(self, name: int) -> bool:
        """Whether they may know of a name: they see a version of it, or one that needs it."""
        if self._sight.versions(name):
            return True
        return any(
            self._sight.any(number, part.segment.needs.rows[part.segment.needs.column(name)])
            for number, part in enumerate(self._view.parts)
        )

    def shown(self, node: Node, depth: int = 0) -> GraphNode:
        """A node as it is shown."""
        letter, number = node
        kind = _KINDS[letter]
        if letter != ARTIFACT:
            text = self._view.marks.texts[number][1:]
            return GraphNode(f"{kind.value}:{text}", kind, text, depth=depth)
        name = self._view.names.texts[number]
        versions = self._sight.versions(number)
        if not versions:
            return GraphNode(f"{kind.value}:{name}", kind, name, missing=True, depth=depth)
        part, row = versions[0]
        self._sight.show(part, row)
        downloads = sum(int(self._view.parts[at].segment.downloads[each]) for at, each in versions)
        return GraphNode(
            f"{kind.value}:{name}",
            kind,
            name,
            self._view.version(part, row),
            self._view.type(part, row),
            downloads,
            depth=depth,
        )

    def text(self, node: Node) -> str:
        """What nodes are sorted by."""
        letter, number = node
        return letter + (self._view.names if letter == ARTIFACT else self._view.marks).texts[number]

    def _mark(self, kind: GraphNodeKind, text: str) -> Node:
        letter = MARKS[kind]
        wanted = folded(text) if kind is GraphNodeKind.TAG else " ".join(text.split())
        number = self._view.mark(letter + wanted)
        if number is not None and self._has_member(number):
            return (letter, number)
        raise missing(
            kind.value, f"there is no {kind.value} {_shown(text)}", self._nearest_mark(letter, wanted)
        )

    def _has_member(self, mark: int) -> bool:
        return any(
            self._sight.any(number, part.segment.marks.rows[part.segment.marks.column(mark)])
            for number, part in enumerate(self._view.parts)
        )

    def _nearest(self, name: str) -> str:
        """A hint with names that are like one and may be seen."""
        namespace, _, short = name.partition("/")
        texts = self._view.names.texts[: self._view.name_count]
        same = [each for each in texts if each.endswith(f"/{short}") and each != name][:_LOOKED_AT]
        beside = [each for each in texts if each.startswith(f"{namespace}/") and each != name][:_LOOKED_AT]
        near = [*same, *difflib.get_close_matches(name[:200], beside, _JUDGED, 0.6)] if short else []
        return self._hint(list(dict.fromkeys(near))[:_JUDGED], ARTIFACT)

    def _nearest_mark(self, letter: str, text: str) -> str:
        chosen = np.flatnonzero(self._view.kinds == ord(letter))[:_LOOKED_AT].tolist()
        texts = [self._view.marks.texts[each][1:] for each in chosen]
        return self._hint(difflib.get_close_matches(text[:200], texts, _JUDGED, 0.6), letter)

    def _hint(self, near: list[str], letter: str) -> str:
        seen = []
        for each in near:
            if letter == ARTIFACT:
                number = self._view.name(each)
                is_seen = number is not None and bool(self._sight.versions(number))
            else:
                mark = self._view.mark(letter + each)
                is_seen = mark is not None and self._has_member(mark)
            if is_seen:
                seen.append(each)
            if len(seen) == 3:
                break
        return (
            f"did you mean {' or '.join(map(repr, seen))}?"
            if seen
            else "list names with: hyperhost artifact list"
        )


def _shown(text: str) -> str:
    """A text from outside in a message: nothing that could steer a terminal."""
    return text[:200] if text.isprintable() else repr(text[:200])
