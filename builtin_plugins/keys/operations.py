"""The operations: each asks the provider of the service ``signing``, and tells the audit log about what."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import (
    AccessRequest,
    OperationCall,
    OperationInfo,
    OperationOutcome,
    Principal,
    Resource,
    SigningKey,
    TrustRule,
)
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.contracts.schema import schema_of
from hyperhost.errors import RefusalError
from hyperhost.offering import is_unrestricted, visible

from .arguments import (
    Export,
    Generate,
    Import,
    Nothing,
    One,
    Revoke,
    Rotate,
    Trust,
    Untrust,
    read_passphrase,
)

if TYPE_CHECKING:
    from pluggy import HookRelay

    import hyperhost

__all__ = ["OPERATIONS", "run"]

_OWNER: Final = Principal("local:owner")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers, and what the audit log is told.

    Attributes:
        value: The answer.
        target: What it was about.
        namespace: Its namespace; empty when there is none.
        details: What changed, without secrets.
    """

    value: Any
    target: str = "keys"
    namespace: str = ""
    details: dict[str, Any] = field(default_factory=dict)


def generate(hook: HookRelay, given: Generate) -> Answer:
    """See ``key_generate``."""
    key = hook.signing_create_key(algorithm=given.algorithm, expires_at_us=given.expires_at_us)
    return Answer(key, key.id, details={"algorithm": key.algorithm, "expires_at_us": key.expires_at_us})


def list_keys(hook: HookRelay, given: Nothing) -> Answer:
    """See ``key_list``."""
    return Answer(hook.signing_list_keys())


def show(hook: HookRelay, given: One) -> Answer:
    """See ``key_show``."""
    return Answer(_found(hook, given.key), given.key)


def export(hook: HookRelay, given: Export) -> Answer:
    """See ``key_export``."""
    passphrase = read_passphrase(given.passphrase_file)
    document: bytes = hook.signing_export_key(key_id=given.key, passphrase=passphrase)
    return Answer(document.decode("utf-8"), given.key, details={"private": passphrase is not None})


def take(hook: HookRelay, given: Import) -> Answer:
    """See ``key_import``."""
    passphrase = read_passphrase(given.passphrase_file)
    key = hook.signing_import_key(document=given.document.encode("utf-8"), passphrase=passphrase)
    return Answer(key, key.id, details={"private": passphrase is not None})


def rotate(hook: HookRelay, given: Rotate) -> Answer:
    """See ``key_rotate``."""
    key = hook.signing_rotate_key(key_id=given.key, expires_at_us=given.expires_at_us)
    return Answer(key, given.key, details={"replaced_by": key.id})


def revoke(hook: HookRelay, given: Revoke) -> Answer:
    """See ``key_revoke``."""
    if not given.reason.strip():
        raise RefusalError(
            "a revocation needs a reason", "invalid:reason:missing", hint="say it for those who ask later"
        )
    hook.signing_revoke_key(key_id=given.key, reason=given.reason)
    return Answer(_found(hook, given.key), given.key, details={"reason": given.reason})


def trust(hook: HookRelay, given: Trust) -> Answer:
    """See ``key_trust``."""
    before = _rule(hook, given.namespace)
    keys = sorted({*(before.key_ids if before else ()), *given.keys})
    threshold = given.threshold if given.threshold is not None else before.threshold if before else 1
    rule = TrustRule(given.namespace, keys, threshold)
    hook.signing_put_trust_rule(rule=rule)
    return Answer(rule, given.namespace, given.namespace, to_data(rule))


def untrust(hook: HookRelay, given: Untrust) -> Answer:
    """See ``key_untrust``."""
    before = _rule(hook, given.namespace)
    if before is None:
        raise RefusalError(
            f"{given.namespace[:80]!r} has no trust rule of its own", "missing:rule", hint="see: key_rules"
        )
    unknown = [key for key in given.keys if key not in before.key_ids]
    if unknown:
        raise RefusalError(f"{unknown[0][:140]!r} is not trusted for {given.namespace}", "missing:key")
    keys = [key for key in before.key_ids if key not in given.keys] if given.keys else []
    rule = TrustRule(given.namespace, keys, before.threshold) if keys else None
    if rule is None:
        hook.signing_remove_trust_rule(namespace=given.namespace)
    else:
        hook.signing_put_trust_rule(rule=rule)
    return Answer(rule, given.namespace, given.namespace, {"before": to_data(before), "after": to_data(rule)})


def rules(hook: HookRelay, given: Nothing) -> Answer:
    """See ``key_rules``."""
    return Answer(hook.signing_list_trust_rules(), "trust")


def run(call: OperationCall, hook: HookRelay, trusted: hyperhost.TrustedHooks) -> OperationOutcome | None:
    """Run an operation, if it is one of these; what it writes is one unit of work.

    Args:
        call: What is asked, and by whom.
        hook: The host's hooks.
        trusted: Those of native plugins only.

    Raises:
        RefusalError: an argument is wrong, or the provider refuses.
    """
    known = _RUNS.get(call.operation)
    if known is None:
        return None
    kind, body, changes = known
    try:
        given: Any = from_data(kind, json.loads(call.arguments_json))
    except DataError as error:
        name = error.path.partition(".")[0]
        raise RefusalError(
            f"{error.path or 'the arguments'} {error.problem}", f"invalid:{name}:type"
        ) from None
    except ValueError as error:
        raise RefusalError(f"the arguments are no JSON: {error}", "invalid::json") from None
    if changes:
        with _unit(hook):
            revoked = _revoked(hook) if body is take else set()
            answer = body(hook, given)
            if body is take and _revoked(hook) - revoked:
                _check_revoking(call, hook, answer.target)
    else:
        answer = body(hook, given)
    if call.operation == "key_rules":
        answer = replace(answer, value=_seen(answer.value, call.principal, hook, trusted))
    return OperationOutcome(
        json.dumps(to_data(answer.value), ensure_ascii=False, separators=(",", ":")),
        target=answer.target,
        namespace=answer.namespace,
        details_json=json.dumps(answer.details, ensure_ascii=False, separators=(",", ":")),
        private=call.operation == "key_export" and bool(answer.details["private"]),
    )


def _seen(
    rules: list[TrustRule], principal: Principal, hook: HookRelay, trusted: hyperhost.TrustedHooks
) -> list[TrustRule]:
    """Rules of namespaces that somebody may know of."""
    if is_unrestricted(principal):
        return rules
    found = []
    for rule in rules:
        try:
            about: Resource | None = trusted.access_resource(
                principal=_OWNER, kind="namespace", reference=rule.namespace
            )
        except RefusalError:
            continue  # what nobody can say is shown to nobody
        if about is None or all(visible(hook, principal, [about])):
            found.append(rule)
    return found


def _revoked(hook: HookRelay) -> set[str]:
    return {key.id for key in hook.signing_list_keys() if key.revoked_at_us is not None}


def _check_revoking(call: OperationCall, hook: HookRelay, key_id: str) -> None:
    """Anybody can write a document that says that a key was revoked, and once believed it is so for good.

    Raises:
        RefusalError: ``denied:key/revoke:import``: whoever imports it may not revoke.
    """
    if not hook.access_decide.get_hookimpls():
        return
    asked = AccessRequest(call.principal, call.operation, "key:revoke", Resource("registry"), call.at_us)
    if not hook.access_decide(request=asked).allowed:
        raise RefusalError(
            f"the document says that {key_id} was revoked, and to revoke a key takes key:revoke",
            "denied:key/revoke:import",
            hint="ask somebody with key:revoke to import it, or import the key without its revocation",
        )


@contextmanager
def _unit(hook: HookRelay) -> Iterator[None]:
    outermost = hook.storage_begin(write=True)
    try:
        yield
    except BaseException:
        hook.storage_end(commit=False)
        raise
    if not hook.storage_end(commit=True) and outermost:
        raise RefusalError("nothing was kept, as a part of the operation was undone", "storage.failed")


def _found(hook: HookRelay, key_id: str) -> SigningKey:
    keys: list[SigningKey] = hook.signing_list_keys()
    for key in keys:
        if key.id == key_id:
            return key
    raise RefusalError(f"there is no key {key_id[:140]!r}", "signing.key-missing", hint="see: key_list")


def _rule(hook: HookRelay, namespace: str) -> TrustRule | None:
    """The rule of exactly this namespace."""
    found: TrustRule | None = hook.signing_trust_rule(namespace=namespace)
    return found if found is not None and found.namespace == namespace and found.key_ids else None


_Body = Callable[["HookRelay", Any], Answer]
_TABLE: Final[tuple[tuple[str, str, type, _Body, Any, str, bool], ...]] = (
    ("key_generate", "Make a key to sign with.", Generate, generate, SigningKey, "generate", True),
    ("key_list", "List the keys that are known.", Nothing, list_keys, list[SigningKey], "read", False),
    ("key_show", "Show one key.", One, show, SigningKey, "read", False),
    (
        "key_export",
        "Hand out a key as a document; the private half only encrypted with a passphrase.",
        Export,
        export,
        str,
        "export",
        False,
    ),
    (
        "key_import",
        "Take over a key from elsewhere; it is not trusted yet.",
        Import,
        take,
        SigningKey,
        "import",
        True,
    ),
    ("key_rotate", "Replace a key by a new one, which it signs.", Rotate, rotate, SigningKey, "rotate", True),
    ("key_revoke", "Make a key unusable for good.", Revoke, revoke, SigningKey, "revoke", True),
    (
        "key_trust",
        "Say which keys may sign for a namespace, and how many signers must.",
        Trust,
        trust,
        TrustRule,
        "trust",
        True,
    ),
    (
        "key_untrust",
        "Trust keys no longer for a namespace; without keys, remove its rule.",
        Untrust,
        untrust,
        TrustRule | None,
        "trust",
        True,
    ),
    ("key_rules", "List the trust rules.", Nothing, rules, list[TrustRule], "read", False),
)
_RUNS: Final = {name: (kind, body, changes) for name, _, kind, body, _, _, changes in _TABLE}
OPERATIONS: Final = [
    OperationInfo(
        name,
        summary,
        "keys",
        f"key:{action}",
        changes,
        name == "key_export",
        json.dumps(schema_of(kind), separators=(",", ":")),
        json.dumps(schema_of(answer), separators=(",", ":")),
    )
    for name, summary, kind, _, answer, action, changes in _TABLE
]
