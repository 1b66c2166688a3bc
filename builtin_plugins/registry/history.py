"""Operations over the past: what an artifact, a namespace or the registry was at a time, and what changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hyperhost.contracts import (
    Artifact,
    ArtifactQuery,
    LogEntry,
    PageRequest,
    Visibility,
)
from hyperhost.contracts.moments import MomentError, parse_moment
from hyperhost.offering import invalid, operation

from .names import check_namespace
from .namespaces import NAMESPACES
from .past import PAGE_MAX, candidates, find_past, page_of, sees_past
from .references import YANKED
from .seeing import sees_record
from .timeline import (
    FieldChange,
    Marks,
    State,
    differences,
    entries_about,
    marks_at,
    record_at,
    state_at,
    states_of,
    view,
)
from .work import Work

__all__ = ["artifact_at", "artifact_history", "diff", "namespace_at", "registry_at"]


@dataclass(frozen=True, slots=True)
class Past:
    """An artifact as it was.

    Attributes:
        artifact: The artifact; downloads and rating are not part of the history and 0.
        since_us: When it came to be so.
        kind: By which change: ``created``, ``updated``, ``published`` or ``deprecated``.
        actor: By whom.
        tags: Its tags then, sorted.
        channels: Its channels then, sorted.
        yanked: Why it must not have been chosen anew; ``None`` when it might.
    """

    artifact: Artifact
    since_us: int
    kind: str
    actor: str
    tags: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    yanked: str | None = None


@dataclass(frozen=True, slots=True)
class PastArtifact:
    """One artifact as it was, see :class:`Past`, with its manifest, sensitive fields masked."""

    at_us: int
    artifact: Artifact
    manifest: Any
    since_us: int
    kind: str
    actor: str
    tags: list[str]
    channels: list[str]
    yanked: str | None


@dataclass(frozen=True, slots=True)
class PastPage:
    """Artifacts as they were.

    Attributes:
        at_us: When.
        items: In no promised order; a page may have fewer than asked for before the end.
        next_token: Asks for more; empty at the end, and only there.
        namespace: The namespace as it was written down then; ``None`` when it was not, or none was named.
    """

    at_us: int
    items: list[Past]
    next_token: str = ""
    namespace: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an artifact.

    Attributes:
        seq: Its number in the history.
        at_us: When.
        kind: ``created``, ``updated``, ``published``, ``deprecated``, ``deleted``; ``tags``,
            ``channels``, ``yanked`` or ``unyanked`` for what is said of it.
        actor: Who.
        origin: Where a copy came from; empty for what was made here.
        fields: What differs from before.
    """

    seq: int
    at_us: int
    kind: str
    actor: str
    origin: str
    fields: list[FieldChange]


@dataclass(frozen=True, slots=True)
class Differing:
    """An artifact that is not what it was.

    Attributes:
        id: Its id.
        artifact: Its coordinates.
        fields: What differs.
    """

    id: str
    artifact: str
    fields: list[FieldChange]


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed between two times.

    Attributes:
        start_us: The first.
        end_us: The second.
        added: Coordinates of artifacts that were not there at first.
        removed: Coordinates of those that were not there any more.
        changed: Those that were there at both times and differ.
        namespace: Fields of the namespace itself that differ.
        next_token: Asks for more artifacts; empty at the end, and only there.
    """

    start_us: int
    end_us: int
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[Differing] = field(default_factory=list)
    namespace: list[FieldChange] = field(default_factory=list)
    next_token: str = ""


@operation("artifact_at", group="history", permission="artifact:read", reads_private=True)
def artifact_at(work: Work, artifact: str, at: str = "", at_us: int | None = None) -> PastArtifact:
    """Show what an artifact was at a time, its tags, channels and yank included."""
    moment = _moment(work, "at", at, at_us)
    state = find_past(work, artifact, moment)
    found = state.artifact
    name = f"{found.namespace}/{found.name}"
    work.about(f"{name}@{found.version}", found.namespace, at_us=moment)
    work.private = found.visibility is not Visibility.PUBLIC
    marks = marks_at(work, name, moment).of(found.version, found.id)
    return PastArtifact(moment, found, state.shown_manifest, state.at_us, state.kind, state.actor, **marks)


@operation("namespace_at", group="history", permission="namespace:read", reads_private=True)
def namespace_at(
    work: Work,
    namespace: str,
    at: str = "",
    at_us: int | None = None,
    descendants: bool = False,
    page: PageRequest | None = None,
) -> PastPage:
    """Show what a namespace was at a time, and what lay in it."""
    moment = _moment(work, "at", at, at_us)
    check_namespace(namespace)
    work.about(namespace, namespace, at_us=moment)
    found = _page(work, ArtifactQuery(namespace=namespace, descendants=descendants), moment, page)
    known = record_at(work, namespace, NAMESPACES, moment)
    if not sees_record(work, namespace, known):
        known = None
    visibility = known.get("visibility") if known else None
    work.private = (
        work.private or (visibility or check_namespace(namespace).visibility.value) != Visibility.PUBLIC.value
    )
    return PastPage(moment, found.items, found.next_token, known)


@operation("registry_at", group="history", permission="artifact:read", reads_private=True)
def registry_at(
    work: Work, at: str = "", at_us: int | None = None, page: PageRequest | None = None
) -> PastPage:
    """List all artifacts as they were at a time, a page at a time."""
    moment = _moment(work, "at", at, at_us)
    work.about("", "", at_us=moment)
    return _page(work, ArtifactQuery(), moment, page)


@operation("artifact_history", group="history", permission="artifact:read", reads_private=True)
def artifact_history(work: Work, artifact: str, after: int = 0, limit: int = 100) -> list[Change]:
    """List the changes of an artifact, the oldest first: when, by whom, and which fields."""
    if not 1 <= limit <= PAGE_MAX:
        raise invalid("limit", "range", f"{limit} is no limit", f"give 1 to {PAGE_MAX}")
    known = find_past(work, artifact, None)
    found = known.artifact
    name = f"{found.namespace}/{found.name}"
    work.about(f"{name}@{found.version}", found.namespace)
    work.private = found.visibility is not Visibility.PUBLIC
    changes = (each for each in _changes(work, found, name) if each.seq > after)
    return [each for each, _ in zip(changes, range(limit), strict=False)]


@operation("diff", group="history", permission="artifact:read", reads_private=True)
def diff(
    work: Work,
    start: str = "",
    end: str = "",
    start_us: int | None = None,
    end_us: int | None = None,
    namespace: str = "",
    artifact: str = "",
    descendants: bool = True,
    page: PageRequest | None = None,
) -> Diff:
    """Show what changed between two times in a namespace, of an artifact, or in the whole registry."""
    first = _moment(work, "start", start, start_us)
    last = _moment(work, "end", end, end_us) if end or end_us is not None else work.at_us
    if first > last:
        raise invalid("start", "order", "the start lies behind the end", "swap them")
    if namespace and artifact:
        raise invalid("artifact", "either", "both an artifact and a namespace are named", "name one of them")
    if artifact:
        found = find_past(work, artifact, None)
        work.about(artifact, found.data["namespace"])
        return _compared(work, [found.data["id"]], first, last)
    if namespace:
        check_namespace(namespace)
    work.about(namespace, namespace)
    size, token = page_of(page)
    ids, token = candidates(
        work, ArtifactQuery(namespace=namespace or None, descendants=descendants), size, token
    )
    fields = []
    if namespace:
        before, after = (record_at(work, namespace, NAMESPACES, each) for each in (first, last))
        if sees_record(work, namespace, before) and sees_record(work, namespace, after):
            fields = differences((before, before), (after, after), "")
    return _compared(work, ids, first, last, fields, token)


def _moment(work: Work, name: str, text: str, given_us: int | None) -> int:
    """The moment that is meant, as text for people or in microseconds for programs."""
    if bool(text) == (given_us is not None):
        raise invalid(name, "missing", f"give either {name} or {name}_us", "as in '2 hours ago'")
    if given_us is None:
        try:
            given_us = parse_moment(text, work.at_us)
        except MomentError as error:
            raise invalid(name, "moment", str(error), error.hint) from None
    if not 0 <= given_us <= work.at_us:
        raise invalid(name, "future" if given_us > 0 else "range", "it lies in the future, or before 1970")
    return given_us


def _page(work: Work, query: ArtifactQuery, at_us: int, page: PageRequest | None) -> PastPage:
    size, token = page_of(page)
    items: list[Past] = []
    marks: dict[str, Marks] = {}
    while len(items) < size:
        ids, token = candidates(work, query, size - len(items), token)
        for each in ids:
            state = state_at(work, each, at_us)
            if state is None or not sees_past(work, [state])[0]:
                continue
            found = state.artifact
            name = f"{found.namespace}/{found.name}"
            if name not in marks:
                marks[name] = marks_at(work, name, at_us)
            held = marks[name].of(found.version, found.id)
            items.append(Past(found, state.at_us, state.kind, state.actor, **held))
            work.private = work.private or found.visibility is not Visibility.PUBLIC
        if not token:
            break
    return PastPage(at_us, items, token)


def _changes(work: Work, artifact: Artifact, name: str) -> Iterator[Change]:
    """The changes of one version, and of what is said of it, in their order."""
    marks = Marks({}, {}, {})
    state: State | None = None
    own = list(states_of(work, artifact.id))
    said = list(entries_about(work, name))
    merged: list[State | LogEntry] = sorted([*own, *said], key=lambda each: each.seq)
    for each in merged:
        before = view(state, marks)
        if isinstance(each, State):
            state, kind, actor, origin = each, each.kind, each.actor, each.origin
        else:
            data = json.loads(each.data_json)
            marks.apply(data)
            kind, actor, origin = data["collection"], data["actor"], data.get("origin", "")
            if kind == YANKED and data["data"] is None:
                kind = "unyanked"
        if state is None:
            continue
        after = view(state, marks)
        fields = differences(before, after) if before[0] is not None else []
        if isinstance(each, State) or fields:
            yield Change(each.seq, each.at_us, kind, actor, origin, fields)


def _compared(
    work: Work,
    ids: list[str],
    first: int,
    last: int,
    namespace: list[FieldChange] | None = None,
    token: str = "",
) -> Diff:
    found = Diff(first, last, namespace=namespace or [], next_token=token)
    marks: dict[tuple[str, int], Marks] = {}
    for each in ids:
        states = [state_at(work, each, moment) for moment in (first, last)]
        if not all(sees_past(work, [state for state in states if state is not None])):
            continue
        pair = [
            _seen(work, state, moment, marks) for state, moment in zip(states, (first, last), strict=True)
        ]
        shown = pair[1][1] or pair[0][1]
        if shown is None:
            continue
        work.private = work.private or shown["visibility"] != Visibility.PUBLIC.value
        place = f"{shown['namespace']}/{shown['name']}@{shown['version']}"
        if pair[0][0] is None:
            found.added.append(place)
        elif pair[1][0] is None:
            found.removed.append(place)
        elif fields := differences(pair[0], pair[1]):
            found.changed.append(Differing(each, place, fields))
    return found


def _seen(
    work: Work, state: State | None, at_us: int, marks: dict[tuple[str, int], Marks]
) -> tuple[Any, Any]:
    if state is None:
        return None, None
    name = f"{state.data['namespace']}/{state.data['name']}"
    if (name, at_us) not in marks:
        marks[name, at_us] = marks_at(work, name, at_us)
    return view(state, marks[name, at_us])
