"""The base of providers of the service ``signing``: everything but the algorithms."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from hyperhost.contracts import Signature, SignerRole, SigningKey, TrustRule, Verification
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

if TYPE_CHECKING:
    from hyperhost.host.context import PluginContext
    from hyperhost.host.keys.algorithm import KeyAlgorithm
    from hyperhost.host.keys.desk import KeyDesk

__all__ = ["SigningProvider"]


class SigningProvider(ABC):
    """A provider of the service ``signing``.

    A subclass says which algorithms it has, and nothing else:

        class MySigning(hyperhost.SigningProvider):
            def algorithms(self):
                return [MyAlgorithm()]

    Public keys and trust rules are records of the host's storage, so they are audited and backed up.
    Private halves are encrypted in the plugin's own directory, and nowhere else.
    """

    def __init__(self) -> None:
        self._context: PluginContext | None = None
        self._made: KeyDesk | None = None
        self._making = threading.Lock()

    @abstractmethod
    def algorithms(self) -> list[KeyAlgorithm]:
        """The algorithms, the usual one first."""

    def plugin_start(self, context: PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    def plugin_stop(self) -> None:
        """Let go of private halves."""
        if self._made is not None:
            self._made.close()
            self._made = None

    @hookimpl
    def signing_create_key(self, algorithm: str, expires_at_us: int | None) -> SigningKey:
        """See the hookspec."""
        return self._desk().signing_create_key(algorithm, expires_at_us)

    @hookimpl
    def signing_list_keys(self) -> list[SigningKey]:
        """See the hookspec."""
        return self._desk().signing_list_keys()

    @hookimpl
    def signing_revoke_key(self, key_id: str, reason: str) -> bool:
        """See the hookspec."""
        return self._desk().signing_revoke_key(key_id, reason)

    @hookimpl
    def signing_rotate_key(self, key_id: str, expires_at_us: int | None) -> SigningKey:
        """See the hookspec."""
        return self._desk().signing_rotate_key(key_id, expires_at_us)

    @hookimpl
    def signing_export_key(self, key_id: str, passphrase: str | None) -> bytes:
        """See the hookspec."""
        return self._desk().signing_export_key(key_id, passphrase)

    @hookimpl
    def signing_import_key(self, document: bytes, passphrase: str | None) -> SigningKey:
        """See the hookspec."""
        return self._desk().signing_import_key(document, passphrase)

    @hookimpl
    def signing_sign(self, payload: bytes, key_id: str, signer: SignerRole) -> Signature:
        """See the hookspec."""
        return self._desk().signing_sign(payload, key_id, signer)

    @hookimpl
    def signing_verify(self, payload: bytes, signature: Signature) -> Verification:
        """See the hookspec."""
        return self._desk().signing_verify(payload, signature)

    @hookimpl
    def signing_trust_rule(self, namespace: str) -> TrustRule | None:
        """See the hookspec."""
        return self._desk().signing_trust_rule(namespace)

    @hookimpl
    def signing_list_trust_rules(self) -> list[TrustRule]:
        """See the hookspec."""
        return self._desk().signing_list_trust_rules()

    @hookimpl
    def signing_put_trust_rule(self, rule: TrustRule) -> bool:
        """See the hookspec."""
        return self._desk().signing_put_trust_rule(rule)

    @hookimpl
    def signing_remove_trust_rule(self, namespace: str) -> bool:
        """See the hookspec."""
        return self._desk().signing_remove_trust_rule(namespace)

    def _desk(self) -> KeyDesk:
        """What does the work, made when it is first needed: its modules take a while to import."""
        if self._made is None:
            from hyperhost.host.keys.desk import KeyDesk

            if self._context is None:
                raise RefusalError(
                    "the keys were not started by a host", "state:signing", hint="register it with a host"
                )
            with self._making:
                if self._made is None:
                    self._made = KeyDesk(self._context, self.algorithms())
        return self._made
