"""Contract types of operations: who asks for what, and what came of it.

Arguments and results are JSON text, so that an operation that a plugin brings along needs no type
in the kernel; :class:`OperationInfo` carries the schema of both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hyperhost.contracts.artifact import ArtifactChange
from hyperhost.contracts.types import S64

__all__ = ["OperationCall", "OperationInfo", "OperationOutcome", "Principal", "PrincipalKind"]


class PrincipalKind(StrEnum):
    """What kind of party asks."""

    USER = "user"
    API_KEY = "api-key"
    TOKEN = "token"  # noqa: S105 - a kind of party, no secret
    PLUGIN = "plugin"
    SERVICE = "service"
    SYSTEM = "system"
    """The registry itself: migrations, scheduled work."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Attributes:
        id: Stable and unique, for example ``user:alice`` or ``local:owner``.
        kind: What kind of party it is.
        name: For a person; empty when there is none.
        roles: Names of roles, in no order that means anything.
        attributes: What conditions may ask about: ``ip``, ``user_agent``, ``email``; ``expires_at_us``, until
            when holds what they have shown.
    """

    id: str
    kind: PrincipalKind = PrincipalKind.USER
    name: str = ""
    roles: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OperationInfo:
    """One operation that a plugin offers.

    Attributes:
        name: snake_case, unique in a host: ``create``, ``namespace_create``.
        summary: One line for help.
        group: Where front ends show it: ``artifact``, ``namespace``, ``version``.
        permission: What a principal must hold, ``KIND:ACTION``, for example ``artifact:create``.
        changes: It changes something, so it is one transaction and is audited.
        reads_private: It may hand out what not everybody may see, so it is audited where it does.
        arguments_schema_json: JSON Schema of its arguments, an object.
        result_schema_json: JSON Schema of its result; empty when it promises no shape.
    """

    name: str
    summary: str
    group: str
    permission: str
    changes: bool = False
    reads_private: bool = False
    arguments_schema_json: str = '{"type":"object"}'
    result_schema_json: str = ""


@dataclass(frozen=True, slots=True)
class OperationCall:
    """One call of one operation.

    Attributes:
        operation: Its name.
        principal: Who asks.
        arguments_json: A JSON object.
        request_id: UUIDv7 as text; the same in every log, metric and audit entry of the call.
        at_us: When it was asked for.
    """

    operation: str
    principal: Principal
    arguments_json: str = "{}"
    request_id: str = ""
    at_us: S64 = 0


@dataclass(frozen=True, slots=True)
class OperationOutcome:
    """What came of a call.

    Attributes:
        result_json: The answer as JSON text.
        changes: What happened to artifacts, in order; observers hear of it once it is durable.
        target: What it was about, for the audit log: ``org.acme/auth@1.0.0`` or an id.
        namespace: Namespace of the target; empty when there is none.
        details_json: What changed, for the audit log, as a JSON object; secrets are masked already.
        private: What was handed out is not for everybody.
    """

    result_json: str = "null"
    changes: list[ArtifactChange] = field(default_factory=list)
    target: str = ""
    namespace: str = ""
    details_json: str = "{}"
    private: bool = False
