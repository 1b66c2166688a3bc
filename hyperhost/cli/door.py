"""From a command to the operations of the registry: the host, what a name means, what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyperhost.cli.session import Session
    from hyperhost.errors import HyperHostError
    from hyperhost.host.host import Host
    from hyperhost.host.operations import Operations

__all__ = ["check_registry", "coordinates", "default_namespace", "door", "full", "full_name", "needed"]

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
NAMESPACE_VARIABLE = "HYPERHOST_NAMESPACE"


@contextmanager
def door(session: Session, *, changes: bool) -> Iterator[Operations]:
    """The operations of the home's registry, on behalf of whoever is logged in; of its owner when nobody is.

    Args:
        session: The run of the program.
        changes: Something is to be changed, so every plugin has a say; components are not loaded for reading,
            unless they answer for operations or for what those are made of.

    Raises:
        HomeError: the home has no registry.
        AuthenticationError: the token or session does not hold.
        UnknownOperationError: no active plugin offers an operation that was run; says what to do.
    """
    from hyperhost.cli.principal import caller
    from hyperhost.errors import UnknownOperationError
    from hyperhost.host.operations import Operations

    check_registry(session)
    with session.host(None if changes else needed(session)) as host:
        try:
            yield Operations(host, caller(session, host))
        except UnknownOperationError as error:
            error.hint = _why_unknown(host)
            raise


def check_registry(session: Session) -> None:
    """Return if the home says where its registry is.

    Raises:
        HomeError: it does not; says how to make one.
    """
    from hyperhost.errors import HomeError

    home = session.home
    if not home.exists or "storage" not in session.config.providers:
        raise HomeError(
            f"the home {home.path} has no registry", hint="make one with: hyperhost registry init"
        )


def needed(session: Session) -> list[str] | None:
    """Ids of the plugins without which nothing can be read: all native ones, and some components.

    ``None`` stands for all, when no component is installed.
    """
    from hyperhost.errors import HyperHostError

    home = session.home
    entries = home.lock.read() if home.exists else {}
    if not entries:
        return None
    from hyperhost.host.discovery import discover
    from hyperhost.host.package import open_package

    found = [item.id for item in discover() if item.kind == "native"]
    for entry in entries.values():
        try:
            hooks = open_package(home.package_of(entry)).manifest.hook_names
        except (HyperHostError, OSError):
            hooks = ()  # what is broken is told of where it is loaded
        if any(not name.startswith(("artifact_", "command_")) for name in hooks):
            found.append(entry.id)
    return found


def default_namespace(session: Session, given: str | None) -> str:
    """The namespace of names without one: the option, else ``$HYPERHOST_NAMESPACE``, else the configuration.

    Raises:
        InvalidInputError: none of them says it.
    """
    import os

    from hyperhost.errors import InvalidInputError

    found = given or os.environ.get(NAMESPACE_VARIABLE) or session.config.namespace
    if not found:
        error = InvalidInputError(
            "no namespace is given",
            hint=f"write NAMESPACE/NAME, or add --namespace, or set {NAMESPACE_VARIABLE}, "
            "or namespace in [cli] of hyperhost.toml",
        )
        error.field, error.rule = "namespace", "missing"
        raise error
    return found


def full(session: Session, reference: str, namespace: str | None) -> str:
    """What operations call an artifact: an id, or coordinates with their namespace."""
    if "/" in reference or _ID.fullmatch(reference):
        return reference
    return f"{default_namespace(session, namespace)}/{reference}"


def full_name(session: Session, reference: str, namespace: str | None) -> str:
    """``namespace/name`` without a version, for what concerns all versions."""
    return full(session, reference, namespace).partition("@")[0]


def coordinates(artifact: Any) -> str:
    """``namespace/name@version`` of an artifact as JSON data."""
    return f"{artifact['namespace']}/{artifact['name']}@{artifact['version']}"


def _why_unknown(host: Host) -> str:
    """The next step: a plugin that failed to load is the likeliest reason."""
    failed: list[tuple[str, HyperHostError]] = [
        (plugin.id, plugin.failure) for plugin in host.plugins.values() if plugin.failure is not None
    ]
    if failed:
        plugin_id, failure = failed[0]
        return f"the plugin {plugin_id!r} could not be loaded: {failure.message}"
    return "install or activate a plugin that offers it; see: hyperhost plugin list"
