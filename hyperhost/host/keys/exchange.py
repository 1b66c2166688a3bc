"""Keys that leave and arrive: exported documents, and public keys in PEM."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from hyperhost.contracts import SigningKey
from hyperhost.contracts.codec import to_data
from hyperhost.errors import RefusalError
from hyperhost.host.canonical import canonical_json
from hyperhost.host.keys.algorithm import KEY_ID, KeyAlgorithm, key_id_of
from hyperhost.host.keys.book import KeyBook, Known, damaged
from hyperhost.host.keys.custody import Custody
from hyperhost.host.keys.sealing import Unlock, open_sealed, read_json
from hyperhost.host.signature import pae

__all__ = ["Exchange"]

KEY_TYPE: Final = "hyperhost-key"
_ROTATION_TYPE: Final = "application/vnd.hyperhost.key-rotation+json"
_MAX_BYTES: Final = 64 * 1024


class Exchange:
    """Exports and imports the keys of a provider.

    Args:
        book: Public keys.
        custody: Private halves.
        algorithms: The provider's, by name.
        clock: Microseconds since 1970.
    """

    def __init__(
        self,
        book: KeyBook,
        custody: Custody,
        algorithms: Mapping[str, KeyAlgorithm],
        clock: Callable[[], int],
    ) -> None:
        self._book = book
        self._custody = custody
        self._algorithms = algorithms
        self._clock = clock

    def export(self, key_id: str, passphrase: str | None) -> bytes:
        """A key as a document; its private half is in it, encrypted, only with a passphrase.

        Raises:
            RefusalError: ``signing.key-missing``, or ``signing.key-unusable``: its private half is not here
                or locked, or the passphrase is too short.
        """
        known = self._book.get(key_id)
        key = to_data(replace(known.key, can_sign=False))
        if known.rotation:
            key["rotation"] = base64.b64encode(known.rotation).decode("ascii")
        document: dict[str, Any] = {"type": KEY_TYPE, "version": 1, "key": key}
        if passphrase is not None:
            document["private"] = self._custody.sealed(key_id, _unlock(passphrase))
        return json.dumps(document, indent=1, sort_keys=True).encode("ascii") + b"\n"

    def take(self, document: bytes, passphrase: str | None) -> SigningKey:
        """Take a key over. What is known of it already stays; a revocation is taken over in any case.

        Args:
            document: What :meth:`export` wrote; or a public key: in PEM, or as the id of an Ed25519 key.
            passphrase: What its private half is encrypted with.

        Raises:
            RefusalError: ``signing.key-unusable``: it is damaged, or the passphrase is wrong;
                ``signing.algorithm``: it is of none that is known.
        """
        if len(document) > _MAX_BYTES:
            raise damaged(f"the document has {len(document)} bytes")
        data = read_json(document)
        if isinstance(data, Mapping):
            if (
                data.get("type") != KEY_TYPE
                or data.get("version") != 1
                or not isinstance(data.get("key"), Mapping)
            ):
                raise damaged(f"the document is no {KEY_TYPE} of version 1")
            given = self._given(self._book.known(data["key"]))
        else:
            given, data = self._public(document), {}
        known = self._merged(given)
        if "private" in data and passphrase is not None:
            self._take_private(known, data["private"], passphrase)
        self._book.put(known)
        return replace(known.key, can_sign=self._custody.has(known.key.id))

    def rotation_of(self, old: str, key: SigningKey) -> bytes:
        """What an old key signs to be replaced by another one."""
        return pae(_ROTATION_TYPE, canonical_json({"from": old, "to": key.id}))

    def _given(self, known: Known) -> Known:
        """A key from elsewhere, with only those claims that can be believed."""
        if known.algorithm is None:
            raise _unknown(known.key.algorithm)
        key = replace(known.key, created_at_us=self._clock(), replaced_by="", can_sign=False)
        if key.rotated_from:
            try:
                old = self._book.find(key.rotated_from)
            except RefusalError:
                old = None
            proof = self.rotation_of(key.rotated_from, key)
            if (
                old is None
                or old.algorithm is None
                or not old.algorithm.verify(old.key.public_key, proof, known.rotation)
            ):
                return Known(replace(key, rotated_from=""), known.algorithm)
        return Known(key, known.algorithm, known.rotation)

    def _merged(self, given: Known) -> Known:
        before = self._book.find(given.key.id)
        if before is None:
            return given
        if given.key.revoked_at_us is None or before.key.revoked_at_us is not None:
            return before
        revoked = replace(
            before.key, revoked_at_us=self._clock(), revocation_reason=given.key.revocation_reason
        )
        return replace(before, key=revoked)

    def _public(self, document: bytes) -> Known:
        """A public key in one of the forms that are in use."""
        text = document.decode("ascii", "replace").strip()
        if KEY_ID.fullmatch(text):
            name, _, digits = text.partition(":")
            algorithm = self._algorithms.get(name)
            if algorithm is None or not algorithm.is_public(bytes.fromhex(digits)):
                raise _unknown(name)
            return self._new(algorithm, bytes.fromhex(digits))
        for algorithm in self._algorithms.values():
            public = algorithm.read_public(document)
            if public is not None:
                return self._new(algorithm, public)
        raise damaged("it is neither an exported key nor a public key in PEM of an algorithm that is known")

    def _new(self, algorithm: KeyAlgorithm, public: bytes) -> Known:
        key_id = key_id_of(algorithm.name, public)
        return Known(SigningKey(key_id, algorithm.name, public, self._clock()), algorithm)

    def _take_private(self, known: Known, sealed: object, passphrase: str) -> None:
        key = known.key
        private = open_sealed(sealed, key.id, _unlock(passphrase))
        try:
            fits = known.algorithm is not None and known.algorithm.public_of(private) == key.public_key
        except ValueError:
            fits = False
        if not fits:
            raise damaged(f"its private half does not belong to {key.id}")
        self._custody.keep(key.id, private)


def _unlock(passphrase: str) -> Unlock:
    return Unlock("passphrase", passphrase.encode("utf-8", "surrogateescape"))


def _unknown(name: str) -> RefusalError:
    return RefusalError(
        f"keys of {name[:60]!r} are not known here",
        "signing.algorithm",
        hint="select a provider that knows them",
    )
