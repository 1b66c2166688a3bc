"""What operations work with, and what they have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import Principal, PrincipalKind
from hyperhost.offering import invalid, missing

from .attempts import Attempts
from .issued import Issuer
from .passwords import Passwords
from .records import PASSWORDS, USERS, Password, Records, User
from .refusals import denied

if TYPE_CHECKING:
    from pluggy import HookRelay

    import hyperhost

    from .settings import Settings

__all__ = ["Desk", "is_name"]

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?", re.ASCII)
_PRINCIPAL: Final = re.compile(r"[a-z0-9-]+:[\x21-\x7e]{1,300}", re.ASCII)


@dataclass(frozen=True)
class Desk:
    """What operations work with.

    Attributes:
        hook: The host's hooks.
        trusted: Those of native plugins only.
        settings: Settings.
        clock: Microseconds since 1970.
        records: What is kept.
        passwords: Hashes passwords.
        attempts: Counts failures.
        issuer: Makes keys and sessions.
    """

    hook: HookRelay
    trusted: hyperhost.TrustedHooks
    settings: Settings
    clock: Callable[[], int]
    records: Records
    passwords: Passwords
    attempts: Attempts
    issuer: Issuer

    @classmethod
    def made(cls, context: hyperhost.PluginContext, settings: Settings) -> Desk:
        """A desk of a host."""
        hook, trusted, clock = context.hook, context.trusted, context.clock
        records = Records(hook)
        passwords = Passwords(settings, clock)
        attempts = Attempts(records, settings, clock)
        issuer = Issuer(records, settings, clock)
        return cls(hook, trusted, settings, clock, records, passwords, attempts, issuer)

    def user(self, name: str) -> User:
        """A user who was not deleted.

        Raises:
            RefusalError: ``missing:user``.
        """
        user = self.records.get(User, USERS, name) if is_name(name) else None
        if user is None or user.deleted_at_us is not None:
            raise missing("user", f"there is no user {name[:80]!r}", "see: hyperhost user list")
        return user

    def verifier(self, name: str) -> str | None:
        """The hash of a user's password; ``None`` when there is no such user, or no password."""
        found = self.records.get(Password, PASSWORDS, name) if is_name(name) else None
        return None if found is None else found.verifier


def is_name(text: str) -> bool:
    """Whether a text can be a user's name: small letters of ASCII, digits, and ``._-`` between them.

    So no two names look alike by case or by letters of another alphabet.
    """
    return _NAME.fullmatch(text) is not None


def checked_name(text: str) -> str:
    """The name of a new user.

    Raises:
        RefusalError: ``invalid:name:form``.
    """
    if not is_name(text):
        raise invalid(
            "name",
            "form",
            f"{text[:80]!r} cannot be the name of a user",
            "1 to 64 of a-z, 0-9, and between them . _ -",
        )
    return text


def about(principal: Principal, user: str) -> str:
    """Id of the principal whom an operation is about: the one who asks, or the one that is named.

    Whether they may name another one is decided by access, not here.

    Raises:
        RefusalError: ``invalid:user:form``.
    """
    if not user:
        return principal.id
    found = user if ":" in user else f"user:{user}"
    if not _PRINCIPAL.fullmatch(found):
        raise invalid("user", "form", f"{user[:80]!r} names no principal", "a user's name, or KIND:ID")
    return found


def in_person(principal: Principal) -> None:
    """Return if somebody acts who was not let in by a key or token.

    Raises:
        RefusalError: ``denied:identity:in-person``: what was handed out with limits must not make what has
            none.
    """
    logged_in = principal.attributes.get("login") in ("password", "oidc")
    trusted = principal.id == "local:owner" or principal.kind is PrincipalKind.SYSTEM
    if not trusted and (principal.kind is not PrincipalKind.USER or not logged_in):
        raise denied("in-person", "an API key or token cannot do that", "log in: hyperhost login")
