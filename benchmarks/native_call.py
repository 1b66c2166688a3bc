"""A native hook call: ``host.hook`` against a bare ``pluggy.PluginManager``, same spec and plugins."""

from __future__ import annotations

import pluggy
from common import Row, interleave, main, ratio_row, repeat

from hyperhost import Host, hookimpl, hookspec

_bare_spec = pluggy.HookspecMarker("bare")
_bare_impl = pluggy.HookimplMarker("bare")


class Spec:
    """The hook in both managers."""

    @hookspec
    @_bare_spec
    def add_one(self, number: int) -> int:
        """Add one."""


class Implementation:
    """A plugin for both managers."""

    @hookimpl
    @_bare_impl
    def add_one(self, number: int) -> int:
        """Add one."""
        return number + 1


def measure() -> list[Row]:
    """The rows of this benchmark."""
    return [_row(count) for count in (1, 10)]


def _row(count: int) -> Row:
    bare = pluggy.PluginManager("bare")
    bare.add_hookspecs(Spec)
    with Host("benchmarks", specs=[Spec]) as host:
        for number in range(count):
            bare.register(Implementation(), f"plugin-{number}")
            host.register(Implementation(), f"plugin-{number}")
        theirs, ours = bare.hook, host.hook
        assert theirs.add_one(number=1) == ours.add_one(number=1) == [2] * count
        timing = interleave(
            {
                "pluggy": repeat(lambda: theirs.add_one(number=1)),
                "hyperhost": repeat(lambda: ours.add_one(number=1)),
            },
            rounds=25,
            calls=20_000 // count,
        )
    what = f"native call, {count} plugin{'s' * (count > 1)}"
    return ratio_row(what, timing, "hyperhost", "pluggy", 1.3)


if __name__ == "__main__":
    main(measure)
