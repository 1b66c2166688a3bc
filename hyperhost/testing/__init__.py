"""Tests of plugins: fixtures for pytest, and short ways to the values that hooks take.

The fixtures are there in every run of pytest once HyperHost is installed (``pytest --fixtures``).
Names of this package are imported when they are first used, because a run that tests something
else must not pay for them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyperhost.sdk.facts import CallFacts as CallFacts
    from hyperhost.testing.builders import artifact as artifact
    from hyperhost.testing.builders import change as change
    from hyperhost.testing.builders import dependency as dependency
    from hyperhost.testing.builders import example as example
    from hyperhost.testing.fakes import FakeClock as FakeClock
    from hyperhost.testing.fakes import FakeRandom as FakeRandom
    from hyperhost.testing.fakes import StoreView as StoreView
    from hyperhost.testing.recorded_http import FakeHttp as FakeHttp
    from hyperhost.testing.recorded_http import SentRequest as SentRequest
    from hyperhost.testing.under_test import PluginUnderTest as PluginUnderTest
    from hyperhost.testing.under_test import denied as denied

_MODULE_OF = {
    "CallFacts": "hyperhost.sdk.facts",
    "FakeClock": "hyperhost.testing.fakes",
    "FakeHttp": "hyperhost.testing.recorded_http",
    "FakeRandom": "hyperhost.testing.fakes",
    "PluginUnderTest": "hyperhost.testing.under_test",
    "SentRequest": "hyperhost.testing.recorded_http",
    "StoreView": "hyperhost.testing.fakes",
    "artifact": "hyperhost.testing.builders",
    "change": "hyperhost.testing.builders",
    "denied": "hyperhost.testing.under_test",
    "dependency": "hyperhost.testing.builders",
    "example": "hyperhost.testing.builders",
}

__all__ = list(_MODULE_OF)

if not TYPE_CHECKING:  # a type checker that saw this would take any name for granted

    def __getattr__(name: str) -> Any:
        """Import the module that defines ``name`` and keep the name here (PEP 562)."""
        module = _MODULE_OF.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(module), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """All public names, imported or not."""
    return sorted(__all__)
