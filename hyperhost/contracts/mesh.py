"""Contract types of the mesh: services, their leases and their health."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from hyperhost.contracts.types import S64

__all__ = ["DiscoveredService", "HealthReport", "HealthState", "MeshService", "ServiceLease", "ServiceQuery"]


class HealthState(StrEnum):
    """How a service is doing."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class MeshService:
    """One running instance of a service.

    Attributes:
        id: Unique among instances; chosen by the service.
        name: Shared by instances of the same service.
        namespace: Dotted path.
        endpoint: Where it is reached, for example ``http://10.0.0.7:8080``.
        protocol: ``http``, ``grpc``, ``graphql``, ``websocket`` or another word both sides know.
        version: Version of the service.
        health_url: Where its health is asked for; ``None`` when it reports by itself.
        capabilities: What it can do, in no order.
        metadata: Anything else.
    """

    id: str
    name: str
    namespace: str
    endpoint: str
    protocol: str = "http"
    version: str = ""
    health_url: str | None = None
    capabilities: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceLease:
    """The right to be found, until it ends.

    Attributes:
        id: Renews and ends the lease; known to its holder only.
        service_id: The service it is for.
        expires_at_us: From when on the service is no longer found unless renewed.
    """

    id: str
    service_id: str
    expires_at_us: S64


@dataclass(frozen=True, slots=True)
class HealthReport:
    """How one service is doing.

    Attributes:
        state: The verdict.
        checked_at_us: When it was last checked.
        uptime_percent: Share of checks that were not unhealthy, 0 to 100.
        response_ms: Duration of the last check in milliseconds; 0 when it was not timed.
        detail: For a person, for example the error of a failed check.
    """

    state: HealthState
    checked_at_us: S64 = 0
    uptime_percent: float = 100.0
    response_ms: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ServiceQuery:
    """Which services. What is ``None`` or empty does not restrict.

    Attributes:
        namespace: Dotted path.
        name: Name of the service.
        capabilities: What it must be able to do, all of it.
        include_unhealthy: Give unhealthy services too.
    """

    namespace: str | None = None
    name: str | None = None
    capabilities: list[str] = field(default_factory=list)
    include_unhealthy: bool = False


@dataclass(frozen=True, slots=True)
class DiscoveredService:
    """A service that was found, and how it is doing."""

    service: MeshService
    health: HealthReport
