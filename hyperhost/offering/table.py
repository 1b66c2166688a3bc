"""The table of a plugin's operations: how one is declared, described and run."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        info: What front ends are told.
        run: Called with :class:`Asked` and the arguments by name.
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
    *, group: str, permission: str, name: str = "", changes: bool = False, reads_private: bool = False
) -> Callable[[Function], Function]:
    """Mark a function as an operation; see the package.

    Args:
        group: Where front ends show it.
        permission: What a principal must hold, ``KIND:ACTION``.
        name: Its name; that of the function when empty.
        changes: It changes something: it runs in a unit of work and is audited.
        reads_private: It may hand out what not everybody may see.
    """

    def mark(function: Function) -> Function:
        hints = typing.get_type_hints(function, include_extras=True)
        parameters = list(inspect.signature(function).parameters.values())[1:]
        kinds = {each.name: hints[each.name] for each in parameters}
        needed = tuple(each.name for each in parameters if each.default is inspect.Parameter.empty)
        arguments = {
            "type": "object",
            "properties": {key: schema_of(kind) for key, kind in kinds.items()},
            "required": list(needed),
            "additionalProperties": False,
        }
        answer = hints.get("return")
        info = OperationInfo(
            name or function.__name__,
            (inspect.getdoc(function) or "").partition("\n")[0],
            group,
            permission,
            changes,
            reads_private,
            _text(arguments),
            "" if answer in (None, Any) else _text(schema_of(answer)),
        )
        setattr(function, _ATTRIBUTE, Operation(info, function, kinds, needed))
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
        self, members: Iterable[object], alike: Callable[[Any, OperationInfo], None] | None = None
    ) -> None:
        self.operations: dict[str, Operation] = {}
        self._alike = alike
        for member in members:
            for each in [member, *vars(member).values()] if inspect.ismodule(member) else [member]:
                found = getattr(each, _ATTRIBUTE, None)
                if isinstance(found, Operation):
                    if self.operations.get(found.info.name, found) is not found:
                        raise ValueError(f"two operations are called {found.info.name!r}")
                    self.operations[found.info.name] = found

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
        with asked.unit() if known.info.changes else nullcontext():
            answer = known.run(asked, **arguments)
            if self._alike is not None:
                self._alike(asked, known.info)
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
