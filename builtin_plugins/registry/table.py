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
from functools import cached_property
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


@dataclass(frozen=True)
class Operation:
    """One operation. Types and schemas are worked out when they are asked for.

    Attributes:
        name: Its name.
        group: Where front ends show it.
        permission: What a principal must hold.
        changes: It changes something.
        reads_private: It may hand out what not everybody may see.
        run: Called with the work and the arguments.
    """

    name: str
    group: str
    permission: str
    changes: bool
    reads_private: bool
    run: Callable[..., Any]

    @cached_property
    def _hints(self) -> Mapping[str, Any]:
        return typing.get_type_hints(self.run, include_extras=True)

    @cached_property
    def _parameters(self) -> list[inspect.Parameter]:
        return list(inspect.signature(self.run).parameters.values())[1:]

    @cached_property
    def kinds(self) -> Mapping[str, Any]:
        """Type of each argument by name."""
        return {each.name: self._hints[each.name] for each in self._parameters}

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """Names of the arguments that must be given."""
        return tuple(each.name for each in self._parameters if each.default is inspect.Parameter.empty)

    @cached_property
    def info(self) -> OperationInfo:
        """What front ends are told."""
        arguments = {
            "type": "object",
            "properties": {key: schema_of(kind) for key, kind in self.kinds.items()},
            "required": list(self.needed),
            "additionalProperties": False,
        }
        answer = self._hints.get("return")
        return OperationInfo(
            self.name,
            (inspect.getdoc(self.run) or "").partition("\n")[0],
            self.group,
            self.permission,
            self.changes,
            self.reads_private,
            json.dumps(arguments, separators=(",", ":")),
            "" if answer in (None, Any) else json.dumps(schema_of(answer), separators=(",", ":")),
        )

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
                    f"{name[:80]!r} is no argument of {self.name}",
                    f"known are {known}",
                )
        for name in self.needed:
            if name not in given:
                raise invalid(name, "missing", f"{self.name} needs {name!r}")
        found = {}
        for name, value in given.items():
            try:
                found[name] = value if self.kinds[name] is Any else from_data(self.kinds[name], value)
            except DataError as error:
                path = f"{name}.{error.path}" if error.path and error.path[0] != "[" else name + error.path
                raise invalid(path, "type", f"{path} {error.problem}", error.hint) from None
        return found


def operation(
    name: str, *, group: str, permission: str, changes: bool = False, reads_private: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a function as an operation; see the module."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        setattr(function, _ATTRIBUTE, Operation(name, group, permission, changes, reads_private, function))
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
                    if self.operations.get(found.name, found) is not found:
                        raise ValueError(f"two operations are called {found.name!r}")
                    self.operations[found.name] = found

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
        with work.unit() if known.changes else nullcontext():
            answer = known.run(work, **arguments)
            count_call(work, known.group)
        return OperationOutcome(
            json.dumps(to_data(answer), ensure_ascii=False, separators=(",", ":")),
            work.changes,
            work.target,
            work.namespace,
            json.dumps(work.details, ensure_ascii=False, separators=(",", ":")),
            work.private,
        )
