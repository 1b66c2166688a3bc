"""Log lines, faults and call statistics as rows of ``state.db``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hyperhost.host.state_db import Run, StateDatabase
from hyperhost.host.statistics import CallTally, HookStats, OutcomeTally, hook_stats
from hyperhost.sandbox.services import LogRecord

__all__ = [
    "FaultRecord",
    "forget_rows",
    "prune_log",
    "read_faults",
    "read_log",
    "read_stats",
    "write_faults",
    "write_log",
    "write_tally",
]


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """One fault of a plugin.

    Attributes:
        time_ns: When, in nanoseconds since 1970 (UTC).
        plugin: Id of the plugin.
        hook: Hook that was being called, empty outside of a call.
        code: Code of the error, for example ``HH-TRAP``.
        message: The error in words.
    """

    time_ns: int
    plugin: str
    hook: str
    code: str
    message: str


def write_log(run: Run, lines: Iterable[LogRecord]) -> None:
    """Append log lines."""
    for line in lines:
        run(
            "INSERT INTO log (time_ns, plugin, hook, level, message, size) VALUES (?, ?, ?, ?, ?, ?)",
            (line.time_ns, line.plugin, line.hook, line.level, line.message, len(line.message)),
        )


def prune_log(run: Run, plugin: str, max_lines: int, max_bytes: int) -> None:
    """Drop the oldest lines of a plugin beyond ``max_lines`` lines or ``max_bytes`` characters."""
    run(
        "DELETE FROM log WHERE plugin = ? AND id <="
        " (SELECT id FROM log WHERE plugin = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (plugin, plugin, max_lines),
    )
    run(
        "DELETE FROM log WHERE plugin = ? AND id <= (SELECT max(id) FROM"
        " (SELECT id, sum(size) OVER (ORDER BY id DESC) AS total FROM log WHERE plugin = ?) WHERE total > ?)",
        (plugin, plugin, max_bytes),
    )


def read_log(database: StateDatabase, plugin: str | None, limit: int) -> list[LogRecord]:
    """The latest lines of one plugin or of all, oldest first."""
    chosen, params = ("", ()) if plugin is None else ("WHERE plugin = ?", (plugin,))
    rows = database.read(
        f"SELECT time_ns, plugin, hook, level, message FROM log {chosen} ORDER BY id DESC LIMIT ?",  # noqa: S608 - constant text
        (*params, max(limit, 0)),
    )
    return [LogRecord(*row) for row in reversed(rows)]


def write_faults(run: Run, faults: Iterable[FaultRecord], max_faults: int) -> None:
    """Append faults and drop the oldest beyond ``max_faults`` of each plugin they concern."""
    plugins = set()
    for fault in faults:
        plugins.add(fault.plugin)
        run(
            "INSERT INTO fault (time_ns, plugin, hook, code, message) VALUES (?, ?, ?, ?, ?)",
            (fault.time_ns, fault.plugin, fault.hook, fault.code, fault.message),
        )
    for plugin in plugins:
        run(
            "DELETE FROM fault WHERE plugin = ? AND id <="
            " (SELECT id FROM fault WHERE plugin = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (plugin, plugin, max_faults),
        )


def read_faults(database: StateDatabase, plugin: str | None, limit: int) -> list[FaultRecord]:
    """The latest faults of one plugin or of all, oldest first."""
    chosen, params = ("", ()) if plugin is None else ("WHERE plugin = ?", (plugin,))
    rows = database.read(
        f"SELECT time_ns, plugin, hook, code, message FROM fault {chosen} ORDER BY id DESC LIMIT ?",  # noqa: S608 - constant text
        (*params, max(limit, 0)),
    )
    return [FaultRecord(*row) for row in reversed(rows)]


def write_tally(run: Run, tally: CallTally) -> None:
    """Add sums to those stored."""
    for key, sums in tally.outcomes.items():
        run(
            "INSERT INTO call_outcome VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (plugin, hook, outcome)"
            " DO UPDATE SET calls = calls + excluded.calls, total_ms = total_ms + excluded.total_ms,"
            " min_ms = min(min_ms, excluded.min_ms), max_ms = max(max_ms, excluded.max_ms),"
            " last_ns = max(last_ns, excluded.last_ns)",
            (*key, sums.calls, sums.total_ms, sums.min_ms, sums.max_ms, sums.last_ns),
        )
    for place, calls in tally.buckets.items():
        run(
            "INSERT INTO call_bucket VALUES (?, ?, ?, ?) ON CONFLICT (plugin, hook, bucket)"
            " DO UPDATE SET calls = calls + excluded.calls",
            (*place, calls),
        )


def read_stats(database: StateDatabase, plugin: str | None) -> list[HookStats]:
    """Figures of one plugin or of all, by plugin and hook in the order of their names."""
    chosen, params = ("", ()) if plugin is None else ("WHERE plugin = ?", (plugin,))
    outcomes: dict[tuple[str, str], dict[str, OutcomeTally]] = {}
    for name, hook, outcome, *sums in database.read(
        f"SELECT * FROM call_outcome {chosen} ORDER BY plugin, hook",  # noqa: S608 - constant text
        params,
    ):
        outcomes.setdefault((name, hook), {})[outcome] = OutcomeTally(*sums)
    buckets: dict[tuple[str, str], dict[int, int]] = {}
    for name, hook, bucket, calls in database.read(
        f"SELECT * FROM call_bucket {chosen}",  # noqa: S608 - constant text
        params,
    ):
        buckets.setdefault((name, hook), {})[bucket] = calls
    return [hook_stats(*key, tallies, buckets.get(key, {})) for key, tallies in outcomes.items()]


def forget_rows(run: Run, plugin: str) -> None:
    """Remove a plugin's log, faults and figures."""
    run("DELETE FROM log WHERE plugin = ?", (plugin,))
    run("DELETE FROM fault WHERE plugin = ?", (plugin,))
    run("DELETE FROM call_outcome WHERE plugin = ?", (plugin,))
    run("DELETE FROM call_bucket WHERE plugin = ?", (plugin,))
