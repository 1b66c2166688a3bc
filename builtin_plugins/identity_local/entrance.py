"""Who shows a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hyperhost.contracts import Credential, Principal

from .desk import is_name
from .issued import GENERATION
from .records import PASSWORDS, USERS, Password, User
from .refusals import unauthenticated

if TYPE_CHECKING:
    from hyperhost.errors import RefusalError

    from .desk import Desk

__all__ = ["by_password", "known"]

_NAME_MAX: Final = 1_000


def by_password(desk: Desk, credential: Credential) -> Principal:
    """Who shows a name and a password.

    A name that nobody has takes as long as a wrong password, and is refused in the same words.

    Raises:
        RefusalError: ``unauthenticated:password:…``.
    """
    name, address = credential.name[:_NAME_MAX], credential.attributes.get("ip", "")
    # The place comes first: what waits for one has not been counted, so it cannot lock anybody out.
    with desk.passwords.slot():
        desk.attempts.begin(name, address)
        user = desk.records.get(User, USERS, name) if is_name(name) else None
        verifier = desk.verifier(name)
        right = desk.passwords.matches(verifier, credential.secret)
    if not right or user is None or verifier is None or user.deleted_at_us is not None:
        raise unauthenticated("password", "wrong", "the name or the password is wrong")
    if user.disabled_at_us is not None:
        raise _disabled()
    desk.attempts.succeeded(name, address)
    if desk.passwords.outdated(verifier):
        _rehash(desk, name, verifier, credential.secret)
    # Of before the hash: what was changed since is newer.
    seen = {"login": "password", GENERATION: str(user.generation)}
    return Principal(user.id, name=user.title or user.name, attributes=seen)


def known(desk: Desk, name: str) -> Principal | None:
    """What is known of a user now; ``None`` when there never was one.

    Raises:
        RefusalError: ``unauthenticated:principal:…``: they are kept out.
    """
    user = desk.records.get(User, USERS, name) if is_name(name) else None
    if user is None:
        return None
    if user.deleted_at_us is not None:
        raise unauthenticated("principal", "deleted", f"{user.id} was deleted")
    if user.disabled_at_us is not None:
        raise unauthenticated("principal", "disabled", f"{user.id} is disabled")
    return Principal(user.id, name=user.title or user.name)


def _rehash(desk: Desk, name: str, before: str, password: str) -> None:
    """Keep a password by the costs of now, unless it was changed meanwhile."""
    verifier = desk.passwords.rehashed(password)
    with desk.records.unit():
        if desk.verifier(name) == before:
            desk.records.put(PASSWORDS, name, Password(verifier))


def _disabled() -> RefusalError:
    return unauthenticated("password", "disabled", "the user is disabled", "ask an administrator")
