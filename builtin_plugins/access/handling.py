"""Operations on capability tokens."""

from __future__ import annotations

import dataclasses
import os
import time
import uuid
from dataclasses import dataclass, field
from typing import Final

from hyperhost.contracts import AccessRequest, Credential, CredentialKind, PrincipalKind, Resource
from hyperhost.contracts.moments import moment_text
from hyperhost.errors import RefusalError
from hyperhost.offering import invalid, missing, operation

from .deciding import is_trusted
from .desk import Desk
from .narrowing import PERMISSION, Narrowed
from .store import Issued
from .tokens import EXPIRES, LONGEST_US, Held, attenuate

__all__ = ["Checked", "ShownToken"]

_DEPTH: Final = 16


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just issued.

    Attributes:
        token: The token. It is shown this once.
        id: Its id, to revoke it by.
        key: The public key that narrowing it down takes.
        expires_at_us: Until when it holds; ``None`` is for good.
    """

    token: str
    id: str
    key: str
    expires_at_us: int | None = None


@dataclass(frozen=True, slots=True)
class ShownToken:
    """What a token says.

    Attributes:
        id: Its id.
        issuer: In whose place it acts.
        subject: Whom it was made for.
        audience: Whom it has to be shown to; empty is anybody.
        not_before_us: From when on it holds; ``None`` is from the beginning.
        expires_at_us: Until when; ``None`` is for good.
        narrowed: How often it was narrowed down.
        blocks: What each of its blocks says, the registry's first.
        revocation_ids: Of each block, to revoke it and all that was made from it.
        revoked: It, or one that it was made from, was revoked.
    """

    id: str
    issuer: str
    subject: str
    audience: str
    not_before_us: int | None
    expires_at_us: int | None
    narrowed: int
    blocks: list[str] = field(default_factory=list)
    revocation_ids: list[str] = field(default_factory=list)
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a token allows something.

    Attributes:
        allowed: It does.
        reason: Why not; empty when it does.
    """

    allowed: bool
    reason: str = ""


@operation(group="access", permission="token:own", changes=True)
def token_create(desk: Desk, limits: Narrowed, subject: str = "", depth: int = 0) -> NewToken:
    """Issue a token that may do, in your place, a part of what you may do."""
    principal = desk.principal
    if principal.kind is PrincipalKind.TOKEN:
        raise RefusalError(
            "a token does not issue tokens", "denied:token/own:token", hint="narrow it down: token_attenuate"
        )
    if principal.kind is PrincipalKind.API_KEY:  # the token would outlast the key, and its scopes
        raise RefusalError(
            "an API key does not issue tokens", "denied:token/own:api-key", hint="log in: hyperhost login"
        )
    if not limits.allow:
        raise invalid("limits.allow", "missing", "a token is for something", "as in 'artifact:read'")
    if not all(PERMISSION.fullmatch(each) for each in limits.allow):
        raise invalid("limits.allow", "permission", "one of them is no permission", "as in 'artifact:read'")
    if not 0 <= depth <= _DEPTH:
        raise invalid("depth", "range", f"{depth} is no depth", f"0 to {_DEPTH}")
    if limits.expires_at_us is not None and limits.expires_at_us <= desk.at_us:
        raise invalid("limits.expires_at_us", "past", "that moment has passed", "choose a later one")
    limits = dataclasses.replace(limits, expires_at_us=_end(desk, limits.expires_at_us))
    if len(subject) > 200 or not subject.isprintable():
        raise invalid("subject", "form", "it is too long or not printable", "200 characters at most")
    issued = Issued(
        _uuid7(),
        principal.id,
        principal.name,
        list(principal.roles),
        subject,
        limits.allow,
        desk.at_us,
        limits.expires_at_us,
    )
    desk.about(f"token:{issued.id}", allow=limits.allow, subject=subject, depth=depth)
    text = desk.tokens.issue(issued, dataclasses.replace(limits, allow=[]), depth)
    desk.store.put_issued(issued)
    return NewToken(text, issued.id, desk.tokens.public_key, limits.expires_at_us)


def _end(desk: Desk, wanted: int | None) -> int | None:
    """Until when a new token holds: no longer than what its issuer has shown, unless the home is theirs.

    Raises:
        RefusalError: ``invalid:limits.expires_at_us:range``: it would.
    """
    if is_trusted(desk.principal):
        return wanted
    shown = desk.principal.attributes.get(EXPIRES, "")
    last = int(shown) if shown.isascii() and shown.isdecimal() else desk.at_us + LONGEST_US
    end = last if wanted is None else wanted
    if desk.at_us < end <= last:
        return end
    raise invalid(
        "limits.expires_at_us",
        "range",
        f"the token would outlive what {desk.principal.id} has logged in with",
        f"until {moment_text(last)} at most; for longer the owner of the home issues one, or use an API key",
    )


@operation(group="access", permission="")
def token_attenuate(desk: Desk, token: str, limits: Narrowed, depth: int | None = None, key: str = "") -> str:
    """Narrow a token down; what it allows after that is never more than before. Asks no registry."""
    if depth is not None and not 0 <= depth <= _DEPTH:
        raise invalid("depth", "range", f"{depth} is no depth", f"0 to {_DEPTH}")
    return attenuate(token, key or desk.tokens.public_key, limits, depth)


@operation(group="access", permission="")
def token_show(desk: Desk, token: str) -> ShownToken:
    """Show what a token says, and whether it was revoked. Whoever has it may."""
    held = desk.tokens.read(token)
    return ShownToken(
        held.id,
        held.issuer,
        held.subject,
        held.audience,
        held.not_before_us or None,
        held.expires_at_us,
        held.blocks,
        [held.token.block_source(index).strip() for index in range(held.blocks + 1)],
        held.revocation_ids,
        desk.tokens.revoked(held),
    )


@operation(group="access", permission="")
def token_key(desk: Desk) -> str:
    """The public key of this registry's tokens."""
    return desk.tokens.public_key


@operation(group="access", permission="token:own")
def token_list(desk: Desk) -> list[Issued]:
    """List tokens that were issued: your own, or all when you may manage tokens."""
    everything = desk.may("token:manage")
    return [each for each in desk.store.all_issued() if everything or each.issuer == desk.principal.id]


@operation(group="access", permission="token:own", changes=True)
def token_revoke(desk: Desk, id: str = "", token: str = "") -> list[str]:  # noqa: A002 - the field's word
    """Revoke a token by its id, or a narrowed one by showing it, with all that was made from it."""
    if bool(id) == bool(token):
        raise invalid("id", "either", "give an id, or a token", "one of them")
    held: Held | None = desk.tokens.read(token) if token else None
    issued = desk.store.issued(held.id if held is not None else id[:80])
    own = issued is not None and issued.issuer == desk.principal.id
    if issued is None or not (own or held is not None or desk.may("token:manage")):
        raise missing("token", f"there is no token {id[:80]}", "see yours with: hyperhost token list")
    desk.about(f"token:{issued.id}")
    if held is not None and held.blocks:
        last = held.revocation_ids[-1]
        desk.store.revoke(last, desk.principal.id, desk.at_us)
        return [last]
    if issued.revoked_at_us is None:
        desk.store.put_issued(dataclasses.replace(issued, revoked_at_us=desk.at_us))
    return [issued.id]


@operation(group="access", permission="")
def token_check(
    desk: Desk,
    token: str,
    permission: str,
    artifact: str = "",
    namespace: str = "",
    audience: str = "",
    ip: str = "",
) -> Checked:
    """Say whether a token would allow something here and now, and if not, why."""
    if not PERMISSION.fullmatch(permission):
        raise invalid("permission", "permission", f"{permission[:80]!r} is no permission")
    shown = Credential(CredentialKind.CAPABILITY, token, "", audience)
    try:
        principal = desk.tokens.authenticate(shown)
    except RefusalError as refusal:
        return Checked(False, refusal.reason)
    if ip:
        principal = dataclasses.replace(principal, attributes={**principal.attributes, "ip": ip})
    resource = Resource(permission.partition(":")[0], namespace=namespace)
    if artifact:
        found = desk.resource("artifact", artifact, principal)
        resource = found if found is not None else resource
    decision = desk.decider.decide(AccessRequest(principal, "", permission, resource, desk.at_us))
    return Checked(decision.allowed, decision.reason)


def _uuid7() -> str:
    milliseconds, random = time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big")
    number = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    return str(uuid.UUID(int=number | 0b10 << 62 | random & (1 << 62) - 1))
