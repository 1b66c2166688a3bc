"""Whether somebody may become, or keep out, a user: only one who may do no more than they do.

Who sets a password, or makes a key, of somebody can act as them from then on. So whoever manages users needs
every role of the one in question, and everything that one may do, wherever that may be more than elsewhere.
What is allowed with one's own is compared with what is allowed with one's own: nobody owns what another owns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import (
    AccessDecision,
    AccessRequest,
    OperationCall,
    OperationOutcome,
    Principal,
    PrincipalKind,
    Resource,
)

from .refusals import denied

if TYPE_CHECKING:
    from .work import Work

__all__ = ["assigned", "check_standing", "is_trusted"]

_ADMIN: Final = "admin"
Held = tuple[str, str]
"""A role, and the namespace in which it is held; empty for everywhere."""


def is_trusted(principal: Principal) -> bool:
    """Whether it is the owner of the home, or the registry itself."""
    return principal.id == "local:owner" or principal.kind is PrincipalKind.SYSTEM


def assigned(work: Work, principal_id: str) -> list[Held]:
    """Roles that were assigned and are held now; none without a plugin that keeps them."""
    asks = Principal("system:identity", PrincipalKind.SYSTEM)
    arguments = json.dumps({"principal": principal_id})
    outcome: OperationOutcome | None = work.hook.operation_run(
        call=OperationCall("role_assignments", asks, arguments, work.call.request_id, work.at_us)
    )
    found = json.loads(outcome.result_json) if outcome is not None else []
    now = work.desk.clock()
    return [
        (each["role"], each["namespace"])
        for each in found
        if not each["expires_at_us"] or each["expires_at_us"] > now
    ]


def check_standing(work: Work, user_id: str) -> None:
    """Return if whoever asks may do all that a user may do.

    Raises:
        RefusalError: ``denied:identity:standing``: the user may do more.
    """
    caller = work.principal
    # Without somebody who decides, everybody may do everything.
    if is_trusted(caller) or caller.id == user_id or not work.hook.access_decide.get_hookimpls():
        return
    target = Principal(user_id)
    theirs = _held(work, target)
    ours = _held(work, caller)
    if (_ADMIN, "") not in ours:
        for role, place in theirs:
            if not any(role == name and _holds(where, place) for name, where in ours):
                raise _more(work, user_id, f"the role {role}{f' in {place}' if place else ''}")
    places = {"", *(place for _, place in theirs)}
    roles = sorted({role for role, _ in theirs})
    for answer in work.desk.trusted.access_places(principal=Principal(user_id, roles=roles)):
        places.update(each.namespace for each in answer)
    for place in sorted(places):
        for permission in _permissions(work):
            for own in (False, True):
                asked = (permission, place, own)
                if _may(work, target, *asked) and not _may(work, caller, *asked):
                    raise _more(work, user_id, f"{permission}{f' in {place}' if place else ''}")


def _held(work: Work, principal: Principal) -> set[Held]:
    found = {(role, "") for role in principal.roles} | set(assigned(work, principal.id))
    answers = work.desk.trusted.access_grants(principal=principal, resource=Resource("registry"))
    return found | {(role, "") for answer in answers for grant in answer for role in grant.roles}


def _holds(where: str, place: str) -> bool:
    """Whether what is held in one namespace is held in another one, too."""
    return not where or f"{place}.".startswith(f"{where}.")


def _permissions(work: Work) -> Iterator[str]:
    """Everything that operations take, and what stands for all of it."""
    known = {each.permission for answer in work.hook.operation_list() for each in answer if each.permission}
    yield from sorted({"*", *known, *(f"{each.partition(':')[0]}:*" for each in known)})


def _may(work: Work, principal: Principal, permission: str, place: str, own: bool) -> bool:
    """Whether somebody may do something with whatever is in a namespace or anywhere, or is their own."""
    owner = principal.id if own else "-"
    everything = Resource(permission.partition(":")[0], namespace=place, owner=owner, name="*")
    asked = AccessRequest(principal, "", permission, everything, work.at_us)
    decision: AccessDecision = work.hook.access_decide(request=asked)
    return decision.allowed


def _more(work: Work, user_id: str, what: str) -> Exception:
    return denied(
        "standing",
        f"{user_id} may do more than {work.principal.id}: {what}",
        "ask somebody who may do that, or the owner of the home",
    )
