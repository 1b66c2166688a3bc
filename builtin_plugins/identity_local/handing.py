"""Operations on API keys and sessions, and on who one is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from hyperhost.contracts import (
    S64,
    CredentialKind,
    Principal,
    PrincipalKind,
    Resource,
)
from hyperhost.offering import invalid, missing, operation, over_quota

from .desk import about, in_person
from .issued import SCOPES
from .records import Issued
from .refusals import denied, unauthenticated
from .standing import assigned, check_standing, is_trusted
from .work import Work

__all__ = ["ApiKey", "Identity", "NewApiKey", "NewSession", "Session"]

_PERMISSION: Final = re.compile(r"\*|[a-z][a-z-]*:(?:\*|[a-z][a-z-]*)", re.ASCII)
_SCOPES_MAX: Final = 64
_NAME_MAX: Final = 100
_KEYS_MAX: Final = 100
_DAY_US: Final = 86_400 * 1_000_000
_RULE: Final = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is.

    Attributes:
        id: Of the principal.
        kind: What kind of party.
        name: For a person.
        roles: Roles, sorted; one in a namespace only is written ``role@namespace``.
        by: What they were let in by: ``owner``, ``session``, ``api-key``, ``token``, ``password``,
            ``oidc`` or ``jwt``.
        scopes: Permissions that they are limited to; empty when they are not.
    """

    id: str
    kind: PrincipalKind
    name: str
    roles: list[str]
    by: str
    scopes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key; never its secret.

    Attributes:
        id: Its id.
        principal: Whom it stands for.
        name: What it is for.
        scopes: Permissions that it is limited to; empty when it is not.
        state: ``active``, or why it does not hold.
        created_at_us: When it was made.
        expires_at_us: Until when it holds.
        used_at_us: When it was last used, to the minute.
    """

    id: str
    principal: str
    name: str
    scopes: list[str]
    state: str
    created_at_us: S64
    expires_at_us: S64
    used_at_us: S64 | None


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A new API key, with its secret, which is shown this once."""

    key: ApiKey
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """A session; never its secret.

    Attributes:
        id: Its id.
        principal: Whom it stands for.
        created_at_us: When it began.
        expires_at_us: Until when it lasts at most.
        used_at_us: When it was last used, to the minute.
        ip: From where it was begun, where that was seen.
        user_agent: With what.
    """

    id: str
    principal: str
    created_at_us: S64
    expires_at_us: S64
    used_at_us: S64 | None
    ip: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class NewSession:
    """A new session, with its secret, which is shown this once."""

    session: Session
    secret: str = field(repr=False)


@operation(group="identity", permission="")
def whoami(work: Work) -> Identity:
    """Say who one is."""
    principal = work.principal
    roles = set(principal.roles)
    if not is_trusted(principal):
        answers = work.desk.trusted.access_grants(principal=principal, resource=Resource("registry"))
        roles.update(role for answer in answers for grant in answer for role in grant.roles)
        roles.update(f"{role}@{place}" if place else role for role, place in assigned(work, principal.id))
    scopes = principal.attributes.get(SCOPES, "").split()
    return Identity(principal.id, principal.kind, principal.name, sorted(roles), _by(principal), scopes)


@operation(group="identity", permission="identity:own", changes=True)
def apikey_create(
    work: Work, name: str, scopes: list[str] | None = None, expires_at_us: S64 | None = None, user: str = ""
) -> NewApiKey:
    """Make an API key; its secret is in the answer, and nowhere else afterwards."""
    in_person(work.principal)
    work.desk.issuer.check_login(work.principal)
    principal = _whose(work, user)
    if not 1 <= len(name) <= _NAME_MAX or not name.isprintable():
        raise invalid("name", "form", f"say in 1 to {_NAME_MAX} characters what the key is for")
    for index, scope in enumerate(scopes or ()):
        if index >= _SCOPES_MAX or not _PERMISSION.fullmatch(scope):
            raise invalid(
                f"scopes[{index}]", "form", f"{scope[:80]!r} is no permission", "KIND:ACTION or KIND:*"
            )
    now = work.desk.clock()
    latest = now + work.desk.settings.api_key_days * _DAY_US
    until = latest if expires_at_us is None else expires_at_us
    if not now < until <= latest:
        raise invalid(
            "expires_at_us",
            "range",
            "the key would have expired already" if until <= now else "the key would hold for too long",
            f"at most {work.desk.settings.api_key_days} days from now",
        )
    issuer, kind = work.desk.issuer, CredentialKind.API_KEY
    there = sum(not issuer.objection(kind, each) for each in issuer.all(kind, principal.id))
    if there >= _KEYS_MAX:
        raise over_quota("api-keys", f"{principal.id} has {there} API keys that hold", "revoke some of them")
    issued, secret = issuer.make(kind, principal, until, name, scopes)
    work.target, work.private = f"apikey:{issued.id}", True
    work.details = {"for": principal.id, "name": name, "scopes": issued.scopes, "expires_at_us": until}
    return NewApiKey(_key(work, issued), secret)


@operation(group="identity", permission="identity:own")
def apikey_list(work: Work, user: str = "") -> list[ApiKey]:
    """List one's API keys, or those of a user; `*` is everybody."""
    whose = "" if user == "*" else about(work.principal, user)
    return [_key(work, issued) for issued in work.desk.issuer.all(CredentialKind.API_KEY, whose)]


@operation(group="identity", permission="identity:own", changes=True)
def apikey_revoke(work: Work, key: str, user: str = "") -> ApiKey:
    """Make an API key unusable for good; somebody else's with their name."""
    issued = _own(work, CredentialKind.API_KEY, key, user)
    work.target, work.details = f"apikey:{issued.id}", {"for": issued.principal.id}
    return _key(work, work.desk.issuer.revoke(CredentialKind.API_KEY, issued))


@operation(group="identity", permission="identity:own", changes=True)
def session_create(work: Work) -> NewSession:
    """Begin a session; its secret is in the answer, and nowhere else afterwards."""
    in_person(work.principal)
    work.desk.issuer.check_login(work.principal)
    if "session" in work.principal.attributes:
        raise denied("session", "a session cannot begin another one, or none would ever end", "log in anew")
    if work.principal.id == "local:owner":
        raise denied("owner", "the owner of the home needs no session", "name a user: hyperhost login NAME")
    until = work.desk.clock() + work.desk.settings.session_s * 1_000_000
    issued, secret = work.desk.issuer.make(CredentialKind.SESSION, work.principal, until)
    work.target, work.private = f"session:{issued.id}", True
    work.details = {"for": issued.principal.id, "expires_at_us": until}
    return NewSession(_session(work, issued), secret)


@operation(group="identity", permission="identity:own")
def session_list(work: Work, user: str = "") -> list[Session]:
    """List one's sessions that hold, or those of a user; `*` is everybody."""
    whose = "" if user == "*" else about(work.principal, user)
    issuer = work.desk.issuer
    kind = CredentialKind.SESSION
    return [
        _session(work, issued) for issued in issuer.all(kind, whose) if not issuer.objection(kind, issued)
    ]


@operation(group="identity", permission="identity:own", changes=True)
def session_revoke(work: Work, session: str = "", user: str = "") -> list[str]:
    """End a session, or all of one's own; somebody else's with their name. Answers the ids."""
    issuer, kind = work.desk.issuer, CredentialKind.SESSION
    if session:
        ended = [_own(work, kind, session, user)]
    else:
        ended = list(issuer.all(kind, about(work.principal, user)))
    for issued in ended:
        issuer.revoke(kind, issued)
    work.target = f"session:{session}" if session else about(work.principal, user)
    work.details = {"ended": len(ended)}
    return [issued.id for issued in ended]


@operation(group="identity", permission="identity:record", changes=True)
def authentication_failed(work: Work, target: str, kind: CredentialKind, rule: str) -> None:
    """Have the audit log tell that somebody could not show who they are; the registry itself does that."""
    if work.principal.kind is not PrincipalKind.SYSTEM:
        raise denied("record", "only the registry itself records that")
    raise unauthenticated(kind.value, rule if _RULE.fullmatch(rule) else "wrong", "it is recorded")


def _whose(work: Work, user: str) -> Principal:
    """Whom a new key stands for.

    Raises:
        RefusalError: ``missing:user``; ``denied:identity:standing``: they may do more than whoever asks;
            ``denied:identity:owner``: it would be the owner of the home.
    """
    if user:
        found = work.desk.user(user.removeprefix("user:"))
        check_standing(work, found.id)
        return Principal(found.id)
    if is_trusted(work.principal):
        raise denied("owner", "the owner of the home has no API keys", "say whose it is to be: --user NAME")
    return work.principal


def _own(work: Work, kind: CredentialKind, issued_id: str, user: str) -> Issued:
    """A key or session of whoever asks, or of the one that is named; others are not there.

    Raises:
        RefusalError: ``missing:KIND``.
    """
    whose = "" if user == "*" else about(work.principal, user)
    plain = issued_id.isascii() and issued_id.isprintable()
    issued = work.desk.issuer.one(kind, issued_id) if plain else None
    if issued is None or (whose and issued.principal.id != whose):
        what = "API key" if kind is CredentialKind.API_KEY else "session"
        raise missing(kind.value, f"there is no {what} {issued_id[:80]!r} of {whose[:80] or 'anybody'}")
    return issued


def _by(principal: Principal) -> str:
    if principal.id == "local:owner":
        return "owner"
    for key, words in (("session", "session"), ("api_key", "api-key"), ("capability", "token")):
        if key in principal.attributes:
            return words
    return principal.attributes.get("login", "login")


def _key(work: Work, issued: Issued) -> ApiKey:
    issuer = work.desk.issuer
    state = issuer.objection(CredentialKind.API_KEY, issued) or "active"
    used = issuer.used_us(issued)
    return ApiKey(
        issued.id,
        issued.principal.id,
        issued.name,
        issued.scopes,
        state,
        issued.created_at_us,
        issued.expires_at_us,
        used,
    )


def _session(work: Work, issued: Issued) -> Session:
    return Session(
        issued.id,
        issued.principal.id,
        issued.created_at_us,
        issued.expires_at_us,
        work.desk.issuer.used_us(issued),
        issued.ip,
        issued.user_agent,
    )
