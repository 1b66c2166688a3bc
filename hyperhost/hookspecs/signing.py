"""Hooks of the service ``signing``: keys, signatures and whom to trust.

Exactly one provider answers (``[providers]`` in ``hyperhost.toml``). All of them are gates: a fault
ends the operation that asked, and nothing counts as signed, verified or trusted. A provider
refuses with these rules:

=========================  =====================================================================
``signing.algorithm``      the algorithm is not one the provider knows
``signing.key-missing``    there is no key of that id
``signing.key-unusable``   the key is expired or revoked, or its private half is locked
=========================  =====================================================================
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.signing import Signature, SignerRole, SigningKey, TrustRule, Verification
from hyperhost.contracts.types import S64
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["SigningHooks"]


class SigningHooks(Protocol):
    """The service ``signing``."""

    @hookspec(service="signing", firstresult=True, raises=RefusalError)
    def signing_create_key(self, algorithm: str, expires_at_us: S64 | None) -> SigningKey:
        """Generate a key pair and keep its private half, encrypted.

        A fault ends the operation, and no key was kept.

        Args:
            algorithm: For example ``ed25519``.
            expires_at_us: From when on the key is unusable; ``None`` is never.

        Returns:
            The public half.

        Raises:
            RefusalError: rule ``signing.algorithm``.

        Example:
            ```python
            from hyperhost.contracts import SigningKey
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def signing_create_key(self, algorithm: str, expires_at_us: int | None) -> SigningKey:
                    return SigningKey("k1", algorithm, bytes(32), 0, expires_at_us)

            host.register(Fixed())
            key = host.hook.signing_create_key(algorithm="ed25519", expires_at_us=None)
            assert (key.algorithm, key.expires_at_us) == ("ed25519", None)
            ```
        """
        ...

    @hookspec(service="signing", firstresult=True)
    def signing_list_keys(self) -> list[SigningKey]:
        """List the keys the provider knows, its own and those it only verifies with.

        A fault ends the operation that asked.

        Returns:
            Public halves, oldest first, expired and revoked ones too.

        Example:
            ```python
            from hyperhost.contracts import SigningKey
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def signing_list_keys(self) -> list[SigningKey]:
                    return [SigningKey("k1", "ed25519", bytes(32), created_at_us=0)]

            host.register(Fixed())
            assert [key.id for key in host.hook.signing_list_keys()] == ["k1"]
            ```
        """
        ...

    @hookspec(service="signing", firstresult=True, raises=RefusalError)
    def signing_revoke_key(self, key_id: str, reason: str) -> bool:
        """Make a key unusable for good, for signing and for verifying.

        A fault ends the operation; the key is then as it was.

        Args:
            key_id: Id of the key.
            reason: Why, for a person.

        Returns:
            Whether it was usable until now; false when it was revoked already.

        Raises:
            RefusalError: rule ``signing.key-missing``.

        Example:
            ```python
            from hyperhost.errors import RefusalError
            from hyperhost.hookspecs import hookimpl

            class InMemory:
                usable = {"k1": True}

                @hookimpl
                def signing_revoke_key(self, key_id: str, reason: str) -> bool:
                    if key_id not in self.usable:
                        raise RefusalError(f"no key {key_id}", "signing.key-missing")
                    was, self.usable[key_id] = self.usable[key_id], False
                    return was

            host.register(InMemory())
            assert host.hook.signing_revoke_key(key_id="k1", reason="laptop lost") is True
            assert host.hook.signing_revoke_key(key_id="k1", reason="laptop lost") is False
            ```
        """
        ...

    @hookspec(service="signing", firstresult=True, raises=RefusalError)
    def signing_sign(self, payload: bytes, key_id: str, signer: SignerRole) -> Signature:
        """Sign bytes.

        A fault ends the operation, and nothing was signed.

        Args:
            payload: Exactly what is signed; canonical JSON (RFC 8785) when it is an artifact.
            key_id: Key to sign with; its private half must be there.
            signer: In what role.

        Returns:
            The signature.

        Raises:
            RefusalError: rule ``signing.key-missing`` or ``signing.key-unusable``.

        Example:
            ```python
            import hashlib

            from hyperhost.contracts import Signature, SignerRole
            from hyperhost.hookspecs import hookimpl

            class ChecksumOnly:  # shows the shape; a checksum is not a signature
                @hookimpl
                def signing_sign(self, payload: bytes, key_id: str, signer: SignerRole) -> Signature:
                    return Signature(key_id, "checksum", hashlib.sha256(payload).digest(), signer=signer)

            host.register(ChecksumOnly())
            made = host.hook.signing_sign(payload=b"{}", key_id="k1", signer=SignerRole.PUBLISHER)
            assert (made.key_id, len(made.value)) == ("k1", 32)
            ```
        """
        ...

    @hookspec(service="signing", firstresult=True)
    def signing_verify(self, payload: bytes, signature: Signature) -> Verification:
        """Verify one signature.

        A signature that does not hold is an answer, not an error. A fault ends the operation, and
        the signature does not count.

        Args:
            payload: The bytes that were signed, exactly.
            signature: The signature; its algorithm must be that of its key.

        Returns:
            Whether it holds now: it fits, and its key is known, not expired and not revoked.

        Example:
            ```python
            import hashlib

            from hyperhost.contracts import Signature, Verification
            from hyperhost.hookspecs import hookimpl

            class ChecksumOnly:  # shows the shape; a checksum is not a signature
                @hookimpl
                def signing_verify(self, payload: bytes, signature: Signature) -> Verification:
                    valid = signature.value == hashlib.sha256(payload).digest()
                    return Verification(valid, signature.key_id, "" if valid else "the payload was changed")

            host.register(ChecksumOnly())
            signature = Signature("k1", "checksum", hashlib.sha256(b"{}").digest())
            assert host.hook.signing_verify(payload=b"{}", signature=signature).valid
            assert not host.hook.signing_verify(payload=b"[]", signature=signature).valid
            ```
        """
        ...

    @hookspec(service="signing", firstresult=True)
    def signing_trust_rule(self, namespace: str) -> TrustRule | None:
        """Say which keys may sign for a namespace, and how many of them must.

        A fault ends the operation, and nobody is trusted.

        Args:
            namespace: Dotted path.

        Returns:
            The rule of the namespace or of its nearest parent that has one; ``None`` when there is
            none, which means that nothing has to be signed.

        Example:
            ```python
            from hyperhost.contracts import TrustRule
            from hyperhost.hookspecs import hookimpl

            class Policy:
                @hookimpl
                def signing_trust_rule(self, namespace: str) -> TrustRule | None:
                    if f"{namespace}.".startswith("org.acme."):
                        return TrustRule("org.acme", ["k1", "k2"], threshold=2)
                    return None

            host.register(Policy())
            assert host.hook.signing_trust_rule(namespace="org.acme.team").threshold == 2
            assert host.hook.signing_trust_rule(namespace="org.acmeevil") is None
            ```
        """
        ...
