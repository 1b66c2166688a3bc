"""Stands in front of every operation: finds out what it is about, and asks whether they may."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import AccessDecision, AccessRequest, OperationCall, Resource
from hyperhost.offering import invalid

from .permissions import LINES, OPEN, Line
from .words import denied, local, unlisted

if TYPE_CHECKING:
    from pluggy import HookRelay

    import hyperhost

__all__ = ["Guard", "lines_from"]

_WHOLE = Resource("registry")


class Guard:
    """Checks calls of those who are not the owner of the home.

    Args:
        hook: The host's hooks.
        trusted: Those of native plugins only: a component cannot say whom something belongs to.
        clock: Microseconds since 1970.
        lines: What operations of other plugins need, besides the table.
    """

    def __init__(
        self,
        hook: HookRelay,
        trusted: hyperhost.TrustedHooks,
        clock: Callable[[], int],
        lines: Mapping[str, Line],
    ) -> None:
        self._hook = hook
        self._trusted = trusted
        self._clock = clock
        self._lines = {**lines, **LINES}

    def check(self, call: OperationCall) -> None:
        """Return if the call may go on.

        Raises:
            RefusalError: it may not, or what it is about is not there for them.
        """
        line = self._lines.get(call.operation)
        if line is None:
            raise unlisted(call.principal, call.operation)
        given = _arguments(call) if line.argument or line.extra or line.files else {}
        named = [path for path in line.files if _is_meant(given, path)]
        if line.local or named:
            raise local(call.principal, call.operation, named[0] if named else "")
        if line.filtered or line.permission == OPEN:
            return
        resource = self._resource(call, line, given)
        more = [permission for path, permission in line.extra if _is_meant(given, path)]
        for permission in (line.permission, *more):
            # A key is the registry's, and of no namespace: no list of one gives it away.
            about = _WHOLE if permission.startswith("key:") else resource
            asked = AccessRequest(call.principal, call.operation, permission, about, self._clock())
            decision: AccessDecision = self._hook.access_decide(request=asked)
            if not decision.allowed:
                raise denied(call.principal, call.operation, decision)

    def _resource(self, call: OperationCall, line: Line, given: dict[str, Any]) -> Resource:
        if not line.argument:
            return _WHOLE
        reference = _at(given, line.argument)
        if isinstance(reference, dict):
            reference = f"{_text(reference, 'namespace')}/{_text(reference, 'name')}"
        if not isinstance(reference, str):
            raise invalid(line.argument, "type", f"{call.operation} needs {line.argument!r}, a text")
        found: Resource | None = self._trusted.access_resource(
            principal=call.principal, kind=line.kind, reference=reference
        )
        if found is None:
            raise unlisted(call.principal, call.operation)
        return found


def lines_from(config: Mapping[str, Any]) -> dict[str, Line]:
    """Lines of the configuration: ``operation = "permission"`` or ``"permission KIND ARGUMENT"``.

    Raises:
        ValueError: one of them is neither.
    """
    found = {}
    for name, text in config.items():
        words = str(text).split()
        if len(words) not in (1, 3) or ":" not in words[0]:
            raise ValueError(
                f"operations.{name} = {text!r}: write 'KIND:ACTION', or 'KIND:ACTION KIND ARGUMENT'"
            )
        kind, argument = words[1:] or ("", "")
        found[name] = Line(words[0], kind, argument)
    return found


def _arguments(call: OperationCall) -> dict[str, Any]:
    try:
        given = json.loads(call.arguments_json or "{}", object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise invalid("", "json", f"the arguments are no JSON: {error}") from None
    if not isinstance(given, dict):
        raise invalid("", "object", "the arguments are no JSON object")
    return given


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that is given twice could mean one thing here and another one further on."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _at(given: Any, path: str) -> Any:
    for key in path.split("."):
        given = given.get(key) if isinstance(given, dict) else None
    return given


def _is_meant(given: Any, path: str) -> bool:
    """Whether an argument is given; with ``!`` before its path, whether it is not."""
    is_given = _at(given, path.removeprefix("!")) not in (None, "")
    return is_given != path.startswith("!")


def _text(given: dict[str, Any], key: str) -> str:
    found = given.get(key)
    if not isinstance(found, str):
        raise invalid(f"draft.{key}", "type", f"draft.{key} has to be a text")
    return found
