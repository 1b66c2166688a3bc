"""What rules ask about, found out when it is first asked for and kept for the one judgement."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import hyperhost
from hyperhost.contracts import Artifact, ArtifactState, ArtifactType, ChangeKind, PolicyRequest
from hyperhost.errors import ProviderConflictError, ProviderMissingError

from .conditions import MISSING, UNKNOWN, several
from .content import TooLargeError, read_content, texts_in
from .leaks import leaks_in_data, leaks_in_text
from .people import ids_of

if TYPE_CHECKING:
    from pluggy import HookRelay

    from hyperhost.contracts import OperationInfo

    from .people import People

__all__ = ["Facts", "verbs_of"]

_NAMESPACES: Final = "namespaces"
"""Collection in which the registry keeps namespaces, by path."""

_SEALED: Final = "$sealed"
"""The one key of the values of a config that is encrypted at rest."""

_VERBS: Final = {
    ChangeKind.CREATED: "create",
    ChangeKind.UPDATED: "update",
    ChangeKind.PUBLISHED: "publish",
    ChangeKind.DEPRECATED: "deprecate",
    ChangeKind.DELETED: "delete",
}
_PLACES: Final = 3


def verbs_of(request: PolicyRequest) -> tuple[str, ...]:
    """The operations that something counts as.

    A change counts as what it does, whoever asks for it: an import that brings along a published
    artifact publishes one.
    """
    change = request.change
    if change is None:
        return (request.operation,)
    found = {request.operation, _VERBS[change.kind]} - {""}
    before = change.previous.state if change.previous is not None else None
    if change.artifact.state is ArtifactState.PUBLISHED and before is not ArtifactState.PUBLISHED:
        found.add("publish")
    return tuple(sorted(found))


class Facts:
    """Facts of one judgement.

    Args:
        hook: The host's hooks.
        request: What is judged.
        artifact: The artifact it is about: as it is to be, or as it is.
        manifest_json: Its manifest; asked for when it is needed.
        people: What is known of who asks.
        info: What is known of the operation.
        lost: It is about an artifact that could not be found out.
    """

    def __init__(
        self,
        hook: HookRelay,
        request: PolicyRequest,
        artifact: Artifact | None,
        manifest_json: Callable[[], str],
        people: People,
        info: OperationInfo | None = None,
        *,
        lost: bool = False,
    ) -> None:
        self._hook = hook
        self.request = request
        self.artifact = artifact
        self._manifest_json = manifest_json
        self._people = people
        self._info = info
        self._lost = lost
        self._known: dict[str, Any] = {}
        self._leaks: list[tuple[str, str]] | None = None
        resource = request.resource
        self.namespace = (
            artifact.namespace if artifact is not None else resource.namespace if resource else ""
        )
        self.verbs = verbs_of(request)

    def look(self, field: str) -> Any:
        """The value of a field, :class:`Several`, ``MISSING`` or ``UNKNOWN``."""
        try:
            return self._known[field]
        except KeyError:
            value = self._known[field] = self._found(field)
            return value

    def remark(self) -> str:
        """Where secrets were found, if somebody asked for them."""
        if not self._leaks:
            return ""
        places = [f"{place} ({kind})" for kind, place in self._leaks[:_PLACES]]
        more = len(self._leaks) - len(places)
        return f"{', '.join(places)}{f' and {more} more' if more else ''}"

    def _found(self, field: str) -> Any:
        start, _, rest = field.partition(".")
        if start == "operation":
            return self._operation(rest)
        if start == "user":
            return self._user(rest)
        if start == "namespace":
            return self._namespace(rest)
        if self.artifact is None:
            return UNKNOWN if self._lost else MISSING
        if start == "manifest":
            return _at(self._manifest(), rest)
        return self._artifact(self.artifact, rest)

    def _operation(self, name: str) -> Any:
        if name == "name":  # of a change that an import makes, what that does
            return self.request.operation or ("publish" if "publish" in self.verbs else self.verbs[0])
        if name == "permission":
            return self.request.permission
        if self._info is None:
            return MISSING
        return self._info.group if name == "group" else self._info.changes

    def _user(self, name: str) -> Any:
        principal = self.request.principal
        if name == "id":
            return several(ids_of(principal))
        if name == "kind":
            return principal.kind.value
        if name == "name":
            return several(self._people.names(principal))
        if name == "roles":
            return several(self._people.roles(principal, self.namespace))
        key = {"ip": "ip", "agent": "user_agent"}.get(name, name.removeprefix("attributes."))
        return principal.attributes.get(key, MISSING)

    def _namespace(self, name: str) -> Any:
        if not self.namespace:
            return UNKNOWN if self._lost else MISSING
        if name == "path":
            return self.namespace
        merged = self._known.get("namespace")
        if merged is None:
            merged = self._known["namespace"] = self._merged()
        if name.startswith("labels."):
            return several(merged["labels"].get(name.removeprefix("labels."), [MISSING]))
        return merged[name] if merged[name] else [] if name == "policies" else MISSING

    def _merged(self) -> dict[str, Any]:
        """What holds in the namespace: labels add up along its path, the nearest owner and policies count.

        Of a label, every value along the path is there: a child must not take itself out of what holds above.
        """
        found: dict[str, Any] = {"labels": {}, "owner": "", "policies": None}
        parts = self.namespace.split(".")
        for count in range(1, len(parts) + 1):
            text = self._hook.storage_get_record(collection=_NAMESPACES, key=".".join(parts[:count]))
            if text is None:
                continue
            data = json.loads(text)
            for label, value in (data.get("labels") or {}).items():
                found["labels"].setdefault(label, []).append(value)
            found["owner"] = data.get("owner") or found["owner"]
            own = data.get("policies")
            found["policies"] = found["policies"] if own is None else own
        return found

    def _manifest(self) -> Any:
        found = self._known.get("manifest", MISSING)
        if found is MISSING:
            text = self._manifest_json()
            found = self._known["manifest"] = json.loads(text) if text else None
        return found

    def _artifact(self, artifact: Artifact, name: str) -> Any:
        simple = _SIMPLE.get(name)
        if simple is not None:
            return simple(artifact)
        for start, values in (("labels.", artifact.labels), ("annotations.", artifact.annotations)):
            if name.startswith(start):
                return values.get(name.removeprefix(start), MISSING)
        change = self.request.change
        match name:
            case "previous_state":
                before = change.previous if change is not None else None
                return before.state.value if before is not None else MISSING
            case "signed":
                return self._signed(artifact)
            case "content":
                return self._content(artifact)
            case _:
                leaks = self._all_leaks(artifact)
                if leaks is None:
                    return UNKNOWN
                return len(leaks) if name == "secret_count" else sorted({kind for kind, _ in leaks})

    def _signed(self, artifact: Artifact) -> bool:
        """Whether enough of those whom its namespace trusts have signed it; without a rule, anybody."""
        if not artifact.signatures:
            return False
        try:
            return hyperhost.judge_signatures(self._hook, artifact).met
        except (ProviderMissingError, ProviderConflictError):
            return False  # nobody can tell, so nobody has

    def _content(self, artifact: Artifact) -> Any:
        if artifact.content is None:
            return MISSING
        try:
            return read_content(self._hook, artifact.content).decode("utf-8", "replace")
        except TooLargeError:
            return UNKNOWN

    def _all_leaks(self, artifact: Artifact) -> list[tuple[str, str]] | None:
        """What looks like a secret; ``None`` when the content cannot be looked through."""
        if self._leaks is None:
            found = [*leaks_in_data(_open_part(artifact, self._manifest()))]
            if artifact.content is not None:
                try:
                    data = read_content(self._hook, artifact.content)
                    for place, text in texts_in(data):
                        found += leaks_in_text(text, place)
                except TooLargeError:
                    return None
            self._leaks = list(dict.fromkeys(found))
        return self._leaks


def _open_part(artifact: Artifact, manifest: Any) -> Any:
    """A manifest without what is sealed in it: those values are encrypted, whatever they look like."""
    values = manifest.get("values") if isinstance(manifest, dict) else None
    if artifact.type is not ArtifactType.CONFIG or not isinstance(values, dict) or set(values) != {_SEALED}:
        return manifest
    return {key: value for key, value in manifest.items() if key != "values"}


def _at(data: Any, path: str) -> Any:
    """What a dotted path leads to; an index is a number."""
    for part in path.split("."):
        if isinstance(data, dict) and part in data:
            data = data[part]
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return MISSING
    return MISSING if data is None else data


_SIMPLE: Final[dict[str, Callable[[Artifact], Any]]] = {
    "id": lambda artifact: artifact.id,
    "name": lambda artifact: artifact.name,
    "coordinates": lambda artifact: f"{artifact.namespace}/{artifact.name}@{artifact.version}",
    "type": lambda artifact: artifact.type.value,
    "version": lambda artifact: artifact.version,
    "visibility": lambda artifact: artifact.visibility.value,
    "state": lambda artifact: artifact.state.value,
    "publisher": lambda artifact: artifact.publisher.id if artifact.publisher is not None else MISSING,
    "description": lambda artifact: artifact.metadata.description,
    "author": lambda artifact: artifact.metadata.author,
    "licenses": lambda artifact: list(artifact.metadata.licenses),
    "tags": lambda artifact: list(artifact.metadata.tags),
    "keywords": lambda artifact: list(artifact.metadata.keywords),
    "dependencies": lambda artifact: [each.artifact for each in artifact.dependencies],
    "size": lambda artifact: artifact.content.size if artifact.content is not None else MISSING,
    "signatures": lambda artifact: len(artifact.signatures),
    "signers": lambda artifact: sorted({each.key_id for each in artifact.signatures}),
}
