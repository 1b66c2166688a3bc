"""The table of operations: how one is declared, described and run.

    @operation("tag", group="version", permission="version:tag", changes=True)
    def tag(work: Work, artifact: str, name: str) -> dict[str, Any]:
        \"\"\"Give a version a tag.\"\"\"

Its parameters are the arguments, by name; their annotations are contract types. What it returns is
the answer, as JSON data or a contract type.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.contracts.schema import schema_of

from .arguments import read_arguments
from .metering import count_call
from .refusals import invalid
from .work import Work

__all__ = ["Operation", "Table", "operation"]

_ATTRIBUTE = "registry_operation"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        info: What front ends are told.
        run: Called with the work and the arguments.
        kinds: Type of each argument by name.
        needed: Names of the arguments that must be given.
    """

    info: OperationInfo
    run: Callable[..., Any]
    kinds: Mapping[str, Any]
    needed: tuple[str, ...]

    def arguments(self, text: str) -> dict[str, Any]:
        """The arguments written as a JSON object.

        Raises:
            RefusalError: they are not what :func:`.arguments.read_arguments` takes, or one is unknown,
                missing or of another type.
        """
        given = read_arguments(text)
        for name in given:
            if name not in self.kinds:
                known = ", ".join(self.kinds) or "none"
                raise invalid(
                    name[:80],
                    "unknown",
                    f"{name[:80]!r} is no argument of {self.info.name}",
                    f"known are {known}",
                )
        for name in self.needed:
            if name not in given:
                raise invalid(name, "missing", f"{self.info.name} needs {name!r}")
        found = {}
        for name, value in given.items():
            try:
                found[name] = value if self.kinds[name] is Any else from_data(self.kinds[name], value)
            except DataError as error:
                path = f"{name}.{error.path}" if error.path and error.path[0] != "[" else name + error.path
                raise invalid(path, "type", f"{path} {error.problem}") from None
        return found


def operation(
    name: str, *, group: str, permission: str, changes: bool = False, reads_private: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a function as an operation; see the module."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        hints = typing.get_type_hints(function, include_extras=True)
        parameters = list(inspect.signature(function).parameters.values())[1:]
        kinds = {each.name: hints[each.name] for each in parameters}
        needed = tuple(each.name for each in parameters if each.default is inspect.Parameter.empty)
        summary = (inspect.getdoc(function) or "").partition("\n")[0]
        arguments = {
            "type": "object",
            "properties": {key: schema_of(kind) for key, kind in kinds.items()},
            "required": list(needed),
            "additionalProperties": False,
        }
        answer = hints.get("return")
        info = OperationInfo(
            name,
            summary,
            group,
            permission,
            changes,
            reads_private,
            json.dumps(arguments, separators=(",", ":")),
            "" if answer in (None, Any) else json.dumps(schema_of(answer), separators=(",", ":")),
        )
        setattr(function, _ATTRIBUTE, Operation(info, function, kinds, needed))
        return function

    return mark


class Table:
    """Operations by name.

    Args:
        modules: Modules whose functions are marked.
    """

    def __init__(self, modules: Iterable[object]) -> None:
        self.operations: dict[str, Operation] = {}
        for module in modules:
            for member in vars(module).values():
                found = getattr(member, _ATTRIBUTE, None)
                if isinstance(found, Operation):
                    if self.operations.get(found.info.name, found) is not found:
                        raise ValueError(f"two operations are called {found.info.name!r}")
                    self.operations[found.info.name] = found

    def run(self, call: OperationCall, work: Work) -> OperationOutcome | None:
        """Run a call, or answer ``None`` when the operation is not in this table.

        What it writes is one unit of work.

        Raises:
            RefusalError: the arguments are wrong, or the operation must not happen.
        """
        known = self.operations.get(call.operation)
        if known is None:
            return None
        arguments = known.arguments(call.arguments_json)
        with work.unit() if known.info.changes else nullcontext():
            answer = known.run(work, **arguments)
            count_call(work, known.info)
        return OperationOutcome(
            json.dumps(to_data(answer), ensure_ascii=False, separators=(",", ":")),
            work.changes,
            work.target,
            work.namespace,
            json.dumps(work.details, ensure_ascii=False, separators=(",", ":")),
            work.private,
        )
