"""The table of operations: how one is declared, described and run.

@operation("user_list", group="identity", permission="user:manage")
def user_list(work: Work) -> list[Person]:
\"\"\"List the users.\"\"\"
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome, Principal
from hyperhost.contracts.codec import DataError, from_data, to_data
from hyperhost.contracts.schema import schema_of

from .refusals import invalid

if TYPE_CHECKING:
    from .desk import Desk

__all__ = ["Operation", "Work", "operation", "run", "table_of"]

_ATTRIBUTE: Final = "identity_operation"


@dataclass
class Work:
    """One call of an operation.

    Attributes:
        desk: What operations work with.
        principal: Who asks.
        at_us: When.
        target: What it was about, for the audit log.
        details: What changed, without secrets.
        private: What is answered is not for everybody.
    """

    desk: Desk
    principal: Principal
    at_us: int
    target: str = "identity"
    details: dict[str, Any] = field(default_factory=dict)
    private: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: what front ends are told, the function, and the type of each argument."""

    info: OperationInfo
    run: Callable[..., Any]
    kinds: dict[str, Any]
    needed: tuple[str, ...]

    def arguments(self, text: str) -> dict[str, Any]:
        """The arguments written as a JSON object.

        Raises:
            RefusalError: ``invalid:FIELD:RULE``.
        """
        try:
            given = json.loads(text, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise invalid("", "json", f"the arguments are no JSON: {str(error)[:200]}") from None
        if not isinstance(given, dict):
            raise invalid("", "object", "the arguments are no JSON object")
        found = {}
        for name, value in given.items():
            if name not in self.kinds:
                known = ", ".join(self.kinds) or "none"
                raise invalid(name[:80], "unknown", f"{name[:80]!r} is no argument", f"known are {known}")
            try:
                found[name] = from_data(self.kinds[name], value)
            except DataError as error:
                raise invalid(name, "type", f"{name} {error.problem}") from None
        for name in self.needed:
            if name not in found:
                raise invalid(name, "missing", f"{self.info.name} needs {name!r}")
        return found


def operation(
    name: str, *, permission: str, changes: bool = False, reads_private: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a function as an operation; see the module."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
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
        info = OperationInfo(
            name,
            (inspect.getdoc(function) or "").partition("\n")[0],
            "identity",
            permission,
            changes,
            reads_private,
            json.dumps(arguments, separators=(",", ":")),
            json.dumps(schema_of(hints["return"]), separators=(",", ":")),
        )
        setattr(function, _ATTRIBUTE, Operation(info, function, kinds, needed))
        return function

    return mark


def table_of(modules: Iterable[object]) -> dict[str, Operation]:
    """Operations by name of the marked functions of modules."""
    found = [getattr(member, _ATTRIBUTE, None) for module in modules for member in vars(module).values()]
    return {each.info.name: each for each in found if isinstance(each, Operation)}


def run(known: Operation, call: OperationCall, work: Work) -> OperationOutcome:
    """Run a call; what it writes is one unit of work.

    Raises:
        RefusalError: the arguments are wrong, or it must not happen.
    """
    arguments = known.arguments(call.arguments_json or "{}")
    with work.desk.records.unit() if known.info.changes else nullcontext():
        answer = known.run(work, **arguments)
    return OperationOutcome(
        json.dumps(to_data(answer), ensure_ascii=False, separators=(",", ":")),
        target=work.target,
        details_json=json.dumps(work.details, ensure_ascii=False, separators=(",", ":")),
        private=work.private,
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that is given twice could mean one thing to a guard and another one here."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found
