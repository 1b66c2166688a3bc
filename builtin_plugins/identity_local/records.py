"""What is kept, each kind in a collection of its own, so that no answer can hold a hash by accident."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hyperhost.contracts import PageRequest, Principal, PutMode
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.errors import RefusalError

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = [
    "ATTEMPTS",
    "KEYS",
    "PASSWORDS",
    "SEEN",
    "SESSIONS",
    "USERS",
    "Issued",
    "Password",
    "Records",
    "User",
]

USERS: Final = "identity-users"
PASSWORDS: Final = "identity-passwords"
KEYS: Final = "identity-api-keys"
SESSIONS: Final = "identity-sessions"
SEEN: Final = "identity-seen"
ATTEMPTS: Final = "identity-attempts"
_PAGE: Final = 1_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class User:
    """A person. One who was deleted stays as a name that nobody else gets.

    Attributes:
        name: What they log in with; ``user:NAME`` is their id.
        title: What people call them.
        created_at_us: When they were created.
        disabled_at_us: Since when they are kept out; ``None`` when they are not.
        deleted_at_us: When they were deleted.
        password_at_us: When their password was set; ``None`` while they have none.
        generation: Grows when all their sessions end.
    """

    name: str
    title: str = ""
    created_at_us: int = 0
    disabled_at_us: int | None = None
    deleted_at_us: int | None = None
    password_at_us: int | None = None
    generation: int = 0

    @property
    def id(self) -> str:
        """Id of the principal."""
        return f"user:{self.name}"


@dataclass(frozen=True, slots=True)
class Password:
    """What is kept of a password: its Argon2id hash in PHC form."""

    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Issued:
    """An API key or a session; of its secret only the SHA-256 is kept, which is enough for 256 random bits.

    Attributes:
        id: Its id, which is no secret.
        verifier: SHA-256 of the secret, in hex.
        principal: Whom it stands for, as they were then.
        generation: That of the user when it was made; a session of another one is over.
        created_at_us: When it was made.
        expires_at_us: Until when it holds.
        name: What a key is for, in its owner's words.
        scopes: Permissions that a key is limited to.
        revoked_at_us: When it was revoked.
        user_agent: What a session was begun with.
        ip: From where.
    """

    id: str
    verifier: str = field(repr=False)
    principal: Principal
    generation: int
    created_at_us: int
    expires_at_us: int
    name: str = ""
    scopes: list[str] = field(default_factory=list)
    revoked_at_us: int | None = None
    user_agent: str = ""
    ip: str = ""


class Records:
    """Reads and writes through the hooks of the service ``storage``."""

    def __init__(self, hook: HookRelay) -> None:
        self._hook = hook

    def get(self, kind: type[T], collection: str, key: str) -> T | None:
        """One record.

        Raises:
            RefusalError: ``storage.corrupt``: it is damaged.
        """
        text = self._hook.storage_get_record(collection=collection, key=key)
        return None if text is None else _read(kind, collection, text)

    def all(self, kind: type[T], collection: str, prefix: str = "") -> Iterator[T]:
        """Records whose keys begin with ``prefix``, in the order of their keys."""
        token = ""
        while True:
            page = self._hook.storage_list_records(
                collection=collection, prefix=prefix, page=PageRequest(_PAGE, token)
            )
            for record in page.items:
                yield _read(kind, collection, record.data_json)
            token = page.next_token
            if not token:
                return

    def some(self, collection: str, prefix: str, count: int) -> list[tuple[str, Any]]:
        """Key and data of the first few records whose keys begin with ``prefix``."""
        page = self._hook.storage_list_records(collection=collection, prefix=prefix, page=PageRequest(count))
        return [(record.key, json.loads(record.data_json)) for record in page.items]

    def put(self, collection: str, key: str, value: Any, mode: PutMode | None = None) -> None:
        """Write one record."""
        text = json.dumps(to_data(value), ensure_ascii=False, separators=(",", ":"))
        self._hook.storage_put_record(collection=collection, key=key, data_json=text, mode=mode)

    def drop(self, collection: str, key: str) -> None:
        """Remove one record, if it is there."""
        self._hook.storage_delete_record(collection=collection, key=key)

    @contextmanager
    def unit(self) -> Iterator[None]:
        """What is written inside is kept as a whole or not at all.

        Raises:
            RefusalError: ``storage.…``: it cannot be kept.
        """
        outermost = self._hook.storage_begin(write=True)
        try:
            yield
        except BaseException:
            self._hook.storage_end(commit=False)
            raise
        if not self._hook.storage_end(commit=True) and outermost:
            raise RefusalError("nothing was kept, as a part of it was undone", "storage.failed")


def _read(kind: type[T], collection: str, text: str) -> T:
    try:
        return from_data(kind, json.loads(text))
    except (DataError, ValueError):
        raise RefusalError(f"a record of {collection} is damaged", "storage.corrupt") from None
