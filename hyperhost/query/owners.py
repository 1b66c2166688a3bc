"""Whom artifacts belong to, as far as a search has to know it."""

from __future__ import annotations

from typing import Final, Protocol

from hyperhost.contracts import Artifact, Principal, Resource, Visibility
from hyperhost.errors import RefusalError

__all__ = ["Asked", "Owners"]

_ASKS: Final = Principal("local:owner")


class Asked(Protocol):
    """What says whom something belongs to: ``context.trusted`` of a plugin."""

    def access_resource(self, *, principal: Principal, kind: str, reference: str) -> Resource | None:
        """See the hookspec."""


class Owners:
    """Owners of artifacts, each name being asked for once. Make another one for another batch.

    Args:
        trusted: The host's hooks without the answers of components: whoever owns something finds it.
    """

    def __init__(self, trusted: Asked) -> None:
        self._trusted = trusted
        self._known: dict[str, str] = {}

    def of(self, artifact: Artifact) -> str:
        """Id of the owner; empty for what is public, found whoever owns it, and when nobody knows."""
        if artifact.visibility is Visibility.PUBLIC:
            return ""
        name = f"{artifact.namespace}/{artifact.name}"
        if name not in self._known:
            self._known[name] = self._asked(name)
        return self._known[name]

    def _asked(self, name: str) -> str:
        try:
            found: Resource | None = self._trusted.access_resource(
                principal=_ASKS, kind="artifact-owner", reference=name
            )
        except RefusalError as refusal:
            if refusal.rule.startswith(("missing:", "invalid:")):
                return ""  # gone meanwhile
            raise
        return found.owner if found is not None else ""
