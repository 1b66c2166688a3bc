"""Operations on the registry as a whole: what it is, whether it works, which layout its store has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import hyperhost
from hyperhost.contracts import (
    CONTRACT_VERSION,
    ContentTotals,
    PageRequest,
    StorageLayout,
    StorageTotals,
)
from hyperhost.errors import HyperHostError, ProviderMissingError
from hyperhost.offering import invalid, operation

from .names import check_name, check_namespace, check_version
from .namespaces import NAMESPACES
from .testing import Check
from .work import Work

__all__ = ["RegistryInfo", "RegistryStatus"]


@dataclass(frozen=True, slots=True)
class RegistryInfo:
    """What a registry is.

    Attributes:
        version: Of the program.
        contract: Version of the contract with plugins.
        layout: Of the store; ``None`` when its provider has no layouts.
        artifacts: Artifacts, each version counted.
        contents: Distinct contents in the database.
        content_bytes: Bytes of them.
        tiers: What each tier of content holds; empty without a provider of content.
    """

    version: str
    contract: str
    layout: StorageLayout | None
    artifacts: int
    contents: int
    content_bytes: int
    tiers: list[ContentTotals] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RegistryStatus:
    """Whether a registry works.

    Attributes:
        healthy: All checks passed.
        checks: What was tried.
    """

    healthy: bool
    checks: list[Check]


@operation("registry_info", group="administration", permission="administration:read")
def registry_info(work: Work) -> RegistryInfo:
    """Show what the registry is and how much it holds."""
    totals: StorageTotals = work.hook.storage_usage()
    try:
        layout: StorageLayout | None = work.hook.storage_layouts()
    except ProviderMissingError:
        layout = None
    try:
        tiers: list[ContentTotals] = work.hook.content_usage()
    except ProviderMissingError:
        tiers = []
    return RegistryInfo(
        hyperhost.__version__,
        CONTRACT_VERSION,
        layout,
        totals.artifacts,
        totals.contents,
        totals.content_bytes,
        tiers,
    )


@operation("registry_status", group="administration", permission="administration:read")
def registry_status(work: Work) -> RegistryStatus:
    """Try whether the store can be read and written, and content be reached."""
    checks = [
        _try("storage", lambda: _read(work)),
        _try("writing", lambda: _write(work)),
        _try("content", lambda: _contents(work)),
    ]
    return RegistryStatus(all(check.passed for check in checks), checks)


@operation("migrate", group="administration", permission="administration:migrate")
def migrate(work: Work, to: int | None = None) -> list[str]:
    """Bring the store to a layout, the latest when none is given; what was done, step by step.

    It is no unit of work and is not audited: a layout that is given up may be the one that audit needs.
    """
    return _migrate(work, to)


@operation("upgrade", group="administration", permission="administration:migrate")
def upgrade(work: Work) -> list[str]:
    """Bring the store to the latest layout; what was done, step by step."""
    return _migrate(work, None)


@operation("downgrade", group="administration", permission="administration:migrate")
def downgrade(work: Work, to: int) -> list[str]:
    """Bring the store back to an older layout, for an older program; this host is done with it then."""
    return _migrate(work, to)


@operation("cache_clear", group="administration", permission="administration:cache")
def cache_clear(work: Work) -> list[str]:
    """Forget what this process remembers of the registry; which caches those were."""
    for cached in (check_name, check_namespace, check_version):
        cached.cache_clear()
    work.namespaces.clear()
    if work.call_limits is not None:
        work.call_limits.forget()
    return ["names", "call-limits"]


def _migrate(work: Work, to: int | None) -> list[str]:
    if to is not None and not 0 <= to < 2**32:
        raise invalid("to", "range", f"{to} is no layout", "see registry_info for the layouts")
    done: list[str] = work.hook.storage_migrate(to=to)
    return done


def _try(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except HyperHostError as error:
        return Check(name, False, error.message, error.hint)


def _read(work: Work) -> str:
    totals: StorageTotals = work.hook.storage_usage()
    work.hook.storage_list_records(collection=NAMESPACES, prefix="", page=PageRequest(1))
    return f"{totals.artifacts} artifacts"


def _write(work: Work) -> str:
    """Write within a unit that is undone; a unit around it would be undone with it, so there is none."""
    work.hook.storage_begin(write=True)
    try:
        work.hook.storage_put_record(collection="registry-status", key="probe", data_json="{}", mode=None)
    finally:
        work.hook.storage_end(commit=False)
    return "it may be written to"


def _contents(work: Work) -> str:
    try:
        tiers: list[ContentTotals] = work.hook.content_usage()
    except ProviderMissingError:
        return "no plugin keeps content"
    return ", ".join(f"{each.tier}: {each.contents}" for each in tiers)
