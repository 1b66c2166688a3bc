"""What a policy is made of, once it was read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal

from hyperhost.contracts import IssueSeverity, PolicyAction, PolicyEnforcement

__all__ = [
    "OPERATORS",
    "AllOf",
    "AnyOf",
    "Condition",
    "Exemption",
    "Not",
    "Policy",
    "Rule",
    "Scope",
    "Comparison",
    "fields_of",
    "fits",
]

Operator = Literal["equals", "contains", "matches", "in", "greater-than", "less-than"]
OPERATORS: Final = ("equals", "contains", "matches", "in", "greater-than", "less-than")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison: ``field operator value``."""

    field: str
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition


Condition = Comparison | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a policy, or an exemption of it, holds. An empty tuple is everywhere; ``*`` is any text.

    Attributes:
        operations: Names of operations.
        namespaces: Dotted paths; one that ends in ``.*`` is what lies below, at any depth.
        artifacts: ``namespace/name``.
        types: Types of artifacts.
        users: Ids of principals.
    """

    operations: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: Unique in its policy.
        action: What it does where it matches.
        when: Where it matches; ``None`` is always.
        severity: How much it matters.
        enforcement: How much weight it has.
        reason: For the person who is told.
        set_labels: Of a rule that modifies: labels to add or replace.
        remove_labels: Labels to remove.
        set_annotations: Annotations to add or replace.
    """

    id: str
    action: PolicyAction
    when: Condition | None
    severity: IssueSeverity
    enforcement: PolicyEnforcement
    reason: str = ""
    set_labels: dict[str, str] = field(default_factory=dict)
    remove_labels: tuple[str, ...] = ()
    set_annotations: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exemption:
    """Where rules do not count, for a time.

    Attributes:
        scope: Where.
        rules: Ids of the rules; empty for all.
        reason: Why.
        expires_us: From when on they count again.
    """

    scope: Scope
    rules: tuple[str, ...]
    reason: str
    expires_us: int


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy.

    Attributes:
        name: Of the policy, and of its file.
        description: What it is for.
        default: What happens in its scope to what no rule matches: ``allow``, or ``deny``.
        enforcement: How much weight it has, as far as a rule says nothing else.
        scope: Where it holds.
        rules: In their order.
        exemptions: In their order.
    """

    name: str
    description: str
    default: Literal["allow", "deny"]
    enforcement: PolicyEnforcement
    scope: Scope
    rules: tuple[Rule, ...]
    exemptions: tuple[Exemption, ...]


def fields_of(condition: Condition | None) -> Iterator[str]:
    """Names of the fields that a condition asks about."""
    if isinstance(condition, Comparison):
        yield condition.field
    elif isinstance(condition, Not):
        yield from fields_of(condition.part)
    elif condition is not None:
        for part in condition.parts:
            yield from fields_of(part)


def fits(patterns: tuple[str, ...], text: str, *, below: bool = False) -> bool:
    """Whether a text is what one of the patterns means; no patterns mean everything.

    Args:
        patterns: ``*`` in them is any text, nothing else is special.
        text: What is looked at.
        below: A pattern ``a.b.*`` means ``a.b`` itself, too.
    """
    if not patterns:
        return True
    return any(_pattern(each, below).fullmatch(text) is not None for each in patterns)


@lru_cache(maxsize=4096)
def _pattern(pattern: str, below: bool) -> re.Pattern[str]:
    written = ".*".join(re.escape(part) for part in re.sub(r"\*+", "*", pattern).split("*"))
    if below and pattern.endswith(".*"):
        written = f"{written[:-4]}(?:\\..*)?"
    return re.compile(written, re.DOTALL)
