"""Hooks of metrics: report figures, and hear of operations. Observers, all of them."""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.metrics import Metric, OperationSample
from hyperhost.hookspecs.markers import hookspec

__all__ = ["MetricsHooks"]


class MetricsHooks(Protocol):
    """Figures from plugins, and for them."""

    @hookspec(on_fault="skip")
    def metrics_collect(self) -> list[Metric]:
        """Report figures.

        Every plugin is asked each time somebody looks, so it must be quick and change nothing. A
        fault leaves the plugin's figures out.

        Returns:
            Figures in no order. The host adds the plugin's id as the label ``plugin``.

        Example:
            ```python
            from hyperhost.contracts import Metric
            from hyperhost.hookspecs import hookimpl

            class CacheMetrics:
                @hookimpl
                def metrics_collect(self) -> list[Metric]:
                    return [Metric("cache_size_bytes", 4096.0, summary="Bytes in the cache.")]

            host.register(CacheMetrics())
            [[metric]] = host.hook.metrics_collect()
            assert (metric.name, metric.value) == ("cache_size_bytes", 4096.0)
            ```
        """
        ...

    @hookspec(on_fault="skip")
    def metrics_observe(self, sample: OperationSample) -> None:
        """Hear of an operation that has ended, whether or not it succeeded.

        Every plugin is told, in no promised order, and the operation's caller waits: hand the
        sample on and return. A fault is recorded and changes nothing for anyone else.

        Args:
            sample: Which operation, how long (milliseconds) and how it ended.

        Example:
            ```python
            from hyperhost.contracts import OperationSample
            from hyperhost.hookspecs import hookimpl

            slow = []

            class SlowLog:
                @hookimpl
                def metrics_observe(self, sample: OperationSample) -> None:
                    if sample.duration_ms > 200:
                        slow.append(sample.operation)

            host.register(SlowLog())
            host.hook.metrics_observe(sample=OperationSample("search", 350.0, succeeded=True))
            host.hook.metrics_observe(sample=OperationSample("read", 0.4, succeeded=True))
            assert slow == ["search"]
            ```
        """
        ...
