"""Operations on namespaces: who owns one, what holds in it, how much it may have."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress
from typing import Any, Final, Literal

from hyperhost.contracts import NamespaceUsage, PageRequest, PutMode, Visibility
from hyperhost.contracts.codec import from_data, to_data
from hyperhost.offering import conflict, invalid, missing, operation, wrong_state

from .identifiers import uuid7
from .metering import MonthUsage, limit_calls, month_usage
from .names import SCOPES, check_labels, check_namespace, check_text, parents
from .remembering import drop_record, keep_record
from .work import Work

__all__ = [
    "NAMESPACES",
    "AclEntry",
    "Effective",
    "Namespace",
    "NamespaceEdit",
    "Quotas",
    "effective",
    "read_namespace",
    "stored",
    "visibility_of",
]

NAMESPACES: Final = "namespaces"
"""Collection of namespaces by path."""

_PERMISSION: Final = re.compile(r"\*|[a-z]+(?:-[a-z]+)*:(?:\*|[a-z]+(?:-[a-z]+)*)")
_LIST_MAX: Final = 1_000
_ENTRIES_MAX: Final = 1_000
_LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Quotas:
    """Most that a namespace and everything below it may have together; ``None`` is no limit.

    Attributes:
        storage_bytes: Bytes of content.
        artifacts: Artifacts, each version counted.
        bandwidth_bytes_per_month: Bytes handed out in a calendar month.
        api_calls_per_month: Operations in a calendar month.
    """

    storage_bytes: int | None = None
    artifacts: int | None = None
    bandwidth_bytes_per_month: int | None = None
    api_calls_per_month: int | None = None


@dataclass(frozen=True, slots=True)
class AclEntry:
    """What somebody may do in a namespace and below it.

    Attributes:
        principal: Id of a principal, or ``role:NAME``.
        allow: Permissions, for example ``artifact:create``; ``artifact:*`` for all of a kind.
        deny: Permissions taken away; a denial wins over whatever is allowed, further down too.
    """

    principal: str
    allow: list[str] = field(default_factory=list)
    deny: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace as it was written down.

    Attributes:
        id: UUIDv7.
        path: Dotted path.
        owner: Id of the principal who owns it.
        visibility: Who may see it; ``None`` leaves it to what lies above.
        description: What it is for.
        labels: Merged with those above, its own winning.
        policies: Ids of policies; ``None`` inherits those above.
        acl: Adds up along the path.
        quotas: Children draw on them, too.
        created_at_us: When it was created.
        updated_at_us: When it was last changed.
    """

    id: str
    path: str
    owner: str
    visibility: Visibility | None = None
    description: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    policies: list[str] | None = None
    acl: list[AclEntry] = field(default_factory=list)
    quotas: Quotas = Quotas()
    created_at_us: int = 0
    updated_at_us: int = 0


@dataclass(frozen=True, slots=True)
class NamespaceEdit:
    """Changes of a namespace. What is ``None`` stays as it is.

    Attributes:
        owner: Id of the principal who owns it.
        visibility: Who may see it.
        description: What it is for.
        labels: Replaces all labels.
        policies: Replaces all ids of policies; an empty list is no policy, and inherits none.
        acl: Replaces all entries.
        quotas: Replaces all quotas.
        inherit: What is to be inherited again: ``visibility``, ``policies``.
    """

    owner: str | None = None
    visibility: Visibility | None = None
    description: str | None = None
    labels: dict[str, str] | None = None
    policies: list[str] | None = None
    acl: list[AclEntry] | None = None
    quotas: Quotas | None = None
    inherit: list[Literal["visibility", "policies"]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds in a namespace, everything above it considered.

    Attributes:
        path: The path that was asked for, which need not have been created.
        defined_by: The longest path at or above it that was created; empty when none was.
        scope: By its first label.
        owner: Of the namespace that defines it; empty when there is none.
        visibility: Who may see it.
        labels: Merged.
        policies: Of the nearest that has its own.
        acl: All entries along the path, the outermost first.
        quotas: Of each namespace along the path that has any, by its path.
        usage: What lies in it and below it.
        month: What was used in the month of the call.
        id: Of the namespace that defines it; empty when there is none.
        description: Of the path itself; empty when it was not created.
    """

    path: str
    defined_by: str
    scope: str
    owner: str
    visibility: Visibility
    labels: dict[str, str]
    policies: list[str]
    acl: list[AclEntry]
    quotas: dict[str, Quotas]
    usage: NamespaceUsage
    month: MonthUsage
    id: str = ""
    description: str = ""


@operation("namespace_create", group="namespace", permission="namespace:create", changes=True)
def create(work: Work, path: str, edit: NamespaceEdit | None = None) -> Namespace:
    """Create a namespace. One that was not created has what holds above it, and its scope's defaults."""
    check_namespace(path)
    work.about(path, path)
    if stored(work, path) is not None:
        raise conflict("path", f"namespace {path} exists already", "update it instead")
    from .granting import check_granting

    fresh = Namespace(uuid7(work.at_us), path, work.principal.id, created_at_us=work.at_us)
    after = _edited(work, fresh, edit or NamespaceEdit())
    written = _write(work, after, PutMode.CREATE)
    check_granting(work, fresh, after)  # now they own it, and give away what an owner may
    return written


@operation("namespace_read", group="namespace", permission="namespace:read", reads_private=True)
def read(work: Work, path: str) -> Effective:
    """Show what holds in a namespace, with what it inherits and how full it is."""
    work.about(path, path)
    from .seeing import sees_all, visible_usage

    found = effective(work, path)
    if not sees_all(work.principal):
        found = dataclasses.replace(found, usage=visible_usage(work, path))
    work.private = found.visibility is not Visibility.PUBLIC
    return found


@operation("namespace_list", group="namespace", permission="namespace:read", reads_private=True)
def list_namespaces(work: Work, prefix: str = "", limit: int = 1000, after: str = "") -> list[Namespace]:
    """List namespaces that were created, sorted by path; ``after`` goes on behind a path."""
    if not 1 <= limit <= _LIST_MAX:
        raise invalid("limit", "range", f"{limit} is no limit", f"give 1 to {_LIST_MAX}")
    from .seeing import sees_namespaces

    check_text(prefix, "prefix", _LONGEST)
    check_text(after, "after", _LONGEST)
    found: list[Namespace] = []
    token = ""
    while len(found) < limit:
        page = work.hook.storage_list_records(
            collection=NAMESPACES, prefix=prefix, page=PageRequest(_LIST_MAX, token)
        )
        read = [read_namespace(item.data_json) for item in page.items if item.key > after]
        found += compress(read, sees_namespaces(work, [each.path for each in read]))
        token = page.next_token
        if not token:
            break
    work.private = any(visibility_of(work, each.path) is not Visibility.PUBLIC for each in found[:limit])
    return found[:limit]


@operation("namespace_update", group="namespace", permission="namespace:update", changes=True)
def update(work: Work, path: str, edit: NamespaceEdit) -> Namespace:
    """Change a namespace."""
    before = _there(work, path)
    work.about(path, path, fields=sorted({*_given(edit), *edit.inherit}))
    from .granting import check_granting

    after = _edited(work, before, edit)
    check_granting(work, before, after)
    return _write(work, after, PutMode.REPLACE)


@operation("namespace_delete", group="namespace", permission="namespace:delete", changes=True)
def delete(work: Work, path: str) -> bool:
    """Delete a namespace in which nothing lies."""
    before = _there(work, path)
    work.about(path, path)
    usage: NamespaceUsage = work.hook.storage_namespace_usage(namespace=path)
    if usage.artifacts:
        raise wrong_state(
            "path", f"{usage.artifacts} artifacts lie in {path} or below it", "delete them first"
        )
    page = work.hook.storage_list_records(collection=NAMESPACES, prefix=f"{path}.", page=PageRequest(1))
    if page.items:
        raise wrong_state("path", f"{page.items[0].key} lies below {path}", "delete it first")
    from .granting import check_granting

    check_granting(work, before, None)
    drop_record(work, NAMESPACES, path, path)
    work.namespaces[path] = None
    limit_calls(work, path, limited=False)
    return True


def stored(work: Work, path: str) -> Namespace | None:
    """The namespace that was created under a path; read once for each call."""
    if path not in work.namespaces:
        text = work.hook.storage_get_record(collection=NAMESPACES, key=path)
        work.namespaces[path] = read_namespace(text) if text is not None else None
    return work.namespaces[path]


def visibility_of(work: Work, path: str) -> Visibility:
    """Who may see a namespace: as the nearest one at or above it says that does, else as its scope."""
    for each in (path, *parents(path)):
        known = stored(work, each)
        if known is not None and known.visibility is not None:
            return known.visibility
    return check_namespace(path).visibility


def effective(work: Work, path: str) -> Effective:
    """What holds in a namespace, everything above it considered."""
    scope = check_namespace(path)
    along = [stored(work, each) for each in (path, *parents(path))]
    known = [each for each in along if each is not None]  # the nearest first
    labels: dict[str, str] = {}
    for each in reversed(known):
        labels |= each.labels
    return Effective(
        path,
        known[0].path if known else "",
        scope.name,
        known[0].owner if known else "",
        visibility_of(work, path),
        labels,
        next((each.policies for each in known if each.policies is not None), []),
        [entry for each in reversed(known) for entry in each.acl],
        {each.path: each.quotas for each in known if each.quotas != Quotas()},
        work.hook.storage_namespace_usage(namespace=path),
        month_usage(work, path),
        known[0].id if known else "",
        along[0].description if along[0] is not None else "",
    )


@lru_cache(maxsize=1024)
def read_namespace(text: str) -> Namespace:
    """A namespace as it was written; the same are asked for over and over."""
    return from_data(Namespace, json.loads(text))


def _there(work: Work, path: str) -> Namespace:
    check_namespace(path)
    found = stored(work, path)
    if found is None:
        raise missing("namespace", f"namespace {path} was not created", "create it first")
    return found


def _given(edit: NamespaceEdit) -> list[str]:
    names = (each.name for each in dataclasses.fields(edit) if each.name != "inherit")
    return [name for name in names if getattr(edit, name) is not None]


def _edited(work: Work, before: Namespace, edit: NamespaceEdit) -> Namespace:
    values: dict[str, Any] = {name: getattr(edit, name) for name in _given(edit)}
    for name in edit.inherit:
        if name in values:
            raise invalid(f"edit.{name}", "inherit", f"{name} is both set and inherited", "choose one")
        values[name] = None
    at_us = max(work.at_us, before.created_at_us)
    after = dataclasses.replace(before, updated_at_us=at_us, **values)
    _check_fields(after)
    _check_quotas(work, after)
    return after


def _check_fields(namespace: Namespace) -> None:
    scope = SCOPES[namespace.path.partition(".")[0]]
    if namespace.visibility not in (None, scope.visibility) and not scope.configurable:
        raise invalid(
            "edit.visibility",
            "scope",
            f"namespaces of the scope {scope.name} are {scope.visibility.value}",
            "leave it out",
        )
    check_labels(namespace.labels, "edit.labels")
    check_text(namespace.description, "edit.description")
    if not namespace.owner.strip():
        raise invalid("edit.owner", "missing", "a namespace needs an owner", "give the id of a principal")
    check_text(namespace.owner, "edit.owner", _LONGEST)
    for name, entries in (("policies", namespace.policies or []), ("acl", namespace.acl)):
        if len(entries) > _ENTRIES_MAX:
            raise invalid(
                f"edit.{name}", "count", f"there are {len(entries)} entries", f"the most is {_ENTRIES_MAX:,}"
            )
    for index, policy in enumerate(namespace.policies or []):
        if not policy.strip():
            raise invalid(f"edit.policies[{index}]", "missing", "an id of a policy is not empty")
        check_text(policy, f"edit.policies[{index}]", _LONGEST)
    for index, entry in enumerate(namespace.acl):
        _check_entry(entry, f"edit.acl[{index}]")


def _check_entry(entry: AclEntry, place: str) -> None:
    if not entry.principal.strip():
        raise invalid(f"{place}.principal", "missing", "an entry is about somebody", "as in 'user:alice'")
    check_text(entry.principal, f"{place}.principal", _LONGEST)
    for name in ("allow", "deny"):
        for index, permission in enumerate(getattr(entry, name)):
            if len(permission) > _LONGEST or not _PERMISSION.fullmatch(permission):
                raise invalid(
                    f"{place}.{name}[{index}]",
                    "permission",
                    f"{permission[:80]!r} is no permission",
                    "write it as in 'artifact:create', 'artifact:*' or '*'",
                )


def _check_quotas(work: Work, namespace: Namespace) -> None:
    """A child may not be promised more than what lies above it, or its scope, may have."""
    scope = check_namespace(namespace.path)
    above = [each for path in parents(namespace.path) if (each := stored(work, path)) is not None]
    for name in (each.name for each in dataclasses.fields(Quotas)):
        own = getattr(namespace.quotas, name)
        if own is None:
            continue
        place = f"edit.quotas.{name}"
        if own < 0:
            raise invalid(place, "range", f"{own} is no quota", "give 0 or more")
        if name == "artifacts" and scope.artifacts is not None and own > scope.artifacts:
            raise invalid(
                place,
                "scope",
                f"{own} is more than the {scope.artifacts} of the scope {scope.name}",
                "take less",
            )
        for parent in above:
            limit = getattr(parent.quotas, name)
            if limit is not None and own > limit:
                raise invalid(
                    place, "parent", f"{own} is more than the {limit} of {parent.path}", "take less"
                )


def _write(work: Work, namespace: Namespace, mode: PutMode) -> Namespace:
    text = json.dumps(to_data(namespace), ensure_ascii=False, separators=(",", ":"))
    keep_record(work, NAMESPACES, namespace.path, text, namespace.path, mode)
    work.namespaces[namespace.path] = namespace
    limit_calls(work, namespace.path, limited=namespace.quotas.api_calls_per_month is not None)
    return namespace
