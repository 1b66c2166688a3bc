"""The policy in a registry; run with ``hyperhost plugin test``."""

from __future__ import annotations

import pytest

from builtin_plugins.operations.plugin import Operations as Figures
from builtin_plugins.policy.plugin import Policies
from builtin_plugins.registry.plugin import Registry
from builtin_plugins.storage_memory.plugin import StorageMemory
from hyperhost import Operations
from hyperhost.contracts import Principal
from hyperhost.errors import PolicyDeniedError
from hyperhost.testing import PluginUnderTest


@pytest.fixture
def admin(plugin: PluginUnderTest) -> Operations:
    """What an admin may run in a registry with a draft and a published version."""
    parts = ((StorageMemory(), "storage-memory"), (Registry(), "registry"), (Figures(), "operations"))
    for part, name in (*parts, (Policies(), "policy")):
        plugin.host.register(part, name)
    operations = Operations(plugin.host, Principal("user:ann", roles=["admin"]))
    for version in ("1.0.0", "2.0.0"):
        draft = {"namespace": "org.acme", "name": "auth", "type": "library", "version": version}
        operations.run("create", draft=draft)
    operations.run("publish", artifact="org.acme/auth@1.0.0")
    return operations


@pytest.mark.parametrize("operation", ["unpublish", "archive"])
def test_what_was_published_stays(admin: Operations, operation: str) -> None:
    bob = Operations(admin.host, Principal("user:bob", roles=["publisher"]))
    with pytest.raises(PolicyDeniedError, match="ask an admin") as caught:
        bob.run(operation, artifact="org.acme/auth@1.0.0")
    assert (caught.value.field, caught.value.rule) == ("keep-published", "admins-only")
    admin.run(operation, artifact="org.acme/auth@1.0.0")


def test_a_draft_is_its_author_s(admin: Operations) -> None:
    bob = Operations(admin.host, Principal("user:bob", roles=["publisher"]))
    bob.run("archive", artifact="org.acme/auth@2.0.0")
    bob.run("delete", artifact="org.acme/auth@2.0.0")
    bob.run(
        "publish",
        artifact=bob.run(
            "create", draft={"namespace": "org.acme", "name": "log", "type": "library", "version": "1.0.0"}
        )["artifact"]["id"],
    )
