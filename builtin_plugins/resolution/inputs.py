"""What an operation is about: a project with its lock, an artifact, or a request as it is."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Final

from hyperhost.contracts import Dependency, DependencyType, Principal, Resolution, ResolutionRequest
from hyperhost.errors import ConstraintError
from hyperhost.offering import Asked, conflict, invalid
from hyperhost.versions import Constraint

from .lock import Lock, lock_of, read_lock, write_lock
from .names import is_name
from .places import named
from .project import read_project

__all__ = ["UNRESOLVABLE", "Subject", "dependency_of", "split"]

UNRESOLVABLE: Final = "unresolvable"
"""Rule of what has no answer, as :func:`hyperhost.offering.unresolvable` writes it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be resolved: at most one of the first three; none is a project that needs nothing.

    Attributes:
        project: Text of a ``hyperhost.deps.toml``.
        artifact: ``namespace/name``, or with a constraint as in ``org.acme/app@^1.0.0``.
        request: A request as it is.
        lock: Text of a ``hyperhost.lock``; empty when there is none yet.
        upgrade: Names whose locked versions do not count; ``*`` for all.
        strategy: Instead of that of the project or the request; empty for that.
        dev: Take what a project needs for its development, too.
        optional: Try what is optional, too.
    """

    project: str = ""
    artifact: str = ""
    request: ResolutionRequest | None = None
    lock: str = ""
    upgrade: list[str] = field(default_factory=list)
    strategy: str = ""
    dev: bool = True
    optional: bool = False

    @property
    def label(self) -> str:
        """Words for whoever asks."""
        return "this request" if self.artifact or self.request is not None else "this project"

    def locked(self) -> Lock:
        """The lock; an empty one when there is none.

        Raises:
            RefusalError: as :func:`.lock.read_lock`.
        """
        return read_lock(self.lock) if self.lock else Lock()

    def asked(self, principal: Principal) -> ResolutionRequest:
        """The request, with locked versions and the rest in it.

        Args:
            principal: Who asks.

        Raises:
            RefusalError: too much was given, or what was given cannot be read.
        """
        given = [
            name
            for name, value in (
                ("project", self.project),
                ("artifact", self.artifact),
                ("request", self.request),
            )
            if value
        ]
        if len(given) > 1:
            words = " and ".join(given)
            raise invalid("subject", "one", f"{words} were given", "give one of them")
        if self.artifact:
            request = ResolutionRequest([dependency_of(self.artifact)])
        elif self.request is not None:
            request = self.request
            if request.principal is not None:
                raise invalid(
                    "subject.request.principal",
                    "given",
                    "a request does not say who asks: that is whoever runs the operation",
                    "leave it out",
                )
        else:
            request = read_project(self.project).request(dev=self.dev)
        lock = self.locked()
        known = set(lock.artifacts) | {root.artifact for root in request.roots}
        for name in self.upgrade:
            if name != "*" and name not in known:
                raise invalid(
                    "upgrade",
                    "unknown",
                    f"{name[:120]} is neither locked nor asked for",
                    "name what 'hyperhost deps list' or the lock shows",
                )
        return dataclasses.replace(
            request,
            locked={**request.locked, **lock.versions},
            upgrade=[*request.upgrade, *self.upgrade],
            strategy=self.strategy or request.strategy,
            optional=self.optional or request.optional,
            principal=principal,
        )

    def resolve(self, asked: Asked) -> tuple[ResolutionRequest, Resolution]:
        """The request and its answer; what is locked has the content that it had.

        Only who names an artifact to be upgraded accepts other content of the same version; ``*`` does not.

        Raises:
            RefusalError: ``conflict:lock`` when a locked version has other content now, or comes from
                elsewhere, else as the hook ``resolution_resolve``.
        """
        request = self.asked(asked.principal)
        answer: Resolution = asked.hook.resolution_resolve(request=request)
        self._check_contents(answer, request)
        return request, answer

    def _check_contents(self, answer: Resolution, request: ResolutionRequest) -> None:
        locked = self.locked().artifacts
        for each in answer.versions:
            before = locked.get(each.artifact)
            if before is None or before.version != each.version or each.artifact in request.upgrade:
                continue
            accept = f"'hyperhost deps resolve --upgrade {each.artifact}' accepts it as it is now"
            if before.hash != each.content_hash:
                raise conflict(
                    "lock",
                    f"{each.artifact} {each.version} has the content {each.content_hash or 'none'}, "
                    f"and is locked with {before.hash or 'none'}",
                    f"somebody replaced what it holds, or altered the lock; find out which before {accept}",
                )
            if before.source != each.source:
                raise conflict(
                    "lock",
                    f"{each.artifact} {each.version} comes from {named(each.source)}, "
                    f"and is locked from {named(before.source)}",
                    f"pin it to one of them; or {accept}",
                )

    def lock_text(self, request: ResolutionRequest, answer: Resolution) -> str:
        """The text of the lock of an answer."""
        return write_lock(lock_of(self.requires(request), answer))

    def requires(self, request: ResolutionRequest) -> dict[str, str]:
        """What was asked for, by name; of two requirements of one name both."""
        found: dict[str, str] = {}
        for root in request.roots:
            before = found.get(root.artifact)
            found[root.artifact] = root.constraint if before is None else f"{before}, {root.constraint}"
        return found


def dependency_of(text: str, kind: DependencyType = DependencyType.RUNTIME) -> Dependency:
    """A dependency written as ``namespace/name`` or ``namespace/name@constraint``.

    Raises:
        RefusalError: ``invalid:artifact:…`` when it is none.
    """
    name, constraint = split(text)
    return Dependency(name, constraint or "*", kind)


def split(text: str) -> tuple[str, str]:
    """Name and constraint of what is written as ``namespace/name@constraint``; e-mail namespaces have an @.

    Raises:
        RefusalError: ``invalid:artifact:name`` or ``invalid:artifact:range``.
    """
    namespace, slash, rest = text.partition("/")
    short, _, constraint = rest.partition("@")
    if not is_name(f"{namespace}{slash}{short}"):
        raise invalid(
            "artifact",
            "name",
            f"{text[:120]!r} names no artifact",
            "write namespace/name, or with a constraint as in org.acme/log@^1.0.0",
        )
    try:
        if constraint:
            Constraint.parse(constraint)
    except ConstraintError as error:
        raise invalid(
            "artifact", "range", f"the constraint of {text[:120]}: {error.message}", error.hint
        ) from None
    return f"{namespace}/{short}", constraint
