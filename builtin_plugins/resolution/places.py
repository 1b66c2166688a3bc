"""Which registry a name comes from, and what that registry has of it.

A name comes from one registry, never from two. Only the one who asks decides on it: by a pin, or by
the order of the registries to look in. What an artifact's author writes can restrict that, and never
redirect it; otherwise publishing a name in one registry could replace it in another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import (
    ArtifactPage,
    ArtifactQuery,
    ArtifactSort,
    ArtifactState,
    Candidate,
    Dependency,
    PageRequest,
    Principal,
)
from hyperhost.errors import HyperHostError, RefusalError
from hyperhost.offering import conflict, invalid, missing, unavailable, visible_artifacts

if TYPE_CHECKING:
    from pluggy import HookRelay

__all__ = ["LOCAL", "Places", "named", "pin_of", "pins_of"]

LOCAL: Final = ""
_BATCH: Final = 500
"""Names asked for at once."""
_MAY_BE_CHOSEN: Final = (ArtifactState.PUBLISHED, ArtifactState.DEPRECATED)


class Places:
    """Candidates by name, read in batches and kept.

    Args:
        hook: The host's hooks.
        pins: Tables of ``namespace/name``, ``namespace/*`` or ``namespace.*`` → registry. The first table
            with a pin that fits decides, and in it the longest such pin.
        sources: Registries to look in for what is not pinned, in this order.
        principal: For whom; what they must not read is not there. ``None``: nothing is left out.

    Attributes:
        trips: How often a registry was asked.
    """

    def __init__(
        self,
        hook: HookRelay,
        pins: Sequence[Mapping[str, str]],
        sources: Sequence[str],
        principal: Principal | None = None,
    ) -> None:
        self._hook = hook
        self._principal = principal
        self._pins = pins
        self._sources = tuple(dict.fromkeys(sources)) or (LOCAL,)
        self._known: dict[str, tuple[str, list[Candidate]]] = {}
        self.trips = 0

    def fetch(self, names: Iterable[str]) -> None:
        """Read what is not known yet, with as few questions as there are registries in play.

        Raises:
            RefusalError: ``missing:source`` when nobody can read a registry, or what the registry said.
                A registry that fails is never passed over for the next one.
        """
        asked: dict[str, list[str]] = {}
        free: list[str] = []
        for name in dict.fromkeys(names):
            if name in self._known:
                continue
            source = self.pinned(name)
            if source is None:
                free.append(name)
            else:
                asked.setdefault(source, []).append(name)
        for source, members in asked.items():
            found = self._ask(source, members)
            self._known.update((name, (source, found.get(name, []))) for name in members)
        for source in self._sources:
            found = self._ask(source, free)
            self._known.update((name, (source, versions)) for name, versions in found.items() if versions)
            free = [name for name in free if name not in self._known]
        self._known.update((name, (self._sources[0], [])) for name in free)

    def versions(self, name: str) -> list[Candidate]:
        """What there is of a name, highest first; nothing when no registry knows it."""
        if name not in self._known:
            self.fetch([name])
        return self._known[name][1]

    def source(self, name: str) -> str:
        """Where a name comes from."""
        if name not in self._known and (pinned := self.pinned(name)) is not None:
            return pinned
        if name not in self._known:
            self.fetch([name])
        return self._known[name][0]

    def pinned(self, name: str) -> str | None:
        """The registry that a name is pinned to; ``None`` when it is not."""
        return next((source for pins in self._pins if (source := pin_of(pins, name)) is not None), None)

    def names(self) -> list[str]:
        """Names for suggestions: those found so far, and neighbours of those that were not found."""
        found = {name for name, (_, versions) in self._known.items() if versions}
        namespaces = {name.partition("/")[0] for name, (_, versions) in self._known.items() if not versions}
        for namespace in sorted(namespaces) if LOCAL in self._sources else ():
            query = ArtifactQuery(namespace=namespace, sort=ArtifactSort.NAME)
            page: ArtifactPage = self._hook.storage_list_artifacts(query=query, page=PageRequest(_BATCH))
            possible = [each for each in page.items if each.state in _MAY_BE_CHOSEN]
            shown = visible_artifacts(self._hook, self._principal, possible)
            found.update(f"{each.namespace}/{each.name}" for each in shown)
        return sorted(found)

    def _ask(self, source: str, names: Sequence[str]) -> dict[str, list[Candidate]]:
        found: dict[str, list[Candidate]] = {}
        for start in range(0, len(names), _BATCH):
            batch = list(names[start : start + _BATCH])
            self.trips += 1
            asked = frozenset(batch)
            seen: set[tuple[str, str]] = set()
            for each in self._listed(source, batch):
                if each.artifact not in asked:
                    raise _lying(source, f"answered about {each.artifact[:200]}, unasked")
                if (each.artifact, each.version) in seen:
                    raise _lying(source, f"lists {each.artifact} {each.version[:200]} twice")
                seen.add((each.artifact, each.version))
                found.setdefault(each.artifact, []).append(each)
        return found

    def _listed(self, source: str, names: list[str]) -> list[Candidate]:
        words = named(source)
        try:
            answer: list[Candidate] | None = self._hook.resolution_list_candidates(
                source=source, artifacts=names, principal=self._principal
            )
        except RefusalError as refusal:
            raise RefusalError(f"{words}: {refusal.reason}", refusal.rule, hint=refusal.hint) from refusal
        except Exception as error:  # whatever a plugin that reads a registry may raise
            said = error.message if isinstance(error, HyperHostError) else f"{type(error).__name__}: {error}"
            raise unavailable(
                "source",
                f"{words} cannot be asked: {said}",
                "names that come from it are not looked for elsewhere; try again when it answers",
            ) from error
        if answer is None:
            raise missing(
                "source",
                f"no plugin can read {words}",
                "install one that can, or correct the pins and sources" if source else "activate 'registry'",
            )
        return answer


def named(source: str) -> str:
    """A registry in words."""
    return f"the registry {source!r}" if source else "the local registry"


def _lying(source: str, what: str) -> RefusalError:
    return unavailable(
        "source", f"{named(source)} {what}", "it is out of order, or lying; take it out of the sources"
    )


def pin_of(pins: Mapping[str, str], name: str) -> str | None:
    """The registry of the longest pin that fits a name; ``None`` when none does."""
    if name in pins:
        return pins[name]
    namespace = name.partition("/")[0]
    if (direct := pins.get(f"{namespace}/*")) is not None:
        return direct
    while namespace:
        if (above := pins.get(f"{namespace}.*")) is not None:
            return above
        namespace = namespace.rpartition(".")[0]
    return pins.get("*")


def pins_of(
    configured: Mapping[str, str], given: Mapping[str, str], roots: Iterable[Dependency]
) -> list[Mapping[str, str]]:
    """All pins: those configured, which nobody changes, then those given and what the roots say.

    Raises:
        RefusalError: ``invalid:pins:pattern`` for what is no pin; ``conflict:registry`` when a name is
            pinned to two registries.
    """
    for pattern in (*configured, *given):
        stem = pattern.removesuffix("/*").removesuffix(".*")
        if pattern != "*" and (not stem or "*" in stem):
            raise invalid(
                "pins",
                "pattern",
                f"{pattern[:200]!r} is no pin",
                "write namespace/name, namespace/* for its artifacts, or namespace.* for all below it, too",
            )
    found = dict(given)
    for root in roots:
        if root.registry is None:
            continue
        before = pin_of(configured, root.artifact)
        before = found.setdefault(root.artifact, root.registry) if before is None else before
        if before != root.registry:
            raise conflict(
                "registry",
                f"{root.artifact} is pinned to {named(before)} and to {named(root.registry)}",
                "pin it to one of them",
            )
    return [configured, found]
