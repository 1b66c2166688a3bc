"""Give components a host interface of your own; run with ``python examples/host_interface/main.py``.

The interface is ``acme:weather/forecast@1.0.0``; using it takes the capability ``weather:CITY``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import hyperhost
from hyperhost.contracts.types import U8

ADVISER = Path(__file__).parent / "umbrella.wat"


@dataclass(frozen=True, slots=True)
class Forecast:
    """The weather of one city today."""

    summary: str
    rain_percent: U8


@dataclass(frozen=True, slots=True)
class NoForecast:
    """Why there is none: an answer that the component deals with."""

    reason: str


class Weather(hyperhost.HostInterface):
    """What components import. The gate checks the capability before the method runs."""

    name: ClassVar[str] = "acme:weather/forecast@1.0.0"
    capability: ClassVar[str] = "weather"
    describes: ClassVar[str] = "look up the weather of {target}"

    def __init__(self, known: dict[str, Forecast]) -> None:
        self._known = known

    @hyperhost.hostfunction(requires="weather:{city}", error=NoForecast)
    def today(self, call: hyperhost.Call, city: str) -> Forecast:
        """The forecast of ``city``; a slow one would wait no longer than ``call.remaining_s()``."""
        if city not in self._known:
            raise hyperhost.Err(NoForecast(f"no station in {city}"))
        return self._known[city]


@dataclass(frozen=True, slots=True)
class Advice:
    """What a plugin says about the day."""

    text: str
    umbrella: bool


class DayHooks:
    """The hooks of this program."""

    @hyperhost.hookspec(firstresult=True)
    def advise(self, city: str) -> Advice:  # type: ignore[empty-body]
        """Say how to dress in ``city`` today."""


def ask(host: hyperhost.Host, city: str) -> None:
    """Call the hook and show the answer, or which rule stopped it."""
    try:
        print(f"  {city}: {host.hook.advise(city=city)}")
    except hyperhost.errors.CapabilityDeniedError as denied:
        print(f"  {city}: denied: {denied.message}")


def main() -> None:
    weather = Weather({"oslo": Forecast("showers", 80), "cairo": Forecast("sunny", 0)})
    with hyperhost.Host("day", specs=[DayHooks], interfaces=[weather]) as host:
        print("Without a grant the component is not even loaded:")
        try:
            host.load(ADVISER)
        except hyperhost.errors.ImportDeniedError as denied:
            print(f"  {denied.message}")

        print("\nGranted weather:oslo, it may look at Oslo and nowhere else:")
        adviser = host.load(ADVISER, grants=["weather:oslo"])
        ask(host, "oslo")
        ask(host, "cairo")

        print("\nGranted weather:* as well:")
        adviser.grant("weather:*")
        ask(host, "cairo")
        ask(host, "atlantis")

        print("\nRevoked; the next call obeys:")
        adviser.revoke("weather:*")
        ask(host, "oslo")


if __name__ == "__main__":
    main()
