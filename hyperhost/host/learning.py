"""Learn mode: run a plugin with nothing granted, and write down what it reached for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hyperhost.capabilities.grammar import Capability
from hyperhost.errors import BadArgumentError, GrantError, HyperHostError, PluginStateError
from hyperhost.host.examine import alone, needed_kinds
from hyperhost.host.jsonvalues import arguments_from_json
from hyperhost.host.manifest import Ask, HookEntry

if TYPE_CHECKING:
    from hyperhost.contracts.limits import Limits
    from hyperhost.host.host import Host
    from hyperhost.host.manifest import Manifest
    from hyperhost.host.package import Package

__all__ = ["Lesson", "learn"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a run taught.

    Attributes:
        manifest: The plugin's manifest with the smallest set of capabilities that is known to be needed.
        reached: What it reached for and was refused, in the order of the texts.
        imported: What it needs to be loaded at all.
        unspecified: Kinds that it imports and did not reach for, so that nobody knows how much it needs.
        result: What the hook answered, ``None`` when it did not.
        error: What ended the call, ``None`` when it answered.
    """

    manifest: Manifest
    reached: tuple[str, ...]
    imported: tuple[str, ...]
    unspecified: tuple[str, ...]
    result: Any = None
    error: HyperHostError | None = None


def learn(
    host: Host, package: Package, hook: str, data: object, limits: Limits, granted: Iterable[str] = ()
) -> Lesson:
    """Call one hook of a component and collect what it reaches for.

    Most components give up at the first refusal; grant that and learn again to see further.

    Args:
        host: A host without plugins.
        package: The plugin.
        hook: The hook to call.
        data: Its arguments, as JSON data.
        limits: Limits of the call.
        granted: Really granted to it: what lies behind these is done, not only noted.

    Raises:
        GrantError: it is a native plugin.
        BadArgumentError: the arguments do not fit the hook.
        PluginLoadError: it cannot be loaded.
        CapabilitySyntaxError: a grant is no capability.
        PluginStateError: it does not implement the hook.
    """
    if package.manifest.native is not None:
        raise GrantError(
            "is a native plugin, which may do anything", plugin=package.id, hint="learn from components only"
        )
    # Under a name that no plugin can have, so that neither its data nor its statistics mix with real ones.
    pupil = f"{package.id} (learning)"
    # Without a manifest in its way, anything can be reached for and anything granted.
    open_minded = alone(package).with_manifest(
        dataclasses.replace(alone(package).manifest, id=pupil, asks=(), bare=True)
    )
    plugin = host.load(open_minded, learn=True, limits=limits)
    assert plugin.grants is not None
    allowed = [host.grammar.parse(text) for text in granted]
    reached: dict[str, Capability] = {}

    def note(text: str) -> None:
        reached[text] = host.grammar.parse(text)

    plugin.grants.observer = note
    if allowed:
        plugin.grants.learning = False
        for capability in allowed:
            plugin.grants.grant(capability)
    result, error, hooks = None, None, plugin.hooks
    try:
        info = host.hooks().get(hook)
        arguments = {} if info is None else arguments_from_json(info.function, data, hook)
        result = plugin.call(hook, **arguments)
    except HyperHostError as caught:
        caught.plugin = package.id
        if isinstance(caught, BadArgumentError | PluginStateError):
            raise
        error = caught
    finally:
        plugin.unload()
        host.state.forget(pupil)
    if package.manifest.bare:
        entries = tuple(HookEntry(name) for name in hooks)
        package = package.with_manifest(dataclasses.replace(package.manifest, hooks=entries))
    return _lesson(host, package, limits, list(reached.values()), allowed, result, error)


def _lesson(
    host: Host,
    package: Package,
    limits: Limits,
    reached: list[Capability],
    granted: list[Capability],
    result: Any,
    error: HyperHostError | None,
) -> Lesson:
    known = {kind.name: kind for kind in host.grammar.kinds}
    wanted = {item.text: Ask(item, "reached for when it ran") for item in (*granted, *reached)}
    have = {ask.capability.kind for ask in wanted.values()}
    imported, unspecified = [], []
    for alternatives in needed_kinds(host, package, limits):
        imported.append(" or ".join(alternatives))
        if have.intersection(alternatives):
            continue
        plain = next((name for name in alternatives if known[name].parse is None), None)
        if plain is None:
            unspecified.append(known[alternatives[0]].form)
        else:
            wanted[plain] = Ask(host.grammar.parse(plain), "imported, so needed to load it")
            have.add(plain)
    asks = [_explained(ask, package.manifest.asks) for ask in wanted.values()]
    return Lesson(
        manifest=package.manifest.asking(asks),
        reached=tuple(sorted(item.text for item in reached)),
        imported=tuple(imported),
        unspecified=tuple(unspecified),
        result=result,
        error=error,
    )


def _explained(ask: Ask, said: Iterable[Ask]) -> Ask:
    """The same capability, with the reason that the manifest gives for it or for more than it."""
    for other in said:
        if other.capability.covers(ask.capability):
            return dataclasses.replace(ask, reason=other.reason)
    return ask
