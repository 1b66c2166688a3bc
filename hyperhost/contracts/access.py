"""Contract types of access: what somebody shows to be let in, what is asked about, what was decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hyperhost.contracts.artifact import Visibility
from hyperhost.contracts.operations import Principal
from hyperhost.contracts.types import S64

__all__ = [
    "AccessDecision",
    "AccessGrant",
    "AccessPlace",
    "AccessRequest",
    "Credential",
    "CredentialKind",
    "LoginStart",
    "Resource",
]


class CredentialKind(StrEnum):
    """What kind of proof a credential is."""

    PASSWORD = "password"  # noqa: S105 - a kind of proof, no secret
    API_KEY = "api-key"
    JWT = "jwt"
    SESSION = "session"
    CAPABILITY = "capability"
    OIDC = "oidc"
    """What a provider of OpenID Connect answered, to whom ``access_login_start`` sent somebody."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What somebody shows to be let in.

    Attributes:
        kind: What kind of proof it is.
        secret: The password, key or token; the query of the address that a provider of OpenID Connect
            sent them back to. Never shown, logged or kept.
        name: Who they say they are, with a password; ``flow`` of the login, with OpenID Connect; else empty.
        audience: Whom the proof has to be meant for, by the name that the front end goes by.
        attributes: What the front end saw itself, never what it was told: ``ip``, ``user_agent``.
    """

    kind: CredentialKind
    secret: str = field(repr=False)
    name: str = ""
    audience: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoginStart:
    """Where to send somebody who logs in elsewhere.

    Attributes:
        url: Address for their browser.
        flow: Id of this login, which only the front end that began it knows: ``name`` of the credential.
    """

    url: str
    flow: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Resource:
    """What an operation is about, as far as access depends on it.

    Attributes:
        kind: ``artifact``, ``namespace``, ``user``, ``role``, ``registry``, …
        id: Its id; of an artifact its UUID, of a namespace its path. Empty for what is not there yet.
        namespace: Dotted path of its namespace; empty when it has none.
        visibility: Who may see it; ``None`` when that means nothing for it.
        owner: Id of the principal who owns it; empty when nobody does.
        state: As in ``draft``; empty when it has none.
        name: ``namespace/name@version`` of an artifact; what people call it otherwise.
    """

    kind: str
    id: str = ""
    namespace: str = ""
    visibility: Visibility | None = None
    owner: str = ""
    state: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One question: may they?

    Attributes:
        principal: Who asks.
        operation: Name of the operation; empty when it is no operation.
        permission: What it takes, ``KIND:ACTION``.
        resource: What it is about.
        at_us: When.
    """

    principal: Principal
    operation: str
    permission: str
    resource: Resource
    at_us: S64 = 0


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """The answer.

    Attributes:
        allowed: Whether they may.
        reason: Why, for a person.
        by: What decided: ``role:publisher``, ``acl:org.acme``, ``token:ID``; empty when nothing allowed it.
        missing: Permissions that are missing; empty when allowed.
        granters: Who can grant them, as words for a person; empty when allowed.
    """

    allowed: bool
    reason: str = ""
    by: str = ""
    missing: list[str] = field(default_factory=list)
    granters: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AccessGrant:
    """What one plugin adds to what a principal may do with a resource.

    Attributes:
        by: Where it comes from, as in ``acl:org.acme``.
        allow: Permissions, ``KIND:ACTION``, ``KIND:*`` or ``*``.
        deny: Permissions taken away; that wins over whatever is allowed, by whomever.
        roles: Roles that they have here.
    """

    by: str
    allow: list[str] = field(default_factory=list)
    deny: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AccessPlace:
    """What one plugin adds in a namespace and everything below it, whatever lies there.

    Attributes:
        namespace: Dotted path.
        principal: Who it is for: the id of a principal, or ``role:NAME`` for those who have a role there.
        allow: Permissions, ``KIND:ACTION``, ``KIND:*`` or ``*``.
        deny: Permissions taken away; that wins over whatever is allowed, by whomever.
    """

    namespace: str
    principal: str
    allow: list[str] = field(default_factory=list)
    deny: list[str] = field(default_factory=list)
