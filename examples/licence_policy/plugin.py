"""Refuses what would be published under no licence, or under one that is not allowed.

A draft is not stopped: its author is told what publishing will need.
"""

from __future__ import annotations

import json

from hyperhost_guest import (
    ArtifactChange,
    ChangeKind,
    IssueSeverity,
    ValidationIssue,
    World,
    config,
    refuse,
)


class Plugin(World):
    """The policy."""

    def artifact_validate(self, change: ArtifactChange) -> list[ValidationIssue]:
        """Refuse a publication, advise on anything else."""
        problem = wrong(change.artifact.metadata.licenses, allowed())
        if problem is None:
            return []
        rule, message = problem
        if change.kind is ChangeKind.PUBLISHED:
            raise refuse(message, rule)
        return [ValidationIssue(rule, message, IssueSeverity.MEDIUM, "metadata.licenses")]


def allowed() -> list[str]:
    """The licences that the operator allows."""
    value = config.get("allowed")
    return [] if value is None else list(json.loads(value))


def wrong(licences: list[str], allowed: list[str]) -> tuple[str, str] | None:
    """Rule and words for what is wrong, or ``None``. Any one of an artifact's licences applies."""
    if not licences:
        return "licence.missing", f"name a licence: {', '.join(allowed)}"
    if not any(licence in allowed for licence in licences):
        return "licence.not-allowed", f"{' or '.join(licences)} is not among {', '.join(allowed)}"
    return None
