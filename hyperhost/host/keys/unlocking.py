"""Where the secret comes from that private halves are encrypted with.

``unlock`` in the plugin's configuration says it: ``file`` (the default; ``key_file``, or ``unlock.key``
in the plugin's own directory), ``keyring`` (that of the system) or ``passphrase`` (from the environment,
where the command line puts what a person typed).
"""

from __future__ import annotations

import os
import secrets
import stat
import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hyperhost.host.keys.sealing import Unlock, unusable
from hyperhost.host.wholefile import write_whole

if TYPE_CHECKING:
    from hyperhost.host.context import PluginContext

__all__ = ["PASSPHRASE_VARIABLE", "Unlocker"]

PASSPHRASE_VARIABLE: Final = "HYPERHOST_KEY_PASSPHRASE"  # noqa: S105  # the name of a variable
_KINDS: Final = ("file", "keyring", "passphrase")
_SERVICE: Final = "hyperhost"


class Unlocker:
    """Finds the secret of one plugin.

    Args:
        context: The plugin's; it has a home.
    """

    def __init__(self, context: PluginContext) -> None:
        self._context = context
        self._lock = threading.Lock()

    def find(self, *, make: bool = False) -> Unlock:
        """The secret.

        Args:
            make: Make one if there is none yet: a file, or an entry of the keyring.

        Raises:
            RefusalError: ``signing.key-unusable``: there is none, or others could read it.
        """
        kind = self._context.config.get("unlock", "file")
        if kind not in _KINDS:
            raise unusable(f"unlock = {kind!r} is not known", f"known are {', '.join(_KINDS)}")
        with self._lock:
            if kind == "passphrase":
                return Unlock(kind, self._passphrase())
            if kind == "keyring":
                return Unlock(kind, self._from_keyring(make))
            return Unlock("file", self._from_file(make))

    def _passphrase(self) -> bytes:
        found = os.environ.get(PASSPHRASE_VARIABLE, "")
        if not found:
            raise unusable(
                "the private keys are locked: no passphrase was given", f"set {PASSPHRASE_VARIABLE}"
            )
        return found.encode("utf-8", "surrogateescape")

    @property
    def path(self) -> Path:
        """Where the key file is, for ``unlock = "file"``."""
        named = self._context.config.get("key_file")
        return Path(str(named)).expanduser() if named else self._context.data / "unlock.key"

    def _from_file(self, make: bool) -> bytes:
        path = self.path
        if make and not path.exists():
            _write(path, secrets.token_hex(32))
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            with os.fdopen(handle, "rb") as file:
                facts = os.fstat(file.fileno())
                if not stat.S_ISREG(facts.st_mode) or facts.st_mode & 0o077:
                    raise unusable(
                        f"the key file {path} can be read or written by others",
                        f"run: chmod 600 {path}; if others may have read it, make new keys",
                    )
                return _secret(file.read(4096), f"the key file {path}")
        except OSError as error:
            raise unusable(
                f"the key file {path} cannot be read: {error.strerror or error}",
                "put it back from a copy; without it the private keys are lost",
            ) from error

    def _from_keyring(self, make: bool) -> bytes:
        keyring = _keyring()
        place = f"{self._context.id} {self._context.home}"
        try:
            found = keyring.get_password(_SERVICE, place)
            if found is None and make:
                found = secrets.token_hex(32)
                keyring.set_password(_SERVICE, place, found)
        except keyring.errors.KeyringError as error:
            raise unusable(
                f"the system keyring does not answer: {error}", "unlock it, and try again"
            ) from error
        if found is None:
            raise unusable(
                f"the system keyring has no entry {place!r} of {_SERVICE!r}", "put it back from a copy"
            )
        return _secret(found.encode("utf-8"), "the entry of the system keyring")


def _secret(text: bytes, what: str) -> bytes:
    """32 bytes, written as 64 hexadecimal digits."""
    try:
        found = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        found = b""
    if len(found) != 32:
        raise unusable(f"{what} is damaged: it holds no 64 hexadecimal digits", "put it back from a copy")
    return found


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all; one that is there stays."""
    try:
        write_whole(path, text + "\n", fresh=True)  # another process may be first
    except OSError as error:
        raise unusable(f"the key file {path} cannot be written: {error.strerror or error}") from error


def _keyring() -> Any:
    try:
        # By name: it is an optional library, which need not be there for types to be checked.
        import_module("keyring.errors")
        return import_module("keyring")
    except ImportError as error:
        raise unusable(
            "unlock = 'keyring' needs the library keyring, which is not installed",
            "pip install 'hyperhost[keyring]', or choose unlock = 'file'",
        ) from error
