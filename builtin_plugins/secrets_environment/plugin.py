"""Secrets from the environment: ``db-password`` is in ``HYPERHOST_SECRET_DB_PASSWORD``.

The least that can keep a secret out of manifests: whoever starts the process sets the variables.
They belong to no namespace, so a process that several parties use needs another provider.
"""

from __future__ import annotations

import os
import re

from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl

__all__ = ["PREFIX", "SecretsEnvironment"]

PREFIX = "HYPERHOST_SECRET_"
"""What the names of the variables begin with."""

_NAME = re.compile(r"[A-Za-z0-9]+(?:[._/-]+[A-Za-z0-9]+)*")
_LONGEST = 200


class SecretsEnvironment:
    """Provider ``builtin`` of the service ``secrets``."""

    @hookimpl
    def secrets_read(self, provider: str, name: str) -> str | None:
        """See the hookspec."""
        if provider != "builtin":
            return None
        if len(name) > _LONGEST or not _NAME.fullmatch(name):
            raise RefusalError(
                f"{name[:60]!r} is no name of a secret",
                "invalid:secret:name",
                hint="letters, digits, and one of . _ / - in between",
            )
        return os.environ.get(PREFIX + re.sub(r"[._/-]+", "_", name).upper())
