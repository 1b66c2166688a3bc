"""Whom or what somebody means by a name in the past, and what may have been in a list then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import semver

from hyperhost.contracts import ArtifactQuery, ArtifactState, PageRequest
from hyperhost.contracts.moments import moment_text
from hyperhost.offering import invalid, missing

from .names import check_name, check_namespace
from .references import versions_of
from .remembering import DELETED
from .seeing import sees, sees_all
from .timeline import Marks, State, marks_at, state_at, states_of

if TYPE_CHECKING:
    from .work import Work

__all__ = ["PAGE_MAX", "candidates", "find_past", "page_of", "sees_past"]

PAGE_MAX: Final = 1_000
"""Artifacts, or changes, of one page at most."""
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def find_past(work: Work, reference: str, at_us: int | None) -> State:
    """The state that a reference meant at a time; without one, the last state it had, deleted or not."""
    found = None
    if _ID.fullmatch(reference):
        found = _state(work, reference, at_us)
    else:
        path, _, rest = reference.partition("/")
        name, marked, wanted = rest.partition("@")
        if not name or (marked and not wanted):
            raise invalid(
                "artifact",
                "reference",
                f"{reference[:120]!r} names no artifact",
                "write an id, or namespace/name, or namespace/name@version",
            )
        check_namespace(path)
        check_name(name)
        found = _named(work, path, name, wanted, at_us)
    if found is None or not sees_past(work, [found])[0]:
        when = f" at {moment_text(at_us)}" if at_us is not None else ""
        raise missing("artifact", f"there was no artifact {reference[:500]}{when}")
    return found


def sees_past(work: Work, states: list[State]) -> list[bool]:
    """Which states the principal may see: as they were then, and as what became of them is now."""
    if sees_all(work.principal):
        return [True] * len(states)
    then = sees(work, [state.artifact for state in states])
    found = [work.hook.storage_get_artifact(artifact_id=state.data["id"]) for state in states]
    now = sees(
        work,
        [here if here is not None else state.artifact for state, here in zip(states, found, strict=True)],
    )
    return [each and other for each, other in zip(then, now, strict=True)]


def _named(work: Work, path: str, name: str, wanted: str, at_us: int | None) -> State | None:
    ids = {item.id for item in versions_of(work, path, name)}
    ids.update(_buried(work, f"{path}/{name}@"))
    states = [state for each in ids if (state := _state(work, each, at_us)) is not None]
    marks = marks_at(work, f"{path}/{name}", at_us if at_us is not None else work.at_us)
    if wanted:
        version = wanted
        if not any(state.data["version"] == wanted for state in states):
            version = marks.tags.get(wanted) or marks.channels.get(wanted) or ""
        return max(
            (state for state in states if state.data["version"] == version),
            key=lambda state: (state.kind != "deleted", state.seq),
            default=None,
        )
    return _meant(states, marks)


def _meant(states: list[State], marks: Marks) -> State | None:
    """The version that is meant when none is named, by the rules of today; see ``references.find``."""

    def rank(state: State) -> tuple[Any, ...]:
        version = semver.Version.parse(state.data["version"])
        standing = ArtifactState(state.data["state"])
        published = standing is ArtifactState.PUBLISHED
        return (
            state.kind != "deleted",
            standing is not ArtifactState.ARCHIVED and state.data["id"] not in marks.yanked,
            marks.tags.get("latest") == state.data["version"],
            published and not version.prerelease,
            published,
            standing is ArtifactState.DEPRECATED,
            version,
        )

    return max(states, key=rank, default=None)


def _state(work: Work, artifact_id: str, at_us: int | None) -> State | None:
    if at_us is not None:
        return state_at(work, artifact_id, at_us)
    last = None
    for last in states_of(work, artifact_id):  # noqa: B007 - the last one counts
        pass
    return last


def _buried(work: Work, prefix: str) -> Iterator[str]:
    token = ""
    while True:
        page = work.hook.storage_list_records(
            collection=DELETED, prefix=prefix, page=PageRequest(PAGE_MAX, token)
        )
        for record in page.items:
            yield record.key.rpartition("#")[2]
        token = page.next_token
        if not token:
            return


def page_of(page: PageRequest | None) -> tuple[int, str]:
    """Size and token of the page that is asked for; 1,000 when none is named."""
    page = page or PageRequest(PAGE_MAX)
    if not 1 <= page.size <= PAGE_MAX:
        raise invalid("page.size", "range", f"{page.size} is no size of a page", f"give 1 to {PAGE_MAX}")
    return page.size, page.token


def candidates(work: Work, query: ArtifactQuery, size: int, token: str) -> tuple[list[str], str]:
    """Ids of artifacts that are in a list or were, a page of them, and the token of what follows.

    First those that are there, in the order of the store, then those that were deleted.
    """
    prefixes = [""]
    if query.namespace is not None:
        prefixes = [f"{query.namespace}/", *([f"{query.namespace}."] if query.descendants else [])]
    stage, _, inner = token.partition(":") if token else ("here", "", "")
    if stage == "here":
        page = work.hook.storage_list_artifacts(query=query, page=PageRequest(size, inner))
        following = f"here:{page.next_token}" if page.next_token else "gone0:"
        return [item.id for item in page.items], following
    number = stage.removeprefix("gone")
    if stage == number or not number.isdecimal() or len(number) > 1 or int(number) >= len(prefixes):
        raise invalid("page.token", "token", "the page token is not one of this list", "begin anew")
    gone = work.hook.storage_list_records(
        collection=DELETED, prefix=prefixes[int(number)], page=PageRequest(size, inner)
    )
    following = f"{stage}:{gone.next_token}" if gone.next_token else ""
    if not following and int(number) + 1 < len(prefixes):
        following = f"gone{int(number) + 1}:"
    ids = [record.key.rpartition("#")[2] for record in gone.items]
    return [each for each in ids if work.hook.storage_get_artifact(artifact_id=each) is None], following
