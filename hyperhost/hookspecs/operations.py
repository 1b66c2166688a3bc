"""Hooks of operations: the one door through which front ends ask for anything.

A front end looks up what is offered (:meth:`OperationHooks.operation_list`) and calls it
(:meth:`OperationHooks.operation_run`). What every operation has in common is done by wrappers of
``operation_run``: statistics, the transaction and its events, audit, policies, access.
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.operations import OperationCall, OperationInfo, OperationOutcome
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["OperationHooks"]


class OperationHooks(Protocol):
    """What can be asked of a registry."""

    @hookspec()
    def operation_list(self) -> list[OperationInfo]:
        """Offer operations.

        Asked when front ends start and when plugins come and go, not for each call. Two plugins that
        offer one name are an error. A fault is an error, too: a registry that lacks half of its
        operations must not look healthy.

        Returns:
            The operations of this plugin, in the order in which help shows them.

        Example:
            ```python
            from hyperhost.contracts import OperationInfo
            from hyperhost.hookspecs import hookimpl

            class Greeting:
                @hookimpl
                def operation_list(self) -> list[OperationInfo]:
                    return [OperationInfo("greet", "Say hello.", "greeting", "greeting:read")]

            host.register(Greeting())
            [offered] = host.hook.operation_list()
            assert [each.name for each in offered] == ["greet"]
            ```
        """
        ...

    @hookspec(firstresult=True, raises=RefusalError)
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        """Run an operation, if it is one of this plugin's.

        Arguments were checked against the schema before. What the plugin writes through ``storage_*``
        hooks meanwhile is one transaction, and is undone when anything raises. A fault ends the
        operation.

        Args:
            call: What is asked, and by whom.

        Returns:
            What came of it, or ``None`` when the operation belongs to another plugin.

        Raises:
            RefusalError: it must not happen. The rule says what kind of refusal it is, as in
                ``artifact.missing``.

        Example:
            ```python
            import json

            from hyperhost.contracts import OperationCall, OperationOutcome, Principal
            from hyperhost.hookspecs import hookimpl

            class Greeting:
                @hookimpl
                def operation_run(self, call: OperationCall) -> OperationOutcome | None:
                    if call.operation != "greet":
                        return None
                    name = json.loads(call.arguments_json)["name"]
                    return OperationOutcome(json.dumps(f"hello {name}"))

            host.register(Greeting())
            call = OperationCall("greet", Principal("user:alice"), '{"name": "Bob"}')
            assert host.hook.operation_run(call=call).result_json == '"hello Bob"'
            ```
        """
        ...
