"""Hooks around changes of artifacts: two gates before a change, five observers after it.

Gates run before anything is written and can refuse it; a gate that faults stops the change too.
Observers run after the change is durable; one that faults is recorded and the others still hear
of it. Content is not an argument: a component reads it with the capability ``content:read``.
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.artifact import ArtifactChange, ArtifactPatch, ValidationIssue
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["ArtifactHooks"]


class ArtifactHooks(Protocol):
    """Gates and observers of artifact changes."""

    @hookspec(raises=RefusalError)
    def artifact_validate(self, change: ArtifactChange) -> list[ValidationIssue]:
        """Judge a change before it is made.

        Every plugin is asked, after ``artifact_transform``. One refusal, or one fault, is enough for
        the change not to happen.

        Args:
            change: What is about to happen; ``change.artifact`` is the artifact as it would be.

        Returns:
            What the author should know though it does not stop the change, in the order of the
            fields concerned. Empty when there is nothing.

        Raises:
            RefusalError: the change must not happen. Give a reason for the author and a rule name.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactChange, ArtifactType, ChangeKind
            from hyperhost.contracts import ValidationIssue
            from hyperhost.errors import RefusalError
            from hyperhost.hookspecs import hookimpl

            class LicenseRule:
                @hookimpl
                def artifact_validate(self, change: ArtifactChange) -> list[ValidationIssue]:
                    if change.artifact.metadata.licenses:
                        return []
                    if change.kind is ChangeKind.PUBLISHED:
                        raise RefusalError("name a license before publishing", "license.missing")
                    return [ValidationIssue("license.missing", "name a license", path="metadata.licenses")]

            host.register(LicenseRule())
            draft = Artifact("a1", "org.acme", "auth", ArtifactType.LIBRARY, "1.0.0")
            [issues] = host.hook.artifact_validate(change=ArtifactChange(ChangeKind.CREATED, draft))
            assert [issue.rule for issue in issues] == ["license.missing"]
            ```
        """
        ...

    @hookspec(raises=RefusalError)
    def artifact_transform(self, change: ArtifactChange) -> ArtifactPatch | None:
        """Change an artifact before it is validated and written.

        Every plugin sees the artifact as its author sent it. The patches are applied in the order in
        which the plugins ran, so of two that set the same thing the later one wins. Identity, state,
        content and signatures cannot be changed. A fault stops the change.

        Args:
            change: What is about to happen.

        Returns:
            What should be different, or ``None`` to leave everything as it is.

        Raises:
            RefusalError: the change must not happen.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactChange, ArtifactPatch, ArtifactType, ChangeKind
            from hyperhost.hookspecs import hookimpl

            class TeamLabel:
                @hookimpl
                def artifact_transform(self, change: ArtifactChange) -> ArtifactPatch | None:
                    if "team" in change.artifact.labels:
                        return None
                    return ArtifactPatch(set_labels={"team": change.artifact.namespace.split(".")[-1]})

            host.register(TeamLabel())
            draft = Artifact("a1", "org.acme", "auth", ArtifactType.LIBRARY, "1.0.0")
            [patch] = host.hook.artifact_transform(change=ArtifactChange(ChangeKind.CREATED, draft))
            assert patch.set_labels == {"team": "acme"}
            ```
        """
        ...

    @hookspec(on_fault="skip")
    def artifact_created(self, change: ArtifactChange) -> None:
        """Hear of a new artifact, after it is durable.

        Observers are told in no promised order. A fault is recorded and changes nothing for anyone
        else.

        Args:
            change: What happened; ``previous`` is ``None``.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactChange, ArtifactType, ChangeKind
            from hyperhost.hookspecs import hookimpl

            seen = []

            class Notify:
                @hookimpl
                def artifact_created(self, change: ArtifactChange) -> None:
                    seen.append(f"{change.artifact.name} by {change.actor}")

            host.register(Notify())
            auth = Artifact("a1", "org.acme", "auth", ArtifactType.LIBRARY, "1.0.0")
            host.hook.artifact_created(change=ArtifactChange(ChangeKind.CREATED, auth, actor="alice"))
            assert seen == ["auth by alice"]
            ```
        """
        ...

    @hookspec(on_fault="skip")
    def artifact_updated(self, change: ArtifactChange) -> None:
        """Hear of a changed artifact, after the change is durable.

        Downloads and ratings are not updates. A fault is recorded and changes nothing for anyone
        else.

        Args:
            change: What happened; ``previous`` is the artifact before.

        Example:
            ```python
            import dataclasses

            from hyperhost.contracts import Artifact, ArtifactChange, ArtifactType, ChangeKind
            from hyperhost.hookspecs import hookimpl

            seen = []

            class LabelWatch:
                @hookimpl
                def artifact_updated(self, change: ArtifactChange) -> None:
                    if change.previous and change.previous.labels != change.artifact.labels:
                        seen.append(change.artifact.labels)

            host.register(LabelWatch())
            old = Artifact("a1", "org.acme", "auth", ArtifactType.LIBRARY, "1.0.0")
            new = dataclasses.replace(old, labels={"team": "acme"})
            host.hook.artifact_updated(change=ArtifactChange(ChangeKind.UPDATED, new, old))
            assert seen == [{"team": "acme"}]
            ```
        """
        ...

    @hookspec(on_fault="skip")
    def artifact_published(self, change: ArtifactChange) -> None:
        """Hear of a published artifact, after publishing is durable.

        A fault is recorded and changes nothing for anyone else.

        Args:
            change: What happened; ``previous`` is the artifact before.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactChange, ArtifactType, ChangeKind
            from hyperhost.hookspecs import hookimpl

            seen = []

            class Announce:
                @hookimpl
                def artifact_published(self, change: ArtifactChange) -> None:
                    seen.append(f"{change.artifact.name} {change.artifact.version}")

            host.register(Announce())
            auth = Artifact("a1", "org.acme", "auth", ArtifactType.LIBRARY, "1.0.0")
            host.hook.artifact_published(change=ArtifactChange(ChangeKind.PUBLISHED, auth))
            assert seen == ["auth 1.0.0"]
            ```
        """
        ...

    @hookspec(on_fault="skip")
    def artifact_deprecated(self, change: ArtifactChange) -> None:
        """Hear of a deprecated artifact, after the deprecation is durable.

        A fault is recorded and changes nothing for anyone else.

        Args:
            change: What happened; ``change.artifact.deprecation`` says why and what to use instead.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactChange, ArtifactType, ChangeKind, Deprecation
            from hyperhost.hookspecs import hookimpl

            seen = []

            class Warn:
                @hookimpl
                def artifact_deprecated(self, change: ArtifactChange) -> None:
                    if change.artifact.deprecation:
                        seen.append(change.artifact.deprecation.replacement)

            host.register(Warn())
            reason = Deprecation(deprecated_at_us=0, replacement="org.acme/login")
            auth = Artifact("a1", "org.acme", "auth", ArtifactType.LIBRARY, "1.0.0", deprecation=reason)
            host.hook.artifact_deprecated(change=ArtifactChange(ChangeKind.DEPRECATED, auth))
            assert seen == ["org.acme/login"]
            ```
        """
        ...

    @hookspec(on_fault="skip")
    def artifact_deleted(self, change: ArtifactChange) -> None:
        """Hear of a deleted artifact, after the deletion is durable.

        A fault is recorded and changes nothing for anyone else.

        Args:
            change: What happened; ``change.artifact`` is the artifact as it was.

        Example:
            ```python
            from hyperhost.contracts import Artifact, ArtifactChange, ArtifactType, ChangeKind
            from hyperhost.hookspecs import hookimpl

            cache = {"a1": "rendered page"}

            class Forget:
                @hookimpl
                def artifact_deleted(self, change: ArtifactChange) -> None:
                    cache.pop(change.artifact.id, None)

            host.register(Forget())
            auth = Artifact("a1", "org.acme", "auth", ArtifactType.LIBRARY, "1.0.0")
            host.hook.artifact_deleted(change=ArtifactChange(ChangeKind.DELETED, auth))
            assert cache == {}
            ```
        """
        ...
