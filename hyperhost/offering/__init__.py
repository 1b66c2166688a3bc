"""Offering operations: what a plugin needs to answer ``operation_list`` and ``operation_run``.

    @operation(group="greeting", permission="greeting:read")
    def greet(asked: Asked, name: str) -> str:
        \"\"\"Say hello.\"\"\"
        return f"hello {name}"

    class Greeting:
        table = OperationTable([greet])

        def plugin_start(self, context):
            self.context = context

        @hookimpl
        def operation_list(self):
            return self.table.infos()

        @hookimpl
        def operation_run(self, call):
            return self.table.run(call, Asked(call, self.context.hook))

The parameters after the first are the arguments, by name, their annotations are contract types, the
first line of the docstring is the summary, and what is returned is the answer. Refusals carry a rule
``KIND:FIELD:RULE`` whose kind :class:`hyperhost.Operations` turns into an error class.

Names are imported when they are first used: a plugin that is asked what it offers needs few of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyperhost.offering.arguments import MAX_ARGUMENT_BYTES, MAX_DEPTH, read_arguments, read_json
    from hyperhost.offering.asked import Asked
    from hyperhost.offering.refusals import (
        conflict,
        invalid,
        missing,
        over_quota,
        unavailable,
        unresolvable,
        wrong_state,
    )
    from hyperhost.offering.seeing import is_unrestricted, resource_of, visible, visible_artifacts
    from hyperhost.offering.table import Operation, OperationTable, operation
    from hyperhost.offering.written import written_operations

_NAMES = {
    "arguments": "MAX_ARGUMENT_BYTES MAX_DEPTH read_arguments read_json",
    "asked": "Asked",
    "refusals": "conflict invalid missing over_quota unavailable unresolvable wrong_state",
    "seeing": "is_unrestricted resource_of visible visible_artifacts",
    "table": "Operation OperationTable operation",
    "written": "written_operations",
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [
    "MAX_ARGUMENT_BYTES",
    "MAX_DEPTH",
    "Asked",
    "Operation",
    "OperationTable",
    "conflict",
    "invalid",
    "is_unrestricted",
    "missing",
    "operation",
    "over_quota",
    "read_arguments",
    "read_json",
    "resource_of",
    "unavailable",
    "unresolvable",
    "visible",
    "visible_artifacts",
    "written_operations",
    "wrong_state",
]


def __getattr__(name: str) -> Any:
    """Import what defines ``name`` and keep it here (PEP 562)."""
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
