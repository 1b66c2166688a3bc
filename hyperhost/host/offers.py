"""Which operations a component is asked to run: those that it offers, and that no native plugin has.

Arguments of an operation may be secrets, and its answer is believed by whoever asked. So a component
neither sees nor answers what is asked of another plugin, in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from hyperhost.errors import HyperHostError
from hyperhost.host.component import ComponentObject

if TYPE_CHECKING:
    from pluggy import HookRelay

    from hyperhost.sandbox.export import Export

__all__ = ["directly", "only_offered"]

_LIST: Final = "operation_list"
_RUN: Final = "operation_run"
_CALL: Final = "call"

_DIRECT: Final = ContextVar("direct", default=False)

Run = Callable[["Export", tuple[Any, ...]], Any]


@contextmanager
def directly() -> Iterator[None]:
    """Around a call of one component by whoever named it and chose what it is given: it reaches it."""
    token = _DIRECT.set(True)
    try:
        yield
    finally:
        _DIRECT.reset(token)


def only_offered(run: Run, exports: Mapping[str, Export], hook: HookRelay | None) -> Run:
    """What calls a component, so that of ``operation_run`` only its own operations reach it.

    Args:
        run: Calls an export with its arguments.
        exports: What the component implements, by hook.
        hook: The host's hooks; without those of operations nothing is held back.
    """
    if _RUN not in exports or getattr(hook, _LIST, None) is None:
        return run
    offers = _Offers(run, exports.get(_LIST), hook)

    def call(export: Export, arguments: tuple[Any, ...]) -> Any:
        if export.hook == _RUN and not _DIRECT.get():
            given = dict(zip(export.arguments, arguments, strict=True))
            if not offers.include(given):
                return None
        return run(export, arguments)

    return call


class _Offers:
    """Names that a component offers and no native plugin does; asked again when plugins come or go."""

    def __init__(self, run: Run, listing: Export | None, hook: Any) -> None:
        self._run = run
        self._listing = listing
        self._hook = hook
        self._known: tuple[tuple[int, ...], frozenset[str]] | None = None

    def include(self, arguments: Mapping[str, Any]) -> bool:
        call = arguments.get(_CALL)
        return call is not None and call.operation in self._names()

    def _names(self) -> frozenset[str]:
        listed = self._hook.operation_list.get_hookimpls()
        key = tuple(id(each) for each in listed)
        if self._known is None or self._known[0] != key:
            if self._listing is None:
                return frozenset()
            try:
                own = {info.name for info in self._run(self._listing, ())}
            except HyperHostError:
                return frozenset()  # its fault is told where operations are listed
            natives = (each.function() for each in listed if not isinstance(each.plugin, ComponentObject))
            self._known = key, frozenset(own - {info.name for offered in natives for info in offered})
        return self._known[1]
