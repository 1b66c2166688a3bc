"""What a principal may see: everything else is not there for it, in the words of what is not there.

The provider of the service ``access`` decides; without one, everybody sees everything.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import compress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hyperhost.contracts import (
    AccessGrant,
    AccessPlace,
    Artifact,
    ArtifactQuery,
    ArtifactSort,
    NamespaceUsage,
    PageRequest,
    Principal,
    Resource,
    Visibility,
)
from hyperhost.offering import is_unrestricted as sees_all
from hyperhost.offering import missing, resource_of, visible

from .names import check_coordinates, check_namespace, parents
from .namespaces import NAMESPACES, Namespace, read_namespace, stored, visibility_of

if TYPE_CHECKING:
    from pluggy import HookRelay

    from .work import Work

__all__ = [
    "IN_IT",
    "grants",
    "namespace_resource",
    "owner_of",
    "places",
    "resource_of",
    "sees",
    "sees_all",
    "sees_namespaces",
    "sees_record",
    "visible_page",
    "visible_usage",
    "within",
]

T = TypeVar("T")
_HISTORY: Final = "history"
_MOST: Final = 1_000
IN_IT: Final = ["artifact:*", "version:*", "namespace:*", "config:*", "template:*", "content:write"]
"""What the owner of a namespace may do in it and below it."""


def sees(work: Work, artifacts: Sequence[Artifact]) -> list[bool]:
    """Which artifacts the principal of a call may see."""
    if not artifacts or sees_all(work.principal):
        return [True] * len(artifacts)
    return visible(work.hook, work.principal, [resource_of(each) for each in artifacts])


def sees_namespaces(work: Work, paths: Sequence[str]) -> list[bool]:
    """Which namespaces the principal of a call may see."""
    if not paths or sees_all(work.principal):
        return [True] * len(paths)
    return visible(work.hook, work.principal, [namespace_resource(work, path) for path in paths])


def namespace_resource(work: Work, path: str) -> Resource:
    """A namespace, created or not, as far as access depends on it."""
    check_namespace(path)
    owner = next((each.owner for each in _along(work, path)), "")
    return Resource("namespace", path, path, visibility_of(work, path), owner, name=path)


def owner_of(work: Work, name: str) -> str:
    """Who owns ``namespace/name``: whoever made the first version of it that is there.

    Without one it is the owner of the namespace. The history says who that was, and nobody can change
    that; a publisher is what a draft says of itself.
    """
    path, short = check_coordinates(name.partition("@")[0], "name")
    query = ArtifactQuery(namespace=path, name=short, sort=ArtifactSort.CREATED)
    page = work.hook.storage_list_artifacts(query=query, page=PageRequest(1))
    if not page.items:
        return next((each.owner for each in _along(work, path)), "")
    entries = work.hook.storage_list_log(
        log=_HISTORY, subject=page.items[0].id, after=0, until_us=None, limit=1
    )
    return str(json.loads(entries.items[0].data_json)["actor"]) if entries.items else ""


def new_namespace(work: Work, path: str) -> Resource:
    """A namespace that is about to be created. Where something lies already, it is nobody's to take."""
    found = namespace_resource(work, path)
    if found.owner:
        return found
    query = ArtifactQuery(namespace=path, descendants=True)
    below = work.hook.storage_list_artifacts(query=query, page=PageRequest(1)).items
    below += work.hook.storage_list_records(
        collection="namespaces", prefix=f"{path}.", page=PageRequest(1)
    ).items
    return Resource("namespace", path, path, found.visibility, "local:owner" if below else "", name=path)


def visible_usage(work: Work, path: str) -> NamespaceUsage:
    """What lies in a namespace and below it, as far as the principal of a call may see it."""
    count, size, token = 0, 0, ""
    while True:
        page = work.hook.storage_list_artifacts(
            query=ArtifactQuery(namespace=path, descendants=True), page=PageRequest(_MOST, token)
        )
        shown = list(compress(page.items, sees(work, page.items)))
        count += len(shown)
        size += sum(each.content_size for each in shown)
        token = page.next_token
        if not token:
            return NamespaceUsage(count, size)


def sees_record(work: Work, path: str, record: Any) -> bool:
    """Whether a namespace may be shown as it was at a time: it may be seen now, and as it was then."""
    if sees_all(work.principal):
        return True
    now = namespace_resource(work, path)
    then = Visibility(record["visibility"]) if record and record.get("visibility") else now.visibility
    return all(visible(work.hook, work.principal, [now, dataclasses.replace(now, visibility=then)]))


def resource(work: Work, kind: str, reference: str) -> Resource | None:
    """See the hook ``access_resource``."""
    from .references import find, versions_of

    if kind == "artifact":
        return resource_of(find(work, reference))
    if kind == "artifact-name":
        path, short = check_coordinates(reference, "name")
        found = versions_of(work, path, short)
        if not found:
            raise missing("artifact", f"there is no artifact {reference}")
        return resource_of(found[0])
    if kind == "artifact-new":
        path, _ = check_coordinates(reference, "draft")
        return Resource("artifact", "", path, None, owner_of(work, reference), "", reference)
    if kind == "artifact-owner":
        return Resource("artifact", owner=owner_of(work, reference), name=reference)
    if kind == "namespace-new":
        return new_namespace(work, reference)
    if kind == "namespace":
        found_here = namespace_resource(work, reference)
        if not sees_all(work.principal):
            there = stored(work, reference) is not None
            if not (sees_namespaces(work, [reference])[0] and there):
                raise missing(
                    "namespace", f"namespace {reference} was not created", "create it with namespace_create"
                )
        return found_here
    return None


def grants(work: Work, about: Resource) -> list[AccessGrant]:
    """What namespaces add: their owners, and their access lists, which add up along the path."""
    if not about.namespace:
        return []
    who = {work.principal.id, *(f"role:{name}" for name in work.principal.roles)}
    found = []
    for each in _along(work, about.namespace):
        if each.owner == work.principal.id:
            found.append(AccessGrant(f"owner:{each.path}", IN_IT))
        mine = (entry for entry in each.acl if entry.principal in who)
        found += [AccessGrant(f"acl:{each.path}", within(entry.allow), entry.deny) for entry in mine]
    return found


@lru_cache(maxsize=1024)
def _within(allow: tuple[str, ...]) -> tuple[str, ...]:
    if "*" in allow:
        return tuple(IN_IT)
    found = []
    for each in allow:
        kind, _, action = each.partition(":")
        if each in IN_IT or f"{kind}:*" in IN_IT:
            found.append(each)
        elif action == "*":
            found += [known for known in IN_IT if known.partition(":")[0] == kind]
    return tuple(found)


def within(allow: Sequence[str]) -> list[str]:
    """What of an access list counts: a namespace gives away what is in it, and nothing of the registry."""
    return list(_within(tuple(allow)))


def places(hook: HookRelay, principal: Principal) -> Iterator[AccessPlace]:
    """Everything that :func:`grants` could add for somebody, wherever that is; see the hook.

    Of namespaces that do not mention them only the text is looked at: there may be thousands.
    """
    who = {principal.id, *(f"role:{name}" for name in principal.roles)}
    marks = [json.dumps(each, ensure_ascii=False) for each in who]
    token = ""
    while True:
        page = hook.storage_list_records(collection=NAMESPACES, prefix="", page=PageRequest(_MOST, token))
        for record in page.items:
            if not any(mark in record.data_json for mark in marks):
                continue
            found = read_namespace(record.data_json)
            if found.owner == principal.id:
                yield AccessPlace(found.path, principal.id, IN_IT)
            mine = (entry for entry in found.acl if entry.principal in who)
            for each in mine:
                yield AccessPlace(found.path, each.principal, within(each.allow), each.deny)
        token = page.next_token
        if not token:
            return


def visible_page(
    fetch: Callable[[PageRequest], tuple[list[T], str]],
    shows: Callable[[list[T]], list[bool]],
    page: PageRequest,
) -> tuple[list[T], str]:
    """A page of what is visible, and the token of what follows; empty when nothing visible does.

    The token is always one behind something visible, so that neither it nor the number of items tells of
    what is left out.

    Args:
        fetch: Hands out a part of the whole list, as the store does.
        shows: Which of some items are visible.
        page: What is asked for.
    """
    found: list[T] = []
    token, step = page.token, page.size
    while True:
        items, following = fetch(PageRequest(step, token))
        shown = [index for index, visible in enumerate(shows(items)) if visible]
        room = page.size - len(found)
        if len(shown) >= room:
            last = shown[room - 1]
            found += [items[index] for index in shown[:room]]
            if len(shown) > room:
                return found, fetch(PageRequest(last + 1, token))[1]
            rest = last + 1 < len(items)
            token = fetch(PageRequest(last + 1, token))[1] if rest else following
            return found, token if token and _more(fetch, shows, token) else ""
        found += [items[index] for index in shown]
        if not following:
            return found, ""
        token, step = following, min(_MOST, step * 2)


def _more(
    fetch: Callable[[PageRequest], tuple[list[T], str]], shows: Callable[[list[T]], list[bool]], token: str
) -> bool:
    """Whether anything visible follows."""
    step = 16
    while token:
        items, token = fetch(PageRequest(step, token))
        if any(shows(items)):
            return True
        step = min(_MOST, step * 4)
    return False


def _along(work: Work, path: str) -> list[Namespace]:
    """The namespaces at or above a path that were created, the nearest first."""
    return [known for each in (path, *parents(path)) if (known := stored(work, each)) is not None]
