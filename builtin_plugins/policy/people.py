"""Who asks, for rules about users: under every id and name, and with every role that they have.

A token acts in the place of whoever issued it, so that a rule about them is one about it, too. Roles are
those of the login, those that were assigned, and those that other plugins grant, as access has them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import OperationCall, OperationOutcome, Principal, PrincipalKind, Resource
from hyperhost.errors import RefusalError

from .conditions import UNKNOWN

if TYPE_CHECKING:
    import hyperhost

    from .runs import Running

__all__ = ["People", "ids_of"]

_OWNER: Final = "local:owner"
_ASSIGNMENTS: Final = "role_assignments"


def ids_of(principal: Principal) -> list[str]:
    """The ids that somebody goes by: their own, and that of who issued the token that they show."""
    issuer = principal.attributes.get("issuer", "") if _is_token(principal) else ""
    return [principal.id, issuer] if issuer not in ("", principal.id) else [principal.id]


class People:
    """Finds out what is known of people; nothing is asked before a rule is about it.

    Args:
        context: The plugin's.
        running: The operations that run; what is known is kept with the one that runs.
    """

    def __init__(self, context: hyperhost.PluginContext, running: Running) -> None:
        self._context = context
        self._hook = context.hook
        self._running = running

    def names(self, principal: Principal) -> list[Any]:
        """What somebody is called, and whoever issued their token."""
        if len(ids_of(principal)) == 1:
            return [principal.name]
        issuer = self._issuer(principal)
        return [principal.name, issuer if issuer is UNKNOWN else issuer.name]

    def roles(self, principal: Principal, namespace: str) -> list[Any]:
        """Roles in a namespace of somebody, and of whoever issued their token, each a list, or unknown.

        One that is held in another namespace only is written ``role@namespace``.
        """
        if len(ids_of(principal)) == 1:
            return [self._held(principal, namespace)]
        issuer = self._issuer(principal)
        return [list(principal.roles), issuer if issuer is UNKNOWN else self._held(issuer, namespace)]

    def _issuer(self, principal: Principal) -> Any:
        """Who issued a token, as they are now; unknown when nobody knows them, or they are kept out."""
        issuer = ids_of(principal)[-1]
        if issuer == _OWNER:
            return Principal(issuer)
        key = ("issuer", issuer)
        known = self._running.known()
        if key not in known:
            try:
                found = self._context.trusted.access_lookup(principal_id=issuer)
            except RefusalError:
                found = None
            known[key] = UNKNOWN if found is None else found
        return known[key]

    def _held(self, principal: Principal, namespace: str) -> list[str]:
        found = set(principal.roles)
        if principal.kind is PrincipalKind.SYSTEM or principal.id == _OWNER:
            return sorted(found)
        for role, place, until_us in self._assigned(principal.id):
            if until_us is None or until_us > self._context.clock():
                inside = not place or f"{namespace}.".startswith(f"{place}.")
                found.add(role if inside else f"{role}@{place}")
        resource = Resource("namespace" if namespace else "registry", namespace, namespace)
        key = ("grants", principal.id, namespace, *sorted(found))
        known = self._running.known()
        if key not in known:
            whole = Principal(
                principal.id, principal.kind, principal.name, sorted(found), principal.attributes
            )
            answers = self._context.trusted.access_grants(principal=whole, resource=resource)
            known[key] = {role for answer in answers for grant in answer for role in grant.roles}
        return sorted(found | known[key])

    def _assigned(self, principal_id: str) -> list[tuple[str, str, int | None]]:
        """Role, namespace and end of what somebody was given; nothing without a plugin that keeps that."""
        key = ("assigned", principal_id)
        known = self._running.known()
        if key not in known:
            asks = Principal("system:policy", PrincipalKind.SYSTEM)
            call = OperationCall(
                _ASSIGNMENTS, asks, json.dumps({"principal": principal_id}), "", self._context.clock()
            )
            # What policies themselves have to know is not judged by them, or it would never end.
            with self._running.unjudged():
                outcome: OperationOutcome | None = self._hook.operation_run(call=call)
            found = json.loads(outcome.result_json) if outcome is not None else []
            known[key] = [
                (each["role"], each.get("namespace") or "", each.get("expires_at_us")) for each in found
            ]
        assigned: list[tuple[str, str, int | None]] = known[key]
        return assigned


def _is_token(principal: Principal) -> bool:
    return principal.kind is PrincipalKind.TOKEN or "capability" in principal.attributes
