"""A registry that is a file: name → version → dependency → constraint, as JSON.

    {"org.acme/app": {"1.0.0": {"org.acme/log": "^1.0.0"}}}

A version may say more: ``{"dependencies": {…}, "yanked": "why", "published_at": "2026-01-02T03:04:05Z",
"downloads": 7, "hash": "sha256:…", "deprecated": "why"}``.
"""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hyperhost.contracts import Candidate, Dependency
from hyperhost.contracts.moments import parse_moment
from hyperhost.errors import ConstraintError, VersionError
from hyperhost.offering import invalid, unavailable
from hyperhost.versions import Constraint, parse

__all__ = ["MAX_INDEX_BYTES", "PREFIX", "IndexFiles", "candidates", "index_of", "plain", "read_index"]

MAX_INDEX_BYTES: Final = 512 * 1024 * 1024
PREFIX: Final = "index:"
"""What names of registries begin with that are files."""


class IndexFiles:
    """Index files as registries, the last one read being kept while the file is the same.

    A resolution asks level by level, and must not read all of it for each.
    """

    def __init__(self) -> None:
        self._last: tuple[tuple[object, ...], Mapping[str, Any]] | None = None

    def candidates(self, source: str, artifacts: list[str]) -> list[Candidate]:
        """As :func:`candidates`."""
        path = Path(source.removeprefix(PREFIX))
        try:
            status = path.stat()
        except (OSError, ValueError):
            return candidates(source, artifacts, read_index(path))  # which says what is wrong
        key = (path, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
        last = self._last
        if last is None or last[0] != key or not stat.S_ISREG(status.st_mode):
            self._last = last = key, read_index(path)
        return candidates(source, artifacts, last[1])


def candidates(source: str, artifacts: list[str], index: Mapping[str, Any]) -> list[Candidate]:
    """Versions of some artifacts, highest first.

    Raises:
        RefusalError: it is no index.
    """
    found: list[Candidate] = []
    for name in artifacts:
        versions = index.get(name, {})
        if not isinstance(versions, Mapping):
            raise _wrong(name, "is no table of versions")
        try:
            ordered = sorted(versions, key=lambda text: (parse(text), text), reverse=True)
        except VersionError as error:
            raise _wrong(name, f"has what is no version: {error.message}") from None
        found += (_candidate(source, name, version, versions[version]) for version in ordered)
    return found


def read_index(path: Path) -> Mapping[str, Any]:
    """The file as data.

    Raises:
        RefusalError: ``unavailable:source`` when it cannot be read, ``invalid:index:…`` when it is too
            large, no JSON, or no object.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
                raise unavailable("source", f"the index {path} is a device", "name a file")
            # A pipe has no size, and a file may grow.
            held = file.read(MAX_INDEX_BYTES + 1) if status.st_size <= MAX_INDEX_BYTES else b""
        size = max(status.st_size, len(held))
        if size > MAX_INDEX_BYTES:
            words = f"{path} has {size:,} bytes or more"
            raise invalid("index", "size", words, f"the most is {MAX_INDEX_BYTES:,}")
        text = held.decode("utf-8")
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise unavailable("source", f"the index {path} cannot be read: {words}", "check the path") from None
    return index_of(text)


def index_of(text: str) -> Mapping[str, Any]:
    """An index written as JSON text.

    Raises:
        RefusalError: ``invalid:index:json``, ``invalid:index:twice`` when a name is in one object twice, or
            ``invalid:index:object``.
    """
    try:
        data = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise invalid("index", "json", f"the index is no JSON: {str(error)[:200]}") from None
    if not isinstance(data, dict):
        raise invalid("index", "object", "the index is no JSON object", "write it as {name: {version: {…}}}")
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are all different: of two equal ones, JSON says nowhere which counts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = Counter(name for name, _ in pairs)
        twice = names.most_common(1)[0][0]
        raise invalid("index", "twice", f"the index has {twice[:120]!r} twice in one object", "join the two")
    return found


def plain(index: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, dict[str, str]]]:
    """An index in which each version is what it needs, and what is yanked: name → version → reason.

    Whatever is no index entry stays as it is; whoever reads it says what is wrong.
    """
    yanked: dict[str, dict[str, str]] = {}
    found: dict[str, Any] = {}
    for name, versions in index.items():
        found[name] = versions
        if type(versions) is not dict or not any(map(_says_more, versions.values())):
            continue
        found[name] = {
            version: entry["dependencies"] if _says_more(entry) else entry
            for version, entry in versions.items()
        }
        for version, entry in versions.items():
            if _says_more(entry) and entry.get("yanked"):
                reason = _candidate("", name, version, entry).yank_reason
                yanked.setdefault(name, {})[version] = reason
    return found, yanked


def _says_more(entry: Any) -> bool:
    """Whether an entry is the long form, which always has a table of dependencies.

    Nothing else tells it from a version that needs packages called ``yanked`` or ``hash``.
    """
    return type(entry) is dict and type(entry.get("dependencies")) is dict


def _candidate(source: str, name: str, version: str, entry: object) -> Candidate:
    if not isinstance(entry, Mapping):
        raise _wrong(name, f"has no table of dependencies for {version}")
    long = _says_more(entry)
    needs = entry["dependencies"] if long else entry
    more = entry if long else {}
    yanked = _of(more, "yanked", False, (bool, str), name, version)
    published = _of(more, "published_at", "", (str,), name, version)
    try:
        published_us = parse_moment(published, 0) if published else 0
    except ValueError as error:
        raise _wrong(name, f"has no time as published_at of {version}: {error}") from None
    downloads: int = _of(more, "downloads", 0, (int,), name, version)
    if not 0 <= downloads < 1 << 64:
        raise _wrong(name, f"has {downloads} as downloads of {version}")
    return Candidate(
        name,
        version,
        [_dependency(name, version, needed, constraint) for needed, constraint in needs.items()],
        _of(more, "hash", "", (str,), name, version) or None,
        published_us,
        downloads,
        yanked=bool(yanked),
        source=source,
        yank_reason=yanked if isinstance(yanked, str) else "",
        deprecation=_of(more, "deprecated", "", (str,), name, version),
    )


def _of(
    more: Mapping[str, Any], key: str, default: Any, kinds: tuple[type, ...], name: str, version: str
) -> Any:
    """What an entry says, if it is of the right type."""
    value = more.get(key, default)
    if type(value) not in kinds:
        raise _wrong(name, f"has a {type(value).__name__} as {key} of {version}")
    return value


def _dependency(name: str, version: str, needed: str, constraint: object) -> Dependency:
    if isinstance(constraint, str):
        return Dependency(needed, constraint)
    if not isinstance(constraint, Mapping):
        raise _wrong(name, f"has no constraint for {needed[:120]}, which {version} needs")
    try:
        return Dependency(needed, Constraint.parse(constraint).text)
    except ConstraintError as error:
        raise _wrong(name, f"says of {needed[:120]}, which {version} needs: {error.message}") from None


def _wrong(name: str, problem: str) -> Exception:
    return invalid("index", "entry", f"{name[:120]!r} in the index {problem}")
