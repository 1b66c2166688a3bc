"""The key with which the registry signs tokens: a file of the home that only its owner reads."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import hyperhost
from hyperhost.errors import RefusalError

from .biscuit import library

__all__ = ["RootKey"]


class RootKey:
    """Made when it is first needed.

    Args:
        file: Where it is kept; ``None`` keeps it for as long as the process runs.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._pair: Any = None
        self._lock = threading.Lock()

    def pair(self) -> Any:
        """The key.

        Raises:
            RefusalError: ``state:token-key``: its file cannot be read or written, or others may read it.
        """
        with self._lock:
            if self._pair is None:
                self._pair = _kept(self._file) if self._file is not None else _made()
            return self._pair


def _made() -> Any:
    return library().KeyPair()


def _kept(file: Path) -> Any:
    biscuit = library()
    try:
        if not file.exists():
            hyperhost.write_whole(file, bytes(_made().private_key.to_bytes()).hex() + "\n", fresh=True)
        if file.stat().st_mode & 0o077:
            raise _unusable(f"{file} can be read by others", f"chmod 600 {file}")
        text = file.read_text(encoding="ascii").strip()
        private = biscuit.PrivateKey.from_bytes(bytes.fromhex(text), biscuit.Algorithm.Ed25519)
        return biscuit.KeyPair.from_private_key(private)
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or "it is damaged"
        raise _unusable(
            f"the key of tokens in {file} cannot be used: {words}", "restore it, or remove it"
        ) from error


def _unusable(reason: str, hint: str) -> RefusalError:
    return RefusalError(reason, "state:token-key", hint=hint)
