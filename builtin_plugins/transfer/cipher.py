"""Sealed files: AES-256-GCM in pieces of 1 MiB, so that a file of any size is read and written as a stream.

    magic  length of the head (4 bytes)  head (JSON)  piece  piece  …  last piece

Each file has a key of its own, derived (HKDF-SHA-256) from a random salt and the secret: a key file of 32
random bytes, or a passphrase (scrypt). Therefore nonces may simply count: 11 bytes number the piece, the
12th says whether it is the last. A piece that is missing, repeated, moved or changed does not authenticate,
and neither does a file that ends early or goes on. The head is authenticated with every piece.

The construction is the STREAM of Hoang, Reyhanitabar, Rogaway and Vizár (2015).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from .reading import Source
from .refusals import bad_file, invalid, locked, unwritable
from .writing import line_of

__all__ = ["MAGIC", "Key", "Sealing", "Unsealing", "make_key", "read_key"]

MAGIC: Final = b"HHSEAL1\n"
PIECE: Final = 1 << 20
_TAG: Final = 16
_HEAD_MAX: Final = 4096
_SCRYPT: Final = {"n": 1 << 17, "r": 8, "p": 1}
_MEMORY_MAX: Final = 512 << 20
_PASSPHRASE_MIN: Final = 12


@dataclass(frozen=True, slots=True)
class Key:
    """A secret: ``file`` (32 random bytes) or ``passphrase``."""

    kind: str
    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.kind!r})"


def read_key(key_file: str | None, passphrase_file: str | None) -> Key | None:
    """The key in a file; ``None`` when none was named.

    Args:
        key_file: Path of a file that :func:`make_key` wrote.
        passphrase_file: Path of a file with a passphrase in its first line.

    Raises:
        RefusalError: both are named, or the file cannot be used, or others than its owner may read it.
    """
    if key_file is not None and passphrase_file is not None:
        raise invalid("key_file", "both", "a key file and a passphrase were given", "give one of them")
    if key_file is not None:
        text = _private(Path(key_file)).strip()
        try:
            secret = bytes.fromhex(text.decode("ascii"))
        except ValueError:
            secret = b""
        if len(secret) != 32:
            raise locked(f"{key_file} holds no key", "make one with backup_keygen")
        return Key("file", secret)
    if passphrase_file is not None:
        phrase = _private(Path(passphrase_file)).partition(b"\n")[0].rstrip(b"\r")
        if len(phrase) < _PASSPHRASE_MIN:
            raise locked(
                f"the passphrase in {passphrase_file} is too short",
                f"take {_PASSPHRASE_MIN} characters or more",
            )
        return Key("passphrase", phrase)
    return None


def make_key(path: Path) -> None:
    """Write a new key, readable by its owner only, to a file that is not there yet.

    Raises:
        RefusalError: it is there, or cannot be written.
    """
    try:
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise invalid("path", "exists", f"{path} is there already", "name another file") from None
    except OSError as error:
        raise unwritable(path, error) from error


class Sealing:
    """Encrypts what is written to it; :meth:`finish` has to be called."""

    def __init__(self, file: IO[bytes], key: Key) -> None:
        salt = secrets.token_bytes(32)
        head: dict[str, Any] = {"kdf": "hkdf" if key.kind == "file" else "scrypt", "salt": salt.hex()}
        if key.kind != "file":
            head |= _SCRYPT
        inner, head["check"] = _derive(key, head)
        text = line_of(head)
        self._file, self._pieces = file, _Pieces(inner, text)
        self._buffer = bytearray()
        file.write(MAGIC + len(text).to_bytes(4, "big") + text)

    def write(self, data: bytes, /) -> None:
        """Add bytes."""
        self._buffer += data
        while len(self._buffer) > PIECE:
            self._file.write(self._pieces.seal(bytes(self._buffer[:PIECE]), last=False))
            del self._buffer[:PIECE]

    def finish(self) -> None:
        """Write the last piece."""
        self._file.write(self._pieces.seal(bytes(self._buffer), last=True))
        self._buffer.clear()


class Unsealing:
    """Decrypts what is read from it; every byte that it hands out is authentic.

    Args:
        source: The file, behind its magic.
        key: The secret.

    Raises:
        RefusalError: it is the wrong one, or the head is none.
    """

    def __init__(self, source: Source, key: Key) -> None:
        self._source = source
        size = int.from_bytes(_read(source, 4), "big")
        text = _read(source, size) if size <= _HEAD_MAX else b""
        if not size or len(text) != size:
            raise bad_file(f"byte {len(MAGIC)}", "truncated", "the file ends within its head")
        head = _head(text)
        if head["kdf"] != ("hkdf" if key.kind == "file" else "scrypt"):
            other = "a key file" if head["kdf"] == "hkdf" else "a passphrase"
            raise locked(f"the file was encrypted with {other}", f"give {other}")
        inner, check = _derive(key, head)
        if not hmac.compare_digest(check, head["check"]):
            raise locked("this is not the key that the file was encrypted with", "give the right one")
        self._pieces = _Pieces(inner, text)
        self._plain = b""
        self._next = _read(source, PIECE + _TAG)
        self._ended = False

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        if not self._plain and not self._ended:
            current, self._next = self._next, b""
            if len(current) == PIECE + _TAG:
                self._next = _read(self._source, PIECE + _TAG)
            self._ended = not self._next
            self._plain = self._pieces.open(current, last=self._ended)
        found, self._plain = self._plain[:size], self._plain[size:]
        return found


class _Pieces:
    """Seals and opens the pieces of one file, in their order."""

    def __init__(self, key: bytes, head: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._aes = AESGCM(key)
        self._head = hashlib.sha256(MAGIC + head).digest()
        self._number = 0

    def seal(self, data: bytes, *, last: bool) -> bytes:
        return self._aes.encrypt(self._nonce(last), data, self._head)

    def open(self, data: bytes, *, last: bool) -> bytes:
        from cryptography.exceptions import InvalidTag

        where = f"piece {self._number}"
        try:
            return self._aes.decrypt(self._nonce(last), data, self._head)
        except (InvalidTag, ValueError):
            raise bad_file(
                where,
                "authentic",
                "the file was changed, or is not complete",
                "copy it again, or take another backup",
            ) from None

    def _nonce(self, last: bool) -> bytes:
        nonce = self._number.to_bytes(11, "big") + bytes([last])
        self._number += 1
        return nonce


def _derive(key: Key, head: dict[str, Any]) -> tuple[bytes, str]:
    """The key of one file, and what tells whether the secret is the right one."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    salt, secret = bytes.fromhex(head["salt"]), key.secret
    if key.kind != "file":
        secret = hashlib.scrypt(
            secret, salt=salt, n=head["n"], r=head["r"], p=head["p"], maxmem=_MEMORY_MAX, dklen=32
        )
    found = HKDF(SHA256(), 48, salt, b"hyperhost sealed file 1").derive(secret)
    return found[:32], found[32:].hex()


def _head(text: bytes) -> dict[str, Any]:
    """What the head says; costs that it asks for are bounded."""
    try:
        head = json.loads(text)
        good = (
            head.keys() - {"n", "r", "p"} == {"kdf", "salt", "check"}
            and head["kdf"] in ("hkdf", "scrypt")
            and len(bytes.fromhex(head["salt"])) == 32
            and len(bytes.fromhex(head["check"])) == 16
        )
        if good and head["kdf"] == "scrypt":
            n, r, p = head["n"], head["r"], head["p"]
            good = all(type(each) is int and each > 0 for each in (n, r, p))
            good = good and n & (n - 1) == 0 and n > 1 and 128 * n * r <= _MEMORY_MAX // 2 and p <= 4
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        good = False
    if not good:
        raise bad_file(f"byte {len(MAGIC) + 4}", "format", "the head of the encrypted file is damaged")
    return dict(head)


def _read(source: Source, size: int) -> bytes:
    parts, missing = [], size
    while missing and (part := source.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise locked(f"{path} may be read by others than its owner", f"chmod 600 {path}")
            return file.read(4096)
    except OSError as error:
        raise unwritable(path, error) from error
