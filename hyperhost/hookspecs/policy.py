"""Hooks of policies: plugins that say no, or make a note, around operations and changes of artifacts.

The plugin ``policy`` asks them where it judges by its own rules. A refusal of an operation by a policy
has the rule ``policy:POLICY:RULE``.
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.policy import PolicyFinding, PolicyRequest
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["PolicyHooks"]


class PolicyHooks(Protocol):
    """Plugins that are policies, and those that hear of findings."""

    @hookspec(raises=RefusalError)
    def policy_decide(self, request: PolicyRequest) -> list[PolicyFinding]:
        """Judge an operation before it runs, and each change of an artifact that it is about to make.

        Every plugin is asked. One finding that denies, one refusal or one fault is enough for the
        operation not to happen; findings of policies that are advisory or audit-only are told instead.
        Modifying is the matter of ``artifact_transform``.

        Args:
            request: What is about to happen.

        Returns:
            The rules that matched; empty when it may happen as far as this plugin is concerned.

        Raises:
            RefusalError: it must not happen.

        Example:
            ```python
            from hyperhost.contracts import PolicyAction, PolicyFinding, PolicyRequest, Principal
            from hyperhost.hookspecs import hookimpl

            class NoDeletion:
                @hookimpl
                def policy_decide(self, request: PolicyRequest) -> list[PolicyFinding]:
                    if request.operation != "delete" or "admin" in request.principal.roles:
                        return []
                    return [PolicyFinding("keep", "delete", PolicyAction.DENY, "only admins delete")]

            host.register(NoDeletion())
            asked = PolicyRequest(Principal("user:bob"), "delete", "artifact:delete")
            [[found]] = host.hook.policy_decide(request=asked)
            assert found.action is PolicyAction.DENY
            ```
        """
        ...

    @hookspec(on_fault="skip")
    def policy_found(self, request: PolicyRequest, finding: PolicyFinding) -> None:
        """Hear of a finding whose rule asks for a notification.

        What is being judged may still be refused, or undone, afterwards. A fault is recorded and changes
        nothing for anyone else.

        Args:
            request: What was judged.
            finding: The rule that matched.

        Example:
            ```python
            from hyperhost.contracts import PolicyAction, PolicyFinding, PolicyRequest, Principal
            from hyperhost.hookspecs import hookimpl

            seen = []

            class Pager:
                @hookimpl
                def policy_found(self, request: PolicyRequest, finding: PolicyFinding) -> None:
                    seen.append(f"{finding.policy}:{finding.rule} {request.operation}")

            host.register(Pager())
            asked = PolicyRequest(Principal("user:bob"), "delete", "artifact:delete")
            found = PolicyFinding("keep", "delete", PolicyAction.NOTIFY)
            host.hook.policy_found(request=asked, finding=found)
            assert seen == ["keep:delete delete"]
            ```
        """
        ...
