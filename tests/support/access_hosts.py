"""Registries in which it matters who asks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hyperhost
from builtin_plugins.access.plugin import Access
from builtin_plugins.audit.plugin import Audit
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.operations.plugin import Operations as Figures
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost.contracts import Credential, CredentialKind, OperationCall, Principal

__all__ = ["Clock", "Guarded", "as_who", "audited", "guarded", "refusal_of", "shown"]

START_US = 1_800_000_000_000_000
"""2027-01-15 08:00:00 UTC, a Friday."""


class Clock:
    """A time that goes on when it is told to."""

    def __init__(self) -> None:
        self.at_us = START_US

    def __call__(self) -> int:
        return self.at_us

    def wait(self, seconds: float) -> None:
        """Go on."""
        self.at_us += int(seconds * 1_000_000)


class Guarded:
    """A registry with access, and its owner."""

    def __init__(self, host: hyperhost.Host, clock: Clock, access: Access) -> None:
        self.host = host
        self.clock = clock
        self.access = access
        self.owner = hyperhost.Operations(host)

    def of(self, principal_id: str, *roles: str, **attributes: str) -> hyperhost.Operations:
        """The operations of somebody."""
        return hyperhost.Operations(self.host, as_who(principal_id, *roles, **attributes))

    def token(self, principal: Principal | None = None, *, depth: int = 0, **limits: Any) -> str:
        """A token that somebody issues."""
        asks = self.owner if principal is None else hyperhost.Operations(self.host, principal)
        text: str = asks.run("token_create", limits=limits, depth=depth)["token"]
        return text

    def holding(self, token: str, audience: str = "", **seen: str) -> hyperhost.Operations:
        """The operations of whoever shows a token."""
        return hyperhost.Operations(self.host, shown(self.host, token, audience, **seen))

    def make(
        self, name: str, who: str = "user:other", namespace: str = "org.acme", **more: Any
    ) -> dict[str, Any]:
        """An artifact that somebody has made, in whatever role."""
        draft = {"namespace": namespace, "name": name, "type": "library", "version": "1.0.0", **more}
        made: dict[str, Any] = self.of(who, "admin").run("create", draft=draft)["artifact"]
        return made


def as_who(principal_id: str, *roles: str, **attributes: str) -> Principal:
    """Somebody with roles that their login gave them."""
    return Principal(principal_id, roles=list(roles), attributes=attributes)


def shown(host: hyperhost.Host, token: str, audience: str = "", **seen: str) -> Principal:
    """Whom a token stands for."""
    return hyperhost.authenticate(
        host, Credential(CredentialKind.CAPABILITY, token, audience=audience, attributes=seen)
    )


@contextlib.contextmanager
def guarded(storage: object | None = None, *more: object, home: Path | None = None) -> Iterator[Guarded]:
    """A registry with access and an audit log; everything is in memory unless another storage is given."""
    clock = Clock()
    with hyperhost.Host("registry", home=home, clock=clock) as host:
        access = Access()
        host.register(storage or StorageMemory(), "storage")
        for name, plugin in (
            ("content", ContentMemory()),
            ("registry", Registry()),
            ("operations", Figures()),
            ("audit", Audit()),
            ("access", access),
        ):
            host.register(plugin, name)
        for plugin in more:
            host.register(plugin)
        yield Guarded(host, clock, access)


def refusal_of(
    asks: hyperhost.Operations, operation: str, **arguments: Any
) -> tuple[str, str, str, str, str]:
    """Everything that somebody learns from a refusal."""
    try:
        asks.run(operation, **arguments)
    except hyperhost.errors.OperationError as error:
        return type(error).__name__, error.message, error.hint or "", error.rule, error.field
    raise AssertionError(f"{operation} was not refused")


def audited(registry: Guarded) -> list[dict[str, Any]]:
    """The audit log, the newest entry first."""
    entries: list[dict[str, Any]] = registry.owner.run("audit_list", limit=100)["items"]
    return entries


def call(principal: Principal, operation: str, arguments_json: str = "{}") -> OperationCall:
    """A call as a front end makes it."""
    return OperationCall(operation, principal, arguments_json, "", START_US)
