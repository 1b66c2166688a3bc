"""Capability tokens: Biscuits (https://www.biscuitsec.org), which their holders narrow down by themselves.

The first block is signed by the registry and says what the token is for. Whoever holds the token may add
blocks; what they add are checks, and a check can only take away. Facts of added blocks are trusted by
nothing here, so no block widens what the one before it allowed.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import AccessRequest, Credential, Principal, PrincipalKind
from hyperhost.offering import invalid

from .biscuit import library
from .narrowing import Narrowed, checks_of, is_ours
from .words import unauthenticated

if TYPE_CHECKING:
    from .keyfile import RootKey
    from .store import Issued, Store

__all__ = ["EXPIRES", "LONGEST_US", "Held", "Tokens", "attenuate"]

EXPIRES: Final = "expires_at_us"
"""Attribute of a principal: until when holds what they have shown, microseconds since 1970."""
LONGEST_US: Final = 12 * 3_600 * 1_000_000
"""How long a token holds at most whose issuer has shown what does not say until when it holds."""

_LONGEST: Final = 16 * 1024
_MOST_BLOCKS: Final = 17
_KEPT: Final = 1_000
_TIME: Final = timedelta(milliseconds=500)
"""The library's own limit, a millisecond of wall time, refuses at random on a busy machine."""
_FACTS: Final = 2_000
_ROUNDS: Final = 100
_PREFIX: Final = "token:"
_WITHIN: Final = re.compile(r"within\(\$v\), \{([^}]*)\}")
_TEXT: Final = re.compile(r'"([^"]*)"')
_OWNER: Final = "local:owner"


@dataclass(frozen=True, slots=True)
class Held:
    """A token whose signature holds, as its first block says.

    Attributes:
        id: Its id.
        issuer: Id of the principal in whose place it acts.
        subject: Whom it was made for.
        audience: Whom it has to be shown to; empty is anybody.
        not_before_us: From when on it holds.
        expires_at_us: Until when; ``None`` is for good.
        blocks: How often it was narrowed down.
        revocation_ids: Of each block.
        shown_to: Whom it was shown to.
        token: The token itself.
    """

    id: str
    issuer: str
    subject: str
    audience: str
    not_before_us: int
    expires_at_us: int | None
    blocks: int
    revocation_ids: list[str]
    token: Any = field(repr=False)
    shown_to: str = ""


class Tokens:
    """Issues tokens, reads them, and says what speaks against a use of one.

    Args:
        store: What was issued and revoked.
        root: The key of the registry.
        clock: Microseconds since 1970.
        lookup: What is known of a principal now; raises ``RefusalError`` when it is disabled.
    """

    def __init__(
        self,
        store: Store,
        root: RootKey,
        clock: Callable[[], int],
        lookup: Callable[[str], Principal | None],
    ) -> None:
        self._store = store
        self._root = root
        self._clock = clock
        self._lookup = lookup
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def public_key(self) -> str:
        """The key that whoever narrows a token down needs, as text."""
        return f"ed25519/{bytes(self._root.pair().public_key.to_bytes()).hex()}"

    def issue(self, issued: Issued, narrowed: Narrowed, depth: int) -> str:
        """A new token.

        Args:
            issued: What is written down of it.
            narrowed: Where and when it holds.
            depth: How often it may be narrowed down and passed on.
        """
        assert issued.allow is not None  # a new one says what it allows
        builder = library().BiscuitBuilder(
            "token({id}); issuer({issuer}); subject({subject}); audience({audience}); span({start}, {end});"
            " check if blocks($n), $n <= {depth};",
            {
                "id": issued.id,
                "issuer": issued.issuer,
                "subject": issued.subject,
                "audience": narrowed.audience,
                "start": narrowed.not_before_us or 0,
                "end": -1 if narrowed.expires_at_us is None else narrowed.expires_at_us,
                "depth": depth,
            },
        )
        for permission in issued.allow:
            builder.add_code("permits({permission})", {"permission": permission})
        builder.merge(checks_of(narrowed))
        text: str = builder.build(self._root.pair().private_key).to_base64()
        if len(text) > _LONGEST:
            raise invalid("allow", "length", f"the token would have {len(text)} characters", "say less in it")
        return text

    def read(self, text: str, shown_to: str = "") -> Held:
        """A token whose signature holds; whether it may be used now is another question.

        Raises:
            RefusalError: ``unauthenticated:token:…``: it is none of this registry's, or damaged.
        """
        biscuit = library()
        if not text or len(text) > _LONGEST or not text.isascii():
            raise unauthenticated("damaged", "that is no token", "give the whole token, as it was printed")
        try:
            token = biscuit.Biscuit.from_base64(text, self._root.pair().public_key)
        except (biscuit.BiscuitValidationError, ValueError) as error:
            raise unauthenticated(
                "signature",
                "the token was not issued here, or not all of it is there, or it was changed",
                "ask for a new one",
            ) from error
        if token.block_count() > _MOST_BLOCKS:
            raise unauthenticated("depth", f"the token was narrowed down {token.block_count() - 1} times")
        added = range(1, token.block_count())
        if any(token.block_external_key(each) or not is_ours(token.block_source(each)) for each in added):
            raise unauthenticated(
                "form", "something was added to the token that is none of its limits", "use: token attenuate"
            )
        try:
            said = self._said(token)
        except (biscuit.AuthorizationError, biscuit.DataLogError, IndexError) as error:
            raise unauthenticated(
                "damaged", "what the token says cannot be read", "ask for a new one"
            ) from error
        start, end = said["span"]
        return Held(
            said["token"][0],
            said["issuer"][0],
            said["subject"][0],
            said["audience"][0],
            start,
            None if end < 0 else end,
            token.block_count() - 1,
            list(token.revocation_ids),
            token,
            shown_to,
        )

    def authenticate(self, credential: Credential) -> Principal:
        """The principal that a token stands for.

        Raises:
            RefusalError: ``unauthenticated:token:…``: the token does not hold, here and now.
        """
        held = self.read(credential.secret, credential.audience)
        self._check(held)
        digest = hashlib.sha256(f"{credential.audience}\0{credential.secret}".encode()).hexdigest()
        with self._lock:
            self._held[digest] = held
            self._held.move_to_end(digest)
            while len(self._held) > _KEPT:
                self._held.popitem(last=False)
        attributes = {"capability": digest, "issuer": held.issuer, "subject": held.subject}
        return Principal(f"{_PREFIX}{held.id}", PrincipalKind.TOKEN, held.subject, [], attributes)

    def issuer(self, principal: Principal) -> Principal:
        """In whose place a token acts, as they are now, seen where the token is used.

        Raises:
            RefusalError: the token was not shown here, or does not hold any more, or neither do they.
        """
        held = self._known(principal)
        self._check(held)
        issued = self._store.issued(held.id)
        if issued is None:
            raise unauthenticated("unknown", "the token was not issued here")
        if issued.issuer == _OWNER:
            return Principal(issued.issuer)
        seen: dict[str, str] = {
            key: principal.attributes[key] for key in ("ip", "user_agent") if key in principal.attributes
        }
        known = self._lookup(issued.issuer)
        roles = list(issued.roles or []) if known is None else list(known.roles)
        return Principal(issued.issuer, PrincipalKind.USER, issued.issuer_name, roles, seen)

    def objection(self, request: AccessRequest) -> str:
        """What in the token speaks against a use of it; empty when nothing does."""
        held = self._known(request.principal)
        lines = ["allow if permits($p), asked($p);"]
        values: dict[str, Any] = {}
        for name, found in _facts(request, held).items():
            for value in found:
                lines.append(f"{name}({{v{len(values)}}});")
                values[f"v{len(values)}"] = value
        asked = self._limited(" ".join(lines), values)
        try:
            asked.build(held.token).authorize()
        except library().AuthorizationError as error:
            return f"the token {held.id} does not allow {request.permission} here: {_first(str(error))}"
        return ""

    def namespaces(self, principal: Principal) -> list[str]:
        """Namespaces that a token names in its limits, whichever of them count."""
        held = self._known(principal)
        sources = (held.token.block_source(index) for index in range(held.blocks + 1))
        return [
            path for source in sources for named in _WITHIN.findall(source) for path in _TEXT.findall(named)
        ]

    def revoked(self, held: Held) -> bool:
        """Whether the token, or one that it was made from, was revoked."""
        issued = self._store.issued(held.id)
        if issued is None or issued.revoked_at_us is not None:
            return True
        return any(self._store.is_revoked(each) for each in held.revocation_ids)

    def _said(self, token: Any) -> dict[str, list[Any]]:
        """What the first block says of the token; facts of others count for nothing here."""
        rule, reader = library().Rule, self._limited().build(token)
        found = {
            name: list(reader.query(rule(f"found($v) <- {name}($v)"))[0].terms)
            for name in ("token", "issuer", "subject", "audience")
        }
        return {**found, "span": list(reader.query(rule("found($s, $e) <- span($s, $e)"))[0].terms)}

    def _known(self, principal: Principal) -> Held:
        held = self._held.get(principal.attributes.get("capability", ""))
        if held is None or principal.id != f"{_PREFIX}{held.id}":
            raise unauthenticated("unknown", "the token has to be shown again", "log in with it anew")
        return held

    def _check(self, held: Held) -> None:
        now, end = self._clock(), self._end(held)
        if self.revoked(held):
            raise unauthenticated("revoked", f"the token {held.id} was revoked", "ask for a new one")
        if now < held.not_before_us:
            raise unauthenticated("not-yet", f"the token {held.id} does not hold yet", "wait")
        if end is not None and now >= end:
            raise unauthenticated("expired", f"the token {held.id} has expired", "ask for a new one")
        if held.audience and held.audience != held.shown_to:
            raise unauthenticated(
                "audience",
                f"the token {held.id} is meant for {held.audience}, and not for {held.shown_to or 'this'}",
                "ask for one that is meant for this",
            )

    def _end(self, held: Held) -> int | None:
        """Until when a token holds; one without an end that was issued to a login has one all the same."""
        if held.expires_at_us is not None or held.issuer == _OWNER:
            return held.expires_at_us
        issued = self._store.issued(held.id)
        return None if issued is None else issued.at_us + LONGEST_US

    def _limited(self, code: str = "", values: Mapping[str, Any] | None = None) -> Any:
        builder = library().AuthorizerBuilder(code, values or {})
        limits = builder.limits()
        limits.max_time, limits.max_facts, limits.max_iterations = _TIME, _FACTS, _ROUNDS
        builder.set_limits(limits)
        return builder


def attenuate(text: str, public_key: str, narrowed: Narrowed, depth: int | None = None) -> str:
    """A token narrowed down; nothing but the token and the public key of its registry is needed.

    Args:
        text: The token.
        public_key: As :attr:`Tokens.public_key` says it.
        narrowed: Where and when the new token holds, within what the old one allows.
        depth: How often it may be narrowed down from here on; as often as before when not given.

    Raises:
        RefusalError: it is no token of that registry, or cannot be narrowed down any more.
    """
    biscuit = library()
    try:
        key = biscuit.PublicKey.from_bytes(
            bytes.fromhex(public_key.removeprefix("ed25519/")), biscuit.Algorithm.Ed25519
        )
    except ValueError as error:
        raise invalid("key", "format", "that is no public key", "give what token_key answers") from error
    try:
        token = biscuit.Biscuit.from_base64(text, key)
    except (biscuit.BiscuitValidationError, ValueError) as error:
        raise unauthenticated(
            "signature", "the token is not one of that registry, or not all of it is there"
        ) from error
    if token.block_count() >= _MOST_BLOCKS:
        raise invalid("token", "depth", "it was narrowed down too often already", "ask for a new one")
    block = checks_of(narrowed)
    if depth is not None:
        most = token.block_count() + depth
        block.add_code("check if blocks($n), $n <= {most}", {"most": most})
    found: str = token.append(block).to_base64()
    if len(found) > _LONGEST:
        raise invalid("allow", "length", f"the token would have {len(found)} characters", "say less in it")
    return found


def _facts(request: AccessRequest, held: Held) -> Mapping[str, list[Any]]:
    """What the checks of a token may ask about."""
    from .narrowing import networks_of

    resource, seen = request.resource, request.principal.attributes
    kind = request.permission.partition(":")[0]
    labels = resource.namespace.split(".") if resource.namespace else []
    name, _, version = resource.name.partition("@")
    return {
        "asked": [request.permission, f"{kind}:*", "*"],
        "within": [".".join(labels[:count]) for count in range(1, len(labels) + 1)],
        "resource": [each for each in {resource.id, name, resource.name if version else ""} if each],
        "kind": [resource.kind],
        "state": [resource.state] if resource.state else [],
        "time": [datetime.fromtimestamp(request.at_us // 1_000_000, UTC)],
        "audience_shown": [held.shown_to] if held.shown_to else [],
        "blocks": [held.blocks],
        "network": networks_of(seen.get("ip", "")),
        "user_agent": [seen["user_agent"]] if seen.get("user_agent") else [],
    }


def _first(text: str) -> str:
    return " ".join(text.split())[:300]
