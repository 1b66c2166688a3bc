"""Judges operations and changes by all policies, and says what follows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import (
    ArtifactChange,
    ArtifactPatch,
    OperationInfo,
    PolicyAction,
    PolicyEnforcement,
    PolicyFinding,
    PolicyRequest,
    Principal,
    PrincipalKind,
    ValidationIssue,
)
from hyperhost.errors import RefusalError

from .facts import Facts, verbs_of
from .files import Entry, PolicySet
from .judging import Judged, in_scope
from .people import People
from .resources import resource_of
from .runs import Run, Running

if TYPE_CHECKING:
    import hyperhost

    from .judging import Prepared

__all__ = ["PROPOSING", "Guard"]

PROPOSING: Final = frozenset(
    [
        *("create", "update", "publish", "unpublish", "deprecate", "undeprecate"),
        *("archive", "restore", "delete", "validate", "sign"),
    ]
)
"""Operations that propose a change of an artifact. They are judged once, by what the artifact is to be:
before that nobody knows, and what it is now may be just what the change puts right."""

_REPAIR: Final = ("policy_list", "policy_show", "policy_add", "policy_remove", "policy_test")
"""Operations that a broken policy does not guard, because they are what puts it right."""

_LEVELS: Final = {"low": "info", "medium": "warning", "high": "warning", "critical": "error"}


class Guard:
    """Judges.

    Args:
        context: The plugin's.
        policies: Gives the policies as they are now.
        info: Gives what is known of an operation.
        running: The operations that run.
    """

    def __init__(
        self,
        context: hyperhost.PluginContext,
        policies: Callable[[], PolicySet],
        info: Callable[[str], OperationInfo | None],
        running: Running,
    ) -> None:
        self._context = context
        self._hook = context.hook
        self._policies = policies
        self._info = info
        self._running = running
        self._people = People(context, running)

    # --- operations ---------------------------------------------------------------------------

    def operation(self, run: Run) -> None:
        """Judge an operation before it runs.

        Raises:
            RefusalError: a policy denies it.
        """
        call = run.call
        if call.operation in PROPOSING:
            return
        broken, sound = self._policies().about((call.operation,))
        asks = bool(self._hook.policy_decide.get_hookimpls())
        if not broken and not sound and not asks:
            return
        run.info = self._info(call.operation)
        permission = run.info.permission if run.info is not None else ""
        resource, artifact, lost = resource_of(self._hook, call)
        request = PolicyRequest(call.principal, call.operation, permission, resource, None, call.at_us)

        def manifest() -> str:
            return (self._hook.storage_get_manifest(artifact_id=artifact.id) or "") if artifact else ""

        facts = Facts(self._hook, request, artifact, manifest, self._people, run.info, lost=lost)
        if call.operation not in _REPAIR:
            self._refuse_broken(broken, facts)
        self._settle(request, [*self._judged(sound, facts), *self._asked(request)], run)

    # --- changes of artifacts -----------------------------------------------------------------

    def validate(self, change: ArtifactChange) -> list[ValidationIssue]:
        """Judge a change; what advisory policies deny, and what rules log, is told to the author.

        Raises:
            RefusalError: a policy denies it.
        """
        request, run = self._request(change)
        broken, sound = self._policies().about(verbs_of(request))
        if not broken and not sound and not self._hook.policy_decide.get_hookimpls():
            return []
        facts = self._facts(request, change, run)
        self._refuse_broken(broken, facts)
        found = [*self._judged(sound, facts), *self._asked(request)]
        self._settle(request, found, run)
        return [
            ValidationIssue(
                f"policy:{each.finding.policy}:{each.finding.rule}",
                each.finding.reason,
                each.finding.severity,
            )
            for each in found
            if each.exemption is None
            and each.finding.action is PolicyAction.DENY
            and each.finding.enforcement is PolicyEnforcement.ADVISORY
        ]

    def transform(self, change: ArtifactChange) -> ArtifactPatch | None:
        """What rules that modify want changed; ``None`` when that is nothing."""
        request, run = self._request(change)
        _, sound = self._policies().about(verbs_of(request))
        able = [
            each for each in sound if any(rule.action is PolicyAction.MODIFY for rule in each.policy.rules)
        ]
        if not able:
            return None
        facts = self._facts(request, change, run)
        labels: dict[str, str] = {}
        notes: dict[str, str] = {}
        removed: list[str] = []
        for each in self._judged(able, facts, modifying=True):
            if run is not None:
                run.notes.append(_note(each))
            rule = each.rule
            weighty = each.finding.enforcement is PolicyEnforcement.MANDATORY and each.exemption is None
            if rule is not None and weighty:
                labels |= rule.set_labels
                notes |= rule.set_annotations
                removed += [label for label in rule.remove_labels if label in change.artifact.labels]
        if not (labels or notes or removed):
            return None
        return ArtifactPatch(set_labels=labels, remove_labels=removed, set_annotations=notes)

    def _request(self, change: ArtifactChange) -> tuple[PolicyRequest, Run | None]:
        run = self._running.runs[-1] if self._running.runs else None
        artifact = change.artifact
        if run is None:  # a program that asks the hook itself
            principal = Principal(change.actor or "system:unknown", PrincipalKind.SYSTEM)
            return PolicyRequest(principal, "", "", None, change, change.at_us), None
        if run.info is None:
            run.info = self._info(run.call.operation)
        call = run.call
        permission = run.info.permission if run.info is not None else ""
        # What was judged as an operation of its own, as an import, is not judged by its name again.
        name = call.operation if call.operation in PROPOSING else ""
        request = PolicyRequest(call.principal, name, permission, None, change, call.at_us)
        return dataclasses.replace(request, resource=_resource(artifact)), run

    def _facts(self, request: PolicyRequest, change: ArtifactChange, run: Run | None) -> Facts:
        info = run.info if run else None
        return Facts(self._hook, request, change.artifact, lambda: change.manifest_json, self._people, info)

    # --- what follows -------------------------------------------------------------------------

    def _judged(self, sound: list[Prepared], facts: Facts, *, modifying: bool = False) -> Iterator[Judged]:
        now = self._context.clock()
        for each in sound:
            yield from each.judge(facts, now, modifying=modifying)

    def _asked(self, request: PolicyRequest) -> Iterator[Judged]:
        """Findings of plugins that are policies."""
        if self._hook.policy_decide.get_hookimpls():
            for found in self._hook.policy_decide(request=request):
                for finding in found:
                    yield Judged(None, finding)

    def _refuse_broken(self, broken: list[Entry], facts: Facts) -> None:
        for entry in broken:
            if entry.scope is None or in_scope(entry.scope, facts):
                where = f"{entry.source or entry.name}{f', line {entry.line}' if entry.line else ''}"
                remove = f", or: hyperhost policy remove {entry.name}"
                raise RefusalError(
                    f"the policy {entry.name!r} cannot be read, so it denies all that it would guard: "
                    f"{where}: {entry.problem}",
                    f"policy:{entry.name}:unreadable",
                    hint=f"mend {entry.source}{remove if entry.source.endswith('.toml') else ''}",
                )

    def _settle(self, request: PolicyRequest, found: list[Judged], run: Run | None) -> None:
        """Log, notify, note and refuse.

        Raises:
            RefusalError: ``policy:POLICY:RULE``: a rule denies it.
        """
        for each in found:
            if run is not None and not each.denies:
                run.notes.append(_note(each))
            if each.exemption is None and each.finding.action in (PolicyAction.LOG, PolicyAction.NOTIFY):
                self._tell(request, each.finding)
        denied = [each for each in found if each.denies]
        if denied:
            worst = max(denied, key=lambda each: list(_LEVELS).index(each.finding.severity.value))
            finding = worst.finding
            reason = finding.reason or "it is not allowed"
            hint = "who holds policy:manage can add an exception; see: hyperhost policy show "
            own = worst.rule is not None or finding.rule == "default"
            raise RefusalError(
                f"{reason} (policy {finding.policy}, rule {finding.rule})",
                f"policy:{_word(finding.policy)}:{_word(finding.rule)}",
                hint=f"{hint}{finding.policy}" if own else "",
            )

    def _tell(self, request: PolicyRequest, finding: PolicyFinding) -> None:
        target = request.resource.name if request.resource is not None else ""
        words = f"policy {finding.policy}, rule {finding.rule}: {request.operation} {target} by "
        words += f"{request.principal.id}: {finding.reason}"
        self._context.log(_LEVELS[finding.severity.value], words)
        if finding.action is PolicyAction.NOTIFY:
            self._hook.policy_found(request=request, finding=finding)


def _note(judged: Judged) -> dict[str, Any]:
    """A finding for the audit log: which rule, and why it did not stop anything."""
    finding = judged.finding
    note = {
        "policy": finding.policy[:100],
        "rule": finding.rule[:100],
        "action": finding.action.value,
        "severity": finding.severity.value,
        "enforcement": finding.enforcement.value,
    }
    if judged.exemption is not None:
        note["exempted"] = judged.exemption.reason[:200]
    return note


def _resource(artifact: Any) -> Any:
    from hyperhost.contracts import Resource

    return Resource(
        "artifact",
        artifact.id,
        artifact.namespace,
        artifact.visibility,
        artifact.publisher.id if artifact.publisher is not None else "",
        artifact.state.value,
        f"{artifact.namespace}/{artifact.name}@{artifact.version}",
    )


def _word(text: str) -> str:
    """A name as a part of a rule, where a colon separates."""
    return text.replace(":", "-")[:100] or "unnamed"
