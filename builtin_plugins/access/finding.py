"""What a principal may find, as a filter in the query language of search.

Everything that a decision depends on holds from some namespace on downwards: roles, their rules, owners and
access lists. So what somebody may read is decided in each of these namespaces, and holds for whatever lies
there and not in a deeper one of them; nothing is asked for each artifact. What a filter cannot say is left
out, never the other way round: whose something public is, and limits of a token to some artifacts. Each hit
is judged by itself, besides.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import (
    AccessGrant,
    AccessPlace,
    AccessRequest,
    ArtifactState,
    Principal,
    PrincipalKind,
    Resource,
    Visibility,
)
from hyperhost.errors import RefusalError
from hyperhost.query import And, Everything, Exact, Node, Not, Or, both, owner_value, to_text

from .deciding import is_trusted
from .rules import Rule, covers, is_within

if TYPE_CHECKING:
    from .deciding import Decider, Second

__all__ = ["restriction"]

_READ: Final = "artifact:read"
_NOTHING: Final = And((Exact("visibility", "public"), Exact("visibility", "private")))
_NONE, _OWN, _ALL = 0, 1, 2
"""What of a visibility may be read: nothing, what is one's own, everything."""
_MOST: Final = 1_000
"""Namespaces that a filter names; of more, what lies in the rest is not found."""

_Levels = dict[Visibility, int]


def restriction(decider: Decider, principal: Principal, at_us: int) -> str:
    """The filter; empty for no restriction."""
    if is_trusted(principal):
        return ""
    now = decider.second(at_us)
    key = (principal.id, principal.kind, *principal.roles, *principal.attributes.items())
    if key not in now.restrictions:
        try:
            node = _Finder(decider, now, principal, at_us).node()
        except RefusalError:  # a token that does not hold any more
            node = _NOTHING
        now.restrictions[key] = to_text(node)
    return now.restrictions[key]


class _Finder:
    """Makes the filter of one principal.

    Args:
        decider: What decides.
        now: What is known now.
        principal: Who searches.
        at_us: When.

    Raises:
        RefusalError: a token does not hold.
    """

    def __init__(self, decider: Decider, now: Second, principal: Principal, at_us: int) -> None:
        self._decider, self._now, self._principal, self._at_us = decider, now, principal, at_us
        self._is_token = principal.kind is PrincipalKind.TOKEN or "capability" in principal.attributes
        self._who = decider.issuer(principal, now) if self._is_token else principal
        self._held: list[tuple[str, str]] = []
        self._entries: dict[str, list[AccessPlace]] = {}
        if not is_trusted(self._who):
            self._held = decider.held(self._request("", Visibility.PUBLIC, ""), now)
            whole = dataclasses.replace(self._who, roles=sorted({name for name, _ in self._held}))
            for each in decider.places(whole):
                if covers(each.allow, _READ) or covers(each.deny, _READ):
                    self._entries.setdefault(each.namespace, []).append(each)
        rules = [rule for name, _ in self._held for _, rule in decider.rules(name, now)]
        self._rules = [rule for rule in rules if covers(rule.permissions, _READ)]
        conditional = any(rule.states for rule in self._rules)
        self._states = list(ArtifactState) if conditional else [ArtifactState.PUBLISHED]

    def node(self) -> Node:
        """The filter."""
        scopes = self._principal.attributes.get("scopes")
        if not self._is_token and scopes is not None and not covers(scopes.split(), _READ):
            return _NOTHING
        denied = [_denied(rule, place) for rule, place in self._decider.denials(self._held, _READ)]
        if any(each is None for each in denied):
            return _NOTHING
        known: dict[str, _Levels] = {}
        more: list[Node] = []
        less: list[Node] = [each for each in denied if each is not None]
        for place in sorted(self._places(), key=lambda path: (path.count("."), path)):
            above = known[_nearest(place, known)] if known else dict.fromkeys(Visibility, _NONE)
            here = known[place] = self._levels(place)
            raised = {each: level for each, level in here.items() if level > above[each]}
            if raised and len(more) < _MOST:
                more.append(self._given(place, raised))
            less += (self._taken(place, each, level) for each, level in here.items() if level < above[each])
        if not more or len(less) > _MOST:
            return _NOTHING
        everything = set(known[""].values()) == {_ALL}
        return both(Everything() if everything else _any(more), _all([Not(each) for each in less]))

    def _places(self) -> set[str]:
        """Namespaces from which on something else may hold."""
        found = {place for _, place in self._held} | self._entries.keys()
        found |= {path for rule in self._rules if rule.effect == "allow" for path in rule.namespaces}
        if self._is_token and self._decider.tokens is not None:
            found.update(self._decider.tokens.namespaces(self._principal))
        return {"", *(each for each in found if "*" not in each)}

    def _levels(self, place: str) -> _Levels:
        """What of each visibility may be read in a namespace, in whatever state it is."""
        if self._is_token and self._objects(place):
            return dict.fromkeys(Visibility, _NONE)
        if is_trusted(self._who):
            return dict.fromkeys(Visibility, _ALL)
        grants = self._grants(place)
        found: _Levels = {}
        for visibility in Visibility:
            own, others = (self._may(place, visibility, owner, grants) for owner in (self._who.id, "-"))
            # An index does not know whose something public is.
            is_own = own and visibility is not Visibility.PUBLIC
            found[visibility] = _ALL if own and others else _OWN if is_own else _NONE
        return found

    def _grants(self, place: str) -> list[AccessGrant]:
        """What other plugins add in a namespace."""
        if not self._entries:
            return []
        who = {f"role:{name}" for name, where in self._held if not where or is_within(place, where)}
        who.add(self._who.id)
        return [
            AccessGrant(each.namespace, each.allow, each.deny)
            for path in _upwards(place)
            for each in self._entries.get(path, ())
            if each.principal in who
        ]

    def _may(self, place: str, visibility: Visibility, owner: str, grants: list[AccessGrant]) -> bool:
        for state in self._states:
            asked = self._request(place, visibility, owner, state)
            verdict = self._decider.verdict(asked, self._held, grants, self._now)
            if verdict is None or not verdict[0]:
                return False
        return True

    def _objects(self, place: str) -> bool:
        """Whether the token forbids it."""
        tokens = self._decider.tokens
        asked = self._request(place, Visibility.PUBLIC, "")
        return tokens is None or bool(tokens.objection(dataclasses.replace(asked, principal=self._principal)))

    def _request(
        self,
        place: str,
        visibility: Visibility,
        owner: str,
        state: ArtifactState = ArtifactState.PUBLISHED,
    ) -> AccessRequest:
        resource = Resource(
            "artifact", namespace=place, visibility=visibility, owner=owner, state=state.value
        )
        return AccessRequest(self._who, "", _READ, resource, self._at_us)

    def _given(self, place: str, raised: _Levels) -> Node:
        """What may be found in a namespace, and not already above it."""
        if set(raised.items()) == {(each, _ALL) for each in Visibility}:
            return _in(place)
        return both(_in(place), _any([self._kind(*each) for each in raised.items()]))

    def _taken(self, place: str, visibility: Visibility, level: int) -> Node:
        """What must not be found in a namespace, though it may above it."""
        found = both(_in(place), Exact("visibility", visibility.value))
        return both(found, Not(self._mine())) if level == _OWN else found

    def _kind(self, visibility: Visibility, level: int) -> Node:
        found = Exact("visibility", visibility.value)
        return both(found, self._mine()) if level == _OWN else found

    def _mine(self) -> Node:
        return Exact("owner", owner_value(self._who.id))


def _nearest(place: str, known: dict[str, _Levels]) -> str:
    """The namespace above one, of those that are known; the empty path is above all."""
    return next(each for each in _upwards(place.rpartition(".")[0]) if each in known)


def _upwards(place: str) -> Iterator[str]:
    """A namespace and all above it, the empty path last."""
    while place:
        yield place
        place = place.rpartition(".")[0]
    yield ""


def _denied(rule: Rule, place: str) -> Node | None:
    """What a rule denies at most, its other conditions left out; ``None`` for everything."""
    found: Node = Everything()
    places = [place] if place else rule.namespaces
    if places and not any("*" in each for each in places):
        found = _any([_in(each) for each in places])
    if rule.visibility:
        found = both(found, _any([Exact("visibility", each.value) for each in rule.visibility]))
    return None if isinstance(found, Everything) else found


def _in(place: str) -> Node:
    """What lies in a namespace or below it."""
    return Exact("namespace", place) if place else Everything()


def _any(nodes: Sequence[Node]) -> Node:
    parts = list(_flat(nodes))
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _flat(nodes: Sequence[Node]) -> Iterator[Node]:
    for each in nodes:
        yield from each.items if isinstance(each, Or) else (each,)


def _all(nodes: Sequence[Node]) -> Node:
    found: Node = Everything()
    for each in nodes:
        found = both(found, each)
    return found
