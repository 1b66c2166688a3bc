"""Contract types of resolution: candidates, requests and the versions that were chosen."""

from __future__ import annotations

from dataclasses import dataclass, field

from hyperhost.contracts.artifact import Dependency, DependencyType
from hyperhost.contracts.operations import Principal
from hyperhost.contracts.types import S64, U64

__all__ = [
    "Candidate",
    "Exclusion",
    "Resolution",
    "ResolutionRequest",
    "ResolvedNeed",
    "ResolvedVersion",
]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One version that could be chosen.

    Attributes:
        artifact: ``namespace/name``.
        version: SemVer 2.0.0.
        dependencies: What it needs in turn, in the author's order.
        content_hash: ``algorithm:hex``; ``None`` when it has no content.
        published_at_us: When it was published; 0 when unknown.
        download_count: Downloads of this version.
        yanked: Withdrawn: never chosen anew, but kept when a lockfile names it.
        source: Registry it comes from; empty is the local one.
        yank_reason: Why it was withdrawn; empty when nobody said, or it was not.
        deprecation: Why it should no longer be used; empty when it may be.
        host_constraint: Versions of HyperHost that it works with; empty is any.
    """

    artifact: str
    version: str
    dependencies: list[Dependency] = field(default_factory=list)
    content_hash: str | None = None
    published_at_us: S64 = 0
    download_count: U64 = 0
    yanked: bool = False
    source: str = ""
    yank_reason: str = ""
    deprecation: str = ""
    host_constraint: str = ""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A candidate that must not be chosen.

    Attributes:
        version: Version of the candidate, exactly as it was shown.
        reason: Why, for a person; becomes part of the explanation of a conflict.
        rule: Stable name of the rule, for example ``policy.minimum-age``; empty if there is none.
    """

    version: str
    reason: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class ResolutionRequest:
    """What to resolve.

    Attributes:
        roots: What is needed, in the caller's order.
        strategy: ``highest``, ``lowest``, ``newest``, ``most-downloaded``, ``manual``, or the name of a
            strategy that a plugin answers for.
        locked: ``namespace/name`` → version preferred while it satisfies everything.
        os: Operating system that conditions are judged by; empty is this machine's.
        arch: Architecture that conditions are judged by; empty is this machine's.
        env: Environment that conditions are judged by.
        features: Features that are switched on.
        upgrade: ``namespace/name`` of those whose locked versions do not count; ``*`` is all.
        overrides: ``namespace/name`` → constraint that stands instead of everyone else's.
        pins: ``namespace/name``, ``namespace/*`` or ``namespace.*`` for all below it → the only
            registry that it may come from. The longest pin that fits counts.
        sources: Registries to look in, in this order, for what is not pinned; the first that knows a
            name provides all its versions. Empty is the local one only.
        optional: Take optional dependencies of the roots' dependencies, too, where that is possible.
        principal: Who asks: what they must not read is not there for them. ``None`` for a program that asks
            for itself, and from which nothing is kept. Operations say who runs them, and take it from nobody.
        installed: ``namespace/name`` of roots that are required as they are installed, and not as somebody
            asks for them now; an explanation says so.
    """

    roots: list[Dependency]
    strategy: str = "highest"
    locked: dict[str, str] = field(default_factory=dict)
    os: str = ""
    arch: str = ""
    env: str = ""
    features: list[str] = field(default_factory=list)
    upgrade: list[str] = field(default_factory=list)
    overrides: dict[str, str] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    optional: bool = False
    principal: Principal | None = None
    installed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ResolvedNeed:
    """A need of one chosen version for another.

    Attributes:
        artifact: ``namespace/name`` of what is needed.
        constraint: As it was declared, or as an override says.
        type: When it is needed.
    """

    artifact: str
    constraint: str
    type: DependencyType = DependencyType.RUNTIME


@dataclass(frozen=True, slots=True)
class ResolvedVersion:
    """One version that was chosen.

    Attributes:
        artifact: ``namespace/name``.
        version: SemVer 2.0.0.
        content_hash: ``algorithm:hex``; ``None`` when it has no content.
        source: Registry it comes from; empty is the local one.
        required_by: ``namespace/name`` of those that need it, sorted; empty for a root that nobody
            else needs.
        needs: What it needs in turn, sorted by name; needs whose condition does not hold are left out.
    """

    artifact: str
    version: str
    content_hash: str | None = None
    source: str = ""
    required_by: list[str] = field(default_factory=list)
    needs: list[ResolvedNeed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Resolution:
    """A set of versions that satisfies everything.

    Attributes:
        versions: One for each artifact, what is needed before what needs it, equals by name.
        warnings: For a person, for example a deprecated version that had to be taken.
        cycles: Artifacts that need one another, each along the cycle from the least name on; the last
            needs the first.
    """

    versions: list[ResolvedVersion] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    cycles: list[list[str]] = field(default_factory=list)
