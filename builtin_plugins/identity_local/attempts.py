"""Lockout: failures are counted per name and per address, before the password is looked at.

So any number of guesses at the same time count each for itself. A name that does not exist is locked as
one that does. What is kept of a name is its hash: people type passwords where the name belongs.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .records import ATTEMPTS, Records
from .refusals import unauthenticated

if TYPE_CHECKING:
    from .settings import Settings

__all__ = ["Attempts"]

_SECOND: Final = 1_000_000
_SWEPT: Final = 32
_MOST_DOUBLINGS: Final = 20


@dataclass(frozen=True, slots=True)
class Count:
    """Failures in a row.

    Attributes:
        failures: How many, those included of which it is not known yet.
        last_us: When the last one began.
    """

    failures: int
    last_us: int


class Attempts:
    """Counts failures.

    Args:
        records: Where they are counted.
        settings: How many are too many.
        clock: Microseconds since 1970.
    """

    def __init__(self, records: Records, settings: Settings, clock: Callable[[], int]) -> None:
        self._records = records
        self._settings = settings
        self._clock = clock

    def begin(self, name: str, address: str) -> None:
        """Count an attempt as failed until :meth:`succeeded` takes that back.

        Raises:
            RefusalError: ``unauthenticated:password:locked``: there were too many failures. It is the same
                for a right password and a wrong one.
        """
        with self._records.unit():
            for key, most in self._keys(name, address):
                count = self._count(key)
                until_us = self._until_us(count, most)
                now = self._clock()
                if now < until_us:
                    seconds = -(-(until_us - now) // _SECOND)
                    raise unauthenticated(
                        "password",
                        "locked",
                        "there were too many failures",
                        f"try again in {seconds} s, or ask an administrator: hyperhost user enable",
                    )
                self._records.put(ATTEMPTS, key, Count(count.failures + 1, now))
            self._sweep()

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name, and take back this one of the address.

        Not all of the address: who has an account could try the others' passwords in between.
        """
        with self._records.unit():
            for key, _ in self._keys(name, address):
                count = self._count(key)
                if key.startswith("address:") and count.failures > 1:
                    self._records.put(ATTEMPTS, key, Count(count.failures - 1, count.last_us))
                else:
                    self._records.drop(ATTEMPTS, key)

    def forget(self, name: str) -> None:
        """Unlock a name; to be called in a unit."""
        self._records.drop(ATTEMPTS, _key("name", name))

    def is_locked(self, name: str) -> bool:
        """Whether a name is locked now."""
        count = self._records.get(Count, ATTEMPTS, _key("name", name))
        return count is not None and self._clock() < self._until_us(count, self._settings.failures_per_user)

    def _keys(self, name: str, address: str) -> list[tuple[str, int]]:
        found = [(_key("name", name), self._settings.failures_per_user)]
        if address:
            found.append((_key("address", _network(address)), self._settings.failures_per_address))
        return found

    def _count(self, key: str) -> Count:
        count = self._records.get(Count, ATTEMPTS, key)
        if count is None or self._is_over(count):
            return Count(0, 0)
        return count

    def _is_over(self, count: Count) -> bool:
        return self._clock() - count.last_us > self._settings.lock_max_s * _SECOND

    def _until_us(self, count: Count, most: int) -> int:
        over = count.failures - most
        if over < 0:
            return 0
        seconds = min(self._settings.lock_s << min(over, _MOST_DOUBLINGS), self._settings.lock_max_s)
        return count.last_us + seconds * _SECOND

    def _sweep(self) -> None:
        """Remove a few counts that are over, wherever chance leads, so that they do not pile up."""
        for kind in ("name", "address"):
            prefix = f"{kind}:{secrets.choice('0123456789abcdef')}"
            for key, data in self._records.some(ATTEMPTS, prefix, _SWEPT):
                if self._is_over(Count(data["failures"], data["last_us"])):
                    self._records.drop(ATTEMPTS, key)


def _network(address: str) -> str:
    """What counts as one address: of IPv6 the 64 bits that a provider gives to one customer."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def _key(kind: str, text: str) -> str:
    return f"{kind}:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:40]}"
