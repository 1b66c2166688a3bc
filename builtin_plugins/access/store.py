"""What is kept: custom roles, who has which role, tokens that were issued, and what was revoked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import PageRequest, PutMode
from hyperhost.contracts.codec import from_data, to_data
from hyperhost.errors import RefusalError

from .roles import BUILT_IN, Role

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["Assignment", "Issued", "Store"]

_ROLES: Final = "access-roles"
_ASSIGNED: Final = "access-assignments"
_ISSUED: Final = "access-tokens"
_REVOKED: Final = "access-revoked"
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Assignment:
    """That somebody has a role.

    Attributes:
        principal: Id of a principal.
        role: Name of the role.
        namespace: Where they have it, and below; empty for the whole registry.
        by: Who gave it to them.
        at_us: When.
        expires_at_us: Until when they have it; ``None`` is for good.
    """

    principal: str
    role: str
    namespace: str = ""
    by: str = ""
    at_us: int = 0
    expires_at_us: int | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was issued; never the token itself.

    Attributes:
        id: Its id.
        issuer: Id of the principal in whose place it acts.
        issuer_name: Name of the issuer.
        roles: Roles that the issuer had by itself, as its login said; they count where nothing is known of it
            by now, and the token ends with that login.
        subject: Whom it was made for, for people.
        allow: Permissions.
        at_us: When.
        expires_at_us: Until when it holds; ``None`` is for good.
        revoked_at_us: When it was revoked; ``None`` while it is not.
    """

    id: str
    issuer: str
    issuer_name: str = ""
    roles: list[str] | None = None
    subject: str = ""
    allow: list[str] | None = None
    at_us: int = 0
    expires_at_us: int | None = None
    revoked_at_us: int | None = None


class Store:
    """Reads and writes through the hooks of storage."""

    def __init__(self, hook: HookRelay) -> None:
        self._hook = hook

    def roles(self) -> dict[str, Role]:
        """All roles by name, the five first."""
        return {**BUILT_IN, **{role.name: role for role in map(_role, self._all(_ROLES))}}

    def put_role(self, role: Role, *, replace: bool) -> None:
        """Write a custom role.

        Raises:
            RefusalError: ``storage.exists`` or ``storage.missing``, as ``replace`` says.
        """
        self._put(_ROLES, role.name, role, PutMode.REPLACE if replace else PutMode.CREATE)

    def drop_role(self, name: str) -> bool:
        """Remove a custom role; whether there was one."""
        return bool(self._hook.storage_delete_record(collection=_ROLES, key=name))

    def assigned(self, principal_id: str) -> list[Assignment]:
        """What was assigned to one principal."""
        text = self._hook.storage_get_record(collection=_ASSIGNED, key=principal_id)
        return [] if text is None else from_data(list[Assignment], json.loads(text))

    def assignments(self) -> list[Assignment]:
        """All that was assigned, by principal."""
        return [
            each for text in self._all(_ASSIGNED) for each in from_data(list[Assignment], json.loads(text))
        ]

    def put_assigned(self, principal_id: str, held: list[Assignment]) -> None:
        """Write what is assigned to one principal."""
        if held:
            self._put(_ASSIGNED, principal_id, held, None)
        else:
            self._hook.storage_delete_record(collection=_ASSIGNED, key=principal_id)

    def issued(self, token_id: str) -> Issued | None:
        """A token that was issued."""
        text = self._hook.storage_get_record(collection=_ISSUED, key=token_id)
        return None if text is None else from_data(Issued, json.loads(text))

    def all_issued(self) -> list[Issued]:
        """All tokens that were issued, by id, which is by time."""
        return [from_data(Issued, json.loads(text)) for text in self._all(_ISSUED)]

    def put_issued(self, issued: Issued) -> None:
        """Write down that a token was issued, or changed."""
        self._put(_ISSUED, issued.id, issued, None)

    def revoke(self, revocation_id: str, by: str, at_us: int) -> None:
        """Write down that a block of a token, and all that was made from it, is revoked."""
        self._put(_REVOKED, revocation_id, {"by": by, "at_us": at_us}, None)

    def is_revoked(self, revocation_id: str) -> bool:
        """Whether it is."""
        return self._hook.storage_get_record(collection=_REVOKED, key=revocation_id) is not None

    def _put(self, collection: str, key: str, value: Any, mode: PutMode | None) -> None:
        text = json.dumps(to_data(value), ensure_ascii=False, separators=(",", ":"))
        self._hook.storage_put_record(collection=collection, key=key, data_json=text, mode=mode)

    def _all(self, collection: str) -> Iterator[str]:
        token = ""
        while True:
            page = self._hook.storage_list_records(
                collection=collection, prefix="", page=PageRequest(_PAGE, token)
            )
            yield from (record.data_json for record in page.items)
            token = page.next_token
            if not token:
                return


def _role(text: str) -> Role:
    role = from_data(Role, json.loads(text))
    if role.name in BUILT_IN or role.built_in:
        raise RefusalError(f"a stored role calls itself {role.name}", "storage.damaged")
    return role
