"""What answers the ``signing_*`` hooks, with the algorithms of a provider."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from hyperhost.contracts import Signature, SignerRole, SigningKey, TrustRule, Verification
from hyperhost.errors import RefusalError
from hyperhost.host.keys.algorithm import KeyAlgorithm, key_id_of
from hyperhost.host.keys.book import KeyBook, Known
from hyperhost.host.keys.custody import Custody
from hyperhost.host.keys.exchange import Exchange
from hyperhost.host.keys.sealing import unusable
from hyperhost.host.keys.trust import TrustBook

if TYPE_CHECKING:
    from hyperhost.host.context import PluginContext

__all__ = ["KeyDesk"]


class KeyDesk:
    """Keys and trust of one provider; its methods are named after the hooks.

    Args:
        context: The plugin's.
        algorithms: The provider's, the usual one first.
    """

    def __init__(self, context: PluginContext, algorithms: Iterable[KeyAlgorithm]) -> None:
        self._algorithms = {algorithm.name: algorithm for algorithm in algorithms}
        self._book = KeyBook(context, self._algorithms)
        self._custody = Custody(context)
        self._trust = TrustBook(context)
        self._exchange = Exchange(self._book, self._custody, self._algorithms, context.clock)
        self._clock = context.clock

    def close(self) -> None:
        """Let go of private halves."""
        self._custody.forget()

    def signing_create_key(self, algorithm: str, expires_at_us: int | None) -> SigningKey:
        """See the hookspec."""
        return self._created(self._asked_for(algorithm), expires_at_us).key

    def signing_list_keys(self) -> list[SigningKey]:
        """See the hookspec."""
        return [replace(key, can_sign=self._custody.has(key.id)) for key in self._book.all()]

    def signing_revoke_key(self, key_id: str, reason: str) -> bool:
        """See the hookspec."""
        known = self._book.get(key_id)
        if known.key.revoked_at_us is not None:
            return False
        key = replace(known.key, revoked_at_us=self._clock(), revocation_reason=reason)
        self._book.put(replace(known, key=key))
        return True

    def signing_rotate_key(self, key_id: str, expires_at_us: int | None) -> SigningKey:
        """See the hookspec."""
        old = self._book.get(key_id)
        algorithm = self._usable(old)
        private = self._custody.find(key_id)
        new = self._created(algorithm, expires_at_us)
        proof = algorithm.sign(private, self._exchange.rotation_of(key_id, new.key))
        key = replace(new.key, rotated_from=key_id)
        self._book.put(Known(key, algorithm, proof))
        self._book.put(replace(old, key=replace(old.key, replaced_by=key.id)))
        for rule in self._trust.all():
            if key_id in rule.key_ids:
                self._trust.put(replace(rule, key_ids=[*rule.key_ids, key.id]))
        return replace(key, can_sign=True)

    def signing_export_key(self, key_id: str, passphrase: str | None) -> bytes:
        """See the hookspec."""
        return self._exchange.export(key_id, passphrase)

    def signing_import_key(self, document: bytes, passphrase: str | None) -> SigningKey:
        """See the hookspec."""
        return self._exchange.take(document, passphrase)

    def signing_sign(self, payload: bytes, key_id: str, signer: SignerRole) -> Signature:
        """See the hookspec."""
        known = self._book.get(key_id)
        algorithm = self._usable(known)
        value = algorithm.sign(self._custody.find(key_id), payload)
        return Signature(key_id, algorithm.name, value, self._clock(), signer)

    def signing_verify(self, payload: bytes, signature: Signature) -> Verification:
        """See the hookspec."""
        key_id = signature.key_id
        try:
            known = self._book.find(key_id)
        except RefusalError as refusal:
            return Verification(False, key_id, refusal.reason)
        if known is None:
            return Verification(False, key_id, "no such key is known here")
        key, algorithm = known.key, known.algorithm
        if algorithm is None:
            return Verification(False, key_id, f"the algorithm {key.algorithm} is not known here")
        if signature.algorithm != key.algorithm:
            words = (
                f"the signature claims to be {signature.algorithm[:60]!r}, and its key is for {key.algorithm}"
            )
            return Verification(False, key_id, words)
        if why := _out_of_use(key, self._clock()):
            return Verification(False, key_id, why)
        if not algorithm.verify(key.public_key, payload, signature.value):
            return Verification(
                False, key_id, "the signature does not fit: it, or what was signed, was changed"
            )
        return Verification(True, key_id)

    def signing_trust_rule(self, namespace: str) -> TrustRule | None:
        """See the hookspec."""
        return self._trust.rule_for(namespace)

    def signing_list_trust_rules(self) -> list[TrustRule]:
        """See the hookspec."""
        return self._trust.all()

    def signing_put_trust_rule(self, rule: TrustRule) -> bool:
        """See the hookspec."""
        for key_id in rule.key_ids:
            self._book.get(key_id)
        if len(set(rule.key_ids)) < rule.threshold:
            raise RefusalError(
                f"{len(set(rule.key_ids))} keys can never give {rule.threshold} signatures",
                "invalid:threshold:range",
                hint="trust more keys, or lower the threshold",
            )
        return self._trust.put(rule)

    def signing_remove_trust_rule(self, namespace: str) -> bool:
        """See the hookspec."""
        return self._trust.remove(namespace)

    def _asked_for(self, name: str) -> KeyAlgorithm:
        for algorithm in self._algorithms.values():
            if not name or name == algorithm.name or name in algorithm.aliases:
                if algorithm.generates:
                    return algorithm
                raise RefusalError(
                    f"keys of {name} are only verified with here",
                    "signing.algorithm",
                    hint=f"new keys: {self._known_names()}; import a public key of {name} to verify with it",
                )
        raise RefusalError(
            f"the algorithm {name[:60]!r} is not known",
            "signing.algorithm",
            hint=f"known: {self._known_names()}",
        )

    def _known_names(self) -> str:
        return ", ".join(item.name for item in self._algorithms.values() if item.generates)

    def _created(self, algorithm: KeyAlgorithm, expires_at_us: int | None) -> Known:
        now = self._clock()
        if expires_at_us is not None and expires_at_us <= now:
            raise RefusalError(
                "the key would be expired from the start",
                "invalid:expires_at_us:past",
                hint="name a later time",
            )
        private, public = algorithm.generate()
        key_id = key_id_of(algorithm.name, public)
        self._custody.keep(key_id, private)
        known = Known(
            SigningKey(key_id, algorithm.name, public, now, expires_at_us, can_sign=True), algorithm
        )
        self._book.put(known)
        return known

    def _usable(self, known: Known) -> KeyAlgorithm:
        """The algorithm of a key that may sign now."""
        key = known.key
        if known.algorithm is None:
            raise unusable(f"the algorithm {key.algorithm} is not known here")
        if key.replaced_by:
            raise unusable(f"{key.id} was rotated and only verifies", f"sign with {key.replaced_by}")
        if why := _out_of_use(key, self._clock()):
            raise unusable(why, "sign with another key, or make one with: hyperhost keys generate")
        return known.algorithm


def _out_of_use(key: SigningKey, now_us: int) -> str:
    """Why a key may not be used at a time; empty when it may."""
    if key.revoked_at_us is not None:
        return f"the key was revoked: {key.revocation_reason or 'no reason was given'}"
    if key.expires_at_us is not None and now_us >= key.expires_at_us:
        return "the key has expired"
    if key.not_before_us is not None and now_us < key.not_before_us:
        return "the key is not valid yet"
    return ""
