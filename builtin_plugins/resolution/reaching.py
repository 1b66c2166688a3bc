"""Which registries somebody may have asked: a request names them, and the host asks with its own rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyperhost.contracts import AccessDecision, AccessRequest, Principal, ResolutionRequest, Resource
from hyperhost.errors import ProviderConflictError, ProviderMissingError, RefusalError
from hyperhost.offering import is_unrestricted

from .indexfile import PREFIX
from .places import LOCAL, named

if TYPE_CHECKING:
    from pluggy import HookRelay

    from .rules import Settings

__all__ = ["check_sources"]

_READ: Final = "artifact:read"


def check_sources(hook: HookRelay, request: ResolutionRequest, settings: Settings) -> None:
    """Return if whoever asks may have the registries asked that a request names.

    Everybody may have those asked that the configuration names, and the local one. Files are read for the
    owner of the home only. What else there is, plugins read with rights of the host, so it takes somebody
    who may read everything here.

    Raises:
        RefusalError: ``denied:…``: they may not.
    """
    principal = request.principal
    if principal is None or is_unrestricted(principal):
        return
    named_here = {*request.sources, *request.pins.values()}
    named_here.update(root.registry for root in request.roots if root.registry is not None)
    others = sorted(named_here - {LOCAL, *settings.sources, *settings.pins.values()})
    if not others:
        return
    if any(each.startswith(PREFIX) for each in others) or not _reads_everything(hook, principal):
        first = next((each for each in others if each.startswith(PREFIX)), others[0])
        raise RefusalError(
            f"{principal.id} may not have {named(first)[:200]} asked",
            "denied:artifact/read:source",
            hint="the owner of the home can name it in [plugins.resolution.config], as one of the sources",
        )


def _reads_everything(hook: HookRelay, principal: Principal) -> bool:
    asked = AccessRequest(principal, "", _READ, Resource("registry"))
    try:
        decision: AccessDecision = hook.access_decide(request=asked)
    except ProviderConflictError:
        raise
    except ProviderMissingError:
        return True
    return decision.allowed
