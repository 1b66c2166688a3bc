"""Who runs when; run with ``python examples/ordering/main.py``."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import hyperhost


class Kitchen:
    @hyperhost.hookspec
    def cook(self) -> str:  # type: ignore[empty-body]
        """Do one step."""


def step(id: str, **options: Any) -> Any:  # noqa: A002 - the field's own word
    """A plugin with that id whose implementation has these options."""

    class Step:
        plugin_id = id

        @hyperhost.hookimpl(**options)
        def cook(self) -> str:
            return id

    return Step()


class Apron:
    plugin_id = "apron"

    @hyperhost.hookimpl(wrapper=True)
    def cook(self) -> Generator[None, list[str], list[str]]:
        steps = yield  # around all the others: runs them here, then sees and may change what they returned
        return ["apron on", *steps, "apron off"]


def main() -> None:
    with hyperhost.Host("kitchen", specs=[Kitchen]) as host:
        host.register(step("serve", trylast=True))
        host.register(step("fry", after=["chop"]))
        host.register(step("wash", priority=100))  # lower runs earlier, 500 when not given
        host.register(step("chop", before=["fry"], after=["wash"]))
        host.register(Apron())
        host.register(step("taste"))  # says nothing: later registered runs earlier, as in pluggy
        print("\n".join(host.hook.cook()))
        try:
            host.register(step("peel", before=["wash"], after=["chop"]))
        except hyperhost.errors.OrderCycleError as error:
            print(error)


if __name__ == "__main__":
    main()
