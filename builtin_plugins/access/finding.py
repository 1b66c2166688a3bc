"""What a principal may find, as a filter in the query language of search.

A filter cannot say whose something is, nor what the access list of a namespace adds; those it leaves
out, never the other way round. Each hit is judged by itself, besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyperhost.contracts import AccessRequest, ArtifactState, Principal, PrincipalKind, Resource, Visibility

from .deciding import is_trusted
from .rules import Rule

if TYPE_CHECKING:
    from .deciding import Decider

__all__ = ["restriction"]

_READ: Final = "artifact:read"
_NOTHING: Final = "visibility=public visibility=private"
_PUBLIC: Final = "visibility=public"


def restriction(decider: Decider, principal: Principal, at_us: int) -> str:
    """The filter; empty for no restriction."""
    if is_trusted(principal):
        return ""
    if principal.kind is PrincipalKind.TOKEN:
        allowed = _allowed(decider, principal, "", at_us)
        return _PUBLIC if Visibility.PUBLIC in allowed else _NOTHING
    asked = AccessRequest(principal, "", _READ, Resource("artifact"), at_us)
    held = decider.held(asked)
    everywhere = _allowed(decider, principal, "", at_us)
    parts = [f"visibility={each.value}" for each in everywhere]
    for place in sorted({place for _, place in held if place}):
        if "*" not in place:
            here = _allowed(decider, principal, place, at_us)
            parts += [f"(namespace:{place} visibility={each.value})" for each in here]
    denied = [_denied(rule, place) for rule, place in decider.denials(held, _READ)]
    if not parts or "" in denied:
        return _NOTHING
    if len(everywhere) == len(Visibility) and not denied:
        return ""
    return " ".join([f"({' OR '.join(parts)})", *(f"-({each})" for each in denied)])


def _allowed(decider: Decider, principal: Principal, namespace: str, at_us: int) -> list[Visibility]:
    """Visibilities of which everything there may be read, whoever made it and in whatever state."""
    return [
        each
        for each in Visibility
        if all(
            decider.decide(
                AccessRequest(
                    principal,
                    "",
                    _READ,
                    Resource("artifact", namespace=namespace, visibility=each, owner="-", state=state.value),
                    at_us,
                )
            ).allowed
            for state in ArtifactState
        )
    ]


def _denied(rule: Rule, place: str) -> str:
    """What a rule denies at most, its other conditions left out; empty for everything."""
    parts = []
    places = [place] if place else rule.namespaces
    if places and not any("*" in each for each in places):
        parts.append(f"({' OR '.join(f'namespace:{each}' for each in places)})")
    if rule.visibility:
        parts.append(f"({' OR '.join(f'visibility={each.value}' for each in rule.visibility)})")
    return " ".join(parts)
