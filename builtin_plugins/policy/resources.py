"""What an operation is about, as its arguments say."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import Artifact, OperationCall, Resource
from hyperhost.errors import RefusalError

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["resource_of"]

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def resource_of(hook: HookRelay, call: OperationCall) -> tuple[Resource | None, Artifact | None, bool]:
    """What a call is about.

    Returns:
        The resource, the artifact if it is one, and whether it is about an artifact that could not be
        found out: then rules that deny have to assume the worst.
    """
    try:
        given = json.loads(call.arguments_json)
    except (ValueError, RecursionError):
        return None, None, False  # the operation refuses it
    if not isinstance(given, dict):
        return None, None, False
    reference = given.get("artifact")
    if isinstance(reference, str):
        return _artifact(hook, call, reference)
    draft, query = given.get("draft"), given.get("query")
    inner: dict[str, Any] = draft if isinstance(draft, dict) else query if isinstance(query, dict) else {}
    for text in (given.get("path"), given.get("namespace"), given.get("name"), inner.get("namespace")):
        if isinstance(text, str) and "." in text:
            path, slash, _ = text.partition("/")
            kind = "artifact" if slash else "namespace"
            return Resource(kind, "" if slash else path, path, name=text if slash else ""), None, False
    return None, None, False


def _artifact(
    hook: HookRelay, call: OperationCall, reference: str
) -> tuple[Resource | None, Artifact | None, bool]:
    found: Artifact | None = None
    resource: Resource | None = None
    if hook.access_resource.get_hookimpls():
        try:
            resource = hook.access_resource(principal=call.principal, kind="artifact", reference=reference)
        except RefusalError:
            return None, None, False  # there is none; the operation says so
    path, _, rest = reference.partition("/")
    name, _, version = rest.partition("@")
    if resource is not None and resource.id:
        found = hook.storage_get_artifact(artifact_id=resource.id)
    elif _ID.fullmatch(reference):
        found = hook.storage_get_artifact(artifact_id=reference)
        if found is None:
            return None, None, False
    elif version:
        found = hook.storage_find_artifact(namespace=path, name=name, version=version[:300])
    if found is not None:
        known = resource or Resource(
            "artifact",
            found.id,
            found.namespace,
            found.visibility,
            found.publisher.id if found.publisher is not None else "",
            found.state.value,
            reference,
        )
        return known, found, False
    # A tag, a channel, or no version: which one is meant, nobody here can say.
    return resource or Resource("artifact", "", path, name=reference[:500]), None, True
