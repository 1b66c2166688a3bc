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
from dataclasses import dataclass
from typing import Any

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.contracts.schema import schema_of

from .refusals import invalid
from .work import Work

__all__ = ["MAX_ARGUMENT_BYTES", "Operation", "Table", "operation"]

MAX_ARGUMENT_BYTES = 16 << 20
"""Bytes of the arguments of one call; content travels through uploads, not here."""

_MAX_DEPTH = 64
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
            RefusalError: too large, too deep, no object, unknown, missing or of another type.
        """
        if len(text) > MAX_ARGUMENT_BYTES:
            raise invalid("", "size", f"the arguments are longer than {MAX_ARGUMENT_BYTES >> 20} MiB")
        try:
            given = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise invalid("", "json", f"the arguments are no JSON: {error}") from None
        if not isinstance(given, dict):
            raise invalid("", "object", "the arguments are no JSON object")
        _check_depth(given)
        for name in given:
            if name not in self.kinds:
                known = ", ".join(self.kinds) or "none"
                raise invalid(
                    name, "unknown", f"{name!r} is no argument of {self.info.name}", f"known: {known}"
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
                    assert self.operations.get(found.info.name, found) is found, found.info.name
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
        with work.unit(write=known.info.changes):
            answer = known.run(work, **arguments)
        return OperationOutcome(
            json.dumps(to_data(answer), ensure_ascii=False, separators=(",", ":")),
            work.changes,
            work.target,
            work.namespace,
            json.dumps(work.details, ensure_ascii=False, separators=(",", ":")),
            work.private,
        )


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


def _check_depth(value: Any, depth: int = 0) -> None:
    if depth > _MAX_DEPTH:
        raise invalid("", "depth", f"the arguments are nested deeper than {_MAX_DEPTH}")
    if isinstance(value, dict):
        for item in value.values():
            _check_depth(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_depth(item, depth + 1)
