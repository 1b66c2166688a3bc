"""The decision: one place that knows roles, what other plugins add, ownership and tokens.

An answer is kept for the second in which it was given. So is what it was made from, and a change by
this process is known at once, one by another process after a second at most.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import (
    AccessDecision,
    AccessGrant,
    AccessPlace,
    AccessRequest,
    Principal,
    PrincipalKind,
    Resource,
)
from hyperhost.errors import RefusalError

from .roles import BUILT_IN, Role, rules_of
from .rules import UNKNOWN_OWNER, Fit, Rule, covers, fits, is_within
from .store import Assignment, Store
from .words import refused

if TYPE_CHECKING:
    from pluggy import HookRelay

    import hyperhost

    from .tokens import Tokens

__all__ = ["LOCAL_OWNER", "Decider", "Second", "is_trusted"]

LOCAL_OWNER: Final = "local:owner"
_CREATES: Final = ("artifact:create", "namespace:create")
_KEPT: Final = 10_000
_ALLOWED_OWNER: Final = AccessDecision(True, "the home is theirs", LOCAL_OWNER)
_TOKEN: Final = "token:"  # noqa: S105 - the beginning of ids, no secret


def is_trusted(principal: Principal) -> bool:
    """Whether it is the owner of the home, who could change every file of it, or the registry itself.

    Nobody who shows a credential is one of them; the kernel sees to that.
    """
    if principal.kind is PrincipalKind.SYSTEM:
        return True
    return principal.id == LOCAL_OWNER and principal.kind is PrincipalKind.USER


@dataclass
class Second:
    """What is known in one second."""

    number: int
    roles: dict[str, Role] | None = None
    assigned: dict[str, list[Assignment]] = field(default_factory=dict)
    rules: dict[str, list[tuple[str, Rule]]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    issuers: dict[Any, Principal] = field(default_factory=dict)
    restrictions: dict[Any, str] = field(default_factory=dict)
    answers: dict[Any, AccessDecision | None] = field(default_factory=dict)


class Decider:
    """Decides. Any number of threads may use one.

    Args:
        hook: The host's hooks.
        trusted: Those of native plugins only: a component cannot say what somebody was granted.
        clock: Microseconds since 1970.
    """

    def __init__(self, hook: HookRelay, trusted: hyperhost.TrustedHooks, clock: Callable[[], int]) -> None:
        self.store = Store(hook)
        self.tokens: Tokens | None = None
        self._trusted = trusted
        self._clock = clock
        self._second = Second(0)

    def forget(self) -> None:
        """Read everything anew when it is next needed."""
        self._second = Second(0)

    def decide(self, request: AccessRequest) -> AccessDecision:
        """See ``access_decide``."""
        principal = request.principal
        if is_trusted(principal):
            return _ALLOWED_OWNER
        at_us = request.at_us or self._clock()
        now = self.second(at_us)
        resource, seen = request.resource, principal.attributes
        key = (
            principal.id,
            request.permission,
            resource.kind,
            resource.namespace,
            resource.owner,
            resource.visibility,
            resource.state,
            resource.name if resource.owner == UNKNOWN_OWNER or "capability" in seen else "",
            resource.id if "capability" in seen else "",
            principal.kind,
            tuple(principal.roles),
            tuple(seen.items()) if seen else (),
        )
        known = now.answers.get(key)
        if known is None:
            if request.at_us != at_us:
                request = dataclasses.replace(request, at_us=at_us)
            known = now.answers[key] = self._decided(request, now)
        return known

    def visible(self, principal: Principal, resources: list[Resource]) -> list[bool]:
        """See ``access_visible``."""
        if is_trusted(principal):
            return [True] * len(resources)
        at_us = self._clock()
        return [
            self.decide(AccessRequest(principal, "", f"{each.kind}:read", each, at_us)).allowed
            for each in resources
        ]

    def second(self, at_us: int) -> Second:
        """What is known in the second of a moment."""
        now = self._second
        if now.number != at_us // 1_000_000 or len(now.answers) > _KEPT:
            now = self._second = Second(at_us // 1_000_000)
        return now

    def issuer(self, principal: Principal, now: Second) -> Principal:
        """In whose place a token acts.

        Raises:
            RefusalError: it does not hold, or neither do they.
        """
        assert self.tokens is not None  # they were asked who shows it
        shown = (principal.id, *principal.attributes.items())
        if shown not in now.issuers:
            now.issuers[shown] = self.tokens.issuer(principal)
        return now.issuers[shown]

    def places(self, principal: Principal) -> list[AccessPlace]:
        """Where other plugins add something for somebody; see ``access_places``."""
        return [each for answer in self._trusted.access_places(principal=principal) for each in answer]

    def roles(self) -> dict[str, Role]:
        """All roles by name."""
        now = self._second
        if now.roles is None:
            now.roles = self.store.roles()
        return now.roles

    def _decided(self, request: AccessRequest, now: Second) -> AccessDecision:
        principal = request.principal
        if principal.kind is PrincipalKind.TOKEN or "capability" in principal.attributes:
            return self._by_token(request, now)
        scopes = principal.attributes.get("scopes")  # of an API key: it takes away, and gives nothing
        if scopes is not None and not covers(scopes.split(), request.permission):
            return refused(request, [], f"the API key is limited to {scopes}")
        return self._by_roles(request, now)

    def _by_token(self, request: AccessRequest, now: Second) -> AccessDecision:
        """A token can do what both its issuer and the token may do, and nothing else."""
        if self.tokens is None:
            return refused(request, [], "tokens are not known here")
        issuer: Principal | None = None
        try:
            issuer = self.issuer(request.principal, now)
            why = self.tokens.objection(request)
        except RefusalError as refusal:
            why = refusal.reason
        if why or issuer is None:
            return refused(request, [], why)
        if not is_trusted(issuer):
            first = self._by_roles(dataclasses.replace(request, principal=issuer), now)
            if not first.allowed:
                return refused(request, [], f"{issuer.id}, who issued the token, may not: {first.reason}")
        return AccessDecision(True, "", request.principal.id)

    def _by_roles(self, request: AccessRequest, now: Second) -> AccessDecision:
        grants = self._grants(request, now)
        roles = self.held(request, now)
        roles += [(name, "") for grant in grants for name in grant.roles]
        verdict = self.verdict(request, roles, grants, now)
        if verdict is None:
            owner = self._owner(request.resource, now)
            request = dataclasses.replace(
                request, resource=dataclasses.replace(request.resource, owner=owner)
            )
            verdict = self.verdict(request, roles, grants, now)
        assert verdict is not None  # with a known owner every rule can be judged
        allowed, by = verdict
        if allowed:
            return AccessDecision(True, "", by)
        if by:
            return refused(request, [], f"{by} forbids it")
        return refused(request, self._enough(request, now))

    def held(self, request: AccessRequest, now: Second | None = None) -> list[tuple[str, str]]:
        """Roles of a principal, each with the namespace in which it has it, empty for everywhere."""
        now = now or self._second
        principal = request.principal
        if principal.id not in now.assigned:
            now.assigned[principal.id] = self.store.assigned(principal.id)
        found = [(name, "") for name in principal.roles]
        return found + [
            (each.role, each.namespace)
            for each in now.assigned[principal.id]
            if each.expires_at_us is None or request.at_us < each.expires_at_us
        ]

    def denials(self, held: list[tuple[str, str]], permission: str) -> list[tuple[Rule, str]]:
        """Rules of some roles that deny something, each with the namespace in which the role is held."""
        now = self._second
        return [
            (rule, place)
            for name, place in held
            for _, rule in self.rules(name, now)
            if rule.effect == "deny" and covers(rule.permissions, permission)
        ]

    def _grants(self, request: AccessRequest, now: Second) -> list[AccessGrant]:
        """What other plugins add, given the roles that count here."""
        path = request.resource.namespace
        names = [name for name, place in self.held(request, now) if not place or is_within(path, place)]
        whole = dataclasses.replace(request.principal, roles=sorted(set(names)))
        answers = self._trusted.access_grants(principal=whole, resource=request.resource)
        return [grant for answer in answers for grant in answer]

    def verdict(
        self, request: AccessRequest, roles: list[tuple[str, str]], grants: list[AccessGrant], now: Second
    ) -> tuple[bool, str] | None:
        """Whether it is allowed, and by what; ``None`` when that depends on an owner who is not known yet."""
        allowed, may_allow, may_deny = "", False, False
        for grant in grants:
            if covers(grant.deny, request.permission):
                return False, grant.by
            if covers(grant.allow, request.permission):
                allowed = allowed or grant.by
        for name, place in roles:
            if place and not is_within(request.resource.namespace, place):
                continue
            for _, rule in self.rules(name, now):
                if not covers(rule.permissions, request.permission):
                    continue
                fit = fits(rule, request)
                if rule.effect == "deny":
                    if fit in (Fit.YES, Fit.UNKNOWN):
                        return False, f"role:{name}"
                    may_deny = may_deny or fit is Fit.OWNER
                elif fit is Fit.YES:
                    allowed = allowed or f"role:{name}"
                else:
                    may_allow = may_allow or fit is Fit.OWNER
        if may_deny or (may_allow and not allowed):
            return None
        return bool(allowed), allowed

    def rules(self, name: str, now: Second) -> list[tuple[str, Rule]]:
        """All rules of a role, each with the role that it is written in."""
        if name not in now.rules:
            if now.roles is None:
                now.roles = self.store.roles()
            now.rules[name] = rules_of(name, now.roles)
        return now.rules[name]

    def _owner(self, resource: Resource, now: Second) -> str:
        """The owner of a resource; what a token made belongs to who issued it."""
        if resource.owner != UNKNOWN_OWNER:
            return self.behind(resource.owner)
        if resource.name not in now.owners:
            found: Resource | None = self._trusted.access_resource(
                principal=Principal(LOCAL_OWNER), kind=f"{resource.kind}-owner", reference=resource.name
            )
            now.owners[resource.name] = self.behind(found.owner if found is not None else "")
        return now.owners[resource.name]

    def behind(self, owner: str) -> str:
        """Who owns what an id made: for what a token made, who issued that."""
        if not owner.startswith(_TOKEN):
            return owner
        issued = self.store.issued(owner.removeprefix(_TOKEN))
        return issued.issuer if issued is not None else owner

    def _enough(self, request: AccessRequest, now: Second) -> list[str]:
        """Roles that would be enough, the one with the least first.

        For what is to be created it is said as if nothing were there: the answer goes to those who may not
        see what is.
        """
        if request.permission in _CREATES:
            bare = Resource(request.resource.kind, namespace=request.resource.namespace)
            request = dataclasses.replace(request, resource=bare)
        return [name for name in BUILT_IN if (self.verdict(request, [(name, "")], [], now) or (False,))[0]]
