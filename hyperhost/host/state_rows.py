"""Log lines, faults and call statistics as rows of ``state.db``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hyperhost.host.state_db import Run, StateDatabase
from hyperhost.host.statistics import CallTally, HookFigures, HookStats, OutcomeTally, hook_stats
from hyperhost.sandbox.services import LogRecord

__all__ = [
    "FaultRecord",
    "forget_rows",
    "mark_rows",
    "prune_log",
    "read_faults",
    "read_figures",
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
        version: Version of the plugin at fault; empty where it was not written down.
    """

    time_ns: int
    plugin: str
    hook: str
    code: str
    message: str
    version: str = ""


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
            "INSERT INTO fault (time_ns, plugin, hook, code, message, version) VALUES (?, ?, ?, ?, ?, ?)",
            (fault.time_ns, fault.plugin, fault.hook, fault.code, fault.message, fault.version),
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
        f"SELECT time_ns, plugin, hook, code, message, version FROM fault {chosen} ORDER BY id DESC LIMIT ?",  # noqa: S608 - constant text
        (*params, max(limit, 0)),
    )
    return [FaultRecord(*row) for row in reversed(rows)]


def write_tally(run: Run, tally: CallTally) -> None:
    """Add sums to those stored."""
    for key, sums in tally.outcomes.items():
        run(
            "INSERT INTO call_outcome VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (plugin, version, hook, outcome)"
            " DO UPDATE SET calls = calls + excluded.calls, total_ms = total_ms + excluded.total_ms,"
            " min_ms = min(min_ms, excluded.min_ms), max_ms = max(max_ms, excluded.max_ms),"
            " last_ns = max(last_ns, excluded.last_ns)",
            (*key, sums.calls, sums.total_ms, sums.min_ms, sums.max_ms, sums.last_ns),
        )
    for place, calls in tally.buckets.items():
        run(
            "INSERT INTO call_bucket VALUES (?, ?, ?, ?, ?) ON CONFLICT (plugin, version, hook, bucket)"
            " DO UPDATE SET calls = calls + excluded.calls",
            (*place, calls),
        )


def read_stats(database: StateDatabase, plugin: str | None) -> list[HookStats]:
    """Figures of one plugin or of all, by plugin, version and hook in the order of their names."""
    chosen, params = ("", ()) if plugin is None else ("WHERE plugin = ?", (plugin,))
    outcomes: dict[tuple[str, str, str], dict[str, OutcomeTally]] = {}
    for name, version, hook, outcome, *sums in database.read(
        f"SELECT * FROM call_outcome {chosen} ORDER BY plugin, version, hook",  # noqa: S608 - constant text
        params,
    ):
        outcomes.setdefault((name, version, hook), {})[outcome] = OutcomeTally(*sums)
    buckets: dict[tuple[str, str, str], dict[int, int]] = {}
    for name, version, hook, bucket, calls in database.read(
        f"SELECT * FROM call_bucket {chosen}",  # noqa: S608 - constant text
        params,
    ):
        buckets.setdefault((name, version, hook), {})[bucket] = calls
    return [hook_stats(*key, tallies, buckets.get(key, {})) for key, tallies in outcomes.items()]


def mark_rows(run: Run, plugin: str) -> None:
    """Keep a copy of a plugin's counts, in place of an earlier one."""
    run("DELETE FROM call_mark WHERE plugin = ?", (plugin,))
    run(
        "INSERT INTO call_mark SELECT plugin, version, hook, 'outcome', outcome, calls, last_ns"
        " FROM call_outcome WHERE plugin = ?",
        (plugin,),
    )
    run(
        "INSERT INTO call_mark SELECT plugin, version, hook, 'bucket', bucket, calls, 0"
        " FROM call_bucket WHERE plugin = ?",
        (plugin,),
    )


def read_figures(
    database: StateDatabase, plugin: str, *, marked: bool = False
) -> dict[tuple[str, str], HookFigures]:
    """Counts of one plugin by version and hook: those of now, or those of its mark."""
    source = (
        "SELECT version, hook, what, item, calls, last_ns FROM call_mark WHERE plugin = ?1"
        if marked
        else "SELECT version, hook, 'outcome', outcome, calls, last_ns FROM call_outcome WHERE plugin = ?1"
        " UNION ALL SELECT version, hook, 'bucket', bucket, calls, 0 FROM call_bucket WHERE plugin = ?1"
    )
    found: dict[tuple[str, str], HookFigures] = {}
    for version, hook, what, item, calls, last_ns in database.read(source, (plugin,)):
        figures = found.setdefault((version, hook), HookFigures())
        if what == "bucket":
            figures.buckets[int(item)] = calls
            continue
        figures.outcomes[item] = calls
        if item == "ok":
            figures.last_ok_ns = last_ns
    return found


def forget_rows(run: Run, plugin: str) -> None:
    """Remove a plugin's log, faults and figures."""
    run("DELETE FROM log WHERE plugin = ?", (plugin,))
    run("DELETE FROM fault WHERE plugin = ?", (plugin,))
    run("DELETE FROM call_outcome WHERE plugin = ?", (plugin,))
    run("DELETE FROM call_bucket WHERE plugin = ?", (plugin,))
    run("DELETE FROM call_mark WHERE plugin = ?", (plugin,))
