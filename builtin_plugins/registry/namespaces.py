"""Operations on namespaces: who owns one, what holds in it, how much it may have."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field

from hyperhost.contracts import NamespaceUsage, PageRequest, PutMode, Visibility
from hyperhost.contracts.codec import from_data, to_data

from .identifiers import uuid7
from .names import SCOPES, check_labels, check_namespace, parents
from .refusals import conflict, invalid, missing, wrong_state
from .table import operation
from .work import Work

__all__ = ["NAMESPACES", "AclEntry", "Effective", "Namespace", "Quotas", "effective", "stored"]

NAMESPACES = "namespaces"


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
    """Changes of a namespace. What is ``None`` stays as it is."""

    owner: str | None = None
    visibility: Visibility | None = None
    description: str | None = None
    labels: dict[str, str] | None = None
    policies: list[str] | None = None
    acl: list[AclEntry] | None = None
    quotas: Quotas | None = None


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


@operation("namespace_create", group="namespace", permission="namespace:create", changes=True)
def create(work: Work, path: str, edit: NamespaceEdit | None = None) -> Namespace:
    """Create a namespace. One that was not created has what holds above it, and its scope's defaults."""
    check_namespace(path)
    work.about(path, path)
    if stored(work, path) is not None:
        raise conflict("path", f"namespace {path} exists already", "change it with namespace_update")
    fresh = Namespace(uuid7(work.at_us), path, work.principal.id, created_at_us=work.at_us)
    return _write(work, _edited(work, fresh, edit or NamespaceEdit()), PutMode.CREATE)


@operation("namespace_read", group="namespace", permission="namespace:read")
def read(work: Work, path: str) -> Effective:
    """Show what holds in a namespace, with what it inherits and how full it is."""
    check_namespace(path)
    work.about(path, path)
    return effective(work, path)


@operation("namespace_list", group="namespace", permission="namespace:read")
def list_namespaces(work: Work, prefix: str = "", limit: int = 1000) -> list[Namespace]:
    """List namespaces that were created, sorted by path."""
    if not 1 <= limit <= 1000:
        raise invalid("limit", "range", f"{limit} is no limit", "1 to 1000")
    page = work.hook.storage_list_records(collection=NAMESPACES, prefix=prefix, page=PageRequest(limit))
    return [from_data(Namespace, json.loads(item.data_json)) for item in page.items]


@operation("namespace_update", group="namespace", permission="namespace:update", changes=True)
def update(work: Work, path: str, edit: NamespaceEdit) -> Namespace:
    """Change a namespace."""
    before = _there(work, path)
    work.about(
        path, path, fields=[each.name for each in dataclasses.fields(edit) if getattr(edit, each.name)]
    )
    return _write(work, _edited(work, before, edit), PutMode.REPLACE)


@operation("namespace_delete", group="namespace", permission="namespace:delete", changes=True)
def delete(work: Work, path: str) -> bool:
    """Delete a namespace in which nothing lies."""
    _there(work, path)
    work.about(path, path)
    usage: NamespaceUsage = work.hook.storage_namespace_usage(namespace=path)
    if usage.artifacts:
        raise wrong_state("path", f"{usage.artifacts} artifacts lie in {path}", "delete or move them first")
    page = work.hook.storage_list_records(collection=NAMESPACES, prefix=f"{path}.", page=PageRequest(1))
    if page.items:
        raise wrong_state("path", f"{page.items[0].key} lies below {path}", "delete it first")
    deleted: bool = work.hook.storage_delete_record(collection=NAMESPACES, key=path)
    return deleted


def stored(work: Work, path: str) -> Namespace | None:
    """The namespace that was created under a path."""
    text = work.hook.storage_get_record(collection=NAMESPACES, key=path)
    return from_data(Namespace, json.loads(text)) if text is not None else None


def effective(work: Work, path: str) -> Effective:
    """What holds in a namespace, everything above it considered."""
    scope = check_namespace(path)
    along = [stored(work, each) for each in (path, *parents(path))]
    known = [each for each in along if each is not None]  # the nearest first
    visibility = next((each.visibility for each in known if each.visibility is not None), scope.visibility)
    labels: dict[str, str] = {}
    for each in reversed(known):
        labels |= each.labels
    return Effective(
        path,
        known[0].path if known else "",
        scope.name,
        known[0].owner if known else "",
        visibility if scope.configurable or not known else scope.visibility,
        labels,
        next((each.policies for each in known if each.policies is not None), []),
        [entry for each in reversed(known) for entry in each.acl],
        {each.path: each.quotas for each in known if each.quotas != Quotas()},
        work.hook.storage_namespace_usage(namespace=path),
    )


def _there(work: Work, path: str) -> Namespace:
    check_namespace(path)
    found = stored(work, path)
    if found is None:
        raise missing("namespace", f"there is no namespace {path}", "create it with namespace_create")
    return found


def _edited(work: Work, before: Namespace, edit: NamespaceEdit) -> Namespace:
    scope = SCOPES[before.path.partition(".")[0]]
    if edit.visibility not in (None, scope.visibility) and not scope.configurable:
        raise invalid(
            "visibility", "scope", f"namespaces of the scope {scope.name} are {scope.visibility.value}"
        )
    values = {
        each.name: value
        for each in dataclasses.fields(edit)
        if (value := getattr(edit, each.name)) is not None
    }
    after = dataclasses.replace(before, updated_at_us=work.at_us, **values)
    check_labels(after.labels)
    _check_quotas(work, after)
    return after


def _check_quotas(work: Work, namespace: Namespace) -> None:
    """A child may not be promised more than what lies above it may have."""
    for each in dataclasses.fields(Quotas):
        own = getattr(namespace.quotas, each.name)
        if own is None:
            continue
        if own < 0:
            raise invalid(f"quotas.{each.name}", "range", f"{own} is no quota", "0 or more")
        for path in parents(namespace.path):
            above = stored(work, path)
            limit = getattr(above.quotas, each.name) if above is not None else None
            if limit is not None and own > limit:
                raise invalid(
                    f"quotas.{each.name}", "parent", f"{own} is more than the {limit} of {path}", "take less"
                )


def _write(work: Work, namespace: Namespace, mode: PutMode) -> Namespace:
    text = json.dumps(to_data(namespace), ensure_ascii=False, separators=(",", ":"))
    work.hook.storage_put_record(collection=NAMESPACES, key=namespace.path, data_json=text, mode=mode)
    return namespace
