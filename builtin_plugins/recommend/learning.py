"""What is known follows the store: artifacts by its history, what people use by the audit log.

Each step reads some entries of one log and writes what they say together with the place that was reached.
Nothing happens while something is created or downloaded; whoever asks for recommendations catches up first.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import (
    Artifact,
    ArtifactQuery,
    ArtifactSort,
    LogEntry,
    PageRequest,
    RecommendationState,
    Visibility,
)
from hyperhost.query.document import popularity
from hyperhost.query.following import changed_artifact, mark_of

from .model import Model, Reached
from .people import People, Use
from .records import Doc, doc_of, faces

if TYPE_CHECKING:
    import hyperhost

    from .settings import Settings

__all__ = ["Learner", "yanked"]

_HISTORY: Final = "history"
_AUDIT: Final = "audit"
_YANKED: Final = "yanked"
_STEP: Final = 1_000
"""Entries of a log that are read, and learned from, at once."""
_STEPS: Final = 20
"""Steps of one question at most; the rest is learned with those that follow."""
_WRITTEN: Final = 500
"""Names that are written at once when everything is read."""
_USING: Final = ("download", "create", "rate")
_GOOD: Final = 3
"""Stars from which a rating says that somebody uses something."""


@dataclass(frozen=True, slots=True)
class _Event:
    """What an entry of the audit log says of a use."""

    person: str
    name: str
    version: str
    at_us: int
    is_use: bool


class Learner:
    """Brings a model to where the store is. Whoever uses it holds ``model.turn``.

    Args:
        context: What the host says of itself.
        settings: What was configured.
        model: Where it is kept.
    """

    def __init__(self, context: hyperhost.PluginContext, settings: Settings, model: Model) -> None:
        self._context = context
        self._hook: Any = context.hook
        self._settings = settings
        self._model = model
        self.people = People(model)

    def catch_up(self, steps: int = _STEPS) -> int:
        """Learn what is new.

        Args:
            steps: Steps at most that the audit log is followed for.

        Returns:
            Entries of the audit log that were not learned from yet.

        Raises:
            RefusalError: the store cannot be read.
        """
        self._learns_or_forgets()
        while self._follow_changes():
            pass
        for _ in range(steps):
            if not self._follow_events():
                return 0
        return self._behind()

    def rebuild(self) -> None:
        """Forget everything, and learn it anew."""
        self._learns_or_forgets()
        self._anew("it was asked for")
        while self._follow_events():
            pass

    def state(self) -> RecommendationState:
        """Figures."""
        reached, model = self._model.reached(), self._model
        return RecommendationState(
            model.count("docs", "offered"),
            model.count("people"),
            model.count("uses"),
            model.count("pairs") // 2,
            reached.changes,
            reached.events,
            self._behind(),
            self._settings.learn,
            reached.updated_at_us,
        )

    def _learns_or_forgets(self) -> None:
        """Forget what people use when nothing is to be learned of it any more, or begin to learn it."""
        learns = "yes" if self._settings.learn else "no"
        before = self._model.meta("learns")
        if before == learns:
            return
        with self._model.writing():
            self._model.set_meta("learns", learns)
            if before:
                self._model.empty("uses", "people", "pairs", "items")
                reached = self._model.reached()
                self._model.reach(replace(reached, events=0, events_mark=""))

    def _follow_changes(self) -> bool:
        """Know what the next changes say; whether there are more."""
        reached = self._model.reached()
        if not reached.changes_mark:
            if not self._entries(_HISTORY, 0, 1):
                return False  # nothing was ever there
            self._anew("it reflects no store yet")
            return True
        entries = self._known_from(_HISTORY, reached.changes, reached.changes_mark)
        if entries is None:
            self._anew("it reflects another store")
            return True
        if not entries:
            return False
        names = {name for entry in entries for name in _names_of(entry)}
        with self._model.writing():
            if self._model.reached() != reached:
                return True  # another process was faster
            for name in sorted(names):
                versions = self._versions(name)
                self._model.replace(name, faces(versions, self._yanked(versions)))
            last = entries[-1]
            self._reach(replace(reached, changes=last.seq, changes_mark=mark_of(last)))
        return len(entries) == _STEP

    def _follow_events(self) -> bool:
        """Learn from the next entries of the audit log; whether there are more."""
        reached = self._model.reached()
        entries = self._known_from(_AUDIT, reached.events, reached.events_mark)
        if entries is None:
            self._anew("it has learned from another audit log")
            return True
        if not entries:
            return False
        events = [event for entry in entries if (event := _event_of(entry)) is not None]
        with self._model.writing():
            if self._model.reached() != reached:
                return True
            docs = self._model.docs_named(sorted({each.name for each in events}))
            if self._settings.learn:
                self.people.learn(self._uses(events, docs))
            self._refresh(docs)
            last = entries[-1]
            self._reach(replace(reached, events=last.seq, events_mark=mark_of(last)))
        return len(entries) == _STEP

    def _uses(self, events: Iterable[_Event], docs: Iterable[Doc]) -> Iterator[Use]:
        """What events say of uses, without those of a hidden version of something public.

        They would tell those who see the public one what goes on behind it. What is not there any more is
        not learned.
        """
        kinds: dict[str, set[bool]] = {}
        for each in docs:
            kinds.setdefault(each.name, set()).add(each.hidden)
        for event in events:
            known = kinds.get(event.name)
            if not known:
                continue
            if len(known) > 1:
                namespace, _, short = event.name.partition("/")
                found: Artifact | None = self._hook.storage_find_artifact(
                    namespace=namespace, name=short, version=event.version
                )
                if found is None or found.visibility is not Visibility.PUBLIC:
                    continue
            yield Use(event.person, event.name, event.at_us, known == {True}, event.is_use)

    def _refresh(self, docs: Iterable[Doc]) -> None:
        """Know the figures of what was downloaded or rated, as the store has them."""
        numbers, figures = [], []
        for each in docs:
            artifact: Artifact | None = self._hook.storage_get_artifact(artifact_id=each.id)
            if artifact is not None and (figure := popularity(artifact)) != each.popularity:
                numbers.append(each.number)
                figures.append(figure)
        self._model.figures(numbers, figures)

    def _anew(self, why: str) -> None:
        """Know the whole store, and nothing of anybody; the audit log is learned from again."""
        end = _end(self._hook, _HISTORY)  # what changes meanwhile is read again
        last = next(iter(self._entries(_HISTORY, end - 1, 1)), None)
        with self._model.writing():
            self._model.empty("docs", "words", "often", "needs", "uses", "people", "pairs", "items")
            yanked = set(self._all_yanked())
            batch: list[Doc] = []
            for group in self._everything():
                batch += faces(group, yanked)
                if len(batch) >= _WRITTEN:
                    self._model.add(batch)
                    batch = []
            self._model.add(batch)
            mark = mark_of(last) if last is not None else ""
            self._reach(Reached(end, mark))
        self._context.log("info", f"recommendations are learned anew: {why}")

    def _reach(self, reached: Reached) -> None:
        self._model.reach(replace(reached, updated_at_us=time.time_ns() // 1000))

    def _known_from(self, log: str, sequence: int, mark: str) -> list[LogEntry] | None:
        """The entries behind a place; ``None`` when the log has another entry at that place."""
        if not mark:
            return self._entries(log, 0, _STEP)
        entries = self._entries(log, sequence - 1, _STEP + 1)
        if not entries or (entries[0].seq, mark_of(entries[0])) != (sequence, mark):
            return None
        return entries[1:]

    def _entries(self, log: str, after: int, limit: int) -> list[LogEntry]:
        page = self._hook.storage_list_log(
            log=log, subject="", after=max(0, after), until_us=None, limit=limit
        )
        found: list[LogEntry] = page.items
        return found

    def _behind(self) -> int:
        return max(0, _end(self._hook, _AUDIT) - self._model.reached().events)

    def _everything(self) -> Iterator[list[Artifact]]:
        """All versions of each name."""
        everything = self._listed(ArtifactQuery(sort=ArtifactSort.NAME))
        for _, group in groupby(everything, key=lambda each: (each.namespace, each.name)):
            yield list(group)

    def _versions(self, name: str) -> list[Artifact]:
        namespace, _, short = name.partition("/")
        return list(self._listed(ArtifactQuery(namespace=namespace, name=short)))

    def _listed(self, query: ArtifactQuery) -> Iterator[Artifact]:
        token = ""
        while True:
            page = self._hook.storage_list_artifacts(query=query, page=PageRequest(1000, token))
            yield from page.items
            token = page.next_token
            if not token:
                return

    def _yanked(self, versions: Iterable[Artifact]) -> set[str]:
        return {each.id for each in versions if yanked(self._hook, each.id)}

    def _all_yanked(self) -> Iterator[str]:
        token = ""
        while True:
            page = self._hook.storage_list_records(
                collection=_YANKED, prefix="", page=PageRequest(1000, token)
            )
            yield from (each.key for each in page.items)
            token = page.next_token
            if not token:
                return

    def doc_of_name(self, name: str) -> list[Doc]:
        """All versions of a name as they are in the store, archived ones, too."""
        return [doc_of(each) for each in self._versions(name)]

    def doc_of_id(self, artifact_id: str) -> Doc | None:
        """An artifact as it is in the store."""
        found: Artifact | None = self._hook.storage_get_artifact(artifact_id=artifact_id)
        return None if found is None else doc_of(found)


def yanked(hook: Any, artifact_id: str) -> bool:
    """Whether a version must not be chosen anew."""
    return hook.storage_get_record(collection=_YANKED, key=artifact_id) is not None


def _names_of(entry: LogEntry) -> Iterator[str]:
    """The name that a change is about, if it is one of an artifact or of a yank."""
    with suppress(ValueError, KeyError, TypeError):  # not an entry of the registry
        if changed_artifact(entry) is not None:
            artifact = json.loads(entry.data_json)["artifact"]
            yield f"{artifact['namespace']}/{artifact['name']}"
        elif "/" in entry.subject and json.loads(entry.data_json)["collection"] == _YANKED:
            yield entry.subject


def _event_of(entry: LogEntry) -> _Event | None:
    """What an entry of the audit log says; ``None`` when it is about something else.

    Most are: they are not parsed.
    """
    if not any(f'"operation":"{each}"' in entry.data_json for each in _USING):
        return None
    with suppress(ValueError, KeyError, TypeError, AttributeError):  # not an entry as it should be
        data = json.loads(entry.data_json)["entry"]
        actor, operation = data["actor"], data["operation"]
        if operation not in _USING or not data["success"] or actor["kind"] == "system":
            return None
        name, _, version = data["target"].partition("@")
        stars = data["details"].get("stars", _GOOD)
        is_use = operation == "download" or (operation == "rate" and stars >= _GOOD)
        if "/" in name and actor["id"]:
            return _Event(str(actor["id"]), name, version, entry.at_us, is_use)
    return None


def _end(hook: Any, log: str) -> int:
    """Number of the last entry of a log; 0 when there is none."""

    def is_behind(sequence: int) -> bool:
        page = hook.storage_list_log(log=log, subject="", after=sequence, until_us=None, limit=1)
        return bool(page.items)

    step = 1
    while is_behind(step - 1):
        step *= 2
    low, high = step // 2, step - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_behind(middle - 1) else (low, middle - 1)
    return low
