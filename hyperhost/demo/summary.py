"""The result of the demo for programs: ``hyperhost demo --output json``."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from hyperhost.demo.scan import plugin_of

if TYPE_CHECKING:
    from hyperhost.demo.install import Installed
    from hyperhost.demo.scan import Scan
    from hyperhost.demo.specs import Finding
    from hyperhost.demo.trials import Row, Trial

__all__ = ["FORMAT", "data"]

FORMAT: Final = 1
"""Raised when a key is renamed or removed."""

_SEVERITIES: Final = ("high", "medium", "low")


def data(
    plugins: Sequence[Installed],
    scan: Scan,
    planted: dict[str, list[Finding]],
    trials: Sequence[Trial],
    rows: Sequence[Row],
) -> dict[str, Any]:
    """Everything as JSON-like data; keys are never renamed or removed within one ``format``."""
    import hyperhost

    return {
        "format": FORMAT,
        "ok": True,
        "hyperhost": hyperhost.__version__,
        "python": platform.python_version(),
        "platform": sys.platform,
        "installed": [
            {
                "id": plugin.id,
                "version": plugin.version,
                "kind": plugin.kind,
                "component_bytes": plugin.size,
                "digest": plugin.digest,
                "granted": list(plugin.granted),
                "cannot": list(plugin.cannot),
            }
            for plugin in plugins
        ],
        "scan": {
            "files": scan.files,
            "packages": len(scan.packages),
            "bytes": scan.size,
            "seconds": round(scan.seconds, 4),
            "files_per_second": round(scan.files / scan.seconds, 1),
            "complete": scan.complete,
            "unanswered": scan.unanswered,
            "findings": {
                plugin: {s: counter[s] for s in _SEVERITIES} for plugin, counter in scan.counts().items()
            },
            "rules": dict(sorted(scan.rules().items())),
        },
        "planted": [
            {
                "plugin": plugin_of(f),
                "rule": f.rule,
                "line": f.line,
                "severity": f.severity,
                "excerpt": f.excerpt,
            }
            for each in planted.values()
            for f in each
        ],
        "trials": [
            {
                "name": trial.name,
                "plugin": trial.plugin,
                "code": trial.error.code,
                "error": type(trial.error).__name__,
                "message": trial.error.message,
                "hint": trial.error.hint,
                "milliseconds": round(trial.milliseconds, 3),
                "answered_afterwards": trial.answered,
            }
            for trial in trials
        ],
        "plugins": [
            {
                "id": row.id,
                "kind": row.kind,
                "calls": row.calls,
                "faults": row.faults,
                "total_ms": round(row.seconds * 1000, 3),
                "mean_us": None if row.mean_us is None else round(row.mean_us, 1),
                "memory_bytes": row.memory,
            }
            for row in rows
        ],
    }
