"""What a namespace uses in a calendar month (UTC): calls of operations, and bytes handed out.

Bytes are always counted, in the namespace of the artifact and all above it. Calls are counted where
they are limited, at the namespace that limits them: a registry that wrote something down for each
read of each artifact would be slow for everybody.
"""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from hyperhost.offering import over_quota

from .names import check_namespace, parents

if TYPE_CHECKING:
    from .work import Work

__all__ = ["CALL_LIMITS", "CallLimits", "MonthUsage", "count_bytes", "count_call", "month_of", "month_usage"]

USAGE: Final = "namespace-usage"
CALL_LIMITS: Final = "namespace-call-limits"
"""Collection with one record: the paths of the namespaces that limit calls."""
_COUNTED: Final = ("artifact", "version", "content")
"""Groups of operations that count as calls. Those on namespaces do not, so that a limit can be raised."""
_FRESH_S: Final = 1.0
"""How long a process may not notice that another one has limited the calls of one more namespace."""


@dataclass(frozen=True, slots=True)
class MonthUsage:
    """What was used in one month.

    Attributes:
        month: ``2026-11``, in UTC.
        bandwidth_bytes: Bytes of content handed out.
        api_calls: Operations that ended well; 0 where they are not limited, as they are not counted.
    """

    month: str
    bandwidth_bytes: int = 0
    api_calls: int = 0


class CallLimits:
    """Which namespaces limit calls, known for a moment, so that reading costs nothing where none does.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._paths: frozenset[str] = frozenset()
        self._until = -1.0

    def paths(self, work: Work) -> frozenset[str]:
        """Paths of the namespaces that limit calls."""
        now = self._clock()
        if now >= self._until:
            found = limited_paths(work)
            with self._lock:
                self._paths, self._until = found, now + _FRESH_S
        return self._paths

    def forget(self) -> None:
        """Read them anew when they are next asked for."""
        with self._lock:
            self._until = -1.0


def month_of(at_us: int) -> str:
    """The calendar month of a moment in UTC, as in ``2026-11``."""
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m")


def month_usage(work: Work, path: str) -> MonthUsage:
    """What a namespace has used in the month of the call."""
    month = month_of(work.at_us)
    text = work.hook.storage_get_record(collection=USAGE, key=f"{path}/{month}")
    data = json.loads(text) if text is not None else {}
    return MonthUsage(month, data.get("bandwidth_bytes", 0), data.get("api_calls", 0))


def count_bytes(work: Work, namespace: str, size: int) -> None:
    """Count bytes that are about to be handed out; a unit of work has begun.

    Raises:
        RefusalError: they are more than a namespace may hand out this month; nothing was counted.
    """
    _count(work, [namespace, *parents(namespace)], "bandwidth_bytes", size, "bytes handed out")


def count_call(work: Work, group: str) -> None:
    """Count a call of an operation of a group that is about to end well, where calls are limited.

    Raises:
        RefusalError: it is one more than a namespace may have this month.
    """
    if not work.namespace or group not in _COUNTED:
        return
    known = work.call_limits.paths(work) if work.call_limits is not None else limited_paths(work)
    if not known:
        return
    limited = [path for path in (work.namespace, *parents(work.namespace)) if path in known]
    if limited:
        check_namespace(work.namespace)
        with work.unit():
            work.namespaces.clear()  # what was read before the unit began may have changed
            _count(work, limited, "api_calls", 1, "calls")


def limited_paths(work: Work) -> frozenset[str]:
    """Paths of the namespaces that limit calls, as they are stored."""
    text = work.hook.storage_get_record(collection=CALL_LIMITS, key="paths")
    return frozenset(json.loads(text)) if text is not None else frozenset()


def limit_calls(work: Work, path: str, *, limited: bool) -> None:
    """Remember whether a namespace limits calls; a unit of work has begun."""
    before = limited_paths(work)
    after = before | {path} if limited else before - {path}
    if after != before:
        work.hook.storage_put_record(
            collection=CALL_LIMITS, key="paths", data_json=json.dumps(sorted(after)), mode=None
        )
        if work.call_limits is not None:
            work.call_limits.forget()


def _count(work: Work, paths: list[str], what: str, more: int, words: str) -> None:
    from .namespaces import stored

    after = []
    for path in paths:
        used = month_usage(work, path)
        total = getattr(used, what) + more
        known = stored(work, path)
        limit = getattr(known.quotas, f"{what}_per_month") if known is not None else None
        if limit is not None and total > limit:
            raise over_quota(
                f"{what}_per_month",
                f"{path} has used {total - more} of at most {limit} {words} in {used.month}, and this takes "
                f"{more}",
                "wait for the next month (UTC), or raise its quota",
            )
        after.append((path, dataclasses.replace(used, **{what: total})))
    for path, used in after:
        data = {"bandwidth_bytes": used.bandwidth_bytes, "api_calls": used.api_calls}
        work.hook.storage_put_record(
            collection=USAGE, key=f"{path}/{used.month}", data_json=json.dumps(data), mode=None
        )
