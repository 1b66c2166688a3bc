"""The error for a guest that passes a host function a value it cannot take."""

from __future__ import annotations

from hyperhost.errors import HostFunctionError
from hyperhost.sandbox.call import Call

__all__ = ["wild_argument"]


def wild_argument(call: Call, function: str, problem: str, hint: str) -> HostFunctionError:
    """An error to raise, naming plugin and hook; its cause is a ``ValueError`` with ``problem``.

    Args:
        call: The call in which it happened.
        function: Interface and function, for example ``kv.set``.
        problem: What is wrong with the value.
        hint: What the author of the plugin can do.
    """
    error = HostFunctionError(f"{function}: {problem}", plugin=call.plugin, hook=call.hook, hint=hint)
    error.__cause__ = ValueError(problem)
    return error
