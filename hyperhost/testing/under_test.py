"""The plugin under test, as its author's tests see it."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hyperhost.errors import CapabilityDeniedError, PluginStateError
from hyperhost.host.host import Host
from hyperhost.host.plugin import Plugin
from hyperhost.sandbox.services import LogRecord
from hyperhost.sdk.facts import CallFacts, observe_calls

__all__ = ["Denied", "Hooks", "PluginUnderTest", "denied"]

_LINES = 10_000
_KEPT_CALLS = 1_000


class Denied:
    """What ended a call that had to be denied.

    Attributes:
        error: The error; ``None`` until the block has ended.
    """

    def __init__(self) -> None:
        self.error: CapabilityDeniedError | None = None


@contextmanager
def denied(capability: str = "") -> Iterator[Denied]:
    """A block that has to end because something is not granted.

    ``with denied("http:api.acme.test"): plugin.call(…)``

    Args:
        capability: What is denied, or how it begins: ``http`` is any of that kind. Empty is any at all.
    """
    found = Denied()
    with pytest.raises(CapabilityDeniedError) as caught:
        yield found
    found.error = caught.value
    named = re.search(r"capability '([^']*)'", caught.value.message)
    reached = named[1] if named else caught.value.message
    if not reached.startswith(capability):
        words = f"{capability!r} was to be denied, but what was denied is {reached!r}"
        raise pytest.fail.Exception(words, pytrace=False)


class Hooks:
    """The hooks of the plugin under test as methods: ``plugin.hook.artifact_validate(change=…)``."""

    def __init__(self, call: Callable[..., Any], names: tuple[str, ...]) -> None:
        self._call = call
        self._names = names

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in self._names:
            near = difflib.get_close_matches(name, self._names, 1)
            more = f"did you mean {near[0]!r}?" if near else f"it answers {', '.join(self._names) or 'none'}"
            raise AttributeError(f"the plugin does not answer a hook {name!r}; {more}")

        def call(**arguments: Any) -> Any:
            return self._call(name, **arguments)

        return call

    def __dir__(self) -> list[str]:
        return sorted(self._names)


class PluginUnderTest:
    """A loaded plugin.

    Attributes:
        handle: Its handle in the host, with everything that :class:`hyperhost.Plugin` has.
        host: The host it is loaded in.
        calls: What each call took, the latest 1,000, oldest first.
    """

    def __init__(self, host: Host, handle: Plugin) -> None:
        self.host = host
        self.handle = handle
        self.calls: list[CallFacts] = []
        if handle.runtime is not None:
            observe_calls(handle, self._ended)

    @property
    def id(self) -> str:
        """Its id."""
        return self.handle.id

    @property
    def hook(self) -> Hooks:
        """Its hooks as methods; each call gives this plugin's own answer."""
        return Hooks(self.call, self.handle.hooks)

    @property
    def granted(self) -> tuple[str, ...]:
        """What it may do."""
        return self.handle.granted

    @property
    def logs(self) -> list[LogRecord]:
        """What it logged and printed in this test, oldest first; each line has a level and a message."""
        return self.handle.logs(_LINES)

    @property
    def messages(self) -> list[str]:
        """The same as ``level: message``."""
        return [f"{line.level}: {line.message}" for line in self.logs]

    @property
    def last(self) -> CallFacts:
        """What the latest call took.

        Raises:
            PluginStateError: it was not called yet.
        """
        if not self.calls:
            raise PluginStateError("was not called yet", plugin=self.id, hint="call a hook of it first")
        return self.calls[-1]

    def call(self, hook: str, /, **arguments: Any) -> Any:
        """Call one hook, and give this plugin's own answer; other plugins are left out.

        Raises:
            RefusalError: it refused.
            HyperHostError: whatever else the call ends in.
        """
        if self.handle.runtime is not None:
            return self.handle.call(hook, **arguments)
        started = time.perf_counter()
        outcome = "ok"
        try:
            return self.handle.call(hook, **arguments)
        except BaseException as error:
            outcome = str(getattr(error, "code", type(error).__name__))
            raise
        finally:
            self._ended(CallFacts(self.id, hook, outcome, (time.perf_counter() - started) * 1000))

    def grant(self, capability: str) -> None:
        """Allow something that it asks for; see :meth:`hyperhost.Plugin.grant`."""
        self.handle.grant(capability)

    def revoke(self, capability: str) -> None:
        """Take something back; the next check obeys. See :meth:`hyperhost.Plugin.revoke`."""
        self.handle.revoke(capability)

    def __repr__(self) -> str:
        return f"<plugin {self.id} {self.handle.version} under test>"

    def _ended(self, facts: CallFacts) -> None:
        self.calls.append(facts)
        del self.calls[:-_KEPT_CALLS]
