"""Operations on users and their passwords."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from hyperhost.contracts import S64, CredentialKind, PutMode
from hyperhost.offering import conflict, invalid, operation

from .desk import checked_name, in_person
from .records import PASSWORDS, USERS, Password, User
from .refusals import denied
from .standing import check_standing
from .work import Work

__all__ = ["Person"]

_TITLE_MAX = 200


@dataclass(frozen=True, slots=True)
class Person:
    """A user, as people are shown one.

    Attributes:
        id: Of the principal: ``user:NAME``.
        name: What they log in with.
        title: What people call them.
        state: ``active``, ``disabled`` or ``locked`` (by failures to log in).
        has_password: Whether they can log in with one.
        created_at_us: When they were created.
        password_at_us: When the password was set.
    """

    id: str
    name: str
    title: str
    state: str
    has_password: bool
    created_at_us: S64
    password_at_us: S64 | None


@operation(group="identity", permission="user:manage", changes=True)
def user_create(work: Work, name: str, title: str = "", password: str = "") -> Person:
    """Create a user; the password is what keep_password answered, or none."""
    desk = work.desk
    checked_name(name)
    if len(title) > _TITLE_MAX or not title.isprintable():
        raise invalid("title", "form", f"a title is at most {_TITLE_MAX} characters that can be printed")
    known = desk.records.get(User, USERS, name)
    if known is not None:
        words = f"there is a user {name!r} already"
        if known.deleted_at_us is not None:
            words = f"there was a user {name!r}, whose things still bear that name"
        raise conflict("name", words, "choose another name")
    user = User(name, title, desk.clock())
    if password:
        check_standing(work, user.id)  # roles may have been given to that name before
        user = _with_password(work, user, desk.passwords.taken(password).verifier)
    desk.records.put(USERS, name, user, PutMode.CREATE)
    desk.attempts.forget(name)
    return _told(work, user)


@operation(group="identity", permission="user:manage")
def user_list(work: Work) -> list[Person]:
    """List the users."""
    return [_shown(work, user) for user in work.desk.records.all(User, USERS) if user.deleted_at_us is None]


@operation(group="identity", permission="user:manage")
def user_read(work: Work, name: str) -> Person:
    """Show one user."""
    return _shown(work, work.desk.user(name))


@operation(group="identity", permission="user:manage", changes=True)
def user_disable(work: Work, name: str) -> Person:
    """Keep a user out: password, keys and sessions do not hold any more."""
    user = work.desk.user(name)
    check_standing(work, user.id)
    if user.disabled_at_us is None:
        user = _changed(work, user, disabled_at_us=work.desk.clock(), generation=user.generation + 1)
    return _told(work, user)


@operation(group="identity", permission="user:manage", changes=True)
def user_enable(work: Work, name: str) -> Person:
    """Let a user in again, one who is locked, too; sessions of before stay ended."""
    user = work.desk.user(name)
    work.desk.attempts.forget(name)
    if user.disabled_at_us is not None:
        user = _changed(work, user, disabled_at_us=None)
    return _told(work, user)


@operation(group="identity", permission="user:manage", changes=True)
def user_delete(work: Work, name: str) -> Person:
    """Delete a user with keys and sessions; nobody gets the name again."""
    desk = work.desk
    user = desk.user(name)
    check_standing(work, user.id)
    desk.records.drop(PASSWORDS, name)
    for kind in (CredentialKind.API_KEY, CredentialKind.SESSION):
        for issued in desk.issuer.all(kind, user.id):
            desk.issuer.revoke(kind, issued)
    shown = _shown(work, user)
    _changed(
        work, user, title="", deleted_at_us=desk.clock(), password_at_us=None, generation=user.generation + 1
    )
    work.target = user.id
    return shown


@operation(group="identity", permission="user:manage", changes=True)
def user_set_password(work: Work, name: str, password: str) -> Person:
    """Give a user another password, which ends their sessions."""
    in_person(work.principal)
    work.desk.issuer.check_login(work.principal)
    user = work.desk.user(name)
    check_standing(work, user.id)
    user = _with_password(work, user, work.desk.passwords.taken(password).verifier)
    work.desk.records.put(USERS, name, user, PutMode.REPLACE)
    work.desk.attempts.forget(name)
    return _told(work, user)


@operation(group="identity", permission="identity:own", changes=True)
def password_change(work: Work, password: str) -> Person:
    """Change one's own password, shown the old one; that ends all sessions."""
    in_person(work.principal)
    work.desk.issuer.check_login(work.principal)
    kept = work.desk.passwords.taken(password)
    kind, _, name = work.principal.id.partition(":")
    if kind != "user":
        raise denied("no-user", f"{work.principal.id} has no password here", "it is changed where it is kept")
    user = work.desk.user(name)
    if kept.proved != name:
        raise denied(
            "proof", "the old password was not shown", "announce the new one together with the old one"
        )
    user = _with_password(work, user, kept.verifier)
    work.desk.records.put(USERS, name, user, PutMode.REPLACE)
    return _told(work, user)


def _with_password(work: Work, user: User, verifier: str) -> User:
    """A user with another password; that this ends sessions is the work of the generation."""
    work.desk.records.put(PASSWORDS, user.name, Password(verifier))
    return dataclasses.replace(user, password_at_us=work.desk.clock(), generation=user.generation + 1)


def _changed(work: Work, user: User, **changes: object) -> User:
    changed = dataclasses.replace(user, **changes)  # type: ignore[arg-type]  # names and types as written above
    work.desk.records.put(USERS, user.name, changed, PutMode.REPLACE)
    return changed


def _told(work: Work, user: User) -> Person:
    """The answer of a change, which the audit log is told, too."""
    shown = _shown(work, user)
    work.target = user.id
    work.details = {"state": shown.state, "title": user.title}
    return shown


def _shown(work: Work, user: User) -> Person:
    locked = work.desk.attempts.is_locked(user.name)
    state = "disabled" if user.disabled_at_us is not None else "locked" if locked else "active"
    return Person(
        user.id,
        user.name,
        user.title,
        state,
        user.password_at_us is not None,
        user.created_at_us,
        user.password_at_us,
    )
