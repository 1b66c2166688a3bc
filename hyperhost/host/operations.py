"""Call operations from Python: the one door, with arguments and answers as Python values."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome, Principal, PrincipalKind
from hyperhost.contracts.codec import to_data
from hyperhost.errors import (
    AccessDeniedError,
    AuthenticationError,
    ConflictError,
    HyperHostError,
    InvalidInputError,
    NotFoundError,
    OperationError,
    PluginStateError,
    PolicyDeniedError,
    QuerySyntaxError,
    QuotaExceededError,
    RefusalError,
    ResolutionError,
    StorageError,
    TrustError,
    UnknownOperationError,
    WrongStateError,
)

if TYPE_CHECKING:
    from hyperhost.host.host import Host

__all__ = ["LOCAL_OWNER", "Operations"]

LOCAL_OWNER = Principal("local:owner", PrincipalKind.USER, "owner of this home", ["admin"])
"""Who the command line and a program with a registry of its own are, as far as nobody else says."""

_NAME_SHOWN = 80
"""Characters of an unknown name that a message repeats."""

_KINDS: dict[str, type[OperationError]] = {
    "invalid": InvalidInputError,
    "missing": NotFoundError,
    "conflict": ConflictError,
    "state": WrongStateError,
    "quota": QuotaExceededError,
    "denied": AccessDeniedError,
    "policy": PolicyDeniedError,
    "unauthenticated": AuthenticationError,
    "query": QuerySyntaxError,
    "unresolvable": ResolutionError,
    "storage.exists": ConflictError,
    "storage.missing": NotFoundError,
    "signing.key-missing": NotFoundError,
    "signing.key-unusable": WrongStateError,
    "signing.algorithm": InvalidInputError,
}


class Operations:
    """Operations of a host, on behalf of one principal. Any number of threads may use one.

        operations = hyperhost.Operations(host)
        artifact = operations.run("create", draft={"namespace": "org.acme", "name": "auth", …})

    Args:
        host: A host with plugins that offer operations.
        principal: Who asks.
    """

    def __init__(self, host: Host, principal: Principal = LOCAL_OWNER) -> None:
        self._host = host
        self.principal = principal

    @property
    def host(self) -> Host:
        """The host whose operations they are."""
        return self._host

    def offered(self) -> dict[str, OperationInfo]:
        """Every operation by name.

        Raises:
            PluginStateError: two plugins offer one name, or the host's hooks have no operations.
        """
        found: dict[str, OperationInfo] = {}
        for offered in self._hook("operation_list")():
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
            QuerySyntaxError: a search query is not written as it has to be; ``position`` says where.
            NotFoundError: what it is about is not there.
            ConflictError: it contradicts what is there.
            WrongStateError: it is not possible in the state of what it is about.
            QuotaExceededError: it would take more than a namespace may have.
            StorageError: the store cannot be read or written.
            OperationError: it was refused otherwise; ``plugin`` and ``rule`` say by whom.
        """
        answer = self.run_json(operation, _written(arguments))
        try:
            return json.loads(answer)
        except ValueError as error:
            raise OperationError(
                f"{operation!r} answered with what is no JSON: {error}", hint="its plugin has a fault"
            ) from error

    def run_json(self, operation: str, arguments_json: str = "{}", *, request_id: str = "") -> str:
        """Run an operation whose arguments and answer stay JSON text, as front ends need them.

        Args:
            operation: Its name.
            arguments_json: A JSON object.
            request_id: The same in every log, metric and audit entry of the call; made when not given.

        Raises:
            OperationError: as :meth:`run`.
        """
        call = OperationCall(
            operation, self.principal, arguments_json, request_id or _request_id(), time.time_ns() // 1000
        )
        try:
            outcome: OperationOutcome | None = self._hook("operation_run")(call=call)
        except RefusalError as refusal:
            raise typed(refusal) from refusal
        except HyperHostError:
            raise
        except Exception as error:
            raise _failed(operation, error) from error
        if outcome is None:
            raise self._unknown(operation)
        return outcome.result_json

    def _hook(self, name: str) -> Any:
        """A hook of the host; a host program may have hooks of its own and none of the kernel's."""
        hook = getattr(self._host.hook, name, None)
        if hook is None:
            raise PluginStateError(
                f"the host {self._host.name!r} has no hook {name!r}",
                hint="make it with the kernel's hookspecs, which are the default of Host(specs=…)",
            )
        return hook

    def _unknown(self, operation: str) -> UnknownOperationError:
        import difflib

        known = self.offered()
        near = difflib.get_close_matches(operation[:_NAME_SHOWN], known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known)) or 'none'}"
        return UnknownOperationError(f"there is no operation {operation[:_NAME_SHOWN]!r}", hint=hint)


def typed(refusal: RefusalError) -> OperationError:
    """The error class that the rule of a refusal stands for.

    A rule of the registry is written ``KIND:FIELD:RULE``. Any other rule is kept as it is: one of the
    store decides on the class, one of a plugin that judged a change stays with :class:`OperationError`.
    """
    kind, _, rest = refusal.rule.partition(":")
    field, _, rule = rest.rpartition(":") if ":" in rest else (rest, "", "")
    cls = _KINDS.get(kind)
    if cls is None:
        field, rule = "", refusal.rule
        storage = kind.startswith(("storage.", "content."))
        cls = StorageError if storage else TrustError if kind.startswith("trust.") else OperationError
    error = cls(refusal.reason, plugin=refusal.plugin, hook=refusal.hook, hint=refusal.hint)
    error.rule = rule or refusal.rule
    error.field = field
    if isinstance(error, ResolutionError):
        error.message = refusal.reason.rstrip().rpartition("\n")[2]
    if isinstance(error, QuerySyntaxError):  # its field is written QUERY[POSITION], like an element of a list
        error.position = int(field.rpartition("[")[2].rstrip("]") or 0)
    return error


def _failed(operation: str, error: Exception) -> OperationError:
    """A native plugin raised what is no error of ours; the host has recorded it under its name."""
    notes = "; ".join(getattr(error, "__notes__", ()))
    failed = OperationError(
        f"{operation!r} failed: {type(error).__name__}: {error}" + (f" ({notes})" if notes else ""),
        hint="it is a fault of a plugin; see its log",
    )
    failed.rule = "fault"
    return failed


def _written(arguments: dict[str, Any]) -> str:
    """Arguments as JSON text.

    Raises:
        InvalidInputError: they cannot be written so.
    """
    try:
        data = to_data(arguments)
        return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        found, rule = "they are nested too deeply, or contain themselves", "depth"
    except (TypeError, ValueError) as error:
        found, rule = str(error), "type"
    refused = InvalidInputError(f"the arguments cannot be written as JSON: {found}", hint="give JSON data")
    refused.rule = rule
    raise refused


def _request_id() -> str:
    """A UUIDv7 (RFC 9562): sorts by time."""
    import os
    import uuid

    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    number = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    return str(uuid.UUID(int=number | 0b10 << 62 | random & (1 << 62) - 1))
