"""Files that hold a publisher's private key, and the ways in which a public key is written.

A key file is JSON: ``type``, ``keyid`` (``ed25519:`` and the public key in hex) and ``secret``, the
private key in base64. It is not encrypted, so only its owner may be able to read it.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hyperhost.errors import CorruptComponentError, SignatureError
from hyperhost.host.archive import open_regular
from hyperhost.host.outfile import staging
from hyperhost.host.signature import KEY_PREFIX, key_id

__all__ = ["PrivateKey", "generate_key", "public_key", "read_key"]

KEY_TYPE: Final = "hyperhost-ed25519-private-key"
_MAX_BYTES: Final = 4096
_HEX = re.compile("[0-9a-f]{64}")
_BASE64 = re.compile("[A-Za-z0-9+/_-]{43}=")
_MAKE: Final = "make one with: hyperhost plugin keygen FILE"


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A publisher's key.

    Attributes:
        id: ``ed25519:`` and the public key in hex; not secret.
        seed: The private key, 32 bytes.
    """

    id: str
    seed: bytes = field(repr=False)


def generate_key(path: Path | str) -> PrivateKey:
    """Make a new key and write it to ``path``, which only its owner can read.

    Raises:
        SignatureError: something is there already; it is left as it is.
        PackError: the file cannot be written.
    """
    path = Path(path)
    seed = secrets.token_bytes(32)
    key = PrivateKey(key_id(seed), seed)
    document = {"type": KEY_TYPE, "keyid": key.id, "secret": base64.b64encode(seed).decode("ascii")}
    with staging(path, 0o600) as temporary:
        temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="ascii")
        temporary.chmod(0o600)  # whatever the umask leaves
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # unlike a rename this never replaces anything
        except FileExistsError as error:
            raise SignatureError(
                f"{path} is there already and was left as it is",
                hint="name another file; a key that is lost cannot be made again",
            ) from error
    return key


def read_key(path: Path | str) -> PrivateKey:
    """The key that :func:`generate_key` wrote.

    Raises:
        SignatureError: the file is not there, is no key file, or can be read by others.
    """
    path = Path(path)
    data, mode = _content(path)
    if mode & 0o077:
        raise SignatureError(
            f"the key file {path} can be read or written by others (mode {mode:04o})",
            hint=f"run: chmod 600 {path}; if others may have read it, make a new key",
        )
    document = _document(data)
    if document is None or document.get("type") != KEY_TYPE:
        raise SignatureError(f"{path} is no key file", hint=_MAKE)
    try:
        seed = base64.b64decode(str(document.get("secret")), validate=True)
    except (ValueError, binascii.Error):
        seed = b""
    if len(seed) != 32 or key_id(seed) != document.get("keyid"):
        raise SignatureError(
            f"the key file {path} is damaged: its secret does not belong to its key id", hint=_MAKE
        )
    return PrivateKey(key_id(seed), seed)


def public_key(text: str) -> str:
    """The key id (``ed25519:`` and hex) of a public key, however it is given.

    Args:
        text: A key id; the public key in hex or base64; or the path of a file that holds one of
            these, or of a key file, of which only the id is read.

    Raises:
        SignatureError: it is none of these.
    """
    if (found := _written_key(text)) is not None:
        return found
    path = Path(text)
    if path.exists():
        data, _ = _content(path)
        document = _document(data)
        inside = document.get("keyid") if document is not None else data.decode("utf-8", "replace").strip()
        if isinstance(inside, str) and (found := _written_key(inside)) is not None:
            return found
        raise SignatureError(f"{path} holds no public key", hint="it should hold 'ed25519:' and 64 digits")
    raise SignatureError(
        f"{text[:100]!r} is no public key and no file that holds one",
        hint="give the key id ('ed25519:03a1…') that 'hyperhost plugin keygen' printed",
    )


def _written_key(text: str) -> str | None:
    if _HEX.fullmatch(text.removeprefix(KEY_PREFIX).lower()):
        return KEY_PREFIX + text.removeprefix(KEY_PREFIX).lower()
    if _BASE64.fullmatch(text):
        return KEY_PREFIX + base64.b64decode(text.replace("-", "+").replace("_", "/")).hex()
    return None


def _content(path: Path) -> tuple[bytes, int]:
    """The bytes of a small file, and its permissions."""
    try:
        # The person may keep a link to a key elsewhere; only what it leads to matters.
        with open_regular(path.resolve(strict=True)) as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(_MAX_BYTES + 1)
    except CorruptComponentError as error:
        raise SignatureError(f"the key file {path} is no regular file", hint=_MAKE) from error
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SignatureError(f"the key file {path} cannot be read: {reason}", hint=_MAKE) from error
    if len(data) > _MAX_BYTES:
        raise SignatureError(f"{path} is too large to be a key file", hint=_MAKE)
    return data, mode


def _document(data: bytes) -> Mapping[str, object] | None:
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, Mapping) else None
