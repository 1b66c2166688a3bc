"""The table of a plugin's operations: how one is declared, described and run."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.contracts.schema import schema_of
from hyperhost.offering.arguments import read_arguments
from hyperhost.offering.asked import Asked
from hyperhost.offering.refusals import invalid

__all__ = ["Operation", "OperationTable", "operation"]

_ATTRIBUTE = "hyperhost_operation"
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Operation:
    """One operation. Types and schemas are worked out when they are asked for: a call needs no schema.

    Attributes:
        name: Its name.
        group: Where front ends show it.
        permission: What a principal must hold, ``KIND:ACTION``.
        changes: It changes something.
        reads_private: It may hand out what not everybody may see.
        run: Called with :class:`Asked` and the arguments by name.
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
            _text(arguments),
            "" if answer in (None, Any) else _text(schema_of(answer)),
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
    name: str = "", *, group: str, permission: str, changes: bool = False, reads_private: bool = False
) -> Callable[[Function], Function]:
    """Mark a function as an operation; see the package.

    Args:
        name: Its name; that of the function when empty.
        group: Where front ends show it.
        permission: What a principal must hold, ``KIND:ACTION``.
        changes: It changes something: it runs in a unit of work and is audited.
        reads_private: It may hand out what not everybody may see.
    """

    def mark(function: Function) -> Function:
        found = Operation(name or function.__name__, group, permission, changes, reads_private, function)
        setattr(function, _ATTRIBUTE, found)
        return function

    return mark


class OperationTable:
    """Operations by name.

    Args:
        members: Functions that are marked, or modules that hold such.
        alike: Called with the call's :class:`Asked` and the operation after each that ended well, in the
            same unit of work; for what all operations of a plugin have in common.

    Attributes:
        operations: By name, in the order in which help shows them.

    Raises:
        ValueError: two operations have one name.
    """

    def __init__(
        self, members: Iterable[object], alike: Callable[[Any, Operation], None] | None = None
    ) -> None:
        self.operations: dict[str, Operation] = {}
        self._alike = alike
        for member in members:
            for each in [member, *vars(member).values()] if inspect.ismodule(member) else [member]:
                found = getattr(each, _ATTRIBUTE, None)
                if isinstance(found, Operation):
                    if self.operations.get(found.name, found) is not found:
                        raise ValueError(f"two operations are called {found.name!r}")
                    self.operations[found.name] = found

    def infos(self) -> list[OperationInfo]:
        """What front ends are told, in the order in which help shows it."""
        return [known.info for known in self.operations.values()]

    def run(self, call: OperationCall, asked: Asked) -> OperationOutcome | None:
        """Run a call, or answer ``None`` when the operation is not in this table.

        What an operation that changes something writes is one unit of work.

        Raises:
            RefusalError: the arguments are wrong, or the operation must not happen.
        """
        known = self.operations.get(call.operation)
        if known is None:
            return None
        arguments = known.arguments(call.arguments_json)
        with asked.unit() if known.changes else nullcontext():
            answer = known.run(asked, **arguments)
            if self._alike is not None:
                self._alike(asked, known)
        return OperationOutcome(
            _text(to_data(answer)),
            asked.changes,
            asked.target,
            asked.namespace,
            _text(asked.details),
            asked.private,
        )


def _text(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
