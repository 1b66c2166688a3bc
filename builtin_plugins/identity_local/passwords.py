"""Passwords: which are taken, how they are kept, and how one is checked so that its time tells nothing."""

from __future__ import annotations

import base64
import os
import secrets
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hyperhost.errors import RefusalError
from hyperhost.offering import invalid

if TYPE_CHECKING:
    from argon2 import PasswordHasher

    from .settings import Settings

__all__ = ["Kept", "Passwords"]

MAX_BYTES: Final = 1024
_AT_ONCE: Final = 4
"""Hashes at once: each takes its memory, and whoever wants to log in may be anybody."""
_WAIT_S: Final = 20
_KEPT_US: Final = 300 * 1_000_000
_MOST_KEPT: Final = 100
_FEWEST_DIFFERENT: Final = 5


@dataclass(frozen=True, slots=True)
class Kept:
    """A new password on its way to an operation.

    Attributes:
        verifier: Its hash.
        proved: Whose old password was shown with it; empty when none was.
        until_us: Until when it is kept.
    """

    verifier: str = field(repr=False)
    proved: str
    until_us: int


class Passwords:
    """Hashes and checks passwords. Any number of threads may use one.

    Args:
        settings: What hashes cost.
        clock: Microseconds since 1970.
    """

    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        self._settings = settings
        self._clock = clock
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, password: str, proved: str) -> str:
        """Hash a new password, and keep that for the operation that is given the handle.

        So no password is an argument, which other plugins are shown, and no store is held while it is hashed.

        Raises:
            RefusalError: ``invalid:password:…``: it must not be used.
        """
        text = self._checked(password)
        with self.slot():
            verifier: str = self._hasher().hash(text)
        handle = secrets.token_urlsafe(24)
        with self._lock:
            while len(self._kept) >= _MOST_KEPT:
                self._kept.popitem(last=False)
            self._kept[handle] = Kept(verifier, proved, self._clock() + _KEPT_US)
        return handle

    def taken(self, handle: str) -> Kept:
        """What is kept under a handle, once.

        Raises:
            RefusalError: ``invalid:password:handle``: nothing is.
        """
        with self._lock:
            kept = self._kept.pop(handle, None)
        if kept is None or kept.until_us < self._clock():
            raise invalid(
                "password",
                "handle",
                "the password is not one that was announced",
                "passwords are no arguments; announce it with hyperhost.keep_password, and give its answer",
            )
        return kept

    @contextmanager
    def slot(self) -> Iterator[None]:
        """One of the few places for hashing.

        Raises:
            RefusalError: ``state:password``: too many wait.
        """
        if not self._slots.acquire(timeout=_WAIT_S):
            raise RefusalError("too many logins at once", "state:password", hint="try again")
        try:
            yield
        finally:
            self._slots.release()

    def matches(self, verifier: str | None, password: str) -> bool:
        """Whether a password is the one of a hash. Without one, it takes as long and never is.

        To be called inside of :meth:`slot`.
        """
        from argon2.exceptions import InvalidHashError, VerificationError

        known = verifier is not None
        text = unicodedata.normalize("NFKC", password[: 2 * MAX_BYTES])
        written = text.encode("utf-8", "replace")
        fits = 0 < len(written) <= MAX_BYTES and len(password) <= MAX_BYTES
        try:
            found = self._hasher().verify(verifier or self._dummy(), written if fits else b"-")
        except (VerificationError, InvalidHashError):
            return False
        return bool(found) and known and fits

    def outdated(self, verifier: str) -> bool:
        """Whether a hash was made with other costs than those of now."""
        return bool(self._hasher().check_needs_rehash(verifier))

    def rehashed(self, password: str) -> str:
        """A hash of now for a password that was just found right."""
        with self.slot():
            return str(self._hasher().hash(unicodedata.normalize("NFKC", password)))

    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher

        settings = self._settings
        return PasswordHasher(settings.argon2_passes, settings.argon2_memory_kib, settings.argon2_lanes)

    def _dummy(self) -> str:
        """A hash of nothing: random bytes in the form of one, so that making it costs nothing."""
        settings = self._settings
        salt, digest = (base64.b64encode(os.urandom(count)).decode("ascii").rstrip("=") for count in (16, 32))
        costs = f"m={settings.argon2_memory_kib},t={settings.argon2_passes},p={settings.argon2_lanes}"
        return f"$argon2id$v=19${costs}${salt}${digest}"

    def _checked(self, password: str) -> str:
        """A new password in the one form that counts (NFKC): keyboards write some characters differently."""
        text = unicodedata.normalize("NFKC", password)
        least = self._settings.password_min_length
        if len(text) < least:
            raise invalid("password", "length", f"a password has {least} characters at least")
        try:
            size = len(text.encode("utf-8"))
        except UnicodeEncodeError:
            raise invalid("password", "unicode", "the password is no text") from None
        if size > MAX_BYTES or len(password) > MAX_BYTES:
            raise invalid("password", "length", f"a password has {MAX_BYTES} bytes at most")
        if len(set(text)) < _FEWEST_DIFFERENT:
            raise invalid(
                "password",
                "variety",
                "the password repeats itself",
                f"use {_FEWEST_DIFFERENT} different characters at least; several words are good",
            )
        return text
