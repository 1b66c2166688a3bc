"""Refusals, in words that say what is missing and who can grant it, and nothing of what is private."""

from __future__ import annotations

from hyperhost.contracts import AccessDecision, AccessRequest, Principal
from hyperhost.errors import RefusalError

__all__ = ["denied", "local", "refused", "unauthenticated", "unlisted"]


def refused(request: AccessRequest, enough: list[str], why: str = "") -> AccessDecision:
    """The answer no.

    Args:
        request: What was asked.
        enough: Built-in roles that would be enough.
        why: What forbids it, where something does; else it is only that nothing allows it.
    """
    principal, resource = request.principal, request.resource
    place = f" in {resource.namespace}" if resource.namespace else ""
    reason = why or f"nothing gives {principal.id} the permission {request.permission}{place}"
    granters = []
    if not why:
        if enough and enough[0] != "admin":
            granters.append(f"an administrator (hyperhost role assign {principal.id} {enough[0]})")
        else:
            granters.append(f"an administrator (hyperhost role assign, of a role with {request.permission})")
        if resource.namespace:
            granters.append(f"the owner of {resource.namespace} (an entry for {principal.id} in its acl)")
    else:
        granters.append("an administrator, who can see the rule with hyperhost role show")
    return AccessDecision(False, reason, "", [request.permission], granters)


def denied(principal: Principal, operation: str, decision: AccessDecision) -> RefusalError:
    """The refusal of an operation."""
    permission = decision.missing[0] if decision.missing else ""
    return RefusalError(
        f"{principal.id} may not {operation.replace('_', ' ')}: {decision.reason}",
        f"denied:{permission.replace(':', '/')}:permission",
        hint="it can be granted by " + ", or by ".join(decision.granters) if decision.granters else "",
    )


def unlisted(principal: Principal, operation: str) -> RefusalError:
    """The refusal of an operation of which nobody has said what it needs."""
    return RefusalError(
        f"{principal.id} may not {operation[:80].replace('_', ' ')}: nobody has said what that takes",
        "denied:operation:unlisted",
        hint="the owner of the home can say so in [plugins.access.config.operations]",
    )


def local(principal: Principal, operation: str, argument: str = "") -> RefusalError:
    """The refusal of an operation that reads or writes a file that its arguments name."""
    what = f"its argument {argument!r} names" if argument else "its arguments name"
    return RefusalError(
        f"{principal.id} may not {operation[:80].replace('_', ' ')} so: {what} a file of this machine",
        "denied:operation:local",
        hint="the owner of the home can",
    )


def unauthenticated(rule: str, reason: str, hint: str = "") -> RefusalError:
    """A token does not hold."""
    return RefusalError(reason, f"unauthenticated:token:{rule}", hint=hint)
