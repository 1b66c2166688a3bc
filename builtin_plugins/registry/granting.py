"""Edits of a namespace that give somebody something: nobody gives there what they do not have there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hyperhost.contracts import AccessDecision, AccessRequest, Resource
from hyperhost.errors import ProviderConflictError, ProviderMissingError, RefusalError

from .namespaces import AclEntry, Namespace
from .seeing import IN_IT, sees_all, within
from .work import Work

__all__ = ["check_granting"]


def check_granting(work: Work, before: Namespace, after: Namespace | None) -> None:
    """Whether who asks may do in a namespace all that an edit of it gives to somebody.

    Given is what an entry allows that was not there, what an entry that goes away denied, and to a new owner
    whatever an owner has.

    Args:
        work: The call.
        before: The namespace; a new one as it is without its edit.
        after: As it will be; ``None`` when it is deleted.

    Raises:
        RefusalError: ``denied:namespace/grant:escalation``: they may not.
    """
    if sees_all(work.principal):
        return
    for permission in _given(before, after):
        kind = permission.partition(":")[0]
        about = Resource(kind, namespace=before.path, owner=before.owner, name=before.path)
        asked = AccessRequest(work.principal, work.call.operation, permission, about, work.at_us)
        try:
            decision: AccessDecision = work.hook.access_decide(request=asked)
        except ProviderConflictError:
            raise
        except ProviderMissingError:
            return
        if not decision.allowed:
            raise RefusalError(
                f"{work.principal.id} cannot give away {permission} in {before.path}, as they do not have it",
                "denied:namespace/grant:escalation",
                hint="an administrator can",
            )


def _given(before: Namespace, after: Namespace | None) -> Iterator[str]:
    """Permissions that somebody has afterwards and did not have before, each once."""
    old, new = before.acl, after.acl if after is not None else []
    found = {each for entry in _missing(new, old) for each in within(entry.allow)}
    found |= {each for entry in _missing(old, new) for each in entry.deny}
    if after is not None and after.owner != before.owner:
        found.update(IN_IT)
    return iter(sorted(IN_IT if "*" in found else found))


def _missing(some: Sequence[AclEntry], others: Sequence[AclEntry]) -> list[AclEntry]:
    return [entry for entry in some if entry not in others]
