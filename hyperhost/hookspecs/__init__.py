"""The kernel's hookspecs, one class per domain, and the two markers.

:data:`KERNEL_SPECS` holds the classes in the order in which they are registered;
:data:`SERVICES` maps each service to its hooks, read off the specs. :data:`NATIVE_SPECS` are hooks
between native plugins, which are no part of the contract. All are built when first asked for: the
markers alone cost nothing to import.

``host`` in the examples of the specs is a :class:`hyperhost.Host`; a
``pluggy.PluginManager("hyperhost")`` to which the specs were added does as well.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hyperhost.hookspecs.markers import PROJECT, SPEC_ATTRIBUTE, OnFault, hookimpl, hookspec

__all__ = ["KERNEL_SPECS", "NATIVE_SPECS", "PROJECT", "SERVICES", "OnFault", "hookimpl", "hookspec"]

if TYPE_CHECKING:
    KERNEL_SPECS: tuple[type, ...]
    NATIVE_SPECS: tuple[type, ...]
    SERVICES: dict[str, tuple[str, ...]]

_SPECS = (
    ("artifacts", "ArtifactHooks"),
    ("storage", "StorageHooks"),
    ("storage_records", "StorageRecordHooks"),
    ("storage_upkeep", "StorageUpkeepHooks"),
    ("content", "ContentHooks"),
    ("operations", "OperationHooks"),
    ("access", "AccessHooks"),
    ("policy", "PolicyHooks"),
    ("secrets", "SecretHooks"),
    ("templates", "TemplateHooks"),
    ("search", "SearchHooks"),
    ("graph", "GraphHooks"),
    ("recommend", "RecommendHooks"),
    ("semantic", "SemanticHooks"),
    ("signing", "SigningHooks"),
    ("trust", "TrustHooks"),
    ("resolution", "ResolutionHooks"),
    ("mesh", "MeshHooks"),
    ("commands", "CommandHooks"),
    ("metrics", "MetricsHooks"),
    ("schedule", "ScheduleHooks"),
)


def _specs() -> tuple[type, ...]:
    return tuple(getattr(import_module(f"{__name__}.{module}"), name) for module, name in _SPECS)


def _natives() -> tuple[type, ...]:
    return (import_module(f"{__name__}.native").NativeHooks,)


def _services() -> dict[str, tuple[str, ...]]:
    hooks: dict[str, list[str]] = {}
    for spec in _specs():
        for name, member in vars(spec).items():
            service = getattr(member, SPEC_ATTRIBUTE, {}).get("service")
            if service is not None:
                hooks.setdefault(service, []).append(name)
    return {service: tuple(names) for service, names in hooks.items()}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Build :data:`KERNEL_SPECS` or one of the others and keep it here (PEP 562)."""
        builders: dict[str, Any] = {"KERNEL_SPECS": _specs, "NATIVE_SPECS": _natives, "SERVICES": _services}
        if name not in builders:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, builders[name]())


def __dir__() -> list[str]:
    """All public names, built or not."""
    return sorted(__all__)
