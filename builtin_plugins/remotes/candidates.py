"""The versions of a remote, as a resolution wants to see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperhost.contracts import ArtifactType, Candidate
from hyperhost.errors import VersionError
from hyperhost.versions import parse

from .indexes import offered

if TYPE_CHECKING:
    from .indexes import Offered
    from .store import Site

__all__ = ["candidates", "ordered"]


def candidates(site: Site, artifacts: list[str]) -> list[Candidate]:
    """All versions of some artifacts, highest first within each; see the hookspec.

    What a remote has withdrawn is no target any more, so nothing of this is marked as yanked.
    """
    known = offered(site, artifacts)
    found: list[Candidate] = []
    for name in dict.fromkeys(artifacts):
        found += [_candidate(site.remote.name, name, each) for each in ordered(known.get(name, []))]
    return found


def ordered(versions: list[Offered]) -> list[Offered]:
    """Versions, highest first; what is none is left out."""
    readable = [each for each in versions if _is_version(each.artifact.version)]
    return sorted(
        readable, key=lambda each: (parse(each.artifact.version), each.artifact.version), reverse=True
    )


def _candidate(source: str, name: str, found: Offered) -> Candidate:
    artifact = found.artifact
    said = artifact.deprecation
    words = "" if said is None else said.reason or "deprecated"
    if said is not None and said.replacement:
        words = f"{words}; use {said.replacement}"
    host = found.manifest.get("host_constraint", "") if artifact.type is ArtifactType.PLUGIN else ""
    return Candidate(
        name,
        artifact.version,
        artifact.dependencies,
        artifact.content_hash,
        artifact.activity.published_at_us or 0,
        source=source,
        deprecation=words,
        host_constraint=host if isinstance(host, str) else "",
    )


def _is_version(text: str) -> bool:
    try:
        parse(text)
    except VersionError:
        return False
    return True
