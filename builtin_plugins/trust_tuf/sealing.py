"""One file of metadata: read, signed, verified as a client will, and named by the file above it."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Final

from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata, MetaFile, Root
from tuf.api.serialization import DeserializationError

from .refusals import wrong_state

if TYPE_CHECKING:
    from securesystemslib.signer import Signer

__all__ = ["check_root", "meta_of", "parsed", "signed_file"]

_CONTROL: Final = re.compile(rb"[\x00-\x1f]")


def parsed(kind: str, data: bytes) -> Metadata[Any]:
    """Metadata of a kind.

    Raises:
        RefusalError: it is damaged, or of another kind.
    """
    try:
        found: Metadata[Any] | None = Metadata.from_bytes(data)
    except DeserializationError:
        found = None
    if found is None or found.signed.type != kind:
        raise wrong_state("metadata", f"the {kind} metadata is damaged", "restore it from a backup")
    return found


def signed_file(held: Metadata[Any], role: str, signers: list[Signer], threshold: int) -> bytes:
    """Sign metadata anew, and give its file.

    Args:
        held: The metadata; its signatures are replaced.
        role: Its name, for the refusal.
        signers: What signs with the keys that are at hand.
        threshold: How many of them are needed.

    Raises:
        RefusalError: there are fewer.
    """
    if len(signers) < threshold:
        raise wrong_state(
            "keys",
            f"{role} needs {threshold} signatures, and {len(signers)} of its keys are here",
            "bring the missing keys to this home",
        )
    payload = held.signed_bytes
    signatures = [signer.sign(payload) for signer in signers]
    held.signatures = {each.keyid: each for each in signatures}
    if _CONTROL.search(payload):  # the canonical form of TUF writes such characters as they are
        return held.to_bytes()
    # What was signed is JSON already: to write it a second time would take as long as signing it.
    listed = json.dumps([each.to_dict() for each in signatures], separators=(",", ":"))
    return b'{"signatures":%b,"signed":%b}' % (listed.encode(), payload)


def check_root(root: Metadata[Root], old: Root | None) -> None:
    """Return if the root before, where there is one, and the new one accept its signatures.

    Raises:
        RefusalError: keys are missing.
    """
    for judge, whose in ((old, "the root before"), (root.signed, "the new root")):
        if judge is None:
            continue
        try:
            judge.verify_delegate("root", root.signed_bytes, root.signatures)
        except UnsignedMetadataError:
            raise wrong_state(
                "keys",
                f"fewer root keys are here than {whose} asks for ({judge.roles['root'].threshold})",
                "bring the missing root keys to this home for as long as the rotation takes",
            ) from None


def meta_of(version: int, data: bytes) -> MetaFile:
    """How the file above names a file: version, length and hash."""
    return MetaFile(version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})
