"""What python-tuf found wrong, in words: which attack it would be, and what to do.

The classes are those of the specification's threat model
(https://theupdateframework.github.io/specification/latest/#goals-to-protect-against-specific-attacks).
A refusal is no proof of an attack; a broken mirror looks the same. Either way nothing is installed.
"""

from __future__ import annotations

import re
from typing import Final

from tuf.api import exceptions
from tuf.api.serialization import DeserializationError

from hyperhost.errors import RefusalError

from .refusals import refused

__all__ = ["CONTENT", "told"]

CONTENT: Final = "content"
"""Stage in which a target itself is fetched; the other stages are the names of roles."""

_SIGNED_BY: Final = re.compile(r"(\d+)/(\d+) keys")
_EXPIRED: Final = re.compile(r"(\S+?)(?:\.json)? is expired")
_ANOTHER: Final = "try another mirror; if it says the same, ask the registry's operator"
_RUN_UP: Final = (
    "try another mirror; if the operator says that a stolen key ran the versions up, a rotation of the "
    "timestamp and snapshot keys lets clients go on"
)


def told(stage: str, error: Exception, name: str = "") -> RefusalError:
    """The refusal that an error of python-tuf stands for.

    Args:
        stage: Name of the role that was being loaded, or :data:`CONTENT`.
        error: What python-tuf raised.
        name: Path of the target, where one was asked for.
    """
    what = f"the content of {name}" if stage == CONTENT else f"the {stage} metadata"
    if isinstance(error, exceptions.DownloadError):
        return _not_had(what, error)
    if isinstance(error, OSError):
        return refused(
            "storage", f"trusted metadata cannot be kept: {error.strerror or error}", "check the disk"
        )
    if isinstance(error, exceptions.ExpiredMetadataError):
        # A timestamp that is known already is found to have expired when the snapshot is loaded.
        named = _EXPIRED.search(str(error))
        what = f"the {named[1]} metadata" if named else what
        return refused(
            "freeze",
            f"{what} has expired: the mirror shows an old state (indefinite freeze), or nobody renewed it",
            "check this machine's clock, then another mirror; the operator renews with: hyperhost tuf renew",
        )
    if isinstance(error, exceptions.UnsignedMetadataError):
        return _not_signed(what, error)
    if isinstance(error, exceptions.BadVersionNumberError):
        return _wrong_version(stage, what, error)
    if isinstance(error, exceptions.LengthOrHashMismatchError):
        if stage == CONTENT:
            return refused(
                "wrong-software",
                f"{what} is not what was signed: other software in its place (arbitrary installation)",
                _ANOTHER,
            )
        return _mixed(what, "is not the one that the snapshot or timestamp names")
    if isinstance(error, DeserializationError):
        return refused("mirror", f"{what} is no TUF metadata: the mirror is broken or malicious", _ANOTHER)
    if "missing info" in str(error) or "not contain information" in str(error):
        return refused("rollback", f"the snapshot metadata has lost a role (rollback): {error}", _ANOTHER)
    return _mixed(what, f"does not fit: {error}")


def _not_had(what: str, error: exceptions.DownloadError) -> RefusalError:
    if isinstance(error, exceptions.DownloadLengthMismatchError):
        return refused("endless-data", f"{what} is longer than it may be (endless data): {error}", _ANOTHER)
    if isinstance(error, exceptions.SlowRetrievalError):
        return refused(
            "endless-data", f"{what} comes in too slowly to ever end (endless data): {error}", _ANOTHER
        )
    return refused(
        "mirror", f"{what} cannot be had: the mirror is broken, or withholds it: {error}", _ANOTHER
    )


def _not_signed(what: str, error: Exception) -> RefusalError:
    found = _SIGNED_BY.search(str(error))
    signed, needed = (int(each) for each in found.groups()) if found else (0, 1)
    if signed:
        return refused(
            "threshold",
            f"{what} has {signed} of the {needed} signatures it needs: keys below the threshold were "
            "compromised, or the publisher is not done",
            "wait for the other signatures; if there are none to come, tell the operator which keys signed",
        )
    return refused(
        "arbitrary-installation",
        f"{what} is signed by none of the keys trusted for it: it is forged (arbitrary installation)",
        _ANOTHER,
    )


def _wrong_version(stage: str, what: str, error: Exception) -> RefusalError:
    if stage in ("root", "timestamp") or ".json version" in str(error):
        return refused("rollback", f"{what} is older than what was seen before (rollback): {error}", _RUN_UP)
    return _mixed(what, f"is of another version: {error}")


def _mixed(what: str, why: str) -> RefusalError:
    return refused(
        "mix-and-match", f"{what} {why}; parts of different states are put together (mix-and-match)", _ANOTHER
    )
