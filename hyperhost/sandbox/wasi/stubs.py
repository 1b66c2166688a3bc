"""Refusals in place of interfaces that were not granted, for components that import more than they use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hyperhost.errors import CapabilityDeniedError
from hyperhost.sandbox.call import Call

__all__ = ["denied_stub"]

# Start-up code of most languages calls these before the first line of the plugin. With nothing
# granted there is nothing to list, so that is the answer.
_EMPTY: Final[dict[tuple[str, str], Callable[[], Any]]] = {
    ("wasi:cli/environment", "get-environment"): list,
    ("wasi:cli/environment", "get-arguments"): list,
    ("wasi:cli/environment", "initial-cwd"): lambda: None,
    ("wasi:filesystem/preopens", "get-directories"): list,
}

# What the hint names, and whether that is a whole capability or lacks a part that nobody can guess.
_WANTED: Final[dict[str, tuple[str, bool]]] = {
    "wasi:cli": ("env:NAME", False),
    "wasi:clocks": ("clock", True),
    "wasi:filesystem": ("fs.read:/PATH", False),
    "wasi:random": ("random", True),
}


def denied_stub(import_name: str, function_name: str) -> Callable[..., Any]:
    """A host function body for a function whose interface is not granted.

    Args:
        import_name: The interface as imported, with or without a version: ``wasi:clocks/wall-clock@0.2.3``.
        function_name: WIT name of the function.

    Returns:
        A body that lists nothing where the function lists what is granted, and raises
        ``CapabilityDeniedError`` everywhere else. The hint is the granting command where there is
        one, and learn mode records the capability where it is known.
    """
    interface = import_name.partition("@")[0]
    empty = _EMPTY.get((interface, function_name))
    if empty is not None:
        return lambda call, *arguments: empty()
    wanted, is_whole = _WANTED.get(interface.partition("/")[0], ("", False))

    def refuse(call: Call, *arguments: Any) -> Any:
        hint = "HyperHost does not offer this interface to components"
        if wanted:
            hint = f"to allow it: hyperhost plugin grant {call.plugin} {wanted}"
        try:
            if is_whole:
                call.require(wanted)  # records it in learn mode, and knows what the manifest asks for
                hint = "it was granted since the plugin was loaded; reload the plugin"
        except CapabilityDeniedError as denied:
            hint = denied.hint
        raise CapabilityDeniedError(
            f"called {import_name} {function_name}, which is not granted",
            plugin=call.plugin,
            hook=call.hook,
            hint=hint,
        )

    return refuse
