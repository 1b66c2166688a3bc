"""Answers of the service: candidates of all parts, scored, seen, and said why."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hyperhost.contracts import (
    Artifact,
    ArtifactState,
    Principal,
    Recommendation,
    RecommendationPart,
    Recommendations,
    RecommendationState,
    RecommendRequest,
)
from hyperhost.offering import unavailable

from .learning import Learner, yanked
from .model import Model
from .records import Doc
from .scoring import Collaborative, Content, Context, Knowledge, Said
from .settings import settings_of
from .sight import Sight
from .starting import Start, start_of

if TYPE_CHECKING:
    import hyperhost

__all__ = ["Desk"]

_FILE: Final = "model.db"
_EACH: Final = 80
"""Candidates that one part names."""
_BEST: Final = 40
"""Candidates for being popular."""
_BESIDE: Final = 10
"""Candidates of one author, or one namespace."""
_PLACES: Final = 3
"""Authors and namespaces that are looked at."""
_SHOWN: Final = 0.5
"""From this value on it is said that something is popular, or well described."""
T = TypeVar("T")


class Desk:
    """Answers questions. Threads take turns.

    Args:
        context: What the host says of itself.

    Raises:
        ConfigError: the configuration is not what it has to be.
        RefusalError: what was learned can be neither read nor begun anew.
    """

    def __init__(self, context: hyperhost.PluginContext) -> None:
        self._context = context
        self._hook: Any = context.hook
        self._settings = settings_of(context.config)
        self._turn = threading.RLock()
        self._file = context.data / _FILE if context.home is not None else None
        self._model: Model | None = None
        self._safely(lambda _: None)

    def recommend(self, principal: Principal, request: RecommendRequest) -> Recommendations:
        """See the hook ``recommend_artifacts``."""

        def answer(model: Model) -> Recommendations:
            behind = self._learner.catch_up()
            return Recommendations(self._answered(model, principal, request), behind)

        return self._safely(answer)

    def status(self) -> RecommendationState:
        """See the hook ``recommend_status``."""

        def answer(_: Model) -> RecommendationState:
            self._learner.catch_up()
            return self._learner.state()

        return self._safely(answer)

    def rebuild(self) -> RecommendationState:
        """See the hook ``recommend_rebuild``."""

        def answer(_: Model) -> RecommendationState:
            self._learner.rebuild()
            return self._learner.state()

        return self._safely(answer)

    def close(self) -> None:
        """Close what was learned."""
        with self._turn:
            if self._model is not None:
                self._model.close()
                self._model = None

    def _open(self) -> Model:
        if self._model is None:
            self._model = Model(self._file)
            self._learner = Learner(self._context, self._settings, self._model)
        return self._model

    def _safely(self, answer: Callable[[Model], T]) -> T:
        """An answer; what is damaged is learned anew, once.

        Raises:
            RefusalError: the file is in use for too long, or cannot be written.
        """
        with self._turn:
            try:
                try:
                    return answer(self._open())
                except sqlite3.DatabaseError as error:
                    if not self._is_damage(error):
                        raise
                    self._remove(error)
                    return answer(self._open())
            except sqlite3.Error as error:
                raise unavailable(
                    "recommendations",
                    f"what recommendations have learned cannot be used: {error}",
                    "try again later, or look whether the home can be written to",
                ) from error

    def _is_damage(self, error: sqlite3.DatabaseError) -> bool:
        if self._file is None or isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            return False
        return (
            not isinstance(error, sqlite3.OperationalError) or "no such" in str(error) or self._file.is_dir()
        )

    def _remove(self, error: Exception) -> None:
        words = "what recommendations have learned is damaged and learned anew"
        self._context.log("warning", f"{words}: {error}")
        with suppress(sqlite3.Error):
            self.close()
        self._model = None
        for each in ("", "-wal", "-shm", "-journal"):
            path = Path(f"{self._file}{each}")
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _answered(
        self, model: Model, principal: Principal, request: RecommendRequest
    ) -> list[Recommendation]:
        sight = Sight(self._hook, principal)
        start = start_of(model, self._learner, sight, principal, request)
        people = self._learner.people
        collaborative = Collaborative(people, self._settings, start, "they" if request.person else "you")
        content = Content(model, start)
        knowledge = Knowledge(model, sight, start)
        context = Context(people, self._settings, start, request, self._context.clock())
        names = {
            *collaborative.names(_EACH),
            *knowledge.names(_EACH),
            *context.names(_EACH // 2),
        }
        numbers = {
            *model.offered(sorted(names)),
            *content.numbers(_EACH),
            *_best(model, request, max(_BEST, 2 * request.limit + len(start.known))),
            *_beside(model, "author", knowledge.authors),
            *_beside(model, "namespace", knowledge.namespaces),
        }
        docs = [
            each
            for each in model.docs(numbers).values()
            if each.offered and each.name not in start.known and _is_asked_for(each, request)
        ]
        context.look({each.name for each in docs})
        scored = []
        for doc in docs:
            said = {
                "collaborative": collaborative.of(doc),
                "content": content.of(doc),
                "knowledge": knowledge.of(doc),
                "context": context.of(doc),
                "popularity": Said(doc.popularity / 100),
                "quality": Said(doc.quality / 100),
            }
            score = sum(self._settings.weights[name] * each.value for name, each in said.items())
            scored.append((round(score, 6), doc, said))
        scored.sort(
            key=lambda each: (-each[0], -each[1].popularity, -each[1].quality, each[1].name, each[1].id)
        )
        return self._shown(sight, start, scored, request.limit)

    def _shown(
        self, sight: Sight, start: Start, scored: list[tuple[float, Doc, dict[str, Said]]], limit: int
    ) -> list[Recommendation]:
        """The best of those that may be seen, as they are in the store now."""
        found: dict[str, Recommendation] = {}
        is_private = any(each.hidden for each in start.seeds)
        place, step = 0, limit + 5
        while place < len(scored) and len(found) < limit:
            part = scored[place : place + step]
            place += step
            seen = {each.id for each in sight.of([doc for _, doc, _ in part])}
            for _, doc, said in part:
                if doc.id not in seen or doc.name in found or len(found) == limit:
                    continue
                artifact: Artifact | None = self._hook.storage_get_artifact(artifact_id=doc.id)
                if (
                    artifact is None
                    or artifact.state is not ArtifactState.PUBLISHED
                    or artifact.visibility is not doc.visibility
                    or yanked(self._hook, doc.id)
                ):
                    continue
                found[doc.name] = self._made(doc, artifact, said, not start.words, is_private)
        return list(found.values())

    def _made(
        self, doc: Doc, artifact: Artifact, said: dict[str, Said], is_cold: bool, is_private: bool
    ) -> Recommendation:
        said = {
            **said,
            "popularity": Said(said["popularity"].value, _popular(doc, artifact, is_cold)),
            "quality": Said(
                said["quality"].value, "it is well described" if doc.quality >= 100 * _SHOWN else ""
            ),
        }
        parts = []
        for name, each in said.items():
            weight = self._settings.weights[name]
            parts.append(
                RecommendationPart(
                    name,
                    round(weight, 4),
                    round(each.value, 4),
                    round(weight * each.value, 4),
                    each.reason,
                )
            )
        ranked = sorted(parts, key=lambda part: -part.contribution)
        if is_cold:
            ranked.sort(key=lambda part: part.name != "popularity")
        reasons = [part.reason for part in ranked if part.reason and part.weight]
        return Recommendation(
            doc.name,
            doc.version,
            doc.id,
            round(sum(part.contribution for part in parts), 4),
            parts,
            reasons or ["it is published, and there is little else"],
            doc.popularity,
            doc.quality,
            is_private or doc.hidden,
        )


def _best(model: Model, request: RecommendRequest, most: int) -> Iterable[int]:
    """What is most popular, of what is asked for; hidden artifacts apart from public ones."""
    where, values = "", []
    if request.type is not None:
        where, values = " AND type = ?", [request.type.value]
    if request.namespace:
        where += " AND (namespace = ? OR namespace BETWEEN ? AND ?)"
        values += [request.namespace, f"{request.namespace}.", f"{request.namespace}/"]
    for hidden in (0, 1):
        rows = model.sql.execute(
            f"SELECT doc FROM docs WHERE offered = 1 AND hidden = ?{where}"  # noqa: S608 - written above
            " ORDER BY popularity DESC, quality DESC LIMIT ?",
            (hidden, *values, most),
        )
        yield from (row[0] for row in rows)


def _beside(model: Model, column: str, values: list[str]) -> Iterable[int]:
    for value in values[:_PLACES]:
        for hidden in (0, 1):
            rows = model.sql.execute(
                f"SELECT doc FROM docs WHERE offered = 1 AND hidden = ? AND {column} = ?"  # noqa: S608 - one of two columns
                " ORDER BY popularity DESC, quality DESC LIMIT ?",
                (hidden, value, _BESIDE),
            )
            yield from (row[0] for row in rows)


def _is_asked_for(doc: Doc, request: RecommendRequest) -> bool:
    if request.type is not None and doc.type is not request.type:
        return False
    path = request.namespace
    return not path or doc.namespace == path or doc.namespace.startswith(f"{path}.")


def _popular(doc: Doc, artifact: Artifact, is_cold: bool) -> str:
    activity = artifact.activity
    figures = f"{activity.download_count:,} downloads"
    if activity.rating:
        figures += f", {activity.rating:.1f} of 5 stars"
    if is_cold:
        return f"nothing is known of what you use, so by popularity and quality: {figures}"
    return f"it is popular: {figures}" if doc.popularity >= 100 * _SHOWN else ""
