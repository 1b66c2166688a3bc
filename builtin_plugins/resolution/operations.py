"""Operations on dependencies: resolve, and what people ask about an answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

from hyperhost.contracts import Dependency, Resolution, ResolutionRequest, ResolvedVersion
from hyperhost.drawing import Drawing
from hyperhost.errors import ConstraintError, InvalidInputError, RefusalError, ResolutionError, VersionError
from hyperhost.offering import Asked, OperationTable, conflict, invalid, missing, operation, unresolvable
from hyperhost.versions import Constraint, parse

from . import editing, scans
from .answers import Change, Drawn, Outdated, Resolved, Solved, WhatIf, changes
from .dependents import dependents_of, turned
from .indexfile import index_of, plain, read_index
from .inputs import UNRESOLVABLE, Subject, split
from .lock import Lock
from .trees import drawing_of, within

__all__ = ["Asked", "table"]

_READ = "artifact:read"
_CHANGES_SHOWN = 5


@cache
def table() -> OperationTable:
    """All operations, in the order in which help shows them."""
    own = [
        dependency_resolve,
        dependency_graph,
        dependency_why,
        dependency_outdated,
        dependency_what_if,
        dependency_solve,
    ]
    return OperationTable([*own, editing, scans])


@operation(group="deps", permission=_READ)
def dependency_resolve(asked: Asked, subject: Subject, frozen: bool = False) -> Resolved:
    """Choose one version of everything that is needed; frozen refuses to change the lock."""
    # A lock holds what development needs whoever asks: the same file serves both.
    whole = dataclasses.replace(subject, dev=True) if subject.project else subject
    request, answer = whole.resolve(asked)
    before = subject.locked()
    lock = whole.lock_text(request, answer)
    moved = changes(before.versions, answer)
    # Version control may have made other line ends of ours.
    changed = lock != subject.lock.replace("\r\n", "\n")
    if frozen and changed:
        raise conflict(
            "lock",
            f"hyperhost.lock would change: {_summary(moved, before, subject.requires(request))}",
            "run 'hyperhost deps resolve' and look at the change",
        )
    if whole != subject:
        _, answer = dataclasses.replace(subject, lock=lock, upgrade=[]).resolve(asked)
    return Resolved(answer.versions, answer.warnings, answer.cycles, moved, lock, changed)


def _summary(moved: list[Change], before: Lock, requires: dict[str, str]) -> str:
    """What would be different in a lock, in a line."""
    if not moved and before.requires != requires:
        return "it was written for other requirements"
    if not moved:
        return "not the versions, but what is said of them"
    words = [
        f"{each.artifact} {each.before or '(new)'} → {each.after or '(gone)'}"
        for each in moved[:_CHANGES_SHOWN]
    ]
    more = f" and {len(moved) - _CHANGES_SHOWN} more" if len(moved) > _CHANGES_SHOWN else ""
    return ", ".join(words) + more


@operation(group="deps", permission=_READ)
def dependency_graph(
    asked: Asked,
    subject: Subject,
    format: Literal["json", "text", "mermaid", "svg"] = "json",  # noqa: A002 - the argument's name outside
    depth: int = 0,
    title: str = "",
    direction: Literal["dependencies", "dependents"] = "dependencies",
) -> Drawn:
    """Draw what is needed, or who needs an artifact, as data, text, Mermaid or SVG; depth 0 is all."""
    if direction == "dependents":
        if not subject.artifact:
            raise invalid("direction", "artifact", "who needs it is known of an artifact", "name one")
        name, _ = split(subject.artifact)
        drawing, versions, needs = dependents_of(asked.hook, name, depth, title, asked.principal)
        return dataclasses.replace(_drawn(format, drawing, turned(drawing), depth, versions, []), edges=needs)
    request, answer = subject.resolve(asked)
    drawing = drawing_of(answer, request.roots, subject.label, title, problems=True)
    if subject.artifact:
        drawing = dataclasses.replace(
            drawing,
            nodes=[node for node in drawing.nodes if node.id],
            edges=[edge for edge in drawing.edges if edge.source],
        )
    drawing = within(drawing, depth)
    shown = {node.id for node in drawing.nodes}
    versions = {each.artifact: each.version for each in answer.versions if each.artifact in shown}
    return _drawn(format, drawing, drawing, depth, versions, answer.cycles)


def _drawn(
    form: str, drawing: Drawing, tree: Drawing, depth: int, versions: dict[str, str], cycles: list[list[str]]
) -> Drawn:
    from hyperhost.drawing import to_mermaid, to_svg, to_text

    drawn = ""
    if form == "text":
        drawn = to_text(tree, depth=depth or None)
    elif form == "mermaid":
        drawn = to_mermaid(drawing)
    elif form == "svg":
        drawn = to_svg(drawing)
    edges = [[edge.source, edge.target, edge.label] for edge in drawing.edges]
    return Drawn(form, drawn, versions, edges, cycles)


@operation(group="deps", permission=_READ)
def dependency_why(asked: Asked, subject: Subject, artifact: str) -> list[str]:
    """Say by which ways an artifact came into an answer."""
    name, _ = split(artifact)
    found: list[str] = asked.hook.resolution_explain(request=subject.asked(asked.principal), artifact=name)
    if not found:
        raise missing(
            "dependency",
            f"{name} is not needed by {subject.artifact or subject.label}",
            "'hyperhost deps tree' shows what is",
        )
    return found


@operation(group="deps", permission=_READ)
def dependency_outdated(asked: Asked, subject: Subject) -> list[Outdated]:
    """List what could be newer, what an upgrade would take, and who holds back the rest."""
    request, answer = subject.resolve(asked)
    wanted = _upgraded(asked, request)
    latest = _available(asked, answer.versions)
    found = []
    for each in sorted(answer.versions, key=lambda version: version.artifact):
        known = latest.get(each.artifact, [each.version])
        top = next((version for version in known if not parse(version).is_prerelease), known[0])
        best = wanted.get(each.artifact, each.version)
        if best == each.version and parse(top) <= parse(each.version):
            continue
        held = [
            f"{owner} ({constraint})"
            for owner, constraint in _holders(subject.label, request.roots, answer.versions, each.artifact)
            if not Constraint.parse(constraint).allows(top)
        ]
        found.append(Outdated(each.artifact, each.version, best, top, held))
    return found


def _upgraded(asked: Asked, request: ResolutionRequest) -> dict[str, str]:
    """What an upgrade of everything would choose; nothing when only the lock makes it possible at all."""
    try:
        free: Resolution = asked.hook.resolution_resolve(request=dataclasses.replace(request, upgrade=["*"]))
    except RefusalError as refusal:
        if refusal.rule != UNRESOLVABLE:
            raise
        return {}
    return {each.artifact: each.version for each in free.versions}


def _available(asked: Asked, versions: list[ResolvedVersion]) -> dict[str, list[str]]:
    """Versions by name that are not yanked, highest first; one question for each registry."""
    names: dict[str, list[str]] = {}
    for each in versions:
        names.setdefault(each.source, []).append(each.artifact)
    found: dict[str, list[str]] = {}
    for source, members in names.items():
        listed = asked.hook.resolution_list_candidates(
            source=source, artifacts=members, principal=asked.principal
        )
        for candidate in listed or []:
            if not candidate.yanked:
                found.setdefault(candidate.artifact, []).append(candidate.version)
    return found


def _holders(
    label: str, roots: list[Dependency], versions: list[ResolvedVersion], name: str
) -> Iterator[tuple[str, str]]:
    """Who needs an artifact, and which versions of it."""
    yield from ((label, root.constraint) for root in roots if root.artifact == name)
    for each in versions:
        yield from ((each.artifact, need.constraint) for need in each.needs if need.artifact == name)


@operation(group="deps", permission=_READ)
def dependency_what_if(asked: Asked, subject: Subject, artifact: str) -> WhatIf:
    """Say what would change if an artifact had another version, as in org.acme/log@2.0.0."""
    name, constraint = split(artifact)
    if not constraint:
        raise invalid("artifact", "range", f"{name} in which version?", f"write it as {name}@2.0.0")
    request, answer = subject.resolve(asked)
    now = {each.artifact: each.version for each in answer.versions}
    others = [root for root in request.roots if root.artifact != name]
    supposed = dataclasses.replace(
        request,
        roots=[*others, Dependency(name, constraint, reason="supposed")],
        locked=now,
        upgrade=[name],
    )
    try:
        then = asked.hook.resolution_resolve(request=supposed)
    except RefusalError as refusal:
        if refusal.rule != UNRESOLVABLE:
            raise
        return WhatIf(False, explanation=refusal.reason)
    return WhatIf(True, changes(now, then), warnings=then.warnings)


@operation(group="deps", permission=_READ)
def dependency_solve(
    asked: Asked,
    roots: dict[str, str],
    index_json: str = "",
    index_file: str = "",
    strategy: Literal["highest", "lowest"] = "highest",
    locked: dict[str, str] | None = None,
) -> Solved:
    """Choose versions from a plain index: name to version to dependency to constraint."""
    from .solve_index import solve

    if bool(index_json) == bool(index_file):
        raise invalid("index", "one", "give the index either as text or as a file")
    _check_words(roots, locked or {})
    index, yanked = plain(read_index(Path(index_file)) if index_file else index_of(index_json))
    try:
        solved = solve(roots, index, strategy=strategy, locked=locked, yanked=yanked)
    except ResolutionError as error:
        raise unresolvable(error.explanation, error.hint) from error
    except (ConstraintError, VersionError, InvalidInputError) as error:
        rule = "range" if isinstance(error, ConstraintError) else "entry"
        raise invalid("index", rule, error.message, error.hint) from error
    return Solved(solved.versions, solved.cycles)


def _check_words(roots: dict[str, str], locked: dict[str, str]) -> None:
    """Names, constraints and versions that the caller wrote, before the index is blamed for anything."""
    for name, constraint in roots.items():
        if not name.strip():
            raise invalid("roots", "name", "a root has no name", "write it as NAME@CONSTRAINT")
        try:
            Constraint.parse(constraint)
        except ConstraintError as error:
            raise invalid("roots", "range", f"the root {name}: {error.message}", error.hint) from error
    for name, version in locked.items():
        try:
            parse(version)
        except VersionError as error:
            words = f"what is locked of {name or 'no name'}: {error.message}"
            raise invalid("locked", "version", words, error.hint) from error
