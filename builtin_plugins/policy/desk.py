"""The operations on policies."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import (
    Artifact,
    ArtifactChange,
    ArtifactState,
    ChangeKind,
    OperationCall,
    PolicyAction,
    PolicyEnforcement,
    PolicyRequest,
    Principal,
    Visibility,
)
from hyperhost.offering import conflict, invalid, missing, wrong_state

from .answers import Line, Row, RuleRow, Shown, Tried
from .catalog import Catalog
from .conditions import Step
from .facts import Facts
from .files import Entry, PolicyFiles
from .guard import PROPOSING
from .judging import Judged, Prepared, in_scope
from .people import People
from .reading import PolicyError, read_policy
from .resources import resource_of
from .rules import Policy

if TYPE_CHECKING:
    import hyperhost

    from .runs import Running

__all__ = ["Desk"]

_KINDS: Final = {
    "create": (ChangeKind.CREATED, ArtifactState.DRAFT),
    "validate": (ChangeKind.CREATED, ArtifactState.DRAFT),
    "publish": (ChangeKind.PUBLISHED, ArtifactState.PUBLISHED),
    "unpublish": (ChangeKind.UPDATED, ArtifactState.DRAFT),
    "deprecate": (ChangeKind.DEPRECATED, ArtifactState.DEPRECATED),
    "undeprecate": (ChangeKind.UPDATED, ArtifactState.PUBLISHED),
    "archive": (ChangeKind.UPDATED, ArtifactState.ARCHIVED),
    "delete": (ChangeKind.DELETED, None),
}
"""What operations would make of an artifact; of all others it stays in its state."""


class Desk:
    """Answers the operations.

    Args:
        context: The plugin's.
        files: The policies.
        running: The operations that run.
    """

    def __init__(self, context: hyperhost.PluginContext, files: PolicyFiles, running: Running) -> None:
        self._context = context
        self._files = files
        self._people = People(context, running)

    def rows(self) -> list[Row]:
        """All policies."""
        return [self._row(each) for each in self._files.current().entries.values()]

    def show(self, name: str) -> Shown:
        """One policy.

        Raises:
            RefusalError: there is none of that name.
        """
        entry = self._found(name)
        if entry.prepared is None:
            return Shown(self._row(entry), entry.text)
        prepared = entry.prepared
        rules = [
            RuleRow(
                rule.id,
                rule.action.value,
                rule.severity.value,
                rule.enforcement.value,
                prepared.engine(rule),
                rule.reason,
            )
            for rule in prepared.policy.rules
        ]
        return Shown(self._row(entry), entry.text, rules, prepared.cedar.text)

    def add(self, text: str, *, replace: bool) -> Row:
        """Keep a policy.

        Raises:
            RefusalError: it is none, there is one of that name, or there is no place for it.
        """
        policy = _read(text)
        there = self._files.current().entries.get(policy.name)
        if there is not None and there.source and not replace:
            raise conflict(
                "name",
                f"there is a policy {policy.name!r} already: {there.source}",
                "replace it with --replace",
            )
        self._files.write(policy.name, text)
        return self._row(self._found(policy.name))

    def remove(self, name: str) -> bool:
        """Remove the file of a policy; whether there was one.

        Raises:
            RefusalError: there is none of that name, or it came along.
        """
        entry = self._found(name)
        if not entry.source:
            raise wrong_state(
                "name",
                f"the policy {name!r} came along with HyperHost, so there is no file of it",
                "leave it out of [plugins.policy.config] shipped in hyperhost.toml, or add one of that name",
            )
        return self._files.remove(name)

    def test(
        self,
        call: OperationCall,
        reference: str,
        text: str,
        name: str,
        operation: str,
        user: str,
        roles: list[str],
    ) -> tuple[Tried, bool]:
        """What a policy makes of an artifact, and whether that is not for everybody.

        Raises:
            RefusalError: the policy is none, or there is no such artifact or operation.
        """
        if bool(text) == bool(name):
            raise invalid("text", "choice", "give the text of a policy, or the name of one")
        prepared = Prepared(_read(text)) if text else self._found(name).prepared
        if prepared is None:
            raise wrong_state("name", f"the policy {name!r} is broken", "see: hyperhost policy list")
        asked = dataclasses.replace(call, arguments_json=json.dumps({"artifact": reference}))
        _, artifact, _ = resource_of(self._context.hook, asked)
        if artifact is None:
            hint = "write its id, or namespace/name@version"
            raise missing("artifact", f"there is no artifact {reference[:300]}", hint)
        who = Principal(user, roles=roles) if user else call.principal
        facts = self._facts(who, call.at_us, operation, artifact)
        now = self._context.clock()
        judged = [*prepared.judge(facts, now), *prepared.judge(facts, now, modifying=True)]
        lines = [
            Line(each.rule, each.action, each.engine, each.matched, each.exempted, _words(each.steps))
            for each in prepared.explain(facts, now)
        ]
        tried = Tried(
            prepared.policy.name,
            f"{artifact.namespace}/{artifact.name}@{artifact.version}",
            operation,
            in_scope(prepared.policy.scope, facts),
            _verdict(judged),
            [each.finding.reason for each in judged if each.exemption is None],
            lines,
        )
        return tried, artifact.visibility is not Visibility.PUBLIC

    def _facts(self, who: Principal, at_us: int, operation: str, artifact: Artifact) -> Facts:
        hook = self._context.hook
        info = Catalog(hook).info(operation)
        if info is None:
            raise invalid("operation", "unknown", f"there is no operation {operation[:80]!r}")
        manifest_json = hook.storage_get_manifest(artifact_id=artifact.id) or ""
        change = None
        if operation in PROPOSING:
            kind, state = _KINDS.get(operation, (ChangeKind.UPDATED, None))
            after = dataclasses.replace(artifact, state=state or artifact.state)
            before = None if kind is ChangeKind.CREATED else artifact
            change = ArtifactChange(kind, after, before, manifest_json, who.id, at_us)
            artifact = after
        request = PolicyRequest(who, operation, info.permission, None, change, at_us)
        return Facts(hook, request, artifact, lambda: manifest_json, self._people, info)

    def _found(self, name: str) -> Entry:
        entries = self._files.current().entries
        entry = entries.get(name)
        if entry is None:
            raise missing(
                "policy", f"there is no policy {name[:80]!r}", f"there are {', '.join(entries) or 'none'}"
            )
        return entry

    def _row(self, entry: Entry) -> Row:
        source = entry.source or "shipped"
        if entry.prepared is None:
            problem = f"line {entry.line}: {entry.problem}" if entry.line else entry.problem
            return Row(entry.name, source, "broken", "mandatory", 0, 0, "", problem)
        policy = entry.prepared.policy
        now = self._context.clock()
        holding = sum(now < each.expires_us for each in policy.exemptions)
        return Row(
            policy.name,
            source,
            "active",
            policy.enforcement.value,
            len(policy.rules),
            holding,
            policy.description,
        )


def _read(text: str) -> Policy:
    try:
        return read_policy(text)
    except PolicyError as error:
        raise invalid("text", "policy", f"it is no policy: {error}") from None


def _verdict(judged: list[Judged]) -> str:
    """What would happen: the strongest of what the rules say."""
    if any(each.denies for each in judged):
        return "deny"
    holding = [each.finding for each in judged if each.exemption is None]
    denied = [each for each in holding if each.action is PolicyAction.DENY]
    if any(each.enforcement is PolicyEnforcement.ADVISORY for each in denied):
        return "advise"
    return "note" if denied else "allow"


def _words(steps: list[Step]) -> list[str]:
    answers = {True: "yes", False: "no", None: "cannot be said"}
    return [f"{'  ' * step.depth}{step.text}: {answers[step.holds]}" for step in steps]
