"""Whether somebody may hand out, or take away, what a rule is about: only what they have themselves.

To decide about a request is another question: there a rule counts that holds now. What is handed out holds
later and for others, so here a rule counts only if it gives at least as much, under no other conditions and
for as long, and anything that takes a part of it away, whenever and wherever, forbids the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import AccessRequest, Principal, PrincipalKind, Resource
from hyperhost.errors import RefusalError

from .deciding import is_trusted
from .roles import Role, rules_of
from .rules import Rule, covers, is_within

if TYPE_CHECKING:
    from .desk import Desk

__all__ = ["behind", "check_passing", "check_takes_away"]

_LISTS: Final = ("visibility", "owner", "states", "ip", "user_agent", "days")


def behind(desk: Desk) -> Principal:
    """Who asks; for a token whoever issued it."""
    principal = desk.principal
    if principal.kind is not PrincipalKind.TOKEN and "capability" not in principal.attributes:
        return principal
    return desk.decider.issuer(principal, desk.decider.second(desk.at_us))


def check_passing(desk: Desk, role: Role, namespace: str = "", until_us: int | None = None) -> None:
    """Whether all that a role allows, and all that it denies, is the asker's to hand out or to take away.

    Args:
        desk: The call.
        role: The role, which need not be kept.
        namespace: Where it would be held; empty for everywhere.
        until_us: Until when; ``None`` for ever.

    Raises:
        RefusalError: ``denied:role/assign:escalation``: something is not.
    """
    known = {**desk.decider.roles(), role.name: role}
    _check(desk, [rule for _, rule in rules_of(role.name, known)], namespace, until_us)


def check_takes_away(desk: Desk, before: Role, after: Role) -> None:
    """Whether a role may be replaced: what it allowed is taken from somebody, what it denied is given.

    Raises:
        RefusalError: as :func:`check_passing`.
    """
    known = desk.decider.roles()
    old = [rule for _, rule in rules_of(before.name, {**known, before.name: before})]
    new = [rule for _, rule in rules_of(after.name, {**known, after.name: after})]
    changed = [rule for rule in old if rule not in new] + [rule for rule in new if rule not in old]
    _check(desk, changed, "", None)


def _check(desk: Desk, rules: Iterable[Rule], namespace: str, until_us: int | None) -> None:
    if is_trusted(desk.principal):
        return
    principal = behind(desk)
    has = None if is_trusted(principal) else _Holdings(desk, principal)
    for rule in rules:
        places = [namespace] if namespace else rule.namespaces or [""]
        for permission in rule.permissions:
            if not all(
                (has is None or has.enough(rule, permission, place, until_us))
                and _asker_may(desk, permission, place)
                for place in places
            ):
                what = permission if rule.effect == "allow" else f"or lift a denial of {permission}"
                raise RefusalError(
                    f"{desk.principal.id} cannot hand out {what}, as they do not have it themselves",
                    "denied:role/assign:escalation",
                    hint="an administrator can",
                )


def _asker_may(desk: Desk, permission: str, place: str) -> bool:
    """What was shown, a token or a key with scopes, reaches as far; what is behind it is judged apart."""
    if desk.principal.kind is PrincipalKind.USER and "capability" not in desk.principal.attributes:
        return True
    return desk.may(permission, place)


class _Holdings:
    """What somebody has, as rules and not for one request."""

    def __init__(self, desk: Desk, principal: Principal) -> None:
        now = desk.decider.second(desk.at_us)
        here = AccessRequest(principal, "", "", Resource("registry"), desk.at_us)
        until: dict[tuple[str, str], int | None] = {
            (each.role, each.namespace): each.expires_at_us for each in desk.store.assigned(principal.id)
        }
        held = [(name, place, until.get((name, place))) for name, place in desk.decider.held(here, now)]
        login = set(principal.roles)
        self._rules = [
            (rule, place, None if not place and name in login else end)
            for name, place, end in held
            for _, rule in desk.decider.rules(name, now)
        ]
        roles = sorted({name for name, _, _ in held})
        whole = Principal(principal.id, principal.kind, principal.name, roles, principal.attributes)
        self._places = desk.decider.places(whole)

    def enough(self, given: Rule, permission: str, place: str, until_us: int | None) -> bool:
        """Whether one rule gives all of it, and none takes a part of it away."""
        if any(self._takes(permission, place)):
            return False
        return any(self._gives(given, permission, place, until_us))

    def _gives(self, given: Rule, permission: str, place: str, until_us: int | None) -> Iterator[bool]:
        for rule, where, end in self._rules:
            if rule.effect != "allow" or not _covers(rule.permissions, permission):
                continue
            lasts = end is None or (until_us is not None and until_us <= end)
            inside = (not where or _inside(place, [where])) and _inside(place, rule.namespaces)
            yield lasts and inside and _is_narrower(given, rule, until_us)
        for each in self._places:
            yield bool(place) and is_within(place, each.namespace) and _covers(each.allow, permission)

    def _takes(self, permission: str, place: str) -> Iterator[bool]:
        for rule, where, _ in self._rules:
            if rule.effect == "deny" and _overlaps(rule.permissions, permission):
                yield all(_meet(place, paths) for paths in ([where] if where else [], rule.namespaces))
        for each in self._places:
            yield _overlaps(each.deny, permission) and _meet(place, [each.namespace])


def _covers(permissions: Sequence[str], wanted: str) -> bool:
    """Whether all of the wanted permission, which may stand for several, is among them."""
    return "*" in permissions or (wanted != "*" and covers(list(permissions), wanted))


def _overlaps(permissions: Sequence[str], wanted: str) -> bool:
    """Whether any of them is a part of the wanted permission, or the other way round."""
    if wanted == "*":
        return bool(permissions)
    kind, _, action = wanted.partition(":")
    return covers(list(permissions), wanted) or (
        action == "*" and any(each.partition(":")[0] == kind for each in permissions)
    )


def _inside(place: str, paths: Sequence[str]) -> bool:
    """Whether a place lies in one of some paths; no paths are everywhere."""
    return not paths or any(is_within(place, path) for path in paths)


def _meet(place: str, paths: Sequence[str]) -> bool:
    """Whether any of some paths and a place have anything in common."""
    return not place or not paths or any(is_within(place, path) or is_within(path, place) for path in paths)


def _is_narrower(given: Rule, held: Rule, until_us: int | None) -> bool:
    """Whether the conditions of a rule let through no more than those of another."""
    for name in _LISTS:
        most, some = getattr(held, name), getattr(given, name)
        if most and not (some and set(some) <= set(most)):
            return False
    if held.hours and given.hours != held.hours:
        return False
    if held.not_before_us is not None and (given.not_before_us or 0) < held.not_before_us:
        return False
    if held.expires_at_us is None:
        return True
    ends = [end for end in (given.expires_at_us, until_us) if end is not None]
    return bool(ends) and min(ends) <= held.expires_at_us
