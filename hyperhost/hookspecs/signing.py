"""Hooks of the service ``signing``: keys, signatures and whom to trust.

Exactly one provider answers (``[providers]`` in ``hyperhost.toml``). All of them are gates: a fault
ends the operation that asked, and nothing counts as signed, verified or trusted. A provider
refuses with these rules:

=========================  =====================================================================
``signing.algorithm``      the algorithm is not one the provider knows
``signing.key-missing``    there is no key of that id
``signing.key-unusable``   the key is expired, revoked, rotated or damaged, or its private half is
                           locked or not here
``invalid:FIELD:RULE``     an argument is not what it has to be
=========================  =====================================================================

Bytes are signed as they are given. What is signed must say what it is, so that a signature for one thing
cannot be shown as one for another: artifacts are signed in the pre-authentication encoding of DSSE
(:func:`hyperhost.signed_bytes`).
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
            algorithm: For example ``ed25519``; empty for the provider's usual one.
            expires_at_us: From when on the key is unusable; ``None`` is never.

        Returns:
            The public half.

        Raises:
            RefusalError: rule ``signing.algorithm``; ``invalid:expires_at_us:past``.

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
            payload: Exactly what is signed; :func:`hyperhost.signed_bytes` when it is an artifact.
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

    @hookspec(service="signing", firstresult=True, raises=RefusalError)
    def signing_rotate_key(self, key_id: str, expires_at_us: S64 | None) -> SigningKey:
        """Replace a key by a new one of the same algorithm, which the old one signs.

        From then on the old key only verifies. The new one is trusted wherever the old one is; both
        together are one signer. A fault ends the operation, and the old key is as it was.

        Args:
            key_id: Key to replace; its private half must be there.
            expires_at_us: From when on the new key is unusable; ``None`` is never.

        Returns:
            The public half of the new key.

        Raises:
            RefusalError: rule ``signing.key-missing`` or ``signing.key-unusable``.

        Example:
            ```python
            from hyperhost.contracts import SigningKey
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def signing_rotate_key(self, key_id: str, expires_at_us: int | None) -> SigningKey:
                    return SigningKey("k2", "ed25519", bytes(32), 0, expires_at_us, rotated_from=key_id)

            host.register(Fixed())
            assert host.hook.signing_rotate_key(key_id="k1", expires_at_us=None).rotated_from == "k1"
            ```
        """
        ...

    @hookspec(service="signing", firstresult=True, raises=RefusalError)
    def signing_export_key(self, key_id: str, passphrase: str | None) -> bytes:
        """Write a key as a document that ``signing_import_key`` takes.

        A fault ends the operation that asked.

        Args:
            key_id: Id of the key.
            passphrase: Put the private half in, encrypted with this; ``None`` leaves it out.

        Returns:
            The document.

        Raises:
            RefusalError: rule ``signing.key-missing``, or ``signing.key-unusable`` when its private half is
                asked for and is not there, or the passphrase is too short.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def signing_export_key(self, key_id: str, passphrase: str | None) -> bytes:
                    return b"{}" if passphrase is None else b'{"private": "..."}'

            host.register(Fixed())
            assert host.hook.signing_export_key(key_id="k1", passphrase=None) == b"{}"
            ```
        """
        ...

    @hookspec(service="signing", firstresult=True, raises=RefusalError)
    def signing_import_key(self, document: bytes, passphrase: str | None) -> SigningKey:
        """Take over a key from elsewhere. It is trusted for nothing until a rule says so.

        A key that is known stays as it is, except that a revocation is taken over. A fault ends the
        operation, and nothing was taken over.

        Args:
            document: What ``signing_export_key`` wrote, or a public key in a form that the provider knows.
            passphrase: What its private half is encrypted with; ``None`` takes the public half only.

        Returns:
            The public half.

        Raises:
            RefusalError: rule ``signing.key-unusable`` when the document is damaged, its id is not its
                own, or the passphrase is wrong; ``signing.algorithm``.

        Example:
            ```python
            from hyperhost.contracts import SigningKey
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def signing_import_key(self, document: bytes, passphrase: str | None) -> SigningKey:
                    return SigningKey("k1", "ed25519", document, created_at_us=0)

            host.register(Fixed())
            key = host.hook.signing_import_key(document=bytes(32), passphrase=None)
            assert key.public_key == bytes(32)
            ```
        """
        ...

    @hookspec(service="signing", firstresult=True)
    def signing_list_trust_rules(self) -> list[TrustRule]:
        """List all trust rules.

        A fault ends the operation that asked.

        Returns:
            The rules, in the order of their paths.

        Example:
            ```python
            from hyperhost.contracts import TrustRule
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def signing_list_trust_rules(self) -> list[TrustRule]:
                    return [TrustRule("org.acme", ["k1"])]

            host.register(Fixed())
            assert [rule.namespace for rule in host.hook.signing_list_trust_rules()] == ["org.acme"]
            ```
        """
        ...

    @hookspec(service="signing", firstresult=True, raises=RefusalError)
    def signing_put_trust_rule(self, rule: TrustRule) -> bool:
        """Write a trust rule, in place of the one that its namespace has.

        A fault ends the operation; the rules are then as they were.

        Args:
            rule: The rule.

        Returns:
            Whether anything is different from before.

        Raises:
            RefusalError: rule ``signing.key-missing``; ``invalid:…`` when its path is none, or its keys
                are fewer than its threshold.

        Example:
            ```python
            from hyperhost.contracts import TrustRule
            from hyperhost.hookspecs import hookimpl

            rules = {}

            class InMemory:
                @hookimpl
                def signing_put_trust_rule(self, rule: TrustRule) -> bool:
                    before, rules[rule.namespace] = rules.get(rule.namespace), rule
                    return before != rule

            host.register(InMemory())
            rule = TrustRule("org.acme", ["k1", "k2"], threshold=2)
            assert host.hook.signing_put_trust_rule(rule=rule) is True
            assert host.hook.signing_put_trust_rule(rule=rule) is False
            ```
        """
        ...

    @hookspec(service="signing", firstresult=True)
    def signing_remove_trust_rule(self, namespace: str) -> bool:
        """Remove the trust rule of a namespace; that of its nearest parent holds for it from then on.

        A fault ends the operation; the rule is then as it was.

        Args:
            namespace: Dotted path, exactly.

        Returns:
            Whether there was one.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def signing_remove_trust_rule(self, namespace: str) -> bool:
                    return namespace == "org.acme"

            host.register(Fixed())
            assert host.hook.signing_remove_trust_rule(namespace="org.acme") is True
            ```
        """
        ...
