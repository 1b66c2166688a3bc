"""What tests of sync share: the artifact that is changed, changes of it, and how two sides compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from registries import Reg

from builtin_plugins.transfer.syncing import SyncReport, sync
from hyperhost.host.operations import LOCAL_OWNER

Change = Callable[[Reg], Any]
X = "org.acme/x@1.0.0"


def synced(a: Reg, b: Reg, **more: Any) -> SyncReport:
    return sync(a.hook, b.hook, LOCAL_OWNER, **more)


def nothing(report: SyncReport) -> bool:
    return all(
        getattr(side, name) == 0
        for side in (report.source, report.target)
        for name in ("created", "replaced", "deleted", "records", "contents")
    )


def conflicts(report: SyncReport) -> list[tuple[str, str, str]]:
    return [(issue.kind, issue.key, issue.reason) for issue in report.conflicts]


def alike(a: Reg, b: Reg) -> bool:
    """The same but for what each registry counts by itself and where it keeps bytes."""

    def plain(reg: Reg) -> dict[str, Any]:
        from builtin_plugins.transfer.states import state

        found = reg.state()
        return {
            key: state(*item) if isinstance(item, tuple) else item
            for key, item in found.items()
            if not key.startswith("ratings:")
        }

    return plain(a) == plain(b)


def describe(text: str) -> Change:
    return lambda reg: reg.describe(X, text)


def delete(reg: Reg) -> Any:
    return reg.run("delete", artifact=X)
