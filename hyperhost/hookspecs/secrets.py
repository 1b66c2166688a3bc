"""Hooks of the service ``secrets``: values that no manifest holds, only their names."""

from __future__ import annotations

from typing import Protocol

from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["SecretHooks"]


class SecretHooks(Protocol):
    """The service ``secrets``."""

    @hookspec(service="secrets", firstresult=True, raises=RefusalError)
    def secrets_read(self, provider: str, name: str, namespace: str) -> str | None:
        """Read one secret for a config that is being rendered.

        What is answered goes into the rendered config and nowhere else; it is masked wherever that is
        shown. A fault ends the operation that asked.

        Args:
            provider: Where the config says it is kept: ``builtin``, ``vault``, ``aws-secrets``,
                ``gcp-secret``.
            name: Its name there.
            namespace: Namespace of the config that refers to it, for providers that keep the secrets
                of namespaces apart.

        Returns:
            The secret; ``None`` when there is none of that name.

        Raises:
            RefusalError: the namespace may not have it, or the place where it is kept does not answer.
                The reason never holds the secret.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class Fixed:
                @hookimpl
                def secrets_read(self, provider: str, name: str, namespace: str) -> str | None:
                    return "s3cr3t" if (namespace, name) == ("org.acme", "db-password") else None

            host.register(Fixed())
            read = host.hook.secrets_read
            assert read(provider="builtin", name="db-password", namespace="org.acme") == "s3cr3t"
            assert read(provider="builtin", name="db-password", namespace="org.other") is None
            ```
        """
        ...
