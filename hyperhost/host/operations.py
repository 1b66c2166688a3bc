"""Call operations from Python: the one door, with arguments and answers as Python values."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import OperationCall, OperationInfo, Principal, PrincipalKind
from hyperhost.contracts.codec import to_data
from hyperhost.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    OperationError,
    PluginStateError,
    QuotaExceededError,
    RefusalError,
    StorageError,
    UnknownOperationError,
    WrongStateError,
)

if TYPE_CHECKING:
    from hyperhost.host.host import Host

__all__ = ["LOCAL_OWNER", "Operations"]

LOCAL_OWNER = Principal("local:owner", PrincipalKind.USER, "owner of this home", ["admin"])
"""Who the command line and a program with a registry of its own are, as far as nobody else says."""

_KINDS: dict[str, type[OperationError]] = {
    "invalid": InvalidInputError,
    "missing": NotFoundError,
    "conflict": ConflictError,
    "state": WrongStateError,
    "quota": QuotaExceededError,
    "storage.exists": ConflictError,
    "storage.missing": NotFoundError,
}


class Operations:
    """Operations of a host, on behalf of one principal.

        operations = hyperhost.Operations(host)
        artifact = operations.run("create", draft={"namespace": "org.acme", "name": "auth", …})

    Args:
        host: A host with plugins that offer operations.
        principal: Who asks.
    """

    def __init__(self, host: Host, principal: Principal = LOCAL_OWNER) -> None:
        self._host = host
        self.principal = principal

    def offered(self) -> dict[str, OperationInfo]:
        """Every operation by name.

        Raises:
            PluginStateError: two plugins offer one name.
        """
        found: dict[str, OperationInfo] = {}
        for offered in self._host.hook.operation_list():
            for info in offered:
                if info.name in found:
                    raise PluginStateError(
                        f"the operation {info.name!r} is offered twice", hint="deactivate one of the plugins"
                    )
                found[info.name] = info
        return found

    def run(self, operation: str, /, **arguments: Any) -> Any:
        """Run an operation.

        Args:
            operation: Its name.
            arguments: Its arguments: JSON data, or values of contract types.

        Returns:
            The answer as JSON data.

        Raises:
            UnknownOperationError: no plugin offers it.
            InvalidInputError: an argument is not what it has to be; names the field and the rule.
            NotFoundError: what it is about is not there.
            ConflictError: it contradicts what is there.
            WrongStateError: it is not possible in the state of what it is about.
            QuotaExceededError: it would take more than a namespace may have.
            StorageError: the store cannot be read or written.
            OperationError: it was refused otherwise; ``plugin`` and ``rule`` say by whom.
        """
        call = OperationCall(
            operation,
            self.principal,
            json.dumps(to_data(arguments), ensure_ascii=False, separators=(",", ":")),
            _request_id(),
            time.time_ns() // 1000,
        )
        try:
            outcome = self._host.hook.operation_run(call=call)
        except OperationError:
            raise
        except RefusalError as refusal:
            raise typed(refusal) from refusal
        if outcome is None:
            raise self._unknown(operation)
        return json.loads(outcome.result_json)

    def _unknown(self, operation: str) -> UnknownOperationError:
        import difflib

        known = self.offered()
        near = difflib.get_close_matches(operation, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known)) or 'none'}"
        return UnknownOperationError(f"there is no operation {operation!r}", hint=hint)


def typed(refusal: RefusalError) -> OperationError:
    """The error class that the rule of a refusal stands for."""
    kind, _, rest = refusal.rule.partition(":")
    field, _, rule = rest.partition(":")
    cls = _KINDS.get(kind) or (StorageError if kind.startswith(("storage.", "content.")) else OperationError)
    error = cls(refusal.reason, plugin=refusal.plugin, hook=refusal.hook, hint=refusal.hint)
    error.rule = rule or (field if cls is OperationError else "") or refusal.rule
    error.field = field
    return error


def _request_id() -> str:
    """A UUIDv7 (RFC 9562): sorts by time."""
    import os
    import uuid

    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    number = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    return str(uuid.UUID(int=number | 0b10 << 62 | random & (1 << 62) - 1))
