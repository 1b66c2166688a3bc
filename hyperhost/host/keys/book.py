"""Public keys and their state, as records; each is checked when it is read."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import SigningKey
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.errors import RefusalError
from hyperhost.host.keys.algorithm import KEY_ID, KeyAlgorithm, key_id_of
from hyperhost.host.keys.records import Records

if TYPE_CHECKING:
    from hyperhost.host.context import PluginContext

__all__ = ["KEYS", "Known", "KeyBook", "damaged", "no_key"]

KEYS: Final = "signing-keys"
"""Collection of public keys, by id."""


@dataclass(frozen=True, slots=True)
class Known:
    """A key that is known.

    Attributes:
        key: Its public half and state.
        algorithm: Its algorithm; ``None`` when the provider does not know it.
        rotation: Signature of the key before over this one; empty when there is none.
    """

    key: SigningKey
    algorithm: KeyAlgorithm | None
    rotation: bytes = b""


class KeyBook:
    """The keys of a provider.

    Args:
        context: The plugin's.
        algorithms: The provider's, by name.
    """

    def __init__(self, context: PluginContext, algorithms: Mapping[str, KeyAlgorithm]) -> None:
        self._records = Records(context, KEYS)
        self._algorithms = algorithms
        self._read: dict[str, tuple[str, Known]] = {}

    def find(self, key_id: str) -> Known | None:
        """A key by its id. Its record is asked for each time, so that a revocation binds at once.

        Raises:
            RefusalError: ``signing.key-unusable``: what is stored under that id is not that key.
        """
        read = self._read.get(key_id)
        if read is None and not KEY_ID.fullmatch(key_id):
            return None
        text = self._records.get(key_id)
        if text is None:
            return None
        if read is None or read[0] != text:
            read = self._read[key_id] = text, self._parsed(key_id, text)
        return read[1]

    def get(self, key_id: str) -> Known:
        """A key by its id.

        Raises:
            RefusalError: ``signing.key-missing``, or as :meth:`find`.
        """
        found = self.find(key_id)
        if found is None:
            raise no_key(key_id)
        return found

    def put(self, known: Known) -> None:
        """Write a key."""
        data = to_data(replace(known.key, can_sign=False))
        if known.rotation:
            data["rotation"] = base64.b64encode(known.rotation).decode("ascii")
        self._records.put(known.key.id, json.dumps(data, sort_keys=True, separators=(",", ":")))

    def all(self) -> list[SigningKey]:
        """Every key, the oldest first. One whose record is damaged is left out."""
        found = []
        for key_id, text in self._records.all():
            try:
                found.append(self._parsed(key_id, text).key)
            except RefusalError:
                continue
        return sorted(found, key=lambda key: (key.created_at_us, key.id))

    def known(self, data: Any) -> Known:
        """A key as its record, or a file, has it.

        Raises:
            RefusalError: ``signing.key-unusable``: it is not well formed, or its id is not its own.
        """
        try:
            fields = dict(data)
            rotation = base64.b64decode(fields.pop("rotation", ""), validate=True)
            key: SigningKey = from_data(SigningKey, fields)
        except (DataError, ValueError, TypeError) as error:
            raise damaged(str(error)) from error
        if key.id != key_id_of(key.algorithm, key.public_key) or not KEY_ID.fullmatch(key.id):
            raise damaged(f"the id {key.id[:100]!r} belongs to another key")
        algorithm = self._algorithms.get(key.algorithm)
        if algorithm is not None and not algorithm.is_public(key.public_key):
            raise damaged(f"{key.id} is no public key of {key.algorithm}")
        return Known(key, algorithm, rotation)

    def _parsed(self, key_id: str, text: str) -> Known:
        try:
            data = json.loads(text)
        except ValueError as error:
            raise damaged(f"its record is no JSON: {error}") from error
        known = self.known(data)
        if known.key.id != key_id:
            raise damaged(f"the record of {key_id} holds {known.key.id}")
        return known


def damaged(problem: str) -> RefusalError:
    """A key is not what it has to be."""
    return RefusalError(
        f"the key is damaged: {problem}", "signing.key-unusable", hint="import the key again from its owner"
    )


def no_key(key_id: str) -> RefusalError:
    """The refusal ``signing.key-missing``."""
    return RefusalError(
        f"there is no key {key_id[:140]!r}", "signing.key-missing", hint="see: hyperhost keys list"
    )
