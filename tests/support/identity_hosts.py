"""Hosts with identities, on a clock that tests move; hashes cost the least that the settings take."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hyperhost
from builtin_plugins.audit.plugin import Audit
from builtin_plugins.content_memory.plugin import ContentMemory
from builtin_plugins.identity_local.plugin import IdentityLocal
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_memory.plugin import StorageMemory
from builtin_plugins.storage_sql.plugin import StorageSql
from hyperhost.config import Config, PluginConfig
from hyperhost.contracts import Credential, CredentialKind, Principal

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND
PASSWORD = "seven small boats"
CHEAP = {"argon2_memory_kib": 19_456, "argon2_passes": 2, "argon2_lanes": 1}


class Identities:
    """A host with identities.

    Args:
        host: The host.
    """

    def __init__(self, host: hyperhost.Host) -> None:
        self.host = host
        self.hook = host.hook
        self.now = NOW
        self.operations = hyperhost.Operations(host)
        self.run = self.operations.run

    def later(self, seconds: float) -> None:
        """Move the clock."""
        self.now += int(seconds * SECOND)

    def keep(self, password: str = PASSWORD, proof: Credential | None = None) -> str:
        """A handle for a password."""
        return hyperhost.keep_password(self.host, password, proof)

    def user(self, name: str = "alice", *roles: str, password: str = PASSWORD) -> str:
        """A user with a password and roles."""
        self.run("user_create", name=name, password=self.keep(password))
        for role in roles:
            self.run("role_assign", principal=f"user:{name}", role=role)
        return name

    def password(self, name: str = "alice", password: str = PASSWORD, **seen: str) -> Principal:
        """Who shows a password."""
        return self.shown(CredentialKind.PASSWORD, password, name, **seen)

    def shown(self, kind: CredentialKind, secret: str, name: str = "", **seen: str) -> Principal:
        """Who shows a credential."""
        return hyperhost.authenticate(self.host, Credential(kind, secret, name, attributes=seen))

    def token(self, token: str) -> Principal:
        """Who shows a token of some kind."""
        return hyperhost.authenticate(self.host, hyperhost.credential_of(token))

    def as_(self, principal: Principal) -> hyperhost.Operations:
        """Operations of somebody."""
        return hyperhost.Operations(self.host, principal)

    def session(self, name: str = "alice", password: str = PASSWORD) -> str:
        """The secret of a new session."""
        made = self.as_(self.password(name, password)).run("session_create")
        return str(made["secret"])

    def entries(self, operation: str = "") -> list[dict[str, Any]]:
        """Entries of the audit log, the newest first."""
        found = self.run("audit_list")["items"]
        return [each for each in found if not operation or each["operation"] == operation]


@contextlib.contextmanager
def identity_host(
    more: dict[str, object] | None = None,
    home: Path | None = None,
    config: dict[str, dict[str, Any]] | None = None,
    local: dict[str, Any] | None = None,
) -> Iterator[Identities]:
    """A host with identities, roles and an audit log; everything is in memory without a home.

    Args:
        more: More plugins by id.
        home: Where its data is.
        config: Configuration by id of a plugin.
        local: That of local identities.
    """
    from builtin_plugins.access.plugin import Access

    plugins = {key: PluginConfig(config=value) for key, value in (config or {}).items()}
    plugins["identity-local"] = PluginConfig(config={**CHEAP, **(local or {})})
    holder: list[Identities] = []
    host = hyperhost.Host(
        home=home,
        config=Config(plugins=plugins),
        clock=lambda: holder[0].now if holder else NOW,
    )
    storage = StorageMemory() if home is None else StorageSql(str(home / "registry.db"))
    with contextlib.closing(host):
        host.register(storage, "storage")
        for plugin_id, plugin in (
            ("content-memory", ContentMemory()),
            ("registry", Registry()),
            ("audit", Audit()),
            ("access", Access()),
            ("identity-local", IdentityLocal()),
            *((more or {}).items()),
        ):
            host.register(plugin, plugin_id)
        holder.append(Identities(host))
        yield holder[0]
