"""Hooks of the service ``mesh``: services register, renew, are found and say how they are.

Exactly one provider answers (``[providers]`` in ``hyperhost.toml``). A service is found from its
registration until its lease ends; one that dies without a word is gone when its lease is.
"""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.mesh import DiscoveredService, HealthReport, MeshService, ServiceLease, ServiceQuery
from hyperhost.contracts.types import U32
from hyperhost.errors import RefusalError
from hyperhost.hookspecs.markers import hookspec

__all__ = ["MeshHooks"]


class MeshHooks(Protocol):
    """The service ``mesh``."""

    @hookspec(service="mesh", firstresult=True, raises=RefusalError)
    def mesh_register(self, service: MeshService, lease_ms: U32) -> ServiceLease:
        """Register a service for as long as a lease lasts.

        Registering an id again replaces the registration and ends the lease before. A fault ends
        the operation, and the service is not registered.

        Args:
            service: The service.
            lease_ms: How long it is found without renewal, in milliseconds; 1,000 to 3,600,000.

        Returns:
            The lease.

        Raises:
            RefusalError: rule ``mesh.lease-length``.

        Example:
            ```python
            from hyperhost.contracts import MeshService, ServiceLease
            from hyperhost.hookspecs import hookimpl

            class FrozenClock:
                @hookimpl
                def mesh_register(self, service: MeshService, lease_ms: int) -> ServiceLease:
                    return ServiceLease(f"lease-{service.id}", service.id, expires_at_us=lease_ms * 1000)

            host.register(FrozenClock())
            auth = MeshService("auth-1", "auth", "org.acme", "http://127.0.0.1:8080")
            lease = host.hook.mesh_register(service=auth, lease_ms=30_000)
            assert lease.expires_at_us == 30_000_000
            ```
        """
        ...

    @hookspec(service="mesh", firstresult=True, raises=RefusalError)
    def mesh_renew(self, lease_id: str) -> ServiceLease:
        """Start a lease anew, for the length it was given for.

        A fault ends the operation; the lease is then as it was.

        Args:
            lease_id: Id of a lease that has not ended.

        Returns:
            The same lease with its new end.

        Raises:
            RefusalError: rule ``mesh.lease-ended``: unknown, ended, or replaced. Register again.

        Example:
            ```python
            from hyperhost.contracts import ServiceLease
            from hyperhost.hookspecs import hookimpl

            class FrozenClock:
                @hookimpl
                def mesh_renew(self, lease_id: str) -> ServiceLease:
                    return ServiceLease(lease_id, "auth-1", expires_at_us=60_000_000)

            host.register(FrozenClock())
            assert host.hook.mesh_renew(lease_id="lease-auth-1").expires_at_us == 60_000_000
            ```
        """
        ...

    @hookspec(service="mesh", firstresult=True)
    def mesh_deregister(self, lease_id: str) -> bool:
        """End a lease; its service is no longer found.

        A fault ends the operation; the service is then found until its lease ends.

        Args:
            lease_id: Id of the lease.

        Returns:
            Whether there was one.

        Example:
            ```python
            from hyperhost.hookspecs import hookimpl

            class InMemory:
                leases = {"lease-auth-1"}

                @hookimpl
                def mesh_deregister(self, lease_id: str) -> bool:
                    known = lease_id in self.leases
                    self.leases.discard(lease_id)
                    return known

            host.register(InMemory())
            assert host.hook.mesh_deregister(lease_id="lease-auth-1") is True
            ```
        """
        ...

    @hookspec(service="mesh", firstresult=True)
    def mesh_discover(self, query: ServiceQuery) -> list[DiscoveredService]:
        """Find services.

        A fault ends the operation that asked.

        Args:
            query: Which services.

        Returns:
            Those with a lease, healthy ones before degraded ones, ties by id; unhealthy ones last
            and only when asked for.

        Example:
            ```python
            from hyperhost.contracts import DiscoveredService, HealthReport, HealthState
            from hyperhost.contracts import MeshService, ServiceQuery
            from hyperhost.hookspecs import hookimpl

            auth = MeshService("auth-1", "auth", "org.acme", "http://127.0.0.1:8080", capabilities=["login"])

            class Fixed:
                @hookimpl
                def mesh_discover(self, query: ServiceQuery) -> list[DiscoveredService]:
                    able = set(query.capabilities) <= set(auth.capabilities)
                    return [DiscoveredService(auth, HealthReport(HealthState.HEALTHY))] if able else []

            host.register(Fixed())
            [found] = host.hook.mesh_discover(query=ServiceQuery(capabilities=["login"]))
            assert found.service.endpoint == "http://127.0.0.1:8080"
            ```
        """
        ...

    @hookspec(service="mesh", firstresult=True)
    def mesh_report_health(self, service_id: str, report: HealthReport) -> bool:
        """Take note of how a service is doing.

        A fault ends the operation; the service is then taken to be as it was.

        Args:
            service_id: Id of the service.
            report: How it is doing now.

        Returns:
            Whether the service is known; false after its lease ended.

        Example:
            ```python
            from hyperhost.contracts import HealthReport, HealthState
            from hyperhost.hookspecs import hookimpl

            health = {"auth-1": HealthReport(HealthState.HEALTHY)}

            class InMemory:
                @hookimpl
                def mesh_report_health(self, service_id: str, report: HealthReport) -> bool:
                    if service_id not in health:
                        return False
                    health[service_id] = report
                    return True

            host.register(InMemory())
            slow = HealthReport(HealthState.DEGRADED, response_ms=900.0)
            assert host.hook.mesh_report_health(service_id="auth-1", report=slow) is True
            assert health["auth-1"].state is HealthState.DEGRADED
            ```
        """
        ...
