"""Whether a component was built from the source as it is now.

Times say nothing after a checkout or a copy, so a build leaves the digest of what it was made of in
``bindings/``, with the digest of the component that came out.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hyperhost import __version__
from hyperhost.errors import BuildError
from hyperhost.sdk.project import BINDINGS
from hyperhost.sdk.world import world_of

if TYPE_CHECKING:
    from hyperhost.sdk.build import Built
    from hyperhost.sdk.project import Project

__all__ = ["CALLS", "TESTS", "build_if_stale", "is_fresh", "is_source", "mark_built", "source_digest"]

CALLS: Final = "calls"
"""Directory of a project for the arguments that ``hyperhost plugin dev`` calls it with."""

TESTS: Final = "tests"

_STAMP: Final = "built.json"
_NO_SOURCES: Final = frozenset(
    {BINDINGS, CALLS, TESTS, "node_modules", "__pycache__", "target", "dist", "docs", "zig-out"}
)
_NO_SOURCE_ENDINGS: Final = (".hhp", ".md", ".pyc", "~")


def is_source(project: Project, path: Path) -> bool:
    """Whether a change of the file ``path`` can change what a build gives.

    Left out are hidden files, what builds and tools write, tests, documents, and the component.
    """
    try:
        parts = path.relative_to(project.directory).parts
    except ValueError:
        return False
    if not parts or path == project.component:
        return False
    left_out = any(part.startswith(".") or part in _NO_SOURCES for part in parts)
    return not left_out and not parts[-1].endswith(_NO_SOURCE_ENDINGS)


def source_digest(project: Project) -> str:
    """SHA-256, in hex, of all that a build of ``project`` is made of.

    Raises:
        BuildError: a file cannot be read.
    """
    digest = hashlib.sha256(f"{__version__}\n{world_of(project).text()}".encode())
    try:
        for path in sorted(_sources(project)):
            name = path.relative_to(project.directory).as_posix()
            digest.update(f"\0{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    except OSError as error:
        raise BuildError(
            f"{error.filename} cannot be read: {error.strerror or error}", plugin=project.manifest.id
        ) from error
    return digest.hexdigest()


def is_fresh(project: Project) -> bool:
    """Whether the component is there and comes from the source as it is now."""
    try:
        stamp = json.loads((project.bindings / _STAMP).read_text(encoding="utf-8"))
        component = hashlib.sha256(project.component.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return False
    return bool(stamp == {"sources": source_digest(project), "component": component})


def mark_built(project: Project, sources: str) -> None:
    """Note that the component was built from the source whose digest is ``sources``.

    Raises:
        BuildError: it cannot be written down.
    """
    try:
        component = hashlib.sha256(project.component.read_bytes()).hexdigest()
        text = json.dumps({"sources": sources, "component": component}, indent=2)
        project.bindings.mkdir(exist_ok=True)
        temporary = project.bindings / f".{_STAMP}"
        temporary.write_text(f"{text}\n", encoding="utf-8")
        temporary.replace(project.bindings / _STAMP)
    except OSError as error:
        raise BuildError(
            f"{error.filename} cannot be used: {error.strerror or error}", plugin=project.manifest.id
        ) from error


def build_if_stale(
    project: Project, *, home: Path | None = None, build: Callable[..., Built] | None = None
) -> Built | None:
    """Build ``project`` unless its component comes from the source as it is now.

    Args:
        project: What to build.
        home: Keeps the compiled machine code.
        build: Builds it; :func:`hyperhost.sdk.build.build` when not given.

    Returns:
        What was built, or ``None`` when nothing had to be.

    Raises:
        BuildError: it cannot be built; the component that was there stays.
    """
    if is_fresh(project):
        return None
    if build is None:
        return _build(project.directory, home=home)
    sources = source_digest(project)
    built = build(project.directory, home=home)
    mark_built(project, sources)
    return built


def _build(directory: Path, home: Path | None) -> Built:
    from hyperhost.sdk.build import build

    return build(directory, home=home)


def _sources(project: Project) -> Iterator[Path]:
    for place, directories, files in os.walk(project.directory):
        here = Path(place)
        directories[:] = [
            name for name in directories if not name.startswith(".") and name not in _NO_SOURCES
        ]
        for name in files:
            path = here / name
            if is_source(project, path) and path.is_file():
                yield path
