"""What recommendations start from: an artifact, what is in use, what somebody has used before."""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import ArtifactState, ArtifactType, Principal, RecommendRequest
from hyperhost.offering import invalid, missing

from .learning import Learner
from .records import Doc, of_length_one, terms_of

if TYPE_CHECKING:
    from .model import Model
    from .sight import Sight

__all__ = ["Start", "start_of"]

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATH: Final = re.compile(r"[a-z0-9@_+-]+(?:\.[a-z0-9@_+-]+)*")
_MAX_LIMIT: Final = 1_000
_MAX_USING: Final = 1_000
_MAX_TEXT: Final = 4_000
_OWN: Final = 20
"""Of what somebody has used, the latest that count."""
_LOOKED_AT: Final = 2_000
"""Names that are compared with one that is not there."""
_STAGES: Final = {ArtifactState.PUBLISHED: 2, ArtifactState.DEPRECATED: 1}


@dataclass(frozen=True, slots=True)
class Start:
    """What recommendations start from.

    Attributes:
        seeds: Of each name the version that stands for it, among those that may be seen.
        words: Words with their weights, of length 1 together: those of the seeds, and of the text.
        known: Names that the person has, which are not recommended.
        type: What most of the seeds are.
        own: The seeds are what the person has used before; else they were given.
    """

    seeds: list[Doc]
    words: dict[str, float]
    known: set[str] = field(default_factory=set)
    type: ArtifactType | None = None
    own: bool = False


def start_of(
    model: Model, learner: Learner, sight: Sight, principal: Principal, request: RecommendRequest
) -> Start:
    """What to start from.

    Raises:
        RefusalError: something that was given is wrong, or not there as far as they may know.
    """
    _check(request)
    finder = _Finder(model, learner, sight)
    person = request.person or principal.id
    used = learner.people.of(person)
    known = set(used)
    given = []
    if request.artifact:
        given.append(finder.find(request.artifact, "artifact"))
    given += finder.find_all(request.using)
    seeds = list({each.name: each for each in given}.values())
    if own := not given and not request.text:
        seeds = finder.seen(used[:_OWN])
    for each in given:
        known.add(each.name)
        known.update(each.needs)
    weights: dict[str, float] = defaultdict(float)
    for each in seeds:
        for word, weight in each.terms.items():
            weights[word] += weight / len(seeds)
    for word, weight in terms_of("", request.text).items():
        weights[word] += weight
    kinds = Counter(each.type for each in seeds)
    return Start(seeds, of_length_one(weights), known, kinds.most_common(1)[0][0] if kinds else None, own)


class _Finder:
    """Finds what names mean to somebody."""

    def __init__(self, model: Model, learner: Learner, sight: Sight) -> None:
        self._model = model
        self._learner = learner
        self._sight = sight

    def find(self, text: str, field_name: str) -> Doc:
        """What a reference means.

        Raises:
            RefusalError: it means nothing that they may know of.
        """
        if _ID.fullmatch(text):
            found = self._learner.doc_of_id(text)
            if found is None or not self._sight.of([found]):
                raise missing("artifact", f"there is no artifact {text}")
            return found
        [doc] = self._named([_name_of(text, field_name)])
        return doc

    def find_all(self, texts: list[str]) -> list[Doc]:
        """What many names mean.

        Raises:
            RefusalError: one means nothing that they may know of.
        """
        ids = [each for each in texts if _ID.fullmatch(each)]
        names = [
            _name_of(each, f"using[{place}]") for place, each in enumerate(texts) if not _ID.fullmatch(each)
        ]
        return [self.find(each, "using") for each in ids] + self._named(list(dict.fromkeys(names)))

    def seen(self, names: list[str]) -> list[Doc]:
        """What names mean, of those that they may know of."""
        best = self._best(self._model.docs_named(names))
        return [best[name] for name in names if name in best]

    def _named(self, names: list[str]) -> list[Doc]:
        best = self._best(self._model.docs_named(names))
        for name in names:
            if name not in best:
                best |= self._best(self._learner.doc_of_name(name))  # all that is known of it is archived
            if name not in best:
                raise missing("artifact", f"there is no artifact {_shown(name)}", self._nearest(name))
        return [best[name] for name in names]

    def _best(self, docs: list[Doc]) -> dict[str, Doc]:
        """Of each name the version that says most, of those that they may see."""
        best: dict[str, Doc] = {}
        for each in self._sight.of(docs):
            known = best.get(each.name)
            if known is None or _rank(each) > _rank(known):
                best[each.name] = each
        return best

    def _nearest(self, name: str) -> str:
        """A hint with names that are like one and may be seen."""
        namespace, _, short = name.partition("/")
        rows = self._model.sql.execute(
            "SELECT DISTINCT name FROM docs WHERE name BETWEEN ? AND ? AND name <> ? LIMIT ?",
            (f"{namespace}/", f"{namespace}0", name, _LOOKED_AT),
        ).fetchall()
        beside = [row[0] for row in rows]
        near = difflib.get_close_matches(name[:200], beside, 10, 0.6)
        rows = self._model.sql.execute(
            "SELECT DISTINCT name FROM docs"
            " WHERE substr(name, instr(name, '/') + 1) = ? AND name <> ? LIMIT 10",
            (short, name),
        ).fetchall()
        docs = self._model.docs_named(list(dict.fromkeys([*(row[0] for row in rows), *near])))
        seen = {each.name for each in self._sight.of(docs)}
        shown = [each for each in dict.fromkeys([*(row[0] for row in rows), *near]) if each in seen][:3]
        if shown:
            return f"did you mean {' or '.join(map(repr, shown))}?"
        return "list names with: hyperhost artifact list"


def _rank(doc: Doc) -> tuple[int, int, str]:
    return (_STAGES.get(doc.state, 0), int(not doc.hidden), doc.id)


def _check(request: RecommendRequest) -> None:
    if not 1 <= request.limit <= _MAX_LIMIT:
        raise invalid("limit", "range", f"limit is {request.limit:,}", f"1 to {_MAX_LIMIT:,}")
    if len(request.using) > _MAX_USING:
        raise invalid(
            "using", "size", f"{len(request.using):,} names are in use", f"name at most {_MAX_USING:,}"
        )
    if len(request.text) > _MAX_TEXT:
        raise invalid(
            "text", "size", f"the text has {len(request.text):,} characters", f"{_MAX_TEXT:,} at most"
        )
    path = request.namespace
    if path and (len(path) > 500 or not _PATH.fullmatch(path)):
        raise invalid("namespace", "path", f"{_shown(path)} is no namespace", "as in org.acme")


def _name_of(text: str, field_name: str) -> str:
    namespace, slash, short = text.partition("/")
    short = short.partition("@")[0]
    if not slash or not namespace or not short or len(text) > 1_000:
        raise invalid(
            field_name,
            "reference",
            f"{_shown(text)} names no artifact",
            "write namespace/name, as in org.acme/auth",
        )
    return f"{namespace}/{short}"


def _shown(text: str) -> str:
    """A text from outside in a message: nothing that could steer a terminal."""
    return text[:200] if text.isprintable() else repr(text[:200])
