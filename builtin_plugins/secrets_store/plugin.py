"""Hook implementations of the encrypted store of secrets."""

from __future__ import annotations

import os
import re
import threading
from typing import TYPE_CHECKING, Final

from hyperhost.contracts import OperationCall, OperationInfo, OperationOutcome
from hyperhost.errors import RefusalError
from hyperhost.hookspecs import hookimpl
from hyperhost.offering.written import written_operations

if TYPE_CHECKING:
    import hyperhost

    from .store import Store

__all__ = ["SecretsStore"]

_VARIABLE: Final = "HYPERHOST_SECRET_"
_ORDERS: Final = ("store-first", "environment-first", "store-only")


class SecretsStore:
    """Provider ``builtin`` of the service ``secrets``, with the environment before or behind it.

    Configuration: ``unlock`` and ``key_file`` as for private keys; ``order``: ``store-first`` (the default),
    ``environment-first``, or ``store-only``.
    """

    def __init__(self) -> None:
        self._context: hyperhost.PluginContext | None = None
        self._store: Store | None = None
        self._starting = threading.Lock()

    def plugin_start(self, context: hyperhost.PluginContext) -> None:
        """Keep what the host says of itself."""
        self._context = context

    def plugin_stop(self) -> None:
        """Let go of what was unlocked."""
        self._store = None

    @hookimpl
    def secrets_read(self, provider: str, name: str, namespace: str) -> str | None:
        """See the hookspec."""
        if provider != "builtin":
            return None
        from .store import check_name

        check_name(name)
        store = self._opened()
        order = self._order()
        if order == "environment-first":
            found = _from_environment(name)
            return store.find(name, namespace) if found is None else found
        found = store.find(name, namespace)
        return _from_environment(name) if found is None and order == "store-first" else found

    @hookimpl
    def operation_list(self) -> list[OperationInfo]:
        """See the hookspec."""
        return list(written_operations(__file__).values())

    @hookimpl
    def operation_run(self, call: OperationCall) -> OperationOutcome | None:
        """See the hookspec."""
        if call.operation not in written_operations(__file__):
            return None
        from .operations import Work, table

        store = self._opened()
        assert self._context is not None  # it was opened with it
        return table().run(call, Work(call, self._context.hook, store))

    def _order(self) -> str:
        default = _ORDERS[0]
        order = str(self._context.config.get("order", default)) if self._context is not None else default
        if order not in _ORDERS:
            raise RefusalError(
                f"order = {order!r} in the configuration of secrets-store is unknown",
                "state:secrets",
                hint=f"known are {', '.join(_ORDERS)}",
            )
        return order

    def _opened(self) -> Store:
        """The store, made when it is first needed."""
        context = self._context
        if context is None:
            raise RefusalError("secrets need a host", "state:secrets", hint="register it with a host")
        with self._starting:
            if self._store is None:
                from .store import Store

                self._store = Store(context)
            return self._store


def _from_environment(name: str) -> str | None:
    """A secret in the environment of the process: ``db-password`` is in ``HYPERHOST_SECRET_DB_PASSWORD``."""
    return os.environ.get(_VARIABLE + re.sub(r"[._/-]+", "_", name).upper())
