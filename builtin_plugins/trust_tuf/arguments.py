"""What the operations on a TUF repository take, and what they answer."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CreateArguments",
    "DelegateArguments",
    "ExportArguments",
    "NoArguments",
    "RevokeArguments",
    "RoleState",
    "RotateArguments",
    "TufStatus",
    "UpdateArguments",
]


@dataclass(frozen=True, slots=True)
class CreateArguments:
    """Arguments of ``tuf_create``."""

    root_keys: int = 3
    root_threshold: int = 2


@dataclass(frozen=True, slots=True)
class NoArguments:
    """Arguments of operations that take none."""


@dataclass(frozen=True, slots=True)
class UpdateArguments:
    """Arguments of ``tuf_update``; ``everything`` looks at every artifact again."""

    everything: bool = False


@dataclass(frozen=True, slots=True)
class ExportArguments:
    """Arguments of ``tuf_export``: an absolute path of a directory on the registry's machine."""

    directory: str


@dataclass(frozen=True, slots=True)
class DelegateArguments:
    """Arguments of ``tuf_delegate``.

    Attributes:
        namespace: Whose targets are concerned, and those below it.
        keys: How many new keys sign for it from now on.
        threshold: How many of them must.
    """

    namespace: str
    keys: int = 1
    threshold: int = 1


@dataclass(frozen=True, slots=True)
class RevokeArguments:
    """Arguments of ``tuf_revoke``: a key, by the beginning of its id, and whose it is."""

    namespace: str
    key: str
    replace: bool = True


@dataclass(frozen=True, slots=True)
class RotateArguments:
    """Arguments of ``tuf_rotate``: a top-level role, how many new keys it gets, and how many must sign."""

    role: str = "root"
    keys: int | None = None
    threshold: int | None = None


@dataclass(frozen=True, slots=True)
class RoleState:
    """One role.

    Attributes:
        name: Its name; that of a delegation is its namespace.
        version: Of its metadata.
        expires: When that expires, RFC 3339.
        threshold: How many of its keys have to sign.
        keys: Ids of its keys.
        held: Ids of those whose private half is here.
        bins: How many hashed bins its targets are spread over; 0 when it lists them itself.
    """

    name: str
    version: int
    expires: str
    threshold: int
    keys: list[str]
    held: list[str]
    bins: int = 0


@dataclass(frozen=True, slots=True)
class TufStatus:
    """The state of the repository.

    Attributes:
        roles: Top-level roles, then delegations in the order in which clients try them.
        cursor: Number of the last entry of the history that is signed.
        metadata: Directory of the metadata, for a web server to hand out.
        root: Its root, for clients to begin with.
    """

    roles: list[RoleState]
    cursor: int
    metadata: str
    root: str
