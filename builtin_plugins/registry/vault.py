"""Configs that are encrypted at rest: AES-256-GCM under a key that lies in the home, not in the store.

What is sealed are values, defaults and overrides of a config whose manifest says ``encrypted``. They
are sealed before the manifest goes anywhere: the store, the history, plugins that judge a change and
whoever hears of it get the sealed form. Only rendering opens it.

The coordinates without the version are authenticated along with it, so a sealed form that is copied
into a config of somebody else does not open there (NIST SP 800-38D; nonces of 96 random bits).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import hyperhost
from hyperhost.contracts import Artifact, ArtifactType
from hyperhost.offering import wrong_state

__all__ = ["KEY_NAME", "SEALED", "Vault", "is_sealed"]

KEY_NAME: Final = "config.key"
"""File of the keys in the registry's directory: one in each line, in hex; the first one seals."""

SEALED: Final = "$sealed"
"""The one key of the values of a sealed config."""

_FIELDS: Final = ("values", "defaults", "overrides")
_EMPTY: Final[dict[str, Any]] = {"values": None, "defaults": None, "overrides": {}}
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_DOMAIN: Final = b"hyperhost config 1\0"


class Vault:
    """Seals and opens configs. Any number of threads may use one.

    Args:
        directory: The registry's directory, asked for when it is needed; ``None`` keeps the key in
            memory, for a registry that is in memory itself.
    """

    def __init__(self, directory: Callable[[], Path] | None) -> None:
        self._directory = directory
        self._known: list[bytes] = []
        self._lock = threading.Lock()

    def written(self, artifact: Artifact, manifest: Any, stored: str = "") -> str:
        """A manifest as the text that may be stored.

        Args:
            artifact: Whose it is.
            manifest: What its author gave.
            stored: What is stored now; it stays when it says the same.

        Raises:
            RefusalError: it is no manifest, or there is no key to seal it with.
        """
        from .manifests import check_manifest  # the types of all manifests; whoever only reads needs none

        text = check_manifest(artifact.type, manifest)
        if artifact.type is not ArtifactType.CONFIG:
            return text
        data = json.loads(text)
        if not data["encrypted"]:
            return text
        if stored:
            before = json.loads(stored)
            if is_sealed(before) and self.opened(artifact, before) == data:
                return stored
        return _text({**data, **_EMPTY, "values": {SEALED: self._seal(artifact, data)}})

    def opened(self, artifact: Artifact, data: dict[str, Any]) -> dict[str, Any]:
        """The manifest of a config with its values as they are.

        Raises:
            RefusalError: the key is not in this home, or what is sealed was altered or is another's.
        """
        if not is_sealed(data):
            return data
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        mark, _, sealed = str(data["values"][SEALED]).partition(":")
        key = next((key for key in self._keys() if _mark(key) == mark), None)
        if key is None:
            raise wrong_state(
                KEY_NAME,
                f"{_place(artifact)} was encrypted with the key {mark[:16]}, which is not in this home",
                f"copy that line of {KEY_NAME} from the home where it was created",
            )
        try:
            raw = base64.b64decode(sealed, validate=True)
            plain = AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _bound(artifact))
        except (ValueError, InvalidTag):
            raise wrong_state(
                "manifest.values",
                f"the encrypted values of {_place(artifact)} were altered, or belong to another config",
                "create a new version with the values",
            ) from None
        return {**data, **json.loads(plain)}

    def _seal(self, artifact: Artifact, data: dict[str, Any]) -> str:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._keys()[0]
        nonce = os.urandom(_NONCE_BYTES)
        plain = _text({name: data[name] for name in _FIELDS}).encode()
        sealed = base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plain, _bound(artifact))).decode()
        return f"{_mark(key)}:{sealed}"

    def _keys(self) -> list[bytes]:
        with self._lock:
            if not self._known:
                if self._directory is None:
                    self._known = [os.urandom(_KEY_BYTES)]
                else:
                    self._known = _read_keys(self._directory() / KEY_NAME)
            return self._known


def _read_keys(path: Path) -> list[bytes]:
    try:
        if not path.exists():
            # What is sealed with it must not outlive it; another process may be faster.
            hyperhost.write_whole(path, os.urandom(_KEY_BYTES).hex() + "\n", fresh=True)
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, encoding="ascii") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode) or facts.st_mode & 0o077:
                raise wrong_state(KEY_NAME, f"others may read {path}", f"chmod 600 {path}")
            keys = [bytes.fromhex(line) for line in file.read(64 * 1024).split()]
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "a line is no key in hex"
        raise wrong_state(KEY_NAME, f"{path} cannot be used: {reason}", "restore it from a backup") from None
    if not keys or any(len(key) != _KEY_BYTES for key in keys):
        raise wrong_state(KEY_NAME, f"{path} holds no key of {_KEY_BYTES} bytes", "restore it from a backup")
    return keys


def is_sealed(data: dict[str, Any]) -> bool:
    """Whether the values of a config are sealed."""
    values = data.get("values")
    return bool(data.get("encrypted")) and isinstance(values, dict) and set(values) == {SEALED}


def _bound(artifact: Artifact) -> bytes:
    return _DOMAIN + _place(artifact).encode()


def _place(artifact: Artifact) -> str:
    return f"{artifact.namespace}/{artifact.name}"


def _mark(key: bytes) -> str:
    return hashlib.sha256(_DOMAIN + key).hexdigest()[:16]


def _text(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
