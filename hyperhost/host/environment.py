"""What the components of one host share: engines, host interfaces, capability grammar, services.

Everything is made when it is first needed: a host with native plugins only never loads wasmtime.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hyperhost.errors import CacheError, HomeError, SpecError
from hyperhost.host.state import State

if TYPE_CHECKING:
    from pluggy import HookRelay

    from hyperhost.capabilities.grammar import Grammar
    from hyperhost.sandbox.engine import Sandbox
    from hyperhost.sandbox.interface import HostInterface
    from hyperhost.sandbox.services import Services

__all__ = ["Environment"]


class Environment:
    """Made and closed by :class:`hyperhost.Host`.

    Args:
        home: Directory of the compile cache, or ``None`` for none.
        state: Where key-value data and logs go.
        interfaces: Host interfaces of the host program.
        services: What host functions work with; made to fit ``state`` when not given.
        report: Told about every problem of the compile cache.
        hook: The host's hooks, which secrets are read by.
    """

    def __init__(
        self,
        home: Path | None,
        state: State,
        interfaces: Iterable[HostInterface],
        services: Services | None,
        report: Callable[[CacheError], object],
        hook: HookRelay | None = None,
    ) -> None:
        self._home = home
        self._state = state
        self._own = list(interfaces)
        self._services = services
        self._report = report
        self.hook = hook
        if services is not None and services.secrets is None and hook is not None:
            services.secrets = self._secret
        self._sandbox: Sandbox | None = None
        self._grammar: Grammar | None = None
        self._lock = threading.RLock()

    @property
    def sandbox(self) -> Sandbox:
        """Engines, compile cache and host interfaces."""
        with self._lock:
            if self._sandbox is None:
                from hyperhost.sandbox.engine import Sandbox
                from hyperhost.sandbox.interfaces import builtin_interfaces
                from hyperhost.sandbox.wasi import wasi_interfaces

                offered = [*builtin_interfaces(), *wasi_interfaces(), *self._own]
                self._sandbox = Sandbox(offered, self._home / "cache" if self._home else None, self._report)
            return self._sandbox

    @property
    def grammar(self) -> Grammar:
        """The capability grammar, with the kinds of the host program's own interfaces."""
        with self._lock:
            if self._grammar is None:
                from hyperhost.capabilities.grammar import Grammar

                self._grammar = Grammar()
                for interface in self._own:
                    self._register_kind(self._grammar, interface)
            return self._grammar

    @property
    def services(self) -> Services:
        """What host functions work with."""
        with self._lock:
            if self._services is None:
                from hyperhost.sandbox.services import Services

                self._services = Services(
                    kv=self._state.kv, log=self._state.log, secrets=self._secret, home=self._home
                )
            return self._services

    def add_interface(self, interface: HostInterface) -> None:
        """Offer one more host interface; see :meth:`hyperhost.Host.add_interface`."""
        from hyperhost.sandbox.linker import find_interface, host_types

        with self._lock:
            offered = self.sandbox.interfaces
            if find_interface(interface.name, offered) is not None:
                raise SpecError(
                    f"host interface {interface.name} exists already", hint="give it another name"
                )
            if interface.typed:
                host_types(interface)
            self._register_kind(self.grammar, interface)
            offered.append(interface)

    def _secret(self, name: str) -> str | None:
        """A secret for a component: one that belongs to no namespace in particular."""
        read = getattr(self.hook, "secrets_read", None)  # a host may have hooks of its own only
        if read is None or not read.get_hookimpls():
            return None
        found: str | None = read(provider="builtin", name=name, namespace="")
        return found

    def close(self) -> None:
        """End every thread; the components must be gone by then."""
        if self._sandbox is not None:
            self._sandbox.close()
        if self._services is not None:
            self._services.close()

    @staticmethod
    def made(home: Path) -> Path:
        """The home directory, made for its owner alone when it is not there.

        Raises:
            HomeError: it cannot be made.
        """
        try:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as caught:
            raise HomeError(
                f"{home} cannot be used as home directory: {caught.strerror}",
                hint="set another with HYPERHOST_HOME",
            ) from caught
        return home

    @staticmethod
    def _register_kind(grammar: Grammar, interface: HostInterface) -> None:
        kind = interface.capability
        if isinstance(kind, str) and kind not in {known.name for known in grammar.kinds}:
            grammar.register(kind, describe=interface.describes, target_required=interface.target_required)
