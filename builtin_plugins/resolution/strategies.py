"""How one of several possible versions is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import Candidate, ResolutionRequest
from hyperhost.offering import missing, unavailable

if TYPE_CHECKING:
    from pluggy import HookRelay

    from .places import Places

__all__ = ["BUILT_IN", "Chooser"]

_Key = Callable[[Candidate, int], tuple[int, ...]]

# Position 0 is the highest version, so a lower position wins where the rest is equal.
_KEYS: Final[Mapping[str, _Key]] = {
    "highest": lambda candidate, position: (position,),
    "lowest": lambda candidate, position: (-position,),
    "newest": lambda candidate, position: (-candidate.published_at_us, position),
    "most-downloaded": lambda candidate, position: (-candidate.download_count, position),
}

BUILT_IN: Final = tuple(_KEYS)


class Chooser:
    """Chooses for one request as its strategy says.

    Args:
        hook: The host's hooks, asked for every strategy that is not built in.
        request: What is asked for.
        places: The candidates.

    Attributes:
        locked: Name → version that is preferred to the strategy's: what is locked and not to be upgraded.
    """

    def __init__(self, hook: HookRelay, request: ResolutionRequest, places: Places) -> None:
        self._hook = hook
        self._strategy = request.strategy
        self._places = places
        self._asked = False
        everything = "*" in request.upgrade
        self.locked = {
            name: version
            for name, version in request.locked.items()
            if not everything and name not in request.upgrade
        }

    def __call__(self, name: str, versions: Sequence[str]) -> str:
        """The version to try first, of those that are possible, highest first.

        Raises:
            RefusalError: ``missing:strategy`` when nobody answers for it, ``unavailable:strategy`` when
                the answer is a version that was not offered.
        """
        known = {each.version: each for each in self._places.versions(name)}
        offered = [known[version] for version in versions]
        key = _KEYS.get(self._strategy)
        if key is not None:
            return min(enumerate(offered), key=lambda each: key(each[1], each[0]))[1].version
        return self._ask(name, offered)

    def better(self, name: str, version: str) -> list[str]:
        """Versions that a built-in strategy would take before one, the best first, without what is yanked.

        Nothing for other strategies: they choose among what is possible, and do not rank.
        """
        key = _KEYS.get(self._strategy)
        if key is None:
            return []
        candidates = enumerate(self._places.versions(name))
        ranked = [each for _, each in sorted(candidates, key=lambda each: key(each[1], each[0]))]
        before = takewhile(lambda each: each.version != version, ranked)
        return [each.version for each in before if not each.yanked]

    def confirm(self, versions: Mapping[str, str]) -> None:
        """Return if somebody answers for the strategy, though there may have been nothing to choose.

        Raises:
            RefusalError: as :meth:`__call__`; so a strategy that is misspelled is found out on the first day.
        """
        if self._asked or self._strategy in _KEYS:
            return
        for name, version in versions.items():
            self._ask(name, [each for each in self._places.versions(name) if each.version == version])
            return

    def _ask(self, name: str, offered: list[Candidate]) -> str:
        self._asked = True
        answer: str | None = self._hook.resolution_choose(strategy=self._strategy, candidates=offered)
        if answer is None:
            raise missing(
                "strategy",
                f"nobody answers for the strategy {self._strategy[:80]!r}",
                f"built in are {', '.join(BUILT_IN)}; 'manual' asks where there is a person to ask; "
                "others come with plugins",
            )
        if all(answer != each.version for each in offered):
            raise unavailable(
                "strategy",
                f"the strategy {self._strategy[:80]!r} chose {answer[:80]!r} of {name}, unasked",
                "it has a fault; choose another strategy",
            )
        return answer
