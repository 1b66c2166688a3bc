"""API keys and sessions: what stands for somebody, with a secret that is shown once."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import Credential, CredentialKind, Principal, PrincipalKind, PutMode
from hyperhost.errors import RefusalError

from .records import KEYS, SEEN, SESSIONS, USERS, Issued, Records, User
from .refusals import unauthenticated

if TYPE_CHECKING:
    from .settings import Settings

__all__ = ["GENERATION", "PREFIXES", "SCOPES", "Issuer", "prefix_of"]

PREFIXES: Final = {CredentialKind.API_KEY: "hhk", CredentialKind.SESSION: "hhs"}
SCOPES: Final = "scopes"
"""Attribute of a principal that is limited to some permissions; they are separated by spaces."""
EXPIRES: Final = "expires_at_us"
"""Attribute of a principal: until when holds what they have shown."""
GENERATION: Final = "generation"
"""Attribute of a principal who has logged in: the generation of the user then."""
_COLLECTIONS: Final = {CredentialKind.API_KEY: KEYS, CredentialKind.SESSION: SESSIONS}
_TOKEN: Final = re.compile(r"hh[ks]_([0-9a-f]{12}-[0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_SECOND: Final = 1_000_000
_SEEN_EVERY_US: Final = 60 * _SECOND
_MOST_SESSIONS: Final = 100
_AGENT_MAX: Final = 200


class Issuer:
    """Makes, checks and revokes API keys and sessions.

    Args:
        records: Where they are kept.
        settings: How long sessions hold.
        clock: Microseconds since 1970.
    """

    def __init__(self, records: Records, settings: Settings, clock: Callable[[], int]) -> None:
        self._records = records
        self._settings = settings
        self._clock = clock

    def make(
        self,
        kind: CredentialKind,
        principal: Principal,
        expires_at_us: int,
        name: str = "",
        scopes: list[str] | None = None,
    ) -> tuple[Issued, str]:
        """A new key or session, and what is shown of it once; to be called in a unit."""
        user = self._user(principal.id)
        made_of = f"{prefix_of(principal.id)}-{secrets.token_hex(6)}"
        secret = secrets.token_urlsafe(32)
        seen = principal.attributes
        issued = Issued(
            made_of,
            _hash(secret),
            _plain(principal, kind),
            user.generation if user is not None else 0,
            self._clock(),
            expires_at_us,
            name,
            sorted(set(scopes or ())),
            user_agent=seen.get("user_agent", "")[:_AGENT_MAX],
            ip=seen.get("ip", ""),
        )
        if kind is CredentialKind.SESSION:
            self._make_room(principal.id)
        self._records.put(_COLLECTIONS[kind], issued.id, issued, PutMode.CREATE)
        return issued, f"{PREFIXES[kind]}_{issued.id}_{secret}"

    def principal(self, credential: Credential) -> Principal:
        """Who shows a key or a session.

        Raises:
            RefusalError: ``unauthenticated:api-key:…`` or ``unauthenticated:session:…``.
        """
        kind = credential.kind
        form = _TOKEN.fullmatch(credential.secret)
        wrong = unauthenticated(kind.value, "wrong", f"the {_WORDS[kind]} is wrong", _HINTS[kind])
        if form is None:
            raise wrong
        issued = self._records.get(Issued, _COLLECTIONS[kind], form[1])
        # An unknown id takes the way of a wrong secret.
        expected = issued.verifier if issued is not None else "0" * 64
        if not hmac.compare_digest(expected, _hash(form[2])) or issued is None:
            raise wrong
        why = self.objection(kind, issued)
        if why:
            raise unauthenticated(kind.value, _RULES[why], f"the {_WORDS[kind]} {why}", _HINTS[kind])
        self._note_use(issued)
        found = issued.principal
        found = replace(found, attributes={**found.attributes, EXPIRES: str(issued.expires_at_us)})
        if kind is CredentialKind.SESSION:
            of_now = {"session": issued.id, GENERATION: str(issued.generation)}
            return replace(found, attributes={**found.attributes, **of_now})
        attributes = {**found.attributes, "api_key": issued.id}
        if issued.scopes:
            attributes[SCOPES] = " ".join(issued.scopes)
        return replace(found, kind=PrincipalKind.API_KEY, attributes=attributes)

    def check_login(self, principal: Principal) -> None:
        """Return if what somebody has logged in with holds still; to be called in a unit.

        A password may be changed while an old one is compared, which takes a while on purpose.

        Raises:
            RefusalError: ``unauthenticated:password:ended``: all their sessions were ended since.
        """
        seen = principal.attributes.get(GENERATION)
        user = self._user(principal.id)
        if seen is not None and (user is None or str(user.generation) != seen):
            raise unauthenticated(
                "password", "ended", "the password was changed during the login", "log in anew"
            )

    def objection(self, kind: CredentialKind, issued: Issued) -> str:
        """Why a key or session does not hold now; empty when it does."""
        now = self._clock()
        if issued.revoked_at_us is not None:
            return "was revoked"
        if now >= issued.expires_at_us:
            return "has expired"
        if kind is CredentialKind.SESSION:
            used_us = self.used_us(issued) or issued.created_at_us
            if now - used_us >= self._settings.session_idle_s * _SECOND:
                return "was not used for too long"
        if not issued.principal.id.startswith("user:"):
            return ""
        user = self._user(issued.principal.id)
        if user is None or user.deleted_at_us is not None or user.disabled_at_us is not None:
            return "is of somebody who is kept out"
        if kind is CredentialKind.SESSION and user.generation != issued.generation:
            return "was ended with a change of the password"
        return ""

    def used_us(self, issued: Issued) -> int | None:
        """When it was last used, to the minute; ``None`` when it never was."""
        return self._records.get(int, SEEN, issued.id)

    def all(self, kind: CredentialKind, principal_id: str) -> Iterator[Issued]:
        """Those of one principal, or of everybody when the id is empty."""
        prefix = f"{prefix_of(principal_id)}-" if principal_id else ""
        for issued in self._records.all(Issued, _COLLECTIONS[kind], prefix):
            if not principal_id or issued.principal.id == principal_id:
                yield issued

    def one(self, kind: CredentialKind, issued_id: str) -> Issued | None:
        """One by its id."""
        return self._records.get(Issued, _COLLECTIONS[kind], issued_id)

    def revoke(self, kind: CredentialKind, issued: Issued) -> Issued:
        """Revoke one; of a session nothing is kept. To be called in a unit."""
        gone = replace(issued, revoked_at_us=issued.revoked_at_us or self._clock())
        if kind is CredentialKind.SESSION:
            self._drop(issued)
        else:
            self._records.put(KEYS, issued.id, gone, PutMode.REPLACE)
        return gone

    def _make_room(self, principal_id: str) -> None:
        """Drop sessions that are over, and the oldest of too many."""
        kept = []
        for issued in self.all(CredentialKind.SESSION, principal_id):
            if self.objection(CredentialKind.SESSION, issued):
                self._drop(issued)
            else:
                kept.append(issued)
        kept.sort(key=lambda issued: issued.created_at_us)
        for issued in kept[: max(0, len(kept) - _MOST_SESSIONS + 1)]:
            self._drop(issued)

    def _drop(self, issued: Issued) -> None:
        self._records.drop(SESSIONS, issued.id)
        self._records.drop(SEEN, issued.id)

    def _note_use(self, issued: Issued) -> None:
        """Write down that it was used, at most once a minute.

        In a record of its own: written into that of the key, it could undo a revocation of that moment.
        """
        now, before = self._clock(), self.used_us(issued)
        if before is not None and now - before < _SEEN_EVERY_US:
            return
        try:
            with self._records.unit():
                self._records.put(SEEN, issued.id, now)
        except RefusalError as refusal:
            if refusal.rule not in ("storage.busy", "storage.full", "storage.unit"):
                raise

    def _user(self, principal_id: str) -> User | None:
        kind, _, name = principal_id.partition(":")
        return self._records.get(User, USERS, name) if kind == "user" else None


_WORDS: Final = {CredentialKind.API_KEY: "API key", CredentialKind.SESSION: "session"}
_HINTS: Final = {
    CredentialKind.API_KEY: "make a new one: hyperhost apikey create",
    CredentialKind.SESSION: "log in anew: hyperhost login",
}
_RULES: Final = {
    "was revoked": "revoked",
    "has expired": "expired",
    "was not used for too long": "idle",
    "is of somebody who is kept out": "disabled",
    "was ended with a change of the password": "ended",
}


def prefix_of(principal_id: str) -> str:
    """What ids of keys and sessions of a principal begin with."""
    return hashlib.sha256(principal_id.encode("utf-8")).hexdigest()[:12]


def _plain(principal: Principal, kind: CredentialKind) -> Principal:
    """A principal without what its front end saw, and without what it was shown by.

    Roles that a login elsewhere gave are for a session. A key lasts longer than they may, so it has only
    those that are assigned here.
    """
    gone = ["ip", "user_agent", "session", "api_key", EXPIRES, GENERATION, SCOPES]
    if kind is CredentialKind.API_KEY:
        gone.append("login")
        principal = replace(principal, roles=[])
    kept = {key: value for key, value in principal.attributes.items() if key not in gone}
    return replace(principal, attributes=kept)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()
