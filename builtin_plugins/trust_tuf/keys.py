"""Private keys of a TUF repository, encrypted in the plugin's directory.

``seal.json`` says how the key that seals is derived: argon2id (RFC 9106) over the content of a key file
that lies elsewhere. Each ``ID.json`` is one key pair: the public half as it stands in the metadata, and
the private half under AES-256-GCM, with its id and role authenticated along. A file may be moved to
another place, as root keys should be; what needs it then says so.
"""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .refusals import missing, wrong_state
from .store import write_file

if TYPE_CHECKING:
    from securesystemslib.signer import Signer

__all__ = ["KeyStore"]

_SEAL: Final = "seal.json"
_KDF: Final = {"time_cost": 3, "memory_kib": 65_536, "parallelism": 4}
_BOUNDS: Final = {"time_cost": 64, "memory_kib": 4_194_304, "parallelism": 64}
_NONCE: Final = 12
_FILE_MOST: Final = 64 * 1024


class KeyStore:
    """The keys of one repository.

    Args:
        directory: Where they lie; made when the first key is.
        unlock: The key file.
    """

    def __init__(self, directory: Path, unlock: Path) -> None:
        self._directory = directory
        self.unlock = unlock
        self._sealing: bytes | None = None
        self._signers: dict[str, Signer] = {}

    def generate(self, role: str) -> Signer:
        """Make an Ed25519 key pair for a role, and keep it.

        Raises:
            RefusalError: the key file cannot be used.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from securesystemslib.signer import CryptoSigner

        signer = CryptoSigner.generate_ed25519()
        key_id = signer.public_key.keyid
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(self._key()).encrypt(nonce, signer.private_bytes, _bound(key_id, role))
        data = {
            "id": key_id,
            "role": role,
            "public": signer.public_key.to_dict(),
            "sealed": base64.b64encode(nonce + sealed).decode(),
        }
        write_file(self._directory / f"{key_id}.json", json.dumps(data).encode(), mode=0o600)
        self._signers[key_id] = signer
        return signer

    def held(self, key_ids: Iterable[str]) -> list[str]:
        """Those of the keys whose private half is here."""
        return [
            each for each in key_ids if each in self._signers or (self._directory / f"{each}.json").exists()
        ]

    def signers(self, key_ids: Iterable[str]) -> list[Signer]:
        """What signs with those of the keys whose private half is here.

        Raises:
            RefusalError: the key file does not open them, or one was altered.
        """
        return [self._signer(each) for each in self.held(key_ids)]

    def forget(self, key_id: str) -> None:
        """Remove a private half that must not sign any more."""
        self._signers.pop(key_id, None)
        (self._directory / f"{key_id}.json").unlink(missing_ok=True)

    def _signer(self, key_id: str) -> Signer:
        if key_id not in self._signers:
            self._signers[key_id] = self._open(key_id)
        return self._signers[key_id]

    def _open(self, key_id: str) -> Signer:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from securesystemslib.signer import CryptoSigner, SSlibKey

        try:
            data = _read_json(self._directory / f"{key_id}.json")
            raw = base64.b64decode(data["sealed"], validate=True)
            plain = AESGCM(self._key()).decrypt(raw[:_NONCE], raw[_NONCE:], _bound(key_id, data["role"]))
            public = SSlibKey.from_dict(key_id, data["public"])
            return CryptoSigner(load_pem_private_key(plain, None), public)
        except (KeyError, TypeError, ValueError, InvalidTag):
            raise wrong_state(
                "key",
                f"the TUF key {key_id[:16]} does not open: it was altered, or the key file is another one",
                f"restore {self.unlock} and the key from the same backup",
            ) from None

    def _key(self) -> bytes:
        """The key that seals the others; derived once."""
        if self._sealing is None:
            from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

            fresh = not (self._directory / _SEAL).exists()
            secret = _read_secret(self.unlock, make=fresh)
            seal = self._new_seal() if fresh else self._seal()
            derivation = Argon2id(
                salt=bytes.fromhex(seal["salt"]),
                length=32,
                iterations=seal["time_cost"],
                lanes=seal["parallelism"],
                memory_cost=seal["memory_kib"],
            )
            self._sealing = derivation.derive(secret)
        return self._sealing

    def _new_seal(self) -> dict[str, Any]:
        seal = {"kdf": "argon2id", "salt": os.urandom(16).hex(), **_KDF}
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(self._directory / _SEAL, json.dumps(seal).encode(), mode=0o600)
        return seal

    def _seal(self) -> dict[str, Any]:
        path = self._directory / _SEAL
        seal = _read_json(path)
        numbers = all(type(seal.get(key)) is int and 1 <= seal[key] <= top for key, top in _BOUNDS.items())
        if seal.get("kdf") != "argon2id" or not isinstance(seal.get("salt"), str) or not numbers:
            raise wrong_state("key", f"{path} was altered", "restore it from a backup")
        return seal


def _bound(key_id: str, role: str) -> bytes:
    return f"hyperhost tuf key 1\0{key_id}\0{role}".encode()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes()[:_FILE_MOST])
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no JSON"
        raise wrong_state("key", f"{path} cannot be read: {reason}", "restore it from a backup") from None
    if not isinstance(data, dict):
        raise wrong_state("key", f"{path} was altered", "restore it from a backup")
    return data


def _read_secret(path: Path, *, make: bool) -> bytes:
    """The content of the key file, made of random bytes when there may be none yet."""
    try:
        if make and not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_file(path, os.urandom(32).hex().encode() + b"\n", mode=0o600)
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode) or facts.st_mode & 0o077:
                raise wrong_state("key", f"others may read {path}", f"chmod 600 {path}")
            secret = file.read(_FILE_MOST).strip()
    except FileNotFoundError:
        raise missing(
            "key", f"the key file {path} that unlocks the TUF keys is not there", "bring it back to sign"
        ) from None
    except OSError as error:
        raise wrong_state("key", f"{path} cannot be read: {error.strerror or error}", "check it") from None
    if len(secret) < 16:
        raise wrong_state("key", f"{path} holds fewer than 16 bytes", "restore it from a backup")
    return secret
