"""Contract types of policies: what a policy is asked, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hyperhost.contracts.access import Resource
from hyperhost.contracts.artifact import ArtifactChange, IssueSeverity
from hyperhost.contracts.operations import Principal
from hyperhost.contracts.types import S64

__all__ = ["PolicyAction", "PolicyEnforcement", "PolicyFinding", "PolicyRequest"]


class PolicyAction(StrEnum):
    """What a rule does where it matches."""

    ALLOW = "allow"
    DENY = "deny"
    MODIFY = "modify"
    LOG = "log"
    NOTIFY = "notify"


class PolicyEnforcement(StrEnum):
    """How much weight a policy has."""

    MANDATORY = "mandatory"
    """What it denies does not happen."""
    ADVISORY = "advisory"
    """The author is told, and it happens."""
    AUDIT_ONLY = "audit-only"
    """The audit log is told, and it happens."""


@dataclass(frozen=True, slots=True)
class PolicyRequest:
    """What is about to happen.

    The arguments of the operation are not among it: they may hold what not every plugin may see.

    Attributes:
        principal: Who asks.
        operation: Name of the operation; empty for a change that an import or a sync makes.
        permission: What it takes, ``KIND:ACTION``.
        resource: What it is about, as far as that is there and known.
        change: The change of an artifact, when one is being judged; ``None`` when it is the operation
            as such.
        at_us: When.
    """

    principal: Principal
    operation: str
    permission: str
    resource: Resource | None = None
    change: ArtifactChange | None = None
    at_us: S64 = 0


@dataclass(frozen=True, slots=True)
class PolicyFinding:
    """A rule that matched.

    Attributes:
        policy: Name of the policy.
        rule: Id of the rule within it.
        action: What it does.
        reason: Why, for a person.
        severity: How much it matters.
        enforcement: How much weight it has.
    """

    policy: str
    rule: str
    action: PolicyAction
    reason: str = ""
    severity: IssueSeverity = IssueSeverity.MEDIUM
    enforcement: PolicyEnforcement = PolicyEnforcement.MANDATORY
