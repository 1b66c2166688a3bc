"""What operations on policies answer."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Line", "Row", "RuleRow", "Shown", "Tried"]


@dataclass(frozen=True, slots=True)
class Row:
    """A policy in a list.

    Attributes:
        name: Its name.
        source: ``shipped``, or its file.
        state: ``active``, or ``broken``: then it denies all that it would guard.
        enforcement: How much weight it has.
        rules: How many it has.
        exceptions: How many of them hold now.
        description: What it is for.
        problem: What is wrong with it, with its line.
    """

    name: str
    source: str
    state: str
    enforcement: str
    rules: int
    exceptions: int
    description: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule of a policy.

    Attributes:
        id: Unique in its policy.
        action: What it does where it matches.
        severity: How much it matters.
        enforcement: How much weight it has.
        engine: ``cedar``, or ``built-in``.
        reason: For the person who is told.
    """

    id: str
    action: str
    severity: str
    enforcement: str
    engine: str
    reason: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A policy as it is.

    Attributes:
        policy: As in a list.
        text: Its TOML.
        rules: Its rules, in their order.
        cedar: Those that Cedar judges, as Cedar has them.
    """

    policy: Row
    text: str
    rules: list[RuleRow] = field(default_factory=list)
    cedar: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A rule in a test.

    Attributes:
        rule: Its id.
        action: What it does where it matches.
        engine: What judged it.
        matched: Whether it matches.
        exempted: Why that does not count; empty when it does.
        why: Lines that say why; deeper ones are indented by two spaces.
    """

    rule: str
    action: str
    engine: str
    matched: bool
    exempted: str
    why: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a policy makes of an artifact.

    Attributes:
        policy: Its name.
        artifact: ``namespace/name@version``.
        operation: What was tried.
        in_scope: Whether the policy has anything to say about it.
        verdict: ``allow`` or ``deny``; ``advise`` and ``note`` when it would be told, and happen.
        reasons: Of what denies, advises or notes.
        rules: Every rule, in their order.
    """

    policy: str
    artifact: str
    operation: str
    in_scope: bool
    verdict: str
    reasons: list[str] = field(default_factory=list)
    rules: list[Line] = field(default_factory=list)
