"""One hook as one component implements it: where it is, and how values get there and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hyperhost.errors import BadArgumentError, HyperHostError, OutdatedPluginError
from hyperhost.sandbox import capi
from hyperhost.sandbox.explain import explain
from hyperhost.sandbox.lift import Lifting
from hyperhost.sandbox.lower import Lowering
from hyperhost.sandbox.types import Function, Result

if TYPE_CHECKING:
    import wasmtime.component as wc

__all__ = ["Export"]


class Export:
    """One hook that a component implements, with its compiled conversions.

    Args:
        hook: Name of the hook in Python.
        name: Name of the export in WIT.
        host: Type of the hookspec.
        guest: Type of the export; known to fit.
        index: Where the component keeps it.
        refusal: Error class for the ``err`` case, if the hookspec documents one.
    """

    __slots__ = (
        "answers_result",
        "arguments",
        "count",
        "guest",
        "has_result",
        "hook",
        "host",
        "index",
        "lift",
        "lower",
        "name",
        "pointer",
        "refusal",
    )

    def __init__(
        self,
        hook: str,
        name: str,
        host: Function,
        guest: Function,
        index: wc.ExportIndex,
        refusal: type[Exception] | None = None,
    ) -> None:
        self.hook = hook
        self.name = name
        self.host = host
        self.guest = guest
        self.index = index
        self.pointer = capi.pointer(index)
        self.refusal = refusal
        by_name = {wit: (python, kind) for python, wit, kind in host.parameters}
        #: Python parameters the guest takes, in its order; it may take a subset.
        self.arguments = [by_name[wit][0] for _, wit, _ in guest.parameters]
        self.count = len(self.arguments)
        self.has_result = guest.result is not None
        self.answers_result = isinstance(host.result, Result)
        places = [f"a{index}" for index in range(self.count)]
        values = [
            (by_name[wit][1], kind, place)
            for (_, wit, kind), place in zip(guest.parameters, places, strict=True)
        ]
        self.lower: Callable[..., bytes] = Lowering().function("arguments", places, values)
        self.lift: Callable[[int, Callable[[int], None]], Any] | None = None
        if host.result is not None and guest.result is not None:
            self.lift = Lifting().value("result", host.result, guest.result)

    def explain(self, arguments: Sequence[Any], caught: Exception) -> HyperHostError:
        """The error for arguments that could not be lowered.

        :class:`BadArgumentError` when they do not fit the hookspec; an :class:`OutdatedPluginError` when they
        do, but this component was built for an older contract that lacks a case of them.
        """
        kinds = {python: kind for python, _, kind in self.host.parameters}
        guests = {wit: kind for _, wit, kind in self.guest.parameters}
        names = {python: wit for python, wit, _ in self.host.parameters}
        given = list(zip(self.arguments, arguments, strict=True))
        for name, value in given:
            if problem := explain(kinds[name], value, f"argument {name!r}"):
                return BadArgumentError(problem, hook=self.hook, hint="pass what the hookspec says")
        for name, value in given:
            if problem := explain(kinds[name], value, f"argument {name!r}", guests.get(names[name])):
                return OutdatedPluginError(
                    problem, hook=self.hook, hint="build the plugin for the current contract"
                )
        return BadArgumentError(f"the arguments do not fit: {caught}", hook=self.hook)
