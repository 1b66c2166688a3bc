"""Of what a plugin found, what somebody may see.

The provider of the service ``access`` decides; without one, everybody sees everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import Artifact, Principal, PrincipalKind, Resource
from hyperhost.errors import ProviderConflictError, ProviderMissingError

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["is_unrestricted", "resource_of", "visible", "visible_artifacts"]

UNKNOWN_OWNER: Final = "?"
"""Owner of a resource whom whoever decides looks up, if that matters."""


def is_unrestricted(principal: Principal | None) -> bool:
    """Whether nothing is kept from somebody: the owner of the home, the registry itself, a program."""
    if principal is None or principal.kind is PrincipalKind.SYSTEM:
        return True
    return principal.id == "local:owner" and principal.kind is PrincipalKind.USER


def resource_of(artifact: Artifact) -> Resource:
    """An artifact, as far as access depends on it; its owner is looked up when that matters."""
    return Resource(
        "artifact",
        artifact.id,
        artifact.namespace,
        artifact.visibility,
        UNKNOWN_OWNER,
        artifact.state.value,
        f"{artifact.namespace}/{artifact.name}@{artifact.version}",
    )


def visible(hook: HookRelay, principal: Principal | None, resources: Sequence[Resource]) -> list[bool]:
    """Which of some resources somebody may see, in their order.

    Args:
        hook: The host's hooks.
        principal: Who looks; ``None`` for a program that asks for itself.
        resources: What there is.
    """
    if principal is None or not resources or is_unrestricted(principal):
        return [True] * len(resources)
    try:
        found: list[bool] = hook.access_visible(principal=principal, resources=list(resources))
    except ProviderConflictError:
        raise
    except ProviderMissingError:
        return [True] * len(resources)
    return found


def visible_artifacts(
    hook: HookRelay, principal: Principal | None, artifacts: Sequence[Artifact]
) -> list[Artifact]:
    """Those of some artifacts that somebody may see."""
    if is_unrestricted(principal):
        return list(artifacts)
    return list(compress(artifacts, visible(hook, principal, [resource_of(each) for each in artifacts])))
