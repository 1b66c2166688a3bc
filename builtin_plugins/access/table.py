"""A small table of operations: a function with arguments by name is one, its annotations are their types."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.contracts.schema import schema_of

from .permissions import LINES
from .words import invalid

if TYPE_CHECKING:
    from .desk import Desk

__all__ = ["Operation", "operation", "run_operation", "table_of"]

_ATTRIBUTE = "access_operation"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        info: What front ends are told.
        run: Called with the desk and the arguments.
        kinds: Type of each argument by name.
        needed: Names of the arguments that must be given.
    """

    info: OperationInfo
    run: Callable[..., Any]
    kinds: dict[str, Any]
    needed: list[str]


def operation(
    name: str, *, group: str, changes: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a function as an operation; its permission is the one of the table of permissions."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        hints = typing.get_type_hints(function)
        parameters = list(inspect.signature(function).parameters.values())[1:]
        kinds = {each.name: hints[each.name] for each in parameters}
        needed = [each.name for each in parameters if each.default is inspect.Parameter.empty]
        schema = {
            "type": "object",
            "properties": {key: schema_of(kind) for key, kind in kinds.items()},
            "required": needed,
            "additionalProperties": False,
        }
        info = OperationInfo(
            name,
            (inspect.getdoc(function) or "").partition("\n")[0],
            group,
            LINES[name].permission,
            changes,
            arguments_schema_json=json.dumps(schema, separators=(",", ":")),
            result_schema_json=json.dumps(schema_of(hints["return"]), separators=(",", ":")),
        )
        setattr(function, _ATTRIBUTE, Operation(info, function, kinds, needed))
        return function

    return mark


def table_of(*modules: object) -> dict[str, Operation]:
    """The operations of modules by name, in their order."""
    found = (getattr(member, _ATTRIBUTE, None) for module in modules for member in vars(module).values())
    return {each.info.name: each for each in found if isinstance(each, Operation)}


def run_operation(known: Operation, call: OperationCall, desk: Desk) -> OperationOutcome:
    """Run one; what it writes is one unit of work.

    Raises:
        RefusalError: an argument is wrong, or it must not happen.
    """
    given = _read(known, call.arguments_json)
    with desk.unit() if known.info.changes else nullcontext():
        answer = known.run(desk, **given)
    text = json.dumps(to_data(answer), ensure_ascii=False, separators=(",", ":"))
    details = json.dumps(desk.details, ensure_ascii=False, separators=(",", ":"))
    return OperationOutcome(text, target=desk.target, namespace=desk.namespace, details_json=details)


def _read(known: Operation, text: str) -> dict[str, Any]:
    try:
        given = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise invalid("", "json", f"the arguments are no JSON: {error}") from None
    if not isinstance(given, dict):
        raise invalid("", "object", "the arguments are no JSON object")
    for name in given:
        if name not in known.kinds:
            raise invalid(name[:80], "unknown", f"{name[:80]!r} is no argument of {known.info.name}")
    for name in known.needed:
        if name not in given:
            raise invalid(name, "missing", f"{known.info.name} needs {name!r}")
    try:
        return {name: from_data(known.kinds[name], value) for name, value in given.items()}
    except DataError as error:
        raise invalid(error.path, "type", f"{error.path} {error.problem}") from None
