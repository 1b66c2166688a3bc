"""Arguments of the operations, one type for each; and passphrases, which are read from files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from hyperhost.contracts import S64, U32
from hyperhost.errors import RefusalError

__all__ = [
    "Export",
    "Generate",
    "Import",
    "Nothing",
    "One",
    "Revoke",
    "Rotate",
    "Trust",
    "Untrust",
    "read_passphrase",
]

_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Nothing:
    """Arguments of ``key_list`` and ``key_rules``."""


@dataclass(frozen=True, slots=True)
class Generate:
    """Arguments of ``key_generate``.

    Attributes:
        algorithm: For example ``ed25519``; the provider's usual one when empty.
        expires_at_us: From when on the key is unusable.
    """

    algorithm: str = ""
    expires_at_us: S64 | None = None


@dataclass(frozen=True, slots=True)
class One:
    """Arguments of ``key_show``."""

    key: str


@dataclass(frozen=True, slots=True)
class Export:
    """Arguments of ``key_export``.

    Attributes:
        key: Id of the key.
        passphrase_file: Put the private half in, encrypted with the first line of this file.
    """

    key: str
    passphrase_file: str | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """Arguments of ``key_import``.

    Attributes:
        document: What ``key_export`` wrote, or a public key.
        passphrase_file: File with what the private half is encrypted with, in its first line.
    """

    document: str
    passphrase_file: str | None = None


@dataclass(frozen=True, slots=True)
class Rotate:
    """Arguments of ``key_rotate``."""

    key: str
    expires_at_us: S64 | None = None


@dataclass(frozen=True, slots=True)
class Revoke:
    """Arguments of ``key_revoke``."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trust:
    """Arguments of ``key_trust``.

    Attributes:
        namespace: Namespace whose rule is made or changed.
        keys: Keys to trust, besides those that the rule has.
        threshold: How many signers must sign; as the rule has it when not given, or 1.
    """

    namespace: str
    keys: list[str] = field(default_factory=list)
    threshold: U32 | None = None


@dataclass(frozen=True, slots=True)
class Untrust:
    """Arguments of ``key_untrust``; without keys the whole rule goes."""

    namespace: str
    keys: list[str] = field(default_factory=list)


def read_passphrase(path: str | None) -> str | None:
    """The first line of a file that only its owner can read; ``None`` when none is named.

    A passphrase is no argument itself, because arguments are logged and recorded.

    Raises:
        RefusalError: ``invalid:passphrase_file:…``: it cannot be used.
    """
    if path is None:
        return None
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise RefusalError(
                    f"{path} may be read by others than its owner",
                    "invalid:passphrase_file:mode",
                    hint=f"chmod 600 {path}",
                )
            line = file.read(_MAX_BYTES).partition(b"\n")[0].rstrip(b"\r")
    except OSError as error:
        raise RefusalError(
            f"{path} cannot be read: {error.strerror or error}", "invalid:passphrase_file:unreadable"
        ) from error
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusalError(
            f"the passphrase in {path} is no text", "invalid:passphrase_file:text", hint="write it as UTF-8"
        ) from error
