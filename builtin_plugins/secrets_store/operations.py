"""The operations on secrets. None of them hands one out."""

from __future__ import annotations

import os
import stat
from functools import cache
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import OperationCall
from hyperhost.errors import RefusalError
from hyperhost.offering import Asked, OperationTable, operation

from .store import MAX_BYTES, SecretRow

if TYPE_CHECKING:
    from pluggy import HookRelay

    from .store import Store

__all__ = ["Work", "secret_list", "secret_remove", "secret_rotate", "secret_set", "table"]

_GROUP: Final = "secret"


class Work(Asked):
    """One call.

    Args:
        call: What is asked.
        hook: The host's hooks.
        store: The secrets.
    """

    def __init__(self, call: OperationCall, hook: HookRelay, store: Store) -> None:
        super().__init__(call, hook)
        self.store = store


@operation(group=_GROUP, permission="secret:manage", changes=True)
def secret_set(
    work: Work, name: str, value_file: str, namespace: str = "", replace: bool = False
) -> SecretRow:
    """Set a secret to what is in a file that only its owner can read; a last line break is left out.

    A secret is no argument itself, because every plugin that offers operations sees arguments.
    """
    value = _value_in(value_file)
    row = work.store.put(name, namespace, value, work.principal.id, work.at_us, replace=replace)
    work.about(name, namespace, version=row.version)
    return row


@operation(group=_GROUP, permission="secret:read")
def secret_list(work: Work) -> list[SecretRow]:
    """List the names of secrets, and when each was last set."""
    return work.store.rows()


@operation(group=_GROUP, permission="secret:manage", changes=True)
def secret_remove(work: Work, name: str, namespace: str = "") -> bool:
    """Remove a secret."""
    work.store.remove(name, namespace)
    work.about(name[:200], namespace)
    return True


@operation(group=_GROUP, permission="secret:manage", changes=True)
def secret_rotate(work: Work) -> int:
    """Encrypt all secrets with a new key; answers how many there are."""
    work.store.rotate()
    count = len(work.store.rows())
    work.about("secrets", count=count)
    return count


@cache
def table() -> OperationTable:
    """The table of all of them."""
    return OperationTable([secret_set, secret_list, secret_remove, secret_rotate])


def _value_in(path: str) -> str:
    """The text of a file.

    Raises:
        RefusalError: ``invalid:value_file:…``: it cannot be used. The reason never repeats what is in it.
    """
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode) or facts.st_mode & 0o077:
                raise RefusalError(
                    f"{path} may be read by others than its owner, or is no file",
                    "invalid:value_file:mode",
                    hint=f"chmod 600 {path}",
                )
            data = file.read(MAX_BYTES + 3)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no path"
        raise RefusalError(f"{path} cannot be read: {reason}", "invalid:value_file:unreadable") from None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise RefusalError(
            f"what is in {path} is no text", "invalid:value_file:text", hint="write it as UTF-8"
        ) from None
    return text.removesuffix("\n").removesuffix("\r")
