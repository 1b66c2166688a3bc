"""One policy and one request: which rules match, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hyperhost.contracts import PolicyAction, PolicyEnforcement, PolicyFinding

from .cedar import CedarRules, cedar_of
from .conditions import MISSING, UNKNOWN, Several, Step, explained, holds
from .facts import Facts
from .fields import needs_artifact
from .people import ids_of
from .rules import Exemption, Policy, Rule, Scope, fields_of, fits

__all__ = ["Judged", "Prepared", "Shown", "in_scope"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule that matched.

    Attributes:
        rule: The rule; ``None`` when nothing allowed what a policy denies by default.
        finding: The same, as others are told.
        exemption: Why it does not count this time; ``None`` when it does.
    """

    rule: Rule | None
    finding: PolicyFinding
    exemption: Exemption | None = None

    @property
    def denies(self) -> bool:
        """Whether it stops what is judged."""
        return (
            self.finding.action is PolicyAction.DENY
            and self.finding.enforcement is PolicyEnforcement.MANDATORY
            and self.exemption is None
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """A rule in an explanation.

    Attributes:
        rule: Its id.
        action: What it does where it matches.
        engine: ``cedar`` or ``built-in``.
        matched: Whether it matches.
        steps: Why.
        exempted: Reason of the exception that holds; empty without one.
    """

    rule: str
    action: str
    engine: str
    matched: bool
    steps: list[Step] = field(default_factory=list)
    exempted: str = ""


class Prepared:
    """A policy that is ready to judge.

    Args:
        policy: The policy.

    Attributes:
        policy: The same.
        cedar: Its rules that Cedar judges.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        compiled = [rule for rule in policy.rules if cedar_of(rule) is not None]
        self.cedar = CedarRules(compiled)
        self._compiled = {rule.id for rule in compiled}
        scope = policy.scope
        self.needs_artifact = bool(scope.artifacts or scope.types) or any(
            needs_artifact(name) for rule in policy.rules for name in fields_of(rule.when)
        )

    def engine(self, rule: Rule) -> str:
        """What judges a rule."""
        return "cedar" if rule.id in self._compiled else "built-in"

    def judge(self, facts: Facts, at_us: int, *, modifying: bool = False) -> list[Judged]:
        """The rules that match, in their order.

        Args:
            facts: What they ask about.
            at_us: The time; what exceptions end by.
            modifying: Judge by the rules that modify, and by no others; the other way round else.

        Raises:
            RefusalError: a rule could not be judged.
        """
        if not in_scope(self.policy.scope, facts):
            return []
        rules = [rule for rule in self.policy.rules if (rule.action is PolicyAction.MODIFY) is modifying]
        matched = self._matching(rules, facts)
        found = [self._judged(rule, facts, at_us) for rule in rules if rule.id in matched]
        if self.policy.default == "deny" and not modifying:
            allowed = any(rule.action is PolicyAction.ALLOW and rule.id in matched for rule in rules)
            if not allowed:
                found.append(self._by_default(facts, at_us))
        return found

    def explain(self, facts: Facts, at_us: int) -> list[Shown]:
        """Every rule, whether it matches, and why."""
        matched = self._matching(self.policy.rules, facts)
        found = []
        for rule in self.policy.rules:
            exemption = self._exemption(rule.id, facts, at_us) if rule.id in matched else None
            found.append(
                Shown(
                    rule.id,
                    rule.action.value,
                    self.engine(rule),
                    rule.id in matched,
                    [*explained(rule.when, facts.look)],
                    exemption.reason if exemption is not None else "",
                )
            )
        return found

    def _matching(self, rules: Iterable[Rule], facts: Facts) -> set[str]:
        """Ids of the rules that match, by Cedar where it can express them and every field is known."""
        rules = list(rules)
        look = facts.look
        by_cedar: set[str] = set()
        known = True
        if any(rule.id in self._compiled for rule in rules):
            values = {name: look(name) for name in self.cedar.fields}
            known = all(value is not UNKNOWN and not isinstance(value, Several) for value in values.values())
            if known:
                there = {name: value for name, value in values.items() if value is not MISSING}
                by_cedar = self.cedar.matching(there, self.policy.name)
        found = set()
        for rule in rules:
            if known and rule.id in self._compiled:
                matches = rule.id in by_cedar
            else:
                answer = holds(rule.when, look)
                matches = rule.action is PolicyAction.DENY if answer is None else answer
            if matches:
                found.add(rule.id)
        return found

    def _judged(self, rule: Rule, facts: Facts, at_us: int) -> Judged:
        reason = rule.reason or f"the rule {rule.id!r} of the policy {self.policy.name!r} matches"
        if remark := facts.remark() if _asks_for_secrets(rule) else "":
            reason = f"{reason}: {remark}"
        unsure = rule.when is not None and any(_is_unknown(facts.look(name)) for name in fields_of(rule.when))
        if unsure:
            reason = f"{reason} (not everything could be looked at)"
        finding = PolicyFinding(
            self.policy.name, rule.id, rule.action, reason, rule.severity, rule.enforcement
        )
        return Judged(rule, finding, self._exemption(rule.id, facts, at_us))

    def _by_default(self, facts: Facts, at_us: int) -> Judged:
        finding = PolicyFinding(
            self.policy.name,
            "default",
            PolicyAction.DENY,
            f"no rule of the policy {self.policy.name!r} allows it",
            enforcement=self.policy.enforcement,
        )
        return Judged(None, finding, self._exemption("default", facts, at_us))

    def _exemption(self, rule: str, facts: Facts, at_us: int) -> Exemption | None:
        for each in self.policy.exemptions:
            holds_now = at_us < each.expires_us and (not each.rules or rule in each.rules)
            if holds_now and in_scope(each.scope, facts, sure=True):
                return each
        return None


def in_scope(scope: Scope, facts: Facts, *, sure: bool = False) -> bool:
    """Whether a request lies in a scope.

    Args:
        scope: The scope.
        facts: What is known of the request.
        sure: What cannot be found out lies outside of it; inside otherwise.
    """
    # What counts as several operations is guarded as any of them, and exempted as all of them only; so is
    # a token, which acts for whoever issued it.
    enough = all if sure else any
    if scope.operations and not enough(fits(scope.operations, verb) for verb in facts.verbs):
        return False
    if not enough(fits(scope.users, each) for each in ids_of(facts.request.principal)):
        return False
    namespace = facts.look("namespace.path") if scope.namespaces else ""
    artifact = _name(facts) if scope.artifacts else ""
    kind = facts.look("artifact.type") if scope.types else ""
    return (
        _lies(scope.namespaces, namespace, sure, below=True)
        and _lies(scope.artifacts, artifact, sure)
        and _lies(scope.types, kind, sure)
    )


def _lies(patterns: tuple[str, ...], value: Any, sure: bool, *, below: bool = False) -> bool:
    if not patterns:
        return True
    if value is UNKNOWN:
        return not sure
    return isinstance(value, str) and fits(patterns, value, below=below)


def _is_unknown(value: Any) -> bool:
    return value is UNKNOWN or (isinstance(value, Several) and UNKNOWN in value.values)


def _name(facts: Facts) -> Any:
    name = facts.look("artifact.name")
    return f"{facts.namespace}/{name}" if isinstance(name, str) else name


def _asks_for_secrets(rule: Rule) -> bool:
    return any(name in ("artifact.secrets", "artifact.secret_count") for name in fields_of(rule.when))
