"""``hyperhost.lock``: which versions a resolution chose, as text that is the same for the same choice.

Everything is sorted and each item has a line of its own, so two people who change different things
merge without a conflict. It says nothing about the machine or the time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import hyperhost
from hyperhost.contracts import DependencyType, Resolution, ResolvedNeed, ResolvedVersion
from hyperhost.errors import ConstraintError, TomlError, VersionError
from hyperhost.offering import invalid
from hyperhost.versions import Constraint, parse

__all__ = ["FORMAT", "LOCK_NAME", "Lock", "LockedArtifact", "lock_of", "read_lock", "write_lock"]

FORMAT: Final = 1
LOCK_NAME: Final = "hyperhost.lock"
MAX_LOCK_BYTES: Final = 64 * 1024 * 1024

_HEAD: Final = "# hyperhost.lock: written by 'hyperhost deps', not by hand."
_NEED: Final = re.compile(r"(?P<artifact>\S+) (?P<constraint>.+?)(?: \((?P<type>dev|build|peer)\))?")
_MARKERS: Final = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


@dataclass(frozen=True, slots=True)
class LockedArtifact:
    """One version that is locked.

    Attributes:
        name: ``namespace/name``.
        version: SemVer 2.0.0.
        hash: ``algorithm:hex`` of its content; ``None`` when it has none.
        source: Registry it comes from; empty is the local one.
        needs: What it needs, sorted by name.
    """

    name: str
    version: str
    hash: str | None = None
    source: str = ""
    needs: tuple[ResolvedNeed, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """What a lockfile says.

    Attributes:
        requires: What was asked for when it was written: ``namespace/name`` → constraint.
        artifacts: By ``namespace/name``.
    """

    requires: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, LockedArtifact] = field(default_factory=dict)

    @property
    def versions(self) -> dict[str, str]:
        """``namespace/name`` → version, as a resolution takes it."""
        return {name: each.version for name, each in self.artifacts.items()}


def lock_of(requires: Mapping[str, str], resolution: Resolution) -> Lock:
    """The lock of an answer."""
    return Lock(dict(requires), {each.artifact: _locked(each) for each in resolution.versions})


def _locked(each: ResolvedVersion) -> LockedArtifact:
    said = {ResolvedNeed(need.artifact, _one_line(need.constraint), need.type) for need in each.needs}
    needs = tuple(sorted(said, key=lambda need: (need.artifact, need.type.value, need.constraint)))
    return LockedArtifact(each.artifact, each.version, each.content_hash, each.source, needs)


def _one_line(constraint: str) -> str:
    """The same constraint as one line can hold it."""
    return " ".join(constraint.split()) or "*"


def write_lock(lock: Lock) -> str:
    """The text of a lock; equal locks give equal texts."""
    lines = [_HEAD, f"format = {FORMAT}", "", "[requires]"]
    lines += [f"{_text(name)} = {_text(constraint)}" for name, constraint in sorted(lock.requires.items())]
    for name in sorted(lock.artifacts):
        lines += ["", *_entry(lock.artifacts[name])]
    return "\n".join(lines) + "\n"


def _entry(each: LockedArtifact) -> Iterable[str]:
    yield "[[artifact]]"
    yield f"name = {_text(each.name)}"
    yield f"version = {_text(each.version)}"
    if each.hash is not None:
        yield f"hash = {_text(each.hash)}"
    if each.source:
        yield f"source = {_text(each.source)}"
    if each.needs:
        yield "needs = ["
        for need in each.needs:
            kind = "" if need.type is DependencyType.RUNTIME else f" ({need.type.value})"
            yield f"  {_text(f'{need.artifact} {need.constraint}{kind}')},"
        yield "]"


def _text(value: str) -> str:
    """A TOML basic string: JSON's escapes, and that of the one control character JSON leaves alone."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def read_lock(text: str) -> Lock:
    """Read a lockfile.

    Raises:
        RefusalError: ``invalid:lock:format`` when it is of another format, ``invalid:lock:conflict``
            when a merge left its marks, ``invalid:lock:text`` when it is no lockfile at all.
    """
    if len(text) > MAX_LOCK_BYTES:
        raise _wrong(f"it has {len(text):,} characters, the most is {MAX_LOCK_BYTES:,}")
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(_MARKERS):
            raise invalid(
                "lock",
                "conflict",
                f"{LOCK_NAME} has the marks of a merge in line {number}",
                "take either side, then run 'hyperhost deps resolve', which mends the rest",
            )
    try:
        document = hyperhost.read_toml(text)
    except TomlError as error:
        raise _wrong(f"it is no TOML: {error.message}") from None
    _check_format(document.get("format"))
    return _lock(document)


def _check_format(found: object) -> None:
    if found == FORMAT and type(found) is int:
        return
    if found is None:
        raise _wrong("it does not say its format")
    newer = type(found) is int and found > FORMAT
    raise invalid(
        "lock",
        "format",
        f"{LOCK_NAME} has format {found!r}, this HyperHost reads {FORMAT}",
        "upgrade HyperHost" if newer else "delete it and run 'hyperhost deps resolve'",
    )


def _lock(document: Mapping[str, Any]) -> Lock:
    _known(document, ("format", "requires", "artifact"), "the file")
    requires = document.get("requires", {})
    if not isinstance(requires, dict) or not all(isinstance(value, str) for value in requires.values()):
        raise _wrong("[requires] is not a table of constraints")
    entries = document.get("artifact", [])
    if not isinstance(entries, list):
        raise _wrong("artifact is no list of tables")
    artifacts: dict[str, LockedArtifact] = {}
    for number, entry in enumerate(entries, start=1):
        locked = _read_entry(entry, number)
        if locked.name in artifacts:
            raise _wrong(f"{locked.name} is there twice")
        artifacts[locked.name] = locked
    return Lock(requires, artifacts)


def _read_entry(entry: object, number: int) -> LockedArtifact:
    place = f"artifact {number}"
    if not isinstance(entry, dict):
        raise _wrong(f"{place} is no table")
    _known(entry, ("name", "version", "hash", "source", "needs"), place)
    for key in ("name", "version", "hash", "source"):
        needed = key in ("name", "version")
        if (needed and key not in entry) or not isinstance(entry.get(key, ""), str):
            raise _wrong(f"{place} has no {key}" if key not in entry else f"the {key} of {place} is no text")
    try:
        parse(entry["version"])
    except VersionError as error:
        raise _wrong(f"{entry['name'][:80]}: {error.message}") from None
    needs = entry.get("needs", [])
    if not isinstance(needs, list):
        raise _wrong(f"needs of {entry['name']} is no list")
    return LockedArtifact(
        entry["name"],
        entry["version"],
        entry.get("hash"),
        entry.get("source", ""),
        tuple(_read_need(need, entry["name"]) for need in needs),
    )


def _read_need(need: object, owner: str) -> ResolvedNeed:
    match = _NEED.fullmatch(need) if isinstance(need, str) else None
    if match is None:
        raise _wrong(f"{str(need)[:80]!r}, which {owner} needs, is not 'NAMESPACE/NAME CONSTRAINT'")
    try:
        Constraint.parse(match["constraint"])
    except ConstraintError as error:
        raise _wrong(f"what {owner} says of {match['artifact']}: {error.message}") from None
    kind = DependencyType(match["type"]) if match["type"] else DependencyType.RUNTIME
    return ResolvedNeed(match["artifact"], match["constraint"], kind)


def _known(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in known:
            raise _wrong(f"{place} has {key[:80]!r}, which nobody reads")


def _wrong(problem: str) -> Exception:
    return invalid(
        "lock",
        "text",
        f"{LOCK_NAME} cannot be read: {problem}",
        "restore it from version control, or delete it and run 'hyperhost deps resolve'",
    )
