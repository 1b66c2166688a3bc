"""Who runs when; run with ``python examples/ordering/main.py``."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import hyperhost


class Kitchen:
    """One hook."""

    @hyperhost.hookspec
    def cook(self) -> str:  # type: ignore[empty-body]
        """Do one step."""


def step(name: str, **options: Any) -> object:
    """A plugin whose implementation has these options."""

    class Step:
        plugin_id = name

        @hyperhost.hookimpl(**options)  # type: ignore[untyped-decorator]  # real plugins write them out
        def cook(self) -> str:
            return name

    return Step()


class Apron:
    """A wrapper."""

    @hyperhost.hookimpl(wrapper=True)
    def cook(self) -> Generator[None, list[str], list[str]]:
        steps = yield  # the others run here; then it sees what they returned, and may change it
        return ["apron on", *steps, "apron off"]


def show(*plugins: object) -> None:
    """Register plugins in the order given, and call the hook."""
    with hyperhost.Host("kitchen", specs=[Kitchen]) as host:
        try:
            for plugin in plugins:
                host.register(plugin)
            print(" → ".join(host.hook.cook()))
        except hyperhost.errors.OrderCycleError as error:
            print(error)


def main() -> None:
    # As in pluggy, the one registered last runs first.
    show(step("wash"), step("chop"), step("fry"), step("serve"))
    # tryfirst and trylast are pluggy's; priority is 0 to 1000, lower runs earlier, 500 unless given.
    show(step("wash", tryfirst=True), step("chop", priority=100), step("fry"), step("serve", trylast=True))
    # before and after name plugins, hold against everything else, and may name absent ones.
    show(step("wash"), step("chop", after=["wash"]), step("fry", after=["chop", "peel"]), Apron())
    # A contradiction is refused when it is registered.
    show(step("wash", before=["chop"]), step("chop", before=["fry"]), step("fry", before=["wash"]))


if __name__ == "__main__":
    main()
