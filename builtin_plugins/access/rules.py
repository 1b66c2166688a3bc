"""Rules: what a role allows or denies, and under which conditions.

A condition that cannot be judged, as one on an address that nobody saw, never allows and always denies.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Final, Literal

from hyperhost.contracts import AccessRequest, Visibility

__all__ = ["UNKNOWN_OWNER", "Fit", "Rule", "covers", "fits", "is_within"]

UNKNOWN_OWNER: Final = "?"
"""Owner of a resource whose owner was not looked up yet."""
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Rule:
    """What is allowed or denied. What is empty or ``None`` does not restrict.

    Attributes:
        permissions: ``KIND:ACTION``, ``KIND:*`` or ``*``.
        effect: Whether it allows or denies; what one rule denies, no other allows.
        namespaces: Paths; each stands for itself and all below it. ``*`` is any one label.
        visibility: Of the resource.
        owner: ``self``, ``none`` or ``other``: whose the resource is.
        states: Of the resource, as in ``draft``.
        ip: Addresses and networks (CIDR) that the request comes from.
        user_agent: What the name of the program that asks begins with.
        hours: ``HH:MM-HH:MM`` in UTC; the end belongs to it no more, and it may go past midnight.
        days: ``mon`` to ``sun``, in UTC.
        not_before_us: From when on.
        expires_at_us: Until when.
    """

    permissions: list[str]
    effect: Literal["allow", "deny"] = "allow"
    namespaces: list[str] = field(default_factory=list)
    visibility: list[Visibility] = field(default_factory=list)
    owner: list[Literal["self", "none", "other"]] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    ip: list[str] = field(default_factory=list)
    user_agent: list[str] = field(default_factory=list)
    hours: str = ""
    days: list[str] = field(default_factory=list)
    not_before_us: int | None = None
    expires_at_us: int | None = None


class Fit(Enum):
    """Whether the conditions of a rule hold."""

    YES = 1
    NO = 2
    UNKNOWN = 3
    """It cannot be judged: deny, and do not allow."""
    OWNER = 4
    """It depends on the owner, who was not looked up yet."""


def covers(permissions: list[str], wanted: str) -> bool:
    """Whether one of the permissions is the wanted one, or stands for it."""
    return wanted in permissions or "*" in permissions or f"{wanted.partition(':')[0]}:*" in permissions


def is_within(path: str, pattern: str) -> bool:
    """Whether a namespace is the one of a pattern or lies below it, label by label."""
    if not path:
        return False
    have, want = path.split("."), pattern.split(".")
    return len(have) >= len(want) and all(
        label in ("*", found) for label, found in zip(want, have, strict=False)
    )


def fits(rule: Rule, request: AccessRequest) -> Fit:
    """Whether the conditions of a rule hold.

    Args:
        rule: The rule; that it is about the permission was seen already.
        request: What is asked.
    """
    resource, seen = request.resource, request.principal.attributes
    if rule.namespaces and not any(is_within(resource.namespace, each) for each in rule.namespaces):
        return Fit.NO
    if rule.visibility and resource.visibility not in rule.visibility:
        return Fit.NO
    if rule.states and resource.state not in rule.states:
        return Fit.NO
    if not _in_time(rule, request.at_us):
        return Fit.NO
    for wanted, name, judge in ((rule.ip, "ip", _in_networks), (rule.user_agent, "user_agent", _begins)):
        if wanted:
            found = judge(seen.get(name, ""), wanted)
            if found is not Fit.YES:
                return found
    if rule.owner:
        if resource.owner == UNKNOWN_OWNER:
            return Fit.OWNER
        whose = (
            "none" if not resource.owner else "self" if resource.owner == request.principal.id else "other"
        )
        return Fit.YES if whose in rule.owner else Fit.NO
    return Fit.YES


def _in_time(rule: Rule, at_us: int) -> bool:
    if rule.not_before_us is not None and at_us < rule.not_before_us:
        return False
    if rule.expires_at_us is not None and at_us >= rule.expires_at_us:
        return False
    if not rule.hours and not rule.days:
        return True
    now = datetime.fromtimestamp(at_us // 1_000_000, UTC)
    if rule.days and _DAYS[now.weekday()] not in rule.days:
        return False
    if not rule.hours:
        return True
    start, _, end = rule.hours.partition("-")
    clock = f"{now:%H:%M}"
    return start <= clock < end if start <= end else clock >= start or clock < end


def _in_networks(text: str, networks: list[str]) -> Fit:
    """An address among networks; one that is written as IPv4 inside of IPv6 is the IPv4 one."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return Fit.UNKNOWN
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    found = any(address in ipaddress.ip_network(each, strict=False) for each in networks)
    return Fit.YES if found else Fit.NO


def _begins(text: str, beginnings: list[str]) -> Fit:
    if not text:
        return Fit.UNKNOWN
    return Fit.YES if text.startswith(tuple(beginnings)) else Fit.NO
